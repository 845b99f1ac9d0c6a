"""What running at a scale does to the headline measures: fewer people share fewer beds, and small pools queue more."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from sim.engines import about
from sim.experiments.compare import HEADLINE
from sim.experiments.runner import arms_of, replications
from sim.experiments.spread import HERE, Spread
from sim.measures.definitions import MEASURES
from sim.results import BASELINE, Interval, interval
from sim.scenario import RunSettings, Scenario
from sim.system import Place

FULL = 1.0


def scale_effect(place: Place, run: RunSettings, how: Spread = HERE) -> dict[float, dict[str, Interval]]:
    """Headline measures of today's place by scale: at the scale of ``run``, and at full size where that is quick.

    Full size is quick for arrivals without histories, and with an engine that runs in threads.
    """
    quick = place.people is None or about(how.engine).releases_gil
    sizes = [run.scale, FULL] if quick and run.scale < FULL else [run.scale]
    arms = [arms_of(today(place, run.model_copy(update={"scale": size}))) for size in sizes]
    jobs = [(each, number, (BASELINE,)) for each in arms for number in range(run.replications)]
    found = replications(jobs, how)
    return {size: _levels(found[n * run.replications : (n + 1) * run.replications]) for n, size in enumerate(sizes)}


def today(place: Place, run: RunSettings) -> Scenario:
    """A place as it is, without a plan."""
    return Scenario(name=place.name, question="What does the scale change?", place=place, run=run)


def _levels(tables: list[pd.DataFrame]) -> dict[str, Interval]:
    """Headline measures of everybody over all measured years, with their 95% intervals."""
    table = pd.concat(tables, ignore_index=True)
    chosen = table["measure"].isin(HEADLINE)
    for column in ("period", "group", "locality", "of"):
        chosen &= table[column] == "all"
    by_measure = table[chosen].groupby("measure")["value"]
    values = {measure: interval(group.to_numpy()) for measure, group in by_measure}
    return {measure: values[measure] for measure in HEADLINE if measure in values}


def scale_table(levels: Mapping[float, Mapping[str, Interval]], expected: Mapping[str, float]) -> pd.DataFrame:
    """Levels by scale beside what is expected at full size without simulation, one row a measure that is not nought.

    Shares are per cent. ``expected`` may lack measures: nothing can be said of queues without a run.
    """
    rows = []
    for measure in next(iter(levels.values())):
        if all(found[measure].mean == 0 for found in levels.values()):
            continue
        known = MEASURES[measure]
        share = known.kind == "share"
        row: dict[str, object] = {"measure": known.title}
        row["unit"] = known.unit.replace("share", "per cent", 1) if share else known.unit
        for size, found in levels.items():
            name = "at full size" if size == FULL else f"at scale {size:g}"
            row[name] = str(_times(100, found[measure]) if share else found[measure])
        row["expected at full size"] = _shown((100 if share else 1) * expected.get(measure, math.nan))
        rows.append(row)
    return pd.DataFrame(rows)


def _shown(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(factor: float, found: Interval) -> Interval:
    return Interval(factor * found.mean, factor * found.low, factor * found.high, found.n)
