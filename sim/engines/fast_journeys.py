"""Journeys of the compiled engine: their rows, the lists of what is due, the order of ids, and queues."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import part
from sim.engines.fast_state import STATUS_FREE, STATUS_LIVE, FastState
from sim.engines.fast_tables import FastTables
from sim.log import NEVER

_DAY = rules.DAY


@part
def new_journey(
    s: FastState, row: int, person: int, generation: int, need: int, need_minute: int, chain: int, severity: int,
    cause: int, age: int, locality: int,
) -> int:  # fmt: skip
    """A free row of journeys, filled in."""
    c = s.clock[0]
    slot = c.journeys_free
    if slot >= 0:
        c.journeys_free = s.journeys[slot].next
    else:
        slot = c.journeys_top
        c.journeys_top += 1
    j = s.journeys[slot]
    j.row, j.person, j.generation, j.need, j.need_minute, j.chain = row, person, generation, need, need_minute, chain
    j.severity, j.cause, j.age, j.locality = severity, cause, age, locality
    j.pool_key = s.people[row].key if row >= 0 else need
    j.stage = j.wait_stage = j.next_of_person = -1
    j.status, j.over, j.busy, j.pending = STATUS_LIVE, 0, 0, 0
    s.visits[slot, :] = 0
    c.journeys_live += 1
    return slot


@part
def free_journey(s: FastState, slot: int) -> None:
    """Give a row of journeys back."""
    c = s.clock[0]
    s.journeys[slot].status = STATUS_FREE
    s.journeys[slot].next = c.journeys_free
    c.journeys_free = slot
    c.journeys_live -= 1


@part
def add_to_person(s: FastState, slot: int) -> None:
    """Add a journey to the end of the list of its person's."""
    p = s.people[s.journeys[slot].row]
    last = p.first_journey
    if last < 0:
        p.first_journey = slot
        return
    while s.journeys[last].next_of_person >= 0:
        last = s.journeys[last].next_of_person
    s.journeys[last].next_of_person = slot


@part
def take_place(s: FastState, slot: int, now: int) -> None:
    """The stay that was waited for is the one in progress, and nothing of it is worked out yet."""
    j = s.journeys[slot]
    j.stage, j.pool, j.asked, j.came_from = j.wait_stage, j.wait_pool, j.wait_asked, j.wait_came_from
    j.frailty, j.flags = j.wait_frailty, j.wait_flags
    j.wait_stage = -1
    j.started, j.ready, j.process, j.sourcing, j.onward, j.early, j.route = now, NEVER, 0, 0, NEVER, NEVER, NEVER
    j.dies, j.stay_ratio = 0, 1.0


@part
def hold_support(s: FastState, slot: int) -> None:
    """Hold the stay of a journey as the person's residence support, beside journeys."""
    c, j = s.clock[0], s.journeys[slot]
    k = c.supports_free
    if k >= 0:
        c.supports_free = s.supports[k].next
    else:
        k = c.supports_top
        c.supports_top += 1
    support = s.supports[k]
    support.row, support.person, support.generation, support.need = j.row, j.person, j.generation, j.need
    support.chain, support.cause, support.severity = j.chain, j.cause, j.severity
    support.age, support.locality, support.frailty = j.age, j.locality, j.frailty
    support.stage, support.pool, support.asked, support.started = j.stage, j.pool, j.asked, j.started
    support.came_from, support.flags = j.came_from, j.flags
    s.people[j.row].support = k


@part
def schedule(s: FastState, slot: int, minute: int) -> None:
    """Put a journey into the list of a minute, or of its day if that is not today."""
    j, day = s.journeys[slot], s.clock[0].day
    j.pending = 1
    on = minute // _DAY
    if on == day:
        j.next = s.by_minute[0, minute - day * _DAY]
        s.by_minute[0, minute - day * _DAY] = slot
    else:
        later = min(on, s.by_day.shape[1] - 1)
        j.next = s.by_day[0, later]
        s.by_day[0, later] = slot


@part
def due_minute(s: FastState, slot: int) -> int:
    """Minute at which something is due for a journey that is not waiting for a place."""
    j = s.journeys[slot]
    if j.status != STATUS_LIVE:
        return j.need_minute
    return j.early if j.early != NEVER else j.onward


@part
def before(s: FastState, a: int, b: int) -> bool:
    """True if the first journey's id is lower: person, generation, minute of the need, chain, need."""
    x, y = s.journeys[a], s.journeys[b]
    if x.person != y.person:
        return x.person < y.person
    if x.generation != y.generation:
        return x.generation < y.generation
    if x.need_minute != y.need_minute:
        return x.need_minute < y.need_minute
    if x.chain != y.chain:
        return x.chain < y.chain
    return x.need < y.need


@part
def sort_by_id(s: FastState, line: np.ndarray, n: int, leavers_first: bool) -> None:
    """Put journeys in order of id, in place; those that only leave first where asked (Shell's method)."""
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            slot, k = line[i], i
            while k >= gap and _comes_first(s, slot, line[k - gap], leavers_first):
                line[k] = line[k - gap]
                k -= gap
            line[k] = slot
        gap //= 2


@part
def sort_numbers(numbers: np.ndarray, n: int) -> None:
    """Put the first n numbers in order, in place (insertion: there are few)."""
    for i in range(1, n):
        number, k = numbers[i], i
        while k > 0 and numbers[k - 1] > number:
            numbers[k] = numbers[k - 1]
            k -= 1
        numbers[k] = number


@part
def _comes_first(s: FastState, a: int, b: int, leavers_first: bool) -> bool:
    if leavers_first and s.journeys[a].leaver != s.journeys[b].leaver:
        return s.journeys[a].leaver > s.journeys[b].leaver
    return before(s, a, b)


# -- queues ---------------------------------------------------------------------------------------------------------


@part
def _queued_before(s: FastState, a: int, b: int) -> bool:
    """True if the first stands before the second in the queue they share: rank, minute asked, id, stage before."""
    x, y = s.journeys[a], s.journeys[b]
    if x.wait_rank != y.wait_rank:
        return x.wait_rank < y.wait_rank
    if x.wait_asked != y.wait_asked:
        return x.wait_asked < y.wait_asked
    if a == b or not (before(s, a, b) or before(s, b, a)):
        return x.wait_came_from < y.wait_came_from
    return before(s, a, b)


@part
def _place_in_queue(s: FastState, slot: int) -> int:
    """Place of the first in the queue who does not stand before a journey."""
    pool = s.journeys[slot].wait_pool
    low, high = s.queue_from[pool], s.queue_to[pool]
    while low < high:
        middle = (low + high) // 2
        if _queued_before(s, s.queue[pool, middle], slot):
            low = middle + 1
        else:
            high = middle
    return low


@part
def enqueue(t: FastTables, s: FastState, slot: int) -> None:
    """Join the queue of the pool asked for."""
    j = s.journeys[slot]
    pool = j.wait_pool
    j.wait_rank = t.first[pool, j.wait_came_from if j.wait_came_from >= 0 else t.first.shape[1] - 1]
    if s.queue_to[pool] == s.queue.shape[1]:
        start, n = s.queue_from[pool], s.queue_to[pool] - s.queue_from[pool]
        for k in range(n):
            s.queue[pool, k] = s.queue[pool, start + k]
        s.queue_from[pool], s.queue_to[pool] = 0, n
    place = _place_in_queue(s, slot)
    for k in range(s.queue_to[pool], place, -1):
        s.queue[pool, k] = s.queue[pool, k - 1]
    s.queue[pool, place] = slot
    s.queue_to[pool] += 1
    touch(s, pool)


@part
def queue_again(t: FastTables, s: FastState, pool: int) -> None:
    """Put a queue in order again under a plan that may rank otherwise; one that is in order already stays at once."""
    first, n = s.queue_from[pool], s.queue_to[pool] - s.queue_from[pool]
    s.spare[:n] = s.queue[pool, first : first + n]
    s.queue_from[pool] = s.queue_to[pool] = 0
    for k in range(n):
        enqueue(t, s, s.spare[k])


@part
def queued_at(s: FastState, slot: int) -> int:
    """Place in the queue of somebody who waits, -1 if not in it yet."""
    pool, place = s.journeys[slot].wait_pool, _place_in_queue(s, slot)
    return place if place < s.queue_to[pool] and s.queue[pool, place] == slot else -1


@part
def take_from_queue(s: FastState, pool: int, place: int) -> None:
    """Take out who stands at a place of a queue."""
    if place == s.queue_from[pool]:
        s.queue_from[pool] += 1
        return
    for k in range(place, s.queue_to[pool] - 1):
        s.queue[pool, k] = s.queue[pool, k + 1]
    s.queue_to[pool] -= 1


@part
def unqueue(s: FastState, slot: int) -> None:
    """Leave the queue (or the line of those about to join it)."""
    j, c = s.journeys[slot], s.clock[0]
    if j.wait_stage < 0:
        return
    pool = j.wait_pool
    s.asking[pool] -= 1
    n = 0
    for k in range(c.joining):
        if s.joining[k] != slot:
            s.joining[n] = s.joining[k]
            n += 1
    if n == c.joining:
        place = queued_at(s, slot)
        if place >= 0:
            take_from_queue(s, pool, place)
    c.joining = n
    touch(s, pool)
    j.wait_stage = -1


@part
def touch(s: FastState, pool: int) -> None:
    """A pool has to be looked at again."""
    if s.touched[pool] == 0:
        c = s.clock[0]
        s.touched[pool] = 1
        s.touch_list[c.touched] = pool
        c.touched += 1
