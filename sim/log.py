"""What happened: one row for each stay, and a census of stays that are still open.

Facts only; every average and percentile is a question put to these tables (measures/definitions.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

NEVER = -1
"""A time that has not come."""

STAY_COLUMNS: dict[str, str] = {
    "person": "person id, 4 x number within the age band + age band; for a plain arrival -1 - number of the stream",
    "generation": "how many lives before in this place of the population; for a plain arrival the day it came",
    "need": "64-bit key of the need the journey answers",
    "chain": "0 for the first journey of a need, then 1 more for each readmission or rebooking",
    "cause": "0 general, otherwise 1 + index of the condition",
    "severity": "index in system.SEVERITIES",
    "age": "index of the age band",
    "frailty": "index of frailty when the stay was asked for",
    "locality": "index of the locality",
    "stage": "index of the stage",
    "pool": "index of the pool",
    "asked": "minute the stage was asked for",
    "started": "minute it started, -1 if it never did",
    "ready": "minute the person was ready to leave (clinically, before delay), -1 if not yet",
    "left": "minute the place was freed, -1 if not yet",
    "process": "minutes of process delay drawn after ready",
    "sourcing": "minutes of sourcing delay drawn after process delay",
    "came_from": "index of the stage before, -1 for a need",
    "goes_to": "index of the stage after, -1 home",
    "outcome": "index in OUTCOMES",
    "pathway": "0 to 3 for P0 to P3, -1 if the leaving has no discharge pathway",
    "flags": "bits, see FLAGS",
}
"""Columns of a stay, all whole numbers, with their meaning. Times are minutes from the start of warm-up."""

OUTCOMES = ("open", "home", "moved", "died", "gave_up", "diverted", "escalated", "cancelled", "ended", "lost_place")
"""How a stay ended: still open; went home; moved to the next stage; died there; was never seen and dropped out; was
not seen and went elsewhere; left the queue by an outlet; was cancelled; a residence support that is no longer
needed; a residence place given up after too long in hospital."""

FLAGS = {
    "readmission": 1,
    "early": 2,
    "pressed": 4,
    "threshold": 8,
    "rebooked": 16,
    "prefilled": 32,
    "care_plan": 64,
    "end_of_life": 128,
    "residence_care_home": 256,
    "residence_home_with_care": 512,
}
"""Rule flags: a drawn readmission; left early to another stage; shortened by pressure; admitted because beds were
free; rebooked after a cancellation; in the place when the clock started; had a care plan; was nearing the end of
life; lived in a care home, or at home with care, when the stay was asked for."""

COUNT_COLUMNS: dict[str, str] = {
    "minute": "minute it happened",
    "kind": "index in EVENTS",
    "person": "person id; -1 for everybody, -1 - number of the programme for outpatients of its members",
    "generation": "how many lives before",
    "age": "index of the age band",
    "frailty": "index of frailty",
    "locality": "index of the locality",
    "detail": "see EVENTS",
}
"""Columns of an event that is not a stay."""

EVENTS = (
    "death",
    "end_of_life",
    "dropped_need",
    "enrolled",
    "left_programme",
    "would_be_enrolled",
    "need_avoided",
    "gp_shed",
    "outpatients",
    "recognised",
    "managed",
    "lapsed",
    "newly_ill",
    "complication",
    "outpatients_of_members",
)
"""Events: a death (detail 0 at home, 1 care home, 2 acute hospital, 3 other bed); entering the end-of-life state; a
need that came while the person was already in urgent care or a bed (detail severity); enrolment, leaving (the dead
too), and being picked without the programme running (detail programme); a need kept from happening by levers (detail
severity); minutes of routine GP work shed (detail minutes); outpatient attendances of everybody of an age and
locality (detail thousandths a day, until they are worked out again, see plan.WORKLOAD_DAYS); a condition recognised,
managed, no longer managed, and somebody newly ill in the place of somebody recognised (detail number of the condition
among those followed); a complication (detail its number); outpatient attendances of all members of a programme of an
age and locality, where it does not run of those who would be (detail as for everybody)."""


@dataclass(frozen=True)
class StayLog:
    """What happened in a piece of a run.

    ``ended`` and ``open`` map each of STAY_COLUMNS to an array of whole numbers (``need`` uint64), one entry a stay;
    ``events`` maps COUNT_COLUMNS likewise. Rows come in any order (``in_order`` sorts them). ``open`` is the census
    at ``until_minute``; stays are in ``ended`` of the piece in which they ended.
    """

    from_minute: int
    until_minute: int
    ended: dict[str, npt.NDArray[np.int64]]
    open: dict[str, npt.NDArray[np.int64]]
    events: dict[str, npt.NDArray[np.int64]]
    persons: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    """People alive at ``until_minute``: age, frailty, locality, residence, end_of_life, care_plan. Where the course of
    a condition is followed also, as bits of those followed, has, recognised and managed; and limited, what is left of
    the days limited by symptoms after programmes, in thousandths."""


Table = dict[str, npt.NDArray[np.int64]]

_ORDER = {
    "ended": ("person", "generation", "need", "chain", "asked", "stage"),
    "open": ("person", "generation", "need", "chain", "asked", "stage"),
    "events": ("minute", "person", "generation", "kind", "detail"),
}
"""Columns the rows of each table are sorted by, the first counting most; all others settle what is left open.

Two stays may be alike in all of these: somebody readmitted and rebooked for one need, who asks at the same minute.
"""


def in_order(log: StayLog) -> StayLog:
    """The same log, the rows of each table sorted, so that logs of two engines can be compared."""
    ended, still_open, events = (_sorted(getattr(log, name), by) for name, by in _ORDER.items())
    return replace(log, ended=ended, open=still_open, events=events)


def _sorted(table: Table, by: tuple[str, ...]) -> Table:
    rows = np.lexsort([table[name] for name in reversed((*by, *sorted(table.keys() - by)))])
    return {name: column[rows] for name, column in table.items()}


def differences(a: StayLog, b: StayLog) -> list[str]:
    """Where two logs differ, whatever the order of their rows: a sentence for each column, none if they are equal."""
    found = []
    if (a.from_minute, a.until_minute) != (b.from_minute, b.until_minute):
        found.append(f"minutes: {a.from_minute} to {a.until_minute} and {b.from_minute} to {b.until_minute}")
    a, b = in_order(a), in_order(b)
    for name in (*_ORDER, "persons"):
        found += _unlike(name, getattr(a, name), getattr(b, name))
    return found


def _unlike(name: str, a: Table, b: Table) -> list[str]:
    """Where two sorted tables differ."""
    if a.keys() != b.keys():
        return [f"{name}: columns {', '.join(a)} and {', '.join(b)}"]
    rows, others = (len(next(iter(table.values()), ())) for table in (a, b))
    if rows != others:
        return [f"{name}: {rows:,} and {others:,} rows"]
    found = []
    for column in a:
        at = np.flatnonzero(a[column] != b[column])
        if len(at):
            first = f"first {a[column][at[0]]} and {b[column][at[0]]}"
            found.append(f"{name}, {column}: {len(at):,} of {rows:,} rows, {first}")
    return found
