"""Standards a place may be held to, such as occupancy under 92% on 95% of days, and how well runs meet them.

A standard compares one number of each day (or its mean over the days) with a limit. Nothing is run here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, Problem
from sim.experiments.precision import Estimate, estimate
from sim.results import shown

Floats = npt.NDArray[np.float64]
Series = Mapping[str, Floats]
"""Numbers of each measured day of one run, scaled up to the whole place, by name (see ``SERIES``)."""

USUAL = "occupancy < 92% on 95% of days"
"""The standard if none is given: NHS planning guidance names 92% of adult general and acute beds (recalled)."""
SERIES = {
    "ready": "people in overnight acute beds at midnight who are ready to leave",
    "acute_beds": "overnight acute beds",
    "twelve_hours": "admissions through A&E that waited more than 12 hours for a bed",
    "admitted": "admissions through A&E",
    "one": "1 on every day",
}
"""Series every run gives; besides ``used POOLS`` and ``beds POOLS`` for each pool or pools a standard is about."""


class _Compared(NamedTuple):
    """What is compared with a limit: one series over another."""

    top: str
    over: str
    factor: float
    is_daily: bool
    """True if it can be asked of each day."""


_QUANTITIES: dict[tuple[str, str], _Compared] = {
    ("occupancy", "%"): _Compared("used", "beds", 100, True),
    ("delays", "beds"): _Compared("ready", "one", 1, True),
    ("delays", "%"): _Compared("ready", "acute_beds", 100, True),
    ("12-hour waits", "a year"): _Compared("twelve_hours", "one", 365, False),
    ("12-hour waits", "%"): _Compared("twelve_hours", "admitted", 100, False),
}
"""By quantity and unit; the first unit of a quantity is taken where none is given."""
DEFINITIONS = {
    "occupancy": "people in the pool at midnight over its capacity (slots: used over offered that day)",
    "delays": "overnight acute beds occupied at midnight by people who are ready to leave",
    "12-hour waits": "admissions through A&E that waited more than 12 hours from the decision to admit",
}
_WORDS = re.compile(
    r"(?P<what>occupancy|delays|12-hour waits)(?: of (?P<of>[\w*]+))?"
    r"\s*<\s*(?P<limit>\d+(?:\.\d+)?)\s*(?P<unit>%|beds|a year)?"
    r"(?:\s+on (?P<days>\d+(?:\.\d+)?)% of days)?"
)
_LIKE = f'"{USUAL}", "delays < 80 beds", "delays < 12% on 90% of days" or "12-hour waits < 500 a year"'


@dataclass(frozen=True)
class Standard:
    """A number that is to stay under a limit, on a share of days or in the mean of them."""

    what: str
    """occupancy, delays or 12-hour waits (see DEFINITIONS)."""
    limit: float
    unit: str
    """Of the limit: %, beds or a year."""
    days: float | None = None
    """Per cent of days on which it has to be under the limit; its mean if left out."""
    of: str = ""
    """Pool, or pools as in ``acute_*``, whose occupancy it is; the pool that is asked about if empty."""

    def __str__(self) -> str:
        of = f" of {self.of}" if self.of else ""
        unit = self.unit if self.unit == "%" else f" {self.unit}"
        return f"{self.what}{of} < {self.limit:g}{unit}" + (f" on {self.days:g}% of days" if self.days else "")

    def about(self, pools: str) -> Standard:
        """The same standard, about these pools unless it names its own."""
        return self if self.of or self.what != "occupancy" else replace(self, of=pools)


class Reached(NamedTuple):
    """How well the replications of one capacity meet a standard."""

    value: Estimate
    """Per cent of days under the limit, or the mean of what is limited, in the unit of the limit; over replications."""
    level: float
    """What it stays at or under on the standard's share of all days, or its mean: met if and only if under the limit.
    NaN if a run could not go on or there was nothing to measure."""
    met_in: int
    """Replications that meet the standard by themselves."""
    is_met: bool
    """True if the replications together meet it."""
    surely: bool
    """True if they meet it by more than luck: the 95% interval lies on the right side."""
    perhaps: bool
    """True if luck alone could be why they do not meet it."""

    def in_words(self, standard: Standard) -> str:
        """As in "on 95.3% (94.1 to 96.4) of days"."""
        if math.isnan(self.level):
            return "not met: the run cannot go on, everybody waits for everybody"
        said = shown(self.value.mean, self.value.low, self.value.high, significant=2)
        if standard.days is not None:
            return f"under the limit on {said} per cent of days"
        return f"{said} {'per cent' if standard.unit == '%' else standard.unit}"


def standard_of(text: str) -> Standard:
    """The standard in words, such as ``occupancy < 92% on 95% of days``; InputError with what is understood."""
    found = _WORDS.fullmatch(" ".join(text.replace("<", " < ").split()))
    if found is None:
        raise _refused(f"{text!r} is not understood: give for example {_LIKE}")
    units = [unit for what, unit in _QUANTITIES if what == found["what"]]
    unit = found["unit"] or ("%" if units == ["%"] else units[0])
    if unit not in units:
        raise _refused(f"{text!r}: {found['what']} are limited in {' or '.join(units)}")
    if found["of"] and found["what"] != "occupancy":
        raise _refused(f"{text!r}: only occupancy is of a pool; {found['what']} are those of the whole place")
    days = float(found["days"]) if found["days"] else None
    if days is not None and not _QUANTITIES[found["what"], unit].is_daily:
        raise _refused(f"{text!r}: {found['what']} are limited over all days; leave out `on {days:g}% of days`")
    if days is not None and not 0 < days <= 100:
        raise _refused(f"{text!r}: a share of days lies above 0% and up to 100%")
    if float(found["limit"]) <= 0:
        raise _refused(f"{text!r}: nothing can be under 0; give a limit above it")
    return Standard(found["what"], float(found["limit"]), unit, days, found["of"] or "")


def _refused(what: str) -> InputError:
    return InputError([Problem("--standard", what)])


def daily(standard: Standard, series: Series) -> tuple[Floats, Floats]:
    """Both parts, of each day, of what a standard limits; their ratio is in the unit of the limit."""
    compared = _QUANTITIES[standard.what, standard.unit]
    pools = f" {standard.of}" if standard.what == "occupancy" else ""
    return compared.factor * series[f"{compared.top}{pools}"], series[f"{compared.over}{pools}"]


def values(standard: Standard, runs: Sequence[Series]) -> Floats:
    """What a standard limits, in the unit of its limit: ``[run, day]``, or its mean ``[run, 1]``.

    A day (or a run) with nothing to measure, such as one without capacity, is NaN.
    """
    parts = np.array([daily(standard, series) for series in runs])
    if standard.days is None:
        parts = parts.mean(axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(parts[:, 1] > 0, parts[:, 0] / parts[:, 1], np.nan))


def level(standard: Standard, found: Floats) -> float:
    """What is reached by ``values[run, day]``: under the limit if and only if the standard is met.

    With a share of days it is the smallest number that so many of all days do not exceed; else the mean over runs.
    NaN if there is nothing to measure.
    """
    if standard.days is None or np.isnan(found).all():
        return float(found.mean())
    return float(np.nanquantile(found, standard.days / 100, method="inverted_cdf"))


def reached(standard: Standard, runs: Sequence[Series | None], seed: int = 0) -> Reached:
    """How well the runs of one capacity meet a standard; None stands for one that could not go on."""
    could = [series for series in runs if series is not None]
    found = values(standard, could) if len(could) == len(runs) else np.full((1, 1), np.nan)
    known = ~np.isnan(found)
    if not known.any(axis=1).all():
        return Reached(estimate([math.nan]), math.nan, 0, is_met=False, surely=False, perhaps=False)
    at = level(standard, found)
    if standard.days is None:
        of_runs, aim, sign = found[:, 0], standard.limit, -1.0
        met = of_runs < aim
    else:
        of_runs, aim, sign = 100 * (found < standard.limit).sum(axis=1) / known.sum(axis=1), standard.days, 1.0
        met = of_runs >= aim
    value = estimate(of_runs, seed=seed)
    most = 100.0 if standard.days is not None else math.inf
    value = replace(value, low=max(value.low, 0.0), high=min(value.high, most))  # NaN stays NaN
    ends = sorted((sign * (value.low - aim), sign * (value.high - aim)))
    is_met = at < standard.limit
    return Reached(value, at, int(met.sum()), is_met, is_met and ends[0] >= 0, is_met or ends[1] >= 0)


def as_row(found: Reached) -> dict[str, float | int | bool]:
    """How well a standard is met as columns of a table."""
    value = {"value": found.value.mean, "low": found.value.low, "high": found.value.high}
    return {**value, "level": found.level, "met_in": found.met_in, "replications": found.value.n, "met": found.is_met}
