"""The people of a replication: in the shares the plan states, each by their own draws; and who follows the dead."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.draws import Stream, entity_key, run_key
from sim.engines.life import Life
from sim.engines.prefill import empty_state, people_of
from sim.engines.programmes import Programmes
from sim.engines.tables import Tables
from sim.files.reading import load_scenario
from sim.files.shipped import shipped
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.population import Population, condition_factor, conditions_of_one, population

MOST_STANDARD_ERRORS = 4.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    scenario = load_scenario(shipped("scenarios", "england_baseline.yaml"), {"run.scale": "0.2", "run.years": "1"})
    return compile_plan(scenario)


@pytest.fixture(scope="module")
def people(plan: Plan) -> Population:
    return population(plan, 1, 0)


def standard_errors(found: np.ndarray, share: np.ndarray | float) -> float:
    """How far the share of True is from the one expected, each person with their own chance."""
    expected = np.broadcast_to(share, found.shape)
    return float((found - expected).sum() / np.sqrt((expected * (1 - expected)).sum()))


def is_share(found: np.ndarray, share: np.ndarray | float) -> bool:
    return abs(standard_errors(found, share)) < MOST_STANDARD_ERRORS


def test_there_are_as_many_of_each_age_as_the_plan_says(plan: Plan, people: Population) -> None:
    assert np.bincount(people.age).tolist() == plan.people.tolist()
    assert np.array_equal(people.person, np.sort(people.person))
    assert np.array_equal(people.person % 4, people.age)


def test_groups_come_in_their_shares(plan: Plan, people: Population) -> None:
    frailty = np.diff(plan.frailty_shares, axis=1, prepend=0)[people.age]
    residence = np.diff(plan.residence_shares, axis=2, prepend=0)[people.age, people.frailty]
    locality = np.diff(plan.locality_shares, prepend=0)
    for kind in range(4):
        assert is_share(people.frailty == kind, frailty[:, kind])
    for kind in range(3):
        assert is_share(people.residence == kind, residence[:, kind])
    for kind, share in enumerate(locality):
        assert is_share(people.locality == kind, share)
    for fifth in range(5):
        assert is_share(people.deprivation == fifth, 0.2)
    near = plan.end_of_life_share[people.age, people.frailty, people.residence]
    assert is_share(people.end_of_life == 1, near)
    assert not is_share(people.end_of_life == 1, near * 1.3), "the check can fail"


def test_conditions_come_in_their_prevalence_and_independently(plan: Plan, people: Population) -> None:
    has = [(people.conditions >> c & 1).astype(bool) for c in range(len(plan.condition_extra))]
    prevalence = plan.condition_prevalence[:, people.age]
    for c, of_all in enumerate(prevalence):
        assert is_share(has[c], of_all)
    assert is_share(has[0] & has[1], prevalence[0] * prevalence[1])


def test_multipliers_have_mean_one_and_propensity_its_shape(plan: Plan, people: Population) -> None:
    for age in range(4):
        mine = people.age == age
        for values in (people.multiplier[mine], people.propensity[mine]):
            error = values.std() / np.sqrt(mine.sum())
            assert abs(values.mean() - 1) < MOST_STANDARD_ERRORS * error
        variance = people.propensity[mine].var()
        assert variance == pytest.approx(1 / plan.propensity_shape[age], rel=0.15)
    factor = condition_factor(plan, people.age, people.conditions)
    fifth = plan.deprivation[people.deprivation]
    assert people.multiplier == pytest.approx(people.propensity * fifth * factor)


def test_one_more_person_renumbers_nobody_and_changes_no_draw(plan: Plan, people: Population) -> None:
    more = plan.people.copy()
    more[1] += 1
    larger = population(plan._replace(people=more), 1, 0)
    newcomer = 4 * plan.people[1] + 1
    others = larger.person != newcomer
    assert (~others).sum() == 1
    for field in dataclasses.fields(Population):
        assert np.array_equal(getattr(larger, field.name)[others], getattr(people, field.name)), field.name


def test_another_replication_has_other_people_in_the_same_places(plan: Plan, people: Population) -> None:
    other = population(plan, 1, 1)
    assert np.array_equal(other.person, people.person)
    assert abs(np.corrcoef(other.propensity, people.propensity)[0, 1]) < 4 / np.sqrt(people.person.size)


def test_a_successor_keeps_group_and_propensity_and_starts_anew_otherwise(plan: Plan) -> None:
    small = plan._replace(people=np.array([400, 400, 400, 400]))
    state = empty_state(small, 1, 0, people_of(small, 1, 0))
    tables = Tables(small)
    life = Life(state, tables, Programmes(state, tables))
    persons = state.persons
    before = {name: list(getattr(persons, name)) for name in persons.__slots__}
    rows = range(len(persons.person))
    for row in rows:
        persons.frailty[row], persons.residence[row], persons.end_of_life[row] = 3, 2, 1
        persons.care_plan[row] = persons.busy[row] = 1
        state.admissions[row] = [5]
        life.succeed(row)
    for name in ("person", "age", "locality", "base_frailty", "propensity", "lasting"):
        assert getattr(persons, name) == before[name], name
    assert persons.frailty == persons.base_frailty
    for name in ("residence", "end_of_life", "busy", "care_plan"):
        assert getattr(persons, name) == [0] * len(rows), name
    assert persons.generation == [1] * len(rows)
    assert state.admissions == {}
    assert 0.05 < np.mean(np.array(persons.conditions) != np.array(before["conditions"])) < 0.8, "drawn again"
    age = np.array(persons.age)
    factor = condition_factor(small, age, np.array(persons.conditions))
    assert np.array(persons.multiplier) == pytest.approx(np.array(persons.lasting) * factor)
    for c, prevalence in enumerate(small.condition_prevalence):
        assert is_share(np.array(persons.conditions) >> c & 1 == 1, prevalence[age])


def test_lives_in_one_place_have_keys_of_their_own(plan: Plan) -> None:
    small = plan._replace(people=np.array([50, 50, 50, 50]))
    state = empty_state(small, 1, 0, people_of(small, 1, 0))
    tables = Tables(small)
    life = Life(state, tables, Programmes(state, tables))
    keys = set()
    for _ in range(3):
        for row in range(200):
            keys.add(life.life_key(row))
            life.succeed(row)
    assert len(keys) == 600


def test_conditions_of_one_life_are_those_it_has_among_many(plan: Plan, people: Population) -> None:
    key, prevalence = run_key(1, 0, Stream.PEOPLE), plan.condition_prevalence.tolist()
    alone = [
        conditions_of_one(entity_key(key, person), prevalence, age)
        for person, age in zip(people.person[:500].tolist(), people.age[:500].tolist(), strict=True)
    ]
    assert alone == people.conditions[:500].tolist()
    assert any(alone)


@pytest.mark.parametrize("wanted", [0, 5])
@pytest.mark.parametrize("either", [0, 1])
def test_a_programme_enrols_those_it_covers_outside_care_homes(wanted: int, either: int) -> None:
    pilot = compile_plan(load_scenario(shipped("scenarios", "nwl_pilot.yaml"), {"run.scale": "0.004"}))
    programmes = len(pilot.programme_active)
    who = np.tile([100.0, 1.0, 0.0, 0.0, -1.0, 1.0], (programmes, 1))
    made = pilot._replace(
        programme_who=who, programme_caseload=np.full(programmes, -1.0), programme_start=np.zeros(programmes, int),
        programme_ages=np.tile([0] + [1] * (pilot.people.size - 1), (programmes, 1)),
        programme_frailty=np.tile([0, 1, 1, 1], (programmes, 1)),
        programme_localities=np.tile([0] + [1] * (len(pilot.names.localities) - 1), (programmes, 1)),
        programme_residences=np.tile([1, 1, 2], (programmes, 1)),
        programme_conditions=np.tile([wanted, either], (programmes, 1)),
    )  # fmt: skip
    state = empty_state(made, 1, 0, people_of(made, 1, 0))
    state.members.extend({} for _ in range(programmes - len(state.members)))
    found = Programmes(state, Tables(made))
    covered = [row for row in range(len(state.persons.person)) if found.covers(0, row)]
    at_home = [row for row in covered if state.persons.residence[row] < 2]
    assert 0 < len(at_home) < len(covered) < len(state.persons.person)
    assert sorted(found.joining(0, 0)) == at_home
