"""What each stay and event counts as: the facts behind the measures of ``definitions.py``, compiled.

A stay is counted once, with all of its time, when it has ended; stays that are still open are counted as they stand
when the table is made. Every count is a whole number and is held as one, so neither the order of the rows nor the
length of the pieces of a run makes a difference.

Each function is given by name (see ``tally.py``) columns of the stays or events, what the stages and pools are, and the
counts it adds to: arrays ``[part, who, day]``, where ``who`` is age band and locality in one number. Each array has
SPARE entries after the last day (or hour), for what is not in measured time; nobody reads them. Presence is added as
changes: one more from the first midnight (or hour) on, one less from the first after leaving.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.compiled import compiled, rule
from sim.draws import Purpose, Words, uniform
from sim.log import EVENTS, NEVER, OUTCOMES
from sim.plans.plan import WORKLOAD_DAYS
from sim.rules import DAY, PLANNED_OPERATION, is_planned
from sim.system import SEVERITIES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HOUR = 60
YEAR_DAYS = 365
"""A measured year is 365 days from the first measured day, leap years too, so that all years are equally long."""
SPARE = 2
"""Entries of a count after the last day or hour."""

ACUTE, EMERGENCY, OVERNIGHT, COMMUNITY_BED = 1, 2, 4, 8
"""What a stage is: bits of ``stage_is``, which begins with one more entry, 0, for no stage (-1); see ``kind_of``."""
_ACUTE_OVERNIGHT = ACUTE | OVERNIGHT

URGENT = SEVERITIES.index("community_or_home") + 1
"""Severities below this index are urgent needs."""
_ACS = SEVERITIES.index("ambulatory_care_sensitive")
_COUNTED_BY_PILOT = Purpose.COUNTED_BY_PILOT
_OTHER = SEVERITIES.index("other")
_DIED, _CANCELLED = OUTCOMES.index("died"), OUTCOMES.index("cancelled")
_GAVE_UP, _DIVERTED = OUTCOMES.index("gave_up"), OUTCOMES.index("diverted")
_NO_PATHWAY = 4
"""Part of ``delayed`` for those who leave by no pathway or have not left."""
_HOME_WITH_CARE, _CARE_HOME = 1, 2
"""Residences."""


class Measured(NamedTuple):
    """The measured time."""

    first: int
    """First minute."""
    days: int


@rule
def day_of(measured: Measured, minute: int) -> int:
    """Measured day of a minute; a spare entry if it is not measured."""
    day = (minute - measured.first) // DAY
    return day if minute >= measured.first and day < measured.days else measured.days


@rule
def midnight(measured: Measured, minute: int) -> int:
    """First measured midnight at or after a minute, by day; a spare entry if there is none."""
    return min(max(minute - measured.first + DAY - 1, 0) // DAY, measured.days)


@rule
def full_hour(measured: Measured, minute: int) -> int:
    """First measured full hour at or after a minute; a spare entry if there is none."""
    return min(max(minute - measured.first + HOUR - 1, 0) // HOUR, 24 * measured.days)


@rule
def kind_of(stage_is: Ints, stage: int) -> int:
    """What a stage is, in bits."""
    bits: int = stage_is[1 + stage]
    return bits


@compiled()
def count_admissions(
    measured: Measured, stage_is: Ints, a_and_e: int, counted_by_pilot: Floats, who: Ints, age: Ints, need: Words,
    severity: Ints, stage: Ints, came_from: Ints, started: Ints, known: Bools,
    admissions: Ints, ambulatory_care_sensitive: Ints, admissions_through_a_and_e: Ints, pilot_admissions: Ints,
) -> Ints:  # fmt: skip
    """Count emergency admissions when they start; returns their rows."""
    rows, found = np.empty(len(who), np.int64), 0
    for i in range(len(who)):
        if severity[i] >= URGENT or started[i] == NEVER or not known[i]:
            continue
        if not kind_of(stage_is, stage[i]) & EMERGENCY or kind_of(stage_is, came_from[i]) & EMERGENCY:
            continue
        rows[found] = i
        found += 1
        day = day_of(measured, started[i])
        admissions[0, who[i], day] += 1
        if severity[i] == _ACS:
            ambulatory_care_sensitive[0, who[i], day] += 1
        if came_from[i] >= 0 and came_from[i] == a_and_e:
            admissions_through_a_and_e[0, who[i], day] += 1
        if uniform(need[i], 0, _COUNTED_BY_PILOT, 0) < counted_by_pilot[age[i]]:
            pilot_admissions[0, who[i], day] += 1
    return rows[:found]


@compiled()
def count_planned(
    measured: Measured, stage_is: Ints, who: Ints, severity: Ints, stage: Ints, came_from: Ints, asked: Ints,
    started: Ints, left: Ints, outcome: Ints, known: Bools,
    referrals: Ints, planned: Ints, cancelled: Ints,
) -> Ints:  # fmt: skip
    """Count planned care; returns the rows of planned admissions."""
    rows, found = np.empty(len(who), np.int64), 0
    for i in range(len(who)):
        if outcome[i] == _CANCELLED:
            cancelled[0, who[i], day_of(measured, left[i])] += 1
        if not is_planned(severity[i]) or not known[i]:
            continue
        if came_from[i] < 0:
            referrals[0, who[i], day_of(measured, asked[i])] += 1
        if kind_of(stage_is, stage[i]) & _ACUTE_OVERNIGHT == _ACUTE_OVERNIGHT and started[i] != NEVER:
            planned[0, who[i], day_of(measured, started[i])] += 1
            rows[found] = i
            found += 1
    return rows[:found]


@compiled()
def count_triage(
    measured: Measured, first_appointment: int, tells_apart: bool, ended: bool, who: Ints, severity: Ints, stage: Ints,
    came_from: Ints, goes_to: Ints, started: Ints, left: Ints, known: Bools,
    first_appointments: Ints, operations_decided: Ints, appointments_told_apart: Ints, appointments_needless: Ints,
    clinic_seen: Ints, clinic_managed: Ints, clinic_benefit_seen: Ints, clinic_benefit_missed: Ints,
) -> None:  # fmt: skip
    """Count referrals when they leave their first hospital appointment, or a clinic ahead of it.

    Parts: 0 referred straight to hospital, 1 sent on by a clinic ahead. An operation is decided for those who go on.
    """
    for i in range(len(who)):
        if not ended or not is_planned(severity[i]) or not known[i] or started[i] == NEVER:
            continue
        day, benefits = day_of(measured, left[i]), severity[i] == PLANNED_OPERATION
        if stage[i] == first_appointment:
            way = int(came_from[i] >= 0)
            first_appointments[way, who[i], day] += 1
            operations_decided[way, who[i], day] += goes_to[i] >= 0
            appointments_told_apart[way, who[i], day] += tells_apart
            appointments_needless[way, who[i], day] += tells_apart and not benefits
        elif came_from[i] < 0:
            clinic_seen[0, who[i], day] += 1
            clinic_managed[0, who[i], day] += goes_to[i] < 0
            clinic_benefit_seen[0, who[i], day] += benefits
            clinic_benefit_missed[0, who[i], day] += benefits and goes_to[i] < 0


@compiled()
def count_residences(
    measured: Measured, residence: Ints, who: Ints, stage: Ints, started: Ints, left: Ints, known: Bools,
    residents: Ints, home_care_starts: Ints, care_home_entries: Ints,
) -> None:  # fmt: skip
    """Count people holding a residence, and those who begin to."""
    for i in range(len(who)):
        held = residence[stage[i]]
        if held == 0 or started[i] == NEVER:
            continue
        residents[held, who[i], midnight(measured, started[i])] += 1
        residents[held, who[i], midnight(measured, left[i])] -= 1
        if known[i] and held == _HOME_WITH_CARE:
            home_care_starts[0, who[i], day_of(measured, started[i])] += 1
        if known[i] and held == _CARE_HOME:
            care_home_entries[0, who[i], day_of(measured, started[i])] += 1


@compiled()
def count_a_and_e(
    measured: Measured, stage_is: Ints, a_and_e: int, ended: bool, who: Ints, stage: Ints, goes_to: Ints, asked: Ints,
    ready: Ints, left: Ints, known: Bools,
    attendances: Ints, a_and_e_left: Ints, within_four_hours: Ints, twelve_hours: Ints,
) -> None:  # fmt: skip
    """Count attendances when they arrive, the rest when they leave; the decision to admit is being ready to leave."""
    for i in range(len(who)):
        if stage[i] != a_and_e or not known[i]:
            continue
        attendances[0, who[i], day_of(measured, asked[i])] += 1
        if not ended:
            continue
        day = day_of(measured, left[i])
        a_and_e_left[0, who[i], day] += 1
        if left[i] - asked[i] <= 4 * HOUR:
            within_four_hours[0, who[i], day] += 1
        admitted = kind_of(stage_is, goes_to[i]) & (ACUTE | EMERGENCY) and ready[i] != NEVER
        if admitted and left[i] - ready[i] > 12 * HOUR:
            twelve_hours[0, who[i], day] += 1


@compiled()
def count_general_practice(
    measured: Measured, gp: int, ended: bool, who: Ints, stage: Ints, started: Ints, left: Ints, outcome: Ints,
    known: Bools,
    gp_requests: Ints, gp_unseen: Ints,
) -> None:  # fmt: skip
    """Count urgent requests when they are seen or, never seen, when they end."""
    for i in range(len(who)):
        if stage[i] != gp or not known[i]:
            continue
        if started[i] != NEVER:
            gp_requests[0, who[i], day_of(measured, started[i])] += 1
        elif ended:
            day = day_of(measured, left[i])
            gp_requests[0, who[i], day] += 1
            if outcome[i] == _GAVE_UP:
                gp_unseen[0, who[i], day] += 1
            if outcome[i] == _DIVERTED:
                gp_unseen[1, who[i], day] += 1


@compiled()
def count_beds(
    measured: Measured, stage_is: Ints, slots: Bools, who: Ints, severity: Ints, stage: Ints, pool: Ints, started: Ints,
    left: Ints, known: Bools,
    acute_hours: Ints, emergency_nights: Ints, community_at_midnight: Ints, pool_hours: Ints, slots_used: Ints,
    acute_pools: Bools, community_pools: Bools,
) -> None:  # fmt: skip
    """Count people in beds and pools, slots when they are used; and mark the pools of acute and of community beds."""
    for i in range(len(who)):
        here = kind_of(stage_is, stage[i])
        acute_pools[pool[i]] |= here & _ACUTE_OVERNIGHT == _ACUTE_OVERNIGHT
        community_pools[pool[i]] |= here & COMMUNITY_BED != 0
        if started[i] == NEVER:
            continue
        begin, end = full_hour(measured, started[i]), full_hour(measured, left[i])
        pool_hours[pool[i], 0, begin] += 1
        pool_hours[pool[i], 0, end] -= 1
        if known[i] and slots[pool[i]]:
            slots_used[pool[i], 0, day_of(measured, started[i])] += 1
        if here & ACUTE:
            acute_hours[0, who[i], begin] += 1
            acute_hours[0, who[i], end] -= 1
        if here & ACUTE and here & EMERGENCY and severity[i] < URGENT:
            emergency_nights[0, who[i], midnight(measured, started[i])] += 1
            emergency_nights[0, who[i], midnight(measured, left[i])] -= 1
        if here & COMMUNITY_BED:
            community_at_midnight[0, who[i], midnight(measured, started[i])] += 1
            community_at_midnight[0, who[i], midnight(measured, left[i])] -= 1


@compiled()
def count_lengths(
    measured: Measured, stage_is: Ints, ended: bool, who: Ints, severity: Ints, stage: Ints, goes_to: Ints,
    started: Ints, left: Ints, known: Bools,
    nights_of_stays_ended: Ints, emergency_stays_ended: Ints,
) -> None:  # fmt: skip
    """Count emergency stays when they end; nights are those in acute stages: same-day emergency care has none."""
    for i in range(len(who)):
        here = kind_of(stage_is, stage[i])
        if not ended or not known[i] or started[i] == NEVER or severity[i] >= URGENT or not here & EMERGENCY:
            continue
        day = day_of(measured, left[i])
        if here & ACUTE:
            nights = (left[i] + DAY - 1) // DAY - (started[i] + DAY - 1) // DAY
            nights_of_stays_ended[0, who[i], day] += nights
        if not kind_of(stage_is, goes_to[i]) & EMERGENCY:
            emergency_stays_ended[0, who[i], day] += 1


@compiled()
def count_delayed(
    measured: Measured, stage_is: Ints, who: Ints, stage: Ints, started: Ints, ready: Ints, left: Ints, pathway: Ints,
    delayed: Ints, delayed_since: Ints, community_delayed: Ints,
) -> None:  # fmt: skip
    """Count people ready to leave until they do."""
    for i in range(len(who)):
        here = kind_of(stage_is, stage[i])
        if ready[i] == NEVER or started[i] == NEVER or ready[i] >= left[i]:
            continue
        begin, end = midnight(measured, ready[i]), midnight(measured, left[i])
        if here & COMMUNITY_BED:
            community_delayed[0, who[i], begin] += 1
            community_delayed[0, who[i], end] -= 1
        if here & _ACUTE_OVERNIGHT == _ACUTE_OVERNIGHT:
            by = pathway[i] if pathway[i] >= 0 else _NO_PATHWAY
            delayed[by, who[i], begin] += 1
            delayed[by, who[i], end] -= 1
            delayed_since[0, who[i], begin] += ready[i]
            delayed_since[0, who[i], end] -= ready[i]


@compiled()
def count_discharges(
    measured: Measured, stage_is: Ints, ended: bool, who: Ints, severity: Ints, stage: Ints, started: Ints, ready: Ints,
    left: Ints, process: Ints, sourcing: Ints, outcome: Ints, pathway: Ints, known: Bools,
    discharges: Ints, delays: Ints, delay_minutes: Ints, delay_parts: Ints,
) -> Ints:  # fmt: skip
    """Count live overnight discharges and their delay; returns the rows of residents whose whole stay is known."""
    rows, found = np.empty(len(who), np.int64), 0
    for i in range(len(who)):
        here, by = kind_of(stage_is, stage[i]), pathway[i]
        if not ended or by < 0 or outcome[i] == _DIED or started[i] == NEVER or not here & OVERNIGHT:
            continue
        if known[i] and severity[i] < _OTHER:
            rows[found] = i
            found += 1
        day = day_of(measured, left[i])
        discharges[by, who[i], day] += 1
        if here & ACUTE and ready[i] != NEVER and known[i]:
            delay = max(left[i] - ready[i], 0)
            in_process = min(process[i], delay)
            in_sourcing = min(sourcing[i], delay - in_process)
            delays[by, who[i], day] += 1
            delay_minutes[by, who[i], day] += delay
            delay_parts[3 * by, who[i], day] += in_process
            delay_parts[3 * by + 1, who[i], day] += in_sourcing
            if by > 0:
                delay_parts[3 * by + 2, who[i], day] += delay - in_process - in_sourcing
    return rows[:found]


@compiled()
def count_waits(
    measured: Measured, wait_length: npt.NDArray[np.int16], who: Ints, stage: Ints, pool: Ints, came_from: Ints,
    asked: Ints, started: Ints, left: Ints, known: Bools,
    waits: Ints, wait_minutes: Ints, wait_bins: Ints, waiting_minutes: Ints, waiting_after_minutes: Ints,
) -> None:  # fmt: skip
    """Count whole waits, those never seen included, when they were asked for, also by length and year; and waiting.

    Minutes of waiting count on the days they lie in: the rest of the first day, and as changes all later days.
    """
    for i in range(len(who)):
        over = started[i] if started[i] != NEVER else left[i]
        day, wait = day_of(measured, asked[i]), max(over - asked[i], 0)
        if known[i] and day < measured.days:
            waits[stage[i], who[i], day] += 1
            wait_minutes[stage[i], who[i], day] += wait
            length = wait_length[min(wait, len(wait_length) - 1)]
            wait_bins[stage[i], who[i], day // YEAR_DAYS, length] += 1
        begin, end = max(asked[i], measured.first), min(over, measured.first + measured.days * DAY)
        if begin >= end:
            continue
        for sign, minute in ((1, begin - measured.first), (-1, end - measured.first)):
            day, passed = minute // DAY, minute % DAY
            waiting_minutes[pool[i], who[i], day] += sign * (DAY - passed)
            waiting_minutes[pool[i], who[i], day + 1] += sign * passed
            if came_from[i] >= 0:
                waiting_after_minutes[pool[i], who[i], day] += sign * (DAY - passed)
                waiting_after_minutes[pool[i], who[i], day + 1] += sign * passed


_DEATH, _DROPPED_NEED, _ENROLLED, _LEFT_PROGRAMME, _WOULD_BE_ENROLLED, _NEED_AVOIDED, _GP_SHED = (
    EVENTS.index("death"), EVENTS.index("dropped_need"), EVENTS.index("enrolled"), EVENTS.index("left_programme"),
    EVENTS.index("would_be_enrolled"), EVENTS.index("need_avoided"), EVENTS.index("gp_shed"),
)  # fmt: skip
_OUTPATIENTS, _OUTPATIENTS_OF_MEMBERS = EVENTS.index("outpatients"), EVENTS.index("outpatients_of_members")


@compiled()
def count_events(
    measured: Measured, who: Ints, minute: Ints, person: Ints, kind: Ints, detail: Ints,
    deaths: Ints, dropped_needs: Ints, needs_avoided: Ints, would_be_enrolled: Ints, enrolled: Ints, members: Ints,
    gp_minutes_shed: Ints, outpatients: Ints, member_outpatients: Ints,
) -> None:  # fmt: skip
    """Count events when they happen; members from the next midnight on; outpatients on each day until the next."""
    for i in range(len(who)):
        day, part = day_of(measured, minute[i]), detail[i]
        if kind[i] == _DEATH:
            deaths[part, who[i], day] += 1
        elif kind[i] == _DROPPED_NEED:
            dropped_needs[part, who[i], day] += 1
        elif kind[i] == _NEED_AVOIDED:
            needs_avoided[part, who[i], day] += 1
        elif kind[i] == _WOULD_BE_ENROLLED:
            would_be_enrolled[part, who[i], day] += 1
        elif kind[i] == _ENROLLED:
            enrolled[part, who[i], day] += 1
            members[part, who[i], midnight(measured, minute[i])] += 1
        elif kind[i] == _LEFT_PROGRAMME:
            members[part, who[i], midnight(measured, minute[i])] -= 1
        elif kind[i] == _GP_SHED:
            gp_minutes_shed[0, 0, day] += detail[i]
        elif kind[i] == _OUTPATIENTS:
            for later in range(WORKLOAD_DAYS):
                outpatients[0, who[i], day_of(measured, minute[i] + later * DAY)] += detail[i]
        elif kind[i] == _OUTPATIENTS_OF_MEMBERS:
            for later in range(WORKLOAD_DAYS):
                member_outpatients[-1 - person[i], who[i], day_of(measured, minute[i] + later * DAY)] += detail[i]


@compiled()
def count_moments(measured: Measured, who: Ints, minute: Ints, amount: Ints, count: Ints) -> None:
    """Count moments that have been found elsewhere, each by an amount."""
    for i in range(len(who)):
        count[0, who[i], day_of(measured, minute[i])] += amount[i]


@compiled()
def count_people(age: Ints, locality: Ints, frailty: Ints, care_plan: Ints, end_of_life: Ints, people: Ints) -> None:
    """Count people into ``[age, locality, frailty, with a care plan, nearing the end of life]``."""
    for i in range(len(age)):
        people[age[i], locality[i], frailty[i], int(care_plan[i] > 0), int(end_of_life[i] > 0)] += 1
