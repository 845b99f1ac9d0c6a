"""Daily counts worked out from other daily counts: occupancy of pools, calendar, reasons of delay, utility.

Each function here is a count, made of those that its parameters name. The counts themselves are in ``daily.py``; sums
over periods and groups are in ``tables.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from inspect import signature
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.measures.counting import Bools, Ints
from sim.measures.daily import DailyCounts
from sim.measures.parts import DERIVED_PARTS, HOURLY, MARKS, MONTHS, PARTS, PATHWAYS, REASONS
from sim.measures.proxies import proxies
from sim.rules import DAY

Floats = npt.NDArray[np.float64]

Array = TypeVar("Array", Ints, Floats)

WINTER, SUMMER = (12, 1, 2), (6, 7, 8)


class Counts(Mapping[str, tuple[str, Ints | Floats]]):
    """All counts by name, counted and derived: the kind of parts, and the array ``[part, age, locality, day]``.

    Each is worked out when it is first asked for.
    """

    def __init__(self, daily: DailyCounts) -> None:
        self.daily = daily
        self._known: dict[str, Any] = {"daily": daily} | {name: daily.counted[name] for name in MARKS}

    def __getitem__(self, name: str) -> tuple[str, Ints | Floats]:
        return _KINDS[name], self._array(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_KINDS)

    def __len__(self) -> int:
        return len(_KINDS)

    def _array(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._made(name) if name in _DERIVED else self.daily.array(name)
        return self._known[name]

    def _made(self, name: str) -> Any:
        """A derived count; one that names itself is made of what was counted."""
        given = (self.daily.array(name) if each == name else self._array(each) for each in _made_of(name))
        return _DERIVED[name](*given)


def counted_for(name: str) -> frozenset[str]:
    """Names of what has to be counted for a count; ``daily`` is among them where more than counts is needed."""
    if name not in _DERIVED:
        return frozenset({name})
    return frozenset().union(*({name} if each == name else counted_for(each) for each in _made_of(name)))


# -- people and beds -----------------------------------------------------------------------------------------------


def resident_days(daily: DailyCounts) -> Floats:
    """The people of the place, on each day."""
    people = np.array(daily.names.residents, dtype=float)[None, :, :, None]
    return np.broadcast_to(people, (*people.shape[:3], daily.days))


def residents(residents: Ints, resident_days: Floats) -> Ints:
    """People by residence: those in their own home are all others."""
    held = residents.copy()
    held[0] = resident_days[0] - held[1] - held[2]
    return held


def acute_by_hour(daily: DailyCounts, acute_hours: Ints) -> Ints:
    """People in acute stages on each hour of the day."""
    return np.moveaxis(acute_hours[0].reshape(*acute_hours.shape[1:3], daily.days, 24), -1, 0)


def acute_at_midnight(acute_by_hour: Ints) -> Ints:
    """People in acute stages at midnight."""
    return acute_by_hour[:1]


def bed_nights(acute_at_midnight: Ints, community_at_midnight: Ints) -> Ints:
    """People at midnight in acute and in community beds."""
    return np.concatenate((acute_at_midnight, community_at_midnight))


def pilot_admissions(daily: DailyCounts, pilot_admissions: Ints) -> Ints | Floats:
    """Emergency admissions that a pilot counts; NaN where none does."""
    return pilot_admissions if daily.names.counted_by_pilot else np.full_like(pilot_admissions, np.nan, dtype=float)


def utility(residents: Ints, acute_at_midnight: Ints, resident_days: Floats) -> Floats:
    """Utility of the residents."""
    proxy = proxies()
    by_age = np.array(proxy.utility.values)[None, :, None, None]
    in_care_home, in_acute = residents[2:3], acute_at_midnight
    lost = proxy.utility_lost_in_care_home.value * in_care_home + proxy.utility_lost_in_acute_bed.value * in_acute
    found: Floats = resident_days * by_age - lost
    return found


def members(daily: DailyCounts, members: Ints) -> Ints:
    """Members of each programme while it is funded; those whose effect is fading afterwards are members no more."""
    funded = np.array(daily.names.funded_days, np.int64)[:, None] - daily.first_day
    found: Ints = members * (np.arange(daily.days) < funded)[:, None, None, :]
    return found


# -- pools ---------------------------------------------------------------------------------------------------------


def pool_capacity(daily: DailyCounts) -> Floats:
    """Capacity of each pool; NaN for a pool without limit."""
    capacity = np.array(daily.names.capacity, dtype=float).reshape(len(daily.names.pools), -1)
    measured = capacity[:, daily.first_day : daily.first_day + daily.days]
    return np.where(measured < 0, np.nan, measured)[:, None, None, :]


def pool_open(pool_capacity: Floats) -> Floats:
    """1 where a pool has places."""
    return (pool_capacity > 0).astype(float)


def pool_used(daily: DailyCounts, pool_hours: Ints, slots_used: Ints) -> Floats:
    """People in each pool, mean over the hours; slots used of a pool of slots."""
    return np.where(_slots(daily), slots_used, _by_hour(pool_hours).mean(axis=-1))


def pool_at_midnight(daily: DailyCounts, pool_hours: Ints, slots_used: Ints) -> Ints:
    """People in each pool at midnight; slots used of a pool of slots."""
    return np.where(_slots(daily), slots_used, _by_hour(pool_hours)[..., 0])


def pool_full(daily: DailyCounts, pool_hours: Ints, slots_used: Ints, pool_capacity: Floats) -> Floats:
    """Share of the hours in which a pool with places was full; 1 if all slots of a day were used."""
    beds_full = (_by_hour(pool_hours) >= pool_capacity[..., None]).mean(axis=-1)
    full: Floats = np.where(_slots(daily), slots_used >= pool_capacity, beds_full) * (pool_capacity > 0)
    return full


def acute_pools_used(pool_hours: Ints, pool_capacity: Floats, acute_pools: Bools) -> Ints:
    """People at midnight in the pools of acute beds, those without limit left out."""
    return _of_pools(_by_hour(pool_hours)[..., 0], pool_capacity, acute_pools)


def acute_pools_capacity(pool_capacity: Floats, acute_pools: Bools) -> Floats:
    """Capacity of the pools of acute beds, those without limit left out."""
    return _of_pools(pool_capacity, pool_capacity, acute_pools)


def community_pools_used(pool_hours: Ints, pool_capacity: Floats, community_pools: Bools) -> Ints:
    """People at midnight in the pools of community beds, those without limit left out."""
    return _of_pools(_by_hour(pool_hours)[..., 0], pool_capacity, community_pools)


def community_pools_capacity(pool_capacity: Floats, community_pools: Bools) -> Floats:
    """Capacity of the pools of community beds, those without limit left out."""
    return _of_pools(pool_capacity, pool_capacity, community_pools)


def _slots(daily: DailyCounts) -> Bools:
    return np.array(daily.names.slots, dtype=bool)[:, None, None, None]


def _by_hour(pool_hours: Ints) -> Ints:
    return pool_hours.reshape(*pool_hours.shape[:3], -1, 24)


def _of_pools(values: Array, capacity: Floats, pools: Bools) -> Array:
    """Sum over some pools that have a limit."""
    limited = ~np.isnan(capacity) & pools[:, None, None, None]
    found: Array = np.where(limited, values, 0).sum(axis=0, keepdims=True)
    return found


# -- calendar ------------------------------------------------------------------------------------------------------


def season(daily: DailyCounts) -> Floats:
    """1 on the days of winter, and of summer."""
    return np.stack([np.isin(_months(daily), each) for each in (WINTER, SUMMER)])[:, None, None, :].astype(float)


def acute_used_by_month(daily: DailyCounts, acute_pools_used: Ints) -> Ints:
    """People at midnight in the pools of acute beds, by month of the calendar."""
    return acute_pools_used * _by_month(daily)


def acute_capacity_by_month(daily: DailyCounts, acute_pools_capacity: Floats) -> Floats:
    """Capacity of the pools of acute beds, by month of the calendar."""
    return acute_pools_capacity * _by_month(daily)


def admissions_by_weekday(daily: DailyCounts, admissions: Ints) -> Ints:
    """Emergency admissions by weekday."""
    weekday = np.array([date.weekday() for date in daily.dates()], dtype=int)
    found: Ints = admissions * (weekday == np.arange(7)[:, None])[:, None, None, :]
    return found


def _months(daily: DailyCounts) -> Ints:
    return np.array([date.month for date in daily.dates()], dtype=int)


def _by_month(daily: DailyCounts) -> Bools:
    """True on the days of each month of the calendar."""
    found: Bools = (_months(daily) == np.arange(1, len(MONTHS) + 1)[:, None])[:, None, None, :]
    return found


# -- delay and waits -----------------------------------------------------------------------------------------------


def delay_by_reason(delay_parts: Ints) -> Ints:
    """Minutes of delay by reason, and by pathway and reason."""
    return np.concatenate((_by_pathway(delay_parts).sum(axis=0), delay_parts))


def delay_over(delay_parts: Ints) -> Ints:
    """Minutes of delay that each of ``delay_by_reason`` is a share of: all of it, or that of its pathway."""
    over_pathway = np.repeat(_by_pathway(delay_parts).sum(axis=1), len(REASONS), axis=0)
    over_all = np.repeat(delay_parts.sum(axis=0, keepdims=True), len(REASONS), axis=0)
    return np.concatenate((over_all, over_pathway))


def delayed_now(delayed: Ints) -> Ints:
    """People delayed at midnight."""
    found: Ints = delayed.sum(axis=0, keepdims=True)
    return found


def elapsed_minutes(daily: DailyCounts, delayed_now: Ints, delayed_since: Ints) -> Ints:
    """Minutes that those delayed at midnight have been."""
    midnight = daily.warm_up + DAY * np.arange(daily.days)
    found: Ints = midnight * delayed_now - delayed_since
    return found


def gp_waits(daily: DailyCounts, waits: Ints) -> Ints:
    """Waits for general practice."""
    return _of_gp(daily, waits)


def gp_wait_minutes(daily: DailyCounts, wait_minutes: Ints) -> Ints:
    """Minutes of waits for general practice."""
    return _of_gp(daily, wait_minutes)


def _by_pathway(delay_parts: Ints) -> Ints:
    return delay_parts.reshape(len(PATHWAYS), len(REASONS), *delay_parts.shape[1:])


def _of_gp(daily: DailyCounts, by_stage: Ints) -> Ints:
    gp = daily.names.gp
    return by_stage[gp : gp + 1] if gp >= 0 else np.zeros_like(by_stage[:1])


_DERIVED: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        resident_days, residents, acute_by_hour, acute_at_midnight, bed_nights, pilot_admissions, utility, members,
        pool_capacity, pool_open, pool_used, pool_at_midnight, pool_full, acute_pools_used, acute_pools_capacity,
        community_pools_used, community_pools_capacity, season, acute_used_by_month, acute_capacity_by_month,
        admissions_by_weekday, delay_by_reason, delay_over, delayed_now, elapsed_minutes, gp_waits, gp_wait_minutes,
    )
}  # fmt: skip
_KINDS = {name: kind for name, kind in PARTS.items() if name not in HOURLY} | DERIVED_PARTS


@cache
def _made_of(name: str) -> tuple[str, ...]:
    return tuple(signature(_DERIVED[name]).parameters)
