"""The state at minute 0: people, residence supports, and stages filled as expected or from a snapshot."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.draws import Floats, Ints, Purpose, Stream, Words, entity_key, entity_keys, run_key, uniform, uniforms
from sim.engines.care import Care
from sim.engines.courses import states_of_one
from sim.engines.programmes import Programmes
from sim.engines.state import Journey, Persons, State
from sim.engines.tables import Tables, tables_of
from sim.log import FLAGS, NEVER
from sim.plans.plan import COURSE, Plan
from sim.population import population

_REQUEST, _OTHER, _ACUTE = 6, 7, 3


def people_of(plan: Plan, seed: int, replication: int) -> Persons:
    """The people of one replication, as what changes about them."""
    p = population(plan, seed, replication)
    lasting = p.propensity * plan.deprivation[p.deprivation]
    none = [0] * p.person.size
    key, tables = run_key(seed, replication, Stream.PEOPLE), tables_of(plan)
    states = [(0, 0)] * p.person.size
    if len(plan.course_condition):
        keys = entity_keys(key, p.person).tolist()
        states = [states_of_one(tables, *each) for each in zip(keys, p.conditions.tolist(), strict=True)]
    return Persons(
        person=p.person.tolist(), age=p.age.tolist(), locality=p.locality.tolist(), base_frailty=p.frailty.tolist(),
        frailty=p.frailty.tolist(), residence=p.residence.tolist(), end_of_life=p.end_of_life.tolist(),
        conditions=p.conditions.tolist(), propensity=p.propensity.tolist(), lasting=lasting.tolist(),
        multiplier=p.multiplier.tolist(), generation=list(none), busy=list(none), care_plan=list(none),
        recognised=[recognised for recognised, _ in states], managed=[managed for _, managed in states],
    )  # fmt: skip


def empty_state(plan: Plan, seed: int, replication: int, persons: Persons) -> State:
    """A state at minute 0 in which nobody is in care."""
    pools = len(plan.names.pools)
    return State(
        seed=seed, replication=replication, minute=0, persons=persons, journeys=set(), of_person={}, supports={},
        occupied=[0] * pools, slots_left=[0] * pools, seen_today=[0] * pools, points={}, quarter=-1,
        bounds=np.zeros((COURSE + 1, len(persons.person))), readmissions={},
        members=[{} for _ in plan.programme_active], admissions={}, away={}, lost_place={},
        recognised=[sum(bits >> f & 1 for bits in persons.recognised) for f in range(len(plan.course_condition))],
    )  # fmt: skip


def prefill(plan: Plan, state: State) -> None:
    """Put people into stages as they would be met at minute 0, in place."""
    tables = tables_of(plan)
    care = Care(state, tables, Programmes(state, tables))
    _residents(state, tables, care)
    taken: set[int] = set()
    for number, (stage, age, locality, there, waiting, elapsed) in enumerate(plan.initial.tolist()):
        rows = _people_for(plan, state, number, age, there + waiting, taken) if len(state.persons.person) else []
        for i in range(there + waiting):
            j = _journey(state, tables, care, number, i, age, locality, rows[i] if i < len(rows) else -1)
            j.waiting = care.asked(j, stage, -1, FLAGS["prefilled"], 0)
            state.journeys.add(j)
            if j.row >= 0:
                state.of_person.setdefault(j.row, []).append(j)
            if i < there:
                _put_in_place(state, tables, care, j, elapsed)
            care.keep_busy(j)


def _residents(state: State, tables: Tables, care: Care) -> None:
    """Residence supports of people who live with care or in a care home."""
    key = run_key(state.seed, state.replication, Stream.PREFILL)
    for row, residence in enumerate(state.persons.residence):
        stage = (-1, tables.home_care_stage, tables.care_home_stage)[residence]
        if stage < 0:
            continue
        need = entity_key(key, state.persons.person[row] | 1 << 62)
        j = care.journey(row, need, 0, severity=_REQUEST)
        stay = care.asked(j, stage, -1, FLAGS["prefilled"], 0)
        stay.started = 0
        state.occupied[stay.pool] += 1
        care.support_started(j, stay)


def _people_for(plan: Plan, state: State, number: int, age: int, wanted: int, taken: set[int]) -> list[int]:
    """Rows of people of an age who are in a stage; nobody twice."""
    people = state.persons
    of_age = np.flatnonzero(np.array(people.age) == age)
    free = of_age[~np.isin(of_age, list(taken))]
    of_group = (np.array(values) for values in (people.age, people.frailty, people.residence, people.end_of_life))
    weight = np.array(people.multiplier) * plan.life_rates[0][tuple(of_group)]
    keys = entity_keys(run_key(state.seed, state.replication, Stream.PREFILL), np.array(people.person))
    chosen: list[int] = people_met(keys, weight, free, number, wanted).tolist()
    taken.update(chosen)
    return chosen


def people_met(keys: Words, weight: Floats, free: Ints, number: int, wanted: int) -> Ints:
    """So many rows of those who are free, met in a stage in proportion to their rate of need.

    ``keys`` and ``weight`` are everybody's keys and rates; ``number`` is that of the row of ``Plan.initial``.
    """
    if wanted == 0 or free.size == 0:
        return free[:0]
    u = uniforms(keys[free], 0, Purpose.PREFILL_PERSON, number)
    first = -np.log(u) / np.maximum(weight[free], 1e-12)
    if wanted < free.size:
        kept = first <= np.partition(first, wanted - 1)[wanted - 1]
        free, first = free[kept], first[kept]
    chosen: Ints = free[np.argsort(first, kind="stable")[:wanted]]
    return chosen


def _journey(
    state: State, tables: Tables, care: Care, number: int, i: int, age: int, locality: int, row: int
) -> Journey:
    need = entity_key(run_key(state.seed, state.replication, Stream.PREFILL), number << 32 | i)
    if row >= 0:
        return care.journey(row, need, 0, severity=_ACUTE)
    if locality < 0:
        locality = rules.choice(uniform(need, 0, Purpose.ARRIVAL_LOCALITY, 0), tables.locality_shares[:-1])
    stream = -1 - len(tables.stream_to)
    return Journey(
        row=stream, person=stream, generation=number, need_minute=0, need=need, chain=0, severity=_OTHER, cause=0,
        age=age, locality=locality,
    )  # fmt: skip


def _put_in_place(state: State, tables: Tables, care: Care, j: Journey, elapsed: int) -> None:
    """Start a stay that has been going on: what is left of it is drawn."""
    stay = j.waiting
    assert stay is not None
    j.stay, j.waiting = stay, None
    stay.started = 0
    if not tables.slots[stay.pool]:
        state.occupied[stay.pool] += 1
    s = stay.stage
    u = uniform(j.need, 0, Purpose.LENGTH_OF_STAY, 0)
    kind, mean, sigma = tables.stay_kind[s], tables.stay_minutes[s][j.age], tables.stay_sigma[s]
    if elapsed >= 0:
        minutes = rules.remaining_after(kind, mean, sigma, float(elapsed), u)
    else:
        minutes = rules.remaining(kind, mean, sigma, u, uniform(j.need, 0, Purpose.PREFILL_ELAPSED, 0))
    care.work_out(j, 0, minutes)
    stay.early = NEVER
