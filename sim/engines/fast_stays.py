"""Asking for a stage, starting and leaving it, and what follows, in the compiled engine; see ``simpy_engine.py``."""

from __future__ import annotations

from sim.compiled import part
from sim.engines.fast_care import (
    ask_for,
    deconditioned,
    ends_at_home,
    first_stage,
    is_acute,
    keep_busy,
    place_of_death,
    readmitted_after,
    work_out,
)
from sim.engines.fast_journeys import (
    add_to_person,
    due_minute,
    free_journey,
    hold_support,
    new_journey,
    schedule,
    take_place,
    touch,
    unqueue,
)
from sim.engines.fast_life import read_more, succeed
from sim.engines.fast_log import event, write_stay, write_support, write_wait
from sim.engines.fast_state import STATUS_RETURNING, FastState
from sim.engines.fast_tables import FastTables
from sim.log import EVENTS, OUTCOMES

_HOME, _MOVED, _DIED, _ENDED = (OUTCOMES.index(name) for name in ("home", "moved", "died", "ended"))
_DEATH, _LEFT_PROGRAMME = EVENTS.index("death"), EVENTS.index("left_programme")
_READMITTED_SEVERITY = 3


@part
def begin(t: FastTables, s: FastState, slot: int, stage: int, came_from: int, flags: int, now: int) -> None:
    """A journey begins by asking for its first stage."""
    if came_from < 0 and flags == 0:
        stage = first_stage(t, s, slot, stage, now)
    if stage < 0:
        free_journey(s, slot)
        return
    j = s.journeys[slot]
    if j.row >= 0:
        add_to_person(s, slot)
    ask(t, s, slot, stage, came_from, flags, now)


@part
def ask(t: FastTables, s: FastState, slot: int, stage: int, came_from: int, flags: int, now: int) -> None:
    """Ask for a stage: the wait begins."""
    ask_for(t, s, slot, stage, came_from, flags, now)
    c = s.clock[0]
    s.asking[s.journeys[slot].wait_pool] += 1
    s.joining[c.joining] = slot
    c.joining += 1
    keep_busy(t, s, slot)


@part
def start_stay(t: FastTables, s: FastState, slot: int, now: int) -> None:
    """A place is free: leave the old one, start here, and work out when the stay will be over."""
    j = s.journeys[slot]
    stage, pool = j.wait_stage, j.wait_pool
    s.asking[pool] -= 1
    if j.stage >= 0:
        leave(t, s, slot, _MOVED, stage, now)
    take_place(s, slot, now)
    if t.pools[pool].slots > 0:
        s.slots_left[pool] -= 1
        s.seen_today[pool] += 1
    else:
        s.occupied[pool] += 1
    if t.stages[stage].residence > 0 and j.row >= 0:
        _settle_in(t, s, slot, now)
        return
    work_out(t, s, slot, now, -1.0)
    keep_busy(t, s, slot)
    if j.row >= 0 and is_acute(t, s, slot):
        _end_at_home(t, s, slot, stage, now)
    schedule(s, slot, due_minute(s, slot))


@part
def _end_at_home(t: FastTables, s: FastState, slot: int, stage: int, now: int) -> None:
    """An acute stay ends the person's other journeys at home, and residence support is away from now on."""
    row, c = s.journeys[slot].row, s.clock[0]
    p = s.people[row]
    if p.support >= 0 and p.away < 0:
        p.away = now
        s.away[c.away] = row
        c.away += 1
    other = p.first_journey
    while other >= 0:
        following = s.journeys[other].next_of_person
        if other != slot and ends_at_home(t, s, other):
            leave(t, s, other, _MOVED, stage, now)
            finish(t, s, other)
        other = following


@part
def leave(t: FastTables, s: FastState, slot: int, outcome: int, goes_to: int, now: int) -> None:
    """Leave the place held: write the stay down, free the place, and what the stay did to the person."""
    j = s.journeys[slot]
    write_stay(t, s, slot, outcome, goes_to, now)
    pool = j.pool
    if t.pools[pool].slots == 0:
        s.occupied[pool] -= 1
        touch(s, pool)
    if outcome != _DIED and j.row >= 0:
        if deconditioned(t, s, slot, now):
            read_more(t, s, j.row, now)
        wait = readmitted_after(t, s, slot, now)
        if wait >= 0:
            p = s.people[j.row]
            again = new_journey(
                s, j.row, p.person, p.generation, j.need, now + wait, j.chain + 1, _READMITTED_SEVERITY, j.cause, p.age,
                p.locality,
            )  # fmt: skip
            s.journeys[again].status = STATUS_RETURNING
            schedule(s, again, now + wait)
    j.stage = -1


@part
def go_home(t: FastTables, s: FastState, slot: int, now: int) -> None:
    """The journey ends at home, or goes on to the residence whose place was given up meanwhile."""
    j = s.journeys[slot]
    if j.row >= 0 and t.stages[j.stage].at_home == 0:
        lost = s.people[j.row].lost_place
        s.people[j.row].lost_place = -1
        if lost >= 0:
            ask(t, s, slot, lost, j.stage, 0, now)
            return
    leave(t, s, slot, _HOME, -1, now)
    finish(t, s, slot)


@part
def finish(t: FastTables, s: FastState, slot: int) -> None:
    """The journey is over."""
    j = s.journeys[slot]
    j.over = 1
    unqueue(s, slot)
    keep_busy(t, s, slot)
    if j.row >= 0:
        p = s.people[j.row]
        if p.first_journey == slot:
            p.first_journey = j.next_of_person
        else:
            k = p.first_journey
            while k >= 0 and s.journeys[k].next_of_person != slot:
                k = s.journeys[k].next_of_person
            if k >= 0:
                s.journeys[k].next_of_person = j.next_of_person
    if j.pending == 0:
        free_journey(s, slot)


@part
def _settle_in(t: FastTables, s: FastState, slot: int, now: int) -> None:
    """A residence support starts: it is held beside later journeys, and this journey is over."""
    j = s.journeys[slot]
    row = j.row
    end_support(s, row, _ENDED, now)
    s.people[row].residence = t.stages[j.stage].residence
    hold_support(s, slot)
    j.stage = -1
    finish(t, s, slot)
    read_more(t, s, row, now)


@part
def end_support(s: FastState, row: int, outcome: int, now: int) -> None:
    """A person's residence support ends, and its place is free."""
    k, c = s.people[row].support, s.clock[0]
    if k < 0:
        return
    s.people[row].support = -1
    write_support(s, k, outcome, now)
    support = s.supports[k]
    s.occupied[support.pool] -= 1
    touch(s, support.pool)
    support.row = -1
    support.next = c.supports_free
    c.supports_free = k


@part
def die(t: FastTables, s: FastState, row: int, slot: int, now: int) -> None:
    """Somebody dies, at home or in the stay of a journey, and a successor takes their place a minute later."""
    if row < 0:
        leave(t, s, slot, _DIED, -1, now)
        finish(t, s, slot)
        return
    event(s, _DEATH, row, place_of_death(t, s, row, slot), now)
    other = s.people[row].first_journey
    while other >= 0:
        following = s.journeys[other].next_of_person
        if s.journeys[other].stage >= 0:
            leave(t, s, other, _DIED, -1, now)
        if s.journeys[other].wait_stage >= 0:
            write_wait(s, other, _DIED, -1, now)
        finish(t, s, other)
        other = following
    end_support(s, row, _DIED, now)
    for programme in range(t.programmes.size):
        if s.enrolled[programme, row] >= 0 and t.programmes[programme].active > 0:
            event(s, _LEFT_PROGRAMME, row, programme, now)
    succeed(t, s, row)
    read_more(t, s, row, now)
