"""Several results side by side, each set against the first one's baseline, replication by replication.

Results that share seed, dates and scale share their luck, so that what differs between them is what was changed.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sim.errors import InputError, Problem
from sim.measures import MEASURES
from sim.results import BASELINE, PLAN, Results, interval

HEADLINE = (
    "emergency_admissions",
    "a_and_e_attendances",
    "four_hour_share",
    "twelve_hour_waits",
    "acute_beds_occupied",
    "acute_occupancy",
    "mean_length_of_stay",
    "delayed_overnight",
    "delay_days",
    "readmission_30_day_share",
    "community_occupancy",
    "planned_admissions",
    "cancellations",
    "gp_unseen_share",
    "care_home_entries",
    "deaths",
)
"""Measures that are compared, in this order, where there are any."""

SAME = ("starts", "warm_up_days", "years", "seed", "scale")
"""Run settings that results must share to be compared."""


def compare(results: Mapping[str, Results]) -> pd.DataFrame:
    """Headline measures of several results, of everybody over all measured years.

    Parameters
    ----------
    results
        Results by the name to show. The first one's baseline is what all are set against.

    Returns
    -------
    pandas.DataFrame
        By measure and result: ``title``, ``unit``, the mean ``value`` of the plan (of the baseline, where there is no
        plan), that of the first ``baseline``, and the paired ``difference`` with its 95% interval (``low``, ``high``)
        over ``replications``.
    """
    _refuse_unlike(results)
    reference = _levels(next(iter(results.values())), BASELINE)
    levels = {name: _levels(each, _arm(each)) for name, each in results.items()}
    rows = []
    for measure in HEADLINE:
        for name, level in levels.items():
            if measure in level and measure in reference:
                rows.append({"measure": measure, "result": name, **_row(measure, level[measure], reference[measure])})
    return pd.DataFrame(rows)


def _refuse_unlike(results: Mapping[str, Results]) -> None:
    """InputError unless all results share their luck."""
    settings = {name: each.provenance["scenario"]["run"] for name, each in results.items()}
    first, *others = settings
    problems = [
        Problem(
            name, f"{key} is {settings[name][key]} but {settings[first][key]} in {first}: run both with the same {key}"
        )
        for name in others
        for key in SAME
        if settings[name][key] != settings[first][key]
    ]
    if problems:
        raise InputError(problems)


def _arm(results: Results) -> str:
    return PLAN if PLAN in set(results.measures["arm"]) else BASELINE


def _levels(results: Results, arm: str) -> pd.DataFrame:
    """Values of an arm by replication (rows) and headline measure (columns)."""
    table = results.measures
    chosen = table["measure"].isin(HEADLINE) & (table["arm"] == arm)
    for column in ("period", "group", "locality", "of"):
        chosen &= table[column] == "all"
    return table[chosen].pivot_table(index="replication", columns="measure", values="value")


def _row(measure: str, level: pd.Series[float], reference: pd.Series[float]) -> dict[str, object]:
    known = MEASURES[measure]
    difference = interval((level - reference).dropna().to_numpy())
    return {
        "title": known.title,
        "unit": known.unit,
        "value": float(level.mean()),
        "baseline": float(reference.mean()),
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "replications": difference.n,
    }
