"""The clock of the compiled engine, and settling of everything due at an instant; see ``engines/__init__.py``.

``run`` carries a state on until it needs something that is done outside (see its result), and is called again.
"""

from __future__ import annotations

from sim import rules
from sim.compiled import compiled, part
from sim.engines.fast_calendar import begin_day, do_calendar, gather, mark_day, next_minute, plain_arrivals
from sim.engines.fast_care import (
    free_places,
    has_room,
    keeps_place,
    kept_for_others,
    next_stage,
    only_leaves,
    open_at,
    threshold_flag,
)
from sim.engines.fast_events import close, give_up_places_of_long_absent, happen, outlets
from sim.engines.fast_journeys import (
    due_minute,
    enqueue,
    free_journey,
    queue_again,
    queued_at,
    schedule,
    sort_by_id,
    sort_numbers,
    take_from_queue,
    touch,
)
from sim.engines.fast_life import link_point
from sim.engines.fast_programmes import is_ranking_day
from sim.engines.fast_state import STATUS_ARRIVING, STATUS_FREE, STATUS_LIVE, FastState
from sim.engines.fast_stays import ask, begin, die, go_home, leave, start_stay
from sim.engines.fast_tables import FastTables
from sim.engines.fast_workload import is_workload_day
from sim.log import FLAGS, NEVER, OUTCOMES
from sim.plans.plan import QUARTER_DAYS

DONE, READ_QUARTER, RANK, MORE_ROOM = range(4)
"""What ``run`` asks for: nothing more; the points of the next quarter; ranking for programmes; longer arrays."""

_DAY = rules.DAY
_EARLY_FLAG, _REBOOKED, _READMISSION = FLAGS["early"], FLAGS["rebooked"], FLAGS["readmission"]
_MOVED, _CANCELLED = OUTCOMES.index("moved"), OUTCOMES.index("cancelled")
_ROOM = 4096


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
    while c.touched > 0:
        n, c.touched = c.touched, 0
        for i in range(n):
            s.this_pass[i] = s.touch_list[i]
        sort_numbers(s.this_pass, n)
        for i in range(n):
            s.touched[s.this_pass[i]] = 0
        for i in range(n):
            pool = s.this_pass[i]
            if s.queue_to[pool] > s.queue_from[pool] and open_at(t, pool, now):
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
def _is_still_on(s: FastState, slot: int) -> bool:
    """True unless a journey that is due was ended earlier in this instant: only now may its row be used again."""
    j = s.journeys[slot]
    j.pending = 0
    if j.over > 0:
        free_journey(s, slot)
    return j.over == 0


@part
def _settle_leaving(t: FastTables, s: FastState, now: int) -> None:
    """First half of settling: stays that are over, early ways out, closing times, outlets, places given up."""
    c = s.clock[0]
    if c.over > 1:
        for k in range(c.over):
            s.journeys[s.over[k]].leaver = only_leaves(t, s, s.over[k])
        sort_by_id(s, s.over, c.over, True)
    for k in range(c.over):
        if _is_still_on(s, s.over[k]):
            _end_stay(t, s, s.over[k], now)
    sort_by_id(s, s.early, c.early, False)
    for k in range(c.early):
        if _is_still_on(s, s.early[k]):
            _leave_early(t, s, s.early[k], now)
    for k in range(c.closing):
        close(t, s, s.closing[k, 0], s.closing[k, 1], s.closing[k, 2], now)
    if c.outlets > 0 and t.place[0].any_outlet > 0:
        outlets(t, s, now)
    if c.midnight > 0:
        give_up_places_of_long_absent(t, s, now)


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


# -- the run -----------------------------------------------------------------------------------------------------------


@compiled()
def wake(t: FastTables, s: FastState) -> None:
    """Put everything that is to come on the clock, and those who wait into their queues, in order."""
    c = s.clock[0]
    c.day = c.minute // _DAY
    s.by_minute[:] = -1
    s.by_day[:] = -1
    s.asking[:] = 0
    for pool in range(s.queue_to.size):
        queue_again(t, s, pool)
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
            if queued_at(s, slot) < 0:
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
            c.minute = next_minute(s, min(until, (c.day + 1) * _DAY))
            if c.minute >= until:
                return DONE
            if not _has_room(t, s):
                return MORE_ROOM
            if c.minute == (c.day + 1) * _DAY:
                begin_day(t, s, c.day + 1)
                continue
            if c.minute == c.day * _DAY and c.day + 1 < t.place[0].days and (c.day + 1) // QUARTER_DAYS > c.quarter:
                return READ_QUARTER
            gather(s, c.minute)
            do_calendar(t, s, s.calendar[c.minute - c.day * _DAY], c.minute)
            _settle_leaving(t, s, c.minute)
            c.phase = 1
            if c.midnight > 0:
                for i in range(t.programmes.size):
                    if is_ranking_day(t, i, c.day):
                        return RANK
                if is_workload_day(t, s, c.day):
                    return RANK
        _settle_coming(t, s, c.minute)
        c.phase = 0
        c.minute += 1
    return DONE


@part
def _has_room(t: FastTables, s: FastState) -> bool:
    """True if no array can be too short for whatever the next instant, and the arrivals of a day, bring."""
    c = s.clock[0]
    live = c.journeys_live + t.place[0].most_arrivals + _ROOM
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
