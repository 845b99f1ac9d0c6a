"""The compiled engine: the same rules on the same plan and draws as the SimPy engine, many times faster.

``engines/__init__.py`` states the contract. Compiled code carries a state on from instant to instant (``fast_run.py``);
here are its beginning, its end, and what compiled code cannot do itself: longer arrays, and writing the log.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import draws
from sim.engines.fast_courses import course_census
from sim.engines.fast_life import TOO_MANY_POINTS, read_courses, read_people, sort_points
from sim.engines.fast_log import LIVING, NARROW, read_off, who_lives, write_census
from sim.engines.fast_memory import handed, read_alike
from sim.engines.fast_programmes import candidates, enrol, is_ranking_day, leave_programme, scores
from sim.engines.fast_run import DONE, MORE_ROOM, RANK, READ_QUARTER, run, wake
from sim.engines.fast_start import first_state
from sim.engines.fast_state import ENDED, POINT, STATUS_LIVE, FastState, copied, empty, in_bytes, longer
from sim.engines.fast_tables import FastTables, fast_tables
from sim.engines.fast_workload import count_workload
from sim.engines.gridlock import refuse_gridlock
from sim.engines.programmes import YEAR_MINUTES
from sim.engines.tables import kept_for_plans
from sim.errors import RunError
from sim.log import COUNT_COLUMNS, NEVER, STAY_COLUMNS, StayLog
from sim.plans.plan import QUARTER_DAYS, Plan

_DAY = 1440


class State:
    """Everything a run needs to go on from ``minute``; arrays of ``fast_state.FastState``."""

    def __init__(self, arrays: FastState, plan: Plan | None = None) -> None:
        self.here = handed(arrays)
        """Its arrays as compiled code takes them."""
        self._arrays = arrays
        self.clock = arrays.clock[0]
        """What there is one of, see ``fast_state.CLOCK``."""
        self.plan = plan
        """Plan that its queues, its lists of what is due and the points of this quarter are those of."""

    @property
    def arrays(self) -> FastState:
        """What it is made of. Arrays that are put in the place of others are told to compiled code at once."""
        return self._arrays

    @arrays.setter
    def arrays(self, arrays: FastState) -> None:
        self.here = handed(arrays, self.here)
        self._arrays = arrays
        self.clock = arrays.clock[0]

    @property
    def minute(self) -> int:
        """The next minute to be settled."""
        return int(self.clock.minute)

    def copy(self) -> State:
        """An independent copy, to be continued as another arm."""
        return State(copied(self.arrays), self.plan)


@kept_for_plans
def _handed_tables(plan: Plan) -> Any:
    """The plan's tables as compiled code takes them."""
    return handed(fast_tables(plan))


def start(plan: Plan, seed: int, replication: int) -> State:
    """The state at minute 0: the people of the place, and stages filled as expected or from a snapshot."""
    return State(first_state(plan, seed, replication))


def advance(state: State, plan: Plan, until_minute: int) -> StayLog:
    """Carry a state on to a minute, in place; what happened on the way."""
    from_minute = state.minute
    tables, t = fast_tables(plan), _handed_tables(plan)
    if state.plan is not plan:
        state.arrays = _fitted(state.arrays, plan, tables)
        wake(t, state.here)
        _read(t, state, fresh=False)
        state.plan = plan
    for day in (from_minute // _DAY, from_minute // _DAY + 1):
        if day < plan.days and day // QUARTER_DAYS > state.clock.quarter:
            _read(t, state, fresh=True)
    ended: list[Any] = []
    events: list[Any] = []
    while (wants := run(t, state.here, until_minute)) != DONE:
        if wants == READ_QUARTER:
            _read(t, state, fresh=True)
        elif wants == RANK:
            _rank(t, tables, state)
        elif wants == MORE_ROOM:
            _flush(state.arrays, ended, events)
            state.arrays = _with_room(state.arrays, tables)
    if state.clock.fault == TOO_MANY_POINTS:
        raise RunError(draws.TOO_MANY_POINTS)
    if state.clock.fault:
        raise RunError("the compiled engine ran out of room: please report it, and use --engine simpy meanwhile")
    _flush(state.arrays, ended, events)
    still_open = _census(t, state)
    _refuse_gridlock(plan, state.arrays, still_open)
    return _log(plan, state, from_minute, ended, events, still_open)


# -- what compiled code asks for -------------------------------------------------------------------------------------


def _read(t: Any, state: State, *, fresh: bool) -> None:
    """Read everybody's points of a quarter: of the next one, or what the plan now allows beyond what has been read."""
    s, clock = state.arrays, state.clock
    if fresh:
        clock.quarter += 1
        is_recent = s.admissions["minute"][: clock.admissions] > clock.minute - YEAR_MINUTES
        recent = in_bytes(s.admissions)[: clock.admissions][is_recent]
        in_bytes(s.admissions)[: len(recent)] = recent
        clock.admissions = len(recent)
    if clock.quarter < 0 or not len(s.people):
        return
    for read in (read_people, read_courses) if len(s.course_bounds) else (read_people,):
        first = 0
        while (first := read(t, state.here, first, fresh)) < len(s.people):
            state.arrays = state.arrays._replace(points=longer(state.arrays.points, 2 * len(state.arrays.points)))
    s = state.arrays
    if len(s.in_order) < len(s.points):
        s = state.arrays = s._replace(in_order=empty(len(s.points), POINT), due=np.zeros(len(s.points), np.int32))
    sort_points(state.here)
    state.arrays = s._replace(points=s.in_order, in_order=s.points)


def _rank(t: Any, tables: FastTables, state: State) -> None:
    """On ranking days people leave programmes, and those with the highest risk scores take the free places."""
    day = state.minute // _DAY
    for i, programme in enumerate(tables.programmes):
        if not is_ranking_day(t, i, day):
            continue
        needed = _events_needed(state.arrays, tables)
        if needed > len(state.arrays.events):
            state.arrays = state.arrays._replace(events=longer(state.arrays.events, int(1.5 * needed)))
        leave_programme(t, state.here, i)
        rows = candidates(t, state.here, i)
        free = len(rows) if programme.caseload < 0 else int(programme.caseload) - int(state.arrays.members[i])
        if programme.top < 100.0 or free < len(rows):
            chosen = round(len(rows) * float(programme.top) / 100.0)
            rows = _highest(rows, scores(t, state.here, i, rows), chosen)
        enrol(t, state.here, i, rows, free)
    count_workload(t, state.here)


def _events_needed(s: FastState, tables: FastTables) -> int:
    """Room for all that a ranking day may write down: two events of everybody beside what the instant may bring."""
    live = int(s.clock[0].journeys_live + tables.place[0].most_arrivals) + _ROOM
    return int(s.clock[0].events) + 2 * (len(s.people) + live)


def _highest(rows: Any, risk: Any, number: int) -> Any:
    """So many rows with the highest scores, highest first; of equals the earlier row."""
    if 0 < number < len(rows):
        kept = risk >= np.partition(risk, len(rows) - number)[len(rows) - number]
        rows, risk = rows[kept], risk[kept]
    return rows[np.argsort(-risk, kind="stable")[:number]]


_ROOM = 8192
"""Rows kept free beyond what is in use (twice what an instant may need beyond one a live journey)."""


def _with_room(s: FastState, tables: FastTables) -> FastState:
    """The state with longer arrays where an instant might need more than there is."""
    c = s.clock[0]
    live = int(c.journeys_live + tables.place[0].most_arrivals) + _ROOM
    needed = {
        "journeys": c.journeys_top + live, "ended": 8 * live, "events": 2 * live, "supports": c.supports_top + _ROOM,
        "extra": c.extra_top + _ROOM, "admissions": c.admissions + live, "away": c.away + _ROOM,
    }  # fmt: skip
    rows = {name: len(getattr(s, name)) for name in needed}
    rows |= {name: int(1.5 * number) for name, number in needed.items() if number > rows[name]}
    rows |= dict.fromkeys(("visits", "over", "early", "returning", "arriving", "joining", "spare"), rows["journeys"])
    arrays = {name: longer(getattr(s, name), number) for name, number in rows.items() if number > len(getattr(s, name))}
    if s.queue.shape[1] < rows["journeys"]:
        arrays["queue"] = longer(s.queue, rows["journeys"], axis=1)
    return s._replace(**arrays)


def _fitted(s: FastState, plan: Plan, tables: FastTables) -> FastState:
    """The state with rows for everything a plan has: an arm may add pools, stages and programmes at the end."""
    pools, stages, programmes = len(plan.names.pools), len(plan.names.stages), len(plan.programme_active)
    of_pool = (
        "occupied", "slots_left", "seen_today", "gp_fraction", "asking", "touched", "touch_list", "this_pass", "queue",
        "queue_from", "queue_to",
    )  # fmt: skip
    grown: dict[str, Any] = {name: longer(getattr(s, name), pools) for name in of_pool if len(getattr(s, name)) < pools}
    if s.visits.shape[1] < stages:
        grown["visits"] = longer(s.visits, stages, axis=1)
    grown["closing"] = np.zeros((2 * pools, 3), np.int64)
    grown["by_day"] = np.full((2, plan.days + 2), -1, np.int32)
    if len(s.members) < programmes:
        enrolled = np.full((programmes, len(s.people)), -1, np.int32)
        enrolled[: len(s.members)] = s.enrolled
        grown |= {"enrolled": enrolled, "members": longer(s.members, programmes)}
    return _with_room(s._replace(**grown), tables)


def _refuse_gridlock(plan: Plan, s: FastState, still_open: dict[str, Any]) -> None:
    """Stop a run in which everybody waits, for good, for a place held by somebody who waits, and say so."""
    if 2 * (still_open["started"] == NEVER).sum() != len(still_open["started"]):
        return  # more stays than waits, or the other way round: somebody does not both stay and wait
    rows = s.journeys[: s.clock[0].journeys_top].view(np.ndarray)
    live = rows[(rows["status"] == STATUS_LIVE) & (rows["over"] == 0)]
    if ((live["stage"] >= 0) & (live["wait_stage"] >= 0)).all():
        waits = zip(live["wait_stage"].tolist(), live["wait_pool"].tolist(), strict=True)
        refuse_gridlock(plan, int(s.clock[0].minute), waits, s.occupied)


# -- the log --------------------------------------------------------------------------------------------------------


def _flush(s: FastState, ended: list[Any], events: list[Any]) -> None:
    """Take what has been written down since the last time."""
    clock = s.clock[0]
    ended.append(_stays(s.ended[: clock.ended]))
    written = s.events[: clock.events].view(np.ndarray)
    events.append({name: written[name].copy() for name in COUNT_COLUMNS})
    clock.ended = clock.events = 0


def _log(
    plan: Plan, state: State, from_minute: int, ended: list[Any], events: list[Any], still_open: dict[str, Any]
) -> StayLog:
    return StayLog(
        from_minute=from_minute,
        until_minute=state.minute,
        ended=_joined(ended),
        open=still_open,
        events=_joined(events),
        persons=dict(zip(LIVING, who_lives(state.here), strict=True)) | _course_columns(plan, state),
    )


def _course_columns(plan: Plan, state: State) -> dict[str, Any]:
    """Further columns of the living where the course of a condition is followed."""
    if not len(plan.course_condition):
        return {}
    columns = course_census(_handed_tables(plan), state.here)
    return dict(zip(("has", "recognised", "managed", "limited"), columns, strict=True))


def _stays(rows: Any) -> dict[str, Any]:
    """Rows of stays as columns."""
    words, narrow = np.empty((2, len(rows)), np.uint64), np.empty((len(NARROW), len(rows)), np.int32)
    read_off(read_alike(rows), words, narrow)
    columns = dict(zip(NARROW, narrow, strict=True)) | {"person": words[0].view(np.int64), "need": words[1]}
    return {name: columns[name] for name in STAY_COLUMNS}


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _census(t: Any, state: State) -> dict[str, Any]:
    """Stays in progress and waits as columns; the log has been emptied."""
    s = state.arrays
    most = 2 * int(s.clock[0].journeys_live) + int(s.clock[0].supports_top)
    if most > len(s.ended):
        s = state.arrays = s._replace(ended=empty(int(1.5 * most), ENDED))
    return _stays(s.ended[: write_census(t, state.here)])
