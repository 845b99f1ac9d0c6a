"""The clock, the queues and the places of the compiled engine; the contract is in ``engines/__init__.py``.

``run`` carries a state on until it needs something that is done outside (see its result), and is called again.
"""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import compiled, part
from sim.draws import BANDS, EDGES, MOST_POINTS, Purpose, Stream, entity_key, run_key, uniform, word
from sim.engines.fast_care import (
    ask_for,
    deconditioned,
    door,
    ends_at_home,
    escalates,
    first_stage,
    free_places,
    has_room,
    is_acute,
    keep_busy,
    keeps_place,
    kept_for_others,
    kind_of_need,
    lives_there,
    next_stage,
    only_leaves,
    open_at,
    place_of_death,
    readmitted_after,
    slots,
    threshold_flag,
    unseen,
    work_out,
)
from sim.engines.fast_log import event, write_stay, write_support, write_wait
from sim.engines.fast_life import lever, link_point, rate, read_more, succeed
from sim.engines.fast_programmes import is_ranking_day, ratio
from sim.engines.fast_state import STATUS_ARRIVING, STATUS_FREE, STATUS_LIVE, STATUS_RETURNING, FastState
from sim.engines.fast_tables import FastTables
from sim.log import EVENTS, FLAGS, NEVER, OUTCOMES
from sim.plan import QUARTER_DAYS

DONE, READ_QUARTER, RANK, MORE_ROOM = range(4)
"""What ``run`` asks for: nothing more; the points of the next quarter; ranking for programmes; longer arrays."""

_DAY = rules.DAY
_NOON = 720
_MIDNIGHTS, _NOONS, _OPENINGS, _CLOSINGS, _LAST_CLOSINGS = 1, 2, 4, 8, 16
"""What the calendar has at a minute of the day: bits of ``FastState.calendar``."""
_PLANNED, _REQUEST, _OTHER, _READMITTED_SEVERITY = 5, 6, 7, 3
_HOME, _MOVED, _DIED, _GAVE_UP, _DIVERTED, _ESCALATED, _CANCELLED, _ENDED, _LOST_PLACE = (
    OUTCOMES.index(name)
    for name in ("home", "moved", "died", "gave_up", "diverted", "escalated", "cancelled", "ended", "lost_place")
)
_DEATH, _END_OF_LIFE, _DROPPED, _AVOIDED, _SHED = (
    EVENTS.index(name) for name in ("death", "end_of_life", "dropped_need", "need_avoided", "gp_shed")
)
_EARLY_FLAG, _REBOOKED, _READMISSION = FLAGS["early"], FLAGS["rebooked"], FLAGS["readmission"]
_COUNT, _KEY, _POSITION, _HEIGHT, _AGE, _LOCALITY = (
    Purpose.POINT_COUNT, Purpose.POINT_KEY, Purpose.NEED_MINUTE, Purpose.NEED_HEIGHT, Purpose.ARRIVAL_AGE,
    Purpose.ARRIVAL_LOCALITY,
)  # fmt: skip
_ARRIVALS = Stream.ARRIVALS
_EDGES = np.array(EDGES)
_TOO_MANY_POINTS = 1
_ROOM = 4096


# -- rows of journeys, lists by minute and day -----------------------------------------------------------------------


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
def _comes_first(s: FastState, a: int, b: int, leavers_first: bool) -> bool:
    if leavers_first and s.journeys[a].leaver != s.journeys[b].leaver:
        return s.journeys[a].leaver > s.journeys[b].leaver
    return before(s, a, b)


# -- queues ------------------------------------------------------------------------------------------------------------


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
        place = _place_in_queue(s, slot)
        if place < s.queue_to[pool] and s.queue[pool, place] == slot:
            take_from_queue(s, pool, place)
    c.joining = n
    touch(s, pool)
    j.wait_stage = -1


@part
def touch(s: FastState, pool: int) -> None:
    """A pool has to be looked at again."""
    s.touched[pool] = 1
    s.clock[0].any_touched = 1


# -- asking, starting, leaving -----------------------------------------------------------------------------------------


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
        last = s.people[j.row].first_journey
        if last < 0:
            s.people[j.row].first_journey = slot
        else:
            while s.journeys[last].next_of_person >= 0:
                last = s.journeys[last].next_of_person
            s.journeys[last].next_of_person = slot
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
    j.stage, j.pool, j.asked, j.came_from, j.frailty, j.flags = (
        stage, pool, j.wait_asked, j.wait_came_from, j.wait_frailty, j.wait_flags,
    )  # fmt: skip
    j.wait_stage = -1
    j.started, j.ready, j.process, j.sourcing, j.onward, j.early, j.route = now, NEVER, 0, 0, NEVER, NEVER, NEVER
    j.dies, j.stay_ratio = 0, 1.0
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
        if wait > 0:
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
    j, c = s.journeys[slot], s.clock[0]
    row = j.row
    end_support(s, row, _ENDED, now)
    s.people[row].residence = t.stages[j.stage].residence
    k = c.supports_free
    if k >= 0:
        c.supports_free = s.supports[k].next
    else:
        k = c.supports_top
        c.supports_top += 1
    support = s.supports[k]
    support.row, support.person, support.generation, support.need = row, j.person, j.generation, j.need
    support.chain, support.cause, support.severity, support.age, support.locality = (
        j.chain, j.cause, j.severity, j.age, j.locality,
    )  # fmt: skip
    support.stage, support.pool, support.asked, support.started = j.stage, j.pool, j.asked, j.started
    support.came_from, support.frailty, support.flags = j.came_from, j.frailty, j.flags
    s.people[row].support = k
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


# -- life events -------------------------------------------------------------------------------------------------------


@part
def happen(t: FastTables, s: FastState, kind: int, row: int, need: int, height: float, now: int) -> None:
    """A point of a person's life is due: whether it happens, and what follows."""
    place, p = t.place[0], s.people[row]
    if kind == 0:
        _urgent_need(t, s, row, need, height, now)
        return
    if not rules.happens(height, rate(t, s, kind, row) * lever(t, s, kind, row, now)):
        return
    if kind == 1:
        slot = new_journey(s, row, p.person, p.generation, need, now, 0, _PLANNED, 0, p.age, p.locality)
        begin(t, s, slot, place.referral_stage, -1, 0, now)
    elif kind == 2 and p.busy == 0:
        die(t, s, row, -1, now)
    elif kind == 3 and p.end_of_life == 0:
        p.end_of_life = 1
        event(s, _END_OF_LIFE, row, 0, now)
        read_more(t, s, row, now)
    elif kind in (4, 5) and p.busy == 0:
        _request(t, s, row, need, place.home_care_stage if kind == 4 else place.care_home_stage, now)
    elif kind == 6 and p.busy == 0:
        end_support(s, row, _ENDED, now)
        p.residence = 0
        read_more(t, s, row, now)


@part
def _urgent_need(t: FastTables, s: FastState, row: int, need: int, height: float, now: int) -> None:
    severity, cause = kind_of_need(t, s, row, need)
    p = s.people[row]
    plain = rate(t, s, 0, row) * t.need_by_day[severity, p.age, now // _DAY]
    moved = plain
    for k in range(t.severity_levers.shape[1]):
        if t.severity_levers[severity, k] >= 0:
            moved *= ratio(t, s, t.severity_levers[severity, k], row, now)
    if not rules.happens(height, moved):
        if rules.happens(height, plain):
            event(s, _AVOIDED, row, severity, now)
        return
    if p.busy != 0:
        event(s, _DROPPED, row, severity, now)
        return
    slot = new_journey(s, row, p.person, p.generation, need, now, 0, severity, cause, p.age, p.locality)
    begin(t, s, slot, door(t, s, row, severity, need, now), -1, 0, now)


@part
def _request(t: FastTables, s: FastState, row: int, need: int, stage: int, now: int) -> None:
    p = s.people[row]
    k = p.first_journey
    while k >= 0:
        if s.journeys[k].severity == _REQUEST:
            return
        k = s.journeys[k].next_of_person
    if stage >= 0 and p.residence < t.stages[stage].residence:
        slot = new_journey(s, row, p.person, p.generation, need, now, 0, _REQUEST, 0, p.age, p.locality)
        begin(t, s, slot, stage, -1, 0, now)


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
    succeed(t, s, row)
    read_more(t, s, row, now)


# -- once a day --------------------------------------------------------------------------------------------------------


@part
def close(t: FastTables, s: FastState, pool: int, slots_left: int, seen_today: int, now: int) -> None:
    """Closing time: people not seen wait for the next day, turn elsewhere or drop out."""
    c, place, n = s.clock[0], t.place[0], 0
    for k in range(s.queue_from[pool], s.queue_to[pool]):
        slot = s.queue[pool, k]
        if t.stages[s.journeys[slot].wait_stage].unseen_wait >= 0.0:
            s.spare[n] = slot
            n += 1
    share = n / max(1, n + seen_today)
    if t.pools[pool].gp_share > 0.0:
        c.gp_backlog = max(0.0, c.gp_backlog - slots_left * place.gp_urgent)
        most = place.gp_backlog_days * place.gp_routine
        if c.gp_backlog > most:
            event(s, _SHED, -1, int(np.rint(c.gp_backlog - most)), now)
            c.gp_backlog = most
    for k in range(n):
        slot = s.spare[k]
        answer = unseen(t, s, slot, share, now)
        if answer == rules.WAITS:
            continue
        stage = s.journeys[slot].wait_stage
        target = t.stages[stage].unseen_to if answer == rules.DIVERTS else -1
        write_wait(s, slot, _DIVERTED if answer == rules.DIVERTS else _GAVE_UP, target, now)
        unqueue(s, slot)
        if target >= 0:
            ask(t, s, slot, target, stage, 0, now)
        else:
            finish(t, s, slot)


@part
def _outlets(t: FastTables, s: FastState, now: int) -> None:
    """At noon, people who have waited too long may go another way."""
    for pool in range(s.queue.shape[0]):
        n = s.queue_to[pool] - s.queue_from[pool]
        for k in range(n):
            s.spare[k] = s.queue[pool, s.queue_from[pool] + k]
        for k in range(n):
            slot = s.spare[k]
            if not escalates(t, s, slot, now):
                continue
            j = s.journeys[slot]
            target, came_from = t.stages[j.wait_stage].escalate_to, j.wait_came_from
            write_wait(s, slot, _ESCALATED, target, now)
            unqueue(s, slot)
            if target >= 0 and not lives_there(t, s, slot, target):
                ask(t, s, slot, target, came_from, 0, now)
            elif j.stage >= 0:
                go_home(t, s, slot, now)
            else:
                finish(t, s, slot)


@part
def _give_up_places_of_long_absent(t: FastTables, s: FastState, now: int) -> None:
    """A residence place is given up after too long in hospital; the person asks for one when leaving."""
    c = s.clock[0]
    rows = np.sort(s.away[: c.away])
    c.away = 0
    for row in rows:
        p = s.people[row]
        if p.busy == 0 or p.support < 0:
            p.away = -1
            continue
        stage = s.supports[p.support].stage
        if now - p.away >= t.stages[stage].place_kept:
            p.lost_place = stage
            p.away = -1
            end_support(s, row, _LOST_PLACE, now)
            p.residence = 0
            read_more(t, s, row, now)
        else:
            s.away[c.away] = row
            c.away += 1


# -- settling an instant -----------------------------------------------------------------------------------------------


@part
def _end_stay(t: FastTables, s: FastState, slot: int, now: int) -> None:
    """A stay is over: the person dies, goes home, or asks for the next stage."""
    j = s.journeys[slot]
    if j.dies > 0:
        die(t, s, j.row, slot, now)
        return
    target, cancelled = next_stage(t, s, slot, now)
    stage = j.stage
    if cancelled:
        leave(t, s, slot, _CANCELLED, target, now)
        j.chain += 1
        s.visits[slot, :] = 0
        ask(t, s, slot, target, stage, _REBOOKED, now)
    elif target < 0:
        go_home(t, s, slot, now)
    else:
        ask(t, s, slot, target, stage, threshold_flag(t, s, slot), now)
        if not keeps_place(t, s, slot, target):
            leave(t, s, slot, _MOVED, target, now)


@part
def _leave_early(t: FastTables, s: FastState, slot: int, now: int) -> None:
    j = s.journeys[slot]
    target = t.stages[j.stage].early_to
    j.early = NEVER
    if has_room(t, s, slot, target, now):
        j.flags |= _EARLY_FLAG
        j.ready = j.onward = now
        j.route, j.process, j.sourcing = NEVER, 0, 0
        ask(t, s, slot, target, j.stage, 0, now)
    else:
        schedule(s, slot, j.onward)


@part
def _fill(t: FastTables, s: FastState, now: int) -> None:
    """Fill places pool by pool in plan order, until a pass starts nobody."""
    c = s.clock[0]
    pools = s.touched.size
    this_pass = np.empty(pools, np.int8)
    while c.any_touched > 0:
        c.any_touched = 0
        for pool in range(pools):
            this_pass[pool] = s.touched[pool]
            s.touched[pool] = 0
        for pool in range(pools):
            if this_pass[pool] > 0 and s.queue_to[pool] > s.queue_from[pool] and open_at(t, pool, now):
                _fill_pool(t, s, pool, now)


@part
def _fill_pool(t: FastTables, s: FastState, pool: int, now: int) -> None:
    place = 0
    while place < s.queue_to[pool] - s.queue_from[pool]:
        at = s.queue_from[pool] + place
        slot = s.queue[pool, at]
        kept = kept_for_others(t, pool, s.journeys[slot].wait_came_from)
        if rules.may_start(free_places(t, s, pool, now), kept):
            take_from_queue(s, pool, at)
            start_stay(t, s, slot, now)
        else:
            place += 1
            if t.pools[pool].reserves == 0:
                return


@part
def _settle_leaving(t: FastTables, s: FastState, now: int) -> None:
    """First half of settling: stays that are over, early ways out, closing times, outlets, places given up."""
    c = s.clock[0]
    if c.over > 1:
        for k in range(c.over):
            s.journeys[s.over[k]].leaver = only_leaves(t, s, s.over[k])
        sort_by_id(s, s.over, c.over, True)
    for k in range(c.over):
        if s.journeys[s.over[k]].over == 0:
            _end_stay(t, s, s.over[k], now)
    sort_by_id(s, s.early, c.early, False)
    for k in range(c.early):
        if s.journeys[s.early[k]].over == 0:
            _leave_early(t, s, s.early[k], now)
    for k in range(c.closing):
        close(t, s, s.closing[k, 0], s.closing[k, 1], s.closing[k, 2], now)
    if c.outlets > 0 and t.place[0].any_outlet > 0:
        _outlets(t, s, now)
    if c.midnight > 0:
        _give_up_places_of_long_absent(t, s, now)


@part
def _settle_coming(t: FastTables, s: FastState, now: int) -> None:
    """Second half: life events, readmissions, plain arrivals, queues, and filling of places."""
    c = s.clock[0]
    _sort_due(s, c.due)
    for k in range(c.due):
        point = s.points[s.due[k]] if s.due[k] >= 0 else s.extra[-1 - s.due[k]]
        if s.people[point.row].generation == point.generation:
            happen(t, s, point.kind, point.row, point.need, point.height, now)
    for k in range(c.due):
        if s.due[k] < 0:
            s.extra[-1 - s.due[k]].kind = -1
            s.extra[-1 - s.due[k]].next = c.extra_free
            c.extra_free = -1 - s.due[k]
    sort_by_id(s, s.returning, c.returning, False)
    for k in range(c.returning):
        _readmit(t, s, s.returning[k], now)
    sort_by_id(s, s.arriving, c.arriving, False)
    for k in range(c.arriving):
        slot = s.arriving[k]
        s.journeys[slot].status = STATUS_LIVE
        begin(t, s, slot, t.stream_to[-1 - s.journeys[slot].row], -1, 0, now)
    c.over = c.early = c.closing = c.due = c.returning = c.arriving = c.outlets = c.midnight = 0
    n = c.joining
    sort_by_id(s, s.joining, n, False)
    for k in range(n):
        enqueue(t, s, s.joining[k])
    c.joining = 0
    _fill(t, s, now)


@part
def _readmit(t: FastTables, s: FastState, slot: int, now: int) -> None:
    """A drawn readmission is due: it comes unless the person has died or is in care already."""
    j = s.journeys[slot]
    p = s.people[j.row]
    if p.generation == j.generation and p.busy == 0:
        j.status = STATUS_LIVE
        begin(t, s, slot, t.place[0].readmission_stage, -1, _READMISSION, now)
    else:
        free_journey(s, slot)


@part
def _sort_due(s: FastState, n: int) -> None:
    """Put points that are due in order of person, generation, kind and need (insertion: there are few)."""
    for i in range(1, n):
        k, number = i, s.due[i]
        while k > 0 and _point_before(s, number, s.due[k - 1]):
            s.due[k] = s.due[k - 1]
            k -= 1
        s.due[k] = number


@part
def _point_before(s: FastState, a: int, b: int) -> bool:
    x = s.points[a] if a >= 0 else s.extra[-1 - a]
    y = s.points[b] if b >= 0 else s.extra[-1 - b]
    if x.row != y.row:
        return s.people[x.row].person < s.people[y.row].person
    if x.generation != y.generation:
        return x.generation < y.generation
    return x.kind < y.kind if x.kind != y.kind else x.need < y.need


# -- the calendar ------------------------------------------------------------------------------------------------------


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
                c.fault = _TOO_MANY_POINTS
                return
            u, count = uniform(stream, day, _COUNT, band), 0
            while t.day_counts[band, count] <= u:
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
def _do_calendar(t: FastTables, s: FastState, marks: int, now: int) -> None:
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
def _gather(s: FastState, now: int) -> bool:
    """Set down everything due now; True if there is anything."""
    c = s.clock[0]
    of_day = now - c.day * _DAY
    slot, k = s.by_minute[0, of_day], s.by_minute[1, of_day]
    s.by_minute[0, of_day] = s.by_minute[1, of_day] = -1
    while slot >= 0:
        j = s.journeys[slot]
        following = j.next
        j.pending = 0
        if j.over > 0:
            free_journey(s, slot)
        elif j.status == STATUS_RETURNING:
            s.returning[c.returning] = slot
            c.returning += 1
        elif j.status == STATUS_ARRIVING:
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
        s.due[c.due] = c.point
        c.due += 1
        c.point += 1
    while k >= 0:
        following = s.extra[k].next
        s.due[c.due] = -1 - k
        c.due += 1
        k = following
    return c.over + c.early + c.returning + c.arriving + c.due > 0


# -- the run -----------------------------------------------------------------------------------------------------------


@compiled()
def wake(t: FastTables, s: FastState) -> None:
    """Put everything that is to come on the clock, and those who wait into their queues, in order."""
    c = s.clock[0]
    c.day = c.minute // _DAY
    s.by_minute[:] = -1
    s.by_day[:] = -1
    s.queue_from[:] = 0
    s.queue_to[:] = 0
    s.asking[:] = 0
    for k in range(c.extra_top):
        if s.extra[k].kind >= 0:
            link_point(s, k)
    for slot in range(c.journeys_top):
        j = s.journeys[slot]
        if j.status == STATUS_FREE:
            continue
        if j.over > 0 or j.status == STATUS_ARRIVING:
            free_journey(s, slot)
        elif j.wait_stage >= 0:
            s.asking[j.wait_pool] += 1
            enqueue(t, s, slot)
        else:
            schedule(s, slot, due_minute(s, slot))
    for pool in range(s.touched.size):
        touch(s, pool)
    mark_day(t, s, c.day)
    plain_arrivals(t, s, c.day)


@compiled()
def run(t: FastTables, s: FastState, until: int) -> int:
    """Carry a state on to a minute, or until something is needed that is done outside; says which."""
    c = s.clock[0]
    while c.fault == 0:
        if c.phase == 0:
            if c.minute >= until:
                return DONE
            if c.minute == (c.day + 1) * _DAY:
                begin_day(t, s, c.day + 1)
            if c.minute == c.day * _DAY and c.day + 1 < t.place[0].days and (c.day + 1) // QUARTER_DAYS > c.quarter:
                return READ_QUARTER
            if not _has_room(s):
                return MORE_ROOM
            marks = s.calendar[c.minute - c.day * _DAY]
            anything = _gather(s, c.minute)
            if marks == 0 and not anything:
                c.minute += 1
                continue
            _do_calendar(t, s, marks, c.minute)
            _settle_leaving(t, s, c.minute)
            c.phase = 1
            if c.midnight > 0:
                for i in range(t.programmes.size):
                    if is_ranking_day(t, i, c.day):
                        return RANK
        _settle_coming(t, s, c.minute)
        c.phase = 0
        c.minute += 1
    return DONE


@part
def _has_room(s: FastState) -> bool:
    """True if no array can be too short for whatever the next instant brings."""
    c = s.clock[0]
    live = c.journeys_live + _ROOM
    return (
        c.journeys_top + live < s.journeys.size
        and c.ended + 3 * live < s.ended.size
        and c.events + live < s.events.size
        and c.supports_top + _ROOM < s.supports.size
        and c.extra_top + _ROOM < s.extra.size
        and c.admissions + live < s.admissions.size
        and c.away + _ROOM < s.away.size
        and live < s.queue.shape[1]
    )
