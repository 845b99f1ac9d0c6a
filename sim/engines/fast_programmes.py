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
from sim.plan import QUARTER_DAYS

_DAY = rules.DAY
_CARE_HOME = 2
_MOST_ADMISSIONS = 20
_ENROLLED, _LEFT, _WOULD_BE = (EVENTS.index(name) for name in ("enrolled", "left_programme", "would_be_enrolled"))
_REACHED, _RISK_NOISE = Purpose.REACHED, Purpose.RISK_NOISE


@part
def ratio(t: FastTables, s: FastState, lever: int, row: int, now: int) -> float:
    """Product of a lever's effects of every programme that covers a person now; exactly 1 if none does."""
    if row < 0 or t.moving[lever] == 0:
        return 1.0
    product = 1.0
    for i in range(t.programmes.size):
        stated = t.programme_ratio[i, lever]
        if t.programmes[i].moves > 0 and stated != 1.0:
            part = _share(t, s, i, row, now)
            if part > 0.0:
                product *= rules.effect(stated, part * t.lever_strength[lever])
    return product


@part
def _share(t: FastTables, s: FastState, i: int, row: int, now: int) -> float:
    """Share of the full effect of programme i on a person: ramp, lag, caseload, strength."""
    p = t.programmes[i]
    ready, diluted = float(p.start), 1.0
    if p.caseload < 0.0:
        if now < p.start or not (_is_for(t, s, i, row) and takes_part(t, s, i, row)):
            return 0.0
        ready = p.start + p.lag * _DAY
    else:
        enrolled = s.enrolled[i, row]
        if enrolled < 0 or now < enrolled + p.lag * _DAY:
            return 0.0
        diluted = rules.dilution(s.members[i], p.caseload)
    ended = (now - p.end) / _DAY
    return float(p.strength * rules.ramp((now - ready) / _DAY, p.half_time, p.full, ended, p.fade) * diluted)


@part
def _is_for(t: FastTables, s: FastState, i: int, row: int) -> bool:
    """True if a person is among those a programme can reach."""
    p, person = t.programmes[i], s.people[row]
    if t.programme_frailty[i, person.frailty] == 0 or t.programme_localities[i, person.locality] == 0:
        return False
    of_age = t.programme_ages[i, person.age] > 0
    if p.bits == 0:
        return of_age
    has = (person.conditions & p.bits) != 0
    return of_age or has if p.either > 0 else of_age and has


@part
def takes_part(t: FastTables, s: FastState, i: int, row: int) -> bool:
    """True for the stated share of people, the same ones for the whole run."""
    reach = t.programmes[i].reach
    if reach >= 1.0:
        return True
    key = entity_key(s.clock[0].interventions_key, np.uint64(s.people[row].person))
    return uniform(key, i, _REACHED, 0) < reach


@part
def gp_minutes(t: FastTables, s: FastState) -> float:
    """Doctors' minutes a day that programmes take for their members."""
    taken = 0.0
    for i in range(t.programmes.size):
        if t.programmes[i].active > 0:
            taken += t.programmes[i].gp_minutes * s.members[i]
    return taken


@part
def is_ranking_day(t: FastTables, i: int, day: int) -> bool:
    """True if people are ranked for programme i on this day: its first day, and each quarter after."""
    p = t.programmes[i]
    since = day - p.start // _DAY
    return (p.caseload >= 0.0 or p.care_plan > 0) and since >= 0 and since % QUARTER_DAYS == 0


@compiled()
def rank(t: FastTables, s: FastState) -> None:
    """On ranking days people join and leave programmes."""
    now = s.clock[0].minute
    for i in range(t.programmes.size):
        if not is_ranking_day(t, i, now // _DAY):
            continue
        active = t.programmes[i].active > 0
        for row in _leaving(t, s, i, now):
            s.enrolled[i, row] = -1
            s.members[i] -= 1
            if active:
                event(s, _LEFT, row, i, now)
        for row in _joining(t, s, i, now):
            s.enrolled[i, row] = now
            s.members[i] += 1
            event(s, _ENROLLED if active else _WOULD_BE, row, i, now)
            if active and t.programmes[i].care_plan > 0:
                s.people[row].care_plan = 1


@part
def _leaving(t: FastTables, s: FastState, i: int, now: int) -> np.ndarray:
    """Rows of members whose term, or the programme's funding and fading, is over, or who moved to a care home."""
    p = t.programmes[i]
    over = now >= p.end + p.fade * _DAY
    found = np.empty(s.members[i], np.int64)
    n = 0
    for row in range(s.people.size):
        enrolled = s.enrolled[i, row]
        if enrolled >= 0 and (
            over or (p.term >= 0.0 and now >= enrolled + p.term) or s.people[row].residence == _CARE_HOME
        ):
            found[n] = row
            n += 1
    return found[:n]


@part
def _joining(t: FastTables, s: FastState, i: int, now: int) -> np.ndarray:
    """Rows of people who take the free places: those with the highest risk score first."""
    p = t.programmes[i]
    eligible = np.empty(s.people.size, np.int64)
    n = 0
    if now < p.end:
        for row in range(s.people.size):
            if s.people[row].residence != _CARE_HOME and _is_for(t, s, i, row):
                eligible[n] = row
                n += 1
    eligible = eligible[:n]
    free = n if p.caseload < 0 else int(p.caseload) - s.members[i]
    if n > 0 and (p.top < 100.0 or free < n):
        worst_first = np.argsort(-_scores(t, s, i, eligible, now), kind="mergesort")
        eligible = eligible[worst_first[: int(np.rint(n * p.top / 100.0))]]
    chosen = np.empty(eligible.size, np.int64)
    taken = 0
    for row in eligible:
        if taken >= free:
            break
        if s.enrolled[i, row] < 0 and takes_part(t, s, i, row):
            chosen[taken] = row
            taken += 1
    return chosen[:taken]


@part
def _scores(t: FastTables, s: FastState, i: int, eligible: np.ndarray, now: int) -> np.ndarray:
    """Expected emergency admissions of people, from what a general practice system holds."""
    recent = np.zeros(s.people.size, np.int64)
    for k in range(s.clock[0].admissions):
        a = s.admissions[k]
        if a.minute > now - YEAR_MINUTES and a.generation == s.people[a.row].generation:
            recent[a.row] += 1
    p, day = t.programmes[i], now // _DAY
    scores = np.empty(eligible.size)
    for k in range(eligible.size):
        person = s.people[eligible[k]]
        known = person.multiplier / person.lasting if person.lasting > 0.0 else 1.0
        rate = t.life_rates[0, person.age, person.frailty, person.residence, 0]
        expected = rate * (1.0 - t.severity_shares[person.age, 0]) * known
        blur = 0.0
        if p.noise > 0.0:
            key = entity_key(s.clock[0].interventions_key, np.uint64(person.person))
            blur = p.noise * rules.normal_quantile(uniform(key, day, _RISK_NOISE, i))
        scores[k] = rules.risk_score(
            expected, t.propensity_shape[person.age], min(recent[eligible[k]], _MOST_ADMISSIONS), blur, p.insight,
            person.propensity,
        )  # fmt: skip
    return scores
