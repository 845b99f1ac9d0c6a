"""What claims ask for beyond the table: some of its months, the highest week, the share of days within a limit.

Worked out from daily counts with the formulas of ``definitions.py``; the table itself is in ``tables.py``.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sim.measures.counting import YEAR_DAYS
from sim.measures.daily import DailyCounts
from sim.measures.definitions import MEASURES
from sim.measures.derived import Counts
from sim.measures.tables import Block, cuts, evaluate
from sim.quantities import AGES
from sim.scenario import ALL, Claim

Floats = npt.NDArray[np.float64]
Span = tuple[int, int]
"""First measured day, and the day after the last."""
Row = tuple[str, str, str, str, str, float]
"""Measure, period, group, locality, of, value."""


def claimed_rows(counts: Counts, claims: Iterable[Claim]) -> list[Row]:
    """Rows of the tidy table that claims are about and the table has not, each once.

    No row where there is nothing to measure: a part of the measured time that the run does not reach, or a measure
    that is not made from daily counts. A highest month is that of the complete months of the calendar, a highest week
    that of the complete weeks of the period, and counts are those of the month, week or day.
    """
    wanted = {
        (claim.measure, period, claim.group, claim.locality, claim.of): (claim, months, year)
        for claim in claims
        for period, months, year in _periods(claim)
        if not _is_in_table(claim) and MEASURES[claim.measure].formula is not None
    }
    return [
        (*key, value)
        for key, (claim, months, year) in wanted.items()
        if (span := _span(counts.daily, months, year)) and np.isfinite(value := _value(counts, claim, span))
    ]


def _is_in_table(claim: Claim) -> bool:
    """True if the table has its rows: the mean of all measured time, or of a year."""
    return claim.statistic == "mean" and claim.on_days is None and claim.months is None


def _periods(claim: Claim) -> list[tuple[str, Span | None, int | None]]:
    """The period of a claim and the one before, by name, with their months or year."""
    months, year = claim.months, claim.year
    here = (claim.period, months, year)
    if claim.against != "before":
        return [here]
    before = (months[0] - 12, months[1] - 12) if months else None
    return [here, (claim.period_before, before, year - 1 if year else None)]


def _span(daily: DailyCounts, months: Span | None, year: int | None) -> Span | None:
    """Days of some measured months or of a year; None if they were not measured."""
    if months is not None:
        start = daily.dates()[0]
        first, last = ((_month_later(start, month) - start).days for month in (months[0] - 1, months[1]))
    else:
        first, last = ((year - 1) * YEAR_DAYS, year * YEAR_DAYS) if year else (0, daily.days)
    return (first, last) if 0 <= first < last <= daily.days else None


def _month_later(start: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(start.month - 1 + months, 12)
    year += start.year
    return start.replace(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def _value(counts: Counts, claim: Claim, span: Span) -> float:
    """The number a claim is about over a span of days; NaN if there is nothing to measure."""
    if claim.on_days is not None:
        return _share_of_days(_levels(counts, claim, _days(span)), claim)
    if claim.statistic == "mean":
        return float(_levels(counts, claim, [span], per_year=True)[0])
    end, _, kind = claim.statistic.partition("_")
    pieces = {"month": _months(counts.daily, span), "week": _weeks(span), "day": _days(span)}[kind]
    levels = _levels(counts, claim, pieces) if pieces else np.array([])
    known = levels[np.isfinite(levels)]
    return float(known.max() if end == "highest" else known.min()) if known.size else np.nan


def _share_of_days(levels: Floats, claim: Claim) -> float:
    known = levels[np.isfinite(levels)]
    if not known.size:
        return np.nan
    within = known <= claim.at_most if claim.at_most is not None else known >= (claim.at_least or 0)
    return float(within.mean())


def _days(span: Span) -> list[Span]:
    return [(day, day + 1) for day in range(*span)]


def _weeks(span: Span) -> list[Span]:
    return [(day, day + 7) for day in range(span[0], span[1] - 6, 7)]


def _months(daily: DailyCounts, span: Span) -> list[Span]:
    """The complete months of the calendar within a span."""
    return [month for month in daily.months().values() if span[0] <= month[0] and month[1] <= span[1]]


def _levels(counts: Counts, claim: Claim, spans: list[Span], per_year: bool = False) -> Floats:
    """The measure of a claim, of its part, group and locality, over each span."""
    formula = MEASURES[claim.measure].formula
    assert formula is not None
    bounds = np.array(spans, dtype=np.int64)
    years = (bounds[:, 1] - bounds[:, 0]) / YEAR_DAYS if per_year else np.ones(len(bounds))
    named = cuts(AGES, (claim.group,)), cuts(counts.daily.names.localities)
    group, locality = (
        {each: of[each] for each in (ALL, own)} for own, of in zip((claim.group, claim.locality), named, strict=True)
    )
    block = Block(tuple(map(str, spans)), bounds[:, 0], bounds[:, 1], group, locality, years)
    parts, values = evaluate(formula, counts, block)
    found: Floats = values[parts.index(claim.of), -1, -1] if claim.of in parts else np.full(len(spans), np.nan)
    return found
