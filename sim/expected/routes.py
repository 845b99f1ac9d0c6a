"""Where people go next, resolved: each stage's routes with their shares by age, and the visits they lead to.

Nothing here runs; ``plans/plan.py`` turns resolved routes into tables and ``net_rates.py`` solves flows with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.quantities import AGES
from sim.system import HOME, SEVERITIES, Place, Route, Stage

Floats = npt.NDArray[np.float64]
ROUTED_AS = {"readmission": "acute", "diverted": "minor"}
"""Severity whose routes entries of another name follow."""


@dataclass(frozen=True)
class ResolvedRoute:
    """A route of one stage and severity with nothing left implicit."""

    route: Route
    share: Floats
    """Share of the people leaving, by age: 4 numbers."""


def routes_of(stage: Stage, severity: str) -> list[ResolvedRoute]:
    """The routes of a stage for one severity, in order; `rest` takes what those before it leave."""
    found: list[ResolvedRoute] = []
    left = np.ones(len(AGES))
    for route in stage.routes:
        if route.severity and severity not in route.severity:
            continue
        share = left.copy() if isinstance(route.share, str) else np.array(route.share.values)
        found.append(ResolvedRoute(route, share))
        left = np.maximum(0.0, left - share)
    return found


def alike(routes: Iterable[Route]) -> dict[str, str]:
    """The first severity to which the same of these routes are open, by severity."""
    given = list(routes)
    first: dict[tuple[bool, ...], str] = {}
    return {
        severity: first.setdefault(tuple(not route.severity or severity in route.severity for route in given), severity)
        for severity in SEVERITIES
    }


def live_share(stage: Stage, dies: Mapping[str, Floats], name: str) -> Floats:
    """Share of the people in a stage who leave it alive, by age."""
    return 1.0 - dies.get(name, np.array(stage.dies.values if stage.dies else (0.0,) * len(AGES)))


class Routing:
    """The routes of a place, and as linear equations, put together once for severities routed alike.

    ``dies`` gives shares that do not leave by a route where these are worked out rather than written in the file.
    """

    def __init__(self, place: Place, dies: Mapping[str, Floats]) -> None:
        self.place, self.dies = place, dies
        self.alive = {name: live_share(stage, dies, name) for name, stage in place.stages.items()}
        """Share of the people in each stage who leave it by a route, by age."""
        self._like = alike(route for stage in place.stages.values() for route in stage.routes)
        self._routes: dict[str, dict[str, list[ResolvedRoute]]] = {}
        self._number = {name: i for i, name in enumerate(place.stages)}
        self._equations: dict[tuple[str, bool], Floats] = {}

    def routes(self, severity: str) -> dict[str, list[ResolvedRoute]]:
        """The routes of each stage for one severity (see ``routes_of``)."""
        like = self._like[severity]
        if like not in self._routes:
            self._routes[like] = {name: routes_of(stage, like) for name, stage in self.place.stages.items()}
        return self._routes[like]

    def visits(self, severity: str, entries: Mapping[str, Floats], *, room: bool = True) -> dict[str, Floats]:
        """Stays a year in each stage by age, from entries a year by stage and age, if nothing were ever full.

        One system is solved for each age: stays = entries + routes x stays. Without ``room``, people who go to a stage
        only if it has room all go elsewhere. Raises ValueError if somebody would never come to an end.
        """
        start = np.zeros((len(AGES), len(self._number)))
        for name, per_year in entries.items():
            start[:, self._number[name]] += per_year
        address = (self._like[severity], room)
        if address not in self._equations:
            self._equations[address] = np.eye(len(self._number)) - self._matrix(severity, room)
        try:
            solved: Floats = np.linalg.solve(self._equations[address], start[:, :, None])[:, :, 0].astype(float)
        except np.linalg.LinAlgError as error:
            raise ValueError(
                "stages: somebody goes round and round for ever; give one of the routes a share below 1, or a way home"
            ) from error
        return {name: solved[:, i] for name, i in self._number.items()}

    def _matrix(self, severity: str, room: bool) -> Floats:
        """Share of those in a stage (last index) who go on to another, by age."""
        matrix = np.zeros((len(AGES), len(self._number), len(self._number)))
        for name, resolved in self.routes(severity).items():
            if self.place.stages[name].residence is not None:
                continue
            for each in resolved:
                to = each.route.to if room else _without_room(each.route, resolved)
                if to != HOME:
                    matrix[:, self._number[to], self._number[name]] += each.share * self.alive[name]
        return matrix


def _without_room(route: Route, own: list[ResolvedRoute]) -> str:
    """Where people go whose stage has no room; those who are cancelled have to be taken some day."""
    conditional = {each.route.to: each.route for each in own if each.route.if_room}
    for _ in own:
        if not route.if_room or route.cancelled:
            return route.to
        if route.otherwise not in conditional:
            return route.otherwise
        route = conditional[route.otherwise]
    return HOME
