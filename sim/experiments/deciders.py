"""Which of many uncertain numbers a modelled value goes with, and where among them a claim fails.

Both read futures that were run for the claim anyway; nothing is run here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHUFFLES = 400
"""Shuffled values the noise level is read from."""
CONFIDENCE = 0.95
FEWEST = 30
"""Futures below which nothing is ranked."""
PEEL = 0.1
"""Share of the futures in a box that is cut off at most in one step."""
MOST_SIDES = 5
"""Uncertain numbers among which a region is looked for."""
FEWEST_INSIDE = 10
"""Futures that a region holds at least."""
CLEAR = 0.05
"""Chance below which a side of a region counts."""


@dataclass(frozen=True)
class Ranking:
    """Uncertain numbers by how strongly a value goes with each, strongest first."""

    order: tuple[int, ...]
    """Columns of the numbers."""
    correlation: tuple[float, ...]
    """Spearman's rank correlation of each with the value."""
    noise: float
    """What the strongest of as many numbers without any influence stays below in 95 of 100 such experiments."""

    @property
    def beyond_noise(self) -> tuple[int, ...]:
        """Columns of the numbers that stand out, strongest first."""
        return tuple(
            column for column, size in zip(self.order, self.correlation, strict=True) if abs(size) > self.noise
        )


def ranked(drawn: Floats, values: Floats, seed: int) -> Ranking:
    """The numbers ``drawn[future, number]`` by their rank correlation with a value (McKay, Beckman and Conover 1979).

    The noise level is that of the strongest of them all once the values are shuffled (Westfall and Young 1993), so that
    many numbers do not make one stand out by chance.  Nothing is ranked where there are too few futures, or all values
    are the same.
    """
    known = np.isfinite(values)
    if known.sum() < FEWEST or not drawn.shape[1] or np.ptp(values[known]) == 0:
        return Ranking((), (), np.inf)
    numbers, value = _standard(drawn[known]), _standard(values[known, None])[:, 0]
    correlation = numbers.T @ value / len(value)
    rng = np.random.default_rng(seed)
    shuffled = np.stack([rng.permutation(value) for _ in range(SHUFFLES)], axis=1)
    strongest = np.abs(numbers.T @ shuffled / len(value)).max(axis=0)
    order = np.argsort(-np.abs(correlation), kind="stable")
    noise = float(np.quantile(strongest, CONFIDENCE, method="higher"))
    return Ranking(tuple(order.tolist()), tuple(correlation[order].tolist()), noise)


def _standard(values: Floats) -> Floats:
    """Ranks of each column with mean 0 and variance 1; a column without any spread is 0."""
    ranks = stats.rankdata(values, axis=0)
    centred = ranks - ranks.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0))


# -- where it fails ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """One side of a box."""

    column: int
    low: float
    """Minus infinity if there is no limit below."""
    high: float
    """Infinity if there is no limit above."""
    p: float = 1.0
    """Chance of so many successes if this side did not matter."""

    def inside(self, drawn: Floats) -> Bools:
        """By future: on the right side."""
        held: Bools = (drawn[:, self.column] >= self.low) & (drawn[:, self.column] <= self.high)
        return held


@dataclass(frozen=True)
class Box:
    """Limits of a few numbers within which something is mostly so."""

    sides: tuple[Side, ...]
    coverage: float
    """Share of the futures in which it is so that lie inside."""
    density: float
    """Share of the futures inside in which it is so."""
    futures: int
    """Futures inside."""


def box(drawn: Floats, is_so: Bools, columns: Sequence[int]) -> Box | None:
    """Limits of some of the numbers ``drawn[future, number]`` within which something mostly is so; None if none.

    The patient rule induction method (PRIM; Friedman and Fisher 1999) in its simplest form: from everything, cut off
    again and again the tenth, lowest or highest of one number, whose loss raises the density most. Of the boxes on the
    way the one with the highest harmonic mean of coverage and density is taken. Then sides that matter no more than
    chance are given up, least first (quasi-p, Bryant and Lempert 2010). There is no pasting, and density is that of the
    futures it was found in, so a little high.
    """
    if not columns or not is_so.any() or is_so.all():
        return None
    steps = _peeled(drawn, is_so, columns[:MOST_SIDES])
    sides = max(steps, key=lambda step: _both(*_quality(drawn, is_so, step)))
    while sides:
        tested = [_tested(drawn, is_so, sides, side) for side in sides]
        worst = max(tested, key=lambda side: side.p)
        if worst.p <= CLEAR:
            density, coverage = _quality(drawn, is_so, tested)
            return Box(tuple(tested), coverage, density, int(_inside(drawn, tested).sum()))
        sides = [side for side in sides if side.column != worst.column]
    return None


def _inside(drawn: Floats, sides: Sequence[Side]) -> Bools:
    held = np.ones(len(drawn), dtype=bool)
    for side in sides:
        held &= side.inside(drawn)
    return held


def _quality(drawn: Floats, is_so: Bools, sides: Sequence[Side]) -> tuple[float, float]:
    """Density and coverage of a box."""
    held = _inside(drawn, sides)
    hits = float(is_so[held].sum())
    return hits / max(1, held.sum()), hits / is_so.sum()


def _both(density: float, coverage: float) -> float:
    return 2 * density * coverage / (density + coverage) if density + coverage else 0.0


def _peeled(drawn: Floats, is_so: Bools, columns: Sequence[int]) -> list[list[Side]]:
    """Boxes from everything down to few futures, each cut out of the one before."""
    sides: dict[int, Side] = {}
    steps: list[list[Side]] = [[]]
    while True:
        now = [*sides.values()]
        candidates = [cut for column in columns for cut in _cuts(drawn, now, sides.get(column), column)]
        held = [
            (_quality(drawn, is_so, [*(s for s in now if s.column != cut.column), cut])[0], cut) for cut in candidates
        ]
        if not held:
            return steps
        density, best = max(held, key=lambda pair: pair[0])
        if density <= _quality(drawn, is_so, now)[0]:
            return steps
        sides[best.column] = best
        steps.append([*sides.values()])


def _cuts(drawn: Floats, now: Sequence[Side], side: Side | None, column: int) -> list[Side]:
    """The two ways of cutting a tenth off a box along one number, if enough is left."""
    inside = drawn[_inside(drawn, now), column]
    low, high = (side.low, side.high) if side else (-np.inf, np.inf)
    bottom, top = np.quantile(inside, [PEEL, 1 - PEEL])
    found = [Side(column, float(bottom), high), Side(column, low, float(top))]
    return [cut for cut in found if FEWEST_INSIDE <= ((inside >= cut.low) & (inside <= cut.high)).sum() < len(inside)]


def _tested(drawn: Floats, is_so: Bools, sides: Sequence[Side], side: Side) -> Side:
    """A side with the chance of so many successes in the box if the side did not matter."""
    density, _ = _quality(drawn, is_so, [each for each in sides if each.column != side.column])
    held = _inside(drawn, sides)
    p = float(stats.binom.sf(is_so[held].sum() - 1, held.sum(), density))
    return Side(side.column, side.low, side.high, p)
