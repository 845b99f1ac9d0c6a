"""The baseline of the reference place set beside what is published: the table of targets.

Reading the targets is ``files/targets.py``; what a measure counts is in ``measures/definitions.py``.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import ValidationError

from sim.errors import InputError, Problem
from sim.expected.net_rates import URGENT
from sim.experiments.runner import arms_of, replications
from sim.experiments.spread import HERE, Spread
from sim.files.targets import Target, targets
from sim.interventions import Intervention, NeedStep, Ramp
from sim.results import BASELINE, PLAN, interval
from sim.scenario import RunSettings, Scenario
from sim.system import Place

MORE_LOAD = 1.02
"""Relative rate of urgent needs in the run that shows the response to load."""
FROM_SEVERAL = {"delay_response_to_load": "delay_days", "drift_of_admissions": "emergency_admissions_per_1000"}
"""Targets that are worked out from several values of a measure, with that measure."""
USES = {"input_read_back": "input read back", "fitted": "fitted", "not_used": "not used"}
MET, MISSED, NOT_MEASURED = "met", "missed", "not measured"
_STARTS = dt.date(2026, 4, 1)
_START_MARK, _END_MARK = "<!-- targets:start -->", "<!-- targets:end -->"


class Compared(NamedTuple):
    """A target and what the model gives."""

    target: Target
    mean: float
    """Mean over replications; NaN if the run was too short to measure it."""
    low: float
    """Lower end of its 95% interval; NaN with a single replication."""
    high: float
    """Upper end."""
    replications: int

    @property
    def verdict(self) -> str:
        """Whether the mean lies within the tolerance."""
        if np.isnan(self.mean):
            return NOT_MEASURED
        near = abs(self.mean - self.target.value) <= self.target.half_width * (1 + 1e-9)
        return MET if near else MISSED


def baseline(place: Place, run: RunSettings) -> Scenario:
    """What is run: a place with growth 0, as it is and with 2% more urgent need from the first measured day."""
    if place.people is not None:
        none = type(place.people).model_fields["growth_per_cent_per_year"].default
        place = place.model_copy(update={"people": place.people.model_copy(update={"growth_per_cent_per_year": none})})
    return Scenario(
        name=place.name, question="How near does the baseline come to what is published?", place=place,
        interventions=(_more_load(run.starts),), run=run,
    )  # fmt: skip


def compared(scenario: Scenario, how: Spread = HERE) -> list[Compared]:
    """Every target beside the baseline (see ``baseline``): mean of the measured years over replications."""
    wanted, run = targets(), scenario.run
    arms = replace(arms_of(scenario), groups=tuple(sorted({each.group for each in wanted if "," in each.group})))
    tables = replications([(arms, number, arms.names) for number in range(run.replications)], how)
    return [_compare(target, [_value(target, table) for table in tables]) for target in wanted]


def settings(changes: Mapping[str, str]) -> RunSettings:
    """How the baseline is run: whole place, six measured years, two replications, unless changed."""
    given = {"starts": _STARTS, "scale": 1.0, "years": 6, "replications": 2} | dict(changes)
    try:
        return RunSettings.model_validate(given)
    except ValidationError as error:
        problems = [Problem(f"--{fault['loc'][0]}", fault["msg"]) for fault in error.errors()]
        raise InputError(problems) from None


def _more_load(starts: dt.date) -> Intervention:
    ever = starts.replace(year=starts.year + 50)
    return Intervention(
        name="2% more urgent need",
        what="Every rate of urgent need times 1.02.",
        ramp=Ramp(starts=starts),
        needs=(NeedStep(severity=URGENT, ratio=MORE_LOAD, from_date=starts, until=ever),),
    )


def _compare(target: Target, values: list[float]) -> Compared:
    measured = [value for value in values if np.isfinite(value)]
    found = interval(measured) if measured else (np.nan, np.nan, np.nan, 0)
    return Compared(target, *found)


def _value(target: Target, table: pd.DataFrame) -> float:
    """What one replication gives for a target; NaN if it was too short."""
    measure = FROM_SEVERAL.get(target.measure, target.measure)
    chosen = table[
        (table["measure"] == measure)
        & (table["group"] == target.group)
        & (table["of"] == target.of)
        & (table["locality"] == "all")
    ]
    by_arm = chosen.set_index(["arm", "period"])["value"]
    if target.measure == "delay_response_to_load":
        return float(by_arm.get((PLAN, "all"), np.nan) / by_arm.get((BASELINE, "all"), np.nan) - 1)
    if target.measure == "drift_of_admissions":
        return _drift(chosen[chosen["arm"] == BASELINE])
    return float(by_arm.get((BASELINE, "all"), np.nan))


def _drift(by_period: pd.DataFrame) -> float:
    """Mean of the later half of the measured years over that of the earlier half."""
    years = by_period[by_period["period"].str.startswith("year ")]["value"].to_numpy()
    half = len(years) // 2
    return float(years[-half:].mean() / years[:half].mean()) if half else np.nan


# -- the table -----------------------------------------------------------------------------------------------------


def table(rows: list[Compared]) -> pd.DataFrame:
    """The table to print: one row a target, numbers as text with no more digits than they bear."""
    return pd.DataFrame(
        [
            {
                "target": row.target.name,
                "published": f"{row.target.value:,g} ± {row.target.half_width:,.3g}",
                "model": _shown(row),
                "unit": row.target.unit,
                "use": USES[row.target.use],
                "verdict": row.verdict,
            }
            for row in rows
        ]
    )


def _shown(row: Compared) -> str:
    """The model's value and interval, to a tenth of the tolerance."""
    if np.isnan(row.mean):
        return ""
    digits = max(0, 1 - math.floor(math.log10(row.target.half_width)))
    mean, low, high = (f"{value:,.{digits}f}" for value in (row.mean, row.low, row.high))
    return mean if np.isnan(row.low) else f"{mean} ({low} to {high})"


def summary(rows: list[Compared]) -> str:
    """How many are met, by how the published value was used."""
    parts = []
    for use, words in USES.items():
        own = [row.verdict for row in rows if row.target.use == use and row.verdict != NOT_MEASURED]
        parts.append(f"{words} {own.count(MET)} of {len(own)}")
    left = sum(row.verdict == NOT_MEASURED for row in rows)
    return f"Met: {'; '.join(parts)}." + (f" Not measured in so short a run: {left}." if left else "")


def markdown(rows: list[Compared], how: str) -> str:
    """The table in Markdown, misses included, with its marks in the README; ``how`` says what was simulated."""
    shown_rows = table(rows)
    head = f"| {' | '.join(shown_rows.columns)} |\n|{'---|' * len(shown_rows.columns)}"
    lines = ["| " + " | ".join(map(str, line)) + " |" for line in shown_rows.itertuples(index=False)]
    return "\n".join([_START_MARK, f"{how[0].upper()}{how[1:]}. {summary(rows)}", "", head, *lines, _END_MARK])
