"""How sure a mean over replications is: intervals that are honest for skewed measures, and when there are enough.

Replications are looked at when their number has doubled; each look has an interval so wide that all of them together
cover the truth in 95 of 100 runs (Bonferroni), so that stopping early does not flatter. Nothing is run here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy  # which loads its statistics, slow to load, only when they are first asked for
from scipy.special import stdtrit

from sim.errors import InputError, Problem
from sim.measures.definitions import MEASURES
from sim.results import BASELINE, CONFIDENCE, PLAN, shown
from sim.scenario import Scenario

Floats = npt.NDArray[np.float64]

PILOT = 30
"""Replications before the first look; with fewer an interval of a skewed measure means little."""
SKEWNESS, SPREAD = 2.0, 1.0
"""Skewness, and standard deviation over mean, beyond which a t-interval is too narrow."""
FEWEST = 10
"""Replications a bootstrap needs."""
RESAMPLES = 2000
_AT_ONCE = 200
"""Resamples made at one time, which bounds memory."""


@dataclass(frozen=True)
class Estimate:
    """A mean over replications with its interval, in the unit of the values."""

    n: int
    """Replications it rests on."""
    mean: float
    low: float
    """Lower end; NaN with fewer than two replications, minus infinity if the values set no limit."""
    high: float
    """Upper end; NaN or infinity likewise."""
    method: Literal["t", "bootstrap-t"]
    """How the interval was made."""
    skewness: float
    """Skewness of the values; 0 with fewer than three."""
    is_skewed: bool
    """True if a t-interval would be too narrow."""
    median: float
    median_low: float
    """Lower end of the interval of the median; NaN if there are too few replications for one."""
    median_high: float
    """Upper end likewise."""

    @property
    def half_width(self) -> float:
        """Distance from the mean to the further end."""
        return max(self.mean - self.low, self.high - self.mean)

    @property
    def caution(self) -> str:
        """What to say of a skewed measure, in a sentence; empty if there is nothing to say."""
        if not self.is_skewed:
            return ""
        made = "its interval is a bootstrap-t" if self.method == "bootstrap-t" else "its interval is too narrow"
        return f"skewed: {made}; the median is {shown(self.median, self.median_low, self.median_high)}"


def estimate(
    values: npt.ArrayLike, levels: Sequence[npt.ArrayLike] = (), confidence: float = CONFIDENCE, seed: int = 0
) -> Estimate:
    """The mean of independent replications with its interval.

    Parameters
    ----------
    values
        One value for each replication: levels, or paired differences.
    levels
        What was paired, if the values are differences: whether a spread is wide is judged on levels, since the mean of
        a difference may be nought. The values themselves if left out.
    confidence
        Share of intervals that hold the true mean.
    seed
        Seed of the resampling.

    Student's t, unless values are skewed (see SKEWNESS, SPREAD): then a bootstrap-t, which covered the true mean of
    very skewed waits in 88 of 100 trials with 30 replications where t covered 69.
    """
    known = _known(values)
    n = len(known)
    skewness = float(scipy.stats.skew(known, bias=False)) if n > 2 and np.ptp(known) > 0 else 0.0
    wide = any(_spread(_known(each)) > SPREAD for each in (levels or (values,)))
    skewed = n > 1 and (abs(skewness) > SKEWNESS or wide)
    method: Literal["t", "bootstrap-t"] = "bootstrap-t" if skewed and n >= FEWEST else "t"
    low, high = bootstrap_t(known, confidence, seed) if method == "bootstrap-t" else _student_t(known, confidence)
    mean = float(known.mean()) if n else math.nan
    middle = float(np.median(known)) if n else math.nan
    return Estimate(n, mean, low, high, method, skewness, skewed, middle, *median_interval(known, confidence))


def _known(values: npt.ArrayLike) -> Floats:
    given = np.asarray(values, dtype=float)
    known: Floats = given[np.isfinite(given)]
    return known


def _spread(known: Floats) -> float:
    """Coefficient of variation."""
    if len(known) < 2 or not np.ptp(known):
        return 0.0
    return float(known.std(ddof=1) / abs(known.mean())) if known.mean() else math.inf


def _student_t(known: Floats, confidence: float) -> tuple[float, float]:
    n = len(known)
    if n < 2:
        return math.nan, math.nan
    half = float(stdtrit(n - 1, (1 + confidence) / 2) * known.std(ddof=1) / math.sqrt(n))
    return float(known.mean()) - half, float(known.mean()) + half


def bootstrap_t(values: npt.ArrayLike, confidence: float = CONFIDENCE, seed: int = 0) -> tuple[float, float]:
    """Ends of the bootstrap-t interval of a mean (Efron and Tibshirani 1993, section 12.5).

    The distribution of t = (mean of a resample - mean) / (standard error of that resample) takes the place of
    Student's. An end is infinite where resamples without any spread are so many that the values set no limit.
    """
    known = _known(values)
    n, mean = len(known), float(known.mean())
    error = float(known.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        return mean, mean
    rng = np.random.default_rng(seed)
    ratios = []
    for _ in range(RESAMPLES // _AT_ONCE):
        again = known[rng.integers(n, size=(_AT_ONCE, n))]
        away, own = again.mean(axis=1) - mean, again.std(axis=1, ddof=1) / math.sqrt(n)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios.append(np.where(own > 0, away / own, np.sign(away) * np.inf))
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    lower = float(np.quantile(np.concatenate(ratios), tails[0], method="lower"))
    upper = float(np.quantile(np.concatenate(ratios), tails[1], method="higher"))
    return mean - upper * error, mean - lower * error


def median_interval(values: npt.ArrayLike, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Ends of the interval of a median between two of the values in order, whatever their distribution.

    NaN where even the lowest and the highest value are too near.
    """
    ordered = np.sort(_known(values))
    place = int(scipy.stats.binom.ppf((1 - confidence) / 2, len(ordered), 0.5)) if len(ordered) else 0
    return (float(ordered[place - 1]), float(ordered[-place])) if place > 0 else (math.nan, math.nan)


# -- enough replications -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A measure that is to be known to within so much."""

    measure: str
    within: float
    """Half-width wanted: in the measure's own unit, or a share of the baseline's mean."""
    is_relative: bool
    """True if it is a share of the baseline's mean."""


@dataclass(frozen=True)
class Looked:
    """What a look at the replications done so far finds for one measure."""

    wanted: Wanted
    found: Estimate
    """Of the plan less the baseline; of the baseline where there is no plan."""
    is_difference: bool
    """True if it is of the plan less the baseline."""
    target: float
    """Half-width wanted, in the measure's own unit."""

    @property
    def is_reached(self) -> bool:
        """True if the interval is as narrow as wanted."""
        return self.found.half_width <= self.target

    @property
    def projected(self) -> int | None:
        """Replications that would probably do; None where that cannot be said."""
        if not (math.isfinite(self.found.half_width) and self.target > 0):
            return None
        return math.ceil(self.found.n * (self.found.half_width / self.target) ** 2)


def looks(most: int) -> tuple[int, ...]:
    """Numbers of replications at which to look: 30, doubled as long as it is below the cap, then the cap."""
    doubled = [PILOT * 2**k for k in range(most.bit_length()) if PILOT * 2**k < most]
    return (*doubled, most)


def wanted(scenario: Scenario) -> tuple[Wanted, ...]:
    """The precision that a scenario declares; InputError if it declares none, or what makes no sense."""
    declared = scenario.run.precision
    problems = [problem for name, given in declared.items() for problem in _problems(name, given)]
    if not declared:
        remedy = "state what is to be known how well, for example --set run.precision.emergency_admissions=1%"
        problems = [Problem("run.precision", f"is missing: {remedy}")]
    if problems:
        raise InputError(problems)
    return tuple(
        Wanted(name, float(given[:-1]) / 100, is_relative=True)
        if isinstance(given, str)
        else Wanted(name, float(given), is_relative=False)
        for name, given in declared.items()
    )


def _problems(name: str, given: str | float) -> list[Problem]:
    where = f"run.precision.{name}"
    if name not in MEASURES:
        return [Problem(where, f'there is no measure "{name}"')]
    if MEASURES[name].kind == "share" and isinstance(given, str):
        return [Problem(where, "is a share: give its precision as one, such as 0.01 for one percentage point")]
    return []


def look(wishes: Sequence[Wanted], measures: pd.DataFrame, of_looks: int, seed: int) -> list[Looked]:
    """What the replications done so far find for each measure wanted, ``of_looks`` being planned in all."""
    confidence = 1 - (1 - CONFIDENCE) / of_looks
    found = []
    for wish in wishes:
        levels = by_replication(measures, wish.measure)
        arms = [levels[arm].to_numpy() for arm in (BASELINE, PLAN) if arm in levels]
        if not arms:
            raise InputError([Problem(f"run.precision.{wish.measure}", "this scenario has no such measure")])
        values = arms[1] - arms[0] if len(arms) > 1 else arms[0]
        target = wish.within * abs(float(np.nanmean(arms[0]))) if wish.is_relative else wish.within
        found.append(Looked(wish, estimate(values, arms, confidence, seed), len(arms) > 1, target))
    return found


def by_replication(measures: pd.DataFrame, measure: str, of: str = "all") -> pd.DataFrame:
    """Values of a measure, of everybody over all measured years, by replication (rows) and arm (columns)."""
    chosen = (measures["measure"] == measure) & (measures["of"] == of)
    for column in ("period", "group", "locality"):
        chosen &= measures[column] == "all"
    return measures[chosen].pivot_table(index="replication", columns="arm", values="value")


# -- kept and told -------------------------------------------------------------------------------------------------


def kept(found: Sequence[Looked], planned: Sequence[int], done: int) -> dict[str, Any]:
    """What is kept with the results about precision, as plain values."""
    return {
        "looks": list(planned),
        "replications": done,
        "confidence_of_each_look": 1 - (1 - CONFIDENCE) / len(planned),
        "measures": [
            {
                "measure": each.wanted.measure,
                "difference": each.is_difference,
                "mean": _plain(each.found.mean),
                "low": _plain(each.found.low),
                "high": _plain(each.found.high),
                "method": each.found.method,
                "skewness": _plain(each.found.skewness),
                "half_width": _plain(each.found.half_width),
                "half_width_wanted": _plain(each.target),
                "reached": each.is_reached,
                "replications_projected": each.projected,
                "caution": each.found.caution,
            }
            for each in found
        ],
    }


def _plain(number: float) -> float | None:
    return number if math.isfinite(number) else None


def in_words(told: Mapping[str, Any]) -> list[str]:
    """What was kept about precision as lines to print."""
    planned, done = told["looks"], told["replications"]
    widened = f", each with a {100 * told['confidence_of_each_look']:.3g}% interval" if len(planned) > 1 else ""
    lines = [f"Precision after {done} replications (looks at {', '.join(map(str, planned))}{widened}):"]
    for row in told["measures"]:
        measure = MEASURES[row["measure"]]
        what = f"{measure.title}{', plan less no plan' if row['difference'] else ''}"
        factor, unit = (100, "percentage points") if measure.kind == "share" else (1, measure.unit)
        ends = (math.nan if row[end] is None else factor * row[end] for end in ("mean", "low", "high"))
        lines.append(f"  {what}: {shown(*ends)} {unit}; {_judged(row, factor)}")
        lines += [f"    {row['caution']}"] if row["caution"] else []
    return lines


def _judged(row: Mapping[str, Any], factor: float) -> str:
    wanted = f"±{factor * row['half_width_wanted']:,.3g} wanted"
    wide = "without limit" if row["half_width"] is None else f"±{factor * row['half_width']:,.3g}"
    if row["reached"]:
        return f"{wide}, {wanted}: precise enough"
    needed = row["replications_projected"]
    more = f"; about {needed:,} replications would do" if needed else ""
    return f"precision not reached, {wide}, {wanted}{more}"
