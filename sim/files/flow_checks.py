"""Where people can go: stages nobody reaches, and pools that may wait for each other for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.files.findings import Findings
from sim.interventions import Intervention, RouteAdded
from sim.system import Place, Pool, Route, Stage

Graph = dict[str, set[str]]
NEED = "need"
"""Name for people who come with a new need, where the name of a stage they come from is asked for."""


REMEDY = "give one of the routes `if_room` and `otherwise`, or the stage waited for an outlet (`escalates`)"


def warn_of_circles(found: Findings, place: Place, interventions: Sequence[Intervention], path: str) -> None:
    """Warn of pools whose people wait, each in the old bed, for a bed in the next pool, round in a circle.

    A route taken only if there is room does not wait, a slot is not kept, a pool without limit is never full, and
    where a long wait has an outlet (`escalates`) nobody waits for ever.
    """
    if place.loops is not None and place.loops.exit_block == 0:
        return
    stages = with_additions(place, interventions)
    pools = place.pools | {name: pool for each in interventions for name, pool in each.pools.items()}
    waits: Graph = {}
    for stage in stages.values():
        for target in waited_for(stage):
            after = stages.get(target)
            if after and after.keeps_place and not after.escalates:
                for pool in _kept(stage, pools):
                    waits.setdefault(pool, set()).update(_kept(after, pools))
    reached = {pool: _reached(waits, waits[pool]) for pool in waits}
    seen: set[str] = set()
    for pool in waits:
        circle = sorted(other for other in reached[pool] if pool in reached.get(other, ()))
        if circle and not seen & set(circle):
            seen |= set(circle)
            found.warn(path, f"people in {_joined(circle)} may wait for each other's places for ever; {REMEDY}")


def warn_of_unreachable(found: Findings, place: Place, interventions: Sequence[Intervention], path: str) -> None:
    """Warn of stages of the place that nobody can reach."""
    leads = {name: set(_targets(stage)) for name, stage in with_additions(place, interventions).items()}
    first = set(entries(place))
    for added in routes_added(interventions):
        if added.stage == NEED:
            first |= _ends(added.route)
    reached = _reached(leads, first)
    for name in place.stages:
        if name not in reached:
            found.warn(f"{path}.{name}", "nobody can reach this stage: no need, arrival or route leads to it")


def with_additions(place: Place, interventions: Sequence[Intervention]) -> dict[str, Stage]:
    """Stages of the place and of interventions, with the routes and earlier ways out that interventions add."""
    stages = place.stages | {name: stage for each in interventions for name, stage in each.stages.items()}
    for added in routes_added(interventions):
        if added.stage in stages:
            stage = stages[added.stage]
            stages[added.stage] = stage.model_copy(update={"routes": (added.route, *stage.routes)})
    for name, early in (item for each in interventions for item in each.early.items()):
        if name in stages:
            stages[name] = stages[name].model_copy(update={"early": early})
    return stages


def routes_added(interventions: Sequence[Intervention]) -> Iterator[RouteAdded]:
    """The routes that interventions add."""
    return (added for each in interventions for added in each.routes)


def waited_for(stage: Stage) -> Iterator[str]:
    """Where the routes of a stage lead whether there is room or not."""
    for route in stage.routes:
        yield route.otherwise if route.if_room else route.to


def _kept(stage: Stage, pools: Mapping[str, Pool]) -> set[str]:
    """Pools of a stage in which a place is held and may be the last one."""
    names = (
        [stage.served_by]
        if isinstance(stage.served_by, str)
        else [p for each in stage.served_by.values() for p in each]
    )
    return {name for name in names if name in pools and pools[name].kind == "beds" and pools[name].capacity is not None}


def _ends(route: Route) -> set[str]:
    return {route.to, route.otherwise}


def _targets(stage: Stage) -> Iterator[str]:
    for route in stage.routes:
        yield from _ends(route)
    if stage.early:
        yield stage.early.to
    if stage.gives_up:
        yield stage.gives_up.divert_to
    if stage.escalates:
        yield stage.escalates.to


def entries(place: Place) -> Iterator[str]:
    """Stages by which people come in."""
    needs, planned, social = place.urgent_needs, place.planned_care, place.social_care
    if needs:
        yield from (needs.gp_stage, needs.a_and_e_stage, needs.zero_day_stage, needs.overnight_stage)
    if planned:
        yield planned.referral_stage
    if social:
        yield from (social.home_with_care.stage, social.care_home.stage)
    yield from (arrivals.to for arrivals in place.plain_arrivals.values())
    yield from place.start


def _reached(leads: Graph, first: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    open_ends = list(first)
    while open_ends:
        name = open_ends.pop()
        if name not in reached:
            reached.add(name)
            open_ends += leads.get(name, ())
    return reached


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
