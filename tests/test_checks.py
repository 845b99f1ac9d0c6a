"""Warnings: places that wait for each other, stages nobody reaches, dates that change nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sim.files.checks import check_place, check_scenario
from sim.interventions import Intervention
from sim.scenario import Scenario
from sim.system import Place

WARDS: dict[str, Any] = {
    "name": "Two wards",
    "what": "People go to and fro between two wards.",
    "localities": [{"name": "All", "share": 1}],
    "pools": {"red": {"capacity": 5}, "blue": {"capacity": 5}},
    "stages": {
        "red": {"served_by": "red", "length_of_stay": {"mean_days": 3}, "routes": [{"to": "blue", "share": 0.5}]},
        "blue": {"served_by": "blue", "length_of_stay": {"mean_days": 3}, "routes": [{"to": "red", "share": 0.5}]},
    },
    "plain_arrivals": {"all": {"to": "red", "per_day": 1}},
}
CIRCLE = "people in blue and red may wait for each other's places for ever"


def two_wards(**changes: Any) -> Place:
    """The place with some stages and pools changed field by field."""
    stages = {name: stage | changes.get(name, {}) for name, stage in WARDS["stages"].items()}
    pools = WARDS["pools"] | changes.get("pools", {})
    return Place.model_validate(WARDS | {"stages": stages | changes.get("stages", {}), "pools": pools})


def said_of(place: Place) -> list[str]:
    problems, warnings = check_place(place)
    assert problems == []
    return [str(warning) for warning in warnings if "source" not in warning.what]


def test_a_circle_of_pools_that_wait_for_each_other_is_told() -> None:
    (warning,) = said_of(two_wards())
    assert warning.startswith(f"stages: {CIRCLE}")


@pytest.mark.parametrize(
    "way_out",
    [
        {"blue": {"routes": [{"to": "red", "share": 0.5, "if_room": True, "otherwise": "home"}]}},
        {"red": {"keeps_place": False}},
        {"red": {"escalates": {"after_days": 5, "share_per_day": 0.1, "to": "home"}}},
        {"pools": {"red": {}}},
        {"pools": {"red": {"kind": "slots", "capacity": 5}}},
        {"blue": {"routes": []}},
    ],
    ids=["if room", "keeps no place", "outlet", "no limit", "slots", "no way back"],
)
def test_there_is_no_circle_with_a_way_out(way_out: dict[str, Any]) -> None:
    assert said_of(two_wards(**way_out)) == []


def test_waiting_for_the_pool_one_is_in_is_a_circle() -> None:
    again = {"served_by": "blue", "length_of_stay": {"mean_days": 1}}
    (warning,) = said_of(two_wards(blue={"routes": [{"to": "again"}]}, stages={"again": again}))
    assert "people in blue may wait" in warning


def test_going_elsewhere_without_room_can_close_a_circle() -> None:
    routes = [{"to": "home", "share": 0.5, "if_room": True, "otherwise": "red"}]
    assert CIRCLE in said_of(two_wards(blue={"routes": routes}))[0]


def test_a_stage_nobody_reaches_is_told() -> None:
    lonely = {"served_by": "blue", "length_of_stay": {"mean_days": 1}}
    assert "stages.lonely: nobody can reach this stage: no need, arrival or route leads to it" in said_of(
        two_wards(stages={"lonely": lonely}, blue={"routes": []})
    )


def a_scenario(**fields: Any) -> Scenario:
    intervention = {"name": "More", "what": "More beds.", "ramp": {"starts": dt.date(2026, 4, 1)}} | fields
    return Scenario(
        name="More",
        question="Does it help?",
        place=two_wards(blue={"routes": []}),
        interventions=(Intervention.model_validate(intervention),),
        run={"starts": dt.date(2026, 4, 1), "years": 2},  # type: ignore[arg-type]
    )


def test_an_intervention_may_lead_to_a_stage_and_close_a_circle() -> None:
    routes = [{"stage": "need", "route": {"to": "hub"}}, {"stage": "blue", "route": {"to": "hub"}}]
    hub = {"served_by": "hub", "length_of_stay": {"mean_days": 1}, "routes": [{"to": "blue"}]}
    problems, warnings = check_scenario(a_scenario(stages={"hub": hub}, pools={"hub": {"capacity": 3}}, routes=routes))
    assert problems == []
    assert [str(warning).split(";")[0] for warning in warnings if "source" not in warning.what] == [
        "place.stages: people in blue and hub may wait for each other's places for ever"
    ]


def test_a_date_after_the_run_is_told() -> None:
    steps = [{"pool": "red", "add": 2, "from_date": dt.date(2028, 3, 31)}]
    problems, warnings = check_scenario(a_scenario(beds=steps))
    assert problems == []
    assert "interventions.0.beds.0.from_date: 2028-03-31 is not before the end of the run (2028-03-31)" in str(
        warnings[0]
    )
    _, warnings = check_scenario(a_scenario(beds=[steps[0] | {"from_date": dt.date(2028, 3, 30)}]))
    assert [warning for warning in warnings if "the end of the run" in warning.what] == []


def test_numbers_without_source_are_counted_and_marked_ones_left_out() -> None:
    _, warnings = check_place(two_wards(pools={"red": {"capacity": {"value": 5, "assumption": True}}}))
    assert "7 of 8 numbers have neither a source nor `assumption: true`: localities.0.share, pools.blue" in str(
        warnings[0]
    )
