"""Futures of scenarios: each a draw of the numbers nobody knows and its own luck, with the plan and without it.

Only the rows that its claims are about are kept. What they say is in ``ask.py``. Scenarios of one place may share its
past and its baseline, which changes nothing but the time it takes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import pandas as pd

from sim.engines import DEFAULT
from sim.experiments.runner import (
    Arms,
    CutShort,
    drawn_arms,
    first_change,
    has_past_of_place,
    in_order,
    side_by_side,
    table_of,
)
from sim.experiments.spread import Spread
from sim.experiments.tested import periods_of
from sim.measures.tables import COLUMNS
from sim.results import BASELINE, PLAN
from sim.scenario import ALL, Claim, Scenario
from sim.space import Uncertainty, draw, unknown

MANY = 50
"""Futures for which processes pay: making a future's plan and tables takes as long as its run."""
NAIVE = "two_or_more_share"
"""The measure that says what a before-and-after figure finds without any plan."""
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
    """The futures there are and those that follow, up to so many; see ``futures_of_each``."""
    [more] = futures_of_each([scenario], range(before.count if before else 0, until), [times], how)
    if before is None:
        return more
    return Futures(
        pd.concat([before.drawn, more.drawn], ignore_index=True),
        pd.concat([before.rows, more.rows], ignore_index=True),
        before.drawn_again + more.drawn_again,
        more.is_cut_short,
    )


def futures_of_each(
    scenarios: Sequence[Scenario], numbers: range, times: Sequence[Sequence[int]], how: Spread
) -> list[Futures]:
    """Futures of each of some scenarios that may share their past (see ``families``), by their numbers.

    ``times`` says of each scenario how often a future is run with the same numbers, by its number. Interrupted from
    the keyboard, those that are done are given.
    """
    unsure = [unknown(scenario) for scenario in scenarios]
    draws = [draw(own, numbers.stop, scenarios[0].run.seed) for own in unsure]
    jobs = [
        (scenarios, unsure, [own[n].tolist() for own in draws], n, [own[n] for own in times], how.engine)
        for n in numbers
    ]
    try:
        found, is_cut_short = in_order(future, jobs, replace(how, in_processes=len(jobs) >= MANY)), False
    except CutShort as stopped:
        found, is_cut_short = stopped.done, True
    return [_futures(own, [each[place] for each in found], is_cut_short) for place, own in enumerate(unsure)]


def _futures(unsure: Sequence[Uncertainty], found: Sequence[Future], is_cut_short: bool) -> Futures:
    drawn = pd.DataFrame([each.used for each in found], columns=[one.name for one in unsure], dtype=float)
    rows = pd.concat([each.rows for each in found], ignore_index=True) if found else pd.DataFrame()
    return Futures(drawn, rows, sum(each.drawn_again for each in found), is_cut_short)


# -- one future ----------------------------------------------------------------------------------------------------


class Future(NamedTuple):
    """What was found in one future of a scenario."""

    rows: pd.DataFrame
    """Rows of the tidy table that its claims are about."""
    used: list[float]
    """The numbers it was run with."""
    drawn_again: int
    """How often they were drawn again."""


def future(
    scenarios: Sequence[Scenario],
    unsure: Sequence[Sequence[Uncertainty]],
    values: Sequence[Sequence[float]],
    number: int,
    times: Sequence[int],
    by: str = DEFAULT,
) -> list[Future]:
    """One future of each scenario, each run so many times.

    ``values`` are each scenario's draw of the numbers nobody knows in it, ``unsure``. Numbers of the place are drawn
    alike, so scenarios drawn equally often have the same place and go on from one run of it.
    """
    ready: list[tuple[Arms, int]] = []
    for scenario, own, drawn in zip(scenarios, unsure, values, strict=True):
        measures = {NAIVE, *(claim.measure for claim in scenario.claims)}
        beside = next((arms for arms, again in reversed(ready) if not again), None)
        ready.append(drawn_arms(scenario, own, drawn, number, measures=measures, beside=beside))
    rows: list[list[pd.DataFrame]] = [[] for _ in scenarios]
    for time, often in product(range(max(times)), sorted({again for _, again in ready})):
        here = [place for place, (_, again) in enumerate(ready) if again == often and time < times[place]]
        luck = number + time * ANOTHER_TIME
        together = side_by_side([ready[place][0] for place in here], luck, (BASELINE, PLAN), by) if here else []
        for place, found in zip(here, together, strict=True):
            table = table_of(ready[place][0], found, luck)
            rows[place].append(kept(scenarios[place].claims, table).assign(replication=number, time=time))
    return [
        Future(pd.concat(own_rows, ignore_index=True), _used(scenario, own, own_values, number, again), again)
        for scenario, own, own_values, own_rows, (_, again) in zip(scenarios, unsure, values, rows, ready, strict=True)
    ]


def _used(
    scenario: Scenario, unsure: Sequence[Uncertainty], values: Sequence[float], number: int, again: int
) -> list[float]:
    """The numbers a future used, drawn so often again."""
    return draw(unsure, number + 1, scenario.run.seed, again)[number].tolist() if again else [*values]


def families(scenarios: Mapping[str, Scenario]) -> list[list[str]]:
    """Names of the scenarios by the past they share, in the order of the first of each; the shortest come first.

    Those that share one have the same place and are looked at from the same day on, with the same luck, and part from
    it on the same day.
    """
    found: dict[str, list[str]] = {}
    for name, scenario in scenarios.items():
        found.setdefault(_past(name, scenario), []).append(name)
    return [sorted(names, key=lambda name: scenarios[name].run.days) for names in found.values()]


def _past(name: str, scenario: Scenario) -> str:
    if not has_past_of_place(scenario):
        return name
    run = scenario.run
    parts = min(first_change(scenario), run.starts + dt.timedelta(days=run.years * 365))
    when = (run.starts, run.warm_up_days, run.seed, run.scale, parts)
    return f"{when} {scenario.place.model_dump_json()}"


def kept(claims: Sequence[Claim], table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a tidy table that claims are about, and what a before-and-after figure of them needs.

    As ``tested.about`` says of one claim, here in one pass for all.
    """
    wanted = {
        (claim.measure, period, claim.group, claim.locality, claim.of, arm)
        for claim in claims
        for period in periods_of(claim)
        for arm in (BASELINE, PLAN)
    }
    found = zip(*(table[name].tolist() for name in (*COLUMNS[:-1], "arm")), strict=True)
    naive = (NAIVE, ALL, ALL, ALL, BASELINE)
    return table[[row in wanted or (*row[:4], row[5]) == naive for row in found]]
