"""Interventions as data, and what they change in a place.

An intervention states what it adds: capacity by date, stages, routes, and programmes that move levers for the
people they reach. Applying one returns a new place; nothing is changed in place and nothing is renumbered.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from sim.courses import Course
from sim.prices import Organisation
from sim.quantities import Age, Described, Distribution, Frailty, Number, Numbers, Quantity
from sim.system import Early, Hours, Pool, Residence, Route, Stage

LeverName = Literal[
    "urgent_needs",
    "emergency_admissions",
    "ambulatory_care_sensitive",
    "minor_needs",
    "a_and_e_share",
    "admission_given_a_and_e",
    "length_of_stay",
    "process_delay",
    "sourcing_delay",
    "readmission",
    "new_support",
    "discharge_to_beds",
    "planned_referrals",
    "outpatients",
    "surgical_conversion",
    "care_home_entry",
    "mortality",
    "deconditioning",
    "gp_workload",
    "condition_recognition",
    "condition_management",
    "symptom_days",
]
UnintendedName = Literal["unmet_need", "simple_referrals", "deskilling", "duplication", "gaps"]
LEVERS: tuple[str, ...] = LeverName.__args__  # type: ignore[attr-defined]
UNINTENDED: tuple[str, ...] = UnintendedName.__args__  # type: ignore[attr-defined]


class Lever(Described):
    """How much a programme moves one thing for the people it reaches, and how good the evidence is."""

    ratio: Annotated[float, Field(gt=0)]
    """Level with the programme relative to without; 1 is no effect."""
    low: Annotated[float, Field(gt=0)] | None = None
    """Lower end of what is plausible: 95% of what the ratio may be lies from low to high."""
    high: Annotated[float, Field(gt=0)] | None = None
    """Upper end of what is plausible."""
    distribution: Distribution | None = None
    """Shape of the range; lognormal if left out."""
    grade: str = ""
    """Kind of evidence, for example matched control."""
    source: str = ""
    """Publication; without one the ratio is an assumption."""
    note: str = ""
    """Definition or caution."""
    assumption: bool = False
    """True if the ratio was assumed or only recalled."""
    half_time_months: Annotated[float, Field(ge=0)] = 0.0
    """Months from the start until half of this effect is there, on top of the programme's own ramp: for what comes
    slowly, such as skills that fade. 0 for at once."""


class Who(Described):
    """Who can be reached."""

    age: tuple[Age, ...] = ("18-64", "65-74", "75-84", "85+")
    """Age bands."""
    frailty: tuple[Frailty, ...] = ("fit", "mild", "moderate", "severe")
    """Frailty."""
    conditions: tuple[str, ...] = ()
    """Having at least one of these conditions; anybody if left out."""
    or_conditions: bool = False
    """True if either the ages or the conditions are enough; both are needed otherwise."""
    locality: tuple[str, ...] = ()
    """Localities; all of them if left out."""
    residence: tuple[Residence, ...] | None = None
    """Where they live. Anywhere if left out; but then a programme that picks its members picks none in care homes."""
    top_risk_per_cent: Annotated[float, Field(gt=0, le=100)] = 100
    """Only the people with the highest risk score, per cent of those above."""
    reach: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of them who take part."""


class Caseload(Described):
    """How many a programme can take at one time, whole place."""

    caseload_per_wte: Number
    """People per whole-time equivalent."""
    wte: Number
    """Whole-time equivalents."""


class Ramp(Described):
    """When a programme starts, how fast it reaches its full effect, and what happens when it ends."""

    starts: dt.date
    """First day."""
    lag_days: Annotated[int, Field(ge=0)] = 0
    """Days from a person's enrolment until it has an effect on that person."""
    half_time_months: Annotated[float, Field(ge=0)] = 0.0
    """Months until half of the effect of the levers is reached; 0 for at once. Places, routes and hours are there or
    not: this, `full` and readiness are not about them."""
    full: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the stated effect of the levers reached in the end (fidelity)."""
    ends: dt.date | None = None
    """Day on which funding ends. What it costs a year or for each member stops, nobody joins any more, and the effect
    of its levers fades. Everything else it changes is as without it from that day: its places go as they empty and
    nobody new comes to them, routes, earlier ways out, opening hours, days of leaving and needs are the place's own.
    Refused where people would wait for ever for a place that is closed, or an earlier way out would go on."""
    fades_after_end_months: Annotated[float, Field(ge=0)] = 0.0
    """Months over which the effect of the levers fades after the end."""


class Takes(Described):
    """What a programme uses up, and who bears its cost."""

    gp_minutes_per_person_month: Number = Quantity(value=0)
    """Doctors' minutes for each member each month, until its end."""
    gbp_per_person_year: Number = Quantity(value=0)
    """Cost for each member each year, until its end."""
    gbp_start_up: Number = Quantity(value=0)
    """Cost once."""
    start_up_years: Annotated[float, Field(gt=0)] = 5.0
    """Years from its start over which the cost of starting is spread."""
    gbp_per_year: Number = Quantity(value=0)
    """Cost each year from its start to its end; negative if it saves, as a cut does."""
    run_by: Organisation = "community_provider"
    """Organisation that bears the cost, unless somebody pays it back."""
    source: str = ""
    """Where costs come from that have no source of their own; without one they are assumptions."""


class CapacityStep(Described):
    """A change of a pool's capacity from a date on."""

    pool: str
    """Pool, or the beginning of the names of several pools followed by `*` (shared out by their capacity)."""
    add: float
    """Beds, packages or slots more (or less, if negative), whole place."""
    from_date: dt.date
    """First day."""
    until: dt.date | None = None
    """First day on which it no longer holds; when the funding of the intervention ends, if that is earlier."""


class RouteAdded(Described):
    """A route put ahead of a stage's own routes, which share out whom it leaves in the proportions they had."""

    stage: str
    """Stage people leave by it; `need` for people coming with a new need."""
    route: Route
    """The route."""


class OpeningChange(Described):
    """New opening hours from the start of the intervention to its end."""

    pool: str
    """Pool whose opening hours change, or the beginning of the names of several followed by `*`."""
    open: Hours
    """The new hours."""


class LeavingChange(Described):
    """New days and hours of leaving from the start of the intervention to its end."""

    stage: str
    """Stage people leave."""
    leaves_by_weekday: Numbers
    """Relative chance of leaving on Monday to Sunday for somebody who is ready."""


class NeedStep(Described):
    """More or less need for a while: a hard winter, a heatwave."""

    severity: tuple[str, ...]
    """Severities of urgent need it changes."""
    ratio: Annotated[float, Field(gt=0)]
    """Rate relative to what it would have been."""
    age: tuple[Age, ...] = ("18-64", "65-74", "75-84", "85+")
    """Age bands."""
    from_date: dt.date
    """First day."""
    until: dt.date
    """First day after it."""


class Intervention(Described):
    """Something that can be switched on: whom it reaches, how many, which levers, how fast, at what cost."""

    kind: Literal["intervention"] = "intervention"
    """Kind of file."""
    name: str
    """Name on screen."""
    what: str
    """What it is, for a reader."""
    who: Who = Who()
    """Whom it can reach."""
    capacity: Caseload | None = None
    """How many it can take; without it everybody it can reach counts as reached."""
    ramp: Ramp
    """When and how fast."""
    strength: Annotated[float, Field(ge=0, le=2)] = 1.0
    """Multiplies every lever's effect; at 0 the intervention does nothing at all, its places and routes included."""
    levers: dict[LeverName, Lever] = {}
    """What it moves for those it reaches."""
    needs_by_condition: dict[str, Lever] = {}
    """Urgent needs caused by a condition, by its name, for those it reaches; needs of other causes stay as they are."""
    unintended: dict[UnintendedName, Lever] = {}
    """What it may do wrong: unmet_need (urgent and planned need revealed), simple_referrals (a new clinic draws
    them), deskilling (referrals by others drift up, slowly), duplication (contacts with doctors and outpatient clinics
    made twice) and gaps (process delay) where roles are unclear."""
    care_plan: bool = False
    """True if members get a care plan."""
    tool_noise: Annotated[float, Field(ge=0)] = 0.0
    """Noise added to the logarithm of the risk score."""
    insight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of lasting personal risk that clinicians know beyond the score (assumption)."""
    term_months: Annotated[float, Field(gt=0)] | None = None
    """Months a person stays enrolled; without end if left out."""
    takes: Takes = Takes()
    """What it uses up."""
    beds: tuple[CapacityStep, ...] = ()
    """Changes of capacity."""
    pools: dict[str, Pool] = {}
    """Pools it adds; they have no places from the day its funding ends."""
    stages: dict[str, Stage] = {}
    """Stages it adds."""
    routes: tuple[RouteAdded, ...] = ()
    """Routes it adds."""
    early: dict[str, Early] = {}
    """Earlier ways out it gives, by the stage people leave; it takes the place of one the stage has. They end with the
    places they lead to, so `ramp.ends` is refused where these stay."""
    opening: tuple[OpeningChange, ...] = ()
    """Opening hours it changes."""
    leaving: tuple[LeavingChange, ...] = ()
    """Leaving patterns it changes."""
    needs: tuple[NeedStep, ...] = ()
    """Changes of need by date."""
    sources: tuple[str, ...] = ()
    """Sources for the intervention as a whole."""
    may_go_wrong: str = ""
    """What else may go wrong, for a reader: what no switch above can say."""
    how_sure: str = ""
    """How sure anybody can be of its effect, for a reader: two or three sentences."""
    courses: dict[str, Course] = {}
    """Course of conditions whose course the place does not state: how they go in usual care, with or without the
    intervention."""

    @property
    def enrols(self) -> bool:
        """True if it moves levers or gives care plans, so that people are enrolled in it or reached by it."""
        return bool(self.levers or self.needs_by_condition or self.unintended or self.care_plan)

    @property
    def is_followed(self) -> bool:
        """True if it has members who are picked and listed; otherwise it reaches whoever it is for, at once."""
        takes = self.takes.gp_minutes_per_person_month.value or self.takes.gbp_per_person_year.value
        return bool(self.capacity or self.care_plan or takes or self.who.top_risk_per_cent < 100)
