"""A scenario: a place, the interventions switched on, the claims to test, and how to run it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from sim.courses import Course
from sim.interventions import Intervention, LeverName
from sim.quantities import Described, Number
from sim.readiness import Readiness
from sim.system import Place

ALL = "all"
"""Everybody, everywhere, all the time: no part of it."""


Statistic = Literal["mean", "highest_month", "lowest_month", "highest_week", "lowest_week", "highest_day", "lowest_day"]
"""Which number of the period a claim is about. The counts of a month, week or day are those of it, not of a year."""


class Divided(NamedTuple):
    """How finely a measure is known, and so what a claim may be about."""

    parts: tuple[str, ...]
    """The words it may be `of`; `<stage>`, `<pool>`, `<programme>`, `<intervention>` and `<activity>` stand for all of
    the place's and the plan's, `<condition>` and `<complication>` for those whose course is followed."""
    by_day: bool
    """True if it is made from daily counts, so that any days can be asked about."""
    by_group: bool
    """True if it is known by age band and locality."""


class Evidence(Described):
    """What somebody found out about what is claimed."""

    says: str
    """What was found, in one sentence."""
    grade: str = ""
    """Kind of evidence, for example randomised trial, matched control, before and after."""
    source: str
    """Publication."""


class BreakEven(Described):
    """A number that planners could choose otherwise, and between which values to look for the one that is enough."""

    lever: str
    """Its path, for example `interventions.case_management.strength`; `interventions.*.strength` for all of them."""
    low: float | None = None
    """Lowest value tried; the lower end of its range if left out (0 for a strength)."""
    high: float | None = None
    """Highest value tried; the upper end of its range if left out (2 for a strength)."""


def _plain_path(given: Any) -> Any:
    return {"lever": given} if isinstance(given, str) else given


class Claim(Described):
    """What somebody says the plan will do: a sentence, and how it is put to the test."""

    text: str
    """The claim in the words of those who make it."""
    measure: str
    """Name of the measure it is about (see measures/definitions.py)."""
    of: str = "all"
    """Pool, stage, pathway or reason the measure is about, if it has such parts."""
    group: str = "all"
    """Age band, or several joined by a comma such as `75-84,85+`; all of them if left out."""
    locality: str = "all"
    """Locality; the whole place if left out."""
    statistic: Statistic = "mean"
    """Which number of the period it is about: the mean, or the highest or lowest month, week or day."""
    year: Annotated[int, Field(ge=1)] | None = None
    """Measured year it is about; all measured time if neither year nor months are given."""
    months: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    """First and last measured month it is about, counted from 1, such as `[1, 7]`; counts are as of a year."""
    against: Literal["without_plan", "before"] = "without_plan"
    """What a change is set against: the same time without the plan, or the same days of the year before with it (the
    naive figure, which needs a measured year before the plan). What a plan saves is always against no plan, so that a
    saving against the year before is none: it says what changed in the plan itself, such as its end."""
    change_per_cent: float | None = None
    """Claimed change, in per cent; negative is a fall."""
    change: float | None = None
    """Claimed change in the measure's own unit."""
    at_most: float | None = None
    """Claimed upper limit of the level with the plan."""
    at_least: float | None = None
    """Claimed lower limit of the level with the plan."""
    on_days: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the days of the period on which `at_most` or `at_least` has to hold; if left out the mean has to."""
    which: Literal["realised_year", "expectation"] = "realised_year"
    """What has to hold: what a future really brings, its luck included; or what it would bring on average over luck."""
    certainty: Annotated[float, Field(ge=0.5, lt=1)] = 2 / 3
    """Share of futures from which on it counts as supported; in less than the rest it is not supported. Two thirds is
    `likely` in the words of the IPCC (Mastrandrea 2010)."""
    break_even: Annotated[BreakEven, BeforeValidator(_plain_path)] | None = None
    """Number whose value is looked for at which it holds in half of all futures."""
    evidence: tuple[Evidence, ...] = ()
    """What was found out about it elsewhere."""
    source: str = ""
    """Who claims it, where."""

    @property
    def window(self) -> str:
        """The part of the measured time it is about, as tables name it."""
        if self.months is not None:
            return "months {} to {}".format(*self.months)
        return ALL if self.year is None else f"year {self.year}"

    @property
    def period(self) -> str:
        """The period, as tables name it: a part of the measured time and what is asked of it."""
        return f"{self.window}{self._asked}"

    @property
    def period_before(self) -> str:
        """The same days a year earlier, asked the same; the period itself if that cannot be."""
        if self.months is not None:
            return "months {} to {}".format(*(month - 12 for month in self.months)) + self._asked
        return self.period if self.year is None else f"year {self.year - 1}{self._asked}"

    @property
    def _asked(self) -> str:
        if self.on_days is not None:
            limit = f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least or 0:g}"
            return f", share of days {limit}"
        return "" if self.statistic == "mean" else f", {self.statistic.replace('_', ' ')}"


class RunSettings(Described):
    """How a scenario is run."""

    starts: dt.date
    """First measured day."""
    warm_up_days: Annotated[int, Field(ge=0)] = 365
    """Days simulated before the first measured day."""
    years: Annotated[float, Field(gt=0, le=20)] = 3
    """Measured years."""
    replications: Annotated[int, Field(ge=1, le=10000)] = 10
    """Independent repetitions, each with its own luck."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Seed of every random number."""
    scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    """People and capacities are shrunk to this share; counts are scaled up again."""
    precision: dict[str, float | str] = {}
    """How well each measure is to be known when replications go on until it is: half-width of the interval of what the
    plan changes, in the measure's own unit (0.01) or in per cent of the level without the plan (`1%`)."""
    most_replications: Annotated[int, Field(ge=2, le=10000)] = 240
    """Replications at which to stop even so."""

    @property
    def days(self) -> int:
        """Days simulated, warm-up included."""
        return self.warm_up_days + round(self.years * 365)

    @model_validator(mode="after")
    def _precise(self) -> RunSettings:
        for measure, given in self.precision.items():
            per_cent = re.fullmatch(r"(\d+\.?\d*)%", given) if isinstance(given, str) else None
            amount = given if isinstance(given, float) else float(per_cent[1]) if per_cent else 0.0
            if amount <= 0:
                raise ValueError(
                    f"precision of {measure} must be a number above 0, or per cent such as `1%`, not {given}"
                )
        return self


class UsedIntervention(Described):
    """An intervention switched on by a scenario."""

    use: str
    """Path of the intervention's file, relative to the scenario's file."""
    changes: dict[str, float | int | str | dt.date | bool | tuple[str, ...]] = {}
    """Fields changed, by path, for example `ramp.starts: 2026-07-01`."""


class ScenarioFile(Described):
    """A scenario as written: paths instead of places and interventions."""

    kind: Literal["scenario"] = "scenario"
    """Kind of file."""
    name: str
    """Name of the scenario."""
    question: str
    """The question it answers."""
    place: str | Place
    """Path of the place's file, relative to this file; or the place itself."""
    changes: dict[str, float | int | str | dt.date | bool | tuple[str, ...]] = {}
    """Fields of the place changed, by path, for example `pools.acute_north.capacity: 400`."""
    interventions: tuple[UsedIntervention | Intervention, ...] = ()
    """Interventions switched on, in order."""
    readiness: str | Readiness | None = None
    """Path of the answers about how ready the place is, relative to this file; or the answers themselves."""
    overlap: dict[LeverName, Number] = {}
    """Lowest ratio that several programmes together may give one person, by lever: 0.8 is a fifth less at most, unless
    one of them alone does more. Without it their effects multiply."""
    claims: tuple[Claim, ...] = ()
    """Claims to test."""
    what_we_found: str = ""
    """What a full run found, in a few sentences: numbers with their intervals, and the command that gave them."""
    run: RunSettings
    """How to run it."""


class Scenario(Described):
    """A scenario with its place and interventions read in: nothing left to look up."""

    name: str
    """Name of the scenario."""
    question: str
    """The question it answers."""
    place: Place
    """The place as it is today."""
    interventions: tuple[Intervention, ...] = ()
    """Interventions switched on, in order."""
    readiness: Readiness | None = None
    """How ready the place is to carry the interventions out; as they state themselves if left out."""
    overlap: dict[LeverName, Number] = {}
    """Lowest ratio that several programmes together may give one person, by lever: 0.8 is a fifth less at most, unless
    one of them alone does more. Without it their effects multiply."""
    claims: tuple[Claim, ...] = ()
    """Claims to test."""
    what_we_found: str = ""
    """What a full run found, in a few sentences: numbers with their intervals, and the command that gave them."""
    run: RunSettings
    """How to run it."""


def courses_of(scenario: Scenario) -> dict[str, Course]:
    """Course of each condition that is followed, the place's own word first; the same with and without the plan."""
    stated: dict[str, Course] = {}
    for intervention in reversed(scenario.interventions):
        stated |= intervention.courses
    conditions = scenario.place.people.conditions if scenario.place.people else {}
    stated |= {name: condition.course for name, condition in conditions.items() if condition.course}
    return {name: stated[name] for name in conditions if name in stated}
