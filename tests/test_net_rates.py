"""Net rates and times in the compiled plan add up to the published gross figures again, without a run.

Where people differ in ways that matter (who needs more is met more often, and dies in hospital sooner) the sums are
over the people the plan makes, with nothing taken from ``expected/net_rates.py`` but what cannot be seen in the plan.
Tolerances are those of a sample of 396,008 people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from sim import rules
from sim.engines.tables import Tables
from sim.expected.flows import ExpectedFlows, expected_flows
from sim.expected.net_rates import NetRates
from sim.files.reading import load_scenario
from sim.files.shipped import shipped
from sim.plans.compile import compile_plan
from sim.plans.plan import LIFE_EVENTS, Plan
from sim.population import Population, population
from sim.system import SEVERITIES, Place

YEAR = 365.25
CARE_HOME, WITH_CARE = 2, 1
Floats = np.ndarray


def per_1000(table: object) -> Floats:
    return np.array(table.values) / 1000  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Reference:
    """The reference place at full scale, what is published about it, and its people with what the plan says of them.

    Arrays over people have two columns, before and near the end of life; ``weight`` says how many stand for whom.
    """

    place: Place
    plan: Plan
    flows: ExpectedFlows

    @property
    def net(self) -> NetRates:
        assert self.flows.net is not None
        return self.flows.net

    @cached_property
    def people(self) -> Population:
        return population(self.plan, 1, 0)

    @cached_property
    def residents(self) -> Floats:
        return np.array(self.place.people.residents.values)  # type: ignore[union-attr]

    @cached_property
    def admissions(self) -> Floats:
        return per_1000(self.place.urgent_needs.emergency_admissions_per_1000_per_year)  # type: ignore[union-attr]

    @cached_property
    def overnight(self) -> Floats:
        return self.admissions * (1 - np.array(self.place.urgent_needs.zero_day_share.values))  # type: ignore[union-attr]

    @cached_property
    def died(self) -> Floats:
        return per_1000(self.place.deaths.per_1000_per_year) * self.residents  # type: ignore[union-attr]

    @cached_property
    def needs(self) -> Floats:
        """Urgent needs a person-year that begin a journey, by age."""
        urgent = [by_stage for name, by_stage in self.net.entries.items() if name in SEVERITIES[:5]]
        return sum(sum(by_stage.values()) for by_stage in urgent) / self.residents  # type: ignore[return-value]

    @cached_property
    def readmitted(self) -> Floats:
        return self.net.entries["readmission"]["a_and_e"] / self.residents

    @cached_property
    def rate(self) -> Floats:
        """Needs a year out of bed."""
        p = self.people
        return self.plan.life_rates[0][p.age, p.frailty, p.residence] * p.multiplier[:, None]

    @cached_property
    def free(self) -> Floats:
        """Share of the time out of bed: each need brings some days in one."""
        beds = [n for n, s in self.place.stages.items() if not (s.at_home or s.residence or n == "acute_transfer")]
        days = sum(self.flows.stays[name] * self.flows.days[name] for name in beds) / (self.needs * self.residents)
        return 1 / (1 + self.rate * days[self.people.age][:, None] / YEAR)

    @cached_property
    def stays(self) -> Floats:
        """Overnight emergency stays a year."""
        return self.rate * self.free * (self.overnight / self.needs)[self.people.age][:, None]

    @cached_property
    def dies(self) -> Floats:
        """Chance to die in one of them."""
        bed = self.plan.names.stages.index("acute_bed")
        return self.plan.dies[bed][self.people.age, self.people.frailty]

    def at_home(self, event: str) -> Floats:
        """Life events a year of a kind that only happens out of bed."""
        p = self.people
        return self.plan.life_rates[LIFE_EVENTS.index(event)][p.age, p.frailty, p.residence] * self.free

    @cached_property
    def weight(self) -> Floats:
        """Somebody is near the end of life the longer the less often they die; groups count as many as expected."""
        p = self.people
        group = (p.age * 4 + p.frailty) * 3 + p.residence
        lasting = 1 / (self.stays * self.dies + self.at_home("death"))[:, 1]
        count = np.maximum(np.bincount(group, minlength=48), 1)
        mean = np.bincount(group, lasting, 48) / count
        near = np.minimum(self.plan.end_of_life_share[p.age, p.frailty, p.residence] * lasting / mean[group], 0.95)
        expected = (self.net.groups.share * self.residents[:, None, None]).ravel()
        return np.stack([1 - near, near], axis=1) * (expected / count)[group][:, None]

    def by_age(self, values: Floats) -> Floats:
        return np.bincount(self.people.age, (self.weight * values).sum(axis=1), 4)

    def among(self, residence: int) -> Floats:
        return (self.people.residence == residence)[:, None]


@pytest.fixture(scope="module")
def england() -> Reference:
    scenario = load_scenario(shipped("scenarios", "england_baseline.yaml"), {"run.scale": "1", "run.years": "1"})
    return Reference(scenario.place, compile_plan(scenario), expected_flows(scenario.place))


def test_admissions_add_up_to_those_published(england: Reference) -> None:
    admitted = england.flows.stays["same_day_care"] + england.flows.stays["acute_bed"]
    assert admitted == pytest.approx(england.admissions * england.residents, rel=0.01)


def test_attendances_and_urgent_requests_add_up_to_those_published(england: Reference) -> None:
    urgent = england.place.urgent_needs
    assert urgent is not None
    shares = np.diff(england.plan.severity_shares, axis=1, prepend=0)
    to_a_and_e = england.plan.door_a_and_e
    attending = (england.needs[:, None] * shares * to_a_and_e).sum(axis=1) + england.readmitted
    attending += england.net.entries["diverted"]["a_and_e"] / england.residents
    assert attending == pytest.approx(per_1000(urgent.a_and_e_attendances_per_1000_per_year), rel=1e-9)
    published = slice(0, SEVERITIES.index("community_or_home"))  # those nobody knows of without a bed to offer
    requests = (england.needs[:, None] * shares * (1 - to_a_and_e))[:, published].sum(axis=1)
    assert requests == pytest.approx(per_1000(urgent.urgent_gp_per_1000_per_year), rel=1e-9)


def test_multipliers_are_normalised(england: Reference) -> None:
    plan = england.plan
    assert plan.deprivation.mean() == pytest.approx(1)
    assert plan.week_pattern.mean() == pytest.approx(1)
    assert plan.frailty_shares[:, -1] == pytest.approx(1)
    assert plan.residence_shares[..., -1] == pytest.approx(1)
    by_month = plan.need_by_day[..., : 365 * (plan.days // 365)].mean(axis=2)
    assert by_month == pytest.approx(1, abs=0.003)
    assert england.by_age(england.rate * england.free) / england.residents == pytest.approx(england.needs, rel=0.025)


def test_deaths_by_age_and_place_are_those_published(england: Reference) -> None:
    deaths = england.place.deaths
    assert deaths is not None
    in_hospital, outside = england.stays * england.dies, england.at_home("death")
    assert england.by_age(in_hospital + outside) == pytest.approx(england.died, rel=0.03)
    total = england.by_age(in_hospital + outside).sum()
    assert england.by_age(in_hospital).sum() / total == pytest.approx(deaths.hospital_share.value, abs=0.02)
    of_residents = england.by_age(outside * england.among(CARE_HOME)).sum()
    assert of_residents / total == pytest.approx(deaths.care_home_share.value, abs=0.015)


def test_own_and_drawn_readmissions_are_those_published(england: Reference) -> None:
    urgent, care = england.place.urgent_needs, england.place.planned_care
    assert urgent is not None
    assert care is not None
    admitted = england.rate * england.free
    admitted = admitted * ((england.admissions - england.readmitted) / england.needs)[england.people.age][:, None]
    again = 1 - np.exp(-admitted * 30 / YEAR)
    leaving = england.stays * (1 - england.dies)
    own = england.by_age(leaving * again) / england.by_age(leaving)
    assert own == pytest.approx(england.net.own_readmission, rel=0.04)
    to_bed = england.flows.stays["step_down_bed"] + england.flows.stays["d2a_bed"]
    planned = per_1000(care.admissions_per_1000_per_year) * england.residents
    at_home = 1 - to_bed / (england.by_age(leaving) + planned)
    readmitted = at_home * (1 - (1 - own) * (1 - england.plan.readmission)) * england.by_age(leaving)
    readmitted += planned * england.by_age(again) / england.residents
    published = np.array(urgent.readmitted_within_30_days.values)
    assert readmitted / (england.by_age(leaving) + planned) == pytest.approx(published, rel=0.05)


def mean_wait_for_the_door_days(plan: Plan, stage: int) -> float:
    """Of people ready at any minute of the week, by the rule the engines ask."""
    generator, total, number = np.random.default_rng(1), 0, 20_000
    opens, closes = int(plan.leaves_from[stage]), int(plan.leaves_to[stage])
    for minute in generator.integers(0, 7 * 1440, number).tolist():
        leaves, day = -1, minute // 1440
        while leaves < 0:
            now, first = max(minute, day * 1440), day == minute // 1440
            today, hour = generator.random(2).tolist()
            chance = float(plan.leaves_chance[stage][day])
            leaves = rules.leaving_minute(now, opens, closes, chance, today, hour, first)
            day += 1
        total += leaves - minute
    return total / number / 1440


def mean_delay_days(england: Reference, stage: int) -> Floats:
    """By age, of those who leave alive, over the routes each group takes."""
    plan, p = england.plan, england.people
    rows = list(Tables(plan).routes(stage, SEVERITIES.index("acute"), 0))
    shares = np.diff(plan.route_shares[rows], axis=0, prepend=0.0)[:, p.age, p.frailty]
    days = plan.route_mean_days[rows]
    own_place = np.where(plan.route_pathway[rows] > 0, days[-1], days)  # back to the own care home
    mean = np.where(p.residence == CARE_HOME, shares.T @ own_place, shares.T @ days)
    leaving = england.stays * (1 - england.dies)
    return england.by_age(leaving * mean[:, None]) / england.by_age(leaving)


def test_stay_delay_and_the_door_add_up_to_the_published_stay(england: Reference) -> None:
    stage, urgent = england.plan.names.stages.index("acute_bed"), england.place.urgent_needs
    assert urgent is not None
    published = np.array(england.place.stages["acute_bed"].length_of_stay.mean.values)
    published = published / (1 - np.array(urgent.zero_day_share.values))
    alive = 1 - england.net.mean_dies_in_hospital
    door, delay = mean_wait_for_the_door_days(england.plan, stage), mean_delay_days(england, stage)
    assert england.plan.stay_minutes[stage] / 1440 + alive * (door + delay) == pytest.approx(published, rel=0.02)


def test_what_is_drawn_of_a_delay_is_all_but_the_queue(england: Reference) -> None:
    plan = england.plan
    routes = [route for route in england.place.stages["acute_bed"].routes if route.delay is not None]
    rows = list(Tables(plan).routes(plan.names.stages.index("acute_bed"), SEVERITIES.index("acute"), 0))
    drawn = (plan.route_process + plan.route_sourcing)[rows] / 1440
    expected = [r.delay.mean_days.value * (1 - r.delay.capacity_share.value) for r in routes if r.delay]
    assert drawn.tolist() == pytest.approx(expected)


def test_requests_for_care_balance_its_endings(england: Reference) -> None:
    plan, p = england.plan, england.people
    all_deaths = england.stays * england.dies + england.at_home("death")
    likely = np.array(england.place.people.frailty_care_home_ratio.values)[p.frailty][:, None]  # type: ignore[union-attr]
    leaving = england.stays * (1 - england.dies) * likely
    had_care = england.by_age(leaving * england.among(WITH_CARE)) / england.by_age(leaving * ~england.among(CARE_HOME))
    to_care_home, to_home_care = england.flows.stays["care_home"], england.flows.stays["home_care"]
    ends = LIFE_EVENTS.index("support_ends")

    def ending(residence: int) -> Floats:
        rate = plan.life_rates[ends][p.age, p.frailty, p.residence]
        return england.by_age((all_deaths + rate) * england.among(residence))

    requests = england.at_home("care_home_request")
    assert england.by_age(requests) + to_care_home == pytest.approx(ending(CARE_HOME), rel=0.03)
    moving = england.by_age(requests * england.among(WITH_CARE)) + had_care * to_care_home
    starting = england.by_age(england.at_home("home_care_request")) + (1 - had_care) * to_home_care
    assert starting == pytest.approx(ending(WITH_CARE) + moving, rel=0.03)
