"""Every case of tests/cases, worked by hand with a pencil, comes out of every engine to the minute.

A case is a small place that starts from a snapshot, with fixed lengths of stay where it can, and the stays it must
give. A stage that only lasts a while and has no limit stands in for an arrival at that minute. Where something is
drawn the file states the draw, and the test looks up that it is the one at that address.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim import draws
from sim.draws import Purpose, Stream
from sim.interventions import Intervention
from sim.log import EVENTS, NEVER, OUTCOMES, StayLog, in_order
from sim.plans.compile import compile_plan
from sim.plans.plan import COURSE, LIFE_EVENTS, LOOPS, Plan
from sim.scenario import Scenario
from tests.made_places import engines, of_people

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
TIMES = ("asked", "started", "ready", "left")
Case = dict[str, Any]


def read(path: Path) -> Case:
    case: Case = YAML(typ="safe").load(path)
    return case


def plan_of(case: Case) -> Plan:
    """The plan of the case's place, with the tables it states in place of those of a place without people."""
    scenario = Scenario.model_validate(
        {
            "name": "case", "question": case["what"],
            "place": {"name": "case", "what": "case", "localities": [{"name": "Town", "share": 1}], **case["place"]},
            "interventions": [Intervention.model_validate(each) for each in case.get("interventions", [])],
            "run": {"starts": "2026-01-05", "warm_up_days": 0, "years": case["days"] / 365, **case.get("run", {})},
        }
    )  # fmt: skip
    plan = compile_plan(scenario)
    tables = {name: _table(plan, name, value) for name, value in case.get("plan", {}).items() if name != "names"}
    names = {name: plan.names.stages.index(stage) for name, stage in case.get("names", {}).items()}
    return plan._replace(**tables, names=dataclasses.replace(plan.names, **names))


def _table(plan: Plan, name: str, value: Any) -> Any:
    if isinstance(value, str):
        return plan.names.stages.index(value)
    before = getattr(plan, name)
    rows = {"life_rates": LIFE_EVENTS, "loop": LOOPS}.get(name)
    if rows is not None:
        after = before.copy()
        for row, number in value.items():
            after[rows.index(row)] = number
        return after
    if isinstance(before, float | int):
        return value
    given = np.array(value, dtype=before.dtype)
    return given if given.ndim == before.ndim else np.broadcast_to(given, before.shape).copy()


def start_rows(plan: Plan) -> list[int]:
    """Rows of the snapshot with somebody in them; a case counts people by these, from 0."""
    return [row for row, (_, _, _, there, waiting, _) in enumerate(plan.initial.tolist()) if there + waiting]


def clock(minute: int) -> str:
    """A minute as day and time, `1 09:30` for half past nine on Tuesday."""
    return "-" if minute == NEVER else f"{minute // 1440} {minute % 1440 // 60:02d}:{minute % 60:02d}"


def written(log: StayLog, plan: Plan, column: str) -> list[Any]:
    """A column of the log in the words of the case files."""
    values = np.concatenate([log.ended[column], log.open[column]]).tolist()
    if column in TIMES:
        return [clock(value) for value in values]
    if column in ("stage", "came_from", "goes_to"):
        return ["-" if value < 0 else plan.names.stages[value] for value in values]
    return [OUTCOMES[value] for value in values] if column == "outcome" else values


def stays(log: StayLog, plan: Plan, columns: list[str]) -> list[list[Any]]:
    rows = start_rows(plan)
    person = np.concatenate([log.ended["person"], log.open["person"]]).tolist()
    generation = np.concatenate([log.ended["generation"], log.open["generation"]]).tolist()
    who = [rows.index(g) if p < 0 else p for p, g in zip(person, generation, strict=True)]
    table = [who if name == "who" else written(log, plan, name) for name in columns]
    return sorted([list(row) for row in zip(*table, strict=True)], key=repr)


def need_key(case: Case, plan: Plan, draw: Case) -> int:
    """Address of a need: of somebody in the snapshot (`who`), or the point of a person's scatter at that `minute`."""
    seed = case.get("seed", 1)
    if "who" in draw:
        return draws.entity_key(draws.run_key(seed, 0, Stream.PREFILL), start_rows(plan)[draw["who"]] << 32)
    kind, at = (COURSE, draw["step_at"]) if "step_at" in draw else (0, draw["need_at"])
    return next(key for minute, _, key in points(case, draw["person"], kind) if clock(minute) == at)


def points(case: Case, person: int, kind: int = 0, below: float = 8.0) -> list[tuple[int, float, int]]:
    """Points of a kind of a person's first life in the first quarter, urgent unless said: (minute, height, key)."""
    keys = np.array([draws.entity_key(draws.run_key(case.get("seed", 1), 0, Stream.PEOPLE), person)], dtype=np.uint64)
    found = draws.scatter(keys, 0, kind, np.zeros(1), np.array([below]), 91 / 365.25)
    minutes = (found.position * 91 * 1440).astype(np.int64).tolist()  # the pattern of the week is flat in a case
    return sorted(zip(minutes, found.height.tolist(), found.key.tolist(), strict=True))


def drawn(case: Case, plan: Plan, draw: Case) -> float:
    """The uniform at the address a case states."""
    purpose, chain = getattr(Purpose, draw["purpose"]), draw.get("chain", 0)
    if "of" in draw:
        stream = draws.run_key(case.get("seed", 1), 0, getattr(Stream, draw["of"]))
        return draws.uniform(draws.entity_key(stream, draw["entity"]), chain, purpose, draw.get("draw", 0))
    need = need_key(case, plan, draw)
    if "stage" not in draw:
        return draws.uniform(need, chain, purpose, draw.get("draw", 0))
    visit = plan.names.stages.index(draw["stage"]) * 64 + draw.get("visit", 0)
    return draws.uniform(
        draws.word(need, chain, Purpose.VISIT, visit), draw.get("day", 0), purpose, draw.get("draw", 0)
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@engines
def test_case(engine: ModuleType, path: Path) -> None:
    case = read(path)
    plan = plan_of(case)
    for draw in case.get("draws", []):
        assert round(drawn(case, plan, draw), 6) == draw["u"], f"{path.name}: {draw}"
    for name, kind, below in (("points", 0, 8.0), ("steps", COURSE, 4.5)):
        for person, expected in case.get(name, {}).items():
            found = points(case, person, kind, below)
            assert [[clock(minute), round(height, 3)] for minute, height, _ in found] == expected
    state = engine.start(plan, case.get("seed", 1), 0)
    for name, values in case.get("people_at_start", {}).items():
        assert of_people(state, name) == pytest.approx(values, rel=1e-5), name
    log = in_order(engine.advance(state, plan, case["days"] * 1440))
    assert stays(log, plan, case["columns"]) == sorted(case["stays"], key=repr)
    events = zip(log.events["minute"], log.events["kind"], log.events["person"], log.events["detail"], strict=True)
    assert [[clock(int(m)), EVENTS[k], int(p), int(d)] for m, k, p, d in events] == case.get("events", [])
    for name, values in case.get("people_at_end", {}).items():
        assert log.persons[name].tolist() == values, name


def test_each_of_the_sixteen_situations_has_a_case() -> None:
    assert {int(path.stem.split("_")[0]) for path in CASES} == set(range(1, 17))
