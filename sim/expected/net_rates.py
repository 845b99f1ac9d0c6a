"""Published gross figures to the net rates and times that the model draws.

Published figures overlap: admissions contain readmissions, stays contain delay, deaths happen in hospital and at
home. ``net_rates`` does all the subtractions, once, so that the parts add up to what was published again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.expected.end_of_life import CARE_HOME, HOME_WITH_CARE, OWN_HOME, Dying, dying
from sim.expected.routes import ROUTED_AS, Routing, routes_of
from sim.expected.stage_times import cut_short, days_in_stage, door_wait_days, mean_delay_days
from sim.quantities import AGES
from sim.system import Place, PlannedCare, Stage

Floats = npt.NDArray[np.float64]
YEAR_DAYS = 365.25
Stays = tuple[str, str, Floats]
"""Severity, stage and stays a year by age."""
URGENT = ("minor", "ambulatory_care_sensitive", "community_or_acute", "acute", "community_or_home")


@dataclass(frozen=True)
class Groups:
    """The people of each age by frailty, residence and nearness to the end of life.

    Arrays are indexed [age, frailty, residence], shares of the age band that sum to 1, or [.., end of life].
    """

    residents: Floats
    share: Floats
    end_of_life: Floats
    """Share nearing the end of life, [age, frailty, residence]."""
    with_end_of_life: Floats
    """Shares of the age band, [age, frailty, residence, end of life]."""


@dataclass(frozen=True)
class NetRates:
    """What is drawn: rates a person-year and chances. The fourth index of arrays is nearing the end of life."""

    groups: Groups
    urgent: Floats
    """Urgent needs a person-year, [age, frailty, residence, end of life], for a person of average propensity."""
    severity: Floats
    """Share of each of the five urgent severities, [age, severity]."""
    through_a_and_e: Floats
    """Share that goes to A&E rather than general practice, [age, severity]."""
    zero_day: Floats
    """Share of ambulatory-care-sensitive and acute admissions that stay less than a night, by age."""
    readmission: Floats
    """Chance of a drawn readmission after a live overnight discharge, beyond what the own rate gives, by age."""
    own_readmission: Floats
    """Chance of an emergency admission within 30 days from the person's own rate, by age."""
    stay_days: dict[str, Floats]
    """Mean length of stay of stages whose published mean contains more than the stay, by age."""
    dies_in_hospital: Floats
    """Chance to die in an overnight stay that makes up hospital deaths, [age, frailty, end of life]."""
    mean_dies_in_hospital: Floats
    """The same, mean by age."""
    lost: dict[str, Floats]
    """Share of the stays that do not end by a route, by stage and age: deaths in hospital, stays at home cut short."""
    admitted_per_day: Floats
    """Chance a day that an admission cuts a stay at home short, by age."""
    end_of_life_rate: Floats
    """Entering the end-of-life state a person-year, [age, frailty, residence]."""
    dies_at_home: Floats
    """Deaths a person-year outside beds, [age, frailty, residence, end of life]."""
    referrals: Floats
    """Planned referrals a person-year, by age."""
    home_care_requests: Floats
    """Requests for home care from the community a person-year, [age, frailty, residence]."""
    care_home_requests: Floats
    """Requests for a care home place from the community a person-year, [age, frailty, residence]."""
    propensity_spread: Floats
    """Mean square over squared mean of a person's lasting multiplier, by age."""
    entries: dict[str, dict[str, Floats]]
    """Needs a year of the whole place by severity, stage of entry and age; drawn readmissions are `readmission`."""
    routing: Routing
    """The place's routes, taken by those who are not `lost`."""


def net_rates(place: Place) -> NetRates:
    """The net rates and times of a place with people. Pure; raises ValueError where published parts exceed wholes.

    1. Urgent needs = emergency admissions less drawn readmissions, plus what community beds take, plus minor needs
       that fill up the published A&E attendances and general practice requests.
    2. Readmission = drawn excess + what the person's own rate gives in 30 days; only the sum is published. Nobody is
       readmitted from another bed.
    3. Length of stay = published stay / share overnight - (delay + wait for an open door) of those who live.
    4. Deaths: hospital share in stays, care-home share by residence, the rest at home; three quarters of them
       (the file's share) by way of the end-of-life state (end_of_life.py).
    5. A point of somebody in a bed or in an unfinished urgent journey is dropped: rates, also of death outside
       hospital, are raised for that.
    6. Requests for home care and care homes from the community keep today's numbers: deaths, endings and moves less
       entries from hospital. Care at home is cut short by an admission.
    """
    people, urgent, deaths = place.people, place.urgent_needs, place.deaths
    if people is None or urgent is None or deaths is None or place.loops is None:
        raise ValueError("net rates need people, deaths, urgent_needs and loops")
    residents = np.array(people.residents.values)
    admissions = np.array(urgent.emergency_admissions_per_1000_per_year.values) / 1000
    overnight = admissions * (1 - np.array(urgent.zero_day_share.values))
    spread = _propensity_spread(place)
    share, died_by_residence = _shares_and_deaths(place)
    end = dying(place, share, died_by_residence, overnight, spread)
    weight = np.stack([share * (1 - end.near_end), share * end.near_end], axis=-1)
    met = weight * end.relative * end.multiplier
    frequency = end.relative / met.sum(axis=(1, 2, 3))[:, None, None, None]
    in_stay = weight * frequency * end.multiplier
    dies_mean = (in_stay * end.in_hospital[:, :, None]).sum(axis=(1, 2, 3))
    live = in_stay * (1 - end.in_hospital[:, :, None])

    zero_day = _zero_day(place, admissions, overnight)
    readmission, own, readmitted = _readmission(place, end, weight, frequency, live, admissions, overnight)
    needs = _urgent_needs(place, residents, admissions, overnight, readmitted)
    total = sum(needs.rate.values(), np.zeros(len(AGES)))
    entries = needs.entries | {"readmission": {urgent.a_and_e_stage: readmitted * residents}}
    stay = {name: _net_stay(place, name, stage, dies_mean) for name, stage in place.stages.items()
            if stage.length_of_stay.published}  # fmt: skip
    admitted_per_day = np.array(urgent.readmitted_within_30_days.values) / 30 * (1 - zero_day)
    lost = _lost(place, dies_mean, admitted_per_day)
    routing = Routing(place, lost)
    stays = [*_stays(routing, entries)]
    bed_days = _bed_days(routing, stays, stay, admitted_per_day) / residents
    raised, free = _raised_for_dropped(bed_days[:, None, None, None] / YEAR_DAYS * frequency, end)
    referrals = _referrals(place)
    if place.planned_care is not None:
        planned = _referral_entries(place.planned_care, referrals * residents)
        entries, stays = entries | planned, [*stays, *_stays(routing, planned)]
    home_care, care_home = _requests(place, stays, residents, weight, end.relative, free, died_by_residence)
    return NetRates(
        groups=Groups(residents, share, end.near_end, weight),
        urgent=total[:, None, None, None] * frequency * raised,
        severity=np.stack([needs.rate[s] for s in URGENT], axis=1) / total[:, None],
        through_a_and_e=np.stack([needs.through_a_and_e[s] for s in URGENT], axis=1),
        zero_day=zero_day,
        readmission=readmission,
        own_readmission=own,
        stay_days=stay,
        dies_in_hospital=end.in_hospital,
        mean_dies_in_hospital=dies_mean,
        lost=lost,
        admitted_per_day=admitted_per_day,
        end_of_life_rate=end.entering,
        dies_at_home=end.outside / free,
        referrals=referrals,
        home_care_requests=home_care,
        care_home_requests=care_home,
        propensity_spread=spread,
        entries=entries,
        routing=routing,
    )


def _shares_and_deaths(place: Place) -> tuple[Floats, Floats]:
    """Shares of each age by frailty and residence, and deaths a person-year by the same.

    Deaths in care homes are published; with the deaths of residents in hospital they are all the residents' deaths.
    """
    people, social, deaths = place.people, place.social_care, place.deaths
    assert people is not None
    assert deaths is not None
    residents, died = np.array(people.residents.values), np.array(deaths.per_1000_per_year.values) / 1000
    frailty = np.array([people.frailty[age].values for age in AGES])
    tilted = frailty * np.array(people.frailty_care_home_ratio.values)
    tilted /= tilted.sum(axis=1, keepdims=True)
    share = np.zeros((len(AGES), frailty.shape[1], 3))
    if social is not None:
        for residence, support in ((HOME_WITH_CARE, social.home_with_care), (CARE_HOME, social.care_home)):
            living = np.array(support.residents_per_1000.values)[:, None] / 1000
            share[:, :, residence] = np.minimum(living * tilted, 0.45 * frailty)
    share[:, :, OWN_HOME] = frailty - share.sum(axis=2)

    died_all = died * residents
    all_of_residents = deaths.care_home_share.value / (1 - deaths.care_home_residents_hospital_share.value)
    by_age = _shares(share[:, :, CARE_HOME].sum(axis=1) * residents * died**deaths.care_home_age_gradient.value)
    of_residents = np.minimum(all_of_residents * died_all.sum() * by_age, 0.9 * died_all)
    ratio = np.array(people.frailty_death_ratio.values)
    rate = np.zeros_like(share)
    for own, number in (([OWN_HOME, HOME_WITH_CARE], died_all - of_residents), ([CARE_HOME], of_residents)):
        exposed = (share[:, :, own].sum(axis=2) * ratio).sum(axis=1) * residents
        hazard = np.divide(number, exposed, out=np.zeros_like(number), where=exposed > 0)
        rate[:, :, own] = (hazard[:, None] * ratio)[:, :, None]
    return share, rate


def _shares(values: Floats) -> Floats:
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def _propensity_spread(place: Place) -> Floats:
    people = place.people
    assert people is not None
    deprivation = np.array(people.deprivation_ratio.values)
    spread = (1 + 1 / np.array(people.propensity_shape.values)) * (deprivation**2).mean() / deprivation.mean() ** 2
    mean, variance = np.ones(len(AGES)), np.zeros(len(AGES))
    for condition in people.conditions.values():
        common, extra = np.array(condition.prevalence.values), condition.urgent_needs_ratio.value - 1
        mean, variance = mean + common * extra, variance + common * (1 - common) * extra**2
    return np.asarray(spread * (1 + variance / mean**2))


def _readmission(
    place: Place, end: Dying, weight: Floats, frequency: Floats, live: Floats, admissions: Floats, overnight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Chance of a drawn readmission and of an admission in 30 days at one's own rate, and drawn readmissions a year.

    All by age, the last a person-year. ``live`` are the stays that end alive as shares of all, [age, frailty,
    residence, end of life]. The published share is of all live overnight discharges: after a planned admission people
    come back at their own rate only. Those who go on to another bed for weeks are not readmitted meanwhile, nor would a
    drawn readmission find them at home.
    """
    urgent = place.urgent_needs
    assert urgent is not None
    published = np.array(urgent.readmitted_within_30_days.values)
    at_home = 1 - _to_another_bed(place)
    discharges = overnight * live.sum(axis=(1, 2, 3))
    care = place.planned_care
    planned = np.array(care.admissions_per_1000_per_year.values) / 1000 if care else np.zeros(len(AGES))
    leaving = live[..., None] * end.density * end.nodes[:, None, None, None] / end.multiplier[..., None]
    everybody = weight[..., None] * end.density
    readmitted = np.zeros(len(AGES))
    for _ in range(5):
        rate = (admissions - readmitted)[:, None, None, None] * frequency * 30 / YEAR_DAYS
        chance = 1 - np.exp(-rate[..., None] * end.nodes[:, None, None, None])
        own = (leaving * chance).sum(axis=(1, 2, 3, 4)) * overnight / discharges
        after_planned = (everybody * chance).sum(axis=(1, 2, 3, 4))
        wanted = (published * (discharges + planned) - after_planned * planned) / discharges
        drawn = np.clip(1 - (1 - wanted / at_home) / (1 - own), 0, 0.9)
        readmitted = discharges * at_home * drawn
    return drawn, own, readmitted


def _to_another_bed(place: Place) -> Floats:
    """Share of live overnight discharges that go on to a bed that is not at home nor a residence, by age."""
    assert place.urgent_needs is not None
    going = np.zeros(len(AGES))
    for resolved in routes_of(place.stages[place.urgent_needs.overnight_stage], "acute"):
        after = place.stages.get(resolved.route.to)
        if after is not None and not after.at_home and after.residence is None:
            going += resolved.share
    return going


@dataclass(frozen=True)
class _Needs:
    rate: dict[str, Floats]
    through_a_and_e: dict[str, Floats]
    entries: dict[str, dict[str, Floats]]


def _urgent_needs(place: Place, residents: Floats, admissions: Floats, overnight: Floats, readmitted: Floats) -> _Needs:
    """Needs a person-year and door by severity and age; and entries a year by severity and stage."""
    urgent, loops = place.urgent_needs, place.loops
    assert urgent is not None
    assert loops is not None
    substitution = max(loops.substitution.value, 0.01)
    fit_for_community = np.array(urgent.community_bed_instead_share.values) * overnight
    taken = urgent.community_entries_per_year.value * _shares(fit_for_community * residents) / residents
    rate = {"community_or_acute": fit_for_community + substitution * taken}
    # As many in proportion would take a bed but otherwise stay at home, whether or not they are offered one today.
    rate["community_or_home"] = (1 - substitution) / substitution * rate["community_or_acute"]
    rate["ambulatory_care_sensitive"] = np.array(urgent.ambulatory_care_sensitive_share.values) * admissions
    rate["acute"] = admissions - readmitted - fit_for_community - rate["ambulatory_care_sensitive"]
    _refuse_negative(rate["acute"], "urgent_needs", "ambulatory-care-sensitive, community and readmission shares")

    serious = admissions - readmitted
    door = (np.array(urgent.share_of_admissions_through_a_and_e.values) * admissions - readmitted) / serious
    door = np.clip(door, 0, 1)
    through = {name: door for name in URGENT if name != "minor"}
    through["community_or_home"] = np.zeros(len(AGES))
    attended = sum((through[name] * rate[name] for name in through), np.zeros(len(AGES))) + readmitted
    requests = sum(((1 - through[name]) * rate[name] for name in through), np.zeros(len(AGES)))
    # Needs that only a community bed would reveal are not among the published requests.
    requests = requests - rate["community_or_home"]
    gp_minor = np.array(urgent.urgent_gp_per_1000_per_year.values) / 1000 - requests
    turning = _turning_to_a_and_e(place) * (gp_minor + requests)
    minor_attends = np.array(urgent.a_and_e_attendances_per_1000_per_year.values) / 1000 - attended - turning
    _refuse_negative(gp_minor, "urgent_needs.urgent_gp_per_1000_per_year", "admissions that come through the GP")
    _refuse_negative(minor_attends, "urgent_needs.a_and_e_attendances_per_1000_per_year", "admissions through A&E")
    rate["minor"] = gp_minor + minor_attends
    through["minor"] = minor_attends / rate["minor"]
    entries = {
        name: {
            urgent.a_and_e_stage: through[name] * rate[name] * residents,
            urgent.gp_stage: (1 - through[name]) * rate[name] * residents,
        }
        for name in URGENT
    }
    entries["diverted"] = {urgent.a_and_e_stage: turning * residents}
    return _Needs(rate, through, entries)


def _turning_to_a_and_e(place: Place) -> float:
    """Share of urgent requests that end in A&E because nobody saw them by closing, in the reference state.

    Somebody unseen waits, turns to A&E or drops out; those who wait may be unseen again.
    """
    assert place.urgent_needs is not None
    gives_up = place.stages[place.urgent_needs.gp_stage].gives_up
    if gives_up is None:
        return 0.0
    unseen = gives_up.reference_unseen_share.value
    return unseen * gives_up.divert.value / (1 - unseen * gives_up.wait.value)


def _refuse_negative(values: Floats, field: str, parts: str) -> None:
    for age, value in zip(AGES, values, strict=True):
        if value < 0:
            raise ValueError(
                f"{field}: at {age} the published total is less than the {parts} by {-value * 1000:.1f} per 1,000 "
                "a year"
            )


def _zero_day(place: Place, admissions: Floats, overnight: Floats) -> Floats:
    """People fit for a community bed all stay overnight, so the zero-day share of the others is higher."""
    assert place.urgent_needs is not None
    always = np.array(place.urgent_needs.community_bed_instead_share.values) * overnight
    return np.asarray((admissions - overnight) / (admissions - always))


def _net_stay(place: Place, name: str, stage: Stage, dies_mean: Floats) -> Floats:
    """Published stay less delay and wait for the door, in days by age; at least a tenth of what was published."""
    urgent = place.urgent_needs
    assert urgent is not None
    published = np.array(stage.length_of_stay.mean.values) * stage.length_of_stay.minutes_per_unit / 1440
    if name == urgent.overnight_stage:
        published = published / (1 - np.array(urgent.zero_day_share.values))
    alive = 1 - dies_mean if stage.deaths_in_hospital else np.ones(len(AGES))
    severity = "planned" if name != urgent.overnight_stage else "acute"
    taken_off = alive * (mean_delay_days(routes_of(stage, severity)) + door_wait_days(stage))
    return np.asarray(np.maximum(published - taken_off, 0.1 * published))


def _raised_for_dropped(in_bed: Floats, end: Dying) -> tuple[Floats, Floats]:
    """Factor on the rates of need for needs that fall while the person is in a bed, and the share of time out of one.

    Both [age, frailty, residence, end of life]. ``in_bed`` is time in bed over time out of it at multiplier 1, so that
    somebody of multiplier m is out of bed for 1 / (1 + m x in_bed x factor) of the time.
    """
    nodes, factor = end.nodes[:, None, None, None], np.ones_like(in_bed)
    for _ in range(20):
        free = 1 / (1 + (in_bed * factor)[..., None] * nodes)
        factor = end.multiplier / (end.density * nodes * free).sum(axis=-1)
    return factor, (end.density * free).sum(axis=-1)


def _lost(place: Place, dies_mean: Floats, admitted_per_day: Floats) -> dict[str, Floats]:
    """Share of the stays that do not end by a route, by stage and age: deaths worked out, and stays cut short."""
    dies = {name: dies_mean for name, stage in place.stages.items() if stage.deaths_in_hospital}
    return dies | cut_short(place, admitted_per_day)


def _bed_days(routing: Routing, stays: Iterable[Stays], stay: dict[str, Floats], admitted_per_day: Floats) -> Floats:
    """Days a year that people of each age spend in urgent care and the beds after it, where no other need is met."""
    total = np.zeros(len(AGES))
    for severity, name, per_year in stays:
        stage = routing.place.stages[name]
        if per_year.any() and not stage.at_home and stage.residence is None:
            total += per_year * days_in_stage(routing, name, severity, stay, admitted_per_day)
    return total


def _stays(routing: Routing, entries: dict[str, dict[str, Floats]]) -> Iterator[Stays]:
    """Severity, stage and stays a year that each kind of entry leads to."""
    for label, by_stage in entries.items():
        severity = ROUTED_AS.get(label, label)
        for name, per_year in routing.visits(severity, by_stage).items():
            yield severity, name, per_year


def _referrals(place: Place) -> Floats:
    planned = place.planned_care
    if planned is None:
        return np.zeros(len(AGES))
    return np.array(planned.admissions_per_1000_per_year.values) / 1000 * planned.referrals_per_admission.value


def _referral_entries(care: PlannedCare, a_year: Floats) -> dict[str, dict[str, Floats]]:
    """Referrals a year by severity: those who would benefit from an operation apart, where they are told apart."""
    share, stage = care.operation_share.value, care.referral_stage
    if share == 0:
        return {"planned": {stage: a_year}}
    return {"planned": {stage: a_year * (1 - share)}, "planned_operation": {stage: a_year * share}}


def _requests(
    place: Place, stays: Iterable[Stays], residents: Floats, weight: Floats, relative: Floats, free: Floats,
    died: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Community requests a person-year, [age, frailty, residence], that balance deaths and endings of each support.

    Of those who come from hospital some had home care before: they do not start it, and leave it for a care home.
    """
    people, social = place.people, place.social_care
    share = weight.sum(axis=3)
    if social is None or people is None:
        return np.zeros_like(share), np.zeros_like(share)
    arriving = {stage: np.zeros(len(AGES)) for stage in place.stages}
    for _, name, per_year in stays:
        arriving[name] = arriving[name] + per_year
    ratio = np.array(people.frailty_care_home_ratio.values)
    number = share * residents[:, None, None]
    asking = number * (weight * free).sum(axis=3) / np.where(share > 0, share, 1)

    def balance(needed: Floats, open_to: list[int]) -> Floats:
        allowed = np.isin(np.arange(3), open_to) * ratio[:, None]
        exposed = (asking * allowed).sum(axis=(1, 2))
        rate = np.divide(np.maximum(0.0, needed), exposed, out=np.zeros_like(needed), where=exposed > 0)
        return np.asarray(rate[:, None, None] * allowed)

    from_beds = (weight * relative).sum(axis=3) * ratio[:, None]
    had_care = from_beds[:, :, HOME_WITH_CARE].sum(axis=1) / from_beds[:, :, :CARE_HOME].sum(axis=(1, 2))
    ending = (number * died).sum(axis=1) + number.sum(axis=1) * np.array(
        [0.0, social.home_with_care.ends_per_year.value, social.care_home.ends_per_year.value]
    )
    entering = arriving[social.care_home.stage]
    care_home = balance(ending[:, CARE_HOME] - entering, [OWN_HOME, HOME_WITH_CARE])
    moving = (asking * care_home).sum(axis=1)[:, HOME_WITH_CARE] + had_care * entering
    starting = (1 - had_care) * arriving[social.home_with_care.stage]
    home_care = balance(ending[:, HOME_WITH_CARE] + moving - starting, [OWN_HOME])
    return home_care, care_home
