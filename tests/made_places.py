"""Places for the tests of engines, shipped and made to be awkward, and runs of them in one piece or many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sim.engines import fast_engine, simpy_engine
from sim.files.reading import load_scenario
from sim.files.shipped import shipped
from sim.interventions import Intervention
from sim.log import StayLog, in_order
from sim.plans.compile import compile_plan
from sim.plans.plan import LOOPS, Plan
from sim.scenario import Scenario

ENGINES = [simpy_engine, fast_engine]
DAY = 1440
LOOKED_AT = 20
"""Days of a run that are to come after a change it is to reach."""
Table = dict[str, np.ndarray]
engines = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__.rsplit(".", 1)[-1])
tiny = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def shipped_plan(name: str, days: int, scale: float = 1.0, *, with_interventions: bool = False) -> Plan:
    settings_of_run = {"run.warm_up_days": "0", "run.years": str(days / 365), "run.scale": str(scale)}
    scenario = load_scenario(shipped("scenarios", f"{name}.yaml"), settings_of_run)
    return compile_plan(scenario, with_interventions=with_interventions)


def reaching(interventions: Iterable[Intervention], days: int) -> list[dt.date]:
    """First days of as few runs of so many days as reach every day on which interventions begin to change something."""
    steps = [(*each.beds, *each.needs) for each in interventions]
    begin = {each.ramp.starts for each in interventions} | {step.from_date for own in steps for step in own}
    first: list[dt.date] = []
    for date in sorted(begin):
        if not first or (date - first[-1]).days > days - LOOKED_AT:
            first.append(date)
    return first


def one_piece(engine: ModuleType, plan: Plan, seed: int = 1) -> StayLog:
    return in_order(engine.advance(engine.start(plan, seed, 0), plan, plan.days * DAY))


def in_pieces(engine: ModuleType, plan: Plan, cuts: Iterable[int], seed: int = 1) -> list[StayLog]:
    """Pieces that end at each cut and at the end, each but the last continued from a copy of the state."""
    state, pieces = engine.start(plan, seed, 0), []
    for cut in sorted({*cuts, plan.days * DAY} - {0}):
        pieces.append(engine.advance(state, plan, cut))
        state = state.copy()
    return pieces


def joined(pieces: list[StayLog]) -> tuple[Table, Table, Table]:
    """Ended stays and events of several pieces in the order of one, and the last census."""

    def together(tables: list[Table], order: tuple[str, ...]) -> Table:
        whole = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
        rows = np.lexsort([whole[name] for name in order])
        return {name: column[rows] for name, column in whole.items()}

    ended = together([p.ended for p in pieces], ("left", "stage", "asked", "need", "chain", "generation", "person"))
    events = together([p.events for p in pieces], ("detail", "kind", "generation", "person", "minute"))
    return ended, events, in_order(pieces[-1]).open


def same(a: Table, b: Table) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def of_people(state: Any, name: str) -> list[Any]:
    """What a state of either engine holds about people, one entry a row."""
    if hasattr(state, "persons"):
        return list(getattr(state.persons, name))
    arrays = state.arrays
    found: list[Any] = (arrays.people[name] if name in arrays.people.dtype.names else getattr(arrays, name)).tolist()
    return found


def places_taken(state: Any) -> np.ndarray:
    """Places taken in each pool in a state of either engine."""
    return np.array(state.occupied if hasattr(state, "occupied") else state.arrays.occupied)


def points_to_come(state: Any) -> set[tuple[int, ...]]:
    """Minute, row, generation, kind and need of each life event read so far, in a state of either engine."""
    if hasattr(state, "points"):
        return {(p[0], p[5], *p[2:5]) for day in state.points.values() for p in day if p[0] >= state.minute}
    s, clock = state.arrays, state.arrays.clock[0]
    later = s.extra[: clock.extra_top]
    tables = s.points[clock.point : clock.points], later[later["kind"] >= 0]
    columns = ("minute", "row", "generation", "kind", "need")
    return {tuple(row) for table in tables for row in zip(*(table[name].tolist() for name in columns), strict=True)}


SHIPPED = {
    "stroke_units": lambda: shipped_plan("stroke_units", 200),
    "discharge_to_assess_localities": lambda: shipped_plan("discharge_to_assess_localities", 95),
    "england_500k": lambda: shipped_plan("england_baseline", 200, 0.01),
}


def awkward(draw: Callable[[Any], Any]) -> dict[str, Any]:
    """A tiny pathway of two to four stages in a row, each with its own pool or sharing that of the stage before."""
    hours = st.sampled_from([1, 2, 6, 12, 24, 30, 48])
    number = draw(st.integers(2, 4))
    names = [f"stage_{i}" for i in range(number)]
    pools, stages, start = {}, {}, {}
    for i, name in enumerate(names):
        later, slots = names[i + 1 :], i == 0 and draw(st.booleans())
        opening = draw(st.sampled_from([(0, 24), (0, 24), (8, 20), (9, 17)]))
        pools[f"pool_{i}"] = {
            "kind": "slots" if slots else "beds",
            "capacity": draw(st.integers(1, 3)),
            "changes": [{"from_date": "2026-01-12", "capacity": draw(st.integers(0, 4))}]
            if draw(st.booleans())
            else [],
            "open": {"from_hour": opening[0], "to_hour": opening[1]},
            "first": [names[i - 1]] if i and draw(st.booleans()) else [],
            "reserved": {"need": 1} if draw(st.integers(0, 3)) == 0 else {},
        }
        routes = []
        if later:
            routes.append({"to": later[0], "share": draw(st.sampled_from([0.3, 0.7, 1.0]))})
        if len(later) > 1:
            to_any = {"to": later[1], "if_room": True, "otherwise": draw(st.sampled_from([later[0], "home"]))}
            routes.insert(draw(st.integers(0, 1)), {**to_any, "share": 0.5})
        kind = draw(st.sampled_from(["fixed", "fixed", "exponential"]))
        shared = i > 1 and draw(st.integers(0, 3)) == 0
        stages[name] = {
            "served_by": f"pool_{i - 1}" if shared else f"pool_{i}",
            "length_of_stay": {"kind": kind, "mean_hours": draw(hours)},
            "leaves": {"from_hour": 8, "to_hour": 20} if draw(st.booleans()) else {},
            "keeps_place": draw(st.booleans()),
            "dies": 0.1 if draw(st.booleans()) else 0,
            "routes": routes,
        }
        if slots and draw(st.booleans()):
            stages[name]["gives_up"] = {
                "wait": 0.4, "divert": 0.4, "divert_to": names[1], "reference_unseen_share": 0.1,
            }  # fmt: skip
        if i and draw(st.booleans()):
            escalates = {"after_days": draw(st.integers(0, 3)), "share_per_day": 0.5, "to": "home"}
            stages[name]["escalates"] = escalates
        if later and draw(st.booleans()):
            stages[name]["early"] = {"to": later[0], "share": 0.5, "at_share_of_stay": 0.5}
        start[name] = [
            {"in_place": 0 if slots else draw(st.integers(0, 2)), "waiting": draw(st.integers(0, 3)), "elapsed_days": 0}
        ]
    arrivals = {"to": names[draw(st.integers(0, 1))], "per_day": 2}
    place = {"pools": pools, "stages": stages, "start": start, "plain_arrivals": {"stream": arrivals}}
    return {"place": place, "exit_block": draw(st.sampled_from([1.0, 1.0, 0.5]))}


def plan_of(made: dict[str, Any], days: int = 16) -> Plan:
    scenario = Scenario.model_validate(
        {
            "name": "awkward", "question": "q", "run": {"starts": "2026-01-05", "warm_up_days": 0, "years": days / 365},
            "place": {"name": "awkward", "what": "w", "localities": [{"name": "Town", "share": 1}], **made["place"]},
        }
    )  # fmt: skip
    plan = compile_plan(scenario)
    loop = plan.loop.copy()
    loop[[LOOPS.index("exit_block"), LOOPS.index("gp_access")]] = made.get("exit_block", 1.0), 1.0
    return plan._replace(loop=loop)


awkward_places = st.composite(awkward)
TEN_HOURS = {"kind": "fixed", "mean_hours": 10}
CLOSES_AT_MIDNIGHT: dict[str, Any] = {
    "place": {
        "pools": {"surgery": {"kind": "slots", "capacity": 1}, "cubicles": {}},
        "stages": {
            "gp": {
                "served_by": "surgery",
                "length_of_stay": TEN_HOURS,
                "gives_up": {"wait": 0.3, "divert": 0.4, "divert_to": "a_and_e", "reference_unseen_share": 0.1},
            },
            "a_and_e": {"served_by": "cubicles", "length_of_stay": TEN_HOURS},
        },
        "start": {"gp": [{"waiting": 12}]},
    }
}
WAITS_TWICE: dict[str, Any] = {
    "place": {
        "pools": {"nowhere": {"capacity": 0}},
        "stages": {
            name: {
                "served_by": "nowhere",
                "length_of_stay": TEN_HOURS,
                "escalates": {"after_days": 0, "share_per_day": 0.3, "to": to},
            }
            for name, to in (("first", "second"), ("second", "home"))
        },
        "start": {"first": [{"waiting": 12}]},
    }
}
LEAVES_EARLY_AT_FIVE: dict[str, Any] = {
    "place": {
        "pools": {"beds": {}, "home": {}},
        "stages": {
            "ward": {
                "served_by": "beds",
                "length_of_stay": {"kind": "fixed", "mean_hours": 4},
                "routes": [{"to": "bed"}],
            },
            "bed": {
                "served_by": "beds",
                "length_of_stay": {"kind": "fixed", "mean_hours": 2},
                "early": {"to": "virtual_ward", "share": 1, "at_share_of_stay": 0.5},
            },
            "virtual_ward": {"served_by": "home", "length_of_stay": TEN_HOURS},
        },
        "start": {"ward": [{"in_place": 3, "elapsed_days": 0}]},
    }
}
