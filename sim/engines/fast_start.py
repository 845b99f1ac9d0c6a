"""The state at minute 0 of the compiled engine: people, residence supports, stages filled; see ``prefill.py``."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import compiled, part
from sim.draws import Floats, Purpose, Stream, Word, entity_key, entity_keys, run_key, uniform
from sim.engines.fast_care import ask_for, keep_busy, work_out
from sim.engines.fast_courses import begin_courses
from sim.engines.fast_journeys import add_to_person, free_journey, hold_support, new_journey, take_place
from sim.engines.fast_memory import handed
from sim.engines.fast_state import (
    ADMISSION,
    CLOCK,
    ENDED,
    EVENT,
    JOURNEY,
    PERSON,
    POINT,
    SUPPORT,
    FastState,
    Rows,
    empty,
)
from sim.engines.fast_tables import FastTables, fast_tables
from sim.engines.prefill import people_met
from sim.log import FLAGS, NEVER
from sim.plans.plan import LIFE_EVENTS, Plan
from sim.population import Population, population

_REQUEST, _OTHER, _ACUTE = 6, 7, 3
_PREFILLED = FLAGS["prefilled"]
_ROOM = 16384
"""Rows of an array before it is known how many are needed; it grows."""
_LENGTH, _ELAPSED, _LOCALITY = Purpose.LENGTH_OF_STAY, Purpose.PREFILL_ELAPSED, Purpose.ARRIVAL_LOCALITY


def first_state(plan: Plan, seed: int, replication: int) -> FastState:
    """The state at minute 0: the people of the place, and stages filled as expected or from a snapshot."""
    tables = fast_tables(plan)
    people = population(plan, seed, replication)
    in_stages = int(plan.initial[:, 3:5].sum())
    s = _empty_state(plan, seed, replication, people, in_stages)
    key: Word = np.uint64(run_key(seed, replication, Stream.PREFILL))
    t, here = handed(tables), handed(s)
    begin_courses(t, here)
    _residents(t, here, key)
    weight = _rate_of_need(plan, people)
    taken = np.zeros(people.person.size, bool)
    keys = entity_keys(key, people.person)
    of_age = [np.flatnonzero(people.age == age) for age in range(len(plan.people))]
    for number, (stage, age, locality, there, waiting, elapsed) in enumerate(plan.initial.tolist()):
        free = of_age[age][~taken[of_age[age]]]
        rows = people_met(keys, weight, free, number, there + waiting)
        taken[rows] = True
        _fill_stage(t, here, key, number, stage, age, locality, there, waiting, elapsed, rows)
    return s


def _people(p: Population, key: Word) -> Rows:
    rows = empty(p.person.size, PERSON)
    for name in ("person", "age", "locality", "frailty", "residence", "end_of_life", "conditions"):
        rows[name] = getattr(p, name)
    rows["multiplier"] = p.multiplier
    rows["base_frailty"] = p.frailty
    rows["key"] = rows["life"] = entity_keys(key, p.person)
    for name in ("first_journey", "support", "lost_place", "away", "last_admission"):
        rows[name] = -1
    return rows


def _empty_state(plan: Plan, seed: int, replication: int, drawn: Population, in_stages: int) -> FastState:
    people = _people(drawn, run_key(seed, replication, Stream.PEOPLE))
    pools, programmes, room = len(plan.names.pools), len(plan.programme_active), _ROOM + 2 * in_stages
    clock = empty(1, CLOCK)
    clock[0].seed, clock[0].replication = seed, replication
    clock[0].people_key = run_key(seed, replication, Stream.PEOPLE)
    clock[0].interventions_key = run_key(seed, replication, Stream.INTERVENTIONS)
    clock[0].quarter = clock[0].journeys_free = clock[0].supports_free = clock[0].extra_free = -1
    line, of_pools = np.zeros(room, np.int32), np.zeros(pools, np.int64)
    supports, follows = int((people["residence"] > 0).sum()), len(plan.course_condition)
    groups, points = np.zeros((plan.workload.shape[1], len(plan.locality_shares)), np.int64), _ROOM + len(people) // 2
    np.add.at(groups, (people["age"], people["locality"]), 1)
    return FastState(
        clock=clock, people=people, lasting=drawn.propensity * plan.deprivation[drawn.deprivation],
        propensity=drawn.propensity, groups=groups, bounds=np.zeros((len(people), len(LIFE_EVENTS))),
        enrolled=np.full((programmes, len(people)), -1, np.int32), members=np.zeros(programmes, np.int64),
        journeys=empty(room, JOURNEY), visits=np.zeros((room, len(plan.names.stages)), np.int8),
        supports=empty(supports + _ROOM, SUPPORT), occupied=of_pools.copy(), slots_left=of_pools.copy(),
        seen_today=of_pools.copy(), gp_fraction=np.zeros(pools), asking=of_pools.copy(), touched=of_pools.copy(),
        touch_list=of_pools.copy(), this_pass=of_pools.copy(), queue=np.zeros((pools, room), np.int32),
        queue_from=of_pools.copy(), queue_to=of_pools.copy(), points=empty(points, POINT), in_order=empty(0, POINT),
        extra=empty(_ROOM, POINT), by_minute=np.full((2, 1440), -1, np.int32),
        by_day=np.full((2, plan.days + 2), -1, np.int32), admissions=empty(2 * room, ADMISSION),
        away=np.zeros(_ROOM, np.int32), over=line.copy(), early=line.copy(), returning=line.copy(),
        arriving=line.copy(), joining=line.copy(), due=line.copy(), calendar=np.zeros(1440, np.int8),
        closing=np.zeros((2 * pools, 3), np.int64), spare=line.copy(), ended=empty(8 * room, ENDED),
        events=empty(4 * room, EVENT), courses=np.zeros((len(people) if follows else 0, 2), np.int64),
        course_bounds=np.zeros(len(people) if follows else 0), recognised=np.zeros(follows, np.int64),
    )  # fmt: skip


def _rate_of_need(plan: Plan, p: Population) -> Floats:
    """Urgent needs a year of each person, which is how often they are met in a stage."""
    return np.asarray(p.multiplier * plan.life_rates[0][p.age, p.frailty, p.residence, p.end_of_life])


@compiled()
def _residents(t: FastTables, s: FastState, key: Word) -> None:
    """Residence supports of people who live with care or in a care home."""
    for row in range(s.people.size):
        p = s.people[row]
        if p.residence == 0:
            continue
        stage = t.place[0].home_care_stage if p.residence == 1 else t.place[0].care_home_stage
        if stage < 0:
            continue
        need = entity_key(key, np.uint64(p.person | 1 << 62))
        slot = new_journey(s, row, p.person, p.generation, need, 0, 0, _REQUEST, 0, p.age, p.locality)
        ask_for(t, s, slot, stage, -1, _PREFILLED, 0)
        take_place(s, slot, 0)
        s.occupied[s.journeys[slot].pool] += 1
        hold_support(s, slot)
        free_journey(s, slot)


@compiled()
def _fill_stage(
    t: FastTables, s: FastState, key: Word, number: int, stage: int, age: int, locality: int, there: int, waiting: int,
    elapsed: int, rows: np.ndarray,
) -> None:  # fmt: skip
    """Put people into a stage, and into its queue, as they would be met at minute 0."""
    stream = -1 - t.stream_to.size
    for i in range(there + waiting):
        need = entity_key(key, np.uint64(number << 32 | i))
        if i < rows.size:
            p = s.people[rows[i]]
            slot = new_journey(s, rows[i], p.person, p.generation, need, 0, 0, _ACUTE, 0, p.age, p.locality)
            add_to_person(s, slot)
        else:
            at = locality
            if at < 0:
                shares = t.locality_shares
                at = rules.choice(uniform(need, 0, _LOCALITY, 0), shares[: shares.size - 1])
            slot = new_journey(s, stream, stream, number, need, 0, 0, _OTHER, 0, age, at)
        ask_for(t, s, slot, stage, -1, _PREFILLED, 0)
        if i < there:
            _put_in_place(t, s, slot, elapsed)
        keep_busy(t, s, slot)


@part
def _put_in_place(t: FastTables, s: FastState, slot: int, elapsed: int) -> None:
    """Start a stay that has been going on: what is left of it is drawn."""
    j = s.journeys[slot]
    take_place(s, slot, 0)
    if t.pools[j.pool].slots == 0:
        s.occupied[j.pool] += 1
    u = uniform(j.need, 0, _LENGTH, 0)
    stage = t.stages[j.stage]
    mean = t.stay_minutes[j.stage, j.age]
    if elapsed >= 0:
        minutes = rules.remaining_after(stage.kind, mean, stage.sigma, float(elapsed), u)
    else:
        minutes = rules.remaining(stage.kind, mean, stage.sigma, u, uniform(j.need, 0, _ELAPSED, 0))
    work_out(t, s, slot, 0, max(minutes, 0.0))
    j.early = NEVER
