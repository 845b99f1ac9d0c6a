"""CareSystem to arrays: names become indices, days become minutes, once.

Engines read only a ``Plan``. ``Names`` is what turns its indices back into words and dates.
How the tables are filled is in ``compile.py``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.interventions import LEVERS, UNINTENDED

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Names:
    """The words behind a plan's indices, and the calendar behind its minutes."""

    stages: tuple[str, ...]
    """Stage keys, by stage index."""
    pools: tuple[str, ...]
    """Pool keys, by pool index."""
    localities: tuple[str, ...]
    """Locality names, by locality index."""
    programmes: tuple[str, ...]
    """Intervention names that enrol people, by programme index."""
    funded_days: tuple[int, ...]
    """Day from the start of warm-up on which its funding ends, by programme index; the end of the run if it goes on."""
    stage_titles: tuple[str, ...]
    """Stage titles for the screen."""
    pool_titles: tuple[str, ...]
    """Pool titles for the screen."""
    acute: tuple[bool, ...]
    """By stage: an acute hospital stay."""
    emergency_admission: tuple[bool, ...]
    """By stage: starting it with an urgent need counts as an emergency admission."""
    overnight: tuple[bool, ...]
    """By stage: an overnight stay with a discharge pathway."""
    residence: tuple[int, ...]
    """By stage: index in system.RESIDENCES it makes the person's residence, 0 if none."""
    a_and_e: int
    """Index of the A&E stage, -1 if there is none."""
    gp: int
    """Index of the urgent general practice stage, -1 if there is none."""
    slots: tuple[bool, ...]
    """By pool: slots a day rather than beds."""
    capacity: tuple[tuple[int, ...], ...]
    """By pool: capacity on each day from the start of warm-up, at the run's scale; -1 for no limit."""
    residents: tuple[tuple[int, ...], ...]
    """People by age band and locality, at the run's scale."""
    first_day: dt.date
    """Date of minute 0."""
    warm_up_minutes: int
    """Minutes of warm-up; the first measured minute."""
    end_minute: int
    """Minute after the last one simulated."""
    scale: float
    """Share of people and capacities simulated; counts are divided by it."""
    conditions: tuple[str, ...] = ()
    """Conditions whose course is followed, by their number among those."""
    causes: tuple[int, ...] = ()
    """By cause of a need (0 general, then each condition of the place): number among those followed, -1 if none."""
    complications: tuple[str, ...] = ()
    """Complications of all of them, by their number."""
    symptom_days: tuple[tuple[float, ...], ...] = ()
    """By condition followed and state: days a month limited by symptoms."""
    invited: tuple[tuple[tuple[int, ...], int], ...] = ()
    """By programme: for each age band 1 if it is for it; bits of the conditions followed it is for, if it enrols."""
    first_appointment: int = -1
    """Index of the stage of the first hospital appointment after a planned referral, -1 if there is none."""
    tells_apart: bool = False
    """True if referred people who would benefit from an operation are told apart from the others."""
    counted_by_pilot: tuple[float, ...] = ()
    """By age band: share of emergency admissions that a pilot counts; none if it is not known."""
    community_bed: tuple[bool, ...] = ()
    """By stage: a bed of a community hospital or other bed outside acute hospitals; none if left out."""


class Plan(NamedTuple):
    """A run as arrays. Times are minutes from the start of warm-up; shares are 0 to 1; unused places are -1.

    Indices: [S] stages, [P] pools, [L] localities, [A] age bands, [F] frailty, [R] residence, [E] nearing the end of
    life, [D] days, [K] streams of plain arrivals, [I] programmes, [T] routes.
    """

    names: Names
    days: int
    """Days of the run, warm-up included."""
    first_weekday: int
    """Weekday of minute 0, Monday 0."""

    # people
    people: Ints
    """[A] people of each age at the run's scale."""
    locality_shares: Floats
    """[L] cumulative."""
    frailty_shares: Floats
    """[A, F] cumulative."""
    deprivation: Floats
    """[5] relative need of each fifth, mean 1."""
    propensity_shape: Floats
    """[A] gamma shape."""
    condition_prevalence: Floats
    """[conditions, A]."""
    condition_extra: Floats
    """[conditions] ratio of need less 1."""
    residence_shares: Floats
    """[A, F, R] cumulative shares at the start."""
    end_of_life_share: Floats
    """[A, F, R] share nearing the end of life at the start."""
    life_rates: Floats
    """[kind, A, F, R, E] events a person-year at average propensity, by LIFE_EVENTS."""
    severity_shares: Floats
    """[A, 5] cumulative shares of urgent severities."""
    door_a_and_e: Floats
    """[A, 5] share that goes to A&E rather than general practice."""
    need_by_day: Floats
    """[5, A, D] relative rate of urgent needs: season, growth, changes by date."""
    week_pattern: Floats
    """[336] relative rate of urgent needs in each half hour of the week from Monday 00:00, mean 1."""

    # the course of conditions; [F] those followed, [Q] rules.STATES, [C] complications
    course_condition: Ints
    """[F] number of the condition."""
    course_shares: Floats
    """[F, 2] share recognised of those who have it, and managed of the recognised."""
    course_rates: Floats
    """[F, Q, C + 4] steps a year: each complication, newly ill, lapsed, managed, recognised."""
    course_crises: Floats
    """[F, 5, A, Q] relative rate of the needs of a severity that it causes."""
    course_referred: Floats
    """[F, 2] share referred when management begins, and when recognised."""
    course_gp_minutes: Floats
    """[F] doctors' minutes a day for each person recognised."""
    course_reference: Floats
    """[F] people recognised without a programme, at the run's scale."""
    complication_need: Ints
    """[C] severity of the need that follows, -1 none."""
    complication_stage: Ints
    """[C] stage it asks for, -1 the usual door."""

    # stages
    stage_pools: Ints
    """[S, L, 4] pools serving a locality, -1 beyond."""
    stage_pool_shares: Floats
    """[S, L, 4] cumulative."""
    stay_kind: Ints
    """[S] rules.LOGNORMAL, EXPONENTIAL or FIXED."""
    stay_minutes: Floats
    """[S, A] mean length of stay."""
    stay_sigma: Floats
    """[S] sigma of the logarithm."""
    leaves_from: Ints
    """[S] first hour."""
    leaves_to: Ints
    """[S] closing hour."""
    leaves_chance: Floats
    """[S, D] chance of leaving on a day for somebody ready."""
    dies: Floats
    """[S, A, F, E] chance to die in the stage."""
    early_to: Ints
    """[S] stage that takes people early, -1 none."""
    early_from: Ints
    """[S] minute from which it may."""
    early_share: Floats
    """[S, A]."""
    early_at: Floats
    """[S] share of the length of stay."""
    escalate_to: Ints
    """[S] stage, -1 home, NO_OUTLET."""
    escalate_after_days: Floats
    """[S]."""
    escalate_per_day: Floats
    """[S]."""
    unseen_wait: Floats
    """[S] share who wait, -1 where nobody gives up."""
    unseen_divert: Floats
    """[S]."""
    unseen_to: Ints
    """[S]."""
    unseen_reference: Floats
    """[S]."""
    keeps_place: Ints
    """[S] 1 if people keep the old place until this stage starts."""
    at_home: Ints
    """[S] 1 if the person lives at home meanwhile."""
    residence: Ints
    """[S] residence it gives, 0 none."""
    place_kept: Ints
    """[S] minutes a residence place is kept."""
    stage_flags: Ints
    """[S] bits ACUTE, EMERGENCY, OVERNIGHT, PRESSED, DECONDITIONS, DECIDES."""

    # routes
    route_sets: Ints
    """[sets, 5] stage, severity, first minute, first row, number of rows; sorted, later sets replace earlier ones."""
    route_to: Ints
    """[T] stage, -1 home."""
    route_shares: Floats
    """[T, A, F] cumulative within its set."""
    route_if_room: Ints
    """[T]."""
    route_otherwise: Ints
    """[T] row to try next, -1 none."""
    route_otherwise_to: Ints
    """[T] stage asked for when there is no room, -1 home."""
    route_pathway: Ints
    """[T] 0 to 3, -1 none."""
    route_process: Floats
    """[T] mean minutes of process delay."""
    route_sourcing: Floats
    """[T] mean minutes of sourcing delay."""
    route_delayed: Floats
    """[T] share with a drawn delay."""
    route_sigma: Floats
    """[T]."""
    route_mean_days: Floats
    """[T] mean delay of all three parts, the reference of deconditioning."""
    route_cancels: Ints
    """[T]."""

    # pools
    capacity: Ints
    """[P, D] beds, or slots of the day; -1 without limit."""
    opens: Ints
    """[P, D] minute of the day, 0 to 1440."""
    closes: Ints
    """[P, D] minute of the day; 0 if closed all day."""
    slots: Ints
    """[P] 1 for slots."""
    first: Ints
    """[P, S + 1] rank of people coming from a stage (last: from a need); lower goes first."""
    reserved: Ints
    """[P, S + 1] places kept for people coming from a stage."""
    gp_share: Floats
    """[P] share of the place's urgent general practice time."""
    gp_added: Ints
    """[P, D] urgent appointments of general practice that interventions add to what routine work leaves."""

    # plain arrivals
    stream_to: Ints
    """[K] stage."""
    stream_rate: Floats
    """[K, D] arrivals on a day."""
    stream_hours: Floats
    """[K, 24] cumulative share by hour."""
    stream_ages: Floats
    """[K, A] cumulative."""
    stream_localities: Floats
    """[K, L] cumulative."""

    # readmission, general practice, start
    readmission: Floats
    """[A] chance of a drawn readmission."""
    own_readmission: Floats
    """[A] chance of an emergency admission in the same 30 days at one's own rate."""
    admitted_for_each_minor: Floats
    """[A] admissions through A&E for each minor attendance."""
    workload: Floats
    """[2, A] routine contacts with a doctor in general practice, and outpatient attendances, a person-year."""
    operating_stage: int
    """Stage that people go on to when an operation is decided on, -1 none."""
    readmission_minutes: float
    readmission_stage: int
    gp_minutes: float
    """Doctors' minutes each weekday, at the run's scale."""
    gp_routine_minutes: float
    """Routine work each weekday, at the run's scale."""
    gp_urgent_minutes: float
    gp_backlog_days: float
    zero_day_stage: int
    overnight_stage: int
    referral_stage: int
    operation_share: float
    """Share of planned referrals of people who would benefit from an operation."""
    home_care_stage: int
    care_home_stage: int
    initial: Ints
    """[rows, 6] stage, age, locality (-1 by share), number in place, number waiting, elapsed minutes (-1 drawn)."""

    # loops
    loop: Floats
    """[LOOPS] strengths and reference levels, by LOOPS."""

    # programmes
    programme_active: Ints
    """[I] 1 if it has an effect, 0 if it is only followed as what would have been."""
    programme_start: Ints
    """[I] minute."""
    programme_end: Ints
    """[I] minute funding ends."""
    programme_ramp: Floats
    """[I, 4] half time days, full, fading days, lag days."""
    programme_caseload: Floats
    """[I] people, -1 everybody it can reach."""
    programme_who: Floats
    """[I, 6] top risk per cent, reach, tool noise, insight, term minutes (-1 none), strength."""
    programme_ages: Ints
    """[I, A]."""
    programme_frailty: Ints
    """[I, F]."""
    programme_conditions: Ints
    """[I, 2] bits of conditions (0 any), 1 if age or condition is enough."""
    programme_localities: Ints
    """[I, L]."""
    programme_residences: Ints
    """[I, R] 1 if it is for people who live so; 2 if it is, but does not pick them as members."""
    programme_ratio: Floats
    """[I, levers] ratio of each lever, 1 for none, by ``lever_names``."""
    programme_growth: Floats
    """[I, levers] days until half of the effect of a lever that grows slowly is there, 0 for at once."""
    programme_followed: Ints
    """[I] 1 if members are ranked and listed."""
    programme_overlap: Floats
    """[levers] lowest product of the effects of several programmes on one person, 0 for no limit."""
    programme_gp_minutes: Floats
    """[I] doctors' minutes a member a day."""
    programme_care_plan: Ints
    """[I]."""


COURSE = 7
"""Kind of the life events that are steps of the course of a condition; their rate is the person's, not the group's."""
LIFE_EVENTS = ("urgent", "referral", "death", "end_of_life", "home_care_request", "care_home_request", "support_ends")
PROGRAMME_LEVERS = (*LEVERS, *UNINTENDED)
LOOPS = (
    "exit_block", "gp_access", "pressure", "deconditioning", "programme_time", "case_finding", "new_clinic_referrals",
    "deskilling", "threshold_slope", "pressure_discharges", "pressure_readmissions", "reference_occupancy",
    "frailty_steps", "unclear_roles",
)  # fmt: skip
NO_OUTLET = -2
"""In place of a stage where nobody goes who has waited too long."""
WORKLOAD_DAYS = 28
"""Outpatient attendances and routine work of general practice are worked out every so many days."""
ACUTE, EMERGENCY, OVERNIGHT, PRESSED, DECONDITIONS, DECIDES = 1, 2, 4, 8, 16, 32
YEAR_DAYS = 365.25
QUARTER_DAYS = 91
"""Days of a cell of the scatter of needs."""


def lever_names(conditions: int) -> tuple[str, ...]:
    """Names of the columns of a plan's tables of levers: the levers, then urgent needs caused by each condition."""
    return (*PROGRAMME_LEVERS, *(f"caused_by_{number}" for number in range(1, conditions + 1)))
