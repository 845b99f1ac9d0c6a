"""Claims beside what the model finds: as claimed, as modelled with its interval, and in how many replications it holds.

Every replication has its own luck, and its own draw of the uncertain numbers if the run drew them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy  # which loads its statistics, slow to load, only when they are first asked for

from sim.experiments.tested import Levels, asked, claimed_in_words, levels, on_screen, unit
from sim.measures.definitions import MEASURES
from sim.results import BASELINE, CONFIDENCE, Interval, interval, ratio_of_means, shown
from sim.scenario import Claim, Scenario

Floats = npt.NDArray[np.float64]

NOT_INCLUDED = (
    "Every replication has its own luck but the same numbers in it: how unsure the numbers themselves are is not yet "
    "included (add --uncertain)."
)
"""What has to be said beside every verdict, unless uncertain numbers were drawn."""

COLUMNS = (
    "text", "source", "measure", "title", "of", "group", "locality", "period", "against", "kind",
    "claimed_value", "claimed", "modelled_value", "modelled_low", "modelled_high", "modelled", "baseline", "plan",
    "holds_in", "replications", "verdict", "naive", "uncertain",
)  # fmt: skip
"""Columns of the table of claims. ``kind`` is change_per_cent, change, at_most, at_least or on_days; ``claimed`` and
``modelled`` are for the screen; ``baseline`` (without the plan, or the year before with it) and ``plan`` are mean
levels; ``naive`` is what a before-and-after figure would show. The modelled value is the mean over replications with
its 95% interval; where uncertain numbers were drawn (``uncertain``) every replication is a future, and it is the
middle one with the range of 95% of them."""


def claims_table(scenario: Scenario, measures: pd.DataFrame, uncertain: bool = False) -> pd.DataFrame:
    """Each claim of a scenario as claimed and as modelled, in columns COLUMNS.

    ``measures`` are those of both arms by replication (see ``Results``). Changes are paired: each replication with the
    plan is set against the same replication without it. ``uncertain`` says that each replication drew its numbers.
    """
    naive = naive_figure(scenario, measures)
    rows = [_row(claim, measures, naive, uncertain) for claim in scenario.claims]
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _row(claim: Claim, measures: pd.DataFrame, naive: str, uncertain: bool) -> dict[str, object]:
    said, level = asked(claim), levels(claim, measures)
    values = level.values(said.kind)
    known = values[np.isfinite(values)]
    found = _futures(known) if uncertain else _estimate(said.kind, level, values)
    holds = int(said.holds(known).sum())
    return {
        "text": claim.text,
        "source": claim.source,
        "measure": claim.measure,
        "title": MEASURES[claim.measure].title,
        "of": claim.of,
        "group": claim.group,
        "locality": claim.locality,
        "period": claim.period,
        "against": claim.against,
        "kind": said.kind,
        "claimed_value": said.value,
        "claimed": claimed_in_words(claim),
        "modelled_value": found.mean,
        "modelled_low": found.low,
        "modelled_high": found.high,
        "modelled": _modelled(claim, said.kind, found, digits(uncertain)),
        "baseline": _mean(level.baseline),
        "plan": _mean(level.plan),
        "holds_in": holds,
        "replications": len(known),
        "verdict": verdict_of_futures(holds, len(known))
        if uncertain
        else verdict(holds, len(known), found, said.value),
        "naive": naive if claim.measure in ADMISSIONS else "",
        "uncertain": uncertain,
    }


def _estimate(kind: str, level: Levels, values: Floats) -> Interval:
    """Mean over replications with its 95% interval; for a change in per cent the ratio of the means (jackknife)."""
    if kind != "change_per_cent":
        return interval(values)
    ratio, half = ratio_of_means(level.baseline[None, :], level.plan[None, :])
    mean, width = 100 * (float(ratio[0]) - 1), 100 * float(half[0])
    return Interval(mean, mean - width, mean + width, len(values[np.isfinite(values)]))


def _futures(known: Floats) -> Interval:
    """The middle future, and the range of 95% of them: a few in which services fail would move a mean."""
    if not len(known):
        return Interval(math.nan, math.nan, math.nan, 0)
    low, middle, high = np.quantile(known, [0.025, 0.5, 0.975]).tolist()
    return Interval(middle, low, high, len(known)) if len(known) > 1 else Interval(middle, math.nan, math.nan, 1)


def share_of_futures(holds: int, futures: int) -> tuple[float, float]:
    """Ends of the 95% interval of the share of futures in which a claim holds (Wilson)."""
    found = scipy.stats.binomtest(holds, futures).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan


# -- in words ------------------------------------------------------------------------------------------------------


def included(made: Mapping[str, Any]) -> str:
    """What has to be said beside every verdict of a run with this provenance."""
    drawn = made.get("uncertain")
    if not drawn:
        return NOT_INCLUDED
    said = (
        f"Every replication has its own luck and its own draw of the {drawn['numbers']} numbers that have a range, the "
        "same with the plan and without: how unsure these numbers are is included. Numbers without a range, and what "
        "planners choose, were held fixed."
    )
    if drawn["drawn_again"]:
        said += f" {drawn['drawn_again']} draws contradicted themselves and were drawn again."
    return said


def claims_in_words(claims: pd.DataFrame, said: str = NOT_INCLUDED) -> list[str]:
    """The table of claims as lines to print, what misleads among them, and what has to be said (see ``included``)."""
    lines = []
    for number, row in enumerate(claims.to_dict("records"), 1):
        year = "" if row["period"] == "all" else f" in {row['period']}"
        futures = " (the middle future, and 95% of them)" if row["uncertain"] else ""
        lines += [f"{number}. {row['text']}"]
        lines += [f"   claimed: {row['claimed']}{year}; modelled: {row['modelled']}{futures}"]
        lines.append(f"   {row['verdict']}")
    misleading = [text for text in dict.fromkeys(claims["naive"]) if text] if lines else []
    return [*lines, *misleading, said] if lines else []


def verdict(holds: int, replications: int, found: Interval, claimed: float) -> str:
    """Whether a claim holds, in words: ``holds in 0 of 8 replications``, or that one cannot tell."""
    if not replications:
        return "cannot be judged: there was nothing to measure"
    counted = f"holds in {holds} of {replications} replication" + "s" * (replications != 1)
    if not math.isfinite(found.low):
        return f"cannot tell from so few replications: {counted}"
    if found.low <= claimed <= found.high and found.low < found.high:
        return f"cannot tell: the interval includes what is claimed; {counted}"
    return counted


def verdict_of_futures(holds: int, futures: int) -> str:
    """In how many futures a claim holds, in words: ``holds in 4 of 100 futures (2 to 10% of all)``."""
    if not futures:
        return "cannot be judged: there was nothing to measure"
    low, high = share_of_futures(holds, futures)
    unclear = "cannot tell whether it holds in most: " if low <= 0.5 <= high else ""
    return f"{unclear}holds in {holds} of {futures} futures ({100 * low:.0f} to {100 * high:.0f}% of all)"


def digits(uncertain: bool) -> int:
    """Digits shown of half a width: two of a range of futures, one of an interval, which is itself uncertain."""
    return 2 if uncertain else 1


def _modelled(claim: Claim, kind: str, found: Interval, significant: int) -> str:
    ends = (on_screen(claim, kind, end) for end in found[:3])
    return f"{shown(*ends, significant=significant)} {unit(claim, kind)}" if math.isfinite(found.mean) else "no value"


# -- the figure that misleads --------------------------------------------------------------------------------------

ADMISSIONS = frozenset(
    {"emergency_admissions", "emergency_admissions_per_1000", "ambulatory_care_sensitive_admissions"}
)


def naive_figure(scenario: Scenario, measures: pd.DataFrame) -> str:
    """What counting the same people before and after would show without any plan.

    Empty where no programme picks people at high risk, or fewer than two years were measured.
    """
    if all(each.who.top_risk_per_cent >= 100 for each in scenario.interventions if each.enrols):
        return ""
    everybody = (measures["group"] == "all") & (measures["locality"] == "all") & (measures["period"] == "all")
    rows = measures[everybody & (measures["measure"] == "two_or_more_share") & (measures["arm"] == BASELINE)]
    share = rows.groupby("of")["value"].mean()
    if "year 1" not in share or not share["year 0"] > 0:
        return ""
    fall = 100 * (1 - share["year 1"] / share["year 0"])
    return (
        f"Counted before and after, emergency admissions of people 65+ who had two or more in a year fall by {fall:.0f}"
        "% the next year without any plan; a programme that picks such people would be credited with it."
    )
