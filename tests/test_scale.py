"""What a scale does to the headline measures: shown with intervals beside full size and what is expected."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from sim import cli
from sim.expected.flows import expected_flows
from sim.experiments.baseline import settings
from sim.experiments.scale import scale_effect, scale_table, today
from sim.experiments.spread import Spread
from sim.files.reading import load_place
from sim.pages.flow_tables import expected_headlines
from sim.results import Interval

SHORT = {"years": "0.5", "replications": "10", "scale": "0.05"}


@cache
def levels() -> dict[float, dict[str, Interval]]:
    run = settings(SHORT).model_copy(update={"warm_up_days": 120})
    return scale_effect(load_place("stroke_units"), run, Spread(workers=1))


def test_a_smaller_place_queues_more_for_the_same_load() -> None:
    small, full = levels()[0.05], levels()[1.0]
    assert small["delay_days"].mean > full["delay_days"].high
    assert list(small) == list(full)


def test_what_is_expected_without_a_run_is_what_the_full_size_gives() -> None:
    place = load_place("england_500k")
    expected = expected_headlines(place, expected_flows(place))
    assert expected["emergency_admissions"] == pytest.approx(47_000, rel=0.05)
    assert expected["deaths"] == pytest.approx(4_300, rel=0.1)
    assert 0.9 < expected["acute_occupancy"] < 1.0
    beds = load_place("stroke_units")
    mean, low, high, _ = levels()[1.0]["acute_beds_occupied"]
    assert expected_headlines(beds, expected_flows(beds))["acute_beds_occupied"] < low < mean < high, (
        "queues come on top"
    )


def test_the_table_says_where_nothing_can_be_expected() -> None:
    found = {
        0.5: {
            "acute_occupancy": Interval(0.9, 0.88, 0.92, 4),
            "delayed_overnight": Interval(12, 9, 15, 4),
            "deaths": Interval(0, 0, 0, 4),
        }
    }
    table = scale_table(found, {"acute_occupancy": 0.91}).to_dict("records")
    assert [row["at scale 0.5"] for row in table] == ["90 (88 to 92)", "12 (9 to 15)"]
    assert [row["expected at full size"] for row in table] == ["91", ""]


def test_people_are_run_at_full_size_only_by_an_engine_that_is_quick() -> None:
    place, run = load_place("england_500k"), settings(SHORT | {"scale": "0.004", "years": "0.02", "replications": "1"})
    found = scale_effect(place, run.model_copy(update={"warm_up_days": 1}), replace(Spread(workers=1), engine="simpy"))
    assert list(found) == [0.004]
    assert today(place, run).interventions == ()


def test_check_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scale", "0.25", "--years", "0.05", "--replications", "2", "--workers", "1"]
    assert cli.main(["check", "stroke_units", *options, "--json"]) == cli.FINE
    said = capsys.readouterr()
    table = pd.DataFrame(json.loads(said.out)["scale"])
    assert {"at scale 0.25", "at full size", "expected at full size"} < set(table)
    assert "at scale 0.25" in said.err
