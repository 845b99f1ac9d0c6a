"""Claims beside what the model finds: as claimed, as modelled with its interval, and in how many replications it holds.

Every replication has its own luck, and its own draw of the uncertain numbers if the run drew them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from sim.measures import MEASURES, Measure
from sim.results import BASELINE, CONFIDENCE, PLAN, Interval, Results, interval, paired, shown
from sim.scenario import Claim, Scenario

Floats = npt.NDArray[np.float64]

NOT_INCLUDED = (
    "Every replication has its own luck but the same numbers in it: how unsure the numbers themselves are is not yet "
    "included (add --uncertain)."
)
"""What has to be said beside every verdict, unless uncertain numbers were drawn."""

COLUMNS = (
    "text", "source", "measure", "title", "of", "group", "period", "kind", "claimed_value", "claimed",
    "modelled_value", "modelled_low", "modelled_high", "modelled", "baseline", "plan", "holds_in", "replications",
    "verdict", "naive", "uncertain",
)  # fmt: skip
"""Columns of the table of claims. ``kind`` is change_per_cent, change, at_most or at_least; ``claimed`` and
``modelled`` are for the screen; ``baseline`` and ``plan`` are mean levels; ``naive`` is what a before-and-after figure
would show. The modelled value is the mean over replications with its 95% interval; where uncertain numbers were drawn
(``uncertain``) every replication is a future, and it is the middle one with the range of 95% of them."""


@dataclass(frozen=True)
class _Asked:
    """What a claim says about its measure."""

    kind: str
    value: float
    holds: Callable[[Floats], npt.NDArray[np.bool_]]
    """By modelled value: the claim holds."""


def claims_table(scenario: Scenario, measures: pd.DataFrame, uncertain: bool = False) -> pd.DataFrame:
    """Each claim of a scenario as claimed and as modelled, in columns COLUMNS.

    ``measures`` are those of both arms by replication (see ``Results``). Changes are paired: each replication with the
    plan is set against the same replication without it. ``uncertain`` says that each replication drew its numbers.
    """
    naive = _naive(scenario, measures)
    rows = [_row(claim, asked, measures, naive, uncertain) for claim in scenario.claims for asked in _asked(claim)]
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _asked(claim: Claim) -> list[_Asked]:
    """The statements a claim makes; a change is claimed in its direction, and more of it is as good."""
    stated = []
    for kind, value in (("change_per_cent", claim.change_per_cent), ("change", claim.change)):
        if value is not None:
            rising = value > 0 or (value == 0 and MEASURES[claim.measure].lower_is_better is False)
            stated.append(_limit(kind, value, at_most=not rising))
    if claim.at_most is not None:
        stated.append(_limit("at_most", claim.at_most, at_most=True))
    if claim.at_least is not None:
        stated.append(_limit("at_least", claim.at_least, at_most=False))
    return stated


def _limit(kind: str, value: float, *, at_most: bool) -> _Asked:
    return _Asked(kind, value, (lambda found: found <= value) if at_most else (lambda found: found >= value))


def _row(claim: Claim, asked: _Asked, measures: pd.DataFrame, naive: str, uncertain: bool) -> dict[str, object]:
    measure, period = MEASURES[claim.measure], "all" if claim.year is None else f"year {claim.year}"
    rows = measures[
        (measures["measure"] == claim.measure)
        & (measures["of"] == claim.of)
        & (measures["group"] == claim.group)
        & (measures["locality"] == "all")
        & (measures["period"] == period)
    ]
    level = rows.pivot_table(index="replication", columns="arm", values="value", dropna=False)
    baseline, plan = (
        level[arm].to_numpy() if arm in level else np.full(len(level), np.nan) for arm in (BASELINE, PLAN)
    )
    if PLAN not in set(measures["arm"]):
        plan = baseline
    values = _values(asked.kind, baseline, plan)
    known = values[np.isfinite(values)]
    found = _futures(known) if uncertain else _estimate(asked.kind, rows, values)
    holds = int(asked.holds(known).sum())
    return {
        "text": claim.text,
        "source": claim.source,
        "measure": claim.measure,
        "title": measure.title,
        "of": claim.of,
        "group": claim.group,
        "period": period,
        "kind": asked.kind,
        "claimed_value": asked.value,
        "claimed": _claimed(asked, measure),
        "modelled_value": found.mean,
        "modelled_low": found.low,
        "modelled_high": found.high,
        "modelled": _modelled(asked.kind, found, measure, digits(uncertain)),
        "baseline": _mean(baseline),
        "plan": _mean(plan),
        "holds_in": holds,
        "replications": len(known),
        "verdict": verdict_of_futures(holds, len(known))
        if uncertain
        else verdict(holds, len(known), found, asked.value),
        "naive": naive if claim.measure in _ADMISSIONS else "",
        "uncertain": uncertain,
    }


def _values(kind: str, baseline: Floats, plan: Floats) -> Floats:
    """What a claim of this kind is about, by replication."""
    if kind == "change":
        return plan - baseline
    if kind == "change_per_cent":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(baseline != 0, 100 * (plan / baseline - 1), np.nan)
    return plan


def _estimate(kind: str, rows: pd.DataFrame, values: Floats) -> Interval:
    """Mean over replications with its 95% interval; for a change in per cent the ratio of the means (jackknife)."""
    if kind != "change_per_cent" or PLAN not in set(rows["arm"]):
        return interval(values)
    found = paired(Results(rows, pd.DataFrame(), {})).iloc[0]
    name = "change_per_cent"
    return Interval(float(found[name]), float(found[f"{name}_low"]), float(found[f"{name}_high"]), int(found["n"]))


def _futures(known: Floats) -> Interval:
    """The middle future, and the range of 95% of them: a few in which services fail would move a mean."""
    if not len(known):
        return Interval(math.nan, math.nan, math.nan, 0)
    low, middle, high = np.quantile(known, [0.025, 0.5, 0.975]).tolist()
    return Interval(middle, low, high, len(known)) if len(known) > 1 else Interval(middle, math.nan, math.nan, 1)


def share_of_futures(holds: int, futures: int) -> tuple[float, float]:
    """Ends of the 95% interval of the share of futures in which a claim holds (Wilson)."""
    found = stats.binomtest(holds, futures).proportion_ci(CONFIDENCE, method="wilson")
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


def _claimed(asked: _Asked, measure: Measure) -> str:
    number = f"{_on_screen(asked.kind, asked.value, measure):,.4g}"
    words = {"at_most": "at most ", "at_least": "at least "}.get(asked.kind, "+" if asked.value > 0 else "")
    return f"{words}{number} {_unit(asked.kind, measure)}"


def digits(uncertain: bool) -> int:
    """Digits shown of half a width: two of a range of futures, one of an interval, which is itself uncertain."""
    return 2 if uncertain else 1


def _modelled(kind: str, found: Interval, measure: Measure, significant: int) -> str:
    ends = (_on_screen(kind, end, measure) for end in found[:3])
    return (
        f"{shown(*ends, significant=significant)} {_unit(kind, measure)}" if math.isfinite(found.mean) else "no value"
    )


def _on_screen(kind: str, value: float, measure: Measure) -> float:
    """Proportions are shown in per cent."""
    return 100 * value if measure.kind == "share" and kind != "change_per_cent" else value


def _unit(kind: str, measure: Measure) -> str:
    if kind == "change_per_cent":
        return "per cent"
    if measure.kind != "share":
        return measure.unit
    return "percentage points" if kind == "change" else measure.unit.replace("share", "per cent", 1)


# -- the figure that misleads --------------------------------------------------------------------------------------

_ADMISSIONS = frozenset(
    {"emergency_admissions", "emergency_admissions_per_1000", "ambulatory_care_sensitive_admissions"}
)


def _naive(scenario: Scenario, measures: pd.DataFrame) -> str:
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
