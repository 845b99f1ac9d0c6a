"""Sweeps whose points draw the uncertain numbers: one draw a replication, the same at every point."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import cli
from sim.errors import InputError
from sim.experiments.data_set import read
from sim.experiments.design import grid
from sim.experiments.runner import run
from sim.experiments.spread import Spread
from sim.experiments.sweep import Sweep, Wanted, drawn_in, sweep
from sim.files.reading import Template, load_scenario, read_template
from sim.identity import Run, engine_hash, fingerprint, scenario_hash
from sim.space import draw, unknown

BEDS = "place.pools.rehab_north.capacity"
SHORT = {"run.years": "0.05", "run.warm_up_days": "14", "run.replications": "3"}
WANTED = Wanted(("acute_beds_occupied", "pool_capacity"))
KEYS = ["replication", "arm", "measure", "period", "group", "locality", "of"]


@cache
def stroke() -> Template:
    return read_template("stroke_units", SHORT)


def asked(folder: Path, given: str, uncertain: bool = True) -> Sweep:
    return Sweep(stroke(), grid([given]), WANTED, folder, uncertain=uncertain)


def swept(folder: Path, given: str, workers: int = 1) -> pd.DataFrame:
    sweep(asked(folder, given), Spread(workers=workers))
    return read(folder)


def series(table: pd.DataFrame) -> pd.Series:
    return table.set_index(KEYS)["value"].sort_index()


def test_a_point_that_changes_no_uncertain_number_is_the_run_with_the_same_draws(tmp_path: Path) -> None:
    table = swept(tmp_path / "kept", "place.name=Here,There")
    alone = WANTED.of(run(load_scenario("stroke_units", SHORT), Spread(workers=1), uncertain=True).measures)
    for point in (0, 1):
        here = table[table["point"] == point]
        pd.testing.assert_series_equal(series(here), series(alone), check_exact=True, check_index_type=False)
        assert set(here["drawn_again"]) == {0}


def test_what_a_point_sets_is_not_drawn_and_everything_else_is_the_same_draw(tmp_path: Path) -> None:
    table = swept(tmp_path / "kept", f"{BEDS}=13,15", workers=2)
    whole = table[(table["measure"] == "pool_capacity") & (table["arm"] == "baseline") & (table["period"] == "all")]
    beds = whole.pivot_table(index="replication", columns=["of", "point"], values="value")
    assert (beds["rehab_north"] == [13, 15]).all(axis=None)  # 13 is what the file says
    assert (beds["stroke_north"][0] == beds["stroke_north"][1]).all()
    assert beds["stroke_north"][0].nunique() == 3
    scenario = stroke().scenario()
    row = draw(unknown(scenario), 2, scenario.run.seed)[1]
    drawn = {each.name: value for each, value in zip(unknown(scenario), row.tolist(), strict=True) if each.name != BEDS}
    named = Run(engine_hash(), scenario_hash(scenario), fingerprint({BEDS: "15"} | drawn), scenario.run.seed, 1)
    assert set(table[(table["point"] == 1) & (table["replication"] == 1)]["run"]) == {named.key}


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        (f"{BEDS}=13,14", {BEDS}),
        (f"{BEDS}.value=13,14", {BEDS}),
        ("place.stages.stroke_unit.routes.rehab.share=0.2,0.3", {"place.stages.stroke_unit.routes.0.share.all"}),
        ("interventions.four_more_rehabilitation_beds.strength=0,1", set()),
    ],
)
def test_numbers_are_known_by_whatever_name_a_path_gives_them(path: str, left_out: set[str], tmp_path: Path) -> None:
    drawn = drawn_in(asked(tmp_path, path))
    assert drawn.varied == left_out
    assert drawn.numbers == unknown(stroke().scenario())
    assert np.shape(drawn.draws) == (3, len(drawn.numbers))


def test_a_sweep_that_draws_is_not_mixed_with_one_that_does_not(tmp_path: Path) -> None:
    swept(tmp_path / "kept", f"{BEDS}=13,14")
    with pytest.raises(InputError, match=r"another sweep \(different: uncertain\)"):
        sweep(asked(tmp_path / "kept", f"{BEDS}=13,14", uncertain=False), Spread(workers=1))


def test_the_command_says_how_many_numbers_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--years", "0.05", "--set", "run.warm_up_days=14", "--replications", "2", "--workers", "1"]
    where = ["--grid", f"{BEDS}=13,14", "--uncertain", "--out", str(tmp_path / "kept")]
    assert cli.main(["sweep", "stroke_units", *options, *where]) == 0
    assert "uncertain numbers in each" in capsys.readouterr().out
    assert "drawn_again" in read(tmp_path / "kept")
