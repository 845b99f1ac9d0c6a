"""The course of conditions in the compiled engine: states of people and what they do; see ``courses.py``.

Steps themselves are taken in ``fast_events.py``, and read in ``fast_life.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import rules
from sim.compiled import compiled, part
from sim.draws import Purpose, uniform
from sim.engines.fast_programmes import ratio
from sim.engines.fast_state import FastState
from sim.engines.fast_tables import LEVER, FastTables

_RECOGNISED, _MANAGED = Purpose.RECOGNISED, Purpose.MANAGED
_SYMPTOM_DAYS = LEVER["symptom_days"]


@part
def draw_states(t: FastTables, s: FastState, row: int) -> None:
    """States of somebody's conditions when a life begins; nothing is counted."""
    p = s.people[row]
    recognised: Any = 0
    managed: Any = 0
    for f in range(t.course_condition.size):
        has = p.conditions >> t.course_condition[f] & 1
        if has > 0 and uniform(p.life, 0, _RECOGNISED, f) < t.course_shares[f, 0]:
            recognised |= 1 << f
            managed |= np.int64(uniform(p.life, 0, _MANAGED, f) < t.course_shares[f, 1]) << f
    s.courses[row, 0], s.courses[row, 1] = recognised, managed


@part
def count_states(t: FastTables, s: FastState, row: int, sign: int) -> None:
    """Count somebody on the registers they are on, or off."""
    for f in range(t.course_condition.size):
        s.recognised[f] += sign * (s.courses[row, 0] >> f & 1)


@compiled()
def begin_courses(t: FastTables, s: FastState) -> None:
    """Draw and count the states of everybody's conditions at minute 0."""
    for row in range(s.courses.shape[0]):
        draw_states(t, s, row)
        count_states(t, s, row, 1)


@part
def course_minutes(t: FastTables, s: FastState) -> float:
    """Doctors' minutes a day for more people on the registers than without a programme (fewer: negative)."""
    taken = 0.0
    for f in range(t.course_condition.size):
        taken += t.course_gp_minutes[f] * (s.recognised[f] - t.course_reference[f])
    return taken


@part
def crises(t: FastTables, s: FastState, row: int, severity: int, cause: int) -> float:
    """What a condition's state does to a need that it would cause; 1 for others."""
    for f in range(t.course_condition.size):
        if t.course_condition[f] == cause - 1:
            state = rules.state_of(s.courses[row, 0], s.courses[row, 1], f)
            return float(t.course_crises[f, severity, s.people[row].age, state])
    return 1.0


@compiled()
def course_census(t: FastTables, s: FastState) -> np.ndarray:
    """[4, people] has, recognised, managed and limited of the log's people (see log.py)."""
    found = np.zeros((4, s.people.size), np.int64)
    last = max(s.clock[0].minute - 1, 0)
    for row in range(s.people.size):
        for f in range(t.course_condition.size):
            found[0, row] |= (s.people[row].conditions >> t.course_condition[f] & 1) << f
        found[1, row], found[2, row] = s.courses[row, 0], s.courses[row, 1]
        found[3, row] = int(1000.0 * ratio(t, s, _SYMPTOM_DAYS, row, last) + 0.5)
    return found
