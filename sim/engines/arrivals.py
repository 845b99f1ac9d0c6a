"""Plain arrivals of a run: who comes to each stream's stage on a day, a quarter of a year drawn at a time."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.draws import Floats, Ints, Purpose, Stream, Words, entity_key, run_key, scatter, uniforms
from sim.engines.state import Journey, State
from sim.engines.tables import Tables
from sim.plans.plan import QUARTER_DAYS

_OTHER = 7


class Arrivals:
    """Plain arrivals of one run."""

    def __init__(self, state: State, tables: Tables) -> None:
        self.state, self.tables = state, tables
        self._quarter = -1
        self._by_day: dict[int, list[Journey]] = {}

    def of_day(self, day: int) -> list[Journey]:
        """Plain arrivals of a day, each with its minute."""
        quarter = day // QUARTER_DAYS
        if quarter != self._quarter:
            self._quarter, self._by_day = quarter, {}
            for stream in range(len(self.tables.stream_to)):
                self._read(stream, quarter * QUARTER_DAYS)
        return self._by_day.pop(day, [])

    def _read(self, stream: int, first_day: int) -> None:
        """Arrivals of a stream in the quarter from a day."""
        plan, state = self.tables.plan, self.state
        rates = plan.stream_rate[stream, first_day : first_day + QUARTER_DAYS]
        days = np.arange(first_day, first_day + rates.size)
        key = entity_key(run_key(state.seed, state.replication, Stream.ARRIVALS + stream), 0)
        keys = np.full(rates.size, key, dtype=np.uint64)
        found = scatter(keys, days, 0, np.zeros(rates.size), rates, 1.0)
        of_day = days[found.entity]
        minutes = of_day * rules.DAY + _minute_of_day(plan.stream_hours[stream], found.position)
        row = -1 - stream
        for day, minute, need, age, locality in zip(
            of_day.tolist(), minutes.tolist(), found.key.tolist(),
            _choices(found.key, Purpose.ARRIVAL_AGE, plan.stream_ages[stream]),
            _choices(found.key, Purpose.ARRIVAL_LOCALITY, plan.stream_localities[stream]), strict=True,
        ):  # fmt: skip
            journey = Journey(row, row, day, minute, need, 0, _OTHER, 0, age, locality)
            self._by_day.setdefault(day, []).append(journey)


def _minute_of_day(hours: Floats, position: Floats) -> Ints:
    """Minute at each position in a day whose hours have these cumulative shares; even within the hour."""
    hour = np.searchsorted(hours[:-1], position, side="right")
    before = np.where(hour > 0, hours[hour - 1], 0.0)
    within = (position - before) / (hours[hour] - before)
    return np.asarray(hour * 60 + (within * 60).astype(np.int64))


def _choices(needs: Words, purpose: int, cumulative: Floats) -> list[int]:
    """``rules.choice`` for each need: index by cumulative shares."""
    chosen: list[int] = np.searchsorted(cumulative[:-1], uniforms(needs, 0, purpose), side="right").tolist()
    return chosen
