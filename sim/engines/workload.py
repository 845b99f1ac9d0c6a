"""Work that is counted for people rather than lived by them: outpatient attendances, routine general practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim import rules
from sim.plans.plan import WORKLOAD_DAYS, YEAR_DAYS

if TYPE_CHECKING:
    from sim.engines.simpy_engine import Run

GP_LEVERS, OUTPATIENT_LEVERS = ("gp_workload", "duplication"), ("outpatients", "duplication")


def count_workload(run: Run) -> None:
    """Every so many days: outpatient attendances by age and locality, and what general practice does besides."""
    t, people = run.tables, run.state.persons
    if run.now // rules.DAY % WORKLOAD_DAYS or not t.plan.workload.any() or not people.age:
        return
    localities = len(t.plan.names.localities)
    who = np.array(people.age) * localities + np.array(people.locality)
    numbers = np.bincount(who, minlength=len(t.people) * localities).tolist()
    more = _more(run, who.tolist(), numbers)
    everybody = [
        number * t.workload[1][of // localities] + moved
        for of, (number, moved) in enumerate(zip(numbers, more, strict=True))
    ]
    _write(run, "outpatients", -1, everybody)
    for programme, members in enumerate(run.state.members):
        theirs = _of_members(run, sorted(members), who.tolist(), len(numbers))
        _write(run, "outpatients_of_members", -1 - programme, theirs)


def _write(run: Run, kind: str, person: int, a_year: list[float]) -> None:
    """Outpatient attendances a year by group, where there are any."""
    for of, attendances in enumerate(a_year):
        if attendances > 0.0:
            age, locality = divmod(of, len(run.tables.plan.names.localities))
            a_day = attendances / YEAR_DAYS
            run.recorder.place_event(kind, run.now, age, locality, round(1000.0 * a_day), person)


def _of_members(run: Run, rows: list[int], who: list[int], groups: int) -> list[float]:
    """Outpatient attendances a year of people in these rows by group."""
    found = [0.0] * groups
    for row in rows:
        twice = run.programmes.ratio("duplication", row, run.now)
        outpatients = run.tables.workload[1][run.state.persons.age[row]]
        found[who[row]] += outpatients * (run.programmes.ratio("outpatients", row, run.now) * twice)
    return found


def _more(run: Run, who: list[int], numbers: list[int]) -> list[float]:
    """Outpatient attendances a year beyond the usual by group; keeps the same of general practice, as a share."""
    programmes, people, (contacts, outpatients) = run.programmes, run.state.persons, run.tables.workload
    more = [0.0] * len(numbers)
    if not programmes.moves(*GP_LEVERS, *OUTPATIENT_LEVERS):
        return more
    localities, added = len(run.tables.plan.names.localities), 0.0
    for row, age in enumerate(people.age):
        twice = programmes.ratio("duplication", row, run.now)
        added += contacts[age] * (programmes.ratio("gp_workload", row, run.now) * twice - 1.0)
        more[who[row]] += outpatients[age] * (programmes.ratio("outpatients", row, run.now) * twice - 1.0)
    usual = sum(number * contacts[of // localities] for of, number in enumerate(numbers))
    run.state.gp_more = added / usual if usual > 0.0 else 0.0
    return more
