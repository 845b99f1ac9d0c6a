"""Futures of a scenario: each a draw of the numbers nobody knows and its own luck, with the plan and without it.

Only the rows that its claims are about are kept. What they say is in ``ask.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sim.engines import DEFAULT
from sim.experiments.runner import CutShort, drawn_arms, in_order, replication
from sim.experiments.spread import Spread
from sim.experiments.tested import about
from sim.results import BASELINE
from sim.scenario import Claim, Scenario
from sim.space import Uncertainty, draw, unknown

MANY = 50
"""Futures for which processes pay: making a future's plan and tables takes as long as its run."""
ANOTHER_TIME = 1_000_000
"""Replication numbers of a future's further repetitions are so many apart: their luck is that of no other future."""


@dataclass(frozen=True)
class Futures:
    """What was found in futures of a scenario."""

    drawn: pd.DataFrame
    """The numbers drawn: a row a future, a column an uncertain number by its path."""
    rows: pd.DataFrame
    """Rows of the tidy table that the claims are about, with arm, future (``replication``) and ``time`` (0, 1 ...)."""
    drawn_again: int
    """Draws that contradicted themselves and were drawn again."""
    is_cut_short: bool = False
    """True if it was interrupted: then these are the first ones."""

    @property
    def count(self) -> int:
        """Number of futures."""
        return len(self.drawn)


def more_futures(scenario: Scenario, before: Futures | None, until: int, times: Sequence[int], how: Spread) -> Futures:
    """The futures there are and those that follow, up to so many.

    ``times`` says how often each is run with the same numbers, by the number of the future. Interrupted from the
    keyboard, those that are done are given.
    """
    unsure = unknown(scenario)
    numbers = range(before.count if before else 0, until)
    draws = draw(unsure, until, scenario.run.seed)
    jobs = [(scenario, unsure, draws[n].tolist(), n, times[n], how.engine) for n in numbers]
    try:
        found, is_cut_short = in_order(future, jobs, replace(how, in_processes=len(jobs) >= MANY)), False
    except CutShort as stopped:
        found, is_cut_short = stopped.done, True
    names = [each.name for each in unsure]
    drawn = pd.DataFrame([values for _, values, _ in found], columns=names, dtype=float)
    rows = [table for table, _, _ in found]
    again = sum(again for _, _, again in found)
    if before:
        drawn, again = pd.concat([before.drawn, drawn], ignore_index=True), again + before.drawn_again
        rows = [before.rows, *rows]
    return Futures(drawn, pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(), again, is_cut_short)


def future(
    scenario: Scenario,
    unsure: Sequence[Uncertainty],
    values: Sequence[float],
    number: int,
    times: int,
    by: str = DEFAULT,
) -> tuple[pd.DataFrame, list[float], int]:
    """One future, run so many times: the rows its claims are about, the numbers it used, and how often it was drawn.

    ``values`` are its draw of the numbers nobody knows, ``unsure``.
    """
    tables = []
    arms, again = drawn_arms(scenario, unsure, values, number)
    used = draw(unsure, number + 1, scenario.run.seed, again)[number].tolist() if again else [*values]
    asked = {claim.measure for claim in scenario.claims}
    for time in range(times):
        table = replication(arms, number + time * ANOTHER_TIME, arms.names, by, asked)
        tables.append(kept(scenario.claims, table).assign(replication=number, time=time))
    return pd.concat(tables, ignore_index=True), used, again


def kept(claims: Sequence[Claim], table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a tidy table that claims are about, and what a before-and-after figure of them needs."""
    table = table[table["measure"].isin({"two_or_more_share", *(claim.measure for claim in claims)})]
    wanted = [about(claim, table).index for claim in claims]
    naive = (table["measure"] == "two_or_more_share") & (table["arm"] == BASELINE) & (table["period"] == "all")
    index = table.index[naive & (table["group"] == "all") & (table["locality"] == "all")]
    for each in wanted:
        index = index.union(each)
    return table.loc[index]
