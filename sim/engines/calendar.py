"""What the clock does to a place: midnights, opening and closing times, noon, and what each day brings to people."""

from __future__ import annotations

from collections.abc import Generator
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import simpy

from sim.plans.plan import QUARTER_DAYS
from sim.rules import DAY

if TYPE_CHECKING:
    from sim.engines.simpy_engine import Run

_NOON = 720
Process = Generator[simpy.Event, Any, None]


def calendar(run: Run) -> Process:
    """Day after day, each put on the clock a day ahead, so that its events are due before anything settles."""
    clock = run.environment
    day = int(clock.now) // DAY
    _schedule_closing(run, day - 1)
    _schedule_day(run, day)
    while True:
        _schedule_day(run, day + 1)
        day += 1
        yield clock.timeout(day * DAY - int(clock.now))


def _schedule_day(run: Run, day: int) -> None:
    if day >= run.tables.days:
        return
    quarter = day // QUARTER_DAYS
    if quarter > run.state.quarter:
        run.life.read_quarter(quarter)
    midnight = day * DAY
    run.at(midnight, run.new_day, day)
    run.at(midnight + _NOON, run.noon)
    opens, closes = run.tables.opens, run.tables.closes
    for minute in {opens[p][day] for p in range(len(opens)) if closes[p][day]}:
        run.at(midnight + minute, run.opens, day, minute)
    _schedule_closing(run, day)
    run.environment.process(_what_comes(run, day))


def _schedule_closing(run: Run, day: int) -> None:
    """Closing times of a day; one at 24:00 is due at the next midnight, perhaps in the next piece."""
    closes = run.tables.closes if day >= 0 else []
    for minute in {of_pool[day] for of_pool in closes if of_pool[day]}:
        run.at(day * DAY + minute, run.closes, day, minute)


def _what_comes(run: Run, day: int) -> Process:
    """What a day brings to people, minute by minute: life events, readmissions, plain arrivals."""
    now = int(run.environment.now)
    coming: list[tuple[int, list[Any], Any]] = []
    coming += [(point[0], run.due, point) for point in run.state.points.get(day, ())]
    coming += [(j.need_minute, run.returning, j) for j in run.state.readmissions.get(day, ())]
    coming += [(j.need_minute, run.arriving, j) for j in run.arrivals.of_day(day)]
    for minute, line, what in sorted(coming, key=itemgetter(0)):
        if minute > now:
            yield run.environment.timeout(minute - now)
            now = minute
        if minute == now:  # what is past stays past
            run.is_due(line, what)
