"""How answers look on a terminal: sentences that are not broken in mid-word, numbers as a reader would write them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any

import pandas as pd

from sim.files.provenance import Given
from sim.measures.definitions import MEASURES
from sim.results import shown

WIDTH = 100
"""Characters of a line."""


def wrapped(lines: Iterable[str]) -> str:
    """Lines of at most WIDTH characters; what is carried over is indented as its line was."""
    return "\n".join(
        fill(
            line,
            WIDTH,
            subsequent_indent=" " * (len(line) - len(line.lstrip())),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    )


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """The table of a comparison in words: measure and unit, result, level, and difference with its interval."""
    return pd.DataFrame([_compared(row) for row in table.to_dict("records")])


def _compared(row: Mapping[Any, Any]) -> dict[str, str]:
    measure = MEASURES[str(row["measure"])]
    factor = 100 if measure.kind == "share" else 1
    unit = measure.unit.replace("share", "per cent", 1) if measure.kind == "share" else measure.unit
    value, difference, low, high = (factor * float(row[name]) for name in ("value", "difference", "low", "high"))
    if math.isnan(difference):  # the result that the others are set against
        said = {"difference": "", "more than luck": ""}
    else:
        known = math.isfinite(low) and math.isfinite(high)
        clear = "yes" if known and not low <= 0 <= high else "no" if known else "cannot tell"
        said = {"difference": shown(difference, low, high), "more than luck": clear}
    return {
        "measure": f"{measure.title}, {unit}",
        "result": str(row["result"]),
        "value": f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}",
        **said,
    }


def gained(table: pd.DataFrame) -> pd.DataFrame:
    """The table of what sharing luck gains (see ``experiments/luck.py``) in words."""
    changes = [shown(*found) for found in table[["difference", "low", "high"]].itertuples(index=False)]
    times = [_times(*found) for found in table[["times_smaller", "times_low", "times_high"]].itertuples(index=False)]
    columns = {
        "change": table["change"],
        "measure": table["title"],
        "per cent": changes,
        "variance, times smaller": times,
        "replications": [f"{number:,}" for number in table["shared"]],
        "with other seeds": [f"{number:,}" for number in table["unshared"]],
    }
    return pd.DataFrame(columns)


def luck_in_words(table: pd.DataFrame, wanted: float) -> list[str]:
    """What the columns mean, and which measures of the first change fall short of a variance so many times smaller."""
    first = str(table["change"].iloc[0])
    short = table[(table["change"] == first) & (table["times_smaller"] < wanted)]
    missed = [
        f"{title}, {_times(*found)} times"
        for title, *found in short[["title", "times_smaller", "times_low", "times_high"]].itertuples(index=False)
    ]
    verdict = f"Missed: {'; '.join(missed)}." if missed else "Met for every measure."
    larger, may_be = (int((table[name] < 1).sum()) for name in ("times_smaller", "times_low"))
    unsure = f" Unsure in {may_be}, whose interval reaches below 1." if may_be > larger else ""
    met = f"Missed in {larger} of {len(table)} rows." if larger else f"Met in all {len(table)} rows."
    return [
        "Replications: those that show the change to within 1% of the level without it. Intervals are 95%.",
        f"Aimed at for “{first}”: {wanted:g} times smaller. {verdict}",
        f"Aimed at for every change: not larger. {met}{unsure}",
    ]


def _times(value: float, low: float, high: float) -> str:
    """How many times smaller a variance is; the ends are far apart, so each is rounded for itself."""
    if not math.isfinite(value):
        return "never varies"
    ends = f"{_two_digits(low)} to {_two_digits(high)}" if math.isfinite(low) else "no interval"
    return f"{_two_digits(value)} ({ends})"


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.12g}"


def assumed(numbers: Iterable[Given]) -> list[str]:
    """Each number that is somebody's judgement, a line each: its path, value, range, and what is said of it."""
    return [_assumed(each) for each in numbers if each.is_assumption]


def _assumed(number: Given) -> str:
    values = number.value if isinstance(number.value, tuple) else (number.value,)
    span = f" ({number.low:g} to {number.high:g})" if number.low is not None and number.high is not None else ""
    origin = "; ".join(part for part in (number.source, number.note) if part) or "no word on where it comes from"
    return f"  {number.path}: {', '.join(f'{value:g}' for value in values)}{span}. {origin}"
