"""Daily counts of measured time by part, age band and locality: the arrays every measure is made from.

What is counted is decided in ``counting.py``, which adds to the arrays kept here.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.log import StayLog
from sim.measures.counting import (
    ACUTE,
    COMMUNITY_BED,
    EMERGENCY,
    OVERNIGHT,
    SPARE,
    YEAR_DAYS,
    Ints,
    Measured,
    count_people,
)
from sim.measures.counting_of_conditions import count_invited, count_states
from sim.measures.parts import CHANGES, HOURLY, MARKS, PARTS, WAIT_BINS, WHOLE, part_labels
from sim.measures.proxies import proxies
from sim.plans.plan import Names
from sim.quantities import AGES, FRAILTIES
from sim.rules import DAY

Floats = npt.NDArray[np.float64]

_BIN_STEP = log(1.04)
"""Logarithm of the ratio of one length of wait to the next."""
_LONGEST_WAIT = 4 * YEAR_DAYS * DAY
"""Minutes from which on waits are of the same length."""
_BINS = 2 + int(log(_LONGEST_WAIT) / _BIN_STEP)


class _MadeWhenAsked(dict[str, Any]):
    """Arrays by name, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], npt.NDArray[Any]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> npt.NDArray[Any]:
        self[name] = made = self._make(name)
        return made


class DailyCounts:
    """Whole numbers ``[part, age, locality, day]`` (or hour) of measured time by the names of PARTS."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.parts = part_labels(names)
        self.warm_up = names.warm_up_minutes
        self.first_day = names.warm_up_minutes // DAY
        self.days = max((names.end_minute - names.warm_up_minutes) // DAY, 0)
        self.counted: dict[str, Any] = _MadeWhenAsked(self._nothing)
        """What the functions of ``counting.py`` add to, by name."""
        self.given: dict[str, Any] = {
            "measured": Measured(self.warm_up, self.days),
            "stage_is": _stage_bits(names),
            "residence": np.array(names.residence, np.int64),
            "slots": np.array(names.slots, np.bool_),
            "a_and_e": names.a_and_e,
            "first_appointment": names.first_appointment,
            "tells_apart": names.tells_apart,
            "counted_by_pilot": np.array(names.counted_by_pilot or (0.0,) * len(AGES)),
            "gp": names.gp,
            "wait_length": _wait_length(),
            "condition_of": np.array(names.causes, np.int64),
        }
        """What else they ask for, by name."""
        self.snapshots: list[tuple[int, Ints]] = []
        """People ``[age, locality, frailty, with a care plan, nearing the end of life]`` alive at a minute."""
        self.registers: list[tuple[int, Floats, Ints]] = []
        """Of those alive at a minute ``[condition, age, locality, which]``: who has it, recognised, managed, their days
        limited by symptoms a month; and ``[programme, age, locality]`` those a programme for a condition invites."""

    def _nothing(self, name: str) -> npt.NDArray[Any]:
        """A count before anything is counted."""
        names, groups = self.names, len(AGES) * len(self.names.localities)
        if name in MARKS:
            return np.zeros(len(names.pools), np.bool_)
        if name == WAIT_BINS:
            return np.zeros((len(names.stages), groups, -(-self.days // YEAR_DAYS), _BINS), np.int64)
        entries = self.days * (24 if name in HOURLY else 1) + SPARE
        return np.zeros((len(self.parts[PARTS[name]]), 1 if name in WHOLE else groups, entries), np.int64)

    def copy(self) -> DailyCounts:
        """A copy that can be counted on without changing this one."""
        other = copy.copy(self)
        other.counted = _MadeWhenAsked(self._nothing)
        other.counted.update({name: array.copy() for name, array in self.counted.items()})
        return other

    def array(self, name: str) -> Ints:
        """What was counted ``[part, age, locality, day]`` (or hour)."""
        counted: Ints = self.counted[name][..., :-SPARE]
        added = np.cumsum(counted, axis=-1) if name in CHANGES else counted
        ages, localities = (1, 1) if name in WHOLE else (len(AGES), len(self.names.localities))
        return added.reshape(len(added), ages, localities, added.shape[-1])

    @property
    def wait_bins(self) -> Ints:
        """Waits ``[stage, age, locality, year asked for, length]``, lengths in steps of 4%."""
        bins: Ints = self.counted[WAIT_BINS]
        return bins.reshape(len(bins), len(AGES), -1, *bins.shape[2:])

    def add_snapshot(self, log: StayLog) -> None:
        """Remember what is only known of the people alive at the end of a piece."""
        people = log.persons
        if not people or log.until_minute <= self.warm_up:
            return
        found = np.zeros((len(AGES), len(self.names.localities), len(FRAILTIES), 2, 2), np.int64)
        age, locality, frailty = people["age"], people["locality"], people["frailty"]
        count_people(age, locality, frailty, people["care_plan"], people["end_of_life"], found)
        self.snapshots.append((log.until_minute, found))
        if self.names.conditions:
            self._add_registers(log)

    def _add_registers(self, log: StayLog) -> None:
        names, people = self.names, log.persons
        cells = (len(AGES), len(names.localities))
        states = np.zeros((len(names.conditions), *cells, 4))
        age, locality, recognised = people["age"], people["locality"], people["recognised"]
        days = np.nan_to_num(np.array(names.symptom_days))
        count_states(age, locality, people["has"], recognised, people["managed"], people["limited"], days, states)
        invited = np.zeros((len(names.invited), *cells), np.int64)
        ages = np.array([of_age for of_age, _ in names.invited], np.int64).reshape(-1, len(AGES))
        bits = np.array([conditions for _, conditions in names.invited], np.int64)
        count_invited(age, locality, recognised, ages, bits, invited)
        self.registers.append((log.until_minute, states, invited))

    def people(self, snapshot: Ints) -> dict[str, Floats]:
        """What is asked of the people alive ``[age, locality]``: how many, and their sums of each quality."""
        proxy = proxies()
        by_frailty, by_plan = snapshot.sum(axis=(3, 4)), snapshot.sum(axis=(2, 4))
        dying = snapshot[..., 1].sum(axis=2)
        coordinated = (proxy.coordinated_without_care_plan.value, proxy.coordinated_with_care_plan.value)
        planned = by_plan[..., 1]
        found = {
            "people": by_plan.sum(axis=-1),
            "frailty_steps": by_frailty @ np.arange(len(FRAILTIES)),
            "care_plan": planned,
            "end_of_life": dying.sum(axis=-1),
            "end_of_life_care_plan": dying[..., 1],
            "coordinated": by_plan @ np.array(coordinated),
            "self_managing": by_frailty @ np.array(proxy.self_managing.values)
            + proxy.self_managing_added_by_care_plan.value * planned,
        }
        return {name: values.astype(float) for name, values in found.items()}

    def wait_quantile(self, bins: Floats, share: float) -> Floats:
        """Minutes below which a share of the waits lie, by interpolation within the step; ``bins`` last axis."""
        edges = np.concatenate(([0.0, 1.0], np.exp(np.arange(1, _BINS) * _BIN_STEP)))
        reached = np.cumsum(bins, axis=-1)
        target = share * reached[..., -1:]
        found = np.argmax(reached >= target, axis=-1)
        inside = np.take_along_axis(bins, found[..., None], axis=-1)
        before = np.take_along_axis(reached, found[..., None], axis=-1) - inside
        with np.errstate(invalid="ignore", divide="ignore"):
            part = ((target - before) / inside)[..., 0]
        minutes: Floats = edges[found] + part * (edges[found + 1] - edges[found])
        return np.where(found == 0, np.where(reached[..., -1] > 0, 0.0, np.nan), minutes)

    def dates(self) -> list[dt.date]:
        """The measured days."""
        start = self.names.first_day + dt.timedelta(days=self.first_day)
        return [start + dt.timedelta(days=day) for day in range(self.days)]

    def months(self) -> dict[str, tuple[int, int]]:
        """First day, and the day after the last, of each complete calendar month, such as `2026-04`."""
        first_day = self.names.first_day + dt.timedelta(days=self.first_day)
        dates = [*self.dates(), first_day + dt.timedelta(days=self.days)]
        starts = [day for day, date in enumerate(dates) if date.day == 1]
        return {f"{dates[first]:%Y-%m}": (first, after) for first, after in pairwise(starts)}


@cache
def _wait_length() -> npt.NDArray[np.int16]:
    """Length, in steps of 4%, of a wait of so many minutes; the last is that of all longer waits."""
    shortest = np.ceil(np.exp(np.arange(_BINS - 1) * _BIN_STEP)).astype(np.int64)
    minutes = np.diff(shortest, prepend=0, append=_LONGEST_WAIT + 1)
    return np.repeat(np.arange(_BINS, dtype=np.int16), minutes)


def _stage_bits(names: Names) -> Ints:
    """What no stage is, and each stage."""
    bits = np.zeros(1 + len(names.stages), np.int64)
    flags = (names.acute, names.emergency_admission, names.overnight, names.community_bed)
    for bit, flagged in zip((ACUTE, EMERGENCY, OVERNIGHT, COMMUNITY_BED), flags, strict=True):
        bits[1 : 1 + len(flagged)] |= bit * np.array(flagged, np.int64)
    return bits
