"""The tables of a plan about pools, plain arrivals, general practice time and the first day."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.interventions import Intervention
from sim.plans.arm import Arm
from sim.quantities import AGES
from sim.system import WEEKDAYS, Hours, Place

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def pool_tables(arm: Arm) -> dict[str, Any]:
    """Capacity, opening times, priorities and reserved places; general practice time."""
    place, index = arm.place, arm.stage_index
    pools = place.pools.values()
    hours = _hours(arm)
    opens, closes = np.ascontiguousarray(hours[:, :, 0]), np.ascontiguousarray(hours[:, :, 1])
    is_open = closes > 0
    capacity = usual = _capacity(arm, is_open, arm.interventions)
    if any(each.beds for each in arm.interventions):
        usual = _capacity(arm, is_open, ())
    gp_share = _gp_share(place)
    rank = np.zeros((len(pools), len(index) + 1), dtype=np.int64)
    kept = np.zeros_like(rank)
    for p, pool in enumerate(pools):
        rank[p] = len(pool.first)
        for i, source in enumerate(pool.first):
            rank[p, index.get(source, -1)] = i
        for source, places in pool.reserved.items():
            kept[p, index.get(source, -1)] = round(places * arm.scenario.run.scale)
    return {
        "capacity": capacity,
        "opens": opens,
        "closes": closes,
        "slots": np.array([int(pool.kind == "slots") for pool in pools]),
        "first": rank,
        "reserved": kept,
        "gp_share": gp_share,
        "gp_added": np.where(gp_share[:, None] > 0, capacity - usual, 0),
        **_general_practice(arm),
    }


def _hours(arm: Arm) -> Ints:
    """Minutes at which pools open and close ``[pool, day, 2]``; both 0 on a day on which one does not open."""
    weekdays = arm.weekdays
    hours = np.stack([_by_weekday(pool.open) for pool in arm.place.pools.values()])[:, weekdays]
    for intervention in arm.interventions:
        first, last = arm.day_of(intervention.ramp.starts), arm.until(intervention.ramp.ends)
        for name, p in arm.pool_index.items() if intervention.opening else ():
            changed = next((change.open for change in intervention.opening if _matches(name, change.pool)), None)
            if changed is not None:
                hours[p, first:last] = _by_weekday(changed)[weekdays[first:last]]
    return hours


def _by_weekday(hours: Hours) -> Ints:
    own = (hours.from_hour * 60, hours.to_hour * 60)
    return np.array([own if day in hours.weekdays else (0, 0) for day in WEEKDAYS], dtype=np.int64)


def _capacity(arm: Arm, is_open: npt.NDArray[np.bool_], interventions: tuple[Intervention, ...]) -> Ints:
    """Whole places by pool and day, -1 without limit, with the beds that some interventions add; 0 slots when closed.

    A pool that interventions open has no places from the day on which the last of them ends. A fraction left by the
    scale is given out week by week, so that the mean is right even for a small pool.
    """
    pools = arm.place.pools
    wanted = np.full((len(pools), arm.days), np.nan)
    for p, pool in enumerate(pools.values()):
        if pool.capacity is not None:
            wanted[p] = pool.capacity.value
            for change in sorted(pool.changes, key=lambda change: change.from_date):
                wanted[p, arm.day_of(change.from_date) :] = change.capacity
    for name, closed in _closing(arm).items():
        wanted[arm.pool_index[name], closed:] = 0.0
    for intervention in interventions:
        for step in intervention.beds:
            chosen = [i for name, i in arm.pool_index.items() if _matches(name, step.pool)]
            weight = np.array([wanted[i, 0] for i in chosen])
            weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(chosen), 1 / max(1, len(chosen)))
            until = arm.until(step.until, intervention.ramp.ends)
            for i, share in zip(chosen, weight, strict=True):
                wanted[i, arm.day_of(step.from_date) : until] += step.add * share
    week = np.arange(arm.days) // 7
    dither = (week * 0.6180339887498949 + 0.5) % 1.0
    places = np.floor(np.maximum(wanted, 0) * arm.scenario.run.scale + dither[None, :] + 1e-9)
    places[np.isnan(wanted)] = -1
    of_slots = np.array([pool.kind == "slots" for pool in pools.values()])
    places[of_slots[:, None] & ~is_open] = 0
    return np.asarray(places, dtype=np.int64)


def _closing(arm: Arm) -> dict[str, int]:
    """First day without the pools that interventions open; the end of the run if one of them goes on."""
    closed: dict[str, int] = {}
    for each in arm.interventions:
        closed |= {name: max(closed.get(name, 0), arm.until(each.ramp.ends)) for name in each.pools}
    return closed


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _gp_share(place: Place) -> Floats:
    practice = place.general_practice
    of_gp = [
        pool.capacity.value if practice and pool.capacity and name.startswith(practice.pool_prefix) else 0.0
        for name, pool in place.pools.items()
    ]
    total = sum(of_gp)
    return np.array(of_gp) / total if total > 0 else np.zeros(len(of_gp))


def _general_practice(arm: Arm) -> dict[str, float]:
    practice, people, scale = arm.place.general_practice, arm.place.people, arm.scenario.run.scale
    if practice is None or people is None:
        return {"gp_minutes": 0.0, "gp_routine_minutes": 0.0, "gp_urgent_minutes": 1.0, "gp_backlog_days": 0.0}
    contacts = float(np.dot(practice.contacts_per_person_per_year.values, people.residents.values))
    weekdays = 365.25 * 5 / 7
    routine = contacts * practice.minutes_per_contact.value * practice.share_with_gp.value / weekdays
    return {
        "gp_minutes": practice.gp_minutes_per_weekday.value * scale,
        "gp_routine_minutes": routine * scale,
        "gp_urgent_minutes": practice.urgent_minutes.value,
        "gp_backlog_days": practice.backlog_days.value,
    }


def stream_tables(arm: Arm) -> dict[str, Any]:
    """Plain arrivals: where they come, when, and of what age and locality."""
    streams = arm.place.plain_arrivals.values()
    weekdays = arm.weekdays
    rate = np.zeros((len(streams), arm.days))
    hours, ages = np.zeros((len(streams), 24)), np.zeros((len(streams), len(AGES)))
    localities = np.zeros((len(streams), len(arm.place.localities)))
    for k, stream in enumerate(streams):
        rate[k] = stream.per_day.value
        for change in sorted(stream.changes, key=lambda change: change.from_date):
            rate[k, arm.day_of(change.from_date) :] = change.per_day
        pattern = np.array(stream.by_weekday.values if stream.by_weekday else (1.0,) * 7)
        rate[k] *= (pattern / pattern.mean())[weekdays] * arm.scenario.run.scale
        hour = np.array(stream.by_hour.values if stream.by_hour else (1.0,) * 24)
        hours[k] = np.cumsum(hour / hour.sum())
        ages[k] = np.cumsum([stream.age.get(age, 0.0) for age in AGES])
        own = stream.locality or {each.name: each.share.value for each in arm.place.localities}
        localities[k] = np.cumsum([own.get(each.name, 0.0) for each in arm.place.localities])
    return {
        "stream_to": np.array([arm.stage_index[stream.to] for stream in streams], dtype=np.int64),
        "stream_rate": rate,
        "stream_hours": hours,
        "stream_ages": ages,
        "stream_localities": localities,
    }


def initial(arm: Arm) -> Ints:
    """People in or waiting for each stage at minute 0: the snapshot, or the expected number by age."""
    rows: list[tuple[int, ...]] = []
    localities = [each.name for each in arm.place.localities]
    scale = arm.scenario.run.scale
    for name, stage in arm.place.stages.items():
        s = arm.stage_index[name]
        if name not in arm.scenario.place.stages:
            continue
        if name in arm.place.start:
            for snapshot in arm.place.start[name]:
                where = localities.index(snapshot.locality) if snapshot.locality else -1
                elapsed = -1 if snapshot.elapsed_days is None else round(snapshot.elapsed_days * 1440)
                there, waiting = round(snapshot.in_place * scale), round(snapshot.waiting * scale)
                rows.append((s, _usual_age(arm), where, there, waiting, elapsed))
        elif stage.residence is None:
            for age, number in enumerate(arm.flows.in_place[name] * scale):
                rows.append((s, age, -1, int(number + 0.5), 0, -1))
    return np.array(rows, dtype=np.int64).reshape(-1, 6)


def _usual_age(arm: Arm) -> int:
    """Age band of people in a snapshot without ages: the commonest among plain arrivals, otherwise 75 to 84."""
    shares: dict[str, float] = {}
    for stream in arm.place.plain_arrivals.values():
        for age, share in stream.age.items():
            shares[age] = shares.get(age, 0.0) + share * stream.per_day.value
    return AGES.index(max(shares, key=lambda age: shares[age])) if shares else 2
