"""Daily counts of measured time by part, age band and locality: the arrays every measure is made from.

What is counted is decided in ``tally.py``; here is how: events on their day, people present at an instant, and time
to the minute, always clipped to one piece of the run and to measured time.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sim.log import StayLog
from sim.piece import DAY, Bools, Ints, Piece
from sim.plan import Names
from sim.proxies import proxies
from sim.quantities import AGES
from sim.system import RESIDENCES, SEVERITIES, WEEKDAYS

Floats = npt.NDArray[np.float64]

PATHWAYS = ("P0", "P1", "P2", "P3")
REASONS = ("process", "sourcing", "capacity")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
YEAR_DAYS = 365
"""A measured year is 365 days from the first measured day, leap years too, so that all years are equally long."""

PARTS: dict[str, str] = {
    "admissions": "one",
    "admissions_through_a_and_e": "one",
    "ambulatory_care_sensitive": "one",
    "referrals": "one",
    "planned": "one",
    "cancelled": "one",
    "attendances": "one",
    "a_and_e_left": "one",
    "within_four_hours": "one",
    "twelve_hours": "one",
    "gp_requests": "one",
    "gp_unseen": "unseen",
    "gp_minutes_shed": "one",
    "home_care_starts": "one",
    "care_home_entries": "one",
    "residents": "residence",
    "acute_hours": "one",
    "community_at_midnight": "one",
    "community_delayed": "one",
    "emergency_nights": "one",
    "nights_of_stays_ended": "one",
    "emergency_stays_ended": "one",
    "delayed": "pathway_or_none",
    "delayed_now": "one",
    "delayed_since": "one",
    "discharges": "pathway",
    "delays": "pathway",
    "delay_minutes": "pathway",
    "delay_parts": "pathway_reason",
    "discharges_followed": "one",
    "readmitted": "one",
    "pool_hours": "pool",
    "slots_used": "pool",
    "waiting_minutes": "pool",
    "waiting_after_minutes": "pool",
    "waits": "stage",
    "wait_minutes": "stage",
    "deaths": "place_of_death",
    "deaths_after_three": "one",
    "admissions_before_death": "one",
    "enrolled": "programme",
    "would_be_enrolled": "programme",
    "members": "programme",
    "needs_avoided": "severity",
    "dropped_needs": "severity",
}
"""What is counted, and the kind of parts it is counted by."""

WHOLE = frozenset({"pool_hours", "slots_used", "gp_minutes_shed"})
"""Counted for the whole place only, not by age and locality."""
HOURLY = frozenset({"acute_hours", "pool_hours"})
"""Counted on each hour instead of each day."""

_BIN_STEP = np.log(1.04)
_BINS = 2 + int(np.log(4 * YEAR_DAYS * DAY) / _BIN_STEP)


def part_labels(names: Names) -> dict[str, tuple[str, ...]]:
    """The words for the parts of each kind."""
    by_pathway = tuple(f"{pathway} {reason}" for pathway in PATHWAYS for reason in REASONS)
    return {
        "one": ("all",),
        "stage": names.stages,
        "pool": names.pools,
        "programme": names.programmes,
        "pathway": PATHWAYS,
        "pathway_or_none": (*PATHWAYS, "none"),
        "pathway_reason": by_pathway,
        "reason": (*REASONS, *by_pathway),
        "residence": RESIDENCES,
        "severity": SEVERITIES,
        "place_of_death": ("home", "care_home", "hospital", "other"),
        "unseen": ("gave_up", "diverted"),
        "bed": ("acute", "community"),
        "hour": tuple(str(hour) for hour in range(24)),
        "month": MONTHS,
        "weekday": WEEKDAYS,
    }


class DailyCounts:
    """Arrays ``[part, age, locality, day]`` (or hour) of measured time by the names of PARTS."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.parts = part_labels(names)
        self.warm_up = names.warm_up_minutes
        self.first_day = names.warm_up_minutes // DAY
        self.days = max((names.end_minute - names.warm_up_minutes) // DAY, 0)
        self.end = self.warm_up + self.days * DAY
        self.acute_pools = np.zeros(len(names.pools), dtype=bool)
        self.community_pools = np.zeros(len(names.pools), dtype=bool)
        self.arrays = {name: np.zeros((len(self.parts[kind]), *self._cells(name))) for name, kind in PARTS.items()}
        years = -(-self.days // YEAR_DAYS)
        self.wait_bins = np.zeros((len(names.stages), len(AGES), len(names.localities), years, _BINS))
        self.snapshots: list[tuple[int, dict[str, Floats]]] = []

    def _cells(self, name: str) -> tuple[int, int, int]:
        ages, localities = (1, 1) if name in WHOLE else (len(AGES), len(self.names.localities))
        return ages, localities, self.days * (24 if name in HOURLY else 1)

    def copy(self) -> DailyCounts:
        """A copy that can be counted on without changing this one."""
        return copy.deepcopy(self)

    def _cell(self, name: str, column: Mapping[str, Ints], part: Ints | int) -> Ints:
        """Index of part, age and locality in one number."""
        ages, localities, _ = self._cells(name)
        if name in WHOLE:
            return part + np.zeros_like(column["age"])
        return (part * ages + column["age"]) * localities + column["locality"]

    def count(
        self,
        name: str,
        column: Mapping[str, Ints],
        time: str,
        chosen: Bools,
        part: Ints | int = 0,
        weight: Ints | None = None,
    ) -> None:
        """Count the rows chosen on the day of their ``time``, each as 1 or as its weight."""
        day = column[time] // DAY - self.first_day
        chosen = chosen & (day >= 0) & (day < self.days)
        place = (self._cell(name, column, part) * self.days + day)[chosen]
        np.add.at(self.arrays[name].reshape(-1), place, 1.0 if weight is None else weight[chosen].astype(float))

    def census(
        self,
        name: str,
        piece: Piece,
        chosen: Bools,
        begin: Ints,
        part: Ints | int = 0,
        weight: Ints | None = None,
        every: int = DAY,
        past: bool = False,
    ) -> None:
        """Count who is present from ``begin`` until leaving at each midnight (or hour) of the piece.

        Present at an instant means begun at or before it and not left by it. With ``past`` the instants of earlier
        pieces are counted too.
        """
        low, high = (self.warm_up, self._window(piece)[1]) if past else self._window(piece)
        first, last = -(-low // every), -(-high // every)
        if last <= first:
            return
        chosen = chosen & (begin < piece.left)
        cell = self._cell(name, piece.column, part)[chosen]
        width, weights = last - first + 1, None if weight is None else weight[chosen]
        cells = int(np.prod(self.arrays[name].shape[:3]))
        change = np.zeros(cells * width)
        for sign, minute in ((1, begin), (-1, piece.left)):
            step = np.clip(-(-minute[chosen] // every), first, last) - first
            change += sign * np.bincount(cell * width + step, weights, minlength=cells * width)
        present = np.cumsum(change.reshape(cells, width), axis=1)[:, :-1]
        start = first - self.warm_up // every
        self.arrays[name].reshape(cells, -1)[:, start : start + width - 1] += present

    def time(self, name: str, piece: Piece, chosen: Bools, begin: Ints, end: Ints, part: Ints) -> None:
        """Add the minutes between ``begin`` and ``end`` to the days they lie in, to the minute."""
        low, high = self._window(piece)
        if high <= low:
            return
        begin, end = np.clip(begin, low, high), np.clip(end, low, high)
        chosen = chosen & (begin < end)
        cell = self._cell(name, piece.column, part)[chosen]
        first, days = low // DAY, -(-high // DAY) - low // DAY
        cells, width = int(np.prod(self.arrays[name].shape[:3])), days + 1
        within, after = np.zeros(cells * width), np.zeros(cells * width)
        for sign, minute in ((1, begin[chosen]), (-1, end[chosen])):
            place = cell * width + minute // DAY - first
            within += sign * np.bincount(place, DAY - minute % DAY, minlength=cells * width)
            after += sign * np.bincount(place, minlength=cells * width)
        whole_days = np.cumsum(after.reshape(cells, width), axis=1)[:, :-1] * DAY
        minutes = within.reshape(cells, width)[:, :-1]
        minutes[:, 1:] += whole_days[:, :-1]
        start = first - self.first_day
        self.arrays[name].reshape(cells, -1)[:, start : start + days] += minutes

    def _window(self, piece: Piece) -> tuple[int, int]:
        """The measured part of a piece: first minute, and the one after the last."""
        return max(piece.log.from_minute, self.warm_up), min(piece.log.until_minute, self.end)

    def wait_histogram(self, column: Mapping[str, Ints], chosen: Bools, wait: Ints) -> None:
        """Count waits by length, in steps of 4%, and by the year they were asked for."""
        day = column["asked"] // DAY - self.first_day
        chosen = chosen & (day >= 0) & (day < self.days)
        length = np.minimum(1 + np.log(np.maximum(wait, 1)) / _BIN_STEP, _BINS - 1).astype(np.int64)
        length[wait < 1] = 0
        year = day // YEAR_DAYS
        where = (column["stage"], column["age"], column["locality"], year, length)
        np.add.at(self.wait_bins, tuple(index[chosen] for index in where), 1)

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

    def joined(self, events: Mapping[str, Ints], chosen: Bools, step: int) -> None:
        """Change the number of members from the next midnight on; those of the warm-up count from the first."""
        day = np.maximum(-(-events["minute"] // DAY) - self.first_day, 0)
        chosen = chosen & (day < self.days)
        place = self._cell("members", events, events["detail"]) * self.days + day
        np.add.at(self.arrays["members"].reshape(-1), place[chosen], step)

    def add_snapshot(self, log: StayLog) -> None:
        """Remember what is only known of the people alive at the end of a piece."""
        people = log.persons
        if not people or log.until_minute <= self.warm_up:
            return
        shape = (len(AGES), len(self.names.localities))
        cell = people["age"] * shape[1] + people["locality"]
        planned, dying = people["care_plan"] > 0, people["end_of_life"] > 0
        proxy = proxies()
        coordinated = (proxy.coordinated_without_care_plan.value, proxy.coordinated_with_care_plan.value)
        managing = np.array(proxy.self_managing.values)[people["frailty"]]
        weights = {
            "people": np.ones(len(cell)),
            "frailty_steps": people["frailty"] * 1.0,
            "care_plan": planned * 1.0,
            "end_of_life": dying * 1.0,
            "end_of_life_care_plan": (planned & dying) * 1.0,
            "coordinated": np.where(planned, coordinated[1], coordinated[0]),
            "self_managing": managing + proxy.self_managing_added_by_care_plan.value * planned,
        }
        size = shape[0] * shape[1]
        found: dict[str, Floats] = {
            name: np.bincount(cell, weight, size).reshape(shape).astype(float) for name, weight in weights.items()
        }
        self.snapshots.append((log.until_minute, found))

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
