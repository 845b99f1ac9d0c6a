"""Published gross figures to the net rates and times that the model draws.

Published figures overlap: admissions contain readmissions, stays contain delay, deaths happen in hospital and at
home. ``net_rates`` does all the subtractions, once, so that the parts add up to what was published again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from sim.quantities import AGES
from sim.routes import routes_of, visits
from sim.system import Place, Stage

Floats = npt.NDArray[np.float64]
YEAR_DAYS = 365.25
URGENT = ("minor", "ambulatory_care_sensitive", "community_or_acute", "acute", "community_or_home")
OWN_HOME, HOME_WITH_CARE, CARE_HOME = 0, 1, 2
_MOST_DIE_IN_A_STAY = 0.45


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
    """What is drawn: rates a person-year and chances. Last index of four-dimensional arrays: nearing the end of life."""

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


def door_wait_days(stage: Stage) -> float:
    """Mean days from the end of the length of stay to the next open door, for ends spread evenly over the week."""
    return _door_wait_days(leaving_chances(stage), stage.leaves.from_hour, stage.leaves.to_hour)


@cache
def _door_wait_days(chances: tuple[float, ...], opens: int, closes: int) -> float:
    waits = []
    for weekday in range(7):
        for half_hour in range(48):
            hour = half_hour / 2 + 0.25
            now = chances[weekday] if hour < closes else 0.0
            wait = now * (0.0 if hour >= opens else (opens + closes) / 2 - hour)
            still, later = 1.0 - now, 0.0
            for ahead in range(1, 60):
                chance = chances[(weekday + ahead) % 7]
                later += still * chance * (24 * ahead + (opens + closes) / 2 - hour)
                still *= 1.0 - chance
            waits.append((wait + later) / 24)
    return float(np.mean(waits))


def leaving_chances(stage: Stage) -> tuple[float, ...]:
    """Chance of leaving on Monday to Sunday for somebody ready: the pattern as a share of its best day."""
    pattern = stage.leaves_by_weekday.values if stage.leaves_by_weekday else (1.0,) * 7
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    best = max(pattern)
    return tuple(value / best if day in stage.leaves.weekdays else 0.0 for day, value in zip(days, pattern, strict=True))


def mean_delay_days(stage: Stage, severity: str = "acute") -> Floats:
    """Mean delay of the people leaving a stage alive, all three parts, by age."""
    total = np.zeros(len(AGES))
    for resolved in routes_of(stage, severity):
        if resolved.route.delay is not None:
            total += resolved.share * resolved.route.delay.mean_days.value
    return total


def net_rates(place: Place) -> NetRates:
    """The net rates and times of a place with people. Pure; raises ValueError where published parts exceed wholes.

    1. Urgent needs = emergency admissions less drawn readmissions, plus what community beds take, plus minor needs
       that fill up the published A&E attendances and general practice requests.
    2. Readmission = drawn excess + what the person's own rate gives in 30 days; only the sum is published.
    3. Length of stay = published stay / share overnight - (delay + wait for an open door) of those who live.
    4. Deaths: hospital share in stays, care-home share by residence, the rest at home; three quarters of them
       (the file's share) by way of the end-of-life state.
    5. A point of somebody in a bed or in an unfinished urgent journey is dropped: rates are raised for that.
    6. Requests for home care and care homes from the community keep today's numbers: deaths and endings less
       entries from hospital.
    """
    people, urgent, deaths = place.people, place.urgent_needs, place.deaths
    if people is None or urgent is None or deaths is None or place.loops is None:
        raise ValueError("net rates need people, deaths, urgent_needs and loops")
    residents = np.array(people.residents.values)
    admissions = np.array(urgent.emergency_admissions_per_1000_per_year.values) / 1000
    overnight = admissions * (1 - np.array(urgent.zero_day_share.values))
    died = np.array(deaths.per_1000_per_year.values) / 1000
    hospital = deaths.hospital_share.value
    end_hazard = np.log(2) / (people.end_of_life.median_months.value / 12)
    # Those near the end are admitted at least so often that no more than 45% of their stays need end in death.
    end_ratio = np.maximum(
        people.end_of_life.urgent_needs_ratio.value, hospital * end_hazard / (_MOST_DIE_IN_A_STAY * overnight)
    )
    groups, died_by_residence = _groups(place, residents, died, end_hazard)
    relative = _relative_need(place, end_ratio)
    weight = groups.with_end_of_life
    mean_relative = (weight * relative).sum(axis=(1, 2, 3))
    frequency = relative / mean_relative[:, None, None, None]
    spread = _propensity_spread(place)

    dies, dies_mean = _hospital_deaths(place, groups, frequency, overnight, died, hospital, end_hazard)
    live = overnight * (1 - dies_mean)
    own = _own_readmission(admissions, frequency, weight, spread)
    published = np.array(urgent.readmitted_within_30_days.values)
    readmission = np.clip((published - own) / (1 - own), 0, 0.9)
    readmitted = live * readmission

    needs = _urgent_needs(place, residents, admissions, overnight, readmitted)
    stay = {name: _net_stay(place, name, stage, dies_mean) for name, stage in place.stages.items()
            if stage.length_of_stay.published}  # fmt: skip
    hospital_days = np.array(place.stages[urgent.overnight_stage].length_of_stay.mean.values) * admissions
    total = sum(needs.rate.values(), np.zeros(len(AGES)))
    rate = total[:, None, None, None] * frequency
    rate = rate * _raised_for_dropped(hospital_days / YEAR_DAYS, frequency, spread)
    community = _community_deaths(groups, died_by_residence, end_hazard, hospital, people.end_of_life.share_of_deaths.value)
    in_bed = frequency[..., 1] * hospital_days[:, None, None] / YEAR_DAYS
    community[..., 1] /= np.maximum(0.5, 1 - in_bed)
    entries = needs.entries | {"readmission": {urgent.a_and_e_stage: readmitted * residents}}
    referrals = _referrals(place)
    if place.planned_care is not None:
        entries["planned"] = {place.planned_care.referral_stage: referrals * residents}
    home_care, care_home = _requests(place, groups, died_by_residence, entries, dies_mean)
    return NetRates(
        groups=groups,
        urgent=rate,
        severity=np.stack([needs.rate[s] for s in URGENT], axis=1) / total[:, None],
        through_a_and_e=np.stack([needs.through_a_and_e[s] for s in URGENT], axis=1),
        zero_day=_zero_day(place, admissions, overnight),
        readmission=readmission,
        own_readmission=own,
        stay_days=stay,
        dies_in_hospital=dies,
        mean_dies_in_hospital=dies_mean,
        end_of_life_rate=_entering_end_of_life(groups, died_by_residence, people.end_of_life.share_of_deaths.value),
        dies_at_home=community,
        referrals=referrals,
        home_care_requests=home_care,
        care_home_requests=care_home,
        propensity_spread=spread,
        entries=entries,
    )


def _groups(place: Place, residents: Floats, died: Floats, end_hazard: float) -> tuple[Groups, Floats]:
    """Shares by frailty and residence, and deaths a person-year by the same: care-home deaths are published."""
    people, social, deaths = place.people, place.social_care, place.deaths
    assert people is not None and deaths is not None
    frailty = np.array([people.frailty[age].values for age in AGES])
    towards_care = np.array(people.frailty_care_home_ratio.values)
    care = np.zeros((len(AGES), 3))
    if social is not None:
        care[:, HOME_WITH_CARE] = np.array(social.home_with_care.residents_per_1000.values) / 1000
        care[:, CARE_HOME] = np.array(social.care_home.residents_per_1000.values) / 1000
    tilted = frailty * towards_care
    tilted /= tilted.sum(axis=1, keepdims=True)
    share = np.zeros((len(AGES), frailty.shape[1], 3))
    for residence in (HOME_WITH_CARE, CARE_HOME):
        share[:, :, residence] = np.minimum(care[:, residence, None] * tilted, 0.45 * frailty)
    share[:, :, OWN_HOME] = frailty - share.sum(axis=2)
    by_residence = share.sum(axis=1)

    died_all = died * residents
    in_care_home = np.minimum(
        deaths.care_home_share.value
        * died_all.sum()
        * _shares(by_residence[:, CARE_HOME] * residents * died**deaths.care_home_age_gradient.value)
        / (1 - deaths.hospital_share.value),
        0.9 * died_all,
    )
    ratio = np.array(people.frailty_death_ratio.values)
    rate = np.zeros_like(share)
    for residence in range(3):
        total = in_care_home if residence == CARE_HOME else (died_all - in_care_home)
        living = share[:, :, CARE_HOME] if residence == CARE_HOME else share[:, :, :CARE_HOME].sum(axis=2)
        exposed = (living * ratio).sum(axis=1) * residents
        rate[:, :, residence] = np.divide(total, exposed, out=np.zeros_like(total), where=exposed > 0)[:, None] * ratio
    foreseen = people.end_of_life.share_of_deaths.value * rate
    near_end = foreseen / (foreseen + end_hazard)
    with_end = np.stack([share * (1 - near_end), share * near_end], axis=-1)
    return Groups(residents, share, near_end, with_end), rate


def _shares(values: Floats) -> Floats:
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def _relative_need(place: Place, end_ratio: Floats) -> Floats:
    assert place.people is not None
    by_frailty = np.array(place.people.frailty_urgent_ratio.values)
    relative = np.ones((len(AGES), by_frailty.size, 3, 2)) * by_frailty[None, :, None, None]
    relative[..., 1] *= end_ratio[:, None, None]
    return relative


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


def _hospital_deaths(
    place: Place, groups: Groups, frequency: Floats, overnight: Floats, died: Floats, hospital: float, end_hazard: float
) -> tuple[Floats, Floats]:
    """Chance to die in an overnight stay: [age, frailty, end of life], and the mean by age."""
    assert place.people is not None
    foreseen = place.people.end_of_life.share_of_deaths.value
    stays = groups.with_end_of_life * frequency * overnight[:, None, None, None]
    by_end = stays.sum(axis=(1, 2))
    ratio = np.array(place.people.frailty_death_ratio.values)
    chance = np.zeros((len(AGES), ratio.size, 2))
    chance[..., 1] = (foreseen * hospital * died / by_end[:, 1])[:, None]
    tilted = (stays[..., 0].sum(axis=2) * ratio).sum(axis=1)
    chance[..., 0] = ((1 - foreseen) * hospital * died / tilted)[:, None] * ratio
    chance = np.minimum(chance, 0.9)
    mean = (stays * chance[:, :, None, :]).sum(axis=(1, 2, 3)) / overnight
    return chance, mean


def _own_readmission(admissions: Floats, frequency: Floats, weight: Floats, spread: Floats) -> Floats:
    """Chance that somebody just discharged is admitted within 30 days at their own rate.

    The discharged are met in proportion to their rate; within a group rates are gamma with the shape that has the
    spread of propensity, deprivation and conditions together.
    """
    shape = (1 / np.maximum(spread - 1, 1e-9))[:, None, None, None]
    expected = admissions[:, None, None, None] * frequency * 30 / YEAR_DAYS
    chance = 1 - (1 + expected / shape) ** -(shape + 1)
    met = weight * frequency
    return np.asarray((met * chance).sum(axis=(1, 2, 3)) / met.sum(axis=(1, 2, 3)))


@dataclass(frozen=True)
class _Needs:
    rate: dict[str, Floats]
    through_a_and_e: dict[str, Floats]
    entries: dict[str, dict[str, Floats]]


def _urgent_needs(place: Place, residents: Floats, admissions: Floats, overnight: Floats, readmitted: Floats) -> _Needs:
    """Needs a person-year and door by severity and age; and entries a year by severity and stage."""
    urgent, loops = place.urgent_needs, place.loops
    assert urgent is not None and loops is not None
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
                f"{field}: at {age} the published total is less than the {parts} by {-value * 1000:.1f} per 1,000 a year"
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
    taken_off = alive * (mean_delay_days(stage, severity) + door_wait_days(stage))
    return np.asarray(np.maximum(published - taken_off, 0.1 * published))


def _raised_for_dropped(in_bed: Floats, frequency: Floats, spread: Floats) -> Floats:
    """Factor for needs that fall while the person is in a bed: mean share of time in bed, met in proportion to rate."""
    busy = in_bed[:, None, None, None] * frequency * spread[:, None, None, None]
    return np.asarray(1 / (1 - np.minimum(busy, 0.5)))


def _community_deaths(groups: Groups, died: Floats, end_hazard: float, hospital: float, foreseen: float) -> Floats:
    outside = np.zeros((*died.shape, 2))
    outside[..., 1] = end_hazard * (1 - hospital)
    outside[..., 0] = (1 - foreseen) * (1 - hospital) * died / (1 - groups.end_of_life)
    return outside


def _entering_end_of_life(groups: Groups, died: Floats, foreseen: float) -> Floats:
    return np.asarray(foreseen * died / (1 - groups.end_of_life))


def _referrals(place: Place) -> Floats:
    planned = place.planned_care
    if planned is None:
        return np.zeros(len(AGES))
    return np.array(planned.admissions_per_1000_per_year.values) / 1000 * planned.referrals_per_admission.value


def _requests(
    place: Place, groups: Groups, died: Floats, entries: dict[str, dict[str, Floats]], dies_mean: Floats
) -> tuple[Floats, Floats]:
    """Community requests a person-year, [age, frailty, residence], that balance deaths and endings of each support."""
    social, urgent = place.social_care, place.urgent_needs
    none = np.zeros_like(groups.share)
    if social is None or urgent is None:
        return none, none
    assert place.people is not None
    dies = {name: dies_mean for name, stage in place.stages.items() if stage.deaths_in_hospital}
    from_hospital = {stage: np.zeros(len(AGES)) for stage in place.stages}
    for severity, by_stage in entries.items():
        route_severity = {"readmission": "acute", "diverted": "minor"}.get(severity, severity)
        for stage, per_year in visits(place, route_severity, by_stage, dies).items():
            from_hospital[stage] = from_hospital[stage] + per_year
    ratio = np.array(place.people.frailty_care_home_ratio.values)
    number = groups.share * groups.residents[:, None, None]

    def balance(support_index: int, stage: str, lost: Floats, open_to: Floats) -> Floats:
        needed = np.maximum(0.0, lost - from_hospital[stage])
        exposed = (number * open_to * ratio[None, :, None]).sum(axis=(1, 2))
        per_person = np.divide(needed, exposed, out=np.zeros_like(needed), where=exposed > 0)
        return np.asarray(per_person[:, None, None] * open_to * ratio[None, :, None])

    own_home, at_home = np.zeros((1, 1, 3)), np.zeros((1, 1, 3))
    own_home[..., OWN_HOME] = 1
    at_home[..., :CARE_HOME] = 1
    endings = (number * died).sum(axis=1) + number.sum(axis=1) * np.array(
        [0.0, social.home_with_care.ends_per_year.value, social.care_home.ends_per_year.value]
    )
    care_home = balance(CARE_HOME, social.care_home.stage, endings[:, CARE_HOME], at_home)
    moving = (number * care_home).sum(axis=1)[:, HOME_WITH_CARE]
    home_care = balance(
        HOME_WITH_CARE, social.home_with_care.stage, endings[:, HOME_WITH_CARE] + moving, own_home
    )
    return home_care, care_home
