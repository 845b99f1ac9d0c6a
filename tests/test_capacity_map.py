"""The map of two capacities: exact answers of a Markov chain, lines and costs worked by hand, and the command."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import cli
from sim.errors import InputError
from sim.experiments.capacity import Observed, Question, Tried, question
from sim.experiments.capacity_map import (
    Cells,
    Map,
    Side,
    drawn_map,
    iso_lines,
    line_table,
    needed,
    run_cells,
    side,
    unit_cost,
)
from sim.experiments.known_places import ONWARD_SHARE, REHABILITATION_STAY, WARD_LOAD, ward_and_rehabilitation
from sim.experiments.spread import Spread
from sim.experiments.standards import Standard, standard_of
from sim.experiments.theory import two_stages
from sim.files.reading import load_scenario
from sim.pages.capacity_words import map_in_words
from sim.quantities import Quantity
from tests.test_capacity import scenario

ALONE = Spread(workers=1)
BEDS, REHABILITATION = (6.0, 7.0, 8.0), (2.0, 3.0, 4.0)


@cache
def blocked_ward() -> Map:
    asked = question(scenario(ward_and_rehabilitation(0.25), 5), "beds", [standard_of("occupancy < 66%")])
    up = side(asked, "beds", (BEDS[0], BEDS[-1]), 3, Quantity(value=100))
    across = side(asked, "rehabilitation", (REHABILITATION[0], REHABILITATION[-1]), 3, Quantity(value=60))
    return drawn_map(run_cells(asked, up, across, ALONE))


def exact_level(beds: float, rehabilitation: float) -> float:
    """Mean occupancy in per cent: people being treated, who are the load, and people who cannot leave."""
    chain = two_stages(WARD_LOAD, int(beds), int(rehabilitation), ONWARD_SHARE, REHABILITATION_STAY)
    return 100 * (WARD_LOAD + chain["blocked"]) / beds


def test_the_line_is_that_of_the_markov_chain_solved_exactly() -> None:
    drawn = blocked_ward()
    exact = np.array([[exact_level(beds, after) for after in REHABILITATION] for beds in BEDS])
    across, up = np.array(REHABILITATION), np.array(BEDS)
    wanted = needed(across, up, iso_lines(across, up, exact, 66), exact, 66)
    assert np.isfinite(wanted).all()
    half = (drawn.band["high"] - drawn.band["low"]).to_numpy() / 2
    assert (half < 0.3).all()
    assert (np.abs(drawn.band["needed"] - wanted) < 2 * half).all()
    assert drawn.band["needed"].is_monotonic_decreasing


def test_the_cheapest_pair_is_that_of_the_exact_line() -> None:
    best = blocked_ward().cheapest
    exact = np.array([[exact_level(beds, after) for after in REHABILITATION] for beds in BEDS])
    [line] = iso_lines(np.array(REHABILITATION), np.array(BEDS), exact, 66)
    cost = 365 * (60 * line[:, 0] + 100 * line[:, 1])
    assert best is not None
    assert best.cost.low <= cost.min() <= best.cost.high
    assert best.across.low <= line[cost.argmin(), 0] <= best.across.high


# -- lines and costs by hand ---------------------------------------------------------------------------------------

ACROSS, UP = np.array([10.0, 20.0, 30.0]), np.array([50.0, 60.0, 70.0])
PLANE = 200 - ACROSS[None, :] - UP[:, None]
"""Falls by one for each place more of either pool."""


def test_a_line_through_a_plane_is_straight() -> None:
    [line] = iso_lines(ACROSS, UP, PLANE, 115)
    assert np.allclose(line.sum(axis=1), 85)
    assert needed(ACROSS, UP, [line], PLANE, 115) == pytest.approx([math.inf, 65, 55])


def test_what_lies_outside_the_map_is_infinite() -> None:
    assert needed(ACROSS, UP, iso_lines(ACROSS, UP, PLANE, 99), PLANE, 99).tolist() == [math.inf] * 3
    assert needed(ACROSS, UP, iso_lines(ACROSS, UP, PLANE, 200), PLANE, 200).tolist() == [-math.inf] * 3


def made(levels: np.ndarray, limit: float, costs: tuple[float | None, float | None] = (1, 1), spread: float = 0) -> Map:
    """A map of given mean levels, up and across; half of four replications lie ``spread`` above them, half below."""
    off = (-spread, spread, -spread, spread)

    def tried(y: int, x: int) -> Tried:
        one = np.ones(3)
        runs = tuple(Observed({"ready": (levels[y, x] + more) * one, "one": one}, {}) for more in off)
        return Tried(float(UP[y]), runs)

    rows = tuple(tuple(tried(y, x) for x in range(3)) for y in range(3))
    own, other = (Quantity(value=cost) if cost else None for cost in costs)
    sides = Side("beds", 60, tuple(UP), own), Side("others", 20, tuple(ACROSS), other)
    return drawn_map(Cells(Standard("delays", limit, "beds"), *sides, rows))


@pytest.mark.parametrize(
    ("own", "other", "where"),
    [(100.0, 150.0, (15.0, 70.0)), (150.0, 100.0, (30.0, 55.0))],
)
def test_the_cheaper_pool_takes_the_place_of_the_dearer(own: float, other: float, where: tuple[float, float]) -> None:
    best = made(PLANE, 115, (own, other)).cheapest
    assert best is not None
    assert (best.point.across, best.point.up) == pytest.approx(where)
    assert best.point.cost == pytest.approx(365 * (other * where[0] + own * where[1]))
    assert best.at_an_end == 1


def test_the_cheapest_pair_lies_inside_where_the_line_bends() -> None:
    bent = np.maximum(200 - ACROSS[None, :] - UP[:, None], 175 - UP[:, None])
    best = made(bent, 117, (100, 60)).cheapest
    assert best is not None
    assert 10 < best.point.across < 30
    assert best.at_an_end == 0


def test_more_luck_widens_the_band_and_the_cheapest_pair() -> None:
    sure, unsure = (made(PLANE, 115, (150.0, 100.0), spread) for spread in (0.5, 4.0))
    width = [drawn.band.loc[1, "high"] - drawn.band.loc[1, "low"] for drawn in (sure, unsure)]
    assert 0 < width[0] < width[1]
    assert sure.cheapest
    assert unsure.cheapest
    assert unsure.cheapest.cost.high - unsure.cheapest.cost.low > sure.cheapest.cost.high - sure.cheapest.cost.low


def test_a_range_of_a_unit_cost_is_in_the_range_of_the_cost() -> None:
    drawn = made(PLANE, 115)
    up = Side("beds", 60, tuple(UP), Quantity(value=100, low=50, high=150))
    again = drawn_map(Cells(drawn.cells.standard, up, drawn.cells.across, drawn.cells.tried))
    assert again.cheapest
    assert again.cheapest.cost.high - again.cheapest.cost.low > 0.5 * again.cheapest.cost.mean


def test_without_a_unit_cost_there_is_a_line_and_no_cheapest_pair() -> None:
    drawn = made(PLANE, 115, (None, 1))
    assert drawn.cheapest is None
    assert len(line_table(drawn.lines)) > 2
    assert line_table(drawn.lines)["cost"].isna().all()
    assert "the place has no price for a day of beds" in map_in_words(drawn, load_scenario("stroke_units"))[-1]


def test_a_cell_whose_runs_cannot_go_on_is_left_out_of_the_line() -> None:
    drawn = made(PLANE, 115)
    stuck = Tried(50.0, (None, *drawn.cells.tried[0][0].runs[1:]))
    rows = ((stuck, *drawn.cells.tried[0][1:]), *drawn.cells.tried[1:])
    again = drawn_map(Cells(drawn.cells.standard, drawn.cells.up, drawn.cells.across, rows))
    assert again.band["needed"].tolist() == drawn.band["needed"].tolist()
    everywhere = made(np.full((3, 3), 50.0), 115)
    assert everywhere.lines == ()
    assert "met by every pair" in map_in_words(everywhere, load_scenario("stroke_units"))[-1]


def test_a_side_needs_two_capacities() -> None:
    asked = Question(load_scenario("stroke_units"), (standard_of("delays < 1"),))
    assert side(asked, "rehab_*", cells=3).capacities == (18, 22, 26)
    with pytest.raises(InputError, match="two or more capacities"):
        side(asked, "rehab_*", cells=1)


def test_a_place_is_priced_by_what_its_stages_are_or_by_its_own_price() -> None:
    england = load_scenario("england_baseline")
    prices = england.place.prices
    assert prices is not None
    assert unit_cost(england, "acute_*") == prices.activity["acute_bed_day"].cost
    assert unit_cost(england, "community_beds") == prices.activity["community_bed_day"].cost
    assert unit_cost(england, "home_care_packages*") == prices.activity["home_care_day"].cost
    assert unit_cost(england, "a_and_e_*") is None
    assert unit_cost(load_scenario("stroke_units"), "stroke_*") is None


# -- the command ---------------------------------------------------------------------------------------------------

SHORT = ["--years", "0.1", "--set", "run.warm_up_days=14", "--replications", "2", "--workers", "1"]


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = cli.main(["capacity", *arguments])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_the_command_keeps_table_pictures_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["stroke_units", "rehab_*", *SHORT, "--standard", "delays < 3 beds", "--out", str(tmp_path / "kept")]
    code, told = said(options, capsys)
    assert code == 0
    assert "Left aside, since the capacity is what is asked: +3 rehab_north" in told
    assert "Smallest capacity: " in told
    kept = {file.name for file in (tmp_path / "kept").iterdir()}
    assert kept == {
        "answer.json", "capacity.csv", "capacity.html", "capacity_1.png", "capacity_1.svg", "provenance.json",
    }  # fmt: skip
    table = pd.read_csv(tmp_path / "kept" / "capacity.csv")
    answer = json.loads((tmp_path / "kept" / "answer.json").read_text())["answers"][0]
    assert table.loc[table["capacity"] == answer["smallest"], "met"].all()
    assert not table.loc[table["capacity"] == answer["smallest"] - 1, "met"].any()
    page = (tmp_path / "kept" / "capacity.html").read_text()
    assert "<script" not in page
    assert "data:image/svg+xml" in page


def test_the_command_draws_a_map_and_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["stroke_units", "stroke_*", "--against", "rehab_*", *SHORT, "--cells", "2", "--cost", "562", "--json"]
    costs = ["--against-cost", "150:399:450", "--span", "30:60", "--out", str(tmp_path / "kept")]
    assert cli.main(["capacity", *options, *costs]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["up"], answer["across"]) == ("stroke_*", "rehab_*")
    assert [(row["up"], row["across"]) for row in answer["map"]] == [(30, 18), (30, 26), (60, 18), (60, 26)]
    assert {file.suffix for file in (tmp_path / "kept").iterdir()} == {".csv", ".html", ".json", ".png", ".svg"}


def test_a_standard_that_cannot_be_met_says_where_to_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["stroke_units", "stroke_*", *SHORT, "--years", "0.5", "--set", "place.pools.rehab_north.capacity=4"]
    options = ["--standard", "delays < 1 beds", "--up-to", "40", "--out", str(tmp_path / "kept")]
    code, told = said([*place, *options], capsys)
    words = " ".join(told.split())
    assert code == 0
    assert "No capacity up to 40 meets it" in words
    assert "The beds fill with people who cannot leave" in words
    assert "“Rehabilitation unit, North and East”" in words
    assert "carepath capacity FILE rehab_north" in words


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--cells", "3"], "--cells: goes with --against POOL"),
        (["--against", "rehab_*", "--up-to", "9"], "--up-to: goes without --against"),
        (["--against", "rehabb_*"], "--against: Four stroke units has no pool 'rehabb_*'"),
        (["--against", "rehab_*", "--span", "9"], "'9' is not LOW:HIGH"),
        (["--against", "rehab_*", "--span", "9:3"], "the first number must be 1 or more, and less"),
        (["--against", "rehab_*", "--cost", "5:4:6"], "with its range, lowest first"),
        (["--against", "rehab_*", "--standard", "delays < 1", "--standard", "delays < 2"], "a map is of one standard"),
        (["--standard", "quick"], "is not understood"),
    ],
)
def test_a_wrong_option_is_refused_with_its_remedy(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, words = said(["stroke_units", "stroke_*", *SHORT, *options], capsys)
    assert code == cli.BAD_INPUT
    assert told in words
    assert not list(tmp_path.iterdir())


def test_a_place_is_taken_as_it_is_today_and_an_intervention_is_not_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / "kept")]
    short = ["--years", "0.1", "--replications", "2", "--workers", "1", "--standard", "delays < 50", *out]
    code, told = said(["places/stroke_units", "stroke_*", *short], capsys)
    assert code == 0
    assert "Four stroke units, today" in told
    code, told = said(["interventions/step_down_beds", "stroke_*", *short], capsys)
    assert code == cli.BAD_INPUT
    assert "has no beds: give a place, or a scenario that uses it" in told
