"""The state of a run of the compiled engine: record arrays for people, journeys, supports, points, the log.

Journeys and supports are rows that are used again when they are over, so memory is bounded by people and live
journeys. Row numbers never decide anything: ties are settled by id, as the contract says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.engines.fast_memory import LINE

Ints = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Rows = Any
"""A record array."""

_i1, _i2, _i4, _i8, _u8, _f8 = np.int8, np.int16, np.int32, np.int64, np.uint64, np.float64


def _fields(*parts: tuple[Any, str]) -> np.dtype[Any]:
    return np.dtype([(name, kind) for kind, names in parts for name in names.split()])


PERSON = _fields(
    (_u8, "key life"),
    (_f8, "multiplier"),
    (_i4, "person generation first_journey support conditions away last_admission"),
    (_i2, "busy lost_place"),
    (_i1, "age locality frailty residence end_of_life care_plan base_frailty memberships"),
)
"""A person, in one line of memory (64 bytes); what is seldom needed is in arrays of its own.

``memberships`` are of programmes with a caseload, which do something to their members only.
"""

JOURNEY = _fields(
    (_u8, "need pool_key key"),
    (_f8, "stay_ratio"),
    (_i4, "row person generation need_minute next next_of_person"),
    (_i4, "asked started ready process sourcing onward early flags"),
    (_i4, "wait_asked wait_flags wait_rank"),
    (_i2, "stage pool came_from wait_stage wait_pool wait_came_from route chain"),
    (_i1, "frailty wait_frailty dies status over busy pending leaver severity cause age locality"),
)
"""A journey with its stay in progress (stage -1: none) and the stay it waits for (wait_stage -1: none).

It takes two lines of memory (128 bytes).
"""

SUPPORT = _fields(
    (_u8, "need"),
    (_i8, "person"),
    (_i4, "row generation chain asked started flags next"),
    (_i2, "stage pool came_from"),
    (_i1, "severity cause age locality frailty"),
)
"""A residence support held beside journeys."""

POINT = _fields((_u8, "need"), (_f8, "height"), (_i4, "minute row generation next"), (_i1, "kind"))
"""A point of somebody's life: a need or another event that is to come."""

ADMISSION = _fields((_i4, "row generation minute"))

ENDED = _fields(
    (_u8, "need"),
    (_i8, "person"),
    (_i4, "generation chain asked started ready left process sourcing flags"),
    (_i2, "stage pool came_from goes_to pathway"),
    (_i1, "cause severity age frailty locality outcome"),
)
"""A row of the log of stays."""

EVENT = _fields((_i8, "person"), (_i4, "minute generation detail"), (_i1, "kind age frailty locality"))
"""A row of the log of events."""

CLOCK = _fields(
    (_u8, "seed replication people_key interventions_key"),
    (_f8, "gp_backlog gp_more"),
    (_i8, "minute phase day quarter point points extra_free extra_top journeys_free journeys_top journeys_live"),
    (_i8, "supports_free supports_top ended events admissions away over early due returning arriving joining"),
    (_i8, "closing touched outlets midnight fault"),
)
"""What there is one of: the time, the ends of lists, the number of entries of each buffer."""

STATUS_FREE, STATUS_LIVE, STATUS_RETURNING, STATUS_ARRIVING = range(4)


class FastState(NamedTuple):
    """Everything a run needs to go on; each array may be replaced by a longer one between instants."""

    clock: Rows
    people: Rows
    lasting: Floats
    """[people] propensity times deprivation, the same for all who live in this place one after the other."""
    propensity: Floats
    """[people] lasting multiplier of need that no record shows, the same for them too."""
    groups: Ints
    """[A, L] people, the same for the whole run."""
    bounds: Floats
    """[kind, people] height up to which points were read."""
    enrolled: Ints
    """[programmes, people] minute of enrolment, -1 if not a member."""
    members: Ints
    """[programmes]."""
    journeys: Rows
    visits: Ints
    """[journeys, stages] visits to each stage in this chain."""
    supports: Rows
    occupied: Ints
    """[P]."""
    slots_left: Ints
    seen_today: Ints
    gp_fraction: Floats
    asking: Ints
    """[P] people who wait for the pool, or are about to join its queue."""
    touched: Ints
    """[P] 1 if the pool has to be looked at."""
    touch_list: Ints
    """[P] the pools that have to be looked at, and room for those of one pass in plan order."""
    this_pass: Ints
    queue: Ints
    """[P, places] journeys in order."""
    queue_from: Ints
    """[P] first entry of the queue."""
    queue_to: Ints
    """[P] entry after the last."""
    points: Rows
    """Points in order of minute, from ``clock.point`` to ``clock.points``."""
    in_order: Rows
    """Room for putting points in order."""
    extra: Rows
    """Points that came up later, in lists by minute."""
    courses: Ints
    """[people, 2] bits of the conditions followed that are recognised, and managed; no rows if none is followed."""
    course_bounds: Floats
    """[people] height up to which steps of courses were read in this quarter; none if none is followed."""
    recognised: Ints
    """[conditions followed] people in whom each is recognised."""
    by_minute: Ints
    """[2, 1440] first journey, and first extra point, due at each minute of the day."""
    by_day: Ints
    """[2, days + 2] first journey, and first extra point, due on a later day."""
    admissions: Rows
    """Emergency admissions of the last year."""
    away: Ints
    """Rows of people with residence support who are in hospital."""
    over: Ints
    early: Ints
    returning: Ints
    arriving: Ints
    joining: Ints
    due: Ints
    """Points due now: numbers of ``points``, or -1 - number of ``extra``."""
    calendar: Ints
    """[1440] what the clock does at each minute of the day."""
    closing: Ints
    """[P, 3] pool, slots left, seen today."""
    spare: Ints
    """Room for a list of journeys."""
    ended: Rows
    events: Rows


def empty(rows: int, kind: np.dtype[Any]) -> Rows:
    """Record array of zeros that begins where a line of memory does."""
    room = np.zeros(rows * kind.itemsize + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + rows * kind.itemsize].view(kind).view(np.recarray)


def longer(array: Rows, rows: int, axis: int = 0) -> Rows:
    """The same array with more room at the end of an axis."""
    shape = list(array.shape)
    shape[axis] = rows
    grown = empty(rows, array.dtype) if array.dtype.names else np.zeros(shape, array.dtype)
    in_bytes(grown)[tuple(slice(0, n) for n in array.shape)] = in_bytes(array)
    return grown


def in_bytes(array: Rows) -> Rows:
    """The same array for copying: NumPy copies records field by field, which takes twenty times as long."""
    return array.view(np.ndarray).view(f"V{array.dtype.itemsize}") if array.dtype.names else array


def copied(state: FastState) -> FastState:
    """An independent copy; what has been written down, or put in order, stays behind."""
    return FastState(**{
        name: longer(array[:0] if name in _LEFT_BEHIND else array, len(array))
        for name, array in state._asdict().items()
    })  # fmt: skip


_LEFT_BEHIND = ("in_order", "ended", "events")
