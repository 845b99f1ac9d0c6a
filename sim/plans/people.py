"""The tables of a plan about people: who they are, what happens to them at what rate, and programmes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.expected.net_rates import URGENT, NetRates
from sim.interventions import Intervention, Lever
from sim.plans.courses import usual_referrals
from sim.plans.plan import LOOPS, PROGRAMME_LEVERS, lever_names
from sim.quantities import AGES, FRAILTIES
from sim.readiness import as_ready
from sim.scenario import Scenario
from sim.system import HOME, RESIDENCES, People, Place, UrgentNeeds

Floats = npt.NDArray[np.float64]
_FOR_EVER = 2**53
_NO_LIMIT = 1e9
"""Members of a programme without a stated caseload."""


def people_tables(
    scenario: Scenario, net: NetRates | None, interventions: tuple[Intervention, ...], first_day: dt.date, days: int
) -> dict[str, Any]:
    """Population, rates, needs by day, readmission and loops; empty tables for a place without people."""
    place = scenario.place
    shares = np.cumsum([locality.share.value for locality in place.localities])
    index = {name: i for i, name in enumerate(place.stages)}
    urgent, planned, social = place.urgent_needs, place.planned_care, place.social_care
    common = {
        "locality_shares": shares,
        "loop": _loops(place),
        "zero_day_stage": index[urgent.zero_day_stage] if urgent else -1,
        "overnight_stage": index[urgent.overnight_stage] if urgent else -1,
        "readmission_stage": index[urgent.a_and_e_stage] if urgent else -1,
        "readmission_minutes": urgent.readmission_days.value * 1440 if urgent else 0.0,
        "referral_stage": index[planned.referral_stage] if planned else -1,
        "operation_share": planned.operation_share.value if planned else 0.0,
        "operating_stage": _operating_stage(place),
        "home_care_stage": index[social.home_with_care.stage] if social else -1,
        "care_home_stage": index[social.care_home.stage] if social else -1,
    }
    people = place.people
    if net is None or people is None or urgent is None:
        return common | _nobody(place, days)
    conditions = list(people.conditions.values())
    deprivation = np.array(people.deprivation_ratio.values)
    share = net.groups.share
    residence = np.cumsum(share, axis=2) / share.sum(axis=2, keepdims=True)
    return common | {
        "people": np.array([round(n * scenario.run.scale) for n in people.residents.values], dtype=np.int64),
        "frailty_shares": np.cumsum([people.frailty[age].values for age in AGES], axis=1),
        "deprivation": deprivation / deprivation.mean(),
        "propensity_shape": np.array(people.propensity_shape.values),
        "condition_prevalence": np.array([c.prevalence.values for c in conditions]).reshape(-1, len(AGES)),
        "condition_extra": np.array([c.urgent_needs_ratio.value - 1 for c in conditions]),
        "residence_shares": residence,
        "end_of_life_share": net.groups.end_of_life,
        "life_rates": _life_rates(place, net, usual_referrals(scenario)),
        "severity_shares": np.cumsum(net.severity, axis=1),
        "door_a_and_e": net.through_a_and_e,
        "need_by_day": _need_by_day(people, urgent, interventions, first_day, days, scenario.run.starts),
        "week_pattern": _week_pattern(urgent),
        "readmission": net.readmission,
        "own_readmission": net.own_readmission,
        "admitted_for_each_minor": _admitted_for_each_minor(net),
        "workload": _workload(place),
    }


def _nobody(place: Place, days: int) -> dict[str, Any]:
    ages, frailties = len(AGES), len(FRAILTIES)
    return {
        "people": np.zeros(ages, dtype=np.int64),
        "frailty_shares": np.ones((ages, frailties)),
        "deprivation": np.ones(5),
        "propensity_shape": np.ones(ages),
        "condition_prevalence": np.zeros((0, ages)),
        "condition_extra": np.zeros(0),
        "residence_shares": np.ones((ages, frailties, 3)),
        "end_of_life_share": np.zeros((ages, frailties, 3)),
        "life_rates": np.zeros((7, ages, frailties, 3, 2)),
        "severity_shares": np.ones((ages, len(URGENT))),
        "door_a_and_e": np.zeros((ages, len(URGENT))),
        "need_by_day": np.ones((len(URGENT), ages, days)),
        "week_pattern": np.ones(336),
        "readmission": np.zeros(ages),
        "own_readmission": np.zeros(ages),
        "admitted_for_each_minor": np.zeros(ages),
        "workload": np.zeros((2, ages)),
    }


def _life_rates(place: Place, net: NetRates, made_by_courses: Floats) -> Floats:
    """Events a person-year, [kind, age, frailty, residence, end of life], in the order of plan.LIFE_EVENTS.

    Referrals that usual care makes when it recognises or manages a condition come with that, and are taken off here.
    """
    rates = np.zeros((7, *net.urgent.shape))
    rates[0] = net.urgent
    rates[1] = np.maximum(net.referrals - made_by_courses, 0.0)[:, None, None, None]
    rates[2] = net.dies_at_home
    rates[3, ..., 0] = net.end_of_life_rate
    rates[4] = net.home_care_requests[..., None]
    rates[5] = net.care_home_requests[..., None]
    if place.social_care is not None:
        rates[6, :, :, 1] = place.social_care.home_with_care.ends_per_year.value
        rates[6, :, :, 2] = place.social_care.care_home.ends_per_year.value
    return rates


def _admitted_for_each_minor(net: NetRates) -> Floats:
    """Needs that are admitted through A&E over minor needs seen there, by age."""
    attending = net.severity * net.through_a_and_e
    minor = attending[:, URGENT.index("minor")]
    return np.asarray(np.divide(attending.sum(axis=1) - minor, minor, out=np.zeros_like(minor), where=minor > 0))


def _workload(place: Place) -> Floats:
    """Routine contacts with a doctor, and outpatient attendances, a person-year by age."""
    practice, planned = place.general_practice, place.planned_care
    contacts = np.array(practice.contacts_per_person_per_year.values) if practice else np.zeros(len(AGES))
    outpatients = np.array(planned.outpatients_per_1000_per_year.values) / 1000 if planned else np.zeros(len(AGES))
    return np.stack([contacts * (practice.share_with_gp.value if practice else 0.0), outpatients])


def _operating_stage(place: Place) -> int:
    """Number of the stage that a first outpatient appointment leads to when an operation is decided on, -1 none."""
    planned = place.planned_care
    after = [route.to for route in place.stages[planned.referral_stage].routes if route.to != HOME] if planned else []
    return list(place.stages).index(after[0]) if after else -1


def _need_by_day(
    people: People,
    urgent: UrgentNeeds,
    interventions: tuple[Intervention, ...],
    first_day: dt.date,
    days: int,
    starts: dt.date,
) -> Floats:
    """Relative rate of urgent needs, [severity, age, day]: month, growth from the first measured day, steps by date."""
    dates = np.datetime64(first_day) + np.arange(days)
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    years = np.maximum(0.0, (np.arange(days) - (starts - first_day).days) / 365.25)
    relative = np.empty((len(URGENT), len(AGES), days))
    growth = 1 + np.array(people.growth_per_cent_per_year.values) / 100
    grown = growth[:, None] ** years
    for severity, name in enumerate(URGENT):
        for a, age in enumerate(AGES):
            pattern = urgent.minor_by_month.values if name == "minor" else urgent.by_month[age].values
            relative[severity, a] = (np.array(pattern) / np.mean(pattern))[month] * grown[a]
    for intervention in interventions:
        for step in intervention.needs:
            from_day = max(0, (step.from_date - first_day).days)
            until = max(0, (min(step.until, intervention.ramp.ends or step.until) - first_day).days)
            rows = [URGENT.index(name) for name in step.severity]
            columns = [AGES.index(age) for age in step.age]
            relative[np.ix_(rows, columns, range(min(from_day, days), min(until, days)))] *= step.ratio
    return relative


def _week_pattern(urgent: UrgentNeeds) -> Floats:
    pattern = np.repeat(np.outer(urgent.by_weekday.values, urgent.by_hour.values).ravel(), 2)
    return np.asarray(pattern / pattern.mean())


def _loops(place: Place) -> Floats:
    loops = place.loops
    values = dict.fromkeys(LOOPS, 0.0)
    if loops is None:
        values["exit_block"] = 1.0
    else:
        values |= {name: float(getattr(loops, name)) for name in LOOPS[:8]}
        values["threshold_slope"] = loops.threshold_slope.value
        values["pressure_discharges"] = loops.pressure_discharges_per_cent.value
        values["pressure_readmissions"] = loops.pressure_readmissions_per_cent.value
        values["reference_occupancy"] = loops.reference_occupancy.value
        values["frailty_steps"] = loops.frailty_steps_per_delay_day.value
        values["unclear_roles"] = loops.unclear_roles
    return np.array([values[name] for name in LOOPS])


def _residences(each: Intervention) -> list[int]:
    """How a programme treats people by where they live; unless it says so, it picks nobody in a care home."""
    wanted = each.who.residence
    return [1, 1, 2] if wanted is None else [int(residence in wanted) for residence in RESIDENCES]


def programme_tables(scenario: Scenario, first_day: dt.date, *, active: bool) -> dict[str, Any]:
    """Programmes of both arms; in the baseline they are not active and only followed as what would have been."""
    programmes = [as_ready(each, scenario.readiness) for each in scenario.interventions if each.enrols]
    conditions = list(scenario.place.people.conditions) if scenario.place.people else []
    localities = [each.name for each in scenario.place.localities]

    def minute(date: dt.date | None) -> int:
        return _FOR_EVER if date is None else max(0, (date - first_day).days) * 1440

    def caseload(each: Intervention) -> float:
        if each.capacity is None:  # those at highest risk are picked by ranking, however many may be
            return -1.0 if each.who.top_risk_per_cent == 100 else _NO_LIMIT
        return each.capacity.caseload_per_wte.value * each.capacity.wte.value * scenario.run.scale

    names = lever_names(len(conditions))

    def levers(each: Intervention) -> list[Lever | None]:
        by_condition = (each.needs_by_condition.get(name) for name in conditions)
        stated: dict[str, Lever] = {}
        for part in (each.levers, each.unintended):
            stated |= dict(part.items())
        return [*(stated.get(name) for name in PROGRAMME_LEVERS), *by_condition]

    def array(rows: list[Any], width: int | None, kind: type) -> Any:
        return np.array(rows, dtype=kind).reshape(-1 if width is None else (-1, width))

    return {
        "programme_active": array([int(active and p.strength > 0) for p in programmes], None, np.int64),
        "programme_start": array([minute(p.ramp.starts) for p in programmes], None, np.int64),
        "programme_end": array([minute(p.ramp.ends) for p in programmes], None, np.int64),
        "programme_ramp": array(
            [(p.ramp.half_time_months * 30.4375, p.ramp.full, p.ramp.fades_after_end_months * 30.4375, p.ramp.lag_days)
             for p in programmes], 4, np.float64),
        "programme_caseload": array([caseload(p) for p in programmes], None, np.float64),
        "programme_who": array(
            [(p.who.top_risk_per_cent, p.who.reach, p.tool_noise, p.insight,
              -1 if p.term_months is None else p.term_months * 43_830, p.strength) for p in programmes], 6, np.float64),
        "programme_ages": array([[int(a in p.who.age) for a in AGES] for p in programmes], len(AGES), np.int64),
        "programme_frailty": array([[int(f in p.who.frailty) for f in FRAILTIES] for p in programmes], 4, np.int64),
        "programme_conditions": array(
            [(sum(1 << conditions.index(c) for c in p.who.conditions if c in conditions), int(p.who.or_conditions))
             for p in programmes], 2, np.int64),
        "programme_localities": array(
            [[int(not p.who.locality or name in p.who.locality) for name in localities] for p in programmes],
            len(localities), np.int64),
        "programme_residences": array([_residences(p) for p in programmes], len(RESIDENCES), np.int64),
        "programme_ratio": array(
            [[1.0 if lever is None else lever.ratio for lever in levers(p)] for p in programmes],
            len(names), np.float64),
        "programme_growth": array(
            [[0.0 if lever is None else lever.half_time_months * 30.4375 for lever in levers(p)] for p in programmes],
            len(names), np.float64),
        "programme_followed": array([int(p.is_followed) for p in programmes], None, np.int64),
        "programme_overlap": np.array(
            [scenario.overlap[name].value if name in scenario.overlap else 0.0 for name in names]),
        "programme_gp_minutes": array(
            [p.takes.gp_minutes_per_person_month.value / 30.4375 for p in programmes], None, np.float64),
        "programme_care_plan": array([int(p.care_plan) for p in programmes], None, np.int64),
    }  # fmt: skip
