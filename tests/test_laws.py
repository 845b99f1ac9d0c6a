"""What must hold in every run, whatever the place: people, places and time are accounted for.

On the shipped pathways, on a hundredth of the reference place, and on tiny places that hypothesis makes to be awkward:
one or two beds, whole hours, closing times, changes of capacity.
"""

from __future__ import annotations

from collections import defaultdict
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.errors import RunError
from sim.log import FLAGS, NEVER, OUTCOMES, STAY_COLUMNS, StayLog
from sim.plans.plan import Plan
from tests.made_places import (
    DAY,
    SHIPPED,
    TEN_HOURS,
    Table,
    awkward_places,
    engines,
    in_pieces,
    joined,
    one_piece,
    places_taken,
    plan_of,
    shipped_plan,
    tiny,
)  # fmt: skip


@pytest.fixture(scope="module", params=list(SHIPPED))
def plan(request: pytest.FixtureRequest) -> Plan:
    made: Plan = SHIPPED[request.param]()
    return made


def all_stays(log: StayLog) -> Table:
    return {name: np.concatenate([log.ended[name], log.open[name]]) for name in STAY_COLUMNS}


def over_time(from_minute: np.ndarray, until: np.ndarray, end: int) -> np.ndarray:
    """How many of these intervals cover each minute: whoever leaves in a minute is gone at the end of it."""
    change = np.zeros(end + 1, dtype=np.int64)
    np.add.at(change, from_minute, 1)
    np.add.at(change, np.where(until == NEVER, end, until), -1)
    return np.cumsum(change)[:-1]


def check_places(plan: Plan, log: StayLog) -> None:
    """No stay starts in a full pool, and no place is idle while somebody who may have it waits."""
    s, end = all_stays(log), log.until_minute
    minutes = np.arange(end)
    day, of_day = minutes // DAY, minutes % DAY
    started = s["started"] != NEVER
    for p in range(len(plan.capacity)):
        here = s["pool"] == p
        is_open = (plan.opens[p][day] <= of_day) & (of_day < plan.closes[p][day])
        capacity = plan.capacity[p][day]
        if plan.slots[p]:
            if plan.gp_share[p] > 0 and plan.gp_minutes > 0:
                continue  # slots of the day follow from workload
            starts = np.bincount(s["started"][here & started], minlength=end)
            so_far = np.cumsum(starts) - np.concatenate([[0], np.cumsum(starts)])[day * DAY]
            free = capacity - so_far
        elif (capacity < 0).all():
            free = np.full(end, 1 << 30)
        else:
            free = capacity - over_time(s["started"][here & started], s["left"][here & started], end)
        fresh = s["started"][here & started & (s["flags"] & FLAGS["prefilled"] == 0)]
        assert is_open[fresh].all(), plan.names.pools[p]
        assert (free[fresh] >= 0).all(), plan.names.pools[p]
        until = np.where(started, s["started"], s["left"])
        for source in np.unique(s["came_from"][here]):
            kept = plan.reserved[p].sum() - plan.reserved[p][source]
            among = here & (s["came_from"] == source)
            waiting = over_time(s["asked"][among], until[among], end)
            assert not ((waiting > 0) & is_open & (free > kept)).any(), plan.names.pools[p]


def check_journeys(plan: Plan, log: StayLog) -> None:
    """Every journey that began has ended for a reason or is open; its stays follow without gap or overlap."""
    rows: dict[tuple[int, ...], list[dict[str, int]]] = defaultdict(list)
    s = all_stays(log)
    columns = [s[name].tolist() for name in STAY_COLUMNS]
    for values in zip(*columns, strict=True):
        row = dict(zip(STAY_COLUMNS, values, strict=True))
        rows[row["person"], row["generation"], row["need"], row["chain"]].append(row)
    for stays in rows.values():
        stays.sort(key=lambda row: (row["asked"], row["started"] == NEVER, row["started"]))
        reached, held_until = stays[0]["asked"], 0
        for row in stays:
            left = log.until_minute if row["left"] == NEVER else row["left"]
            assert row["asked"] <= reached, "a gap"
            if row["started"] != NEVER:
                assert row["asked"] <= row["started"] >= held_until, "an overlap"
                assert left > row["started"], "a stay lasts at least a minute"
                assert row["ready"] == NEVER or row["started"] < row["ready"] <= left
                held_until = left
            reached = max(reached, left)
        last = max(stays, key=lambda row: (row["left"] == NEVER, row["left"], row["asked"]))
        goes_on = OUTCOMES[last["outcome"]] in ("moved", "diverted", "escalated", "cancelled") and last["goes_to"] >= 0
        chained = last["outcome"] == OUTCOMES.index("cancelled")
        ended_by_admission = plan.at_home[last["stage"]] and OUTCOMES[last["outcome"]] == "moved"
        assert not goes_on or chained or ended_by_admission, "nobody vanishes on the way"


def check_one_bed_a_person(plan: Plan, log: StayLog) -> None:
    """Nobody lies in two beds: stays away from home of one person do not overlap."""
    s = all_stays(log)
    away = (s["started"] != NEVER) & (s["person"] >= 0)
    away &= (plan.at_home[s["stage"]] == 0) & (plan.residence[s["stage"]] == 0)
    order = np.lexsort([s["started"][away], s["person"][away]])
    person, started, left = (s[name][away][order] for name in ("person", "started", "left"))
    left = np.where(left == NEVER, log.until_minute, left)
    together = (person[1:] == person[:-1]) & (started[1:] < left[:-1])
    assert not together.any(), (person[1:][together], started[1:][together])


def check_state(plan: Plan, state: Any, log: StayLog) -> None:
    """Places taken are the open stays that hold one."""
    holding = log.open["started"] != NEVER
    count = np.bincount(log.open["pool"][holding], minlength=len(plan.capacity))
    beds = plan.slots == 0
    assert np.array_equal(count[beds], places_taken(state)[beds])


def check_all(engine: ModuleType, plan: Plan) -> StayLog:
    state = engine.start(plan, 1, 0)
    log: StayLog = engine.advance(state, plan, plan.days * DAY)
    check_places(plan, log)
    check_journeys(plan, log)
    check_one_bed_a_person(plan, log)
    check_state(plan, state, log)
    return log


@engines
def test_people_and_places_are_accounted_for(engine: ModuleType, plan: Plan) -> None:
    log = check_all(engine, plan)
    assert len(log.ended["person"]) > 300


@engines
@tiny
@given(made=awkward_places())
def test_people_and_places_are_accounted_for_in_awkward_places(engine: ModuleType, made: dict[str, Any]) -> None:
    check_all(engine, plan_of(made))


@engines
def test_the_checks_can_fail(engine: ModuleType) -> None:
    plan = SHIPPED["stroke_units"]()
    log = one_piece(engine, plan)
    more, fewer = plan._replace(capacity=plan.capacity + 1), plan._replace(capacity=plan.capacity - 1)
    for wrong in (more, fewer):
        with pytest.raises(AssertionError):
            check_places(wrong, log)
    ended = {**log.ended, "asked": log.ended["asked"] + 1}
    with pytest.raises(AssertionError):
        check_journeys(plan, StayLog(0, log.until_minute, ended, log.open, log.events))


def exchange(**changes: Any) -> dict[str, Any]:
    """Two people, each in the place the other needs."""
    stay = {"length_of_stay": {"kind": "fixed", "mean_hours": 5}}
    stages = {
        "here": {"served_by": "a", **stay, "routes": [{"to": "there", "share": 0.9}]},
        "there": {"served_by": "b", **stay, "routes": [{"to": "here", "share": 0.9}]},
    }
    start = {name: [{"in_place": 1, "elapsed_days": 0}] for name in stages}
    return {
        "place": {"pools": {"a": {"capacity": 1}, "b": {"capacity": 1, **changes}}, "stages": stages, "start": start}
    }


@engines
def test_a_run_in_which_everybody_waits_for_good_stops_and_says_so(engine: ModuleType) -> None:
    with pytest.raises(RunError, match="everybody in a, b waits for a place that another of them holds"):
        one_piece(engine, plan_of(exchange()))


@engines
def test_waiting_for_more_places_or_for_opening_is_not_for_good(engine: ModuleType) -> None:
    plan = plan_of(exchange(changes=[{"from_date": "2026-01-08", "capacity": 2}]))
    state = engine.start(plan, 1, 0)
    assert len(engine.advance(state, plan, 2 * DAY).ended["person"]) == 0
    assert len(engine.advance(state, plan, 5 * DAY).ended["person"]) > 0


@engines
def test_somebody_without_a_history_stays_in_a_residence_as_anywhere(engine: ModuleType) -> None:
    home = {"served_by": "a", "length_of_stay": TEN_HOURS, "residence": "care_home"}
    arrivals = {"stream": {"to": "home", "per_day": 3}}
    made = {"place": {"pools": {"a": {"capacity": 2}}, "stages": {"home": home}, "plain_arrivals": arrivals}}
    log = check_all(engine, plan_of(made))
    assert set(log.ended["left"] - log.ended["started"]) == {600}


def test_routes_that_never_end_are_refused() -> None:
    ward = {"served_by": "a", "length_of_stay": TEN_HOURS}
    alternatives = [{"to": "x", "if_room": True, "otherwise": "y"}, {"to": "y", "if_room": True, "otherwise": "x"}]
    for routes, message in (([{"to": "ward"}], "round and round"), (alternatives, "without room in x and y")):
        routes_of_ward = [{**route, "share": 1.0 / len(routes)} for route in routes]
        stages = {"ward": {**ward, "routes": routes_of_ward}, "x": ward, "y": ward}
        start = {"ward": [{"in_place": 1}]}
        with pytest.raises(ValueError, match=message):
            plan_of({"place": {"pools": {"a": {}}, "stages": stages, "start": start}})


@engines
def test_the_census_is_the_log_and_littles_law_holds_by_stage(engine: ModuleType) -> None:
    """People counted = arrivals a day x mean days, within the edges of a run; counted at every hour of the day."""
    plan = shipped_plan("stroke_units", 900)
    warm_up, every = 100 * DAY, 7 * DAY + 300
    pieces = in_pieces(engine, plan, range(warm_up, plan.days * DAY, every))
    ended, _, _ = joined(pieces)
    for stage in range(len(plan.names.stages)):
        counted = [((p.open["stage"] == stage) & (p.open["started"] != NEVER)).sum() for p in pieces[:-1]]
        mine, last = ended["stage"] == stage, pieces[-1].open
        still = last["started"][(last["stage"] == stage) & (last["started"] != NEVER)]
        for piece, number in zip(pieces, counted, strict=False):
            at = piece.until_minute
            in_log = (ended["started"][mine] != NEVER) & (ended["started"][mine] < at) & (ended["left"][mine] >= at)
            assert number == in_log.sum() + (still < at).sum()
        whole = mine & (ended["started"] >= warm_up) & (ended["started"] < (plan.days - 100) * DAY)
        starts_a_day = whole.sum() / (plan.days - 200)
        days = (ended["left"] - ended["started"])[whole].mean() / DAY
        assert np.mean(counted) == pytest.approx(starts_a_day * days, rel=0.05), plan.names.stages[stage]
