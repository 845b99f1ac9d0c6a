"""The tables of a plan about routes: sets of rows for each stage and severity, from the minute they hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.expected.routes import ResolvedRoute, alike, routes_of
from sim.interventions import Intervention
from sim.plans.arm import Arm, target
from sim.plans.stages import sigma
from sim.quantities import AGES, FRAILTIES
from sim.system import SEVERITIES, Route, Stage

Floats = npt.NDArray[np.float64]
NEED = -1
"""Index, in sets of routes, of people who come with a new need."""


def route_tables(arm: Arm) -> dict[str, Any]:
    """Every set of routes (a stage, a severity, from a minute on) as consecutive rows."""
    index, met = arm.stage_index, _met(arm)
    sets: list[tuple[int, ...]] = []
    led: set[tuple[str, int]] = set()
    rows: list[dict[str, Any]] = []
    for minute, in_force, changed in _route_changes(arm):
        for name in changed:
            stage = arm.place.stages.get(name)
            like = alike([*_added(in_force, name), *(stage.routes if stage else ())])
            made: dict[str, list[dict[str, Any]]] = {}
            for s, severity in enumerate(SEVERITIES):
                if like[severity] == severity:
                    resolved = _with_routes(in_force, name, stage, severity)
                    _refuse_circle(resolved, name)
                    made[severity] = _rows(index, resolved, met)
                own = made[like[severity]]
                if own or (name, s) in led:
                    led.add((name, s))
                    sets.append((index.get(name, NEED), s, minute, len(rows), len(own)))
                    rows += own
    table = np.array(sets, dtype=np.int64).reshape(-1, 5)
    columns = {f"route_{key}": np.array([row[key] for row in rows]) for key in rows[0]} if rows else _no_routes()
    within = columns["route_otherwise"]
    columns["route_otherwise"] = np.where(within >= 0, within + np.repeat(table[:, 3], table[:, 4]), within)
    return {"route_sets": table, **columns}


def _route_changes(arm: Arm) -> list[tuple[int, list[Intervention], list[str]]]:
    """When routes change: the minute, the interventions in force from then, and the stages whose routes change."""
    changes: list[tuple[int, list[Intervention], list[str]]] = [(0, [], list(arm.place.stages))]
    in_force: list[Intervention] = []
    leading = [each for each in arm.interventions if each.routes]
    turns = [(each.ramp.starts, True, each) for each in leading]
    turns += [(each.ramp.ends, False, each) for each in leading if each.ramp.ends is not None]
    for date, begins, intervention in sorted(turns, key=lambda turn: turn[0]):
        in_force = [each for each in in_force if each is not intervention] + [intervention] * begins
        leading_from = {item.stage for item in intervention.routes}
        changed = [name for name in (*arm.place.stages, "need") if name in leading_from]
        changes.append((arm.minute_of(date), in_force, changed))
    return changes


def _added(in_force: list[Intervention], name: str) -> list[Route]:
    """The routes that interventions add to a stage."""
    return [item.route for intervention in in_force for item in intervention.routes if item.stage == name]


def _with_routes(in_force: list[Intervention], name: str, stage: Stage | None, severity: str) -> list[ResolvedRoute]:
    """A stage's routes with added ones first; its own routes share out whom those leave. A need has no own routes."""
    added: list[ResolvedRoute] = []
    left = np.ones(len(AGES))
    for route in _added(in_force, name):
        if not route.severity or severity in route.severity:
            share = left if isinstance(route.share, str) else left * np.array(route.share.values)
            added.append(ResolvedRoute(route, share))
            left = left - share
    own = [] if stage is None else routes_of(stage, severity)
    return added + [ResolvedRoute(each.route, each.share * left) for each in own]


def _rows(index: dict[str, int], resolved: list[ResolvedRoute], met: _Met | None) -> list[dict[str, Any]]:
    """The rows of one set, `otherwise` counted from its first."""
    by_frailty = [_by_frailty(each, met) for each in resolved]
    left, rows = np.ones((len(AGES), len(FRAILTIES))), []
    for each, asked in zip(resolved, by_frailty, strict=True):
        takes_the_rest = each is resolved[-1] and isinstance(each.route.share, str)
        left = left - (left if takes_the_rest else np.minimum(asked, left))
        route, delay = each.route, each.route.delay
        drawn = 0.0 if delay is None else delay.mean_days.value * (1 - delay.capacity_share.value) * 1440
        rows.append(
            {
                "to": target(index, route.to),
                "shares": 1.0 - left,
                "if_room": int(route.if_room),
                "otherwise": _row_to(resolved, route.otherwise) if route.if_room else -1,
                "otherwise_to": target(index, route.otherwise) if route.otherwise else -1,
                "pathway": -1 if route.pathway is None else int(route.pathway[1]),
                "process": 0.0 if delay is None else drawn * delay.process_share.value,
                "sourcing": 0.0 if delay is None else drawn * (1 - delay.process_share.value),
                "delayed": 1.0 if delay is None else delay.delayed_share.value,
                "sigma": 0.0 if delay is None else sigma(delay.cv.value),
                "mean_days": 0.0 if delay is None else delay.mean_days.value,
                "cancels": int(route.cancelled),
            }
        )
    return rows


def _refuse_circle(resolved: list[ResolvedRoute], name: str) -> None:
    """Without room anywhere the alternatives must come to an end."""
    conditional = [each.route for each in reversed(resolved) if each.route.if_room and not each.route.cancelled]
    then = {route.to: route.otherwise for route in conditional}
    for first in then:
        tried = [first]
        while (alternative := then.get(tried[-1])) is not None and alternative not in tried:
            tried.append(alternative)
        if alternative is not None:
            raise ValueError(
                f"stages.{name}.routes: without room in {' and '.join(sorted(tried))} people are sent round in a "
                "circle; one of these routes must have an `otherwise` that leads to a stage without `if_room`, or home"
            )


def _row_to(resolved: list[ResolvedRoute], name: str) -> int:
    """Row of the route of this set that leads to the alternative under its own condition, -1 if there is none."""
    for i, each in enumerate(resolved):
        if each.route.to == name and each.route.if_room:
            return i
    return -1


class _Met(NamedTuple):
    """The people met in a stage."""

    by_frailty: Floats
    """Relative number, [age, frailty]."""
    outside: Floats
    """Share who do not live in a care home, by age."""


def _met(arm: Arm) -> _Met | None:
    net, people = arm.flows.net, arm.place.people
    if net is None or people is None:
        return None
    ratio = np.array(people.frailty_urgent_ratio.values)
    by_frailty = net.groups.share.sum(axis=2) * ratio
    return _Met(by_frailty, 1 - (net.groups.share[:, :, 2] * ratio).sum(axis=1) / by_frailty.sum(axis=1))


def _by_frailty(each: ResolvedRoute, met: _Met | None) -> Floats:
    """Shares by age and frailty.

    New support is only for people who do not live in a care home: their share is raised until the share of all
    discharges is the published one.
    """
    share = np.repeat(each.share[:, None], len(FRAILTIES), axis=1)
    if met is None:
        return share
    if each.route.frailty_ratio is not None:
        ratio = np.array(each.route.frailty_ratio.values)
        share = share * ratio / ((met.by_frailty * ratio).sum(axis=1) / met.by_frailty.sum(axis=1))[:, None]
    if each.route.pathway in ("P1", "P2", "P3"):
        share = share / met.outside[:, None]
    return np.minimum(share, 1.0)


def _no_routes() -> dict[str, Any]:
    whole = ("to", "if_room", "otherwise", "otherwise_to", "pathway", "cancels")
    real = ("process", "sourcing", "delayed", "sigma", "mean_days")
    none: dict[str, Any] = {f"route_{key}": np.zeros(0, dtype=np.int64) for key in whole}
    none |= {f"route_{key}": np.zeros(0) for key in real}
    return none | {"route_shares": np.zeros((0, len(AGES), len(FRAILTIES)))}
