"""The map of one pool's capacity against another's: which pairs meet a standard, and which of those cost least.

Lines are those of linear interpolation between neighbouring capacities (contourpy). They are drawn through the level
reached on the standard's share of days, which is under the limit exactly where the standard is met. How sure they are
is found by resampling replications, the same in every cell because all cells share their luck, and by drawing unit
costs from their ranges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import contourpy
import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import InputError, Problem, RunError
from sim.experiments.capacity import Capacities, Question, Tried, capacity_today, pool_matches, pools_of, runs_at
from sim.experiments.spread import HERE, Spread
from sim.experiments.standards import Standard, as_row, level, reached, values
from sim.plans.arm import with_added
from sim.prices import Prices
from sim.quantities import Quantity
from sim.results import CONFIDENCE, Interval
from sim.scenario import Scenario
from sim.space import Uncertainty, quantile
from sim.system import Stage

Floats = npt.NDArray[np.float64]

RESAMPLES = 400
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
AROUND = 0.2
"""How far the map reaches around today's capacities unless its ends are given, as a share of them."""
CELLS = 6
"""Capacities along each side of the map unless another number is asked for."""


@dataclass(frozen=True)
class Side:
    """One side of the map: a pool, or pools as in ``acute_*``, and the capacities tried."""

    pools: str
    today: float
    """Capacity in the file."""
    capacities: tuple[float, ...]
    """Capacities tried, in order."""
    cost: Quantity | None
    """Cost of one place a day in pounds, with its range; None if nobody says."""


@dataclass(frozen=True)
class Cells:
    """Every cell of a map that was run."""

    standard: Standard
    up: Side
    """The pool of the question, up the map."""
    across: Side
    """The pool it is set against, across the map."""
    tried: tuple[tuple[Tried, ...], ...]
    """Runs of each cell ``[up][across]``."""


class Point(NamedTuple):
    """A point on the line along which the standard is just met."""

    across: float
    """Capacity of the pool across the map."""
    up: float
    """Capacity of the pool up the map."""
    cost: float
    """Cost of both a year in pounds; NaN if a unit cost is not known."""


@dataclass(frozen=True)
class Cheapest:
    """The point of the line with the lowest cost."""

    point: Point
    across: Interval
    """With its 95% range over resampled replications and drawn unit costs; so below."""
    up: Interval
    cost: Interval
    at_an_end: float
    """Share of these in which it lies at an end of the line, so that it may lie outside the map."""
    without_a_line: float
    """Share of these in which no pair of the map just meets the standard."""


@dataclass(frozen=True)
class Map:
    """A map, its line and the cheapest point on it."""

    cells: Cells
    lines: tuple[tuple[Point, ...], ...]
    """Where the standard is just met; more than one line if it is not one piece."""
    ends: tuple[tuple[Point, ...], ...]
    """Where it would be with the lowest and with the highest level of the 95% range of each cell."""
    band: pd.DataFrame
    """For each capacity across: ``needed`` up the map, with ``low``, ``high`` of its 95% interval and ``cost`` with
    ``cost_low``, ``cost_high``. Infinity: none on the map is enough; minus infinity: the smallest is."""
    cheapest: Cheapest | None
    """None if there is no line, or a unit cost is not known."""


# -- running it ----------------------------------------------------------------------------------------------------


def side(
    asked: Question,
    pools: str,
    span: tuple[float, float] | None = None,
    cells: int = CELLS,
    cost: Quantity | None = None,
) -> Side:
    """A side of the map, of whole capacities spread evenly over a span, around today's if none is given.

    ``cost`` is that of one place a day; the price of the place if left out.
    """
    today = capacity_today(asked.scenario, pools)
    low, high = span or ((1 - AROUND) * today, (1 + AROUND) * today)
    capacities = tuple(dict.fromkeys(float(round(each)) for each in np.linspace(low, high, cells)))
    if len(capacities) < 2 or capacities[0] < 1:
        what = f"a map needs two or more capacities of 1 or more, not {', '.join(f'{each:g}' for each in capacities)}"
        raise InputError([Problem(pools, f"{what}: give its ends, such as 10:40")])
    return Side(pools, today, capacities, cost or unit_cost(asked.scenario, pools))


PRICED = {"acute": "acute_beds_occupied", "community_bed": "community_beds_occupied"}
"""Measures that are priced by the day, by what the stages of a pool are."""


def unit_cost(scenario: Scenario, pools: str) -> Quantity | None:
    """Average cost of one place a day of these pools by the prices of their place; None if they have no one price."""
    prices = scenario.place.prices
    costs = [_price(scenario, prices, pool) if prices else None for pool in pools_of(scenario, pools)]
    return costs[0] if all(cost is not None and cost == costs[0] for cost in costs) else None


def _price(scenario: Scenario, prices: Prices, pool: str) -> Quantity | None:
    """Cost of a place a day of one pool: its own price, or that of the beds its stages are."""
    stages = with_added(scenario.place, scenario.interventions).stages.values()
    served = [stage for stage in stages if pool in _pools_serving(stage)]
    kinds = {measure for kind, measure in PRICED.items() if any(getattr(stage, kind) for stage in served)}
    for price in prices.activity.values():
        if price.measure in kinds or any(pool_matches(pool, name) for name in price.pools):
            return price.cost
    return None


def _pools_serving(stage: Stage) -> set[str]:
    if isinstance(stage.served_by, str):
        return {stage.served_by}
    return {pool for shares in stage.served_by.values() for pool in shares}


def run_cells(asked: Question, up: Side, across: Side, how: Spread = HERE) -> Cells:
    """Run every cell of a map; the standard is the first of the question."""
    points: list[Capacities] = [
        ((up.pools, own), (across.pools, other)) for own in up.capacities for other in across.capacities
    ]
    runs = runs_at(asked, points, how)
    width = len(across.capacities)
    tried = [Tried(point[0][1], found) for point, found in zip(points, runs, strict=True)]
    rows = tuple(tuple(tried[start : start + width]) for start in range(0, len(tried), width))
    return Cells(asked.standards[0], up, across, rows)


# -- lines and costs -----------------------------------------------------------------------------------------------


def iso_lines(across: Floats, up: Floats, levels: Floats, limit: float) -> list[Floats]:
    """Lines ``[point, (across, up)]`` along which ``levels[up, across]`` are the limit, by linear interpolation."""
    drawn = contourpy.contour_generator(across, up, np.ma.masked_invalid(levels), corner_mask=True).lines(limit)
    return [np.asarray(line) for line in drawn]


def needed(across: Floats, up: Floats, lines: Sequence[Floats], levels: Floats, limit: float) -> Floats:
    """For each capacity across, the capacity up the map from which on the limit is kept.

    Minus infinity where every one tried keeps it, infinity where the largest does not.
    """
    found = np.where(np.nan_to_num(levels[-1], nan=np.inf) < limit, -np.inf, np.inf)
    points = np.concatenate([np.empty((0, 2)), *lines])
    for column, place in enumerate(across):
        on_it = points[np.isclose(points[:, 0], place), 1]
        if len(on_it) and found[column] < 0:
            found[column] = on_it.max()
    return found


def drawn_map(cells: Cells, seed: int = 0) -> Map:
    """The line of a map with its 95% band, and its cheapest point."""
    across, up, limit = np.array(cells.across.capacities), np.array(cells.up.capacities), cells.standard.limit
    found, rng = _found(cells), np.random.default_rng(seed)
    stated = _costs(cells, None)
    levels = _levels(cells.standard, found)
    lines = iso_lines(across, up, levels, limit)
    own, points = needed(across, up, lines, levels, limit), _points(lines, stated)
    again, cheapest = [], list[tuple[Point | None, bool]]()
    for _ in range(RESAMPLES):
        chosen = rng.integers(found.shape[2], size=found.shape[2])
        again.append(_levels(cells.standard, found[:, :, chosen]))
        cheapest.append(_cheapest(_points(iso_lines(across, up, again[-1], limit), _costs(cells, rng))))
    outer = np.quantile(np.array(again), TAILS, axis=0)
    ends = [iso_lines(across, up, end, limit) for end in outer]
    columns = [own, *(needed(across, up, line, end, limit) for line, end in zip(ends, outer, strict=True))]
    best, _ = _cheapest(points)
    band = _band(across, np.array(columns), stated)
    return Map(cells, points, _points([*ends[0], *ends[1]], stated), band, _summed_up(best, cheapest))


def _costs(cells: Cells, rng: np.random.Generator | None) -> tuple[float, ...]:
    """Unit costs across and up the map, as stated or drawn from their ranges; NaN where nobody says."""
    return tuple(_drawn(cost, rng) if cost else math.nan for cost in (cells.across.cost, cells.up.cost))


def _drawn(cost: Quantity, rng: np.random.Generator | None) -> float:
    if rng is None:
        return cost.value
    low, high = (cost.value if end is None else end for end in (cost.low, cost.high))
    number = Uncertainty("cost", cost.value, low, high, "lognormal", "uncertainty", cost.source, cost.is_assumption)
    return float(quantile(number, rng.random()))


def _found(cells: Cells) -> Floats:
    """What the standard limits ``[up, across, replication, day]``; NaN for a replication that could not go on."""
    known = [run for row in cells.tried for tried in row for run in tried.runs if run]
    if not known:
        raise RunError("no run of the map could go on, everybody waits for everybody: try larger capacities")
    nothing = np.full(values(cells.standard, [known[0].series]).shape[1], np.nan)

    def of(tried: Tried) -> Floats:
        return np.array([values(cells.standard, [run.series])[0] if run else nothing for run in tried.runs])

    return np.array([[of(tried) for tried in row] for row in cells.tried])


def _levels(standard: Standard, found: Floats) -> Floats:
    """Level reached in each cell ``[up, across]``; NaN where a replication could not go on."""
    return np.array([[_level(standard, cell) for cell in row] for row in found])


def _level(standard: Standard, cell: Floats) -> float:
    return math.nan if np.isnan(cell).all(axis=1).any() else level(standard, cell)


def _points(lines: Sequence[Floats], costs: tuple[float, ...]) -> tuple[tuple[Point, ...], ...]:
    """Lines with what both capacities cost a year at each point."""
    across, up = costs
    return tuple(
        tuple(Point(float(x), float(y), 365 * float(across * x + up * y)) for x, y in line[:: _forward(line)])
        for line in lines
    )


def _forward(line: Floats) -> int:
    """1 if a line goes from left to right, -1 if it goes back."""
    return 1 if line[0, 0] <= line[-1, 0] else -1


def _cheapest(lines: tuple[tuple[Point, ...], ...]) -> tuple[Point | None, bool]:
    """The cheapest point of all lines, and whether it is at an end of its line; between two points none is cheaper."""
    best = [(point.cost, point, place in (0, len(line) - 1)) for line in lines for place, point in enumerate(line)]
    known = [each for each in best if math.isfinite(each[0])]
    return min(known)[1:] if known else (None, False)


def _summed_up(best: Point | None, again: Sequence[tuple[Point | None, bool]]) -> Cheapest | None:
    known = [point for point, _ in again if point]
    if best is None or not known:
        return None
    low, high = np.quantile(np.array(known), TAILS, axis=0)
    across, up, cost = (Interval(best[n], float(low[n]), float(high[n]), len(known)) for n in range(3))
    ends = sum(at_end for _, at_end in again)
    return Cheapest(best, across, up, cost, at_an_end=ends / len(known), without_a_line=1 - len(known) / len(again))


def _band(across: Floats, columns: Floats, costs: tuple[float, ...]) -> pd.DataFrame:
    """The line by capacity across, with its interval ``[needed, low, high]``; what lies outside the map is infinite."""
    table = pd.DataFrame({"across": across, "needed": columns[0], "low": columns[1], "high": columns[2]})
    for name, column in (("cost", "needed"), ("cost_low", "low"), ("cost_high", "high")):
        table[name] = 365 * (costs[0] * across + costs[1] * table[column])
    return table


# -- tables --------------------------------------------------------------------------------------------------------


def cells_table(cells: Cells) -> pd.DataFrame:
    """One row a cell: both capacities, how well it meets the standard (see ``Reached``), and people ready to leave."""
    rows = []
    for row in cells.tried:
        for other, tried in zip(cells.across.capacities, row, strict=True):
            found = reached(cells.standard, [run and run.series for run in tried.runs])
            rows.append({"up": tried.capacity, "across": other, **as_row(found), "ready_in_acute_beds": tried.ready})
    return pd.DataFrame(rows)


def line_table(lines: tuple[tuple[Point, ...], ...]) -> pd.DataFrame:
    """One row a point of lines of a map, with the cost of both capacities a year."""
    rows = [{"line": number, **point._asdict()} for number, line in enumerate(lines, 1) for point in line]
    return pd.DataFrame(rows, columns=["line", *Point._fields])
