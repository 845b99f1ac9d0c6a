"""What a valid place is: people, needs, pools, stages and routes, as a planner writes them.

The models here say what each field means, its unit and its bounds. Checks that compare fields are in
``files/checks.py``; turning a place into arrays is ``plans/compile.py``; the numbers themselves are in
``scenarios/places``.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.courses import Course
from sim.prices import Prices
from sim.quantities import Age, AgeTable, ByAge, Described, Number, Numbers, Quantity

HOME = "home"
"""The route target that ends a journey: the person goes home, or stays there."""

SEVERITIES = (
    "minor",
    "ambulatory_care_sensitive",
    "community_or_acute",
    "acute",
    "community_or_home",
    "planned",
    "request",
    "other",
    "planned_operation",
)
"""Why a journey began. The first five are urgent needs of a person: a minor need; one that good care in the
community may prevent; one that needs a bed but not an acute one, and gets an acute one if nothing else has room;
one that needs acute care; one that takes a community bed if offered and otherwise stays at home (`substitution`).
Then: a planned referral, a request for residence support, an arrival of a plain stream, and a planned referral of
somebody who would benefit from an operation (where `planned_care.operation_share` tells them apart)."""

Severity = Literal[
    "minor",
    "ambulatory_care_sensitive",
    "community_or_acute",
    "acute",
    "community_or_home",
    "planned",
    "request",
    "other",
    "planned_operation",
]
Pathway = Literal["P0", "P1", "P2", "P3"]
Residence = Literal["own_home", "home_with_care", "care_home"]
RESIDENCES = ("own_home", "home_with_care", "care_home")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Share = Annotated[float, Field(ge=0, le=1)]


class Hours(Described):
    """When something is open. Outside these hours nothing starts (a pool) or nobody leaves (a stage)."""

    from_hour: Annotated[int, Field(ge=0, le=23)] = 0
    """First hour of the day that is open, 0 to 23."""
    to_hour: Annotated[int, Field(ge=1, le=24)] = 24
    """Hour at which it closes, 1 to 24, after from_hour."""
    weekdays: tuple[Weekday, ...] = WEEKDAYS  # type: ignore[assignment]
    """Days of the week on which it is open."""

    @model_validator(mode="after")
    def _ordered(self) -> Hours:
        if self.to_hour <= self.from_hour:
            raise ValueError(f"to_hour ({self.to_hour}) must be after from_hour ({self.from_hour})")
        if not self.weekdays:
            raise ValueError("weekdays must name at least one day")
        return self


class CapacityChange(Described):
    """A new capacity from a date on."""

    from_date: dt.date
    """First day of the new capacity."""
    capacity: Annotated[float, Field(ge=0)]
    """Beds, packages or slots a day from that day on."""


class Pool(Described):
    """Interchangeable beds, packages, caseload or slots that stages draw on."""

    kind: Literal["beds", "slots"] = "beds"
    """beds: held for the length of a stay (also packages and caseload). slots: used up, renewed each open day."""
    title: str = ""
    """Name shown on screen; the key with spaces if left out."""
    provider: str = ""
    """Organisation that runs the pool."""
    locality: str = ""
    """Locality the pool belongs to; empty if it serves several."""
    capacity: Number | None = None
    """Beds, packages or caseload at one time; for slots the number each open day. Left out: without limit."""
    changes: tuple[CapacityChange, ...] = ()
    """Later capacities, by date."""
    open: Hours = Hours()
    """When stays may start in this pool."""
    first: tuple[str, ...] = ()
    """Stages people come from, in order of priority; `need` for people who come with a new need. Others follow
    in order of asking."""
    reserved: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Places kept for people coming from a stage (or `need`): others may not use the last so many places."""
    scaled_by: str = ""
    """How the residents' share of the provider's capacity was worked out."""


class LengthOfStay(Described):
    """Distribution of the time from started to ready, before waiting for an open door."""

    kind: Literal["lognormal", "exponential", "fixed"] = "lognormal"
    """Shape. Draws are by inversion, so a longer mean makes every stay longer."""
    mean_days: ByAge | None = None
    """Mean in days; give exactly one of mean_days, mean_hours, mean_minutes."""
    mean_hours: ByAge | None = None
    """Mean in hours."""
    mean_minutes: ByAge | None = None
    """Mean in minutes."""
    cv: Number | None = None
    """Coefficient of variation (standard deviation over mean) of a lognormal; 1 if left out."""
    published: bool = False
    """True if the mean is the published one, from admission to leaving and with zero-day admissions averaged in:
    delay, the wait for an open door and the zero-day share are then taken off (see expected/net_rates.py)."""

    @model_validator(mode="after")
    def _one_mean(self) -> LengthOfStay:
        given = [name for name in ("mean_days", "mean_hours", "mean_minutes") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of mean_days, mean_hours, mean_minutes, not {len(given)}")
        return self

    @property
    def mean(self) -> AgeTable:
        """The mean as written, in its own unit."""
        table = self.mean_days or self.mean_hours or self.mean_minutes
        assert table is not None
        return table

    @property
    def minutes_per_unit(self) -> int:
        """Minutes in one unit of the mean."""
        return 1440 if self.mean_days else 60 if self.mean_hours else 1


class Delay(Described):
    """Delay between ready and leaving, in its three parts: process and sourcing are drawn, capacity is a queue."""

    mean_days: Number
    """Mean delay of everybody on the route, all three parts, as published; 0 for people who are not delayed."""
    capacity_share: Number = Quantity(value=0)
    """Share of the mean that is waiting for capacity: not drawn, it comes from the queue for the next stage."""
    process_share: Number = Quantity(value=0.5)
    """Share of the drawn part that is process (hospital, transfer hub); the rest is sourcing (assessment, family
    choice, acceptance by a provider)."""
    delayed_share: Number = Quantity(value=1)
    """Share of people on the route who have a drawn delay at all."""
    cv: Number = Quantity(value=1)
    """Coefficient of variation (lognormal) of each drawn part among those delayed."""


class Escalation(Described):
    """What gives when somebody has waited too long: a spot purchase, an interim bed, family care."""

    after_days: Number
    """Wait after which it may happen."""
    share_per_day: Number
    """Chance on each day after that."""
    to: str
    """Stage the person goes to instead, or `home`."""


class GivesUp(Described):
    """People who are not seen by closing time, for stages on slots."""

    wait: Number
    """Share who wait for the next open day."""
    divert: Number
    """Share who go to `divert_to`; the rest drop out."""
    divert_to: str
    """Stage they go to instead."""
    reference_unseen_share: Number
    """Share unseen at closing in the reference state; the loop `gp_access` acts on the difference from it."""


class Route(Described):
    """A share of the people leaving a stage (or arriving with a need) and where they go."""

    to: str
    """Stage they ask for, or `home`."""
    share: ByAge | Literal["rest"] = "rest"
    """Share of people of each age, 0 to 1; `rest` takes what the routes before it leave."""
    severity: tuple[Severity, ...] = ()
    """Only for journeys that began so; all of them if left out."""
    pathway: Pathway | None = None
    """The national discharge pathway this route counts as."""
    frailty_ratio: Numbers | None = None
    """Relative share for fit, mild, moderate, severe; the share by age stays what it is."""
    if_room: bool = False
    """Only if the stage is open and has room at that moment, and nobody is waiting for it; otherwise `otherwise`."""
    otherwise: str = ""
    """Stage asked for when there is no room (which may have its own `if_room` route), or `home`."""
    delay: Delay | None = None
    """Delay between being ready and the next stage (or going home) along this route."""
    cancelled: bool = False
    """True if taking this route's `otherwise` counts as a cancellation, rebooked first."""


class Early(Described):
    """An earlier way out of a stage for some people, if the next stage has room at that moment."""

    to: str
    """Stage that takes them early."""
    share: ByAge
    """Share of people for whom it could."""
    at_share_of_stay: Number
    """Share of the length of stay after which it is tried, once."""


class Stage(Described):
    """One step of care: where it happens, how long it takes, and where people go next."""

    title: str = ""
    """Name shown on screen; the key with spaces if left out."""
    served_by: dict[str, dict[str, Share]] | str
    """The pool; or for each locality (or `all`) the share of its people going to each pool."""
    length_of_stay: LengthOfStay
    """Time from started to ready."""
    leaves: Hours = Hours()
    """When people may leave (the door is open)."""
    leaves_by_weekday: Numbers | None = None
    """Relative chance of leaving on Monday to Sunday for somebody who is ready."""
    routes: tuple[Route, ...] = ()
    """Where people go next, in order; home if none applies."""
    early: Early | None = None
    """An earlier way out."""
    dies: ByAge | None = None
    """Chance to die in the stage, by age (average frailty). Left out: see `deaths_in_hospital`."""
    escalates: Escalation | None = None
    """What gives after too long a wait for this stage."""
    gives_up: GivesUp | None = None
    """What people do who are not seen by closing."""
    keeps_place: bool = True
    """True if people keep the place they are in until this stage starts (exit block, delayed discharge)."""
    at_home: bool = False
    """The person lives at home meanwhile: may have other needs, and the hazards of home apply."""
    residence: Residence | None = None
    """Starting this stage makes it the person's residence: the place is kept beside later journeys until it ends."""
    place_kept_days: Annotated[int, Field(ge=0)] = 42
    """For a residence: days a place is kept while the person is in hospital."""
    acute: bool = False
    """An acute hospital stay: counts as a bed of the acute provider."""
    community_bed: bool = False
    """A bed outside acute hospitals, such as a community hospital's; counted in the measures of community beds."""
    emergency_admission: bool = False
    """Starting this stage with an urgent need counts as an emergency admission."""
    overnight: bool = False
    """An overnight stay: its live discharges have a discharge pathway and a chance of readmission."""
    deaths_in_hospital: bool = False
    """Deaths in this stage make up the published share of deaths in hospital.

    The chance is worked out in ``expected/net_rates.py``.
    """
    answers_pressure: bool = False
    """Stays shorten when the pool is fuller than the reference (loop `pressure`)."""
    deconditions: bool = False
    """Days of delay in this stage move frailty (loop `deconditioning`)."""
    decides_admission: bool = False
    """Minor needs seen here may be admitted when acute beds are free (loop `threshold_slope`)."""


class RateChange(Described):
    """A new rate of arrival from a date on."""

    from_date: dt.date
    """First day of the new rate."""
    per_day: Annotated[float, Field(ge=0)]
    """Arrivals a day from that day on."""


class PlainArrivals(Described):
    """Arrivals without a person behind them: transfers in, or an ordinary pathway without a population."""

    to: str
    """Stage they arrive at."""
    per_day: Number
    """Mean arrivals a day."""
    by_weekday: Numbers | None = None
    """Relative rate on Monday to Sunday."""
    by_hour: Numbers | None = None
    """Relative rate for each of the 24 hours."""
    changes: tuple[RateChange, ...] = ()
    """Later rates, by date."""
    age: dict[Age, Share] = {"18-64": 1.0}
    """Share of each age band."""
    locality: dict[str, Share] = {}
    """Share of each locality; the localities' own shares if left out."""


class InitialStays(Described):
    """People in or waiting for a stage on the first day, from a snapshot."""

    in_place: Annotated[int, Field(ge=0)] = 0
    """People in the stage."""
    waiting: Annotated[int, Field(ge=0)] = 0
    """People waiting for it."""
    locality: str = ""
    """Their locality; spread by the localities' shares if left out."""
    elapsed_days: Annotated[float, Field(ge=0)] | None = None
    """Mean days those in place have been there; worked out from the length of stay if left out."""


class Locality(Described):
    """Part of a place with its own council."""

    name: str
    """Name on screen."""
    share: Number
    """Share of the place's adults who live here."""


class Condition(Described):
    """A long-term condition: how common, and what it adds."""

    title: str = ""
    """Name shown on screen."""
    prevalence: ByAge
    """Share of people with the condition, recognised or not."""
    urgent_needs_ratio: Number
    """Rate of urgent needs with the condition relative to without."""
    course: Course | None = None
    """How it is recognised and managed. Left out: it is not followed, unless an intervention says how it goes."""


class EndOfLife(Described):
    """The state entered ahead of most deaths."""

    share_of_deaths: Number
    """Share of deaths that come in this state."""
    median_months: Number
    """Median time from entering to death."""
    urgent_needs_ratio: Number
    """Rate of urgent needs in this state relative to before."""


class People(Described):
    """Who lives in the place."""

    residents: ByAge
    """Number of residents by age."""
    growth_per_cent_per_year: ByAge = AgeTable(all=Quantity(value=0))
    """Growth of the population by age, as growth of its rates of need."""
    frailty: dict[Age, Numbers]
    """Shares fit, mild, moderate, severe for each age band."""
    propensity_shape: ByAge
    """Gamma shape of lasting differences between people of one group; smaller is more unequal."""
    deprivation_ratio: Numbers
    """Relative urgent need of the five fifths, most deprived first; normalised to mean 1."""
    frailty_urgent_ratio: Numbers
    """Relative rate of urgent needs: fit, mild, moderate, severe."""
    frailty_death_ratio: Numbers
    """Relative hazard of death: fit, mild, moderate, severe."""
    frailty_care_home_ratio: Numbers
    """Relative chance of living in or moving to a care home: fit, mild, moderate, severe."""
    conditions: dict[str, Condition] = {}
    """Long-term conditions, by name."""
    end_of_life: EndOfLife
    """Nearing the end of life."""


class Deaths(Described):
    """How many people die, and where."""

    per_1000_per_year: ByAge
    """Deaths by age, all places."""
    hospital_share: Number
    """Share of deaths in acute hospital."""
    care_home_share: Number
    """Share of deaths in care homes."""
    care_home_residents_hospital_share: Number = Quantity(value=0.25, low=0.15, high=0.35, assumption=True)
    """Share of care-home residents' deaths that are in acute hospital."""
    care_home_age_gradient: Number = Quantity(value=0.5)
    """Power of the age band's death rate that care-home mortality follows (0: the same at all ages)."""


class UrgentNeeds(Described):
    """Urgent needs as published: gross figures, from which net rates are worked out (expected/net_rates.py)."""

    emergency_admissions_per_1000_per_year: ByAge
    """Admissions as an emergency, including zero-day, first and repeated."""
    a_and_e_attendances_per_1000_per_year: ByAge
    """Type 1 attendances."""
    urgent_gp_per_1000_per_year: ByAge
    """Urgent requests to general practice that could end in A&E or a bed."""
    share_of_admissions_through_a_and_e: ByAge
    """Share of emergency admissions that come through A&E; the rest come from general practice."""
    zero_day_share: ByAge
    """Share of emergency admissions that stay less than a night."""
    ambulatory_care_sensitive_share: ByAge
    """Share of emergency admissions for conditions that good community care may prevent."""
    community_bed_instead_share: ByAge
    """Share of overnight emergency admissions that need a bed, but not an acute one."""
    community_entries_per_year: Number
    """Urgent needs a year taken today by community beds and virtual wards instead of hospital (step-up)."""
    gp_stage: str
    """Stage of the urgent general practice appointment."""
    a_and_e_stage: str
    """Stage of A&E."""
    zero_day_stage: str
    """Stage of zero-day admissions."""
    overnight_stage: str
    """Stage of overnight emergency admissions."""
    readmitted_within_30_days: ByAge
    """Share of live overnight discharges admitted as an emergency within 30 days, for any reason."""
    readmission_days: Number
    """Mean days to a drawn readmission."""
    counted_by_pilot_share: ByAge | None = None
    """Share of emergency admissions that a pilot counts as its own, such as non-elective medical ones; left out where
    there is no such pilot."""
    ambulance_share: ByAge
    """Share of A&E attendances that come by ambulance (reported, not modelled as a queue)."""
    by_month: dict[Age, Numbers]
    """Relative rate for January to December, by age."""
    minor_by_month: Numbers
    """Relative rate of minor needs for January to December."""
    by_weekday: Numbers
    """Relative rate for Monday to Sunday."""
    by_hour: Numbers
    """Relative rate for each of the 24 hours."""


class PlannedCare(Described):
    """Referrals and planned overnight admissions."""

    admissions_per_1000_per_year: ByAge
    """Planned overnight admissions."""
    referrals_per_admission: Number
    """Referrals modelled for each planned overnight admission (surgical conversion is its inverse)."""
    referral_stage: str
    """Stage of the first outpatient attendance."""
    operation_share: Number = Quantity(value=0)
    """Share of referrals of people who would benefit from an operation, severity `planned_operation`: routes then say
    what share of these and of the others (`planned`) is sent on or operated. 0: they are not told apart. People drawn
    by a new clinic (simple_referrals, deskilling) are never among them."""
    day_cases_per_1000_per_year: ByAge
    """Day cases: workload and cost only."""
    outpatients_per_1000_per_year: ByAge
    """All outpatient attendances: workload and cost only."""


class GeneralPractice(Described):
    """Workload of general practice."""

    contacts_per_person_per_year: ByAge
    """Contacts with the practice, all staff."""
    minutes_per_contact: Number
    """Clinical minutes a contact takes."""
    share_with_gp: Number
    """Share of contacts with a doctor."""
    gp_minutes_per_weekday: Number
    """Doctors' minutes each weekday, whole place."""
    urgent_minutes: Number
    """Minutes of an urgent appointment."""
    backlog_days: Number
    """Days of deferred routine work after which it is shed."""
    pool_prefix: str = "gp_slots"
    """Slot pools whose name starts so share the minutes, in proportion to their capacity."""


class ResidenceSupport(Described):
    """Home care or care homes as residence support held beside journeys."""

    stage: str
    """Stage whose start makes it the residence."""
    residents_per_1000: ByAge
    """People with this residence today, per 1,000 of their age."""
    ends_per_year: Number
    """Share a year who no longer need it, apart from death and moving to a care home."""
    requests_per_1000_per_year: ByAge | None = None
    """Entries from the community. Left out: the balancing figure that keeps today's number."""


class SocialCare(Described):
    """Residence support of the place."""

    home_with_care: ResidenceSupport
    """Home care."""
    care_home: ResidenceSupport
    """Care homes."""


class Loops(Described):
    """Feedbacks, each acting on the difference from a reference level; strength 0 switches one off."""

    exit_block: Annotated[float, Field(ge=0, le=1)] = 1.0
    """1: an old place is kept until the next stage starts. 0: it is freed as soon as the person is ready."""
    gp_access: Annotated[float, Field(ge=0)] = 1.0
    """Strength of unmet urgent general practice need turning to A&E beyond the reference."""
    pressure: Annotated[float, Field(ge=0)] = 1.0
    """Strength of earlier discharge, and the readmissions it causes, when beds are fuller than the reference."""
    deconditioning: Annotated[float, Field(ge=0)] = 1.0
    """Strength of days of delay moving frailty."""
    programme_time: Annotated[float, Field(ge=0)] = 1.0
    """Strength of programmes' general practice minutes taking urgent slots."""
    case_finding: Annotated[float, Field(ge=0)] = 1.0
    """Strength of programmes' `unmet_need` revealing need."""
    new_clinic_referrals: Annotated[float, Field(ge=0)] = 1.0
    """Strength of new clinics drawing referrals of simple problems."""
    deskilling: Annotated[float, Field(ge=0)] = 1.0
    """Strength of referral drift where outreach clinics take over."""
    unclear_roles: Annotated[float, Field(ge=0)] = 1.0
    """Strength of programmes' `duplication` and `gaps`: work done twice, or left undone, where roles are unclear."""
    substitution: Number
    """Share of community-bed and virtual-ward entries that would otherwise have been acute admissions."""
    threshold_slope: Number
    """Extra share of minor A&E attendances admitted per percentage point of acute beds free beyond the reference."""
    pressure_discharges_per_cent: Number
    """Per cent more discharges for each per cent of occupancy above the reference."""
    pressure_readmissions_per_cent: Number
    """Per cent more readmissions for each per cent of discharges brought forward."""
    reference_occupancy: Number
    """Occupancy of acute beds at which pressure is nil."""
    frailty_steps_per_delay_day: Number
    """Chance of one step of frailty for each day of delay beyond (or short of) the route's mean."""


class Place(Described):
    """A geography with a population, its services and their capacity; or an ordinary pathway without people."""

    kind: Literal["place"] = "place"
    """Kind of file."""
    name: str
    """Name of the place."""
    what: str
    """What the place is, for a reader."""
    based_on: str = ""
    """Path of the place that gives everything this file does not, relative to this file. Fields and named things are
    laid over one by one; a number, a table by age, a list or shares are replaced whole."""
    without: tuple[str, ...] = ()
    """Paths of what that place has and this one has not, such as `pools.acute_north`."""
    decisions: tuple[str, ...] = ()
    """Where published figures contradict each other: which is used and why."""
    localities: tuple[Locality, ...] = Field(min_length=1)
    """Parts of the place."""
    people: People | None = None
    """Who lives there; left out for a pathway without population."""
    deaths: Deaths | None = None
    """Deaths, with people."""
    urgent_needs: UrgentNeeds | None = None
    """Urgent needs, with people."""
    planned_care: PlannedCare | None = None
    """Planned care."""
    general_practice: GeneralPractice | None = None
    """General practice."""
    social_care: SocialCare | None = None
    """Residence support."""
    loops: Loops | None = None
    """Feedbacks, with people."""
    pools: dict[str, Pool]
    """Pools, in the order in which places are filled."""
    stages: dict[str, Stage]
    """Stages of care, by name."""
    plain_arrivals: dict[str, PlainArrivals] = {}
    """Arrivals without a person behind them, by name."""
    start: dict[str, tuple[InitialStays, ...]] = {}
    """Snapshot of the first day by stage; other stages start at their expected number."""
    prices: Prices | None = None
    """What care costs and who pays; left out, nothing is said about money."""
