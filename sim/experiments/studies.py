"""One programme studied inside one replication, as evaluations would have studied it, and what it truly did.

Every replication is lived twice, with the programme and without, by the same people with the same luck. So both
outcomes of each person are known, and a study that compares people who have the programme with people who do not (a
trial, neighbouring practices, matched controls out of those practices) takes each person's outcome from one of the two:
no third run is needed, and the only thing left out is what the programme does to others through queues. Studied are
the people enrolled on the programme's first day, from then on, whether or not they stay in it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim import rules
from sim.draws import Purpose, uniforms
from sim.engines import DEFAULT, engine
from sim.errors import RunError
from sim.experiments.estimators import Counts, Estimate, Floats, Ints, matched_weights, ratio, side
from sim.experiments.runner import Arms, carry_on
from sim.log import EVENTS, FLAGS, NEVER, StayLog
from sim.measures.histories import Moments, between, life_and_minute, life_of, moment, person_of
from sim.plans.plan import Names, Plan
from sim.population import Population, conditions_of, population
from sim.quantities import AGES
from sim.system import SEVERITIES

Bools = npt.NDArray[np.bool_]

YEAR = 365 * rules.DAY
MONTH = YEAR // 12
LOOK_BACK_DAYS = 365
"""Days before the programme that a study looks back on."""
RECENT = 90 * rules.DAY
"""Minutes before the first day in which an admission is a recent one."""
ADULTS_OF_A_PRACTICE = 6300
"""About 8,000 patients of all ages; children are not modelled."""
FEWEST_PRACTICES = 4
ALL, PILOT = "emergency_admissions", "pilot_admissions"
"""What studies may count, by the names of measures."""
STATED, NO_EFFECT = "as stated", "no effect"
"""The programme studied: with the effect its file states, and one that does nothing but enrol."""
_DEATH, _WOULD_BE_ENROLLED = EVENTS.index("death"), EVENTS.index("would_be_enrolled")
_URGENT = SEVERITIES.index("community_or_home") + 1


class Method(NamedTuple):
    """A way to study a programme."""

    title: str
    """Its name on screen."""
    of: str
    """Whose truth it is held against: of those enrolled, or of everybody of some ages."""


METHODS = {
    "before_after": Method("Before and after, people enrolled", "enrolled"),
    "matched": Method("Matched controls", "enrolled"),
    "matched_difference": Method("Matched controls, difference in differences", "enrolled"),
    "trial": Method("Randomised trial", "enrolled"),
    "everybody_before_after": Method("Before and after, everybody of these ages", "everybody"),
    "practices": Method("Neighbouring practices", "everybody"),
    "practices_trend": Method("Neighbouring practices, change on the year before", "everybody"),
}
"""Every method by name, in the order of tables."""


# -- what is known of one arm ---------------------------------------------------------------------------------------


def emergency_admissions(names: Names, stays: dict[str, Ints]) -> Ints:
    """Rows of the stays that began an emergency admission, as the measure of that name counts them."""
    emergency = np.array([*names.emergency_admission, False])
    known = (stays["flags"] & FLAGS["prefilled"] == 0) & (stays["started"] != NEVER)
    urgent = known & (stays["severity"] < _URGENT)
    return np.flatnonzero(urgent & emergency[stays["stage"]] & ~emergency[stays["came_from"]])


def counted_admissions(names: Names, stays: dict[str, Ints], measure: str) -> Ints:
    """Rows of the emergency admissions that a measure counts: all of them, or a pilot's own."""
    rows = emergency_admissions(names, stays)
    if measure != PILOT:
        return rows
    shares = np.array(names.counted_by_pilot or [0.0] * len(AGES))
    return rows[
        uniforms(stays["need"][rows].astype(np.uint64), 0, Purpose.COUNTED_BY_PILOT) < shares[stays["age"][rows]]
    ]


class Record:
    """Emergency admissions, deaths and enrolments of one arm, from the start of warm-up to the last piece added."""

    def __init__(self, names: Names, start: int, measure: str = ALL) -> None:
        self.names = names
        self.measure = measure
        """ALL, or PILOT if studies count a pilot's own admissions; people are matched on all of them even so."""
        self.start = start
        """Minute of the programme's first day, at which a piece ends."""
        self.living: dict[str, Ints] = {}
        """Age, frailty, locality and residence of everybody at that minute, in the order of the population."""
        self._last: StayLog | None = None
        self._kept = {name: Moments(len(names.localities)) for name in ("admissions", "counted", "deaths", "enrolled")}

    def add(self, log: StayLog) -> None:
        """Remember one piece; pieces come in order."""
        kind, minute = log.events["kind"], log.events["minute"]
        first_day = (kind == _WOULD_BE_ENROLLED) & (minute == self.start)
        self._kept["admissions"].add(log.ended, "started", emergency_admissions(self.names, log.ended))
        self._kept["counted"].add(log.ended, "started", counted_admissions(self.names, log.ended, self.measure))
        self._kept["deaths"].add(log.events, "minute", np.flatnonzero(kind == _DEATH))
        self._kept["enrolled"].add(log.events, "minute", np.flatnonzero(first_day))
        if log.until_minute == self.start:
            self.living = log.persons
        self._last = log

    def copy(self, names: Names) -> Record:
        """A copy that can be added to without changing this one, to go on as another arm with its own names."""
        other = copy.copy(self)
        other.names = names
        other._kept = {name: moments.copy() for name, moments in self._kept.items()}
        return other

    @cached_property
    def admissions(self) -> Ints:
        """Life and minute of each admission, stays still open included, sorted; asked for once all is added."""
        return self._with_open("admissions", ALL)

    @cached_property
    def counted(self) -> Ints:
        """The same of the admissions that studies count."""
        return self._with_open("counted", self.measure)

    def _with_open(self, name: str, measure: str) -> Ints:
        whole = self._kept[name].copy()
        if self._last is not None:
            whole.add(self._last.open, "started", counted_admissions(self.names, self._last.open, measure))
        return whole.together()[0]

    @cached_property
    def deaths(self) -> Ints:
        """Life and minute of each death, sorted; asked for once all is added."""
        return self._kept["deaths"].together()[0]

    @cached_property
    def enrolled(self) -> Ints:
        """Lives that were picked on the programme's first day, sorted; asked for once all is added."""
        return life_and_minute(self._kept["enrolled"].together()[0])[0]

    def of_lives(self, lives: Ints, first: int, until: int) -> Counts:
        """Admissions counted and years alive of some lives in a stretch of time."""
        admissions = between(self.counted, moment(lives, first), moment(lives, until - 1))
        born = np.clip(self._death_of(lives - 1), None, until)
        born = np.where(born == NEVER, first, np.maximum(born, first))
        died = self._death_of(lives)
        died = np.where(died == NEVER, until, np.clip(died, first, until))
        return Counts(admissions.astype(float), np.maximum(died - born, 0) / YEAR)

    def of_places(self, persons: Ints, first: int, until: int) -> Counts:
        """Admissions counted and years of places of the population, whoever lived there; ``persons`` are sorted."""
        minute = life_and_minute(self.counted)[1]
        person = person_of(self.counted[(minute >= first) & (minute < until)])
        row = np.minimum(np.searchsorted(persons, person), len(persons) - 1)
        counted = np.bincount(row[persons[row] == person], minlength=len(persons))
        return Counts(counted.astype(float), np.full(len(persons), (until - first) / YEAR))

    def _death_of(self, lives: Ints) -> Ints:
        """Minute of each life's death, NEVER if it has not come."""
        if not len(self.deaths):
            return np.full(len(lives), NEVER)
        at = np.minimum(np.searchsorted(self.deaths, moment(lives, 0)), len(self.deaths) - 1)
        life, minute = life_and_minute(self.deaths[at])
        return np.where(life == lives, minute, NEVER)


# -- who is studied -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Studied:
    """Who is studied, settled on the programme's first day and from the past alone."""

    start: int
    """Minute of the first day."""
    enrolled: Ints
    """Lives enrolled."""
    treated: Bools
    """Which of them the trial's coin gives the programme."""
    matched: Bools
    """Which of them are matched: those of practices that take part."""
    controls: Ints
    """Lives that are matched controls, in the other practices, whether or not they would have been enrolled."""
    weights: Floats
    """How many of those matched each control stands for."""
    everybody: Ints
    """Persons of the ages that "everybody" means, sorted."""
    practice: Ints
    """Practice of each of them."""
    takes_part: Bools
    """By practice: it has the programme."""


def studied(plan: Plan, record: Record, seed: int, number: int, ages: Sequence[int]) -> Studied:
    """Who is studied in one replication; RunError if nobody is enrolled.

    Parameters
    ----------
    plan, record
        The arm without the programme, in which those it would pick are only noted.
    seed, number
        Seed and number of the replication.
    ages
        Age bands of everybody.
    """
    if not len(record.enrolled):
        raise RunError(
            f"nobody is enrolled in {plan.names.programmes[0]} on its first day in replication {number}: use a larger "
            "--scale, or a programme with more places"
        )
    luck = np.random.default_rng([seed, number])
    people = population(plan, seed, number)
    minute = life_and_minute(record.deaths)[1]
    died = person_of(record.deaths[minute < record.start])
    generation = np.searchsorted(died, people.person, "right") - np.searchsorted(died, people.person, "left")
    lives = life_of(people.person, generation)
    conditions = conditions_of(plan, seed, number, people.person, people.age, generation)
    can_be = _eligible(plan, people, record.living, conditions)
    like = _likeness(plan, people.age, record, lives, conditions)
    is_enrolled = np.isin(lives, record.enrolled)
    practice, takes_part = _practices(people, len(plan.names.localities), luck)
    others = can_be & ~takes_part[practice]
    weights = matched_weights(like[is_enrolled & ~others], like[others], luck)
    of_age = np.isin(people.age, ages)
    return Studied(
        start=record.start,
        enrolled=lives[is_enrolled],
        treated=luck.random(int(is_enrolled.sum())) < 0.5,
        matched=~others[is_enrolled],
        controls=lives[others][weights > 0],
        weights=weights[weights > 0],
        everybody=people.person[of_age],
        practice=practice[of_age],
        takes_part=takes_part,
    )


def _eligible(plan: Plan, people: Population, living: dict[str, Ints], conditions: Ints) -> Bools:
    """Those the programme may pick."""
    fits = (plan.programme_frailty[0][living["frailty"]] > 0) & (plan.programme_localities[0][people.locality] > 0)
    wanted, either = plan.programme_conditions[0]
    is_for = rules.is_for(plan.programme_ages[0][people.age] > 0, fits, conditions, int(wanted), int(either))
    return np.asarray(is_for & (plan.programme_residences[0][living["residence"]] == 1))


def _likeness(plan: Plan, age: Ints, record: Record, lives: Ints, conditions: Ints) -> Floats:
    """What people are matched on ``[people, characteristics]``: what hospital and practice records hold.

    Age band (never another one), frailty and conditions; less heavily, since they say less of what will come, the
    number of admissions in the last twelve months and whether there was one in the last three.
    """
    past = between(record.admissions, moment(lives, record.start - YEAR), moment(lives, record.start - 1))
    recent = between(record.admissions, moment(lives, record.start - RECENT), moment(lives, record.start - 1)) > 0
    has = [conditions >> c & 1 for c in range(len(plan.condition_prevalence))]
    return np.column_stack([100.0 * age, record.living["frailty"], 0.5 * past, 0.25 * recent, *has])


def _practices(people: Population, localities: int, luck: np.random.Generator) -> tuple[Ints, Bools]:
    """Each person's practice, inside the locality, and which half of the practices takes part."""
    number = np.maximum(1, np.rint(np.bincount(people.locality, minlength=localities) / ADULTS_OF_A_PRACTICE))
    first = np.cumsum(number) - number
    practice = first[people.locality] + np.floor(luck.random(len(people.person)) * number[people.locality])
    return practice.astype(np.int64), luck.permutation(int(number.sum())) % 2 == 0


# -- the studies ----------------------------------------------------------------------------------------------------


def findings(who: Studied, with_it: Record, without: Record, months: int) -> pd.DataFrame:
    """What each method would report after so many months, and the truth.

    A period before is the same months a year earlier, so that the season is the same, and at most one year. Rates are
    admissions a year alive.

    Returns
    -------
    pandas.DataFrame
        One row a method: method, months, ratio, low, high (of rates, with its 95% interval), truth (the ratio with the
        programme to without it of the people it is about), and of these people before, after (admissions with the
        programme) and people.
    """
    after = (who.start, who.start + months * MONTH)
    before = (who.start - YEAR, who.start - YEAR + min(months, 12) * MONTH)
    enrolled, kept_from = (each.of_lives(who.enrolled, *after) for each in (with_it, without))
    everybody, without_it = (each.of_places(who.everybody, *after) for each in (with_it, without))
    earlier = without.of_lives(who.enrolled, *before)
    everybody_earlier = without.of_places(who.everybody, *before)
    controls, controls_earlier = (without.of_lives(who.controls, *span) for span in (after, before))
    has, weights, matched = who.takes_part, who.weights, enrolled.of(who.matched)
    practices, neighbours, practices_earlier = (
        each.by(who.practice, len(has)) for each in (everybody, without_it, everybody_earlier)
    )
    few = len(has) < FEWEST_PRACTICES
    nothing = Estimate(math.nan, math.nan, math.nan)
    estimates = {
        "before_after": ratio(side(enrolled, earlier)),
        "matched": ratio(side(matched), side(controls, weight=weights)),
        "matched_difference": ratio(
            side(matched, earlier.of(who.matched)), side(controls, controls_earlier, weights)
        ),
        "trial": ratio(side(enrolled.of(who.treated)), side(kept_from.of(~who.treated))),
        "everybody_before_after": ratio(side(everybody, everybody_earlier)),
        "practices": nothing if few else ratio(side(practices.of(has)), side(neighbours.of(~has))),
        "practices_trend": nothing if few else ratio(
            side(practices.of(has), practices_earlier.of(has)), side(neighbours.of(~has), practices_earlier.of(~has))
        ),
    }  # fmt: skip
    seen = {"enrolled": (enrolled, kept_from, earlier), "everybody": (everybody, without_it, everybody_earlier)}
    of = {
        whom: {
            "truth": ratio(side(now)).ratio / ratio(side(untouched)).ratio,
            "before": past.admissions.sum(),
            "after": now.admissions.sum(),
            "people": len(now.years),
        }
        for whom, (now, untouched, past) in seen.items()
    }
    rows = [
        {"method": name, "months": months, **of[METHODS[name].of], **each._asdict()} for name, each in estimates.items()
    ]
    return pd.DataFrame(rows)


def replicate(
    arms: Arms, number: int, months: Sequence[int], ages: Sequence[int], measure: str = ALL, by: str = DEFAULT
) -> pd.DataFrame:
    """What every method would report of a programme and, from the same people, of one that has no effect.

    Parameters
    ----------
    arms
        The scenario with the programme alone, parting on its first day.
    number
        Number of the replication.
    months
        When each study reports, in months from the first day.
    ages
        Age bands of "everybody", by index.
    measure
        What studies count: ALL, or PILOT.
    by
        Name of the engine, which does not change the numbers.

    Returns the table of ``findings`` with columns ``programme`` (STATED or NO_EFFECT) and ``replication``.
    """
    made_by = engine(by)
    names = arms.baseline.names
    state, without = made_by.start(arms.baseline, arms.seed, number), Record(names, arms.part_minute, measure)
    carry_on(made_by, state, arms.baseline, arms.part_minute, [without])
    records = {NO_EFFECT: without}
    if arms.plan is not None and arms.plan.programme_active[0]:
        records[STATED] = without.copy(arms.plan.names)
        carry_on(made_by, state.copy(), arms.plan, names.end_minute, [records[STATED]])
    carry_on(made_by, state, arms.baseline, names.end_minute, [without])
    who = studied(arms.baseline, without, arms.seed, number, ages)
    tables = [
        findings(who, record, without, month).assign(programme=programme, replication=number)
        for programme, record in records.items()
        for month in months
    ]
    return pd.concat(tables, ignore_index=True)
