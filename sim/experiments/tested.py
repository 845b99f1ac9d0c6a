"""A claim put to the test: its level without the plan and with it, the value it is about, and whether it holds.

What is said of it is in ``claims.py``, for the futures of ``ask.py`` too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.measures.definitions import MEASURES
from sim.measures.measure import Measure
from sim.results import BASELINE, PLAN
from sim.scenario import Claim

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """What a claim says about its measure."""

    kind: str
    """change_per_cent, change, at_most, at_least or on_days."""
    value: float
    """What is claimed, in the unit of the kind."""
    is_upper_limit: bool
    """True if less than that is as good."""

    def holds(self, found: Floats) -> Bools:
        """By modelled value: the claim holds."""
        held: Bools = found <= self.value if self.is_upper_limit else found >= self.value
        return held

    def margin(self, found: Floats) -> Floats:
        """By modelled value: how much better than claimed; negative where the claim fails."""
        return self.value - found if self.is_upper_limit else found - self.value


@dataclass(frozen=True)
class Levels:
    """Levels of a claim's measure, in the period it is about, by replication; NaN where there is nothing to measure."""

    replications: npt.NDArray[np.int64]
    baseline: Floats
    """Of what it is set against: the same time without the plan, or the same days a year before with it."""
    plan: Floats
    """With the plan; without it where there is none."""

    def values(self, kind: str) -> Floats:
        """What a claim of this kind is about, by replication."""
        if kind == "change":
            return self.plan - self.baseline
        if kind == "change_per_cent":
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(self.baseline != 0, 100 * (self.plan / self.baseline - 1), np.nan)
        return self.plan


def asked(claim: Claim) -> Asked:
    """What a claim states; a change is claimed in its direction, and more of it is as good."""
    if claim.on_days is not None:
        return Asked("on_days", claim.on_days, is_upper_limit=False)
    for kind, value in (("change_per_cent", claim.change_per_cent), ("change", claim.change)):
        if value is not None:
            rising = value > 0 or (value == 0 and MEASURES[claim.measure].lower_is_better is False)
            return Asked(kind, value, is_upper_limit=not rising)
    if claim.at_most is not None:
        return Asked("at_most", claim.at_most, is_upper_limit=True)
    assert claim.at_least is not None, "a claim states one of the four"
    return Asked("at_least", claim.at_least, is_upper_limit=False)


def periods_of(claim: Claim) -> tuple[str, ...]:
    """The periods a claim is about, the year before included if it is set against it."""
    return (claim.period, claim.period_before) if claim.against == "before" else (claim.period,)


def about(claim: Claim, measures: pd.DataFrame) -> pd.DataFrame:
    """The rows of the tidy table a claim is about, those of the year before included if it is set against it."""
    return measures[
        (measures["measure"] == claim.measure)
        & (measures["of"] == claim.of)
        & (measures["group"] == claim.group)
        & (measures["locality"] == claim.locality)
        & measures["period"].isin(periods_of(claim))
    ]


def levels(claim: Claim, measures: pd.DataFrame) -> Levels:
    """The levels of a claim's measure, both arms paired, from a tidy table of several replications."""
    rows = about(claim, measures)
    found = rows.pivot_table(index="replication", columns=["arm", "period"], values="value", dropna=False)
    arm = PLAN if (measures["arm"] == PLAN).any() else BASELINE
    other = (arm, claim.period_before) if claim.against == "before" else (BASELINE, claim.period)
    nothing = np.full(len(found), np.nan)
    baseline, plan = (
        found[key].to_numpy(dtype=float) if key in found else nothing for key in (other, (arm, claim.period))
    )
    return Levels(found.index.to_numpy(dtype=np.int64), baseline, plan)


# -- units ---------------------------------------------------------------------------------------------------------


def on_screen(claim: Claim, kind: str, value: float) -> float:
    """A value of this kind as it is shown: proportions in per cent."""
    is_share = MEASURES[claim.measure].kind == "share" or kind == "on_days"
    return 100 * value if is_share and kind != "change_per_cent" else value


def unit(claim: Claim, kind: str) -> str:
    """The unit of a value of this kind on screen."""
    if kind == "on_days":
        return "per cent of days"
    if kind == "change_per_cent":
        return "per cent"
    measure = MEASURES[claim.measure]
    if measure.kind == "share":
        return "percentage points" if kind == "change" else measure.unit.replace("share", "per cent", 1)
    return unit_of_level(claim, measure)


def unit_of_level(claim: Claim, measure: Measure) -> str:
    """The unit of a level on screen: a count of a month, week or day is not one of a year."""
    if claim.statistic != "mean":
        return measure.unit.replace(" a year", f" in the {claim.statistic.partition('_')[2]}")
    return measure.unit.replace(" a year", " in a day") if claim.on_days is not None else measure.unit


def claimed_in_words(claim: Claim) -> str:
    """What is claimed, short: ``-30 per cent``, ``at most 92 per cent on at least 95 per cent of days``."""
    said = asked(claim)
    if said.kind == "on_days":
        kind, limit = ("at_most", claim.at_most) if claim.at_most is not None else ("at_least", claim.at_least)
        level = _limit(claim, kind, float(limit or 0.0))
        return f"{level} on at least {on_screen(claim, 'on_days', said.value):,.4g} {unit(claim, 'on_days')}"
    return _limit(claim, said.kind, said.value)


def _limit(claim: Claim, kind: str, value: float) -> str:
    words = {"at_most": "at most ", "at_least": "at least "}.get(kind, "+" if value > 0 else "")
    number = on_screen(claim, kind, value)
    return f"{words}{f'{number:,.0f}' if abs(number) >= 1e4 else f'{number:,.4g}'} {unit(claim, kind)}"
