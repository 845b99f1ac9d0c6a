"""What an area knows about itself, the totals a place's rates give, and where the two do not fit together.

Making a place from the figures is ``new_place.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from sim.errors import InputError, Problem
from sim.quantities import AGES, AgeTable, Described
from sim.system import Deaths, People, Place, PlannedCare, SocialCare, Stage, UrgentNeeds

Four = tuple[float, ...]

ADULTS_PER_RESIDENT = 0.792
"""Share of residents who are adults, England mid-2023 (ONS)."""
AGED_75_RANGE = (0.044, 0.136)
"""Lowest and highest share of residents aged 75 and over in the 42 English areas, mid-2023 (ONS)."""
LIKELY_DELAYED_SHARE = (0.05, 0.25)
"""Share of acute beds with somebody delayed outside which figures hardly belong together; England 0.13."""
LIKELY_RATIO = (0.6, 1.6)
"""How far a figure may be from what the reference place would have at these ages before it is mentioned."""
DAYS_PER_YEAR = 365


class Figures(Described):
    """What every NHS area knows about itself. Adults only; beds are the residents' share."""

    name: Annotated[str, Field(min_length=1)]
    """Name of the place."""
    adults: Annotated[float, Field(ge=1000)]
    """Residents aged 18 and over."""
    aged_75: Annotated[float, Field(gt=0)]
    """Residents aged 75 and over."""
    acute_beds: Annotated[float, Field(gt=0)]
    """Adult general and acute beds open."""
    community_beds: Annotated[float, Field(gt=0)]
    """Community hospital and intermediate care beds."""
    virtual_ward_beds: Annotated[float, Field(gt=0)]
    """Virtual ward places."""
    emergency_admissions: Annotated[float, Field(gt=0)]
    """Emergency admissions of adults a year, zero-day included."""
    attendances: Annotated[float, Field(gt=0)]
    """Type 1 A&E attendances of adults a year."""
    delayed: Annotated[float, Field(gt=0)]
    """People in acute beds without criteria to reside who stay overnight, mean of all days."""
    care_home_residents: Annotated[float, Field(gt=0)]
    """Adults living in care homes."""
    home_care_users: Annotated[float, Field(gt=0)]
    """People aged 65 and over with home care, all funding."""
    deaths: Annotated[float, Field(gt=0)] | None = None
    """Deaths of adults a year; the reference place's rates by age if left out."""
    localities: dict[str, Annotated[float, Field(gt=0)]] = {"Whole place": 1.0}
    """Localities with their adults, or shares of the adults: only the proportions matter."""

    @model_validator(mode="after")
    def _fit(self) -> Figures:
        if self.aged_75 >= self.adults:
            raise ValueError(
                f"aged_75 ({self.aged_75:,.0f}) must be below adults ({self.adults:,.0f}), who include them"
            )
        if not self.localities:
            raise ValueError("localities must name at least one locality, or be left out")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Share of the adults by locality, adding up to 1."""
        total = sum(self.localities.values())
        return {name: adults / total for name, adults in self.localities.items()}


class Totals:
    """The parts of a place with people, and the totals its rates give."""

    def __init__(self, place: Place) -> None:
        people, urgent, planned = place.people, place.urgent_needs, place.planned_care
        social, deaths = place.social_care, place.deaths
        if people is None or urgent is None or planned is None or social is None or deaths is None:
            what = f"{place.name} lacks people, or urgent, planned or social care: scale from a place that has them all"
            raise InputError([Problem("", what)])
        self.place = place
        self.people: People = people
        self.urgent: UrgentNeeds = urgent
        self.planned: PlannedCare = planned
        self.social: SocialCare = social
        self.deaths: Deaths = deaths
        self.residents: Four = people.residents.values
        self.roles: dict[str, str] = {}
        for key, stage in place.stages.items():
            for pool in pools_of(stage):
                self.roles.setdefault(pool, self._role(key, stage))

    @property
    def rates(self) -> dict[str, AgeTable]:
        """Rates per 1,000 residents (a year, or at one time) by the figure that gives their total."""
        return {
            "emergency_admissions": self.urgent.emergency_admissions_per_1000_per_year,
            "attendances": self.urgent.a_and_e_attendances_per_1000_per_year,
            "deaths": self.deaths.per_1000_per_year,
            "home_care_users": self.social.home_with_care.residents_per_1000,
            "care_home_residents": self.social.care_home.residents_per_1000,
        }

    def expected(self, residents: Four) -> dict[str, float]:
        """Totals these residents would have at this place's rates, stays and delays, by figure."""
        totals = {figure: _total(rate, residents) for figure, rate in self.rates.items()}
        totals["home_care_users"] = _total(self.rates["home_care_users"], (0.0, *residents[1:]))
        return totals | {"delayed": self._delayed(residents)}

    def capacity(self, role: str) -> float:
        """Capacity of all pools with a role."""
        pools = (pool for key, pool in self.place.pools.items() if self.roles.get(key) == role)
        return sum(float(pool.capacity) for pool in pools if pool.capacity is not None)

    @property
    def _overnight(self) -> Stage:
        return self.place.stages[self.urgent.overnight_stage]

    @property
    def _planned_stages(self) -> list[Stage]:
        """The stage of planned admissions, if there is one."""
        stages = self.place.stages.values()
        return [stage for stage in stages if stage.acute and stage.overnight and not stage.emergency_admission][:1]

    def _delayed(self, residents: Four) -> float:
        """People delayed at one time by Little's law: leavers a day by route times the route's mean delay in days."""
        urgent, per_day = self.urgent, 1000 * DAYS_PER_YEAR
        emergency = [
            n * rate * (1 - zero_day) / per_day
            for n, rate, zero_day in zip(
                residents,
                urgent.emergency_admissions_per_1000_per_year.values,
                urgent.zero_day_share.values,
                strict=True,
            )
        ]
        rates = self.planned.admissions_per_1000_per_year.values
        planned = [n * rate / per_day for n, rate in zip(residents, rates, strict=True)]
        leaving = [(self._overnight, emergency), *((stage, planned) for stage in self._planned_stages)]
        return sum(n * days for stage, by_age in leaving for n, days in zip(by_age, _mean_delay(stage), strict=True))

    def _role(self, key: str, stage: Stage) -> str:
        """The figure that gives a stage's capacity, or the stage itself."""
        if stage.acute:
            return "acute_beds"
        beds = {"step_up_bed": "community_beds", "step_down_bed": "community_beds", "virtual_ward": "virtual_ward_beds"}
        return beds.get(key, key)


def _total(rate: AgeTable, residents: Four) -> float:
    return sum(n * each / 1000 for n, each in zip(residents, rate.values, strict=True))


def _mean_delay(stage: Stage) -> Four:
    """Mean delay of those who leave alive, over all routes, by age, in days."""
    means = []
    for age in range(len(AGES)):
        left, mean = 1.0, 0.0
        for route in stage.routes:
            share = left if isinstance(route.share, str) else min(left, route.share.values[age])
            left -= share
            mean += share * float(route.delay.mean_days) if route.delay else 0.0
        means.append(mean)
    return tuple(means)


def pools_of(stage: Stage) -> list[str]:
    """Pools a stage draws on, in the order they are named."""
    if isinstance(stage.served_by, str):
        return [stage.served_by]
    return list(dict.fromkeys(pool for pools in stage.served_by.values() for pool in pools))


def residents_by_age(figures: Figures, reference: Four) -> Four:
    """Residents by age: those of 65 to 74 follow those of 75 and over, as in the reference place."""
    per_older = figures.aged_75 / sum(reference[2:])
    younger = figures.adults - figures.aged_75
    aged_65 = min(reference[1] * per_older, younger / 2)
    return younger - aged_65, aged_65, reference[2] * per_older, reference[3] * per_older


def does_not_add_up(figures: Figures, reference: Totals, expected: dict[str, float]) -> Iterator[str]:
    """What the figures say against each other and against their ages, a sentence each."""
    name = reference.place.name
    old = figures.aged_75 * ADULTS_PER_RESIDENT / figures.adults
    low, high = AGED_75_RANGE
    if not low <= old <= high:
        yield (
            f"aged_75: {old:.1%} of all residents, outside {low:.1%} to {high:.1%} of the English areas; are "
            "adults and aged_75 of the same area, and is aged_75 not 65 and over?"
        )
    for figure in (
        "emergency_admissions",
        "attendances",
        "care_home_residents",
        "home_care_users",
        "deaths",
        "delayed",
    ):
        given = getattr(figures, figure)
        if given is not None and not LIKELY_RATIO[0] <= given / expected[figure] <= LIKELY_RATIO[1]:
            yield (
                f"{figure}: {given:,.0f} is {given / expected[figure]:.2f} times the {expected[figure]:,.0f} that "
                f"{name} would have at these ages; check year, adults only, and definition"
            )
    yield from _beds_do_not_add_up(figures, reference, expected)


def _beds_do_not_add_up(figures: Figures, reference: Totals, expected: dict[str, float]) -> Iterator[str]:
    residents = residents_by_age(figures, reference.residents)
    ratio = figures.emergency_admissions / expected["emergency_admissions"]
    delayed = figures.delayed / figures.acute_beds
    low, high = LIKELY_DELAYED_SHARE
    if not low <= delayed <= high:
        yield (
            f"delayed: {delayed:.0%} of acute beds, outside {low:.0%} to {high:.0%}; count those who stay overnight, "
            "not those at the start of the day"
        )
    through = sum(
        n * rate / 1000 * share
        for n, rate, share in zip(
            residents,
            reference.rates["emergency_admissions"].values,
            reference.urgent.share_of_admissions_through_a_and_e.values,
            strict=True,
        )
    )
    if ratio * through > 0.8 * figures.attendances:
        yield (
            f"attendances: {figures.attendances:,.0f} are too few for {ratio * through:,.0f} admissions through A&E; "
            "count type 1 attendances of adults for a whole year"
        )
    for role in ("community_beds", "virtual_ward_beds"):
        per_older = reference.capacity(role) * figures.aged_75 / sum(reference.residents[2:])
        given = getattr(figures, role)
        if not LIKELY_RATIO[0] <= given / per_older <= LIKELY_RATIO[1]:
            yield (
                f"{role}: {given:,.0f} is {given / per_older:.2f} times what {reference.place.name} has for as many "
                "people of 75 and over; check that all providers are in"
            )
