"""Writing down what happened: rows of stays and events, turned into a StayLog at the end of each piece."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.engines.state import Journey, State, Stay
from sim.log import COUNT_COLUMNS, EVENTS, NEVER, OUTCOMES, STAY_COLUMNS, StayLog
from sim.plans.plan import Plan

OUTCOME = {name: i for i, name in enumerate(OUTCOMES)}
EVENT = {name: i for i, name in enumerate(EVENTS)}
_DIED = OUTCOME["died"]
_STAY_ORDER = ("stage", "asked", "need", "chain", "generation", "person")
_EVENT_ORDER = ("detail", "kind", "generation", "person", "minute")


class Recorder:
    """Rows of one piece of a run."""

    def __init__(self, plan: Plan) -> None:
        self._ended, self._events = _Rows(tuple(STAY_COLUMNS)), _Rows(tuple(COUNT_COLUMNS))
        self._pathway: list[int] = plan.route_pathway.tolist()

    def ended(self, journey: Journey, stay: Stay, left: int, outcome: str, goes_to: int = -1) -> None:
        """A stay, or the wait for one that never started, that came to an end."""
        self._ended.add(self._row(journey, stay, left, OUTCOME[outcome], goes_to))

    def event(self, kind: str, minute: int, state: State, row: int, detail: int) -> None:
        """Something that is not a stay and happened to a person."""
        people = state.persons
        self._events.add(
            (minute, EVENT[kind], people.person[row], people.generation[row], people.age[row], people.frailty[row],
             people.locality[row], detail)
        )  # fmt: skip

    def count(self, kind: str, minute: int, detail: int) -> None:
        """Something that happened to the place and to nobody in particular."""
        self._events.add((minute, EVENT[kind], -1, 0, 0, 0, 0, detail))

    def place_event(self, kind: str, minute: int, age: int, locality: int, detail: int, person: int) -> None:
        """Something of everybody, or of all members of a programme, of an age and locality."""
        self._events.add((minute, EVENT[kind], person, 0, age, 0, locality, detail))

    def _row(self, j: Journey, s: Stay, left: int, outcome: int, goes_to: int) -> tuple[int, ...]:
        live = s.route >= 0 and outcome != _DIED and s.started != NEVER
        return (
            j.person, j.generation, _signed(j.need), j.chain, j.cause, j.severity, j.age, s.frailty, j.locality,
            s.stage, s.pool, s.asked, s.started, s.ready if left == NEVER or s.ready <= left else left, left,
            s.process, s.sourcing, s.came_from, goes_to, outcome, self._pathway[s.route] if live else -1, s.flags,
        )  # fmt: skip

    def log(self, state: State, from_minute: int, further: Mapping[str, list[int]]) -> StayLog:
        """The piece from ``from_minute`` to the state's minute: what ended, what is open, and the living.

        ``further`` are columns of the living beside those always there.
        """
        still_open = _Rows(tuple(STAY_COLUMNS))
        for journey in state.journeys:
            for stay in (journey.stay, journey.waiting):
                if stay is not None:
                    still_open.add(self._row(journey, _seen(stay, state.minute), NEVER, 0, -1))
        for support in state.supports.values():
            still_open.add(self._row(support.journey, support.stay, NEVER, 0, -1))
        people = state.persons
        persons = {
            name: np.fromiter(getattr(people, name), np.int64, len(people.age))
            for name in ("age", "frailty", "locality", "residence", "end_of_life", "care_plan")
        } | {name: np.array(column, dtype=np.int64) for name, column in further.items()}
        return StayLog(
            from_minute=from_minute,
            until_minute=state.minute,
            ended=self._ended.table(_STAY_ORDER),
            open=still_open.table(_STAY_ORDER),
            events=self._events.table(_EVENT_ORDER),
            persons=persons,
        )


class _Rows:
    """Rows of whole numbers, one after the other."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names, self._numbers = names, array("q")

    def add(self, row: tuple[int, ...]) -> None:
        self._numbers.extend(row)

    def table(self, order: tuple[str, ...]) -> dict[str, npt.NDArray[np.int64]]:
        """A column for each name, the rows in this order."""
        rows = np.array(self._numbers, dtype=np.int64).reshape(-1, len(self._names))
        columns: dict[str, Any] = {name: rows[:, i] for i, name in enumerate(self._names)}
        if "need" in columns:
            columns["need"] = columns["need"].view(np.uint64)
        in_order = np.lexsort([columns[name] for name in order])
        return {name: column[in_order] for name, column in columns.items()}


def _signed(key: int) -> int:
    """The 64 bits of a key as a signed number."""
    number = int(key)
    return number - (1 << 64) if number >> 63 else number


def _seen(stay: Stay, minute: int) -> Stay:
    """A stay as known at a minute: what will be ready later is not ready yet."""
    if stay.ready != NEVER and stay.ready >= minute:
        return Stay(stay.stage, stay.pool, stay.asked, stay.came_from, stay.frailty, stay.flags, stay.key, stay.started)
    return stay
