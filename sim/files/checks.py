"""Questions of sense that compare fields of a place, an intervention or a scenario.

Bounds of single numbers are in the models and in ``findings.py``. Each check returns problems and warnings by path;
``reading.py`` adds file and line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from sim.errors import Problem
from sim.files.claim_checks import check_claims
from sim.files.course_checks import check_courses, check_courses_of_place
from sim.files.end_checks import check_ends
from sim.files.fields import slug
from sim.files.findings import TOLERANCE, Findings, check_numbers, check_value
from sim.files.flow_checks import NEED, warn_of_circles, warn_of_unreachable
from sim.interventions import Intervention
from sim.quantities import AGES, AgeTable
from sim.readiness import Readiness
from sim.scenario import Divided, RunSettings, Scenario
from sim.system import HOME, SEVERITIES, Place, PlainArrivals, Pool, Route, Stage

BothLists = tuple[list[Problem], list[Problem]]


class Known(NamedTuple):
    """Names that may be referred to."""

    stages: Mapping[str, Stage]
    pools: Mapping[str, Pool]
    localities: tuple[str, ...]
    conditions: tuple[str, ...]


def check_place(place: Place) -> BothLists:
    """Problems and warnings of a place on its own."""
    found = Findings()
    _place(found, place, _known(place, ()), "")
    check_numbers(found, place)
    warn_of_circles(found, place, (), "stages")
    warn_of_unreachable(found, place, (), "stages")
    return found.both()


def check_intervention(intervention: Intervention) -> BothLists:
    """Problems and warnings of an intervention on its own; the names it refers to are checked in a scenario."""
    found = Findings()
    _intervention(found, intervention, "")
    check_numbers(found, intervention)
    return found.both()


def check_readiness(readiness: Readiness) -> BothLists:
    """Problems and warnings of answers about readiness."""
    found = Findings()
    check_numbers(found, readiness)
    return found.both()


def check_scenario(scenario: Scenario, measures: Mapping[str, Divided] = {}) -> BothLists:
    """Problems and warnings of a scenario; claims must be about one of ``measures``, if any are given."""
    found = Findings()
    _scenario(found, scenario, measures)
    check_numbers(found, scenario)
    check_ends(found, scenario.place, scenario.interventions)
    warn_of_circles(found, scenario.place, scenario.interventions, "place.stages")
    warn_of_unreachable(found, scenario.place, scenario.interventions, "place.stages")
    return found.both()


def check_values(scenario: Scenario, values: Mapping[str, float]) -> list[Problem]:
    """Problems of a scenario that made sense before it was given these values, by their paths."""
    found = Findings()
    _scenario(found, scenario, {})
    for path, value in values.items():
        check_value(found, path, value)
    return found.problems


def _scenario(found: Findings, scenario: Scenario, measures: Mapping[str, Divided]) -> None:
    """Everything about a scenario but its numbers one by one, and where people can go."""
    known = _known(scenario.place, scenario.interventions)
    _place(found, scenario.place, known, "place.")
    for index, intervention in enumerate(scenario.interventions):
        path = f"interventions.{index}."
        _intervention(found, intervention, path)
        _references(found, intervention, scenario.place, known, path)
        _dates_in_run(found, intervention, scenario.run, path)
    _different_names(found, scenario.interventions)
    _caps(found, scenario)
    check_courses(found, scenario)
    check_claims(found, scenario, measures)


def _known(place: Place, interventions: Iterable[Intervention]) -> Known:
    stages, pools = dict(place.stages), dict(place.pools)
    for intervention in interventions:
        stages |= intervention.stages
        pools |= intervention.pools
    conditions = tuple(place.people.conditions) if place.people else ()
    return Known(stages, pools, tuple(locality.name for locality in place.localities), conditions)


def _place(found: Findings, place: Place, known: Known, path: str) -> None:
    found.add_up(f"{path}localities", (float(locality.share) for locality in place.localities))
    for index, name in enumerate(known.localities):
        if name == "all" or name in known.localities[:index]:
            found.bad(f"{path}localities.{index}.name", f'"{name}" is taken: give each locality a name of its own')
    for name, pool in place.pools.items():
        _pool(found, pool, known, f"{path}pools.{name}")
    for name, stage in place.stages.items():
        _stage(found, name, stage, known, f"{path}stages.{name}")
    _sections(found, place, path)
    _people(found, place, path)
    check_courses_of_place(found, place, path)
    _named_stages(found, place, known, path)
    _prices(found, place, path)
    for name, arrivals in place.plain_arrivals.items():
        _plain_arrivals(found, arrivals, known, f"{path}plain_arrivals.{name}")
    for name, parts in place.start.items():
        found.known(f"{path}start.{name}", name, known.stages, "stage")
        for index, part in enumerate(parts):
            if part.locality:
                found.known(f"{path}start.{name}.{index}.locality", part.locality, known.localities, "locality")


def _sections(found: Findings, place: Place, path: str) -> None:
    """People need deaths, urgent needs and loops; without people there is nobody those could be about."""
    sections = ("deaths", "urgent_needs", "loops", "planned_care", "general_practice", "social_care")
    for name in sections:
        given = getattr(place, name) is not None
        if place.people and not given and name in sections[:3]:
            found.bad(f"{path}{name}", "is missing: a place with `people` needs it")
        if given and not place.people:
            found.bad(f"{path}{name}", "is about people: give `people` too, or remove it")
    if not place.people and not place.plain_arrivals:
        found.bad(path.rstrip("."), "nobody ever arrives: give `people`, `plain_arrivals` or both")


def _people(found: Findings, place: Place, path: str) -> None:
    tables = {"people.frailty": place.people.frailty} if place.people else {}
    if place.urgent_needs:
        tables["urgent_needs.by_month"] = place.urgent_needs.by_month
    for name, table in tables.items():
        missing = [age for age in AGES if age not in table]
        if missing:
            found.bad(f"{path}{name}", f"nothing is said of {', '.join(missing)}: give each age band")
    if place.deaths and float(place.deaths.hospital_share) + float(place.deaths.care_home_share) > 1:
        found.bad(f"{path}deaths", "hospital_share and care_home_share add up to more than 1")


def _named_stages(found: Findings, place: Place, known: Known, path: str) -> None:
    """Every stage a section of the place refers to exists and is of the right kind."""
    needs, planned, social = place.urgent_needs, place.planned_care, place.social_care
    if needs:
        for field in ("gp_stage", "a_and_e_stage", "zero_day_stage", "overnight_stage"):
            found.known(f"{path}urgent_needs.{field}", getattr(needs, field), known.stages, "stage")
    if planned:
        found.known(f"{path}planned_care.referral_stage", planned.referral_stage, known.stages, "stage")
    for residence in ("home_with_care", "care_home") if social else ():
        where = f"{path}social_care.{residence}.stage"
        name = getattr(social, residence).stage
        if found.known(where, name, known.stages, "stage") and known.stages[name].residence != residence:
            found.bad(where, f'the stage "{name}" must have `residence: {residence}`')
    if place.general_practice:
        prefix = place.general_practice.pool_prefix
        if not any(name.startswith(prefix) and pool.kind == "slots" for name, pool in known.pools.items()):
            found.bad(f"{path}general_practice.pool_prefix", f'no pool of slots has a name that begins with "{prefix}"')


def _pool(found: Findings, pool: Pool, known: Known, path: str) -> None:
    if pool.kind == "slots" and pool.capacity is None:
        found.bad(f"{path}.capacity", "is missing: a pool of slots needs the number of slots each open day")
    if pool.locality:
        found.known(f"{path}.locality", pool.locality, known.localities, "locality")
    for index, name in enumerate(pool.first):
        found.known(f"{path}.first.{index}", name, (*known.stages, NEED), "stage")
    for name in pool.reserved:
        found.known(f"{path}.reserved.{name}", name, (*known.stages, NEED), "stage")
    _in_order(found, [change.from_date for change in pool.changes], f"{path}.changes")


def _in_order(found: Findings, dates: list[dt.date], path: str) -> None:
    for index, (before, after) in enumerate(pairwise(dates), start=1):
        if after <= before:
            found.bad(f"{path}.{index}.from_date", f"{after} must be after {before}: put changes in order of date")


def _stage(found: Findings, name: str, stage: Stage, known: Known, path: str) -> None:
    pools = _served_by(found, stage, known, f"{path}.served_by")
    targets = (*known.stages, HOME)
    _shares(found, stage.routes, path)
    for index, route in enumerate(stage.routes):
        _route(found, route, targets, f"{path}.routes.{index}")
    if stage.early:
        found.known(f"{path}.early.to", stage.early.to, known.stages, "stage")
    if stage.escalates:
        found.known(f"{path}.escalates.to", stage.escalates.to, targets, "stage")
        if stage.escalates.to == name:
            found.bad(f"{path}.escalates.to", "leads back to the stage itself: name another stage, or home")
    if stage.gives_up:
        found.known(f"{path}.gives_up.divert_to", stage.gives_up.divert_to, targets, "stage")
        total = float(stage.gives_up.wait) + float(stage.gives_up.divert)
        if total > 1 + TOLERANCE:
            found.bad(f"{path}.gives_up", f"wait and divert add up to {total:g}; they must not exceed 1")
        beds = [pool for pool in pools if pool in known.pools and known.pools[pool].kind != "slots"]
        if beds:
            found.bad(f"{path}.gives_up", f"is for stages on slots, and this one draws on beds ({', '.join(beds)})")


def _served_by(found: Findings, stage: Stage, known: Known, path: str) -> list[str]:
    """Names of the pools that serve a stage."""
    if isinstance(stage.served_by, str):
        found.known(path, stage.served_by, known.pools, "pool")
        return [stage.served_by]
    for locality, shares in stage.served_by.items():
        found.known(f"{path}.{locality}", locality, (*known.localities, "all"), "locality")
        for pool in shares:
            found.known(f"{path}.{locality}.{pool}", pool, known.pools, "pool")
        found.add_up(f"{path}.{locality}", shares.values())
    missing = [name for name in known.localities if name not in stage.served_by]
    if missing and "all" not in stage.served_by:
        found.bad(path, f"nothing is said of {', '.join(missing)}: give each locality, or `all`")
    return list(dict.fromkeys(pool for shares in stage.served_by.values() for pool in shares))


def _shares(found: Findings, routes: tuple[Route, ...], path: str) -> None:
    """The shares of the routes open to one severity do not exceed 1 at any age."""
    given = [(route.severity, route.share.values) for route in routes if isinstance(route.share, AgeTable)]
    given = [(open_to, values) for open_to, values in given if max(values) <= 1]
    for severity in SEVERITIES:
        tables = [values for open_to, values in given if not open_to or severity in open_to]
        over = [(age, sum(column)) for age, column in zip(AGES, zip(*tables, strict=True), strict=False)]
        over = [(age, total) for age, total in over if total > 1 + TOLERANCE]
        if over:
            age, total = over[0]
            whom = "" if not any(route.severity for route in routes) else f" with severity {severity}"
            found.bad(f"{path}.routes", f"the shares of people of {age}{whom} add up to {total:g}, more than 1")
            return


def _route(found: Findings, route: Route, targets: Collection[str], path: str) -> None:
    found.known(f"{path}.to", route.to, targets, "stage")
    if route.otherwise:
        found.known(f"{path}.otherwise", route.otherwise, targets, "stage")
    if route.if_room and not route.otherwise:
        found.bad(path, "with `if_room`, `otherwise` must say where people go when there is no room")
    if route.otherwise and not route.if_room:
        found.bad(path, "`otherwise` has no meaning without `if_room: true`")
    if route.cancelled and not route.if_room:
        found.bad(path, "`cancelled` has no meaning without `if_room: true`")


def _plain_arrivals(found: Findings, arrivals: PlainArrivals, known: Known, path: str) -> None:
    found.known(f"{path}.to", arrivals.to, known.stages, "stage")
    found.add_up(f"{path}.age", arrivals.age.values())
    for name in arrivals.locality:
        found.known(f"{path}.locality.{name}", name, known.localities, "locality")
    if arrivals.locality:
        found.add_up(f"{path}.locality", arrivals.locality.values())
    _in_order(found, [change.from_date for change in arrivals.changes], f"{path}.changes")


def _intervention(found: Findings, intervention: Intervention, path: str) -> None:
    """Everything about an intervention that does not depend on the place."""
    ramp = intervention.ramp
    if ramp.ends and ramp.ends <= ramp.starts:
        found.bad(f"{path}ramp.ends", f"{ramp.ends} must be after the start, {ramp.starts}")
    steps = [(f"{path}beds.{index}", step.from_date, step.until) for index, step in enumerate(intervention.beds)]
    steps += [(f"{path}needs.{index}", step.from_date, step.until) for index, step in enumerate(intervention.needs)]
    for where, first, last in steps:
        if last is not None and last <= first:
            found.bad(f"{where}.until", f"{last} must be after {first}")
    for index, need in enumerate(intervention.needs):
        for position, severity in enumerate(need.severity):
            found.known(f"{path}needs.{index}.severity.{position}", severity, SEVERITIES, "severity")


def _references(found: Findings, intervention: Intervention, place: Place, known: Known, path: str) -> None:
    """Every name an intervention uses exists in the place or in an intervention beside it."""
    for kind, own, theirs in (
        ("stages", intervention.stages, place.stages),
        ("pools", intervention.pools, place.pools),
    ):
        for name in own.keys() & theirs.keys():
            found.bad(f"{path}{kind}.{name}", f'the place has "{name}" already: give what is added a name of its own')
    for name, pool in intervention.pools.items():
        _pool(found, pool, known, f"{path}pools.{name}")
    for name, stage in intervention.stages.items():
        _stage(found, name, stage, known, f"{path}stages.{name}")
    for index, added in enumerate(intervention.routes):
        found.known(f"{path}routes.{index}.stage", added.stage, (*known.stages, NEED), "stage")
        _route(found, added.route, (*known.stages, HOME), f"{path}routes.{index}.route")
    for name, early in intervention.early.items():
        found.known(f"{path}early.{name}", name, known.stages, "stage")
        found.known(f"{path}early.{name}.to", early.to, known.stages, "stage")
    for index, leaving in enumerate(intervention.leaving):
        found.known(f"{path}leaving.{index}.stage", leaving.stage, known.stages, "stage")
    for index, change in enumerate(intervention.opening):
        _pools(found, f"{path}opening.{index}.pool", change.pool, known.pools)
    for index, step in enumerate(intervention.beds):
        _pools(found, f"{path}beds.{index}.pool", step.pool, known.pools)
    _reach(found, intervention, place, known, path)


def _prices(found: Findings, place: Place, path: str) -> None:
    """Prices are of pools of the place."""
    if place.prices is None:
        return
    named = {f"activity.{name}.pools": line.pools for name, line in place.prices.activity.items()}
    for where, pools in (named | {"ward.pools": place.prices.ward.pools}).items():
        for index, pool in enumerate(pools):
            _pools(found, f"{path}prices.{where}.{index}", pool, place.pools)


def _pools(found: Findings, where: str, pattern: str, pools: Collection[str]) -> None:
    """A pool, or the beginning of the names of some followed by `*`."""
    if not (pattern.endswith("*") and any(pool.startswith(pattern[:-1]) for pool in pools)):
        found.known(where, pattern, pools, "pool")


def _reach(found: Findings, intervention: Intervention, place: Place, known: Known, path: str) -> None:
    for index, name in enumerate(intervention.who.locality):
        found.known(f"{path}who.locality.{index}", name, known.localities, "locality")
    for index, name in enumerate(intervention.who.conditions):
        found.known(f"{path}who.conditions.{index}", name, known.conditions, "condition")
    for name in intervention.needs_by_condition:
        found.known(f"{path}needs_by_condition.{name}", name, known.conditions, "condition")
    for name in ("levers", "needs_by_condition", "unintended", "capacity", "needs"):
        if getattr(intervention, name) and not place.people:
            found.bad(f"{path}{name}", "is about people, and the place has none: remove it, or give the place people")


def _dates_in_run(found: Findings, intervention: Intervention, run: RunSettings, path: str) -> None:
    end = run.starts + dt.timedelta(days=round(365 * run.years))
    dates = [(f"{path}ramp.starts", intervention.ramp.starts)]
    dates += [(f"{path}beds.{index}.from_date", step.from_date) for index, step in enumerate(intervention.beds)]
    dates += [(f"{path}needs.{index}.from_date", step.from_date) for index, step in enumerate(intervention.needs)]
    for where, date in dates:
        if date >= end:
            found.warn(where, f"{date} is not before the end of the run ({end}): it changes nothing")
    for index, need in enumerate(intervention.needs):
        if need.until <= run.starts:
            found.warn(f"{path}needs.{index}.until", f"{need.until} is before the first measured day, {run.starts}")


def _different_names(found: Findings, interventions: tuple[Intervention, ...]) -> None:
    names = [slug(intervention.name) for intervention in interventions]
    for index, name in enumerate(names):
        if name in names[:index]:
            found.bad(f"interventions.{index}.name", "is the name of an intervention above: give each its own name")
    for index, each in enumerate(interventions):
        twins = [other for other in interventions[:index] if each.enrols and other.name != each.name]
        if any(each.model_copy(update={"name": other.name}) == other for other in twins):
            what = "the same programme is above under another name, so its effect would count twice: remove one of them"
            found.bad(f"interventions.{index}.name", what)


def _caps(found: Findings, scenario: Scenario) -> None:
    """The lowest ratio several programmes may have together is above 0, and 1 at most."""
    for lever, cap in scenario.overlap.items():
        if not 0 < cap.value <= 1:
            what = f"must be more than 0 and 1 at most (0.8 is a fifth less at most), not {cap.value:g}"
            found.bad(f"overlap.{lever}", what)
