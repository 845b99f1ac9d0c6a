"""Daily counts worked out from other daily counts: occupancy of pools, calendar, reasons of delay, utility.

The counts themselves are in ``daily.py``; sums over periods and groups are in ``tables.py``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.measures.counting import Ints
from sim.measures.daily import DailyCounts
from sim.measures.parts import HOURLY, MONTHS, PARTS, PATHWAYS, REASONS
from sim.measures.proxies import proxies
from sim.rules import DAY

Floats = npt.NDArray[np.float64]
Counts = dict[str, tuple[str, Ints | Floats]]
"""By name: the kind of parts, and the array ``[part, age, locality, day]``."""

WINTER, SUMMER = (12, 1, 2), (6, 7, 8)


def derived_counts(daily: DailyCounts) -> Counts:
    """All counts by name, counted and derived."""
    counts: Counts = {name: (kind, daily.array(name)) for name, kind in PARTS.items() if name not in HOURLY}
    counts |= _residents(daily, counts)
    counts |= _acute_beds(daily, counts)
    capacity = _capacity(daily)
    hours = daily.array("pool_hours").reshape(*capacity.shape, 24)
    counts |= _pools(daily, capacity, hours)
    counts |= _bed_pools(daily, capacity, hours[:, :, 0])
    counts |= _calendar(daily, counts)
    counts |= _delay(daily, counts)
    counts |= _people(daily, counts)
    if not daily.names.counted_by_pilot:
        counts["pilot_admissions"] = ("one", np.full_like(counts["pilot_admissions"][1], np.nan, dtype=float))
    return counts


def _residents(daily: DailyCounts, counts: Counts) -> Counts:
    people = np.array(daily.names.residents, dtype=float)[None, :, :, None]
    days = np.broadcast_to(people, (*people.shape[:3], daily.days))
    held = counts["residents"][1].copy()
    held[0] = days[0] - held[1] - held[2]
    return {"resident_days": ("one", days), "residents": ("residence", held)}


def _acute_beds(daily: DailyCounts, counts: Counts) -> Counts:
    hours = daily.array("acute_hours")
    by_hour = np.moveaxis(hours[0].reshape(*hours.shape[1:3], daily.days, 24), -1, 0)
    nights = np.concatenate((by_hour[:1], counts["community_at_midnight"][1]))
    return {
        "acute_by_hour": ("hour", by_hour),
        "acute_at_midnight": ("one", by_hour[:1]),
        "bed_nights": ("bed", nights),
    }


def _capacity(daily: DailyCounts) -> Floats:
    """Capacity ``[pool, day]`` of the measured days; NaN for a pool without limit."""
    capacity = np.array(daily.names.capacity, dtype=float).reshape(len(daily.names.pools), -1)
    measured = capacity[:, daily.first_day : daily.first_day + daily.days]
    return np.where(measured < 0, np.nan, measured)


def _pools(daily: DailyCounts, capacity: Floats, hours: Ints) -> Counts:
    slots = np.array(daily.names.slots, dtype=bool)[:, None]
    used_slots = daily.array("slots_used")[:, 0, 0]
    usable = capacity > 0
    used = np.where(slots, used_slots, hours.mean(axis=-1))
    beds_full = (hours >= capacity[:, :, None]).mean(axis=-1)
    full = np.where(slots, used_slots >= capacity, beds_full) * usable
    at_midnight = np.where(slots, used_slots, hours[:, :, 0])
    found = {
        "pool_used": used,
        "pool_at_midnight": at_midnight,
        "pool_capacity": capacity,
        "pool_full": full,
        "pool_open": usable.astype(float),
    }
    return {name: ("pool", values[:, None, None, :]) for name, values in found.items()}


def _bed_pools(daily: DailyCounts, capacity: Floats, midnight: Ints) -> Counts:
    """Use and capacity at midnight of the pools of acute and of community beds; those without limit left out."""
    limited = ~np.isnan(capacity)
    counts: Counts = {}
    for name, pools in (("acute", daily.counted["acute_pools"]), ("community", daily.counted["community_pools"])):
        chosen = limited & pools[:, None]
        counts[f"{name}_pools_used"] = ("one", np.where(chosen, midnight, 0).sum(axis=0)[None, None, None, :])
        counts[f"{name}_pools_capacity"] = ("one", np.where(chosen, capacity, 0).sum(axis=0)[None, None, None, :])
    return counts


def _calendar(daily: DailyCounts, counts: Counts) -> Counts:
    dates = daily.dates()
    month = np.array([date.month for date in dates], dtype=int)
    weekday = np.array([date.weekday() for date in dates], dtype=int)
    by_month = (month == np.arange(1, len(MONTHS) + 1)[:, None])[:, None, None, :]
    by_weekday = (weekday == np.arange(7)[:, None])[:, None, None, :]
    season = np.stack([np.isin(month, WINTER), np.isin(month, SUMMER)])[:, None, None, :].astype(float)
    return {
        "acute_used_by_month": ("month", counts["acute_pools_used"][1] * by_month),
        "acute_capacity_by_month": ("month", counts["acute_pools_capacity"][1] * by_month),
        "admissions_by_weekday": ("weekday", counts["admissions"][1] * by_weekday),
        "season": ("one", season),
    }


def _delay(daily: DailyCounts, counts: Counts) -> Counts:
    parts, delayed_now = counts["delay_parts"][1], counts["delayed"][1].sum(axis=0, keepdims=True)
    by_pathway = parts.reshape(len(PATHWAYS), len(REASONS), *parts.shape[1:])
    over_pathway = np.repeat(by_pathway.sum(axis=1), len(REASONS), axis=0)
    over_all = np.repeat(parts.sum(axis=0, keepdims=True), len(REASONS), axis=0)
    midnight = daily.warm_up + DAY * np.arange(daily.days)
    return {
        "delay_by_reason": ("reason", np.concatenate((by_pathway.sum(axis=0), parts))),
        "delay_over": ("reason", np.concatenate((over_all, over_pathway))),
        "delayed_now": ("one", delayed_now),
        "elapsed_minutes": ("one", midnight * delayed_now - counts["delayed_since"][1]),
    }


def _people(daily: DailyCounts, counts: Counts) -> Counts:
    """Waits for general practice, and the utility of the residents."""
    gp, waits, minutes = daily.names.gp, counts["waits"][1], counts["wait_minutes"][1]
    none = np.zeros_like(waits[:1])
    in_care_home, in_acute = counts["residents"][1][2:3], counts["acute_at_midnight"][1]
    proxy = proxies()
    by_age = np.array(proxy.utility.values)[None, :, None, None]
    lost = proxy.utility_lost_in_care_home.value * in_care_home + proxy.utility_lost_in_acute_bed.value * in_acute
    return {
        "gp_waits": ("one", waits[gp : gp + 1] if gp >= 0 else none),
        "gp_wait_minutes": ("one", minutes[gp : gp + 1] if gp >= 0 else none),
        "utility": ("one", counts["resident_days"][1] * by_age - lost),
    }
