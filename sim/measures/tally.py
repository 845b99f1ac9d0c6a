"""Counting what happened, piece by piece of a run, into daily counts by age band and locality.

What counts as what is in ``counting.py``, what needs a person's past in ``histories.py``; turning counts into numbers
is ``tables.py``. A stay counts when it has ended, with all of its measured time; those still open after the last piece
count as they stand. Stays that straddle the start of measuring or the border of two pieces so need no special care.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
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
from sim.measures.derived import Counts, derived_counts
from sim.measures.histories import Histories
from sim.measures.tables import tidy_table
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
    """

    def __init__(self, names: Names, groups: tuple[str, ...] = (), claims: tuple[Claim, ...] = ()) -> None:
        self.names = names
        self.groups = groups
        self.claims = claims
        self._daily = DailyCounts(names)
        self._histories = Histories(len(names.localities))
        self._last: StayLog | None = None

    def add(self, log: StayLog) -> None:
        """Count one piece; pieces must come in order."""
        _count_stays(self._daily, self._histories, log.ended)
        events = log.events
        _call(count_events, _given(self._daily, events))
        if self.names.conditions:
            _call(count_steps, _given(self._daily, events))
        self._histories.add_members(events)
        self._histories.deaths.add(events, "minute", np.flatnonzero(events["kind"] == _DEATH))
        self._daily.add_snapshot(log)
        self._last = log

    def table(self, only: Collection[str] | None = None) -> pd.DataFrame:
        """The tidy table: measure, period, group, locality, of, value; no row where there is nothing to measure.

        With ``only``, these measures (see ``tidy_table``) and what the claims ask for.
        """
        if not self._daily.days:
            raise RunError(
                f"nothing to measure: the run ends on day {self.names.end_minute / DAY:g} and the warm-up on day "
                f"{self.names.warm_up_minutes / DAY:g}; measure at least one whole day after the warm-up"
            )
        daily, histories = self._with_open_stays()
        if self._last is not None:
            _count_histories(daily, histories, self._last.until_minute)
        repeated = histories.repeated(len(AGES), daily.warm_up, daily.days // YEAR_DAYS)
        further = claimed_rows(daily, self.claims)
        table = tidy_table(daily, repeated, self.groups, only)
        return pd.concat([table, further.astype(table.dtypes)], ignore_index=True) if len(further) else table

    def by_day(self) -> Counts:
        """Counts of each measured day ``[part, age, locality, day]`` by name (see ``derived.py``), as simulated."""
        daily, _ = self._with_open_stays()
        return derived_counts(daily)

    def _with_open_stays(self) -> tuple[DailyCounts, Histories]:
        """What was counted, and stays that have not ended as they stand."""
        daily, histories = self._daily.copy(), self._histories.copy()
        if self._last is not None:
            _count_stays(daily, histories, self._last.open, self._last.until_minute)
        return daily, histories


def _count_stays(daily: DailyCounts, histories: Histories, stays: Mapping[str, Ints], until: int | None = None) -> None:
    """Count stays that have ended or, until a minute, stays that have not."""
    given = _given(daily, stays) | {"ended": until is None, "known": stays["flags"] & FLAGS["prefilled"] == 0}
    if until is not None:
        given["left"] = np.full_like(stays["left"], until)
    histories.admissions.add(stays, "started", _call(count_admissions, given))
    histories.planned.add(stays, "started", _call(count_planned, given))
    histories.discharges.add(stays, "left", _call(count_discharges, given))
    for count in (*_COUNTS, count_crises) if daily.names.conditions else _COUNTS:
        _call(count, given)


def _count_histories(daily: DailyCounts, histories: Histories, until_minute: int) -> None:
    """Readmissions, admissions before death, and admissions of members of programmes."""
    measured, counted = daily.given["measured"], daily.counted
    admissions = histories.sorted_admissions()
    who, minute, readmitted = histories.followed_up(admissions, until_minute)
    count_moments(measured, who, minute, np.ones_like(who), counted["discharges_followed"])
    count_moments(measured, who, minute, readmitted.astype(np.int64), counted["readmitted"])
    who, minute, [last_90, last_100] = histories.before_death(admissions, 90, 100)
    count_moments(measured, who, minute, (last_90 >= 3).astype(np.int64), counted["deaths_after_three"])
    count_moments(measured, who, minute, last_100, counted["admissions_before_death"])
    for name, moments in (("member_admissions", histories.admissions), ("member_planned", histories.planned)):
        for programme in range(len(daily.names.programmes)):
            who, minute = histories.of_members(moments, programme)
            count_moments(measured, who, minute, np.ones_like(who), counted[name][programme : programme + 1])


def _given(daily: DailyCounts, column: Mapping[str, Ints]) -> dict[str, Any]:
    """What a function that counts may ask for, by name."""
    who = column["age"] * len(daily.names.localities) + column["locality"]
    return {**daily.given, **daily.counted, **column, "who": who}


def _call(count: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Call a function with what its parameters name."""
    return count(*(given[name] for name in _parameters(count)))


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(signature(function).parameters)
