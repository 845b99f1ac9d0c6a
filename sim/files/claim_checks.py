"""Whether a claim can be put to the test: its measure, part, group and period, what it is set against, its lever."""

from __future__ import annotations

from collections.abc import Mapping

from sim.files.choices import Astray, choice
from sim.files.fields import suggestion
from sim.files.findings import Findings
from sim.interventions import Intervention
from sim.quantities import AGES
from sim.scenario import ALL, Claim, Divided, Scenario, courses_of
from sim.system import Place

SIZES = ("change_per_cent", "change", "at_most", "at_least")


def check_claims(found: Findings, scenario: Scenario, measures: Mapping[str, Divided]) -> None:
    """Problems of the claims of a scenario; they must be about one of ``measures``, if any are given."""
    for index, claim in enumerate(scenario.claims):
        path = f"claims.{index}"
        given = [name for name in SIZES if getattr(claim, name) is not None]
        if len(given) != 1:
            found.bad(path, f"give exactly one of {', '.join(SIZES)}, not {len(given)}")
        for age in claim.group.split(",") if claim.group != ALL else ():
            found.known(f"{path}.group", age.strip(), AGES, "age band")
        if claim.locality != ALL:
            localities = [each.name for each in scenario.place.localities]
            found.known(f"{path}.locality", claim.locality, localities, "locality")
        _period(found, claim, scenario.run.years, path)
        _against(found, claim, path)
        if measures and found.known(f"{path}.measure", claim.measure, measures, "measure"):
            _measure(found, claim, scenario, measures[claim.measure], path)
        if claim.break_even is not None:
            try:
                choice(scenario, claim.break_even)
            except Astray as error:
                found.bad(f"{path}.break_even", str(error))


def _period(found: Findings, claim: Claim, years: float, path: str) -> None:
    if claim.year is not None and claim.year > years:
        found.bad(f"{path}.year", f"the run measures {years:g} years, so there is no year {claim.year}")
    if claim.months is not None:
        first, last = claim.months
        if claim.year is not None:
            found.bad(path, "give `year` or `months`, not both")
        if first > last:
            found.bad(f"{path}.months", f"the first month, {first}, must not be after the last, {last}")
        elif last > 12 * years:
            found.bad(f"{path}.months", f"the run measures {12 * years:g} months, so there is no month {last}")


def _against(found: Findings, claim: Claim, path: str) -> None:
    levels = claim.at_most is not None or claim.at_least is not None
    if claim.on_days is not None and not levels:
        found.bad(f"{path}.on_days", "is the share of days on which a limit holds: give `at_most` or `at_least`")
    if claim.on_days is not None and claim.statistic != "mean":
        found.bad(f"{path}.on_days", f"is about every day: leave out `statistic: {claim.statistic}`")
    if claim.against == "before":
        if levels:
            found.bad(f"{path}.against", "is about a change: give `change` or `change_per_cent`, or leave it out")
        if (claim.year or 0) < 2 and (claim.months or (0, 0))[0] < 13:
            what = "needs the same days a year earlier to be measured: begin `run.starts` a year before the plan, and "
            found.bad(f"{path}.against", f"{what}give `year: 2` or later, or `months` from 13 on")


def _measure(found: Findings, claim: Claim, scenario: Scenario, measure: Divided, path: str) -> None:
    """The part, the group and the time that a claim asks for are known of its measure."""
    parts = _parts(scenario, measure)
    if claim.of == ALL and ALL not in parts:
        what = f"is missing: {claim.measure} is known part by part; give one of {', '.join(map(str, parts[:24]))}"
        found.bad(f"{path}.of", what if parts else f"is missing, and this scenario has no part of {claim.measure}")
    elif claim.of not in parts:
        what = f'{claim.measure} has no part "{claim.of}"; {suggestion(claim.of, parts, "its parts")}'
        found.bad(f"{path}.of", what)
    for field in ("group", "locality"):
        if getattr(claim, field) != ALL and not measure.by_group:
            found.bad(f"{path}.{field}", f"{claim.measure} is known for the whole place only: leave it out")
    asked = [name for name in ("months", "on_days") if getattr(claim, name) is not None]
    asked += ["statistic"] if claim.statistic != "mean" else []
    if asked and not measure.by_day:
        found.bad(f"{path}.{asked[0]}", f"{claim.measure} is known by year only: leave it out")


def _parts(scenario: Scenario, measure: Divided) -> list[str]:
    """The words a measure may be ``of`` in a scenario."""
    courses = courses_of(scenario)
    holders: tuple[Place | Intervention, ...] = (scenario.place, *scenario.interventions)
    names = {
        "<pool>": [name for holder in holders for name in holder.pools],
        "<stage>": [name for holder in holders for name in holder.stages],
        "<programme>": [each.name for each in scenario.interventions if each.enrols],
        "<intervention>": [each.name for each in scenario.interventions],
        "<activity>": [*scenario.place.prices.activity] if scenario.place.prices else [],
        "<condition>": list(courses),
        "<complication>": [name for course in courses.values() for name in course.complications],
    }
    return [word for part in measure.parts for word in names.get(part, [part])]
