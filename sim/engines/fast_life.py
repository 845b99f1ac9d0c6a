"""Life events in the compiled engine: reading points quarter by quarter, rates, succession; see ``life.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import rules
from sim.compiled import compiled, part
from sim.draws import EDGES, MOST_POINTS, Purpose, entity_key, uniform, word
from sim.engines.fast_courses import count_states, draw_states
from sim.engines.fast_programmes import ratio
from sim.engines.fast_state import FastState
from sim.engines.fast_tables import HALF_HOURS, FastTables
from sim.plans.plan import COURSE, LIFE_EVENTS, QUARTER_DAYS
from sim.population import GENERATION_BITS

_DAY = rules.DAY
_URGENT = LIFE_EVENTS.index("urgent")
_KINDS = len(LIFE_EVENTS)
_QUARTER = QUARTER_DAYS * _DAY
_EDGES = np.array(EDGES)
_COUNT, _KEY, _MINUTE, _HEIGHT, _CONDITION = (
    Purpose.POINT_COUNT, Purpose.POINT_KEY, Purpose.NEED_MINUTE, Purpose.NEED_HEIGHT, Purpose.CONDITION,
)  # fmt: skip
TOO_MANY_POINTS, NO_ROOM = 1, 2
"""Faults: a rate too high for its cell; a buffer that was too short."""
_ROOM = 8192
_12 = np.uint64(12)


@part
def rate(t: FastTables, s: FastState, kind: int, row: int) -> float:
    """Events a person-year of a kind, as the person is now; urgent needs before season and levers."""
    p = s.people[row]
    of_group = t.life_rates[kind, p.age, p.frailty, p.residence, p.end_of_life]
    return of_group * p.multiplier if kind == _URGENT else of_group


@part
def lever(t: FastTables, s: FastState, kind: int, row: int, now: int) -> float:
    """Levers on life events other than urgent needs."""
    product = 1.0
    for k in range(t.life_levers.shape[1]):
        if t.life_levers[kind, k] >= 0:
            product *= ratio(t, s, t.life_levers[kind, k], row, now)
    return product


@part
def points_in_band(t: FastTables, bits: int, band: int) -> int:
    """Number of points in a band of a cell with these 52 random bits, -1 if no cell can hold so many."""
    if band >= t.quarter_counts.shape[0]:
        return -1
    n = 0
    while t.quarter_counts[band, n] <= bits:
        n += 1
    return n


@part
def minute_of(t: FastTables, kind: int, quarter: int, position: float) -> int:
    """Minute of a position in a quarter: urgent needs follow the pattern of the week, others are even."""
    first = quarter * _QUARTER
    if kind != _URGENT:
        return first + int(position * _QUARTER)
    weekday = (t.place[0].first_weekday + quarter * QUARTER_DAYS) % 7
    edges = t.week_edges[weekday]
    x, low = position * edges[HALF_HOURS], t.week_starts[weekday, int(position * HALF_HOURS)]
    while low < HALF_HOURS - 1 and edges[low + 1] <= x:
        low += 1
    slope = 1.0 / (edges[low + 1] - edges[low])
    return first + min(int((slope * (x - edges[low]) + low) * 30), _QUARTER - 1)


@compiled()
def read_people(t: FastTables, s: FastState, first: int, fresh: bool) -> int:
    """Read the points of this quarter above what has been read, of people from a row on; ``fresh`` if nothing has been.

    Returns the row to go on with when there is more room, or the number of people when all are read.
    """
    c, people, read, room, rates = s.clock[0], s.people, s.bounds, s.points.size - _ROOM, t.highest_rates
    quarter, n, some = c.quarter, c.points, t.quarter_counts[:, 0].copy()
    busiest = t.busiest[min(quarter, t.busiest.shape[0] - 1)]
    follows = t.course_condition.size > 0
    for row in range(first, people.size):
        if n > room:
            c.points = n
            return row
        p = people[row]
        age, life = p.age, p.life
        of_group = rates[age, p.frailty, p.residence, p.end_of_life]
        for kind in range(_KINDS):
            bound = of_group[kind]
            if kind == _URGENT:
                bound *= p.multiplier * busiest[age]
                if follows:
                    bound *= t.most_crises[p.conditions]
            above = 0.0
            if not fresh:
                above = read[row, kind]
                if bound <= above:
                    continue
            read[row, kind] = bound
            band = 0
            while bound > _EDGES[band]:
                if above < _EDGES[band + 1]:
                    bits = word(life, quarter, _COUNT + kind, band) >> _12
                    if band >= some.size or bits >= some[band]:
                        n = _read_band(t, s, row, kind, band, bits, above, bound, n)
                        if n < 0:
                            c.fault = TOO_MANY_POINTS
                            return people.size
                band += 1
    c.points = n
    return people.size


@compiled()
def read_courses(t: FastTables, s: FastState, first: int, fresh: bool) -> int:
    """Read the steps of courses of this quarter above what has been read; see ``read_people``."""
    c = s.clock[0]
    for row in range(first, s.course_bounds.size):
        if c.points + _ROOM > s.points.size:
            return row
        above, bound = 0.0 if fresh else s.course_bounds[row], t.most_steps[s.people[row].conditions]
        band = 0
        while above < bound and bound > _EDGES[band]:
            if above < _EDGES[band + 1]:
                bits = word(s.people[row].life, c.quarter, _COUNT + COURSE, band) >> _12
                n = _read_band(t, s, row, COURSE, band, bits, above, bound, c.points)
                if n < 0:
                    c.fault = TOO_MANY_POINTS
                    return s.people.size
                c.points = n
            band += 1
        s.course_bounds[row] = max(above, bound)
    return s.people.size


@part
def _read_band(
    t: FastTables, s: FastState, row: int, kind: int, band: int, bits: int, above: float, bound: float, n: int
) -> int:
    """Add the points of a band that is not empty from place n on; the place after them, -1 if there are too many."""
    c, life = s.clock[0], s.people[row].life
    low, high = _EDGES[band], _EDGES[band + 1]
    count = points_in_band(t, bits, band)
    if count < 0 or n + count > s.points.size:
        return -1
    for number in range(count):
        need = word(life, c.quarter, _KEY + kind, band * MOST_POINTS + number)
        height = low + (high - low) * uniform(need, 0, _HEIGHT, 0)
        if above <= height < bound:
            minute = minute_of(t, kind, c.quarter, uniform(need, 0, _MINUTE, 0))
            if minute >= c.minute:
                point = s.points[n]
                point.need, point.height, point.minute = need, height, minute
                point.row, point.generation, point.kind = row, s.people[row].generation, kind
                n += 1
    return n


@compiled()
def sort_points(s: FastState) -> None:
    """Put the points that are still to come into ``in_order``, in order of minute."""
    c = s.clock[0]
    if c.points == c.point:
        c.point = c.points = 0
        return
    first = last = s.points[c.point].minute
    for k in range(c.point, c.points):
        first, last = min(first, s.points[k].minute), max(last, s.points[k].minute)
    starts = np.zeros(last - first + 2, np.int64)
    for k in range(c.point, c.points):
        starts[s.points[k].minute - first + 1] += 1
    for minute in range(last - first + 1):
        starts[minute + 1] += starts[minute]
    for k in range(c.point, c.points):
        minute = s.points[k].minute - first
        s.in_order[starts[minute]] = s.points[k]
        starts[minute] += 1
    c.points -= c.point
    c.point = 0


@part
def read_more(t: FastTables, s: FastState, row: int, now: int) -> None:
    """Read the points a person has in the rest of the quarter because a rate has risen."""
    c, p = s.clock[0], s.people[row]
    quarter = c.quarter
    for kind in range(_KINDS):
        bound = rate(t, s, kind, row) * t.highest[kind]
        if kind == _URGENT:
            bound *= t.busiest[min(quarter, t.busiest.shape[0] - 1), p.age] * t.most_crises[p.conditions]
        above = s.bounds[row, kind]
        if bound > above:
            s.bounds[row, kind] = bound
            _read_between(t, s, row, kind, above, bound, now)
    if t.course_condition.size > 0:
        above, bound = s.course_bounds[row], t.most_steps[p.conditions]
        if bound > above:
            s.course_bounds[row] = bound
            _read_between(t, s, row, COURSE, above, bound, now)


@part
def _read_between(t: FastTables, s: FastState, row: int, kind: int, above: float, bound: float, now: int) -> None:
    """Read the points of a kind between two heights that are still to come in the quarter."""
    c, p = s.clock[0], s.people[row]
    quarter, band = c.quarter, 0
    while bound > _EDGES[band]:
        low, high = _EDGES[band], _EDGES[band + 1]
        if above < high:
            count = points_in_band(t, word(p.life, quarter, _COUNT + kind, band) >> _12, band)
            if count < 0:
                c.fault = TOO_MANY_POINTS
                return
            for number in range(count):
                need = word(p.life, quarter, _KEY + kind, band * MOST_POINTS + number)
                height = low + (high - low) * uniform(need, 0, _HEIGHT, 0)
                if above <= height < bound:
                    minute = minute_of(t, kind, quarter, uniform(need, 0, _MINUTE, 0))
                    if minute > now:
                        _keep(s, row, kind, need, height, minute)
        band += 1


@part
def _keep(s: FastState, row: int, kind: int, need: int, height: float, minute: int) -> None:
    """Put a point that came up later into the list of its minute or day."""
    c = s.clock[0]
    k = c.extra_free
    if k >= 0:
        c.extra_free = s.extra[k].next
    elif c.extra_top < s.extra.size:
        k = c.extra_top
        c.extra_top += 1
    else:
        c.fault = NO_ROOM
        return
    point = s.extra[k]
    point.need, point.height, point.minute, point.row, point.kind = need, height, minute, row, kind
    point.generation = s.people[row].generation
    link_point(s, k)


@part
def link_point(s: FastState, k: int) -> None:
    """Put an extra point at the head of the list of its minute, or of its day if that is not today."""
    point, day = s.extra[k], s.clock[0].day
    if point.minute // _DAY == day:
        point.next = s.by_minute[1, point.minute - day * _DAY]
        s.by_minute[1, point.minute - day * _DAY] = k
    else:
        later = min(point.minute // _DAY, s.by_day.shape[1] - 1)
        point.next = s.by_day[1, later]
        s.by_day[1, later] = k


@part
def succeed(t: FastTables, s: FastState, row: int) -> None:
    """A successor takes a dead person's place: same group and propensity, its own conditions, enrolled in nothing."""
    c, p = s.clock[0], s.people[row]
    p.generation += 1
    p.frailty = p.base_frailty
    p.residence = p.end_of_life = p.care_plan = 0
    p.busy = 0
    life = np.int64(p.person) | np.int64(p.generation) << GENERATION_BITS
    p.life = entity_key(c.people_key, np.uint64(life))
    bits: Any = 0
    factor, mean = 1.0, 1.0
    for condition in range(t.condition_extra.size):
        has = uniform(p.life, 0, _CONDITION, condition) < t.condition_prevalence[condition, p.age]
        bits |= np.int64(has) << condition
        factor += t.condition_extra[condition] * np.int64(has)
        mean += t.condition_extra[condition] * t.condition_prevalence[condition, p.age]
    p.conditions = bits
    p.multiplier = s.lasting[row] * (factor / mean)
    if t.course_condition.size > 0:
        count_states(t, s, row, -1)
        draw_states(t, s, row)
        count_states(t, s, row, 1)
        s.course_bounds[row] = 0.0
    p.last_admission = p.lost_place = -1
    s.bounds[row, :] = 0.0
    for i in range(s.members.size):
        if s.enrolled[i, row] >= 0:
            s.enrolled[i, row] = -1
            s.members[i] -= 1
    p.memberships = 0
