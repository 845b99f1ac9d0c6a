"""Life events of the people of a run: reading their points quarter by quarter, rates, death and succession."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat

import numpy as np

from sim import rules
from sim.draws import (
    Floats,
    Ints,
    Purpose,
    Stream,
    Words,
    entity_key,
    entity_keys,
    points_of_one,
    run_key,
    scatter,
    uniforms,
)
from sim.engines.courses import crises, most_crises, most_steps, states_of_one
from sim.engines.programmes import Programmes
from sim.engines.state import State
from sim.engines.tables import Tables
from sim.plans.plan import COURSE, QUARTER_DAYS, YEAR_DAYS
from sim.population import GENERATION_BITS, condition_factor, conditions_of_one

URGENT, REFERRAL, DEATH, END_OF_LIFE, HOME_CARE, CARE_HOME, SUPPORT_ENDS = range(7)
_KINDS = COURSE + 1
_CELL_YEARS = QUARTER_DAYS / YEAR_DAYS
_WEEK = 336
_HALF_HOURS = QUARTER_DAYS * 48
_URGENT_LEVERS = ("urgent_needs", "emergency_admissions", "ambulatory_care_sensitive", "minor_needs", "unmet_need")
LEVERS_OF = {
    URGENT: _URGENT_LEVERS,
    REFERRAL: ("planned_referrals", "unmet_need", "simple_referrals", "deskilling"),
    DEATH: ("mortality",),
    CARE_HOME: ("care_home_entry",),
}
SEVERITY_LEVERS = (
    ("urgent_needs", "minor_needs", "unmet_need"),
    ("urgent_needs", "emergency_admissions", "ambulatory_care_sensitive"),
    ("urgent_needs", "emergency_admissions"),
    ("urgent_needs", "emergency_admissions"),
    ("urgent_needs",),
)
_HALF_HOUR_EDGES = np.arange(_HALF_HOURS + 1.0)
_OF_A_NEED = (Purpose.SEVERITY, Purpose.CAUSE, Purpose.DOOR)
Point = tuple[int, int, int, int, int, int, float, float, float, float]
"""A life event to come: minute, person, generation, kind, need, row, height, and of an urgent need the draws that
decide its severity, its cause and the door it comes to."""


class Life:
    """Points and rates of the people of one run."""

    def __init__(self, state: State, tables: Tables, programmes: Programmes) -> None:
        self.state, self.tables, self.programmes = state, tables, programmes
        self.key = run_key(state.seed, state.replication, Stream.PEOPLE)
        self._highest = [programmes.highest(*LEVERS_OF.get(kind, ())) for kind in range(COURSE)]
        self._highest[URGENT] *= programmes.highest_by_cause()
        self._rates = tables.plan.life_rates
        self._kinds = range(_KINDS if tables.course_condition else COURSE)
        levers = (programmes.highest(lever) for lever in ("condition_recognition", "condition_management"))
        self._most_crises, self._most_steps = most_crises(tables.plan), most_steps(tables.plan, *levers)
        self._busiest_of: dict[int, Floats] = {}
        self._weeks: dict[int, Floats] = {}
        self._factors: dict[tuple[int, int], float] = {}

    def life_key(self, row: int) -> int:
        """Entity key of the life now led in a row."""
        people = self.state.persons
        key: int = entity_key(self.key, people.person[row] | people.generation[row] << GENERATION_BITS)
        return key

    def rate(self, kind: int, row: int) -> float:
        """Events a person-year of a kind, as the person is now; urgent needs before season and levers."""
        people = self.state.persons
        of_group: float = self.tables.life_rates[kind][people.age[row]][people.frailty[row]][people.residence[row]][
            people.end_of_life[row]
        ]
        return of_group * people.multiplier[row] if kind == URGENT else of_group

    def need_rates(self, row: int, severity: int, cause: int, now: int) -> tuple[float, float]:
        """Urgent need now without and with levers, for a point of this severity and cause."""
        people = self.state.persons
        plain = self.rate(URGENT, row) * self.tables.need_by_day[severity][people.age[row]][now // rules.DAY]
        plain *= crises(self.tables, people, row, severity, cause)
        if not self.programmes.active:
            return plain, plain
        moved = plain
        for lever in SEVERITY_LEVERS[severity]:
            moved *= self.programmes.ratio(lever, row, now)
        if cause > 0:
            moved *= self.programmes.ratio(f"caused_by_{cause}", row, now)
        return plain, moved

    def lever(self, kind: int, row: int, now: int) -> float:
        """Levers on the other kinds of life event."""
        product = 1.0
        for lever in LEVERS_OF.get(kind, ()):
            product *= self.programmes.ratio(lever, row, now)
        return product

    # -- reading points -------------------------------------------------------------------------------------------

    def read_quarter(self, quarter: int) -> None:
        """Read every living person's points of a quarter, up to the rate they could have in it as they are now."""
        self.state.quarter = quarter
        self.state.bounds = np.zeros((_KINDS, len(self.state.persons.person)))
        self.read_higher()

    def read_higher(self) -> None:
        """Read the points of this quarter above what has been read, where a rate could now be higher.

        All of them in a new quarter; what the plan allows beyond the other one where a state goes on with a new plan.
        """
        state, people = self.state, self.state.persons
        rows = len(people.person)
        if rows == 0 or state.quarter < 0:
            return
        age, frailty, residence, near_end, person, generation, conditions = (
            np.fromiter(numbers, np.int64, rows)
            for numbers in (
                people.age, people.frailty, people.residence, people.end_of_life, people.person, people.generation,
                people.conditions,
            )
        )  # fmt: skip
        keys = entity_keys(self.key, person | generation << GENERATION_BITS)
        for kind in self._kinds:
            if kind == COURSE:
                bound = self._most_steps[conditions]
            else:
                bound = self._rates[kind][age, frailty, residence, near_end] * self._highest[kind]
            if kind == URGENT:
                bound *= np.fromiter(people.multiplier, np.float64, rows) * self._busiest(state.quarter)[age]
                bound *= self._most_crises[conditions]
            higher = np.flatnonzero(bound > state.bounds[kind])
            if not higher.size:
                continue
            read, state.bounds[kind, higher] = state.bounds[kind, higher], bound[higher]
            found = scatter(keys[higher], state.quarter, kind, read, bound[higher], _CELL_YEARS)
            for point in self._points(kind, higher[found.entity], found.key, found.position, found.height):
                if point[0] >= state.minute:
                    self._keep(point)

    def read_more(self, row: int, now: int) -> list[Point]:
        """Points a person has in the rest of the quarter because a rate has risen; kept, and returned."""
        added: list[Point] = []
        state = self.state
        key, conditions = self.life_key(row), state.persons.conditions[row]
        for kind in self._kinds:
            bound = float(self._most_steps[conditions])
            if kind != COURSE:
                bound = self.rate(kind, row) * self._highest[kind]
            if kind == URGENT:
                bound *= float(self._busiest(state.quarter)[state.persons.age[row]] * self._most_crises[conditions])
            read = float(state.bounds[kind, row])
            if bound <= read:
                continue
            state.bounds[kind, row] = bound
            found = list(points_of_one(key, state.quarter, kind, read, bound, _CELL_YEARS))
            if not found:
                continue
            needs, position, height = zip(*found, strict=True)
            points = self._points(
                kind, np.full(len(found), row), np.array(needs, dtype=np.uint64), np.array(position), np.array(height)
            )
            added += [point for point in points if point[0] > now]
        for point in added:
            self._keep(point)
        return added

    def _points(self, kind: int, rows: Ints, needs: Words, position: Floats, height: Floats) -> Iterator[Point]:
        """Points of this quarter with all that is drawn for them, one after the other."""
        people, of_rows = self.state.persons, rows.tolist()
        drawn: list[Iterable[float]] = [repeat(0.0)] * len(_OF_A_NEED)
        if kind == URGENT:
            drawn = [uniforms(needs, 0, purpose).tolist() for purpose in _OF_A_NEED]
        return zip(
            self._minutes(kind, self.state.quarter, position).tolist(), [people.person[row] for row in of_rows],
            [people.generation[row] for row in of_rows], repeat(kind), needs.tolist(), of_rows, height.tolist(), *drawn,
        )  # fmt: skip

    def _keep(self, point: Point) -> None:
        self.state.points.setdefault(point[0] // rules.DAY, []).append(point)

    def _busiest(self, quarter: int) -> Floats:
        """Highest relative need in a quarter, by age."""
        if quarter not in self._busiest_of:
            self._busiest_of[quarter] = self._busiest_by_age(quarter)
        return self._busiest_of[quarter]

    def _busiest_by_age(self, quarter: int) -> Floats:
        by_day = self.tables.plan.need_by_day[:, :, quarter * QUARTER_DAYS : (quarter + 1) * QUARTER_DAYS]
        return np.asarray(by_day.max(axis=(0, 2))) if by_day.shape[2] else np.ones(by_day.shape[1])

    def _minutes(self, kind: int, quarter: int, position: Floats) -> Ints:
        """Minute of each position in a quarter: urgent needs follow the pattern of the week, others are even."""
        first = quarter * QUARTER_DAYS * rules.DAY
        if kind != URGENT:
            return first + (position * (QUARTER_DAYS * rules.DAY)).astype(np.int64)
        offset = (self.tables.first_weekday + quarter * QUARTER_DAYS) % 7 * 48
        if offset not in self._weeks:
            pattern = self.tables.plan.week_pattern[(offset + np.arange(_HALF_HOURS)) % _WEEK]
            self._weeks[offset] = np.concatenate([[0.0], np.cumsum(pattern)])
        edges = self._weeks[offset]
        half_hours = np.interp(position * edges[-1], edges, _HALF_HOUR_EDGES)
        return np.asarray(first + np.minimum((half_hours * 30).astype(np.int64), QUARTER_DAYS * rules.DAY - 1))

    # -- succession -----------------------------------------------------------------------------------------------

    def succeed(self, row: int) -> None:
        """A successor takes a dead person's place: same group and propensity, its own conditions, enrolled in nothing.

        Points are read again by the caller, from the next minute.
        """
        state, people = self.state, self.state.persons
        people.generation[row] += 1
        people.frailty[row] = people.base_frailty[row]
        people.residence[row] = people.end_of_life[row] = people.busy[row] = people.care_plan[row] = 0
        age, prevalence = people.age[row], self.tables.condition_prevalence
        people.conditions[row] = conditions_of_one(self.life_key(row), prevalence, age)
        people.multiplier[row] = people.lasting[row] * self._condition_factor(age, people.conditions[row])
        self._count(row, -1)
        states = states_of_one(self.tables, self.life_key(row), people.conditions[row])
        people.recognised[row], people.managed[row] = states
        self._count(row, 1)
        state.bounds[:, row] = 0.0
        state.admissions.pop(row, None)
        state.lost_place.pop(row, None)
        for members in state.members:
            members.pop(row, None)

    def _count(self, row: int, sign: int) -> None:
        """Count somebody on the registers they are on, or off."""
        for f in range(len(self.state.recognised)):
            self.state.recognised[f] += sign * (self.state.persons.recognised[row] >> f & 1)

    def _condition_factor(self, age: int, conditions: int) -> float:
        """Relative need of somebody of an age with these conditions."""
        if (age, conditions) not in self._factors:
            factor = condition_factor(self.tables.plan, np.array([age]), np.array([conditions]))
            self._factors[age, conditions] = float(factor[0])
        return self._factors[age, conditions]
