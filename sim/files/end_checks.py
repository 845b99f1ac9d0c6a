"""Whether what an intervention brings can stop on the day its funding ends; what cannot is refused."""

from __future__ import annotations

from collections.abc import Sequence

from sim.files.findings import Findings
from sim.files.flow_checks import NEED, entries, routes_added, waited_for, with_additions
from sim.interventions import Intervention
from sim.system import Place, Stage


def check_ends(found: Findings, place: Place, interventions: Sequence[Intervention]) -> None:
    """Problems of interventions whose funding ends: what would go on, and places that people would wait for in vain."""
    stages = with_additions(place, interventions)
    asked_for = _asked_for(place, interventions, stages)
    for index, each in enumerate(interventions):
        if each.ramp.ends is not None:
            path = f"interventions.{index}"
            _appointments(found, each, place, f"{path}.pools")
            _early(found, each, place, interventions, f"{path}.early")
            _waiting(found, each, asked_for, f"{path}.ramp.ends")


def _asked_for(place: Place, interventions: Sequence[Intervention], stages: dict[str, Stage]) -> dict[str, Stage]:
    """The stages that people ask for whether there is room or not."""
    asked_for = {*entries(place)}
    doors = (added.route for added in routes_added(interventions) if added.stage == NEED)
    asked_for |= {route.otherwise or route.to for route in doors}
    for name, stage in stages.items():
        asked_for |= {*waited_for(stage)} | ({name} if stage.residence else set())
        asked_for |= {stage.escalates.to} if stage.escalates else set()
        asked_for |= {stage.gives_up.divert_to} if stage.gives_up else set()
    return {name: stage for name, stage in stages.items() if name in asked_for}


def _appointments(found: Findings, each: Intervention, place: Place, path: str) -> None:
    """Urgent appointments of general practice come out of its doctors' time, which no intervention brings."""
    prefix = place.general_practice.pool_prefix if place.general_practice else None
    for name in each.pools:
        if prefix is not None and name.startswith(prefix):
            what = f"shares general practice's time, and would go on when the funding ends on {each.ramp.ends}"
            found.bad(f"{path}.{name}", f"{what}: add slots to the pools there are (`beds`), or leave out `ramp.ends`")


def _early(found: Findings, each: Intervention, place: Place, interventions: Sequence[Intervention], path: str) -> None:
    """An earlier way out ends with the places it leads to, and takes the place of no other."""
    others = [one for one in interventions if one is not each]
    stages = place.stages | {name: stage for one in interventions for name, stage in one.stages.items()}
    closing = each.pools.keys() - {pool for one in others for pool in one.pools}
    for name, early in each.early.items():
        staying = [pool for pool in _pools(stages[early.to]) if pool not in closing] if early.to in stages else []
        if staying:
            what = f'leads to "{early.to}", whose places ({", ".join(staying)}) stay when the funding ends on'
            remedy = "let it lead to a stage served by a pool that this intervention adds, or leave out `ramp.ends`"
            found.bad(f"{path}.{name}", f"{what} {each.ramp.ends}, so it would go on: {remedy}")
        if any(name in one.early for one in others) or (name in stages and stages[name].early):
            what = "takes the place of an earlier way out there is, which would not come back when the funding ends on"
            found.bad(f"{path}.{name}", f"{what} {each.ramp.ends}: remove one of them, or leave out `ramp.ends`")


def _waiting(found: Findings, each: Intervention, asked_for: dict[str, Stage], path: str) -> None:
    """Nobody waits for ever for a place that is closed."""
    for name, stage in asked_for.items():
        closing = [pool for pool in _pools(stage) if pool in each.pools]
        leaves = stage.escalates or (stage.gives_up and stage.gives_up.wait.value < 1)
        if closing and not leaves:
            what = f'{each.ramp.ends} closes {", ".join(closing)}, and whoever waits for "{name}" would wait for ever'
            remedy = "give the stage an outlet (`escalates`), or each route to it `if_room` and `otherwise`"
            found.bad(path, f"{what}: {remedy}, or leave this out")


def _pools(stage: Stage) -> list[str]:
    """Pools that serve a stage."""
    if isinstance(stage.served_by, str):
        return [stage.served_by]
    return list(dict.fromkeys(pool for shares in stage.served_by.values() for pool in shares))
