"""What nobody knows: every number of a scenario that has a range, what it may be, and the scenario with other values.

Which numbers have a range stands in the files; running a scenario with drawn numbers is the business of
``experiments``.

What a range means. ``value`` is the median and 95% of what the number may be lies from ``low`` to ``high``: one in
forty below, one in forty above. Each half is a half of a normal curve, in logarithms (lognormal: ratios, times, rates,
counts), in log odds (logit_normal: shares) or as it stands (normal: numbers that may be negative), as wide as its own
end says; so a range need not be symmetric, and half of all draws are below the value whatever the range. A half that
ends (or begins) at a limit of its scale, 0 or for shares 1, is spread evenly between the two and goes no further; so
are both halves of a uniform number, for which ``low`` and ``high`` are the limits. A half without an end has no width.
Numbers are drawn independently of each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel
from scipy import special

from sim.errors import InputError, Problem
from sim.files.checks import check_values
from sim.files.findings import TOLERANCE, is_share, may_be_negative
from sim.files.provenance import Given, assumptions
from sim.interventions import Lever
from sim.quantities import AGES, AgeTable, Distribution, Quantity
from sim.scenario import Scenario
from sim.system import Place, Route, Stage

Floats = npt.NDArray[np.float64]

_END = float(special.ndtri(0.975))
"""Standard deviations from the median to the end of a 95% range."""
MONEY = (".prices.", ".takes.gbp_")
"""In the paths of prices and costs, on which no stay depends."""
_BLOCK = 100
"""Draws in which every hundredth of what a number may be comes once."""


@dataclass(frozen=True)
class Uncertainty:
    """One number with a range."""

    name: str
    """Its path as used by ``--set``."""
    value: float
    """The number as stated, the median of what it may be; in the unit of its field."""
    low: float
    """Lower end of the 95% range; the value if there is none."""
    high: float
    """Upper end of the 95% range; the value if there is none."""
    distribution: Distribution
    """Shape of the range."""
    kind: Literal["lever", "uncertainty"]
    """lever: planners choose it (what an intervention provides). uncertainty: nobody knows it."""
    source: str
    """Where the number comes from; empty if nobody says."""
    is_assumption: bool
    """True if it is marked as an assumption or has no source."""


# -- which numbers, and what they may be ---------------------------------------------------------------------------


def space(scenario: Scenario) -> tuple[Uncertainty, ...]:
    """Every number of a scenario that has a range, in the order of its fields, defaults included."""
    return tuple(_uncertainty(each) for each in assumptions(scenario, defaults=True) if _is_open(each))


def unknown(scenario: Scenario) -> tuple[Uncertainty, ...]:
    """Those numbers of a scenario that nobody knows: what planners choose stays as it is stated."""
    return tuple(each for each in space(scenario) if each.kind == "uncertainty")


def _is_open(given: Given) -> bool:
    """True if a number may be something else than it is stated."""
    return any(end is not None and end != given.value for end in (given.low, given.high))


def _uncertainty(given: Given) -> Uncertainty:
    assert isinstance(given.value, float | int)
    value = float(given.value)
    low, high = (value if end is None else float(end) for end in (given.low, given.high))
    plain: Distribution = "lognormal"
    if is_share(given.path):
        plain = "logit_normal"
    elif may_be_negative(given.path) or low < 0:
        plain = "normal"
    return Uncertainty(
        name=given.path,
        value=value,
        low=low,
        high=high,
        distribution=given.distribution or plain,
        kind="lever" if _is_chosen(given.path) else "uncertainty",
        source=given.source,
        is_assumption=given.is_assumption,
    )


def _is_chosen(path: str) -> bool:
    """True for what an intervention provides: the capacity of its pools, its workers."""
    parts = path.split(".")
    return parts[0] == "interventions" and (parts[-1] == "wte" or (parts[2] == "pools" and parts[-1] == "capacity"))


def quantile(uncertainty: Uncertainty, u: npt.ArrayLike) -> Floats:
    """The number below which a share ``u`` (between 0 and 1) of what it may be lies; the value itself at 0.5."""
    share = np.asarray(u, dtype=float)
    below, above = (_half(uncertainty, end, share) for end in (uncertainty.low, uncertainty.high))
    found = np.where(share < 0.5, below, above)
    return np.asarray(np.where(share == 0.5, uncertainty.value, found))


def _half(uncertainty: Uncertainty, end: float, share: Floats) -> Floats:
    """Quantiles of the half of a range from its value to one end."""
    value = uncertainty.value
    scale, back = _SCALES[uncertainty.distribution]
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, edge = scale(value), scale(end)
    if uncertainty.distribution == "uniform" or not (np.isfinite(centre) and np.isfinite(edge)):
        return np.asarray(value + np.abs(2 * share - 1) * (end - value))
    if edge == centre:
        return np.full_like(share, value)
    return np.asarray(back(centre + np.abs(special.ndtri(share)) / _END * (edge - centre)))


def _exp(logarithm: Floats) -> Floats:
    """The number with this logarithm; the largest there is in place of one too large to be written."""
    return np.exp(np.minimum(logarithm, _LARGEST))


_LARGEST = float(np.log(np.finfo(np.float64).max))
_SCALES = {
    "lognormal": (np.log, _exp),
    "logit_normal": (special.logit, special.expit),
    "normal": (np.float64, np.float64),
    "uniform": (np.float64, np.float64),
}
"""Scale on which each half is a half of a normal curve, and the way back."""


def draw(numbers: Sequence[Uncertainty], n: int, seed: int, again: int = 0) -> Floats:
    """Draws of numbers ``[draw, number]``: Latin hypercubes of a hundred, one after the other (McKay 1979).

    Not the points of a Sobol sequence: of a few hundred points in hundreds of dimensions, some pairs of dimensions go
    together almost perfectly, and a number that matters would make others seem to. More draws with the same seed begin
    with the same ones, and a number's draws depend on its name alone. ``again`` names further ones, for draws that
    cannot be used.
    """
    columns = [quantile(number, _spread_evenly(number.name, n, seed, again)) for number in numbers]
    return np.stack(columns, axis=1) if columns else np.empty((n, 0))


def named(numbers: Sequence[Uncertainty], values: Iterable[float]) -> dict[str, float]:
    """One draw by the names of its numbers."""
    return {number.name: float(value) for number, value in zip(numbers, values, strict=True)}


def _spread_evenly(name: str, n: int, seed: int, again: int) -> Floats:
    """Numbers from 0 to 1 in an order of their own for each name."""
    own = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    luck = np.random.default_rng([seed, again, own])
    blocks = [(luck.permutation(_BLOCK) + luck.random(_BLOCK)) / _BLOCK for _ in range(-(-n // _BLOCK))]
    return np.concatenate(blocks)[:n] if blocks else np.empty(0)


# -- a scenario with other values ----------------------------------------------------------------------------------


def with_values(scenario: Scenario, values: Mapping[str, float], place: Place | None = None) -> Scenario:
    """The scenario with other values of numbers that may have a range, by their paths.

    ``place`` is the scenario's with its own of these values, if it has been made.

    Where values drawn one by one no longer add up, they are made to: shares of localities are divided by their sum;
    shares of routes out of one stage, and of people who wait or go elsewhere when not seen, are divided by their sum
    where it is more than 1. A range that does not bracket its new value is dropped. Values as stated change nothing.

    Raises InputError with every path that leads to no such number, and everything that makes no sense.
    """
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *parts, last = path.split(".")
        branch = tree
        for part in parts:
            branch = branch.setdefault(part, {})
        branch[last] = float(value)
    before = scenario if place is None else scenario.model_copy(update={"place": place})
    if place is not None:
        tree.pop("place", None)
    problems: list[Problem] = []
    changed: Scenario = _changed(before, tree, (), problems)
    if not problems and changed != scenario:
        changed = _adding_up(before, changed)
        problems += check_values(changed, values)
    if problems:
        raise InputError(problems)
    return changed


def _changed(holder: Any, tree: Any, path: tuple[str, ...], problems: list[Problem]) -> Any:
    """What is at a path, with the values of a tree of paths in it."""
    if isinstance(holder, Quantity) and isinstance(tree, float):
        return _with_number(holder, "value", tree)
    if isinstance(holder, Lever) and isinstance(tree, Mapping) and tree.keys() == {"ratio"}:
        return _with_number(holder, "ratio", tree["ratio"])
    parts = _parts(holder)
    if not isinstance(tree, Mapping) or not tree.keys() <= parts.keys():
        lost = [part for part in tree if part not in parts] if isinstance(tree, Mapping) else [""]
        where = [".".join((*path, part)).rstrip(".") for part in lost]
        problems += [Problem(each, "there is no number here that may have a range") for each in where]
        return holder
    inside = {key: _changed(parts[key], tree[key], (*path, key), problems) for key in tree}
    match holder:
        case BaseModel():
            fields = _fields(type(holder))
            return holder.model_copy(update={fields[key]: value for key, value in inside.items()})
        case Mapping():
            return {**holder, **inside}
        case _:
            return tuple(inside.get(str(index), value) for index, value in enumerate(holder))


def _parts(holder: Any) -> dict[str, Any]:
    """What is inside a model, a block of names or a list, by the parts of a path."""
    if isinstance(holder, Quantity | Lever):
        return {}
    if isinstance(holder, BaseModel):
        return {part: getattr(holder, name) for part, name in _fields(type(holder)).items()}
    if isinstance(holder, Mapping):
        return {str(key): value for key, value in holder.items()}
    return {str(index): value for index, value in enumerate(holder)} if isinstance(holder, tuple) else {}


@cache
def _fields(kind: type[BaseModel]) -> dict[str, str]:
    """The names of a model's fields, by the parts of a path."""
    return {field.alias or name: name for name, field in kind.model_fields.items()}


def _with_number(holder: Any, field: str, value: float) -> Any:
    """A number with another value; a range that does not bracket it is dropped."""
    low, high = (value if end is None else end for end in (holder.low, holder.high))
    kept = {} if low <= value <= high else {"low": None, "high": None}
    return holder.model_copy(update={field: value, **kept})


def _adding_up(before: Scenario, after: Scenario) -> Scenario:
    """The scenario with shares that add up again."""
    place = after.place
    if place is not before.place:
        place = place.model_copy(update={"stages": _stages(place.stages)})
    if place.localities != before.place.localities:
        place = _localities(place)
    interventions = tuple(each.model_copy(update={"stages": _stages(each.stages)}) for each in after.interventions)
    return after.model_copy(update={"place": place, "interventions": interventions})


def _localities(place: Place) -> Place:
    total = sum(each.share.value for each in place.localities)
    shares = [_with_number(each.share, "value", each.share.value / total) for each in place.localities]
    localities = (
        each.model_copy(update={"share": share}) for each, share in zip(place.localities, shares, strict=True)
    )
    return place.model_copy(update={"localities": tuple(localities)})


def _stages(stages: Mapping[str, Stage]) -> dict[str, Stage]:
    return {
        name: _giving_up(stage.model_copy(update={"routes": _routes(stage.routes)})) for name, stage in stages.items()
    }


def _giving_up(stage: Stage) -> Stage:
    """The stage with shares of those not seen that are no more than 1 together."""
    given = stage.gives_up
    if given is None or (total := given.wait.value + given.divert.value) <= 1 + TOLERANCE:
        return stage
    less = {name: _with_number(getattr(given, name), "value", getattr(given, name).value / total) for name in _UNSEEN}
    return stage.model_copy(update={"gives_up": given.model_copy(update=less)})


_UNSEEN = ("wait", "divert")


def _routes(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Routes whose shares are no more than 1 together, at any age and for any severity."""
    tables = {index: route.share.values for index, route in enumerate(routes) if isinstance(route.share, AgeTable)}
    severities = {severity for route in routes for severity in route.severity} | {None}
    totals = {
        severity: [
            sum(values[age] for index, values in tables.items() if severity in (routes[index].severity or severities))
            for age in range(len(AGES))
        ]
        for severity in severities
    }
    fitted = list(routes)
    for index in tables:
        own = routes[index].severity or severities
        over = [max(1.0, *(totals[severity][age] for severity in own)) for age in range(len(AGES))]
        if max(over) > 1 + TOLERANCE:
            fitted[index] = routes[index].model_copy(update={"share": _divided(routes[index].share, over)})
    return tuple(fitted)


def _divided(table: Any, by: Sequence[float]) -> AgeTable:
    """A table by age, each age divided by a number of its own."""
    fields = [name for name in AgeTable.model_fields if name.startswith("age_")]
    numbers = {name: getattr(table, name) or table.all for name in fields}
    shares = {
        name: _with_number(number, "value", number.value / divisor)
        for (name, number), divisor in zip(numbers.items(), by, strict=True)
    }
    divided: AgeTable = table.model_copy(update={**shares, "all": None})
    return divided
