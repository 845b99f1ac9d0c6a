"""What counts as a step, a crisis or a state of a condition whose course is followed, compiled; see ``counting.py``."""

from __future__ import annotations

from sim.compiled import compiled
from sim.log import EVENTS, NEVER
from sim.measures.counting import EMERGENCY, URGENT, Bools, Floats, Ints, Measured, day_of, kind_of
from sim.rules import is_planned

_COURSE_STEPS = EVENTS.index("recognised"), EVENTS.index("managed"), EVENTS.index("complication")


@compiled()
def count_steps(
    measured: Measured, who: Ints, minute: Ints, kind: Ints, detail: Ints,
    recognitions: Ints, management_starts: Ints, complications: Ints,
) -> None:  # fmt: skip
    """Count steps of the course of conditions when they are taken."""
    recognised, managed, complicated = _COURSE_STEPS
    for i in range(len(who)):
        day, part = day_of(measured, minute[i]), detail[i]
        if kind[i] == recognised:
            recognitions[part, who[i], day] += 1
        elif kind[i] == managed:
            management_starts[part, who[i], day] += 1
        elif kind[i] == complicated:
            complications[part, who[i], day] += 1


@compiled()
def count_crises(
    measured: Measured, stage_is: Ints, condition_of: Ints, who: Ints, severity: Ints, cause: Ints, chain: Ints,
    stage: Ints, came_from: Ints, asked: Ints, started: Ints, known: Bools,
    condition_needs: Ints, condition_admissions: Ints, condition_referrals: Ints,
) -> None:  # fmt: skip
    """Count urgent needs, emergency admissions, and planned referrals that conditions cause."""
    for i in range(len(who)):
        part = condition_of[cause[i]] if known[i] else -1
        if part < 0:
            continue
        if is_planned(severity[i]) and came_from[i] < 0 and chain[i] == 0:
            condition_referrals[part, who[i], day_of(measured, asked[i])] += 1
        if severity[i] >= URGENT:
            continue
        if came_from[i] < 0 and chain[i] == 0:
            condition_needs[part, who[i], day_of(measured, asked[i])] += 1
        here, before = kind_of(stage_is, stage[i]), kind_of(stage_is, came_from[i])
        if started[i] != NEVER and here & EMERGENCY and not before & EMERGENCY:
            condition_admissions[part, who[i], day_of(measured, started[i])] += 1


@compiled()
def count_states(
    age: Ints,
    locality: Ints,
    has: Ints,
    recognised: Ints,
    managed: Ints,
    limited: Ints,
    symptom_days: Floats,
    people: Floats,
) -> None:
    """Count into ``[condition, age, locality, which]``: who has it, recognised, managed; and days limited a month."""
    for i in range(len(age)):
        for f in range(len(people)):
            if has[i] >> f & 1:
                is_recognised, is_managed = recognised[i] >> f & 1, managed[i] >> f & 1
                found = people[f, age[i], locality[i]]
                found[0] += 1
                found[1] += is_recognised
                found[2] += is_managed
                found[3] += symptom_days[f, is_recognised + is_managed] * limited[i] / 1000


@compiled()
def count_invited(age: Ints, locality: Ints, recognised: Ints, ages: Ints, bits: Ints, people: Ints) -> None:
    """Count into ``[programme, age, locality]`` those it is for: of its ages, one of its conditions recognised."""
    for i in range(len(age)):
        for p in range(len(bits)):
            if ages[p, age[i]] and recognised[i] & bits[p]:
                people[p, age[i], locality[i]] += 1
