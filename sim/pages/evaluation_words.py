"""What a virtual evaluation found, in plain words and in tables to print.

The numbers come from ``experiments/evaluate.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim.experiments.evaluate import Avoided, Evaluation
from sim.experiments.studies import METHODS, NO_EFFECT, STATED
from sim.results import shown

Row = Mapping[Any, Any]

TITLES = {STATED: "The programme as stated", NO_EFFECT: "A programme of no effect"}
"""The programmes studied, as they are called on screen."""
ENOUGH_POWER = 0.8
"""Share of studies that should find an effect that is there."""
NOTHING = 0.005
"""True changes up to this share are not worth a trial."""
SHOWS = {
    "before_after": "before and after of the people enrolled",
    "everybody_before_after": "before and after of everybody of these ages",
}
"""Figures without controls, as they are called in a sentence."""
PLACE = "Whole place against another like it"
"""Title of the method that is luck between two places alone."""
LIMITS = (
    "Studied are the people enrolled on the first day, followed whether or not they stay enrolled; matched are those "
    "of half of the practices with people of the other half, where nobody has the programme. Power is that of a study "
    "of so many people: at a scale below 1 studies are smaller, and controls less alike, than they would be. Intervals "
    "allow for people admitted again and again, and for practices where those are compared. Real places also differ in "
    "trends, coding and who volunteers, which is not simulated: real comparisons of places are worse than these."
)


def in_words(found: Evaluation, claimed: Avoided | None = None) -> list[str]:
    """The answer in sentences, the most important first."""
    first, last = (int(each) for each in (found.summary["months"].min(), found.summary["months"].max()))
    none = {months: _by_method(found.summary, NO_EFFECT, months) for months in (first, last)}
    stated = {months: _by_method(found.summary, STATED, months) for months in (first, last)}
    said = [_selection(none[first], first), _controls(none[first], first)]
    if stated[last]:
        said.append(_truth(found.programme, stated, first, last))
        if abs(stated[last]["trial"]["truth"] - 1) > NOTHING:
            said.append(_power(found.summary, last))
    said += _falls(found.falls)
    said += _avoided(found.avoided, claimed) if claimed else []
    return [each for each in said if each]


def _by_method(summary: pd.DataFrame, programme: str, months: int) -> dict[str, Row]:
    return _by(summary[(summary["programme"] == programme) & (summary["months"] == months)])


def _selection(none: dict[str, Row], months: int) -> str:
    row = none["before_after"]
    if not row["studies"]:
        return "A before-and-after study of the people enrolled cannot be made: too few of them were admitted."
    fell = row["median"] < 1
    why = "people are picked when they have just been ill" if fell else "who is enrolled has survived the year before"
    return (
        f"A before-and-after study would have reported {_change(row['median'])} in {months} months for a programme "
        f"that does nothing (95% of studies: {_range(row)}): {why}."
    )


def _controls(none: dict[str, Row], months: int) -> str:
    parts = []
    for name, title in (("matched", "matched controls"), ("trial", "a randomised trial")):
        row = none[name]
        if row["studies"]:
            parts.append(
                f"{title} {_change(row['median'])} ({_range(row)}), and would have called it an effect in {_times(row)}"
            )
    return f"For the same programme in {months} months, {'; '.join(parts)}." if parts else ""


def _truth(programme: str, stated: dict[int, dict[str, Row]], first: int, last: int) -> str:
    after = [f"{_change(stated[each]['trial']['truth'], 1)} in {each} months" for each in dict.fromkeys((first, last))]
    return (
        f"With the effect its file states, {programme} truly makes {' and '.join(after)} among those enrolled: the "
        "same people, with it and without."
    )


def _power(summary: pd.DataFrame, last: int) -> str:
    rows = summary[(summary["programme"] == STATED) & (summary["method"] == "trial")].to_dict("records")
    row = next((each for each in rows if each["finds_effect"] >= ENOUGH_POWER), None)
    if row is not None:
        of = f"{row['people']:,.0f} people"
        return f"A randomised trial of {of} would find it after {row['months']} months in {_times(row)}."
    found = next((each for each in reversed(rows) if each["studies"]), None)
    if found is None:
        return ""
    return (
        f"A randomised trial of {found['people']:,.0f} people would find it in {_times(found)} even after {last} "
        "months: so few people cannot tell."
    )


def _falls(falls: pd.DataFrame) -> list[str]:
    if falls.empty:
        return []
    said = []
    none = falls[falls["programme"] == NO_EFFECT]
    for (fall, months), rows in none.groupby(["fall", "months"], sort=False):
        by = _by(rows)
        parts = [f"{words} in {_share(by[name])}" for name, words in SHOWS.items() if name in by]
        beside = max((100 * by[name]["beside_no_effect"] for name in SHOWS if name in by), default=0.0)
        said.append(
            f"A fall of {fall:g}% or more in {months} months, where there is no effect, would be reported by "
            f"{', by '.join(parts)} of studies. In up to {beside:.0f}% of replications such a figure shows it while "
            "matched controls of the same people show no effect."
        )
    return said


def _avoided(avoided: pd.DataFrame, claimed: Avoided) -> list[str]:
    by = _by(avoided)
    place = by["place"]
    said = f"Claimed: {claimed.admissions:,.0f} admissions avoided of {claimed.of:,.0f}."
    if "before_after" in by:
        row = by["before_after"]
        said += (
            f" Counted before and after, a programme of no effect avoids {_number(row)} among the people enrolled, at "
            f"least as many as claimed in {_share(row)} of studies."
        )
    return [
        f"{said} Luck alone between two places alike moves the number from {place['low']:,.0f} to {place['high']:,.0f} "
        f"(95%); the chance of at least {claimed.admissions:,.0f} is {_chance(place)}."
    ]


def _by(rows: pd.DataFrame) -> dict[str, Row]:
    """Rows by method."""
    return {str(row["method"]): row for row in rows.to_dict("records")}


def _number(row: Row) -> str:
    return shown(row["median"], row["low"], row["high"], significant=2)


def _chance(row: Row) -> str:
    ends = [row["share"], row["share_low"], row["share_high"]]
    said = [_small(each) for each in ends if math.isfinite(each)]
    if len(set(said)) == 1:
        return said[0]
    return f"{said[0]} ({' to '.join(said[1:])})" if len(said) == 3 else said[0]


def _small(chance: float) -> str:
    """A chance in per cent, with one digit where it is below 1."""
    if chance < 0.0005:
        return "under 0.1%"
    return f"{100 * chance:.0f}%" if chance >= 0.01 else f"{100 * chance:.1f}%"


# -- pieces ---------------------------------------------------------------------------------------------------------


def _change(ratio: float, digits: int = 0) -> str:
    """A ratio of rates as "a fall of 22%"."""
    change = round(100 * (ratio - 1), digits)
    return "no change" if change == 0 else f"a {'rise' if change > 0 else 'fall'} of {abs(change):.{digits}f}%"


def _range(row: Row) -> str:
    low, high = (round(100 * (row[end] - 1)) for end in ("low", "high"))
    return f"{low:+d} to {high:+d}%"


def _times(row: Row) -> str:
    return f"{round(row['finds_effect'] * row['studies'])} of {row['studies']} studies"


def _share(row: Row) -> str:
    """A share with its interval, in per cent."""
    low, high = (row.get(f"share_{end}", row.get(end)) for end in ("low", "high"))
    return f"{100 * row['share']:.0f}% ({100 * low:.0f} to {100 * high:.0f})"


# -- tables ---------------------------------------------------------------------------------------------------------

HEADS = ("method", "would report", "truth", "bias, per cent", "finds an effect")


def table_in_words(summary: pd.DataFrame, programme: str, months: int) -> pd.DataFrame:
    """What each method would report after so many months, a row each: changes in per cent, columns HEADS."""
    rows = [_in_words(name, row) for name, row in _by_method(summary, programme, months).items()]
    return pd.DataFrame(rows, columns=list(HEADS))


def _in_words(name: str, row: Row) -> tuple[str, ...]:
    title = METHODS[name].title
    if not row["studies"]:
        return title, "cannot tell", "", "", ""
    ends = (100 * (row[each] - 1) for each in ("median", "low", "high"))
    finds = f"{100 * row['finds_effect']:.0f}% ({100 * row['finds_low']:.0f} to {100 * row['finds_high']:.0f})"
    truth = f"{round(100 * (row['truth'] - 1), 1) + 0.0:.1f}"
    bias = shown(*(100 * row[each] for each in ("bias", "bias_low", "bias_high")))
    return title, shown(*ends, significant=2), truth, bias, finds


def falls_in_words(falls: pd.DataFrame) -> pd.DataFrame:
    """How often each method would report the claimed falls, a row each, by programme.

    The last column is the share of replications in which matched controls of a programme of no effect show none.
    """
    rows = []
    if falls.empty:
        return falls
    for (fall, months, method), both in falls.groupby(["fall", "months", "method"], sort=False):
        by = {row["programme"]: row for row in both.to_dict("records")}
        shares = [_share(by[programme]) if programme in by else "" for programme in (STATED, NO_EFFECT)]
        beside = f"{100 * by[NO_EFFECT]['beside_no_effect']:.0f}%"
        rows.append((f"{fall:g}% in {months} months", METHODS[str(method)].title, *shares, beside))
    return pd.DataFrame(rows, columns=["fall", "method", STATED, NO_EFFECT, "while matched show none"])


def avoided_in_words(avoided: pd.DataFrame) -> pd.DataFrame:
    """What a programme of no effect seems to avoid by each method, a row each."""
    rows = [
        (
            METHODS[row["method"]].title if row["method"] in METHODS else PLACE,
            _number(row),
            _share(row) if row["method"] in METHODS else _chance(row),
        )
        for row in avoided.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["method", "avoided", "at least as many as claimed"])
