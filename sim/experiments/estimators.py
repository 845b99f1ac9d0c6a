"""Estimators of a programme's effect as evaluations use them: ratios of rates with robust intervals, and matching.

Every design is one or two *sides* of people (or practices). A side is the logarithm of a rate, or of a rate over an
earlier one of the same people; its variance comes from how much the units differ from each other (linearised ratio of
totals, as a survey would do it), so that people who are admitted again and again, and practices, are allowed for.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CONTROLS = 2
"""Nearest controls of each person enrolled."""


class Counts(NamedTuple):
    """What was counted of each unit (a person or a practice) in one period."""

    admissions: Floats
    """Emergency admissions."""
    years: Floats
    """Years at risk."""

    def of(self, units: npt.NDArray[np.bool_] | Ints) -> Counts:
        """The same of some units."""
        return Counts(self.admissions[units], self.years[units])

    def by(self, cluster: Ints, clusters: int) -> Counts:
        """Totals of clusters, numbered from 0."""
        sums = (np.bincount(cluster, each, minlength=clusters).astype(float) for each in self)
        return Counts(*sums)


class Side(NamedTuple):
    """Logarithm of a rate or of a change of rate, with its variance and the number of units it rests on."""

    log: float
    variance: float
    units: int


class Estimate(NamedTuple):
    """Ratio of rates with its 95% interval; NaN where there was nothing to divide by."""

    ratio: float
    low: float
    high: float

    @property
    def finds_effect(self) -> bool:
        """True if the interval excludes no effect."""
        return self.low > 1.0 or self.high < 1.0


def side(after: Counts, before: Counts | None = None, weight: Floats | None = None) -> Side:
    """One side of a comparison: the rate after, over the rate of the same units before if that is given.

    Parameters
    ----------
    after, before
        Counts of the same units in two periods.
    weight
        Weight of each unit; all 1 if left out.

    A total of no admissions or no years gives NaN.
    """
    number = len(after.admissions)
    weights = np.ones(number) if weight is None else weight
    log, influence = 0.0, np.zeros(number)
    for sign, counts in ((1.0, after), (-1.0, before)):
        if counts is None:
            continue
        admissions, years = weights * counts.admissions, weights * counts.years
        if admissions.sum() <= 0 or years.sum() <= 0:
            return Side(math.nan, math.nan, number)
        log += sign * math.log(admissions.sum() / years.sum())
        influence += sign * (admissions / admissions.sum() - years / years.sum())
    small = number / (number - 1) if number > 1 else math.nan
    return Side(log, small * float((influence**2).sum()), number)


def ratio(programme: Side, others: Side | None = None) -> Estimate:
    """The ratio of two independent sides, or of one alone; the interval is Student's with the units' freedom."""
    sides = [programme] if others is None else [programme, others]
    log = programme.log - (0.0 if others is None else others.log)
    variance, freedom = sum(each.variance for each in sides), sum(each.units - 1 for each in sides)
    if not math.isfinite(log + variance) or freedom < 1:
        return Estimate(math.exp(log) if math.isfinite(log) else math.nan, math.nan, math.nan)
    half = float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance)
    return Estimate(math.exp(log), math.exp(log - half), math.exp(log + half))


def matched_weights(enrolled: Floats, others: Floats, luck: np.random.Generator, controls: int = CONTROLS) -> Floats:
    """How often each of the others stands for somebody enrolled, whose nearest neighbours they are.

    Parameters
    ----------
    enrolled, others
        ``[people, characteristics]``, scaled so that a difference of 1 counts the same in each.
    luck
        Chooses among those equally near.
    controls
        Neighbours of each person enrolled; others may be used again.

    Returns the weight of each of the others; together they are as many as are enrolled.
    """
    wanted = min(controls, len(others))
    if not wanted or not len(enrolled):
        return np.zeros(len(others))
    tree = cKDTree(others + luck.uniform(0.0, 1e-3, others.shape))
    nearest = tree.query(enrolled + luck.uniform(0.0, 1e-3, enrolled.shape), k=[*range(1, wanted + 1)])[1]
    return np.bincount(nearest.ravel(), minlength=len(others)) / wanted
