"""What gives first under a plan: pools by how much more waiting they cause, with the interval of that difference.

The ranking within one run is ``what_gives_first`` in ``measures/tables.py``; here it is set against luck.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from sim.measures.tables import EXCEEDS, EXCEEDS_PEOPLE, what_gives_first
from sim.results import BASELINE, CONFIDENCE, PLAN, Results, interval


class Gives(NamedTuple):
    """A pool and the people waiting for it, mean of all measured days."""

    pool: str
    """Name in the file."""
    title: str
    """Name on screen."""
    waiting: float
    """People waiting with the plan."""
    waiting_baseline: float
    """People waiting without it."""
    more: float
    """Difference, paired by replication."""
    low: float
    """Lower end of the 95% interval of the difference; NaN with one replication."""
    high: float
    """Upper end."""
    is_clear: bool
    """True if more people wait for it than luck explains, even for the worst picked out of all pools."""
    full_share: float
    """Share of the time it is full with the plan, 0 to 1."""
    first_month: str
    """First month, such as 2026-10, in which waiting exceeds that without the plan by 10% and one person; or empty."""


def what_gives(results: Results) -> list[Gives]:
    """Pools by how many more people wait for them with the plan, most first; empty without a plan."""
    table = results.measures
    table = table[(table["group"] == "all") & (table["locality"] == "all")]
    arms = {arm: table[table["arm"] == arm] for arm in (BASELINE, PLAN)}
    if arms[PLAN].empty or not (table["measure"] == "waiting").any():
        return []
    ranked = what_gives_first(arms[PLAN], arms[BASELINE])
    plan = _by_replication(arms[PLAN])
    before = _by_replication(arms[BASELINE]).reindex(index=plan.index, columns=plan.columns)
    levels = {PLAN: plan.fillna(0), BASELINE: before.fillna(0)}
    found = [_gives(results, row, levels, len(ranked)) for row in ranked.to_dict("records")]
    return sorted(found, key=lambda each: -each.more)


def _by_replication(rows: pd.DataFrame) -> pd.DataFrame:
    """People waiting over all measured days ``[replication, pool]``."""
    whole = (rows["period"] == "all") & (rows["measure"] == "waiting")
    return rows[whole].pivot_table(index="replication", columns="of", values="value")


def _gives(results: Results, row: Mapping[Any, Any], levels: dict[str, pd.DataFrame], pools: int) -> Gives:
    pool = str(row["pool"])
    plan, before = levels[PLAN][pool], levels[BASELINE][pool]
    more, low, high, n = interval((plan - before).to_list())
    enough = more >= EXCEEDS_PEOPLE and plan.mean() > EXCEEDS * before.mean()
    return Gives(
        pool=pool,
        title=pool_title(results, pool),
        waiting=float(plan.mean()),
        waiting_baseline=float(before.mean()),
        more=more,
        low=low,
        high=high,
        is_clear=bool(enough and more - (high - more) * _wider(n, pools) > 0),
        full_share=float(row["full_share"]),
        first_month=str(row["first_month"]),
    )


def _wider(replications: int, picked_from: int) -> float:
    """How much wider an interval must be for the worst of so many (Bonferroni); NaN with one replication."""
    if replications < 2:
        return math.nan
    tails = (1 - CONFIDENCE) / 2 / np.array([picked_from, 1])
    of_all, of_one = stdtrit(replications - 1, tails)
    return float(of_all / of_one)


def pool_title(results: Results, pool: str) -> str:
    """A pool's name on screen."""
    scenario = results.provenance["scenario"]
    for holder in (scenario["place"], *scenario["interventions"]):
        if title := holder["pools"].get(pool, {}).get("title"):
            return str(title)
    return pool.replace("_", " ").capitalize()
