"""Decisions taken during a run: small pure functions of scalars, shared by every engine.

An engine looks up the numbers, draws the uniforms and asks; nothing here knows a table, a clock or a queue. Uniforms
are strictly between 0 and 1; times are whole minutes. Written in the part of Python that Numba compiles.
"""

from __future__ import annotations

from math import ceil, erf, exp, floor, log, sqrt
from typing import Any

from sim.compiled import rule
from sim.normal import normal_quantile

DAY = 1440
_LOG_2 = log(2.0)
_BELOW_ONE = 1.0 - 0.5**53
LOGNORMAL, EXPONENTIAL, FIXED = 0, 1, 2
WAITS, DIVERTS, DROPS_OUT = 0, 1, 2
MINOR, SEVERE, PLANNED, PLANNED_OPERATION = 0, 3, 5, 8
"""The mildest and the gravest urgent need, and planned referrals (``system.SEVERITIES``)."""
CARE_HOME = 2
"""Residence (``system.RESIDENCES``)."""
MOST_ADMISSIONS = 20
"""Admissions of the last year that a risk score looks at."""


@rule
def choice(u: float, cumulative: Any) -> int:
    """Index of the first of a sequence of cumulative shares above u; their number if none is (the rest)."""
    for index in range(len(cumulative)):
        if u < cumulative[index]:
            return index
    return len(cumulative)


# -- does it happen -----------------------------------------------------------------------------------------------


@rule
def happens(height: float, rate: float) -> bool:
    """Thinning: a point of need (or of another life event) happens when it lies below the person's rate."""
    return height < rate


@rule
def is_for(of_age: Any, fits: Any, conditions: Any, wanted: int, either: int) -> Any:
    """True if a programme is for somebody; for arrays of people, one answer each.

    ``of_age`` and ``fits`` (frailty and locality) are true or false, ``conditions`` and ``wanted`` bits; with
    ``either``, age or a condition is enough. No condition wanted (0) leaves age to decide.
    """
    if wanted == 0:
        return fits & of_age
    has = (conditions & wanted) != 0
    return fits & (of_age | has) if either else fits & of_age & has


@rule
def effect(ratio: float, share: float) -> float:
    """A lever's ratio at this share of its full effect: exactly 1 at share 0, the ratio at share 1."""
    return 1.0 if share <= 0.0 else float(ratio**share)


@rule
def overlapping(product: float, strongest: float, cap: float) -> float:
    """Product of the effects of several programmes on one person, never below the cap on their overlap.

    One programme alone may do more than the cap allows several: ``strongest`` is the lowest of the ratios. A cap of 0
    is none.
    """
    return max(product, min(cap, strongest))


@rule
def ramp(days: float, half_time_days: float, full: float, days_after_end: float, fade_days: float) -> float:
    """Share of the stated effect, days after it began: an exponential approach, and a straight fall after the end.

    ``days_after_end`` is negative while the programme is funded.
    """
    if days < 0.0:
        return 0.0
    grown = full if half_time_days <= 0.0 else full * (1.0 - exp(-_LOG_2 * days / half_time_days))
    if days_after_end < 0.0:
        return grown
    if fade_days <= 0.0:
        return 0.0
    return grown * max(0.0, 1.0 - days_after_end / fade_days)


@rule
def first_day_after(end: int, fade_days: float) -> int:
    """First day at whose midnight the funding and the fading of a programme are over."""
    return ceil(end / DAY + fade_days)


@rule
def is_ranking_day(day: int, first_day: int, days_between: int, end: int, fade_days: float) -> bool:
    """True if people are ranked for a programme on this day.

    That is its first day, each quarter after, and the day on which its funding and fading are over.
    """
    return day >= first_day and ((day - first_day) % days_between == 0 or day == first_day_after(end, fade_days))


@rule
def leaves_programme(now: int, enrolled: int, term: float, end: int, fade_days: float, is_for_residence: bool) -> bool:
    """True if a member's term (negative: none), or the funding and fading, is over, or they live as it is not for."""
    return now >= end + fade_days * DAY or (term >= 0.0 and now >= enrolled + term) or not is_for_residence


@rule
def dilution(members: int, caseload: float) -> float:
    """Share of the effect left when there are more members than the caseload provides for."""
    return 1.0 if members <= caseload or members == 0 else caseload / members


# -- the course of a condition --------------------------------------------------------------------------------------


@rule
def state_of(recognised: int, managed: int, number: int) -> int:
    """State of a condition, given the bits of those recognised and managed: 0 unrecognised, 1 recognised, 2 managed."""
    return (recognised >> number & 1) + (managed >> number & 1)


@rule
def condition_meant(u: float, conditions: int) -> int:
    """Which of somebody's conditions a step of a course is about: each one equally often."""
    return int(u * conditions)


@rule
def step_of_course(height: float, rates: Any, recognition: float, management: float) -> int:
    """Which step of a condition's course a point stands for; the number of steps if none happens.

    ``rates`` are the steps a year in the state the person is in: each complication, then newly ill, lapsed, managed and
    recognised, laid one on the other. What programmes do to management and recognition lies above everything they do
    not move.
    """
    steps, reached = len(rates), 0.0
    for step in range(steps):
        rate = rates[step]
        if step == steps - 2:
            rate *= management
        elif step == steps - 1:
            rate *= recognition
        reached += rate
        if height < reached:
            return step
    return steps


@rule
def is_planned(severity: int) -> bool:
    """True for a planned referral, whether or not the person would benefit from an operation."""
    return severity in (PLANNED, PLANNED_OPERATION)


@rule
def referred_for(u: float, share: float, height: float, moved: float, drawn: float) -> int:
    """Severity of a planned referral: a share would benefit from an operation.

    ``moved`` is the rate of referrals with all levers; those that only come because the rate was drawn up, ``drawn``
    times, by a new clinic or fading skills are simple problems.
    """
    return PLANNED_OPERATION if u < share and height * drawn < moved else PLANNED


# -- how long -----------------------------------------------------------------------------------------------------


@rule
def duration(kind: int, mean_minutes: float, sigma: float, u: float) -> float:
    """Minutes drawn by inversion from a lognormal (sigma of its logarithm), exponential or fixed distribution."""
    if kind == LOGNORMAL:
        return mean_minutes * exp(sigma * normal_quantile(u) - 0.5 * sigma * sigma)
    if kind == EXPONENTIAL:
        return -mean_minutes * log(1.0 - u)
    return mean_minutes


@rule
def remaining(kind: int, mean_minutes: float, sigma: float, u: float, u_elapsed: float) -> float:
    """Minutes left of a stay met in progress: a length-biased length, of which a uniform share has passed."""
    if kind == LOGNORMAL:
        return mean_minutes * exp(sigma * normal_quantile(u) + 0.5 * sigma * sigma) * u_elapsed
    if kind == EXPONENTIAL:
        return -mean_minutes * log(1.0 - u)
    return mean_minutes * u_elapsed


@rule
def remaining_after(kind: int, mean_minutes: float, sigma: float, elapsed: float, u: float) -> float:
    """Minutes left of a stay that has lasted ``elapsed`` minutes: drawn from the stays that last longer."""
    if kind == LOGNORMAL and sigma > 0.0 and elapsed > 0.0:
        z = (log(elapsed / mean_minutes) + 0.5 * sigma * sigma) / sigma
        shorter = min(0.5 * (1.0 + erf(z / sqrt(2.0))), 1.0 - 1e-9)
        longer = min(shorter + (1.0 - shorter) * u, _BELOW_ONE)  # rounding may take the largest u to 1
        return duration(kind, mean_minutes, sigma, longer) - elapsed
    if kind == EXPONENTIAL:
        return -mean_minutes * log(1.0 - u)
    return max(1.0, mean_minutes - elapsed)


@rule
def whole_minutes(minutes: float) -> int:
    """A stay lasts at least one whole minute."""
    return max(1, floor(minutes + 0.5))


@rule
def delay_minutes(mean_minutes: float, delayed_share: float, sigma: float, u_delayed: float, u: float) -> int:
    """A drawn part of delay, in whole days as delay is counted: nobody leaves in the middle of the night."""
    if mean_minutes <= 0.0 or u_delayed >= delayed_share:
        return 0
    days = duration(LOGNORMAL, mean_minutes / delayed_share, sigma, u) / DAY
    return floor(days + 0.5) * DAY


@rule
def leaving_minute(
    minute: int, from_hour: int, to_hour: int, chance: float, u_today: float, u_hour: float, first_day: bool
) -> int:
    """Minute at which somebody leaves on the day of ``minute``, or -1 if not on that day.

    On the first day the door must still be open; on later days ``minute`` is the midnight before, and the hour is
    drawn, so that not everybody leaves at opening.
    """
    midnight = minute - minute % DAY
    opens, closes = midnight + 60 * from_hour, midnight + 60 * to_hour
    if u_today >= chance or minute >= closes:
        return -1
    if first_day and minute >= opens:
        return minute
    return opens + int((closes - opens) * u_hour)


@rule
def pressure(occupancy: float, reference: float, per_cent: float, strength: float) -> float:
    """Ratio of length of stay when beds are fuller (or emptier) than the reference occupancy.

    ``per_cent`` more discharges for each per cent of occupancy (Friebel and others 2019: 0.49).
    """
    return 1.0 / max(0.5, 1.0 + strength * per_cent * (occupancy - reference))


@rule
def pressed_readmission(chance: float, stay_ratio: float, per_cent: float) -> float:
    """Chance of readmission after a stay shortened to ``stay_ratio``: per_cent more for each per cent sooner."""
    return chance * max(0.0, 1.0 + per_cent * (1.0 / stay_ratio - 1.0))


@rule
def readmission_with_lever(drawn: float, own: float, ratio: float) -> float:
    """Chance of a drawn readmission such that all readmissions in 30 days change by a ratio.

    ``own`` is the chance of coming back at one's own rate, which is there anyway; only the rest can be moved.
    """
    if ratio == 1.0:
        return drawn
    every = 1.0 - (1.0 - drawn) * (1.0 - own)
    return max(0.0, 1.0 - (1.0 - min(1.0, ratio * every)) / (1.0 - own))


# -- where to -----------------------------------------------------------------------------------------------------


@rule
def has_room(free: int, kept_for_others: int, waiting: int) -> bool:
    """True if a place can be had at once: one is free beyond those kept for others and those already asked for."""
    return free - waiting > kept_for_others


@rule
def may_start(free: int, kept_for_others: int) -> bool:
    """True if the next person in the queue may take a place."""
    return free > kept_for_others


@rule
def shifted(u: float, ratio: float, chosen: int, sides: Any, cumulative: Any) -> int:
    """Route taken when a lever multiplies the share of people who leave by some of a stage's routes.

    ``sides`` has an entry for each route and one for going home without any: 1 for routes the lever is about, 2 for
    those that take in (or give) the difference, 0 for the others. Nobody but those moved takes another route.
    """
    if ratio == 1.0 or sides[chosen] == 0 or (sides[chosen] == 1) == (ratio > 1.0):
        return chosen
    about, others = share_of_side(1, sides, cumulative), share_of_side(2, sides, cumulative)
    if others <= 0.0 or about <= 0.0:
        return chosen
    leaves = 1.0 - ratio if ratio < 1.0 else (ratio - 1.0) * about / others
    if u >= leaves:
        return chosen
    side, left = (2, others) if ratio < 1.0 else (1, about)
    left *= u / leaves
    for k in range(len(sides)):
        if sides[k] == side:
            left -= share_of_route(k, cumulative)
            if left < 0.0:
                return k
    return chosen


@rule
def supported(u: float, ratio: float, chosen: int, pathway: int, cumulative: Any, most: float) -> int:
    """Route taken when a lever multiplies the share of people who leave with new support.

    ``pathway`` is that of the chosen route: those with support (above 0) may go home by the last route instead, those
    without (0) may take another. ``most`` is the last of the cumulative shares with support, negative if none is.
    """
    if pathway > 0 and u >= ratio:
        return len(cumulative) - 1
    if pathway == 0 and most >= 0.0 and ratio > 1.0:
        extra = (ratio - 1.0) * most / max(1.0 - most, 1e-9)
        if u < extra:
            return choice(u / extra * most, cumulative)
    return chosen


@rule
def share_of_route(k: int, cumulative: Any) -> float:
    """Share of one route, from cumulative shares; the rest for the number after the last."""
    upper = cumulative[k] if k < len(cumulative) else 1.0
    return upper - cumulative[k - 1] if k > 0 else upper


@rule
def share_of_side(side: int, sides: Any, cumulative: Any) -> float:
    """Share of people who leave by the routes of a side."""
    total = 0.0
    for k in range(len(sides)):
        if sides[k] == side:
            total += share_of_route(k, cumulative)
    return total


@rule
def admitted_on_threshold(u: float, slope: float, free_share: float, reference_free_share: float) -> bool:
    """A minor need admitted because acute beds are free: slope per percentage point beyond the reference."""
    return u < slope * 100.0 * max(0.0, free_share - reference_free_share)


@rule
def kept_out(u: float, ratio: float, severity: int) -> bool:
    """True if a lever keeps somebody out of hospital whom A&E would admit."""
    return severity != MINOR and ratio < 1.0 and u >= ratio


@rule
def let_in(u: float, ratio: float, severity: int, admitted_for_each_minor: float) -> bool:
    """True if a lever that lets A&E admit more admits a minor need: so many more as were admitted for each of these."""
    return severity == MINOR and ratio > 1.0 and u < (ratio - 1.0) * admitted_for_each_minor


@rule
def unseen(
    u: float, severity: int, wait: float, divert: float, reference: float, share_unseen: float, strength: float
) -> int:
    """What somebody not seen by closing does: WAITS, DIVERTS or DROPS_OUT.

    At strength 0 no more people turn elsewhere than at the reference share unseen; the others wait. A serious need
    turns elsewhere rather than dropping out.
    """
    turning = strength + (1.0 - strength) * min(1.0, reference / max(share_unseen, 1e-9))
    if u < divert * turning:
        return DIVERTS
    if u < 1.0 - (1.0 - wait - divert) * turning:
        return WAITS
    return DIVERTS if MINOR < severity <= SEVERE else DROPS_OUT


@rule
def escalates(u: float, share_per_day: float, days_waited: int, after_days: float) -> bool:
    """An outlet after a long wait, asked once a day."""
    return days_waited >= after_days and u < share_per_day


# -- general practice ----------------------------------------------------------------------------------------------


@rule
def minutes_for_urgent(minutes: float, routine: float, more: float, taken: float) -> float:
    """Doctors' minutes a day left for urgent needs; negative if routine work takes more than there are.

    ``more`` is the share by which routine work has grown, ``taken`` what programmes and conditions need.
    """
    return minutes - routine * (1.0 + more) - taken


@rule
def urgent_places(left: float, share: float, minutes_each: float, added: float, carried: float) -> float:
    """Urgent appointments of a practice that has a share of the minutes left, with the fraction carried over."""
    return max(0.0, max(0.0, left) * share / minutes_each + added) + carried


@rule
def backlog_left(backlog: float, slots_left: int, minutes_each: float) -> float:
    """Minutes of deferred routine work after unused urgent appointments have worked some of it off."""
    return max(0.0, backlog - slots_left * minutes_each)


# -- what it does to the person ------------------------------------------------------------------------------------


@rule
def frailty_step(u: float, delay_days: float, mean_days: float, steps_per_day: float) -> int:
    """+1 step of frailty after more delay than the published mean, -1 after less.

    What the mean does is in the published figures already.
    """
    chance = min(1.0, steps_per_day * abs(delay_days - mean_days))
    if u >= chance:
        return 0
    return 1 if delay_days > mean_days else -1


@rule
def place_of_death(is_in_bed: bool, is_acute: bool, residence: int) -> int:
    """0 at home, 1 in a care home, 2 in an acute hospital, 3 in another bed."""
    if is_in_bed:
        return 2 if is_acute else 3
    return 1 if residence == CARE_HOME else 0


@rule
def expected_admissions(rate: float, not_admitted: float, multiplier: float, lasting: float) -> float:
    """Emergency admissions a year expected of somebody as a general practice sees them.

    ``rate`` is that of urgent needs of their group, ``not_admitted`` the share that is minor, ``multiplier`` what is
    known and what is not of a person, ``lasting`` the part that is not.
    """
    return rate * (1.0 - not_admitted) * (multiplier / lasting if lasting > 0.0 else 1.0)


@rule
def risk_score(
    expected: float, shape: float, admissions: int, noise: float, insight: float, propensity: float
) -> float:
    """Expected emergency admissions a year given what a general practice system holds.

    The posterior mean of a gamma-Poisson model with the group's expected rate, after ``admissions`` in the last
    year; ``noise`` is added to its logarithm, and ``insight`` (0 to 1) lets lasting personal risk in.
    """
    seen = expected * (shape + min(admissions, MOST_ADMISSIONS)) / (shape + expected)
    return float(seen * exp(noise) * propensity**insight)
