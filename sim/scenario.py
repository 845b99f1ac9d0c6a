"""A scenario: a place, the interventions switched on, the claims to test, and how to run it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.interventions import Intervention
from sim.quantities import Described
from sim.system import Place


class Claim(Described):
    """What somebody says the plan will do."""

    text: str
    """The claim in the words of those who make it."""
    measure: str
    """Name of the measure it is about (see measures.py)."""
    of: str = "all"
    """Pool, stage, pathway or reason the measure is about, if it has such parts."""
    group: str = "all"
    """Age band, or several joined by a comma such as `75-84,85+`; all of them if left out."""
    year: Annotated[int, Field(ge=1)] | None = None
    """Measured year it is about; the mean of all measured years if left out."""
    change_per_cent: float | None = None
    """Claimed change against the same years without the plan, in per cent; negative is a fall."""
    change: float | None = None
    """Claimed change in the measure's own unit."""
    at_most: float | None = None
    """Claimed upper limit of the level with the plan."""
    at_least: float | None = None
    """Claimed lower limit of the level with the plan."""
    source: str = ""
    """Who claims it, where."""


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
    changes: dict[str, float | int | str | dt.date | bool] = {}
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
    changes: dict[str, float | int | str | dt.date | bool] = {}
    """Fields of the place changed, by path, for example `pools.acute_north.capacity: 400`."""
    interventions: tuple[UsedIntervention | Intervention, ...] = ()
    """Interventions switched on, in order."""
    claims: tuple[Claim, ...] = ()
    """Claims to test."""
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
    claims: tuple[Claim, ...] = ()
    """Claims to test."""
    run: RunSettings
    """How to run it."""
