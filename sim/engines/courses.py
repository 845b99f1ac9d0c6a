"""The course of conditions in a run: how often a step may be due, what a step does, and who is in which state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim import rules
from sim.draws import Floats, Purpose, Word, uniform
from sim.engines.state import Persons
from sim.engines.tables import Tables
from sim.plans.plan import Plan

if TYPE_CHECKING:
    from sim.engines.simpy_engine import Run

STEPS = 4
"""Steps of a course beside its complications: newly ill, lapsed, managed, recognised."""


def most_crises(plan: Plan) -> Floats:
    """By bits of conditions: the most that a state can multiply the needs of one condition by, at least 1."""
    most = np.ones(1 << len(plan.condition_extra))
    for f, condition in enumerate(plan.course_condition.tolist()):
        has = np.arange(most.size) >> condition & 1 > 0
        most[has] = np.maximum(most[has], plan.course_crises[f].max())
    return most


def most_steps(plan: Plan, recognition: float, management: float) -> Floats:
    """By bits of conditions: the most steps a year, with the highest that levers can multiply two of them by."""
    rates = plan.course_rates.copy()
    rates[:, :, -1] *= max(1.0, recognition)
    rates[:, :, -2] *= max(1.0, management)
    most, has = np.zeros(1 << len(plan.condition_extra)), np.zeros(1 << len(plan.condition_extra))
    for f, condition in enumerate(plan.course_condition.tolist()):
        chosen = np.arange(most.size) >> condition & 1 > 0
        most[chosen] = np.maximum(most[chosen], rates[f].sum(axis=-1).max())
        has[chosen] += 1
    return most * has


def states_of_one(t: Tables, key: Word, conditions: int) -> tuple[int, int]:
    """Bits of the conditions recognised, and managed, when the life with this entity key begins."""
    recognised = managed = 0
    for f, condition in enumerate(t.course_condition):
        is_recognised, is_managed = t.course_shares[f]
        if conditions >> condition & 1 and uniform(key, 0, Purpose.RECOGNISED, f) < is_recognised:
            recognised |= 1 << f
            managed |= (uniform(key, 0, Purpose.MANAGED, f) < is_managed) << f
    return recognised, managed


def gp_minutes(t: Tables, recognised: list[int]) -> float:
    """Doctors' minutes a day for more people on the registers than without a programme (fewer: negative)."""
    taken = 0.0
    for f, number in enumerate(recognised):
        taken += t.course_gp_minutes[f] * (number - t.course_reference[f])
    return taken


def crises(t: Tables, people: Persons, row: int, severity: int, cause: int) -> float:
    """What a condition's state does to a need that it would cause; 1 for others."""
    for f, condition in enumerate(t.course_condition):
        if condition == cause - 1:
            state = rules.state_of(people.recognised[row], people.managed[row], f)
            found: float = t.course_crises[f][severity][people.age[row]][state]
            return found
    return 1.0


def census(t: Tables, people: Persons, limited: list[float]) -> dict[str, list[int]]:
    """Further columns of the log's people: bits of the conditions followed, and what is left of symptom days."""
    has = [
        sum((bits >> condition & 1) << f for f, condition in enumerate(t.course_condition))
        for bits in people.conditions
    ]
    return {
        "has": has, "recognised": people.recognised, "managed": people.managed,
        "limited": [int(1000.0 * ratio + 0.5) for ratio in limited],
    }  # fmt: skip


def step(run: Run, need: int, row: int, height: float, now: int) -> None:
    """A point of the course of somebody's conditions is due: whether a step is taken, and what follows."""
    t, people, ratio = run.tables, run.state.persons, run.programmes.ratio
    has = [f for f, condition in enumerate(t.course_condition) if people.conditions[row] >> condition & 1]
    f = has[rules.condition_meant(uniform(need, 0, Purpose.COURSE_OF, 0), len(has))]
    rates = t.course_rates[f][rules.state_of(people.recognised[row], people.managed[row], f)]
    recognition, management = ratio("condition_recognition", row, now), ratio("condition_management", row, now)
    taken = rules.step_of_course(height / len(has), rates, recognition, management)
    complications, bit = len(rates) - STEPS, 1 << f
    if taken < complications:
        run.recorder.event("complication", now, run.state, row, taken)
        _complicated(run, need, row, taken, t.course_condition[f] + 1, now)
    elif taken == complications:
        people.recognised[row] &= ~bit
        people.managed[row] &= ~bit
        run.state.recognised[f] -= 1
        run.recorder.event("newly_ill", now, run.state, row, f)
    elif taken == complications + 1:
        people.managed[row] &= ~bit
        run.recorder.event("lapsed", now, run.state, row, f)
    elif taken == complications + 2:
        people.managed[row] |= bit
        run.recorder.event("managed", now, run.state, row, f)
        _referred(run, need, row, f, 0, now)
    elif taken == complications + 3:
        people.recognised[row] |= bit
        run.state.recognised[f] += 1
        run.recorder.event("recognised", now, run.state, row, f)
        _referred(run, need, row, f, 1, now)


def _referred(run: Run, need: int, row: int, f: int, when: int, now: int) -> None:
    """The planned referral that a step brings for some: 0 when management begins, 1 when recognised."""
    t = run.tables
    if uniform(need, 0, Purpose.REFERRED, 0) < t.course_referred[f][when]:
        run.begin(run.care.journey(row, need, now, 5, t.course_condition[f] + 1), t.referral_stage)


def _complicated(run: Run, need: int, row: int, number: int, cause: int, now: int) -> None:
    """The urgent need that follows a complication, if one does."""
    severity, stage = run.tables.complication_need[number], run.tables.complication_stage[number]
    if severity < 0:
        return
    if run.state.persons.busy[row]:
        run.recorder.event("dropped_need", now, run.state, row, severity)
        return
    if stage < 0:
        stage = run.care.door(row, severity, uniform(need, 0, Purpose.DOOR, 0), now)
    run.begin(run.care.journey(row, need, now, severity, cause), stage)
