"""What a scenario's file says, in English a planner understands.

What its results say is ``headline.py``; nothing is worked out here except the expected flows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import fill

from sim.experiments.tested import asked, claimed_in_words
from sim.interventions import CapacityStep, Intervention, Lever, Who
from sim.measures.definitions import MEASURES
from sim.pages.flows import duration, in_words, title_of
from sim.pages.readiness_words import readiness_in_words
from sim.quantities import AGES, FRAILTIES
from sim.scenario import ALL, Claim, RunSettings, Scenario
from sim.system import HOME, Place, Pool

WIDTH = 100


@dataclass(frozen=True)
class Titles:
    """Names on screen, those that interventions add included."""

    pools: dict[str, str]
    """By key of the pool."""
    stages: dict[str, str]
    """By key of the stage; going home too."""

    def stage(self, name: str) -> str:
        """Name on screen of a stage, its key in words if it belongs to a place that is not here."""
        return self.stages.get(name, _spaced(name))


LEVERS = {
    "urgent_needs": "urgent needs of every kind",
    "emergency_admissions": "needs that lead to an emergency admission",
    "ambulatory_care_sensitive": "needs that good care in the community may prevent",
    "minor_needs": "minor urgent needs",
    "a_and_e_share": "share of urgent needs taken to A&E rather than general practice",
    "admission_given_a_and_e": "share of A&E attendances admitted",
    "length_of_stay": "length of stay in acute beds",
    "process_delay": "delay by hospital process",
    "sourcing_delay": "delay by assessment, choice and finding care",
    "readmission": "readmissions",
    "new_support": "new need of care at home or in a care home after hospital",
    "discharge_to_beds": "share of those leaving with support who go to a bed rather than home with care",
    "planned_referrals": "planned referrals",
    "outpatients": "outpatient attendances",
    "surgical_conversion": "share of referrals that lead to an operation",
    "care_home_entry": "moves to a care home",
    "mortality": "deaths",
    "deconditioning": "loss of strength in hospital",
    "gp_workload": "contacts with general practice",
    "condition_recognition": "rate at which unknown conditions are found",
    "condition_management": "rate at which known conditions come under management",
    "symptom_days": "days limited by symptoms",
    "unmet_need": "need it reveals",
    "simple_referrals": "referrals of simple problems a new clinic draws",
    "deskilling": "referrals by other clinicians",
    "duplication": "contacts with doctors and outpatient clinics, made twice where roles are unclear",
    "gaps": "delay by hospital process where nobody feels responsible",
}
"""What a programme moves, in words."""


def explain(scenario: Scenario) -> str:
    """What the file says: the place, its services, how people flow, what is switched on, what is claimed, the run."""
    place = scenario.place
    parts = [
        scenario.name,
        *_section("The question", [scenario.question]),
        *_section("The place", _place(place)),
        *_section("Its services today", [_service(name, pool) for name, pool in place.pools.items()], bullets=True),
        *_section("How people flow (expected, before any queue)", _flows(place), bullets=True),
    ]
    titles = titles_of(scenario)
    for number, each in enumerate(scenario.interventions, 1):
        parts += _section(
            f"Switched on, {number}: {each.name}", list(intervention_in_words(each, titles)), bullets=True
        )
    if not scenario.interventions:
        parts += _section("Switched on", ["Nothing: this is the place as it is."])
    for lever, cap in scenario.overlap.items():
        least = f"{LEVERS[lever]}: {more_or_less(cap.value)} at most for one person, unless one alone does more."
        parts += _section("Several programmes together", [least], bullets=True)
    if scenario.readiness is not None:
        parts += _section("How ready the place is", readiness_in_words(scenario.readiness), bullets=True)
    claims = [claim_in_words(claim) for claim in scenario.claims] or ["None."]
    parts += _section("Claimed", claims, bullets=True)
    return "\n".join([*parts, *_section("The run", [run_in_words(scenario.run)])])


def titles_of(scenario: Scenario) -> Titles:
    """Names on screen of all pools and stages of a scenario."""
    return titles_in(scenario.place, *scenario.interventions)


def titles_in(*holders: Place | Intervention) -> Titles:
    """Names on screen of all pools and stages of a place and of interventions."""
    titles = Titles({}, {HOME: "home"})
    for holder in holders:
        titles.stages.update({name: title_of(name, stage) for name, stage in holder.stages.items()})
        titles.pools.update({name: _pool_title(name, pool) for name, pool in holder.pools.items()})
    return titles


def _flows(place: Place) -> list[str]:
    try:
        return in_words(place)
    except ValueError as error:
        return [f"Cannot be worked out, because published figures of the place contradict each other: {error}"]


def _section(heading: str, sentences: list[str], *, bullets: bool = False) -> list[str]:
    first, later = ("- ", "  ") if bullets else ("", "")
    wrapped = [fill(sentence, WIDTH, initial_indent=first, subsequent_indent=later) for sentence in sentences]
    return ["", heading, *wrapped]


def _place(place: Place) -> list[str]:
    sentences = [f"{place.name}. {place.what}"]
    if place.people is not None:
        residents = place.people.residents.values
        by_age = ", ".join(f"{number:,.0f} aged {age}" for age, number in zip(AGES, residents, strict=True))
        sentences.append(f"It has {sum(residents):,.0f} adults: {by_age}.")
    if len(place.localities) > 1:
        parts = ", ".join(f"{locality.name} ({locality.share.value:.0%})" for locality in place.localities)
        sentences.append(f"Its parts, with their share of the people: {parts}.")
    for stream in place.plain_arrivals.values():
        title = title_of(stream.to, place.stages[stream.to])
        sentences.append(f"On an average day {stream.per_day.value:.3g} people arrive for: {title}.")
    return sentences


def _pool_title(name: str, pool: Pool) -> str:
    return pool.title or name.replace("_", " ").capitalize()


def _service(name: str, pool: Pool) -> str:
    title = _pool_title(name, pool)
    size = "without limit" if pool.capacity is None else f"{pool.capacity.value:,.4g}"
    unit = " each open day" if pool.kind == "slots" and pool.capacity is not None else ""
    later = [f"{change.capacity:,.4g} from {_day(change.from_date)}" for change in pool.changes]
    by = f" ({pool.provider})" if pool.provider else ""
    return f"{title}: {', then '.join([size + unit, *later])}{by}"


# -- interventions -------------------------------------------------------------------------------------------------


def intervention_in_words(each: Intervention, titles: Titles) -> Iterator[str]:
    """What an intervention is, whom it reaches, how many, from when, what it moves on what evidence, what it takes."""
    yield each.what
    if each.enrols:
        yield f"Reaches {_who(each.who)}; {_how_many(each)}."
    yield _when(each)
    if each.strength != 1:
        yield f"Every effect is multiplied by {each.strength:g}."
    for name, lever in each.levers.items():
        yield lever_in_words(name, lever)
    for condition, lever in each.needs_by_condition.items():
        yield lever_in_words(f"urgent needs caused by {condition}", lever)
    for unintended, lever in each.unintended.items():
        yield f"Unintended: {lever_in_words(unintended, lever)}"
    if each.care_plan:
        yield "Members get a care plan."
    yield from _capacity_in_words(each, titles)
    yield from _pathway_in_words(each, titles)
    if takes := _takes(each):
        yield f"Takes {takes}."
    if each.may_go_wrong:
        yield f"What may go wrong: {each.may_go_wrong}"
    if each.how_sure:
        yield f"How sure we are: {each.how_sure}"


LIVING = {"own_home": "their own home", "home_with_care": "their own home with care", "care_home": "a care home"}
"""Where people live, in words."""


def _who(who: Who) -> str:
    ages = "everybody" if who.age == AGES else f"people aged {', '.join(who.age)}"
    joined = " or" if who.or_conditions else ""
    conditions = f"{joined} with {' or '.join(who.conditions).replace('_', ' ')}" if who.conditions else ""
    frailty = "" if who.frailty == FRAILTIES else f", of frailty {', '.join(who.frailty)}"
    where = f" in {', '.join(who.locality)}" if who.locality else ""
    living = f", living in {' or '.join(LIVING[name] for name in who.residence)}" if who.residence is not None else ""
    risk = f", the {who.top_risk_per_cent:g}% at highest risk" if who.top_risk_per_cent < 100 else ""
    part = f", of whom {who.reach:.0%} take part" if who.reach < 1 else ""
    return f"{ages}{conditions}{frailty}{where}{living}{risk}{part}"


def _how_many(each: Intervention) -> str:
    if each.capacity is None:
        return "no limit to how many"
    caseload, staff = each.capacity.caseload_per_wte.value, each.capacity.wte.value
    return f"at most {caseload * staff:,.0f} at a time ({staff:g} whole-time staff with {caseload:g} each)"


def _when(each: Intervention) -> str:
    ramp = each.ramp
    parts = [f"Starts on {_day(ramp.starts)}"]
    if ramp.lag_days:
        parts.append(f"has an effect on a person {ramp.lag_days} days after enrolment")
    if ramp.half_time_months:
        parts.append(f"reaches half of its effect in {ramp.half_time_months:g} months")
    if ramp.full < 1:
        parts.append(f"reaches {ramp.full:.0%} of its stated effect in the end")
    if ramp.ends is not None:
        fading = ramp.fades_after_end_months
        adds = each.beds or each.pools or each.routes or each.early or each.opening or each.leaving
        closing = ", with its places, routes and hours" if adds else ""
        parts.append(f"ends on {_day(ramp.ends)}{closing}" + (f", fading over {fading:g} months" if fading else ""))
    return f"{', '.join(parts)}."


def lever_in_words(name: str, lever: Lever) -> str:
    """What a lever does, how sure one may be, and on what evidence."""
    span = f" (plausible: {more_or_less(lever.low)} to {more_or_less(lever.high)})" if lever.low and lever.high else ""
    evidence = ", ".join(part for part in (lever.grade, lever.source) if part)
    if lever.assumption or not evidence:
        evidence = f"an assumption{f'; {evidence}' if evidence else ''}"
    what = LEVERS.get(name, name.replace("_", " "))
    slowly = f", half of it after {lever.half_time_months:g} months" if lever.half_time_months else ""
    effect = f"{what[0].upper()}{what[1:]}, for those it reaches: {more_or_less(lever.ratio)}{span}{slowly}."
    return f"{effect} Evidence: {evidence.rstrip('.')}."


def more_or_less(ratio: float) -> str:
    """A ratio as more or less: 1.09 is 9% more."""
    if ratio == 1:
        return "no change"
    return f"{abs(ratio - 1) * 100:.3g}% {'more' if ratio > 1 else 'less'}"


def _capacity_in_words(each: Intervention, titles: Titles) -> Iterator[str]:
    for step in each.beds:
        yield f"{_step(step, titles)}."
    for name, pool in each.pools.items():
        yield f"Opens {_service(name, pool)}."
    for change in each.opening:
        hours = change.open
        days = "every day" if len(hours.weekdays) == 7 else f"on {', '.join(hours.weekdays)}"
        yield f"Opens {_pools(change.pool, titles)} from {hours.from_hour}:00 to {hours.to_hour}:00 {days}."


def _step(step: CapacityStep, titles: Titles) -> str:
    verb = "Adds" if step.add >= 0 else "Takes away"
    until = f" until {_day(step.until)}" if step.until else ""
    return f"{verb} {abs(step.add):g} in {_pools(step.pool, titles)} from {_day(step.from_date)}{until}"


def _pools(pattern: str, titles: Titles) -> str:
    """Title of a pool, or of the first and number of all whose names begin so."""
    if not pattern.endswith("*"):
        return titles.pools.get(pattern, _spaced(pattern))
    found = [title for name, title in titles.pools.items() if name.startswith(pattern[:-1])]
    if not found:
        return f"all of {_spaced(pattern[:-1]).strip()}"
    return " and ".join(found) if len(found) < 3 else f"{found[0]} and {len(found) - 1} more like it"


def _pathway_in_words(each: Intervention, titles: Titles) -> Iterator[str]:
    for name, stage in each.stages.items():
        mean = stage.length_of_stay.mean.values
        ends = [value * stage.length_of_stay.minutes_per_unit / 1440 for value in (min(mean), max(mean))]
        span = duration(ends[0]) if ends[0] == ends[1] else f"{duration(ends[0])} to {duration(ends[1])}"
        yield f"New step of care: {title_of(name, stage)}, mean stay {span}."
    for added in each.routes:
        source = "New needs" if added.stage == "need" else f"People leaving {titles.stage(added.stage)}"
        share = added.route.share
        part = "the rest" if isinstance(share, str) else _shares(share.values)
        kinds = f", {' or '.join(map(_spaced, added.route.severity))} only" if added.route.severity else ""
        yield f"{source} may go to {titles.stage(added.route.to)}: {part.rstrip(',')}{kinds}."
    for name, early in each.early.items():
        source, to = titles.stage(name), titles.stage(early.to)
        when = f"after {early.at_share_of_stay.value:.0%} of their stay, if there is room"
        yield f"{_shares(early.share.values)} of those in {source} may move to {to} {when}."
    for leaving in each.leaving:
        days = ", ".join(f"{value:g}" for value in leaving.leaves_by_weekday.values)
        yield f"Relative chance of leaving {titles.stage(leaving.stage)}, Monday to Sunday: {days}."
    for need in each.needs:
        kinds = ", ".join(map(_spaced, need.severity))
        yield f"Needs ({kinds}): {more_or_less(need.ratio)} from {_day(need.from_date)} to {_day(need.until)}."


def _shares(values: tuple[float, ...]) -> str:
    low, high = min(values), max(values)
    return f"{low:.0%} to {high:.0%}, by age," if low < high else f"{low:.0%}"


def _takes(each: Intervention) -> str:
    takes = each.takes
    costs = [
        (takes.gp_minutes_per_person_month.value, "min of a doctor's time for each member each month"),
        (takes.gbp_per_person_year.value, "GBP for each member each year"),
        (takes.gbp_start_up.value, "GBP once"),
        (takes.gbp_per_year.value, "GBP a year"),
    ]
    return ", ".join(f"{amount:,.10g} {unit}" for amount, unit in costs if amount)


# -- claims and the run --------------------------------------------------------------------------------------------


def claim_in_words(claim: Claim) -> str:
    """A claim with the number it is tested as."""
    changes = "" if asked(claim).kind not in ("change", "change_per_cent") else "changes by "
    against = " against the same days of the year before" if claim.against == "before" else ""
    tested = f"Tested as: {measured_in_words(claim)} {changes}{claimed_in_words(claim)}{against}."
    source = f" Claimed by: {claim.source.rstrip('.')}." if claim.source else ""
    found = [f"Found: {words}" for words in evidence_in_words(claim)]
    return " ".join([f'"{claim.text}" {tested}{source}', *found])


def evidence_in_words(claim: Claim) -> list[str]:
    """What others found, each with its grade and source."""
    return [
        f"{each.says.rstrip('.')} ({', '.join(part for part in (each.grade, each.source) if part)})."
        for each in claim.evidence
    ]


def measured_in_words(claim: Claim) -> str:
    """What a claim is measured by: the measure, whom and where it is about, and when."""
    of = "" if claim.of == ALL else f", {_spaced(claim.of)}"
    group = "" if claim.group == ALL else f", people aged {claim.group.replace(',', ', ')}"
    locality = "" if claim.locality == ALL else f", {claim.locality}"
    time = "all measured years" if claim.window == ALL else f"measured {claim.window}"
    which = "mean of " if claim.statistic == "mean" else f"{_spaced(claim.statistic)} of "
    return f"{MEASURES[claim.measure].title}{of}{group}{locality} ({'' if claim.on_days else which}{time})"


def run_in_words(run: RunSettings) -> str:
    """How the scenario is run, its scale first."""
    size = "everybody" if run.scale == 1 else f"{run.scale:.3g} of the people and of every capacity"
    times = "once" if run.replications == 1 else f"{run.replications} times, each with its own luck"
    measured = f"{duration(run.years * 365)} measured from {_day(run.starts)}, after {run.warm_up_days} days of warm-up"
    return (
        f"{measured}; {size} simulated, {times}, with the plan and without it; seed {run.seed}. Every number is held "
        "fixed."
    )


def _day(date: dt.date) -> str:
    return f"{date.day} {date:%B %Y}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
