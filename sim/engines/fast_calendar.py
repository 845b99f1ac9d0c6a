"""What the clock brings in the compiled engine: days, openings, closings, arrivals, and what is due at a minute."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import part
from sim.draws import BANDS, EDGES, MOST_POINTS, Purpose, Stream, entity_key, run_key, uniform, word
from sim.engines.fast_care import (
    slots,
)
from sim.engines.fast_journeys import (
    due_minute,
    free_journey,
    new_journey,
    schedule,
    touch,
)
from sim.engines.fast_life import TOO_MANY_POINTS, link_point
from sim.engines.fast_memory import fetch
from sim.engines.fast_state import STATUS_ARRIVING, STATUS_RETURNING, FastState
from sim.engines.fast_tables import FastTables

_DAY = rules.DAY
_NOON = 720
_MIDNIGHTS, _NOONS, _OPENINGS, _CLOSINGS, _LAST_CLOSINGS = 1, 2, 4, 8, 16
"""What the calendar has at a minute of the day: bits of ``FastState.calendar``."""
_OTHER = 7
_COUNT, _KEY, _POSITION, _HEIGHT, _AGE, _LOCALITY = (
    Purpose.POINT_COUNT, Purpose.POINT_KEY, Purpose.NEED_MINUTE, Purpose.NEED_HEIGHT, Purpose.ARRIVAL_AGE,
    Purpose.ARRIVAL_LOCALITY,
)  # fmt: skip
_ARRIVALS = Stream.ARRIVALS
_EDGES = np.array(EDGES)
_12 = np.uint64(12)
_AHEAD = 8
"""Points of people's lives between one that is settled and one whose person is fetched."""


@part
def begin_day(t: FastTables, s: FastState, day: int) -> None:
    """Put what is due on a day into the lists of its minutes, and mark what the calendar has."""
    c = s.clock[0]
    c.day = day
    if day < s.by_day.shape[1] - 1:
        slot, k = s.by_day[0, day], s.by_day[1, day]
        s.by_day[0, day] = s.by_day[1, day] = -1
        while slot >= 0:
            following = s.journeys[slot].next
            if s.journeys[slot].row >= 0:
                fetch(s.people, s.journeys[slot].row)
            schedule(s, slot, due_minute(s, slot))
            slot = following
        while k >= 0:
            following = s.extra[k].next
            link_point(s, k)
            k = following
    mark_day(t, s, day)
    plain_arrivals(t, s, day)


@part
def mark_day(t: FastTables, s: FastState, day: int) -> None:
    """Mark the minutes of a day at which the clock does something to the place."""
    s.calendar[:] = 0
    for pool in range(t.pools.size):
        if 0 < day <= t.closes.shape[1] and t.closes[pool, day - 1] == _DAY:
            s.calendar[0] |= _LAST_CLOSINGS
    if day >= t.place[0].days:
        return
    s.calendar[0] |= _MIDNIGHTS
    s.calendar[_NOON] |= _NOONS
    for pool in range(t.pools.size):
        if t.closes[pool, day] > 0:
            if t.opens[pool, day] < _DAY:
                s.calendar[t.opens[pool, day]] |= _OPENINGS
            if t.closes[pool, day] < _DAY:
                s.calendar[t.closes[pool, day]] |= _CLOSINGS


@part
def plain_arrivals(t: FastTables, s: FastState, day: int) -> None:
    """Plain arrivals of a day that are not past, put into the lists of their minutes."""
    c = s.clock[0]
    if day >= t.place[0].days:
        return
    for k in range(t.stream_to.size):
        stream = entity_key(run_key(c.seed, c.replication, _ARRIVALS + k), 0)
        bound = t.stream_rate[k, day]
        band = 0
        while band < BANDS and bound > _EDGES[band]:
            if band >= t.day_counts.shape[0]:
                c.fault = TOO_MANY_POINTS
                return
            bits, count = word(stream, day, _COUNT, band) >> _12, 0
            while t.day_counts[band, count] <= bits:
                count += 1
            for number in range(count):
                need = word(stream, day, _KEY, band * MOST_POINTS + number)
                height = _EDGES[band] + (_EDGES[band + 1] - _EDGES[band]) * uniform(need, 0, _HEIGHT, 0)
                if height < bound:
                    _arrive(t, s, k, day, need)
            band += 1


@part
def _arrive(t: FastTables, s: FastState, k: int, day: int, need: int) -> None:
    """Put a plain arrival of stream k into the list of its minute."""
    position = uniform(need, 0, _POSITION, 0)
    hour = rules.choice(position, t.stream_hours[k, :23])
    earlier = t.stream_hours[k, hour - 1] if hour > 0 else 0.0
    within = (position - earlier) / (t.stream_hours[k, hour] - earlier)
    minute = day * _DAY + hour * 60 + int(within * 60)
    if minute < s.clock[0].minute:
        return
    age = rules.choice(uniform(need, 0, _AGE, 0), t.stream_ages[k, : t.stream_ages.shape[1] - 1])
    localities = t.stream_localities[k, : t.stream_localities.shape[1] - 1]
    locality = rules.choice(uniform(need, 0, _LOCALITY, 0), localities)
    slot = new_journey(s, -1 - k, -1 - k, day, need, minute, 0, _OTHER, 0, age, locality)
    s.journeys[slot].status = STATUS_ARRIVING
    schedule(s, slot, minute)


@part
def do_calendar(t: FastTables, s: FastState, marks: int, now: int) -> None:
    """Closings of the day before, openings, closings, midnight and noon of this minute, before it is settled."""
    c, day = s.clock[0], s.clock[0].day
    if marks & _LAST_CLOSINGS:
        _closings(t, s, day - 1, _DAY)
    if marks & _OPENINGS:
        for pool in range(t.pools.size):
            if t.opens[pool, day] == now - day * _DAY and t.closes[pool, day] > 0:
                if t.pools[pool].slots > 0:
                    s.slots_left[pool] = slots(t, s, pool, day)
                    s.seen_today[pool] = 0
                touch(s, pool)
    if marks & _CLOSINGS:
        _closings(t, s, day, now - day * _DAY)
    if marks & _MIDNIGHTS:
        for pool in range(t.pools.size):
            touch(s, pool)
        c.midnight = 1
    if marks & _NOONS:
        c.outlets = 1


@part
def _closings(t: FastTables, s: FastState, day: int, minute: int) -> None:
    c = s.clock[0]
    for pool in range(t.pools.size):
        if t.closes[pool, day] == minute and t.pools[pool].slots > 0:
            s.closing[c.closing, 0] = pool
            s.closing[c.closing, 1] = s.slots_left[pool]
            s.closing[c.closing, 2] = s.seen_today[pool]
            c.closing += 1


@part
def next_minute(s: FastState, until: int) -> int:
    """The first minute from now on, of today, that anything is due at; ``until`` if it comes first."""
    c, minute, midnight = s.clock[0], s.clock[0].minute, s.clock[0].day * _DAY
    if c.point < c.points:
        until = min(until, s.points[c.point].minute)
    for of_day in range(minute - midnight, until - midnight):
        if s.calendar[of_day] != 0 or s.by_minute[0, of_day] >= 0 or s.by_minute[1, of_day] >= 0:
            return midnight + of_day
    return max(minute, until)


@part
def gather(s: FastState, now: int) -> None:
    """Set down everything due now."""
    c = s.clock[0]
    of_day = now - c.day * _DAY
    slot, k = s.by_minute[0, of_day], s.by_minute[1, of_day]
    s.by_minute[0, of_day] = s.by_minute[1, of_day] = -1
    while slot >= 0:
        j = s.journeys[slot]
        following = j.next
        if j.over > 0:
            free_journey(s, slot)
        elif j.status == STATUS_RETURNING:
            j.pending = 0
            s.returning[c.returning] = slot
            c.returning += 1
        elif j.status == STATUS_ARRIVING:
            j.pending = 0
            s.arriving[c.arriving] = slot
            c.arriving += 1
        elif j.early == now:
            s.early[c.early] = slot
            c.early += 1
        else:
            s.over[c.over] = slot
            c.over += 1
        slot = following
    while c.point < c.points and s.points[c.point].minute == now:
        if c.point + _AHEAD < c.points:
            fetch(s.people, s.points[c.point + _AHEAD].row)
        s.due[c.due] = c.point
        c.due += 1
        c.point += 1
    while k >= 0:
        following = s.extra[k].next
        s.due[c.due] = -1 - k
        c.due += 1
        k = following
