"""The engine to read: a SimPy clock, one process for each journey, and one settling of everything due at an instant.

``engines/__init__.py`` states the contract. What a person needs and who they are is in ``life.py``; what is decided
about a stay is in ``care.py``; the clock, the queues and the places are here.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Generator
from operator import attrgetter, itemgetter
from typing import Any

import simpy

from sim import rules
from sim.engines.arrivals import Arrivals
from sim.engines.calendar import calendar
from sim.engines.care import Care
from sim.engines.courses import census
from sim.engines.gridlock import refuse_gridlock
from sim.engines.life import Life, Point
from sim.engines.life_events import die, happen, readmit
from sim.engines.once_a_day import close, once_a_day
from sim.engines.prefill import empty_state, people_of, prefill
from sim.engines.programmes import Programmes
from sim.engines.record import Recorder
from sim.engines.state import Journey, State
from sim.engines.tables import tables_of
from sim.log import FLAGS, NEVER, StayLog
from sim.plans.plan import Plan

_DAY = rules.DAY
_id = attrgetter("id")
_place = itemgetter(0, 1, 2, 3)
"""Where an entry of a queue belongs: two readmissions of one need in the same minute are alike in all of it."""
Process = Generator[simpy.Event, Any, None]


def start(plan: Plan, seed: int, replication: int) -> State:
    """The state at minute 0: the people of the place, and stages filled as expected or from a snapshot."""
    state = empty_state(plan, seed, replication, people_of(plan, seed, replication))
    prefill(plan, state)
    return state


def advance(state: State, plan: Plan, until_minute: int) -> StayLog:
    """Carry a state on to a minute, in place; what happened on the way.

    Raises RunError if everybody waits for a place that somebody else who waits holds, or if a rate is too high to draw.
    """
    from_minute = state.minute
    run = Run(state, plan)
    run.run_until(until_minute)
    state.minute = until_minute
    run.refuse_gridlock()
    return run.recorder.log(state, from_minute, run.course_census())


def _taken(line: list[Any], key: Callable[[Any], Any] | None = None) -> list[Any]:
    """What is in a line, in order; the line is empty then."""
    taken = sorted(line, key=key) if len(line) > 1 else line[:]
    line.clear()
    return taken


class Run:
    """One piece of a run: SimPy keeps the time, the State keeps everything that must survive the piece."""

    def __init__(self, state: State, plan: Plan) -> None:
        self.state, self.tables = state, tables_of(plan)
        self.recorder = Recorder(plan)
        self.programmes = Programmes(state, self.tables)
        self.life = Life(state, self.tables, self.programmes)
        self.care = Care(state, self.tables, self.programmes)
        self.arrivals = Arrivals(state, self.tables)
        self.environment = simpy.Environment(initial_time=state.minute)
        self.now = state.minute
        """The minute being settled."""
        for counts in (state.occupied, state.slots_left, state.seen_today):
            counts.extend([0] * (len(plan.names.pools) - len(counts)))
        state.members.extend({} for _ in range(len(plan.programme_active) - len(state.members)))
        self.queues: list[list[tuple[Any, ...]]] = [[] for _ in plan.names.pools]
        self.asking = [0] * len(plan.names.pools)
        self.touched: set[int] = set(range(len(plan.names.pools)))
        self.answers: dict[Journey, simpy.Event] = {}
        self.something_is_due = False
        self.over: list[Journey] = []
        self.early: list[Journey] = []
        self.closing: list[tuple[int, int, int]] = []
        self.due: list[Point] = []
        self.returning: list[Journey] = []
        self.arriving: list[Journey] = []
        self.joining: list[Journey] = []
        self.outlets = self.midnight = False
        self.life.read_higher()
        for journey in sorted(state.journeys, key=lambda j: j.id):
            self._set_out(journey)
        self.environment.process(calendar(self))

    def run_until(self, minute: int) -> None:
        """Instant by instant: advance the clock, let everything happen that is due now, and settle it together."""
        clock = self.environment
        while (now := clock.peek()) < minute:
            clock.step()
            if self.something_is_due and clock.peek() > now:
                self._settle(int(now))
        self.now = minute

    # -- A journey, from top to bottom ------------------------------------------------------------------------------

    def _journey(self, j: Journey) -> Process:
        """One person's way through care for one need; it goes on from wherever its record stands."""
        clock = self.environment
        while not j.over:
            stay = j.stay
            if stay is None or j.waiting is not None:
                yield self._answer(j)  # waits for a place; settling starts the stay
            elif clock.now <= stay.early:
                yield clock.timeout(stay.early - clock.now)
                if not j.over:
                    self.is_due(self.early, j)
                    yield self._answer(j)
            else:
                yield clock.timeout(stay.onward - clock.now)  # care, the open door, drawn delay
                if not j.over:
                    self.is_due(self.over, j)
                    yield self._answer(j)  # home, dead, or asking for the next stage

    def _set_out(self, j: Journey) -> None:
        """Start (or go on with) a journey's process; one that waits takes its place in the queue again."""
        self.environment.process(self._journey(j))
        if j.waiting is not None:
            self.asking[j.waiting.pool] += 1
            self._queue(j)

    def _answer(self, j: Journey) -> simpy.Event:
        self.answers[j] = self.environment.event()
        return self.answers[j]

    def _go_on(self, j: Journey) -> None:
        answer = self.answers.pop(j, None)
        if answer is not None:
            answer.succeed()

    # -- What the clock brings ----------------------------------------------------------------------------------------

    def at(self, minute: int, action: Any, *arguments: Any) -> None:
        """Do something at a minute, in phase B; what is past stays past."""
        if minute < int(self.environment.now):
            return
        event = self.environment.timeout(minute - int(self.environment.now))
        event.callbacks.append(lambda _: action(*arguments))

    def new_day(self, day: int) -> None:
        """Midnight: what is past is forgotten."""
        self.state.points.pop(day - 1, None)
        self.state.readmissions.pop(day - 1, None)
        self.touched.update(range(len(self.queues)))
        self.midnight = True
        self.something_is_due = True

    def noon(self) -> None:
        """Noon: outlets of long waits."""
        self.outlets = True
        self.something_is_due = True

    def opens(self, day: int, minute: int) -> None:
        """Pools that open at a minute of a day, with the slots they then have."""
        for pool, opens in enumerate(self.tables.opens):
            if opens[day] == minute and self.tables.closes[pool][day]:
                if self.tables.slots[pool]:
                    self.state.slots_left[pool] = self.care.slots(pool, day)
                    self.state.seen_today[pool] = 0
                self.touched.add(pool)
        self.something_is_due = True

    def closes(self, day: int, minute: int) -> None:
        """Pools that close at a minute of a day."""
        for pool, closes in enumerate(self.tables.closes):
            if closes[day] == minute and self.tables.slots[pool]:
                self.closing.append((pool, self.state.slots_left[pool], self.state.seen_today[pool]))
        self.something_is_due = True

    def is_due(self, line: list[Any], what: Any) -> None:
        """Something is due now: it is settled with everything else of this instant."""
        line.append(what)
        self.something_is_due = True

    # -- Settling an instant ----------------------------------------------------------------------------------------

    def _settle(self, now: int) -> None:
        """Phase C of the contract: one answer to everything that happens at the same minute."""
        self.something_is_due, self.now = False, now
        for j in _taken(self.over, self._leavers_first) if self.over else ():
            if not j.over:
                self._end_stay(j)
        for j in _taken(self.early, _id) if self.early else ():
            if not j.over:
                self._leave_early(j)
        for closing in _taken(self.closing) if self.closing else ():
            close(self, *closing)
        if self.outlets or self.midnight:
            once_a_day(self)
        for point in _taken(self.due) if self.due else ():
            happen(self, point)
        for j in _taken(self.returning, _id) if self.returning else ():
            readmit(self, j)
        for j in _taken(self.arriving, _id) if self.arriving else ():
            self.begin(j, self.tables.stream_to[-1 - j.row])
        for j in _taken(self.joining, _id) if self.joining else ():
            if not j.over:
                self._queue(j)
        self._fill(now)

    def _leavers_first(self, j: Journey) -> tuple[Any, ...]:
        return not self.care.only_leaves(j), j.id

    def _end_stay(self, j: Journey) -> None:
        """A stay is over: the person dies, goes home, or asks for the next stage."""
        stay = j.stay
        assert stay is not None
        if stay.dies:
            die(self, j.row, j)
            return
        target, cancelled = self.care.next_stage(j, self.asking, self.now)
        if cancelled:
            self.leave(j, "cancelled", target)
            j.chain += 1
            j.visits = {}
            self.ask(j, target, stay.stage, FLAGS["rebooked"])
        elif target < 0:
            self.go_home(j)
        else:
            self.ask(j, target, stay.stage, self.care.threshold_flag(j))
            if not self.care.keeps_place(stay, target):
                self.leave(j, "moved", target)

    def _leave_early(self, j: Journey) -> None:
        stay = j.stay
        assert stay is not None
        target = self.tables.early_to[stay.stage]
        stay.early = NEVER
        if self.care.has_room(j, target, self.asking, self.now):
            stay.flags |= FLAGS["early"]
            stay.ready, stay.onward, stay.route, stay.process, stay.sourcing = self.now, self.now, NEVER, 0, 0
            self.ask(j, target, stay.stage, 0)
        else:
            self._go_on(j)

    def ask(self, j: Journey, stage: int, came_from: int, flags: int) -> None:
        """Ask for a stage: the wait begins."""
        j.waiting = self.care.asked(j, stage, came_from, flags, self.now)
        self.asking[j.waiting.pool] += 1
        self.joining.append(j)
        self.care.keep_busy(j)

    def _queue(self, j: Journey) -> None:
        stay = j.waiting
        assert stay is not None
        source = stay.came_from if stay.came_from >= 0 else len(self.tables.first[stay.pool]) - 1
        stay.rank = self.tables.first[stay.pool][source]
        insort(self.queues[stay.pool], (stay.rank, stay.asked, j.id, stay.came_from, j), key=_place)
        self.touched.add(stay.pool)

    def unqueue(self, j: Journey) -> None:
        """Leave the queue (or the line of those about to join it)."""
        stay = j.waiting
        if stay is not None:
            self.asking[stay.pool] -= 1
            queue = self.queues[stay.pool]
            queue[:] = [entry for entry in queue if entry[4] is not j]  # in place: it may be being filled
            self.joining = [other for other in self.joining if other is not j]
            self.touched.add(stay.pool)
            j.waiting = None

    def _fill(self, now: int) -> None:
        """Fill places pool by pool in plan order, until a pass starts nobody."""
        while self.touched:
            this_pass, self.touched = sorted(self.touched), set()
            for pool in this_pass:
                if self.queues[pool]:
                    self._fill_pool(pool, now)

    def _fill_pool(self, pool: int, now: int) -> None:
        queue = self.queues[pool]
        if not self.tables.open_at(pool, now):
            return
        place, reserves = 0, self.tables.reserves[pool]
        while place < len(queue):
            came_from, j = queue[place][3], queue[place][4]
            kept = self.care.kept_for_others(pool, came_from) if reserves else 0
            if rules.may_start(self.care.free(pool, now), kept):
                del queue[place]
                self._start_stay(j, now)
            else:
                place += 1
                if not reserves:
                    return

    # -- Starting and leaving -----------------------------------------------------------------------------------------

    def _start_stay(self, j: Journey, now: int) -> None:
        """A place is free: leave the old one, start here, and work out when the stay will be over."""
        stay = j.waiting
        assert stay is not None
        j.waiting = None
        self.asking[stay.pool] -= 1
        if j.stay is not None:
            self.leave(j, "moved", stay.stage)
        j.stay = stay
        if self.tables.slots[stay.pool]:
            self.state.slots_left[stay.pool] -= 1
            self.state.seen_today[stay.pool] += 1
        else:
            self.state.occupied[stay.pool] += 1
        stay.started = now
        if self.tables.residence[stay.stage] and j.row >= 0:
            self._settle_in(j)
            return
        self.care.work_out(j, now)
        self.care.keep_busy(j)
        for other in self.care.ended_by_admission(j):
            self.leave(other, "moved", stay.stage)
            self.finish(other)
        self._go_on(j)

    def leave(self, j: Journey, outcome: str, goes_to: int = -1) -> None:
        """Leave the place held: write the stay down, free the place, and what the stay did to the person."""
        stay, now = j.stay, self.now
        assert stay is not None
        self.recorder.ended(j, stay, now, outcome, goes_to)
        j.stay = None
        if not self.tables.slots[stay.pool]:
            self.state.occupied[stay.pool] -= 1
            self.touched.add(stay.pool)
        if outcome != "died" and j.row >= 0:
            if self.care.deconditioned(j, stay, now):
                self.reread(j.row)
            readmission = self.care.readmission(j, stay, now)
            if readmission is not None:
                self._schedule_readmission(readmission)

    def go_home(self, j: Journey) -> None:
        """The journey ends at home, or goes on to the residence whose place was given up meanwhile."""
        stay = j.stay
        assert stay is not None
        lost = self.state.lost_place.pop(j.row, -1) if j.row >= 0 and not self.tables.at_home[stay.stage] else -1
        if lost >= 0:
            self.ask(j, lost, stay.stage, 0)
            return
        self.leave(j, "home")
        self.finish(j)

    def finish(self, j: Journey) -> None:
        """The journey is over."""
        j.over = True
        self.unqueue(j)
        self.state.journeys.discard(j)
        self.care.keep_busy(j)
        nobody_waits = self.answers.pop(j, None)
        if nobody_waits is not None:
            nobody_waits.callbacks.clear()  # the process ends here
        journeys = self.state.of_person.get(j.row)
        if j.row >= 0 and journeys is not None:
            journeys.remove(j)
            if not journeys:
                del self.state.of_person[j.row]

    def _settle_in(self, j: Journey) -> None:
        """A residence support starts: it is held beside later journeys, and this journey is over."""
        stay = j.stay
        assert stay is not None
        self.end_support(j.row, "ended")
        self.state.persons.residence[j.row] = self.tables.residence[stay.stage]
        self.care.support_started(j, stay)
        j.stay = None
        self.finish(j)
        self.reread(j.row)

    def end_support(self, row: int, outcome: str) -> None:
        """A person's residence support ends, and its place is free."""
        support = self.state.supports.pop(row, None)
        if support is not None:
            self.recorder.ended(support.journey, support.stay, self.now, outcome)
            self.state.occupied[support.stay.pool] -= 1
            self.touched.add(support.stay.pool)

    def begin(self, j: Journey, stage: int, flags: int = 0) -> None:
        """A journey begins by asking for its first stage."""
        if not flags and self.tables.opens_doors:
            stage = self.care.first_stage(j, stage, self.asking, self.now)
        if stage < 0:
            return
        self.state.journeys.add(j)
        if j.row >= 0:
            self.state.of_person.setdefault(j.row, []).append(j)
        self.ask(j, stage, -1, flags)
        self.environment.process(self._journey(j))

    def _schedule_readmission(self, j: Journey) -> None:
        day = j.need_minute // _DAY
        self.state.readmissions.setdefault(day, []).append(j)
        if day <= self.now // _DAY + 1:
            self.at(j.need_minute, self.is_due, self.returning, j)

    def reread(self, row: int) -> None:
        """Somebody's rates may have risen: put the points they now have on the clock."""
        for point in self.life.read_more(row, self.now):
            if point[0] // _DAY <= self.now // _DAY + 1:
                self.at(point[0], self.is_due, self.due, point)

    def course_census(self) -> dict[str, list[int]]:
        """The states of everybody's conditions, where their course is followed."""
        people = self.state.persons
        if not self.tables.course_condition:
            return {}
        last = max(self.state.minute - 1, 0)
        limited = [self.programmes.ratio("symptom_days", row, last) for row in range(len(people.person))]
        return census(self.tables, people, limited)

    def refuse_gridlock(self) -> None:
        """Stop a run in which everybody waits, for good, for a place held by somebody who waits, and say so."""
        state = self.state
        waits = [j.waiting for j in state.journeys if j.stay is not None and j.waiting is not None]
        if len(waits) == len(state.journeys) and not state.supports:
            refuse_gridlock(self.tables.plan, self.now, [(stay.stage, stay.pool) for stay in waits], state.occupied)
