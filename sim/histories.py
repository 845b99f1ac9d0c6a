"""What needs a person's past: readmissions, admissions before death, people admitted again and again.

A life is a person and generation; life and minute are packed into one whole number, so that "the next admission of
this life" is a binary search. Only what may still matter is kept between pieces of a run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

DAY = 1440
FOLLOW_UP = 30 * DAY
"""Minutes after a discharge in which an admission is a readmission."""
REMEMBERED = 100 * DAY
"""Minutes an admission is remembered for the last days of life."""
_MINUTE_BITS = 24
"""2^24 minutes are 31 years, more than the longest run and follow-up."""
_LIFE_BITS = 12
_YEAR_BITS = 6


def life(column: Mapping[str, Ints]) -> Ints:
    """One number for each person and generation; generations below 4,096."""
    return (column["person"] << _LIFE_BITS) | column["generation"]


class Histories:
    """Admissions and discharges of the recent past, and admissions of people 65+ by year."""

    def __init__(self, ages: int, localities: int) -> None:
        self._shape = (ages, localities)
        self._admissions = np.empty(0, np.int64)
        self._pending: dict[str, Ints] = {
            name: np.empty(0, np.int64) for name in ("person", "generation", "age", "locality", "minute")
        }
        self._older: list[Ints] = []

    def admitted(self, column: Mapping[str, Ints], chosen: npt.NDArray[np.bool_]) -> None:
        """Remember emergency admissions that began in this piece."""
        minute = column["started"][chosen]
        lives = life(column)[chosen]
        self._admissions = np.sort(np.concatenate((self._admissions, (lives << _MINUTE_BITS) | minute)))
        age, locality = column["age"][chosen], column["locality"][chosen]
        older = age > 0
        self._older.append(np.stack((lives, minute, age, locality))[:, older])

    def discharged(self, column: Mapping[str, Ints], chosen: npt.NDArray[np.bool_]) -> None:
        """Remember live discharges until they have been followed up."""
        for name, kept in self._pending.items():
            new = column["left" if name == "minute" else name][chosen]
            self._pending[name] = np.concatenate((kept, new))

    def followed_up(self, until_minute: int) -> tuple[dict[str, Ints], npt.NDArray[np.bool_]]:
        """Discharges whose 30 days are over, and which of them were followed by an admission; they are forgotten."""
        over = self._pending["minute"] + FOLLOW_UP < until_minute
        done = {name: values[over] for name, values in self._pending.items()}
        self._pending = {name: values[~over] for name, values in self._pending.items()}
        return done, self._admissions_between(life(done), done["minute"], done["minute"] + FOLLOW_UP) > 0

    def before_death(self, died: Mapping[str, Ints], days: int) -> Ints:
        """Emergency admissions of each of the dead in the last so many days of life."""
        return self._admissions_between(life(died), np.maximum(died["minute"] - days * DAY, 0), died["minute"])

    def forget_before(self, until_minute: int) -> None:
        """Forget admissions too old to matter for later pieces."""
        minute = self._admissions & ((1 << _MINUTE_BITS) - 1)
        self._admissions = self._admissions[minute >= until_minute - REMEMBERED]

    def repeated(self, warm_up: int, years: int) -> npt.NDArray[np.float64]:
        """Admissions of people 65+ with two or more in an index year, by years since.

        Returns an array ``[index year, years since, 2, age, locality]``: their admissions, and those of everybody of
        the group in the index year (same for each year since). Years not yet run are NaN.
        """
        found = np.full((years, years, 2, *self._shape), np.nan)
        lives, minute, age, locality = np.concatenate(self._older, axis=1) if self._older else np.empty((4, 0), int)
        year = (minute - warm_up) // (365 * DAY)
        cell = age * self._shape[1] + locality
        for index in range(years):
            this_year = year == index
            who, times = np.unique(lives[this_year], return_counts=True)
            chosen = np.isin(lives, who[times >= 2])
            everybody = self._by_cell(cell[this_year])
            for since in range(years - index):
                theirs = self._by_cell(cell[chosen & (year == index + since)])
                found[index, since] = np.stack((theirs, everybody))
        return found

    def _by_cell(self, cell: Ints) -> npt.NDArray[np.float64]:
        counts = np.bincount(cell, minlength=self._shape[0] * self._shape[1])
        return counts.reshape(self._shape).astype(float)

    def _admissions_between(self, lives: Ints, first: Ints, last: Ints) -> Ints:
        """Number of remembered admissions of each life from ``first`` to ``last``, both included."""
        packed = lives << _MINUTE_BITS
        low = np.searchsorted(self._admissions, packed | first, side="left")
        high = np.searchsorted(self._admissions, packed | last, side="right")
        return (high - low).astype(np.int64)
