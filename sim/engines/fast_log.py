"""What the compiled engine writes down: rows of stays and events, as ``record.py`` does."""

from __future__ import annotations

import numpy as np

from sim.compiled import compiled, part
from sim.engines.fast_state import STATUS_LIVE, FastState
from sim.engines.fast_tables import FastTables
from sim.log import NEVER, OUTCOMES, STAY_COLUMNS

DIED, _OPEN = OUTCOMES.index("died"), OUTCOMES.index("open")
NARROW = tuple(name for name in STAY_COLUMNS if name not in ("person", "need"))
"""Columns of stays that fit 32 bits."""
LIVING = ("age", "frailty", "locality", "residence", "end_of_life", "care_plan")


@part
def write_stay(t: FastTables, s: FastState, slot: int, outcome: int, goes_to: int, now: int) -> None:
    """A stay that came to an end."""
    j, c = s.journeys[slot], s.clock[0]
    e = s.ended[c.ended]
    c.ended += 1
    _write_who(s, slot, c.ended - 1)
    e.frailty, e.stage, e.pool, e.asked, e.started = j.frailty, j.stage, j.pool, j.asked, j.started
    e.ready = j.ready if j.ready <= now else now
    e.left, e.process, e.sourcing, e.came_from = now, j.process, j.sourcing, j.came_from
    e.goes_to, e.outcome, e.flags = goes_to, outcome, j.flags
    e.pathway = t.routes[j.route].pathway if j.route >= 0 and outcome != DIED else -1


@part
def write_wait(s: FastState, slot: int, outcome: int, goes_to: int, now: int) -> None:
    """A wait that came to an end without a stay."""
    j, c = s.journeys[slot], s.clock[0]
    e = s.ended[c.ended]
    c.ended += 1
    _write_who(s, slot, c.ended - 1)
    e.frailty, e.stage, e.pool, e.asked, e.started = j.wait_frailty, j.wait_stage, j.wait_pool, j.wait_asked, NEVER
    e.ready, e.left, e.process, e.sourcing, e.came_from = NEVER, now, 0, 0, j.wait_came_from
    e.goes_to, e.outcome, e.pathway, e.flags = goes_to, outcome, -1, j.wait_flags


@part
def _write_who(s: FastState, slot: int, k: int) -> None:
    j, e = s.journeys[slot], s.ended[k]
    e.person, e.generation, e.need, e.chain = j.person, j.generation, j.need, j.chain
    e.cause, e.severity, e.age, e.locality = j.cause, j.severity, j.age, j.locality


@part
def event(s: FastState, kind: int, row: int, detail: int, now: int) -> None:
    """Something that is not a stay and happened to a person, or (row -1) to the place."""
    c = s.clock[0]
    e = s.events[c.events]
    c.events += 1
    e.minute, e.kind, e.detail = now, kind, detail
    if row >= 0:
        p = s.people[row]
        e.person, e.generation, e.age, e.frailty, e.locality = p.person, p.generation, p.age, p.frailty, p.locality
    else:
        e.person = -1
        e.generation = e.age = e.frailty = e.locality = 0


@part
def write_support(s: FastState, k: int, outcome: int, now: int) -> None:
    """A residence support that came to an end."""
    c = s.clock[0]
    support, e = s.supports[k], s.ended[c.ended]
    c.ended += 1
    e.person, e.generation, e.need, e.chain = support.person, support.generation, support.need, support.chain
    e.cause, e.severity, e.age, e.locality = support.cause, support.severity, support.age, support.locality
    e.frailty, e.stage, e.pool, e.asked, e.started = (
        support.frailty, support.stage, support.pool, support.asked, support.started,
    )  # fmt: skip
    e.ready, e.left, e.process, e.sourcing, e.came_from = NEVER, now, 0, 0, support.came_from
    e.goes_to, e.outcome, e.pathway, e.flags = -1, outcome, -1, support.flags


@compiled()
def write_census(t: FastTables, s: FastState) -> int:
    """Write stays in progress and waits down where the log, now empty, goes; how many there are."""
    c = s.clock[0]
    for slot in range(c.journeys_top):
        j = s.journeys[slot]
        if j.status == STATUS_LIVE and j.over == 0:
            if j.stage >= 0:
                write_stay(t, s, slot, _OPEN, NEVER, c.minute)
                if j.ready >= c.minute:
                    e = s.ended[c.ended - 1]
                    e.ready, e.process, e.sourcing, e.pathway = NEVER, 0, 0, NEVER
            if j.wait_stage >= 0:
                write_wait(s, slot, _OPEN, NEVER, c.minute)
    for k in range(c.supports_top):
        if s.supports[k].row >= 0:
            write_support(s, k, _OPEN, c.minute)
    n, c.ended = c.ended, 0
    for k in range(n):
        s.ended[k].left = NEVER
    return n


@compiled()
def read_off(rows: np.ndarray, words: np.ndarray, table: np.ndarray) -> None:
    """Turn rows of stays into columns: person and need as ``words``, the rest in the order of ``NARROW``."""
    for i in range(rows.size):
        e = rows[i]
        words[0, i], words[1, i] = np.int64(e.person), e.need
        table[0, i], table[1, i], table[2, i], table[3, i] = e.generation, e.chain, e.cause, e.severity
        table[4, i], table[5, i], table[6, i], table[7, i] = e.age, e.frailty, e.locality, e.stage
        table[8, i], table[9, i], table[10, i], table[11, i] = e.pool, e.asked, e.started, e.ready
        table[12, i], table[13, i], table[14, i], table[15, i] = e.left, e.process, e.sourcing, e.came_from
        table[16, i], table[17, i], table[18, i], table[19, i] = e.goes_to, e.outcome, e.pathway, e.flags


@compiled()
def who_lives(s: FastState) -> np.ndarray:
    """[6, people] what the log tells of the living, in the order of ``LIVING``."""
    living = np.empty((6, s.people.size), np.int8)
    for row in range(s.people.size):
        p = s.people[row]
        living[0, row], living[1, row], living[2, row] = p.age, p.frailty, p.locality
        living[3, row], living[4, row], living[5, row] = p.residence, p.end_of_life, p.care_plan
    return living
