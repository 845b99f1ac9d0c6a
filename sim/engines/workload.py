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
    """Every so many days: outpatient attendances a day by age and locality, and what general practice does besides."""
    t, people = run.tables, run.state.persons
    if run.now // rules.DAY % WORKLOAD_DAYS or not t.plan.workload.any() or not people.age:
        return
    localities = len(t.plan.names.localities)
    who = np.array(people.age) * localities + np.array(people.locality)
    numbers = np.bincount(who, minlength=len(t.people) * localities).tolist()
    more = _more(run, who.tolist(), len(numbers))
    for of, (number, moved) in enumerate(zip(numbers, more, strict=True)):
        age, locality = divmod(of, localities)
        a_day = (number * t.workload[1][age] + moved) / YEAR_DAYS
        if a_day > 0.0:
            run.recorder.place_event("outpatients", run.now, age, locality, round(1000.0 * a_day))


def _more(run: Run, who: list[int], groups: int) -> list[float]:
    """Outpatient attendances a year beyond the usual by group; keeps the same of general practice, as a share."""
    programmes, people, (contacts, outpatients) = run.programmes, run.state.persons, run.tables.workload
    more = [0.0] * groups
    if not programmes.moves(*GP_LEVERS, *OUTPATIENT_LEVERS):
        return more
    usual = added = 0.0
    for row, age in enumerate(people.age):
        twice = programmes.ratio("duplication", row, run.now)
        usual += contacts[age]
        added += contacts[age] * (programmes.ratio("gp_workload", row, run.now) * twice - 1.0)
        more[who[row]] += outpatients[age] * (programmes.ratio("outpatients", row, run.now) * twice - 1.0)
    run.state.gp_more = added / usual if usual > 0.0 else 0.0
    return more
