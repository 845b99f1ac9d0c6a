"""What needs a person's past: readmissions, admissions before death, people admitted again and again.

A life is a person and generation; life and minute are packed into one whole number, so that "the next admission of
this life" is a binary search. Two numbers are kept for each admission, discharge and death of the run, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim.log import EVENTS
from sim.measures.counting import YEAR_DAYS, Ints
from sim.rules import DAY

FOLLOW_UP = 30 * DAY
"""Minutes after a discharge in which an admission is a readmission."""
_MINUTE_BITS = 24
"""2^24 minutes are 31 years, more than the longest run and follow-up."""
_LIFE_BITS = 12
"""Generations are below 4,096."""
_MINUTES = (1 << _MINUTE_BITS) - 1
_ENROLLED, _WOULD_BE_ENROLLED = EVENTS.index("enrolled"), EVENTS.index("would_be_enrolled")


def life_of(person: Ints, generation: Ints) -> Ints:
    """Person and generation in one number; the life before in the same place is 1 less."""
    return person.astype(np.int64, copy=False) << _LIFE_BITS | generation


def moment(life: Ints, minute: Ints | int) -> Ints:
    """Life and minute in one number, in the order of lives and then of time."""
    return life << _MINUTE_BITS | minute


def person_of(packed: Ints) -> Ints:
    """Person of each life and minute in one number."""
    return packed >> _LIFE_BITS + _MINUTE_BITS


def life_and_minute(packed: Ints) -> tuple[Ints, Ints]:
    """Each of the two in one number."""
    return packed >> _MINUTE_BITS, packed & _MINUTES


def between(moments: Ints, first: Ints, last: Ints) -> Ints:
    """Number of moments, sorted, from ``first`` to ``last``, both included and of the same life."""
    low, high = np.searchsorted(moments, first, side="left"), np.searchsorted(moments, last, side="right")
    return (high - low).astype(np.int64)


@dataclass
class Moments:
    """Moments in lives: life and minute in one number, and who it was (age band and locality in one number)."""

    localities: int
    packed: list[Ints] = field(default_factory=lambda: [np.empty(0, np.int64)])
    who: list[Ints] = field(default_factory=lambda: [np.empty(0, np.int64)])

    def add(self, column: Mapping[str, Ints], time: str, rows: Ints) -> None:
        """Remember the ``time`` of some rows."""
        person, generation, minute = (
            column[name][rows].astype(np.int64, copy=False) for name in ("person", "generation", time)
        )
        self.packed.append(moment(life_of(person, generation), minute))
        self.who.append(column["age"][rows] * self.localities + column["locality"][rows])

    def copy(self) -> Moments:
        """A copy that can be added to without changing this one."""
        return Moments(self.localities, [*self.packed], [*self.who])

    def together(self) -> tuple[Ints, Ints]:
        """All of them, sorted by life and minute, and who it was."""
        packed, who = np.concatenate(self.packed), np.concatenate(self.who)
        order = np.argsort(packed)
        return packed[order], who[order]


class Histories:
    """Emergency and planned admissions, live discharges and deaths of a run, and who joined which programme when."""

    def __init__(self, localities: int) -> None:
        self.localities = localities
        self.admissions = Moments(localities)
        self.discharges = Moments(localities)
        self.deaths = Moments(localities)
        self.planned = Moments(localities)
        self.joined: dict[int, Moments] = {}
        """By programme: when people were enrolled or, where it is only followed, would have been."""

    def copy(self) -> Histories:
        """A copy that can be added to without changing this one."""
        other = Histories(self.localities)
        other.admissions, other.discharges = self.admissions.copy(), self.discharges.copy()
        other.deaths, other.planned = self.deaths.copy(), self.planned.copy()
        other.joined = self.joined
        return other

    def sorted_admissions(self) -> Ints:
        """Life and minute of each admission, sorted."""
        return np.sort(np.concatenate(self.admissions.packed))

    def followed_up(self, admissions: Ints, until_minute: int) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Who was discharged and when, of those whose 30 days are over; and whether an admission followed."""
        packed, who = self.discharges.together()
        over = (packed & _MINUTES) + FOLLOW_UP < until_minute
        packed, who = packed[over], who[over]
        return who, packed & _MINUTES, between(admissions, packed, packed + FOLLOW_UP) > 0

    def add_members(self, events: Mapping[str, Ints]) -> None:
        """Remember who joined each programme."""
        rows = np.flatnonzero((events["kind"] == _ENROLLED) | (events["kind"] == _WOULD_BE_ENROLLED))
        for programme in np.unique(events["detail"][rows]).tolist():
            of_it = self.joined.setdefault(programme, Moments(self.localities))
            of_it.add(events, "minute", rows[events["detail"][rows] == programme])

    def of_members(self, moments: Moments, programme: int) -> tuple[Ints, Ints]:
        """Who, and when, of the moments after the person had joined a programme, also those after leaving it again.

        Leaving is not looked at because it is only known where the programme runs.
        """
        packed, who = moments.together()
        joined = self.joined.get(programme, Moments(self.localities)).together()[0]
        since = between(joined, packed & ~_MINUTES, packed) > 0
        return who[since], (packed & _MINUTES)[since]

    def before_death(self, admissions: Ints, *days: int) -> tuple[Ints, Ints, list[Ints]]:
        """Who died and when, and their emergency admissions in the last so many days of life."""
        packed, who = self.deaths.together()
        minute = packed & _MINUTES
        last = [between(admissions, packed - np.minimum(minute, each * DAY), packed) for each in days]
        return who, minute, last

    def repeated(self, ages: int, warm_up: int, years: int) -> npt.NDArray[np.float64]:
        """Admissions of people 65+ with two or more in an index year, by years since.

        Returns an array ``[index year, years since, 2, age, locality]``: their admissions, and those of everybody of
        the group in the index year (same for each year since). Years not yet run are NaN.
        """
        shape, cells = (ages, self.localities), ages * self.localities
        found = np.full((years, years, 2, *shape), np.nan)
        packed, who = np.concatenate(self.admissions.packed), np.concatenate(self.admissions.who)
        year = ((packed & _MINUTES) - warm_up) // (YEAR_DAYS * DAY)
        older = (who >= self.localities) & (year >= 0) & (year < years)
        sort_key = (packed[older] >> _MINUTE_BITS) * (years * cells) + year[older] * cells + who[older]
        lives, when_and_who = np.divmod(np.sort(sort_key), max(years * cells, 1))
        year = when_and_who // cells
        life = np.cumsum(np.diff(lives, prepend=lives[:1]) != 0)
        times = np.bincount(life * years + year, minlength=years * (life[-1] + 1) if len(life) else 0)
        everybody = np.bincount(when_and_who, minlength=years * cells).reshape(years, *shape)
        for index in range(years):
            again = times.reshape(-1, years)[:, index][life] >= 2
            theirs = np.bincount(when_and_who[again], minlength=years * cells).reshape(years, *shape)
            found[index, : years - index, 0] = theirs[index:]
            found[index, : years - index, 1] = everybody[index]
        return found
