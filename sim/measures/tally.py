"""Counting what happened, piece by piece of a run, into daily counts by age band and locality.

What counts as what is in ``counting.py``, what needs a person's past in ``histories.py``; turning counts into numbers
is ``tables.py``. A stay counts when it has ended, with all of its measured time; those still open after the last piece
count as they stand. Stays that straddle the start of measuring or the border of two pieces so need no special care.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import RunError
from sim.log import EVENTS, FLAGS, StayLog
from sim.measures.claimed import claimed_rows
from sim.measures.counting import (
    YEAR_DAYS,
    Ints,
    count_a_and_e,
    count_admissions,
    count_beds,
    count_delayed,
    count_discharges,
    count_events,
    count_general_practice,
    count_lengths,
    count_moments,
    count_planned,
    count_residences,
    count_triage,
    count_waits,
)
from sim.measures.counting_of_conditions import count_crises, count_steps
from sim.measures.daily import DailyCounts
from sim.measures.derived import Counts
from sim.measures.histories import Histories, Moments
from sim.measures.tables import tidy_table
from sim.measures.wanted import BEFORE_DEATH, EVERYTHING, FOLLOWED_UP, OF_MEMBERS, REGISTERS, SNAPSHOTS, Wanted
from sim.plans.plan import Names
from sim.quantities import AGES
from sim.rules import DAY
from sim.scenario import Claim

_DEATH = EVENTS.index("death")
_COUNTS: tuple[Callable[..., None], ...] = (
    count_triage, count_residences, count_a_and_e, count_general_practice, count_beds, count_lengths,
    count_delayed, count_waits,
)  # fmt: skip


class Tally:
    """Counts of a run, built up piece by piece in order; see the module's docstring.

    Parameters
    ----------
    names
        Words and calendar of the plan that was run.
    groups
        Further groups for the table, several age bands joined by commas, such as ``75-84,85+``.
    claims
        Claims that may ask for rows the table has not (see ``claimed.py``).
    only
        If given, the table is to have no more than what the claims are about, and these measures in the same groups,
        localities and periods; nothing is counted that they do not need.
    """

    def __init__(
        self,
        names: Names,
        groups: tuple[str, ...] = (),
        claims: tuple[Claim, ...] = (),
        only: Collection[str] | None = None,
    ) -> None:
        self.names = names
        self.groups = groups
        self.claims = claims
        self._only = None if only is None else Wanted.by(claims, only)
        self._asked = EVERYTHING if self._only is None else self._only.counts()
        self._daily = DailyCounts(names)
        self._histories = Histories(len(names.localities))
        self._last: StayLog | None = None

    def add(self, log: StayLog) -> None:
        """Count one piece; pieces must come in order."""
        self._count_stays(self._daily, self._histories, log.ended)
        events = log.events
        given = _given(self._daily, events)
        for count in (count_events, count_steps) if self.names.conditions else (count_events,):
            self._count(count, self._daily, given)
        if not self._asked.isdisjoint(OF_MEMBERS):
            self._histories.add_members(events)
        if not self._asked.isdisjoint(BEFORE_DEATH):
            self._histories.deaths.add(events, "minute", np.flatnonzero(events["kind"] == _DEATH))
        if not self._asked.isdisjoint((SNAPSHOTS, REGISTERS)):
            self._daily.add_snapshot(log)
        self._last = log

    def table(self) -> pd.DataFrame:
        """The tidy table: measure, period, group, locality, of, value; no row where there is nothing to measure."""
        if not self._daily.days:
            raise RunError(
                f"nothing to measure: the run ends on day {self.names.end_minute / DAY:g} and the warm-up on day "
                f"{self.names.warm_up_minutes / DAY:g}; measure at least one whole day after the warm-up"
            )
        daily, histories = self._with_open_stays()
        if self._last is not None:
            self._count_histories(daily, histories, self._last.until_minute)
        counts = Counts(daily)
        repeated = partial(histories.repeated, len(AGES), daily.warm_up, daily.days // YEAR_DAYS)
        further = claimed_rows(counts, self.claims)
        table = tidy_table(counts, repeated, self.groups, self._only)
        if not further:
            return table
        return pd.concat([table, pd.DataFrame(further, columns=table.columns).astype(table.dtypes)], ignore_index=True)

    def by_day(self) -> Counts:
        """Counts of each measured day ``[part, age, locality, day]`` by name (see ``derived.py``), as simulated."""
        daily, _ = self._with_open_stays()
        return Counts(daily)

    def _with_open_stays(self) -> tuple[DailyCounts, Histories]:
        """What was counted, and stays that have not ended as they stand."""
        daily, histories = self._daily.copy(), self._histories.copy()
        if self._last is not None:
            self._count_stays(daily, histories, self._last.open, self._last.until_minute)
        return daily, histories

    def _count_stays(
        self, daily: DailyCounts, histories: Histories, stays: Mapping[str, Ints], until: int | None = None
    ) -> None:
        """Count stays that have ended or, until a minute, stays that have not."""
        given = _given(daily, stays) | {"ended": until is None, "known": stays["flags"] & FLAGS["prefilled"] == 0}
        if until is not None:
            given["left"] = np.full_like(stays["left"], until)
        for moments, time, found_by in (
            (histories.admissions, "started", count_admissions),
            (histories.planned, "started", count_planned),
            (histories.discharges, "left", count_discharges),
        ):
            rows = self._count(found_by, daily, given)
            if rows is not None:
                moments.add(given, time, rows)
        if given["left"].max(initial=-1) < self.names.warm_up_minutes:
            return  # all were over before measuring began
        for count in (*_COUNTS, count_crises) if self.names.conditions else _COUNTS:
            self._count(count, daily, given)

    def _count(self, count: Callable[..., Any], daily: DailyCounts, given: Mapping[str, Any]) -> Any:
        """Call a function that counts with what its parameters name; None if nothing it counts is asked for."""
        names = _parameters(count)
        if self._asked.isdisjoint(names):
            return None
        return count(*(given[name] if name in given else daily.counted[name] for name in names))

    def _count_histories(self, daily: DailyCounts, histories: Histories, until_minute: int) -> None:
        """Readmissions, admissions before death, and admissions of members of programmes, if they are asked for."""
        if not self._asked.isdisjoint(FOLLOWED_UP):
            _count_followed_up(daily, histories, until_minute)
        if not self._asked.isdisjoint(BEFORE_DEATH):
            _count_before_death(daily, histories)
        for name, moments in zip(OF_MEMBERS, (histories.admissions, histories.planned), strict=True):
            if name in self._asked:
                _count_of_members(daily, histories, moments, name)


def _count_followed_up(daily: DailyCounts, histories: Histories, until_minute: int) -> None:
    measured, counted = daily.given["measured"], daily.counted
    who, minute, readmitted = histories.followed_up(histories.sorted_admissions(), until_minute)
    count_moments(measured, who, minute, np.ones_like(who), counted["discharges_followed"])
    count_moments(measured, who, minute, readmitted.astype(np.int64), counted["readmitted"])


def _count_before_death(daily: DailyCounts, histories: Histories) -> None:
    measured, counted = daily.given["measured"], daily.counted
    who, minute, [last_90, last_100] = histories.before_death(histories.sorted_admissions(), 90, 100)
    count_moments(measured, who, minute, (last_90 >= 3).astype(np.int64), counted["deaths_after_three"])
    count_moments(measured, who, minute, last_100, counted["admissions_before_death"])


def _count_of_members(daily: DailyCounts, histories: Histories, moments: Moments, name: str) -> None:
    for programme in range(len(daily.names.programmes)):
        who, minute = histories.of_members(moments, programme)
        count = daily.counted[name][programme : programme + 1]
        count_moments(daily.given["measured"], who, minute, np.ones_like(who), count)


def _given(daily: DailyCounts, column: Mapping[str, Ints]) -> dict[str, Any]:
    """What a function that counts may ask for by name, besides the counts."""
    who = column["age"] * len(daily.names.localities) + column["locality"]
    return {**daily.given, **column, "who": who}


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(signature(function).parameters)
