"""Randomness is an input: the same run is the same to the bit, in any pieces, and nobody's luck depends on others'."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.files.reading import load_intervention, load_scenario
from sim.files.shipped import shipped
from sim.log import EVENTS, StayLog, in_order
from sim.plans.compile import compile_plan
from sim.plans.plan import LOOPS, Plan
from tests.made_places import (
    CLOSES_AT_MIDNIGHT,
    DAY,
    LEAVES_EARLY_AT_FIVE,
    SHIPPED,
    Table,
    awkward_places,
    engines,
    in_pieces,
    joined,
    of_people,
    one_piece,
    plan_of,
    points_to_come,
    same,
    shipped_plan,
    tiny,
)  # fmt: skip

PERSONAL = (
    "person",
    "age",
    "locality",
    "frailty",
    "residence",
    "end_of_life",
    "conditions",
    "propensity",
    "multiplier",
)
WORKLOAD = {EVENTS.index(name) for name in ("outpatients", "outpatients_of_members")}
OF_PROGRAMMES = {EVENTS.index(name) for name in ("enrolled", "left_programme", "would_be_enrolled")}


@pytest.fixture(scope="module", params=list(SHIPPED))
def plan(request: pytest.FixtureRequest) -> Plan:
    made: Plan = SHIPPED[request.param]()
    return made


@engines
def test_same_seed_same_log_and_another_seed_another(engine: ModuleType, plan: Plan) -> None:
    first, again, other = (one_piece(engine, plan, seed) for seed in (1, 1, 2))
    assert same(first.ended, again.ended)
    assert same(first.open, again.open)
    assert same(first.events, again.events)
    assert not same(first.ended, other.ended)


@engines
def test_many_pieces_are_one_piece(engine: ModuleType, plan: Plan) -> None:
    whole = joined([one_piece(engine, plan)])
    last_day_of_a_quarter = [90 * DAY, 90 * DAY + 601, 91 * DAY]
    pieces = in_pieces(engine, plan, [777, 10 * DAY, 10 * DAY + 720, 33 * DAY + 1, *last_day_of_a_quarter])
    assert len(pieces) > 4
    assert all(same(a, b) for a, b in zip(joined(pieces), whole, strict=True))


@engines
@tiny
@example(made=CLOSES_AT_MIDNIGHT, hours=24)
@example(made=LEAVES_EARLY_AT_FIVE, hours=5)
@given(made=awkward_places(), hours=st.sampled_from([12, 24, 37]))
def test_many_pieces_are_one_piece_in_awkward_places(engine: ModuleType, made: dict[str, Any], hours: int) -> None:
    plan = plan_of(made)
    whole = joined([one_piece(engine, plan)])
    pieces = joined(in_pieces(engine, plan, range(hours * 60, plan.days * DAY, hours * 60)))
    assert all(same(a, b) for a, b in zip(pieces, whole, strict=True))


@engines
def test_a_copy_goes_on_by_itself(engine: ModuleType, plan: Plan) -> None:
    state = engine.start(plan, 1, 0)
    engine.advance(state, plan, 40 * DAY)
    copy = state.copy()
    first, second = (in_order(engine.advance(each, plan, 80 * DAY)) for each in (state, copy))
    assert same(first.ended, second.ended)
    assert same(first.open, second.open)


# -- nobody else's luck -------------------------------------------------------------------------------------------


def without_programmes(events: Table) -> Table:
    kept = ~np.isin(events["kind"], list(OF_PROGRAMMES))
    return {name: column[kept] for name, column in events.items()}


def without_workload(events: Table) -> Table:
    """Events without what is worked out for everybody together."""
    kept = ~np.isin(events["kind"], list(WORKLOAD))
    return {name: column[kept] for name, column in events.items()}


def without_limits(plan: Plan) -> Plan:
    """Room for everybody at once and nothing that looks at how full it is: people cannot meet in a queue."""
    loop = plan.loop.copy()
    loop[LOOPS.index("pressure")] = 0.0
    return plan._replace(
        capacity=np.full_like(plan.capacity, 10**6), gp_minutes=0.0, loop=loop, initial=np.zeros((0, 6), dtype=np.int64)
    )


@engines
def test_one_more_person_changes_nobody_else(engine: ModuleType) -> None:
    plan = without_limits(shipped_plan("england_baseline", 120, 0.01))
    people = plan.people.copy()
    people[2] += 1
    more = plan._replace(people=people)
    newcomer = 4 * plan.people[2] + 2
    before, after = one_piece(engine, plan), one_piece(engine, more)
    happened = [without_workload(each.events) for each in (before, after)]
    for table, larger in ((before.ended, after.ended), (before.open, after.open), happened):
        others = larger["person"] != newcomer
        assert same(table, {name: column[others] for name, column in larger.items()})
    assert len(before.ended["person"]) > 300


def arms(days: int, warm_up: int, strength: float, *extra: Any) -> tuple[Plan, Plan]:
    """Baseline and scenario of a fiftieth of the reference place with case management of everybody over 65."""
    scenario = load_scenario(
        shipped("scenarios", "england_baseline.yaml"),
        {"run.starts": "2026-04-01", "run.warm_up_days": str(warm_up), "run.years": str((days - warm_up) / 365),
         "run.scale": "0.01"},
    )  # fmt: skip
    file = shipped("scenarios", "interventions", "case_management.yaml")
    programme = load_intervention(file).model_copy(update={"strength": strength})
    scenario = scenario.model_copy(update={"interventions": (programme, *extra)})
    return compile_plan(scenario, with_interventions=False), compile_plan(scenario)


def different_tables(a: Plan, b: Plan, until_day: int) -> list[str]:
    """Tables in which the second plan, in the rows of the first and up to a day, differs from the first."""
    different = []
    for name, table in a._asdict().items():
        if name.startswith("programme_") or name == "names":
            continue
        other = getattr(b, name)
        if isinstance(table, np.ndarray):
            shape = [until_day if n == a.days else n for n in table.shape]
            if name in ("first", "reserved"):  # the last column is the need
                other = np.concatenate([other[:, : shape[1] - 1], other[:, -1:]], axis=1)
            rows = tuple(slice(n) for n in shape)
            if np.array_equal(table[rows], other[rows]):
                continue
        elif table == other:
            continue
        different.append(name)
    return different


@engines
def test_strength_zero_changes_nothing_to_the_bit(engine: ModuleType) -> None:
    baseline, scenario = arms(130, 30, 0.0)
    assert different_tables(baseline, scenario, baseline.days) == []
    states = [engine.start(plan, 1, 0) for plan in (baseline, scenario)]
    logs = both(engine, states, (baseline, scenario), baseline.days)
    assert same(logs[0].ended, logs[1].ended)
    assert same(logs[0].open, logs[1].open)
    assert same(logs[0].events, logs[1].events)
    assert same(logs[0].persons, logs[1].persons)
    assert points_to_come(states[0]) == points_to_come(states[1])


@engines
def test_an_inert_programme_is_only_followed(engine: ModuleType) -> None:
    baseline, scenario = arms(130, 30, 1.0)
    inert = scenario._replace(
        programme_ratio=np.ones_like(scenario.programme_ratio), programme_care_plan=baseline.programme_care_plan * 0,
        programme_gp_minutes=scenario.programme_gp_minutes * 0,
    )  # fmt: skip
    logs = [one_piece(engine, plan) for plan in (baseline, inert)]
    assert same(logs[0].ended, logs[1].ended)
    assert same(without_programmes(logs[0].events), without_programmes(logs[1].events))
    assert (logs[1].events["kind"] == EVENTS.index("enrolled")).sum() > 0


def both(engine: ModuleType, states: list[Any], plans: tuple[Plan, Plan], until_day: int) -> list[StayLog]:
    return [in_order(engine.advance(state, plan, until_day * DAY)) for state, plan in zip(states, plans, strict=True)]


@engines
def test_before_it_starts_both_arms_are_equal_to_the_bit_and_then_they_are_not(engine: ModuleType) -> None:
    beds = load_intervention(shipped("scenarios", "interventions", "step_up_beds.yaml"), {"ramp.starts": "2026-04-01"})
    plans = arms(160, 90, 1.0, beds)
    assert different_tables(*plans, 90) == []
    states = [engine.start(plan, 1, 0) for plan in plans]
    assert all(of_people(states[0], name) == of_people(states[1], name) for name in PERSONAL)
    before = both(engine, states, plans, 90)
    assert same(before[0].ended, before[1].ended)
    assert same(before[0].open, before[1].open)
    assert same(before[0].persons, before[1].persons)
    assert same(before[0].events, before[1].events)
    points = [points_to_come(state) for state in states]
    assert points[0] <= points[1], "a lever that may raise a rate reads more points, and moves none"
    after = both(engine, states, plans, 160)
    assert not same(after[0].ended, after[1].ended)


DECISIONS = {
    "CAUSE", "DIES", "DOOR", "ESCALATES", "FRAILTY_STEP", "GIVES_UP", "IS_DELAYED", "KEEPS_PLACE", "LEAVES_HOUR",
    "LENGTH_OF_STAY", "PROCESS_DELAY", "READMITTED", "ROUTE", "SEVERITY", "SOURCING_DELAY", "THRESHOLD", "VISIT",
}  # fmt: skip


def addresses(*made_one: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.addresses", *made_one], cwd=Path(__file__).parent.parent, text=True, check=False,
        capture_output=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_no_two_decisions_share_an_address() -> None:
    found = addresses()
    assert set(found["purposes"]) >= DECISIONS
    assert found["twice"] == {}
    assert found["both"] == []


def test_two_decisions_that_share_an_address_are_found() -> None:
    assert set(addresses("SOURCING_DELAY=PROCESS_DELAY")["twice"]) == {"PROCESS_DELAY"}
