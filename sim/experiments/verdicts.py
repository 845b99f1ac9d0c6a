"""When a claim is supported, when it is not, when that cannot be told, and what would tell.

Counts of futures in, verdicts out; how the futures are made is in ``futures.py``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.experiments.answers import Settled, Share, Verdict
from sim.experiments.tested import Asked
from sim.results import CONFIDENCE

Floats = npt.NDArray[np.float64]

MOST_FUTURES = 10_000
"""More futures than that are not worth their while: the claim lies at the border."""
MOSTLY_LUCK = 0.5
"""Share of the variance from which on what differs between futures is mostly luck."""
RESAMPLES = 400
_SEED = 1


def wilson(holds: float, of: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Ends of the interval of a share (Wilson 1927), also of one that is not a whole number of futures."""
    z = float(stats.norm.ppf((1 + confidence) / 2))
    centre, half = holds + z * z / 2, z * math.sqrt(holds * (1 - holds / of) + z * z / 4)
    return max(0.0, (centre - half) / (of + z * z)), min(1.0, (centre + half) / (of + z * z))


def share(holds: float, futures: int, confidence: float = CONFIDENCE) -> Share:
    """The share of futures in which something is so, with its interval (Wilson)."""
    if not futures:
        return Share(holds_in=0, futures=0, share=None, low=None, high=None)
    low, high = wilson(holds, futures, confidence)
    return Share(holds_in=holds, futures=futures, share=holds / futures, low=low, high=high)


class Found(NamedTuple):
    """A verdict, and what would settle it if it cannot be told."""

    verdict: Verdict
    settled_by: Settled | None = None
    needed: int | None = None
    """About how many futures would."""


def verdict(found: Share, certainty: float, confidence: float, luck: float | None) -> Found:
    """Whether a claim is supported, what would settle it if that cannot be told, and with how many futures.

    Supported if it holds in a share of futures above ``certainty`` beyond doubt from their number, not supported if it
    does in less than the rest. Where the share lies between, beyond doubt, no number of runs will tell: only data about
    the numbers that decide it, or, where ``luck`` is most of what differs between futures, nothing.
    """
    if found.share is None or found.low is None or found.high is None:
        return Found("cannot tell", "nothing")
    least, most = 1 - certainty, certainty
    if found.low > most:
        return Found("supported")
    if found.high < least:
        return Found("not supported")
    if found.low >= least and found.high <= most:
        return Found("cannot tell", "luck" if luck is not None and luck >= MOSTLY_LUCK else "data")
    needed = futures_needed(found.share, [end for end in (least, most) if found.low <= end <= found.high], confidence)
    return Found("cannot tell", "runs", needed) if needed else Found("cannot tell", "close")


def futures_needed(found: float, ends: list[float], confidence: float) -> int | None:
    """About how many futures it takes until the interval of a share holds none of some ends; None if too many."""
    size = 10.0
    while size <= MOST_FUTURES:
        low, high = wilson(found * size, size, confidence)
        if not any(low <= end <= high for end in ends):
            return math.ceil(size)
        size *= 1.05
    return None


# -- the expectation -----------------------------------------------------------------------------------------------


def expected(one: Floats, two: Floats) -> Floats:
    """What each future would bring on average over luck, from two repetitions of each; NaN where there is none.

    The mean of both still holds half the variance of luck and so spreads too much. It is drawn to the mean of all until
    the spread is that of the expectations (variance components, O'Hagan, Stevenson and Madan 2007; drawn in so that the
    variance is kept, Louis 1984).
    """
    both = np.isfinite(one) & np.isfinite(two)
    if both.sum() < 2:
        return np.where(both, (one + two) / 2, np.nan)
    means = (one + two) / 2
    centre, total = means[both].mean(), means[both].var(ddof=1)
    luck = float(np.mean((one[both] - two[both]) ** 2)) / 4
    kept = math.sqrt(max(0.0, 1 - luck / total)) if total > 0 else 1.0
    return np.asarray(centre + kept * (means - centre))


def share_of_expectations(said: Asked, one: Floats, two: Floats, confidence: float) -> Share:
    """In how many futures a claim holds on average over luck; its interval is Wilson's or, if wider, a bootstrap."""
    both = np.isfinite(one) & np.isfinite(two)
    first, second, n = one[both], two[both], int(both.sum())
    if not n:
        return share(0, 0)
    found = share(float(said.holds(expected(first, second)).sum()), n, confidence)
    rng = np.random.default_rng(_SEED)
    again = []
    for _ in range(RESAMPLES):
        rows = rng.integers(n, size=n)
        again.append(float(said.holds(expected(first[rows], second[rows])).mean()))
    low, high = np.quantile(again, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return found.model_copy(update={"low": min(low, found.low or 0.0), "high": max(high, found.high or 0.0)})
