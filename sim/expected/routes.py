"""Where people go next, resolved: each stage's routes with their shares by age, and the visits they lead to.

Nothing here runs; ``plans/plan.py`` turns resolved routes into tables and ``net_rates.py`` solves flows with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.quantities import AGES
from sim.system import HOME, Place, Route, Stage

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


def live_share(stage: Stage, dies: Mapping[str, Floats], name: str) -> Floats:
    """Share of the people in a stage who leave it alive, by age."""
    return 1.0 - dies.get(name, np.array(stage.dies.values if stage.dies else (0.0,) * len(AGES)))


class Routing:
    """The routes of a place as linear equations, put together once for each severity.

    ``dies`` gives shares that do not leave by a route where these are worked out rather than written in the file.
    """

    def __init__(self, place: Place, dies: Mapping[str, Floats]) -> None:
        self._place, self._dies = place, dies
        self._number = {name: i for i, name in enumerate(place.stages)}
        self._equations: dict[tuple[str, bool], Floats] = {}

    def visits(self, severity: str, entries: Mapping[str, Floats], *, room: bool = True) -> dict[str, Floats]:
        """Stays a year in each stage by age, from entries a year by stage and age, if nothing were ever full.

        One system is solved for each age: stays = entries + routes x stays. Without ``room``, people who go to a stage
        only if it has room all go elsewhere. Raises ValueError if somebody would never come to an end.
        """
        start = np.zeros((len(AGES), len(self._number)))
        for name, per_year in entries.items():
            start[:, self._number[name]] += per_year
        address = (severity, room)
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
        for name, stage in self._place.stages.items():
            if stage.residence is not None:
                continue
            alive, resolved = live_share(stage, self._dies, name), routes_of(stage, severity)
            for each in resolved:
                to = each.route.to if room else _without_room(each.route, resolved)
                if to != HOME:
                    matrix[:, self._number[to], self._number[name]] += each.share * alive
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
