"""Life events, closing times, outlets and places given up in the compiled engine.

See ``life_events.py`` and ``once_a_day.py``.
"""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import part
from sim.draws import Purpose, uniform
from sim.engines.courses import STEPS
from sim.engines.fast_care import (
    escalates,
    lives_there,
    unseen,
)
from sim.engines.fast_courses import crises
from sim.engines.fast_journeys import new_journey, sort_numbers, unqueue
from sim.engines.fast_life import lever, rate, read_more
from sim.engines.fast_log import event, write_wait
from sim.engines.fast_programmes import ratio
from sim.engines.fast_state import FastState
from sim.engines.fast_stays import ask, begin, die, end_support, finish, go_home
from sim.engines.fast_tables import LEVER, FastTables
from sim.log import EVENTS, OUTCOMES
from sim.plans.plan import COURSE

_DAY = rules.DAY
_SEVERITY, _CAUSE, _DOOR, _WOULD_BENEFIT = Purpose.SEVERITY, Purpose.CAUSE, Purpose.DOOR, Purpose.WOULD_BENEFIT
_A_AND_E_SHARE, _SIMPLE, _DESKILLING = (LEVER[name] for name in ("a_and_e_share", "simple_referrals", "deskilling"))
LEVERS = len(LEVER)
_REQUEST = 6
_GAVE_UP, _DIVERTED, _ESCALATED, _ENDED, _LOST_PLACE = (
    OUTCOMES.index(name) for name in ("gave_up", "diverted", "escalated", "ended", "lost_place")
)
_END_OF_LIFE, _DROPPED, _AVOIDED, _SHED, _RECOGNISED, _MANAGED, _LAPSED, _NEWLY_ILL, _COMPLICATION = (
    EVENTS.index(name)
    for name in (
        "end_of_life", "dropped_need", "need_avoided", "gp_shed", "recognised", "managed", "lapsed", "newly_ill",
        "complication",
    )
)  # fmt: skip
_COURSE_OF, _REFERRED = Purpose.COURSE_OF, Purpose.REFERRED
_RECOGNITION, _MANAGEMENT = LEVER["condition_recognition"], LEVER["condition_management"]


@part
def happen(t: FastTables, s: FastState, kind: int, row: int, need: int, height: float, now: int) -> None:
    """A point of a person's life is due: whether it happens, and what follows."""
    place, p = t.place[0], s.people[row]
    if kind == 0:
        _urgent_need(t, s, row, need, height, now)
        return
    if kind == COURSE:
        _step(t, s, row, need, height, now)
        return
    moved = rate(t, s, kind, row) * lever(t, s, kind, row, now)
    if not rules.happens(height, moved):
        return
    if kind == 1:
        severity = _referral(t, s, row, need, height, moved, now)
        slot = new_journey(s, row, p.person, p.generation, need, now, 0, severity, 0, p.age, p.locality)
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
def _referral(t: FastTables, s: FastState, row: int, need: int, height: float, moved: float, now: int) -> int:
    """Severity of a planned referral that lies below the rate ``moved``, of all levers together."""
    share = t.place[0].operation_share
    if share <= 0.0:
        return rules.PLANNED
    drawn = ratio(t, s, _SIMPLE, row, now) * ratio(t, s, _DESKILLING, row, now)
    return rules.referred_for(uniform(need, 0, _WOULD_BENEFIT, 0), share, height, moved, drawn)


@part
def _urgent_need(t: FastTables, s: FastState, row: int, need: int, height: float, now: int) -> None:
    severity, cause = _kind_of_need(t, s, row, need)
    p = s.people[row]
    plain = rate(t, s, 0, row) * t.need_by_day[severity, p.age, now // _DAY] * crises(t, s, row, severity, cause)
    moved = plain
    for k in range(t.severity_levers.shape[1]):
        if t.severity_levers[severity, k] >= 0:
            moved *= ratio(t, s, t.severity_levers[severity, k], row, now)
    if cause > 0:
        moved *= ratio(t, s, LEVERS + cause - 1, row, now)
    if not rules.happens(height, moved):
        if rules.happens(height, plain):
            event(s, _AVOIDED, row, severity, now)
        return
    if p.busy != 0:
        event(s, _DROPPED, row, severity, now)
        return
    slot = new_journey(s, row, p.person, p.generation, need, now, 0, severity, cause, p.age, p.locality)
    begin(t, s, slot, _door(t, s, row, severity, need, now), -1, 0, now)


@part
def _kind_of_need(t: FastTables, s: FastState, row: int, need: int) -> tuple[int, int]:
    """Severity and cause of an urgent need."""
    p = s.people[row]
    shares = t.severity_shares[p.age]
    severity = rules.choice(uniform(need, 0, _SEVERITY, 0), shares[: shares.size - 1])
    return severity, rules.choice(uniform(need, 0, _CAUSE, 0), t.causes[p.conditions])


@part
def _door(t: FastTables, s: FastState, row: int, severity: int, need: int, now: int) -> int:
    """Stage somebody with an urgent need turns to: A&E or general practice."""
    share = t.door[s.people[row].age, severity] * ratio(t, s, _A_AND_E_SHARE, row, now)
    return t.place[0].a_and_e if rules.happens(uniform(need, 0, _DOOR, 0), share) else t.place[0].gp


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


# -- the course of conditions ------------------------------------------------------------------------------------------


@part
def _step(t: FastTables, s: FastState, row: int, need: int, height: float, now: int) -> None:
    """A point of the course of somebody's conditions is due: whether a step is taken, and what follows."""
    p, has = s.people[row], 0
    for k in range(t.course_condition.size):
        has += p.conditions >> t.course_condition[k] & 1
    f, left = -1, rules.condition_meant(uniform(need, 0, _COURSE_OF, 0), has)
    while left >= 0:
        f += 1
        left -= p.conditions >> t.course_condition[f] & 1
    rates = t.course_rates[f, rules.state_of(s.courses[row, 0], s.courses[row, 1], f)]
    recognition, management = ratio(t, s, _RECOGNITION, row, now), ratio(t, s, _MANAGEMENT, row, now)
    taken = rules.step_of_course(height / has, rates, recognition, management)
    complications, bit = rates.size - STEPS, 1 << f
    if taken < complications:
        event(s, _COMPLICATION, row, taken, now)
        _complicated(t, s, row, need, taken, t.course_condition[f] + 1, now)
    elif taken == complications:
        s.courses[row, 0] &= ~bit
        s.courses[row, 1] &= ~bit
        s.recognised[f] -= 1
        event(s, _NEWLY_ILL, row, f, now)
    elif taken == complications + 1:
        s.courses[row, 1] &= ~bit
        event(s, _LAPSED, row, f, now)
    elif taken == complications + 2:
        s.courses[row, 1] |= bit
        event(s, _MANAGED, row, f, now)
        _referred(t, s, row, need, f, 0, now)
    elif taken == complications + 3:
        s.courses[row, 0] |= bit
        s.recognised[f] += 1
        event(s, _RECOGNISED, row, f, now)
        _referred(t, s, row, need, f, 1, now)


@part
def _referred(t: FastTables, s: FastState, row: int, need: int, f: int, when: int, now: int) -> None:
    """The planned referral that a step brings for some: 0 when management begins, 1 when recognised."""
    if uniform(need, 0, _REFERRED, 0) < t.course_referred[f, when]:
        p, cause = s.people[row], t.course_condition[f] + 1
        slot = new_journey(s, row, p.person, p.generation, need, now, 0, rules.PLANNED, cause, p.age, p.locality)
        begin(t, s, slot, t.place[0].referral_stage, -1, 0, now)


@part
def _complicated(t: FastTables, s: FastState, row: int, need: int, number: int, cause: int, now: int) -> None:
    """The urgent need that follows a complication, if one does."""
    severity, stage, p = t.complication_need[number], t.complication_stage[number], s.people[row]
    if severity < 0:
        return
    if p.busy != 0:
        event(s, _DROPPED, row, severity, now)
        return
    if stage < 0:
        stage = _door(t, s, row, severity, need, now)
    slot = new_journey(s, row, p.person, p.generation, need, now, 0, severity, cause, p.age, p.locality)
    begin(t, s, slot, stage, -1, 0, now)


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
        c.gp_backlog = rules.backlog_left(c.gp_backlog, slots_left, place.gp_urgent)
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
        elif s.journeys[slot].stage >= 0:
            go_home(t, s, slot, now)
        else:
            finish(t, s, slot)


@part
def outlets(t: FastTables, s: FastState, now: int) -> None:
    """At noon, people who have waited too long may go another way."""
    for pool in range(s.queue.shape[0]):
        n = s.queue_to[pool] - s.queue_from[pool] if t.pools[pool].outlet > 0 else 0
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
def give_up_places_of_long_absent(t: FastTables, s: FastState, now: int) -> None:
    """A residence place is given up after too long in hospital; the person asks for one when leaving."""
    c = s.clock[0]
    n, c.away = c.away, 0
    sort_numbers(s.away, n)
    for i in range(n):
        row = s.away[i]
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
