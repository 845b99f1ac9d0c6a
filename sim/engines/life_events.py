"""What follows when a point of a person's life is due: a need, a request, the end of life, death.

Called while an instant is settled, in order of id; reading the points themselves is in ``life.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import rules
from sim.engines import courses
from sim.engines.state import Journey
from sim.log import FLAGS
from sim.plans.plan import COURSE

if TYPE_CHECKING:
    from sim.engines.life import Point
    from sim.engines.simpy_engine import Run


def happen(run: Run, point: Point) -> None:
    """A point of a person's scatter is due: whether it happens, and what follows."""
    now, _, generation, kind, need, row, height, u_severity, u_cause, u_door = point
    people = run.state.persons
    if people.generation[row] != generation:
        return
    if kind == 0:
        _urgent_need(run, now, need, row, height, run.care.severity(row, u_severity), u_cause, u_door)
        return
    if kind == COURSE:
        courses.step(run, need, row, height, now)
        return
    moved = run.life.rate(kind, row) * run.life.lever(kind, row, now)
    if not rules.happens(height, moved):
        return
    if kind == 1:
        j = run.care.journey(row, need, now, run.care.referral(row, need, height, moved, now))
        run.begin(j, run.tables.referral_stage)
    elif kind == 2 and not people.busy[row]:
        die(run, row, None)
    elif kind == 3 and not people.end_of_life[row]:
        people.end_of_life[row] = 1
        run.recorder.event("end_of_life", now, run.state, row, 0)
        run.reread(row)
    elif kind in (4, 5) and not people.busy[row]:
        _request(run, row, need, now, run.tables.home_care_stage if kind == 4 else run.tables.care_home_stage)
    elif kind == 6 and not people.busy[row]:
        run.end_support(row, "ended")
        people.residence[row] = 0
        run.reread(row)


def _urgent_need(
    run: Run, now: int, need: int, row: int, height: float, severity: int, u_cause: float, u_door: float
) -> None:
    cause = run.care.cause(row, u_cause)
    plain, moved = run.life.need_rates(row, severity, cause, now)
    if not rules.happens(height, moved):
        if rules.happens(height, plain):
            run.recorder.event("need_avoided", now, run.state, row, severity)
        return
    if run.state.persons.busy[row]:
        run.recorder.event("dropped_need", now, run.state, row, severity)
        return
    j = run.care.journey(row, need, now, severity, cause)
    run.begin(j, run.care.door(row, severity, u_door, now))


def _request(run: Run, row: int, need: int, now: int, stage: int) -> None:
    waiting = any(j.severity == 6 for j in run.state.of_person.get(row, ()))
    if stage >= 0 and not waiting and run.state.persons.residence[row] < run.tables.residence[stage]:
        run.begin(run.care.journey(row, need, now, 6), stage)


def readmit(run: Run, j: Journey) -> None:
    """A drawn readmission is due: it comes unless the person has died or is in care already."""
    people = run.state.persons
    if people.generation[j.row] == j.generation and not people.busy[j.row]:
        run.begin(j, run.tables.readmission_stage, flags=FLAGS["readmission"])


def die(run: Run, row: int, j: Journey | None) -> None:
    """Somebody dies, at home or in the stay of a journey.

    Every journey, support and membership of theirs ends, and a successor takes their place a minute later.
    """
    if row < 0:
        assert j is not None
        run.leave(j, "died")
        run.finish(j)
        return
    run.recorder.event("death", run.now, run.state, row, run.care.place_of_death(row, j))
    for other in list(run.state.of_person.get(row, ())):
        if other.stay is not None:
            run.leave(other, "died")
        if other.waiting is not None:
            run.recorder.ended(other, other.waiting, run.now, "died")
        run.finish(other)
    run.end_support(row, "died")
    for programme, members in enumerate(run.state.members):
        if row in members and run.tables.programme_active[programme]:
            run.recorder.event("left_programme", run.now, run.state, row, programme)
    run.life.succeed(row)
    run.reread(row)
