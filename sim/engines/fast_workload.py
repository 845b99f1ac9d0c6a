"""Work that is counted for people rather than lived by them, in the compiled engine; see ``workload.py``."""

from __future__ import annotations

import numpy as np

from sim.compiled import compiled, part
from sim.engines.fast_programmes import MEMBERS, ratio
from sim.engines.fast_state import FastState
from sim.engines.fast_tables import LEVER, FastTables
from sim.log import EVENTS
from sim.plans.plan import WORKLOAD_DAYS, YEAR_DAYS

_GP, _OUTPATIENTS, _TWICE = (LEVER[name] for name in ("gp_workload", "outpatients", "duplication"))
_EVERYBODY, _OF_MEMBERS = EVENTS.index("outpatients"), EVENTS.index("outpatients_of_members")


@part
def is_workload_day(t: FastTables, s: FastState, day: int) -> bool:
    """True if outpatient attendances and routine work of general practice are worked out on this day."""
    return t.place[0].any_workload > 0 and day % WORKLOAD_DAYS == 0 and s.people.size > 0


@compiled()
def count_workload(t: FastTables, s: FastState) -> None:
    """Outpatient attendances a day by age and locality, and what general practice does besides the usual."""
    c, localities = s.clock[0], t.locality_shares.size
    if not is_workload_day(t, s, c.day):
        return
    groups = t.workload.shape[1] * localities
    more = np.zeros(groups)
    if t.place[0].moves_workload > 0:
        _moved(t, s, more)
    for of in range(groups):
        a_year = s.groups[of // localities, of % localities] * t.workload[1, of // localities] + more[of]
        _write(s, _EVERYBODY, -1, of // localities, of % localities, a_year)
    for i in range(t.programmes.size):
        if s.members[i] > 0:
            _of_members(t, s, i, more)
            for of in range(groups):
                _write(s, _OF_MEMBERS, -1 - i, of // localities, of % localities, more[of])


@part
def _write(s: FastState, kind: int, person: int, age: int, locality: int, a_year: float) -> None:
    """Outpatient attendances of an age and locality, if there are any."""
    c = s.clock[0]
    if a_year > 0.0:
        e = s.events[c.events]
        c.events += 1
        e.minute, e.kind, e.person, e.detail = c.minute, kind, person, int(np.rint(1000.0 * (a_year / YEAR_DAYS)))
        e.generation = e.frailty = 0
        e.age, e.locality = age, locality


@part
def _of_members(t: FastTables, s: FastState, i: int, found: np.ndarray) -> None:
    """Outpatient attendances a year of the members of a programme by group."""
    now, localities = s.clock[0].minute, t.locality_shares.size
    found[:] = 0.0
    for row in range(s.people.size):
        if s.enrolled[i, row] >= 0:
            p = s.people[row]
            twice = ratio(t, s, _TWICE, row, now)
            found[p.age * localities + p.locality] += t.workload[1, p.age] * (
                ratio(t, s, _OUTPATIENTS, row, now) * twice
            )


@part
def _moved(t: FastTables, s: FastState, more: np.ndarray) -> None:
    """Outpatient attendances a year beyond the usual by group; keeps the same of general practice, as a share."""
    c, localities = s.clock[0], t.locality_shares.size
    is_for_all = max(t.moving[_GP], t.moving[_OUTPATIENTS], t.moving[_TWICE]) > MEMBERS
    usual = added = 0.0
    for row in range(s.people.size):
        p = s.people[row]
        if is_for_all or p.memberships > 0:
            twice = ratio(t, s, _TWICE, row, c.minute)
            added += t.workload[0, p.age] * (ratio(t, s, _GP, row, c.minute) * twice - 1.0)
            outpatients = ratio(t, s, _OUTPATIENTS, row, c.minute) * twice - 1.0
            more[p.age * localities + p.locality] += t.workload[1, p.age] * outpatients
    for of in range(more.size):
        usual += s.groups[of // localities, of % localities] * t.workload[0, of // localities]
    c.gp_more = added / usual if usual > 0.0 else 0.0
