"""Several scenarios side by side, each set against the first one, replication by replication.

Scenarios that share place, seed, dates and scale share their luck, so that what differs between them is what was
changed. Those that do not are refused before anything is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nan
from typing import Any, TypedDict

import numpy.typing as npt
import pandas as pd

from sim.errors import InputError, Problem
from sim.experiments.precision import by_replication, estimate
from sim.measures.definitions import MEASURES
from sim.results import BASELINE, CONFIDENCE, PLAN, Results

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
"""Run settings that scenarios must share to be compared."""


def compare(results: Mapping[str, Results]) -> pd.DataFrame:
    """Headline measures of several results, of everybody over all measured years.

    Parameters
    ----------
    results
        Results by the name to show. The first one is what all others are set against.

    Returns
    -------
    pandas.DataFrame
        By measure and result: ``title``, ``unit``, the mean ``value`` of the plan (of the baseline, where there is no
        plan), that of the first one's ``baseline``, and the paired ``difference`` from the first (NaN for itself) with
        its interval (``low``, ``high``) over ``replications``; ``caution`` if it is skewed. The intervals of a measure
        hold together in 95 of 100 comparisons (Bonferroni over the results; Dunnett's would be narrower, but it is for
        groups that do not share their luck).
    """
    refuse_unlike({name: luck(each.provenance["scenario"], _is_drawn(each)) for name, each in results.items()})
    first, confidence = next(iter(results)), 1 - (1 - CONFIDENCE) / max(1, len(results) - 1)
    rows = []
    for measure in HEADLINE:
        levels = {name: by_replication(each.measures, measure) for name, each in results.items()}
        if levels[first].empty:
            continue
        reference, known = with_plan(levels[first]), MEASURES[measure]
        itself = Paired(difference=nan, low=nan, high=nan, replications=len(reference), caution="")
        for name, level in levels.items():
            if level.empty:
                continue
            rows.append(
                {
                    "measure": measure,
                    "result": name,
                    "title": known.title,
                    "unit": known.unit,
                    "value": float(with_plan(level).mean()),
                    "baseline": float(levels[first][BASELINE].mean()),
                    **(itself if name == first else paired_row(with_plan(level), reference, confidence)),
                }
            )
    return pd.DataFrame(rows)


def in_common(results: Mapping[str, Results]) -> dict[str, Results]:
    """The results with only those replications that all of them have, and no others."""
    shared = set.intersection(*(set(each.measures["replication"]) for each in results.values()))
    return {
        name: replace(each, measures=each.measures[each.measures["replication"].isin(shared)])
        for name, each in results.items()
    }


class Paired(TypedDict):
    """How much one level is above another, as columns of a table."""

    difference: float
    low: float
    high: float
    replications: int
    caution: str


def paired_row(one: pd.Series[float], other: pd.Series[float], confidence: float = CONFIDENCE) -> Paired:
    """How much one level is above another over the replications both have, with its interval."""
    both: list[npt.ArrayLike] = [each.to_numpy() for each in one.align(other, join="inner")]
    found = estimate((one - other).dropna().to_numpy(), both, confidence)
    return Paired(difference=found.mean, low=found.low, high=found.high, replications=found.n, caution=found.caution)


def luck(scenario: Mapping[str, Any], uncertain: bool) -> dict[str, Any]:
    """What scenarios (as plain values) must have in common to share their luck."""
    shared = {f"run.{key}": scenario["run"][key] for key in SAME}
    return {"place": scenario["place"]["name"], **shared, "--uncertain": "on" if uncertain else "off"}


def refuse_unlike(lucks: Mapping[str, Mapping[str, Any]]) -> None:
    """InputError unless all share their luck (see ``luck``)."""
    first, *others = lucks
    problems = [
        Problem(name, f"{key} is {lucks[name][key]} but {lucks[first][key]} in {first}: {_remedy(key)}")
        for name in others
        for key in lucks[first]
        if lucks[name][key] != lucks[first][key]
    ]
    if problems:
        raise InputError(problems)


def _remedy(key: str) -> str:
    return "only scenarios of one place can be compared" if key == "place" else f"run both with the same {key}"


def _is_drawn(results: Results) -> bool:
    return bool(results.provenance.get("uncertain"))


def with_plan(levels: pd.DataFrame) -> pd.Series[float]:
    """Levels with the plan, or of the baseline where there is none."""
    return levels[PLAN if PLAN in levels else BASELINE]
