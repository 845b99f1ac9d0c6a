"""Programmes in the compiled engine: what they do to a person now, and who is enrolled; see ``programmes.py``."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import compiled, part
from sim.draws import Purpose, entity_key, uniform
from sim.engines.fast_log import event
from sim.engines.fast_state import FastState
from sim.engines.fast_tables import FastTables
from sim.engines.programmes import YEAR_MINUTES
from sim.log import EVENTS
from sim.normal import normal_quantile
from sim.plans.plan import QUARTER_DAYS

_DAY = rules.DAY
MEMBERS = 1
"""A lever that only programmes with a caseload move."""
_ENROLLED, _LEFT, _WOULD_BE = (EVENTS.index(name) for name in ("enrolled", "left_programme", "would_be_enrolled"))
_REACHED, _RISK_NOISE = Purpose.REACHED, Purpose.RISK_NOISE


@part
def ratio(t: FastTables, s: FastState, lever: int, row: int, now: int) -> float:
    """Product of a lever's effects of every programme that covers a person now; exactly 1 if none does."""
    if row < 0 or t.moving[lever] == 0 or (t.moving[lever] == MEMBERS and s.people[row].memberships == 0):
        return 1.0
    product = strongest = 1.0
    for i in range(t.programmes.size):
        stated = t.programme_ratio[i, lever]
        if t.programmes[i].moves > 0 and stated != 1.0:
            part = _share(t, s, i, row, now)
            if part > 0.0:
                half_time = t.programme_growth[i, lever]
                if half_time > 0.0:
                    part *= rules.ramp((now - t.programmes[i].start) / _DAY, half_time, 1.0, -1.0, 0.0)
                effect = rules.effect(stated, part * t.lever_strength[lever])
                product *= effect
                strongest = min(strongest, effect)
    cap = t.programme_overlap[lever]
    return product if cap <= 0.0 else rules.overlapping(product, strongest, cap)


@part
def _share(t: FastTables, s: FastState, i: int, row: int, now: int) -> float:
    """Share of the full effect of programme i on a person: strength and ramp of the day, lag, caseload."""
    share = t.programme_share[i, now // _DAY]
    if share <= 0.0:
        return 0.0
    p = t.programmes[i]
    if p.caseload < 0.0:
        return share if _is_for(t, s, i, row) and takes_part(t, s, i, row) else 0.0
    if s.people[row].memberships == 0:
        return 0.0  # spares a look at a table that is seldom at hand
    enrolled = s.enrolled[i, row]
    if enrolled < 0 or now < enrolled + p.lag * _DAY:
        return 0.0
    return share * rules.dilution(s.members[i], p.caseload)


@part
def _is_limited(t: FastTables, i: int) -> int:
    """1 if a programme has a caseload, and so does something to its members only."""
    return 1 if t.programmes[i].caseload >= 0.0 else 0


@part
def _is_for(t: FastTables, s: FastState, i: int, row: int) -> bool:
    """True if a person is among those a programme can reach."""
    p, person = t.programmes[i], s.people[row]
    fits = t.programme_frailty[i, person.frailty] > 0 and t.programme_localities[i, person.locality] > 0
    fits = fits and t.programme_residences[i, person.residence] > 0
    of_age = t.programme_ages[i, person.age] > 0
    return rules.is_for(of_age, fits, person.conditions, p.bits, p.either)


@part
def takes_part(t: FastTables, s: FastState, i: int, row: int) -> bool:
    """True for the stated share of people, the same ones for the whole run."""
    reach = t.programmes[i].reach
    if reach >= 1.0:
        return True
    key = entity_key(s.clock[0].interventions_key, np.uint64(s.people[row].person))
    return uniform(key, i, _REACHED, 0) < reach


@part
def gp_minutes(t: FastTables, s: FastState, day: int) -> float:
    """Doctors' minutes a day that programmes take for their members while they are funded."""
    taken = 0.0
    for i in range(t.programmes.size):
        if t.programmes[i].active > 0 and day * _DAY < t.programmes[i].end:
            taken += t.programmes[i].gp_minutes * s.members[i]
    return taken


@compiled()
def is_ranking_day(t: FastTables, i: int, day: int) -> bool:
    """True if people are ranked for programme i on this day: its first day, each quarter after, the day it is over."""
    p = t.programmes[i]
    return p.followed > 0 and rules.is_ranking_day(day, p.start // _DAY, QUARTER_DAYS, p.end, p.fade)


@compiled()
def leave_programme(t: FastTables, s: FastState, i: int) -> None:
    """Those leave whose term, or the programme's funding and fading, is over, or live as it is not for."""
    p, now = t.programmes[i], s.clock[0].minute
    for row in range(s.people.size):
        enrolled = s.enrolled[i, row]
        if enrolled < 0:
            continue
        is_for_residence = t.programme_residences[i, s.people[row].residence] == 1
        if rules.leaves_programme(now, enrolled, p.term, p.end, p.fade, is_for_residence):
            s.enrolled[i, row] = -1
            s.members[i] -= 1
            s.people[row].memberships -= _is_limited(t, i)
            if p.active > 0:
                event(s, _LEFT, row, i, now)


@compiled()
def candidates(t: FastTables, s: FastState, i: int) -> np.ndarray:
    """Rows of people a programme may pick; none after its end."""
    rows = np.empty(s.people.size, np.int64)
    n = 0
    if s.clock[0].minute < t.programmes[i].end:
        for row in range(s.people.size):
            if t.programme_residences[i, s.people[row].residence] == 1 and _is_for(t, s, i, row):
                rows[n] = row
                n += 1
    return rows[:n]


@compiled()
def enrol(t: FastTables, s: FastState, i: int, rows: np.ndarray, free: int) -> None:
    """Free places go to those who take part, in the order of rows."""
    p, now = t.programmes[i], s.clock[0].minute
    for row in rows:
        if free <= 0:
            break
        if s.enrolled[i, row] < 0 and takes_part(t, s, i, row):
            free -= 1
            s.enrolled[i, row] = now
            s.members[i] += 1
            s.people[row].memberships += _is_limited(t, i)
            event(s, _ENROLLED if p.active > 0 else _WOULD_BE, row, i, now)
            if p.active > 0 and p.care_plan > 0:
                s.people[row].care_plan = 1


@compiled()
def scores(t: FastTables, s: FastState, i: int, eligible: np.ndarray) -> np.ndarray:
    """Expected emergency admissions of people in these rows, from what a general practice system holds."""
    now = s.clock[0].minute
    recent = np.zeros(s.people.size, np.int64)
    for k in range(s.clock[0].admissions):
        a = s.admissions[k]
        if a.minute > now - YEAR_MINUTES and a.generation == s.people[a.row].generation:
            recent[a.row] += 1
    p, day = t.programmes[i], now // _DAY
    found = np.empty(eligible.size)
    for k in range(eligible.size):
        person, lasting = s.people[eligible[k]], s.lasting[eligible[k]]
        rate = t.life_rates[0, person.age, person.frailty, person.residence, 0]
        expected = rules.expected_admissions(rate, t.severity_shares[person.age, 0], person.multiplier, lasting)
        blur = 0.0
        if p.noise > 0.0:
            key = entity_key(s.clock[0].interventions_key, np.uint64(person.person))
            blur = p.noise * normal_quantile(uniform(key, day, _RISK_NOISE, i))
        found[k] = rules.risk_score(
            expected, t.propensity_shape[person.age], recent[eligible[k]], blur, p.insight, s.propensity[eligible[k]]
        )
    return found
