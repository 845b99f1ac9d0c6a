"""A scenario to the plan of one of its arms: every table of ``plan.py`` filled, nothing run."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim import plan as tables
from sim.expected import ExpectedFlows, expected_flows, pools_of, stay_days
from sim.interventions import Intervention
from sim.plan import Names, Plan
from sim.plan_people import people_tables, programme_tables
from sim.quantities import AGES, FRAILTIES
from sim.routes import ResolvedRoute, routes_of
from sim.rules import EXPONENTIAL, FIXED, LOGNORMAL
from sim.scenario import Scenario
from sim.stage_times import leaving_chances
from sim.system import HOME, RESIDENCES, SEVERITIES, WEEKDAYS, Hours, Place, Pool, Stage

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NEED = -1
"""Index, in sets of routes, of people who come with a new need."""
_KINDS = {"lognormal": LOGNORMAL, "exponential": EXPONENTIAL, "fixed": FIXED}


@dataclass(frozen=True)
class _Arm:
    """What one arm has to know while its tables are filled."""

    scenario: Scenario
    place: Place
    interventions: tuple[Intervention, ...]
    """Those in force in this arm: none in the baseline."""
    flows: ExpectedFlows
    first_day: dt.date
    days: int

    def day_of(self, date: dt.date) -> int:
        """Day of a date from the start of warm-up, within the run."""
        return min(max((date - self.first_day).days, 0), self.days)

    def minute_of(self, date: dt.date) -> int:
        """Minute of a date's midnight; dates before the run are minute 0, later ones stay as they are."""
        return max((date - self.first_day).days, 0) * 1440

    def weekday(self, day: int) -> int:
        return (self.first_day.weekday() + day) % 7

    @property
    def stage_index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.place.stages)}

    @property
    def pool_index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.place.pools)}


def compile_plan(scenario: Scenario, *, with_interventions: bool = True) -> Plan:
    """The plan of one arm of a scenario.

    Without interventions everything they add is left out and their programmes are kept only as what would have been.
    The rows of that plan are a prefix of the other's, so that a state can go on from one to the other. Raises
    ValueError where published figures cannot be taken apart (net_rates.py).
    """
    run = scenario.run
    first_day = run.starts - dt.timedelta(days=run.warm_up_days)
    interventions = scenario.interventions if with_interventions else ()
    arm = _Arm(
        scenario=scenario,
        place=_with_added(scenario.place, interventions),
        interventions=interventions,
        flows=expected_flows(scenario.place),
        first_day=first_day,
        days=run.warm_up_days + round(run.years * 365),
    )
    return Plan(
        names=_names(arm),
        days=arm.days,
        first_weekday=first_day.weekday(),
        **people_tables(scenario, arm.flows.net, interventions, first_day, arm.days),
        **_stage_tables(arm),
        **_route_tables(arm),
        **_pool_tables(arm),
        **_stream_tables(arm),
        initial=_initial(arm),
        **programme_tables(scenario, first_day, active=with_interventions),
    )


def _with_added(place: Place, interventions: tuple[Intervention, ...]) -> Place:
    """The place with the pools and stages that interventions add, after its own."""
    pools, stages = dict(place.pools), dict(place.stages)
    for intervention in interventions:
        pools |= {name: pool for name, pool in intervention.pools.items() if name not in pools}
        stages |= {name: stage for name, stage in intervention.stages.items() if name not in stages}
    return place.model_copy(update={"pools": pools, "stages": stages})


def _names(arm: _Arm) -> Names:
    place, run = arm.place, arm.scenario.run
    stages, urgent = place.stages, place.urgent_needs
    index = arm.stage_index
    people = np.array(place.people.residents.values) if place.people else np.zeros(len(AGES))
    shares = [locality.share.value for locality in place.localities]
    return Names(
        stages=tuple(stages),
        pools=tuple(place.pools),
        localities=tuple(locality.name for locality in place.localities),
        programmes=tuple(i.name for i in arm.scenario.interventions if i.enrols),
        stage_titles=tuple(stage.title or name.replace("_", " ") for name, stage in stages.items()),
        pool_titles=tuple(pool.title or name.replace("_", " ") for name, pool in place.pools.items()),
        acute=tuple(stage.acute for stage in stages.values()),
        emergency_admission=tuple(stage.emergency_admission for stage in stages.values()),
        overnight=tuple(stage.overnight for stage in stages.values()),
        residence=tuple(RESIDENCES.index(stage.residence or "own_home") for stage in stages.values()),
        a_and_e=index[urgent.a_and_e_stage] if urgent else -1,
        gp=index[urgent.gp_stage] if urgent else -1,
        slots=tuple(pool.kind == "slots" for pool in place.pools.values()),
        capacity=tuple(tuple(row) for row in _capacity(arm).tolist()),
        residents=tuple(tuple(round(n * run.scale * share) for share in shares) for n in people),
        first_day=arm.first_day,
        warm_up_minutes=run.warm_up_days * 1440,
        end_minute=arm.days * 1440,
        scale=run.scale,
        community_bed=tuple(stage.community_bed for stage in stages.values()),
    )


# -- stages -------------------------------------------------------------------------------------------------------


def _stage_tables(arm: _Arm) -> dict[str, Any]:
    stages, index = arm.place.stages, arm.stage_index
    names = list(stages)
    early = _early(arm)
    of = stages.values()
    escalations = [stage.escalates for stage in of]
    unseen = [stage.gives_up for stage in of]
    pools, shares = _served(arm)
    return {
        "stage_pools": pools,
        "stage_pool_shares": shares,
        "stay_kind": np.array([_KINDS[stage.length_of_stay.kind] for stage in of]),
        "stay_minutes": np.array([stay_days(arm.place, arm.flows.net, name) * 1440 for name in names]),
        "stay_sigma": np.array([_sigma(stage.length_of_stay.cv.value if stage.length_of_stay.cv else 1.0) for stage in of]),
        "leaves_from": np.array([stage.leaves.from_hour for stage in of]),
        "leaves_to": np.array([stage.leaves.to_hour for stage in of]),
        "leaves_chance": _leaving(arm),
        "dies": np.stack([_dying(arm, stage) for stage in of]),
        "early_to": np.array([index[early[name][0].to] if name in early else -1 for name in names]),
        "early_from": np.array([early[name][1] if name in early else 0 for name in names]),
        "early_share": np.array([early[name][0].share.values if name in early else (0.0,) * 4 for name in names]),
        "early_at": np.array([early[name][0].at_share_of_stay.value if name in early else 1.0 for name in names]),
        "escalate_to": np.array([-2 if e is None else _target(index, e.to) for e in escalations]),
        "escalate_after_days": np.array([0.0 if e is None else e.after_days.value for e in escalations]),
        "escalate_per_day": np.array([0.0 if e is None else e.share_per_day.value for e in escalations]),
        "unseen_wait": np.array([-1.0 if g is None else g.wait.value for g in unseen]),
        "unseen_divert": np.array([0.0 if g is None else g.divert.value for g in unseen]),
        "unseen_to": np.array([-1 if g is None else _target(index, g.divert_to) for g in unseen]),
        "unseen_reference": np.array([0.0 if g is None else g.reference_unseen_share.value for g in unseen]),
        "keeps_place": np.array([int(stage.keeps_place) for stage in of]),
        "at_home": np.array([int(stage.at_home) for stage in of]),
        "residence": np.array([RESIDENCES.index(stage.residence or "own_home") for stage in of]),
        "place_kept": np.array([stage.place_kept_days * 1440 for stage in of]),
        "stage_flags": np.array([_flags(stage) for stage in of]),
    }


def _sigma(cv: float) -> float:
    return float(np.sqrt(np.log1p(cv**2)))


def _target(index: dict[str, int], name: str) -> int:
    return -1 if name == HOME else index[name]


def _flags(stage: Stage) -> int:
    return (
        stage.acute * tables.ACUTE
        + stage.emergency_admission * tables.EMERGENCY
        + stage.overnight * tables.OVERNIGHT
        + stage.answers_pressure * tables.PRESSED
        + stage.deconditions * tables.DECONDITIONS
        + stage.decides_admission * tables.DECIDES
    )


def _served(arm: _Arm) -> tuple[Ints, Floats]:
    place, index = arm.place, arm.pool_index
    shape = (len(place.stages), len(place.localities), _most_pools(arm))
    pools, shares = np.full(shape, -1), np.ones(shape)
    for s, stage in enumerate(place.stages.values()):
        for k, locality in enumerate(place.localities):
            total = 0.0
            for i, (pool, share) in enumerate(pools_of(stage.served_by, locality.name).items()):
                total += share
                pools[s, k, i], shares[s, k, i] = index[pool], total
    return pools, shares


def _most_pools(arm: _Arm) -> int:
    return max(
        len(pools_of(stage.served_by, locality.name))
        for stage in arm.place.stages.values()
        for locality in arm.place.localities
    )


def _leaving(arm: _Arm) -> Floats:
    chances = np.zeros((len(arm.place.stages), arm.days))
    weekdays = np.array([arm.weekday(day) for day in range(arm.days)])
    for s, stage in enumerate(arm.place.stages.values()):
        chances[s] = np.array(leaving_chances(stage))[weekdays]
    for intervention in arm.interventions:
        day = arm.day_of(intervention.ramp.starts)
        for change in intervention.leaving:
            stage = arm.place.stages[change.stage]
            before = stage.leaves_by_weekday.values if stage.leaves_by_weekday else (1.0,) * 7
            changed = stage.model_copy(update={"leaves_by_weekday": change.leaves_by_weekday})
            # Both patterns are chances relative to the best day of today's pattern, so that a flat pattern at the
            # best day's level means reviews every day as on the best day.
            scale = max(change.leaves_by_weekday.values) / max(before)
            chances[arm.stage_index[change.stage], day:] = (
                np.minimum(1.0, np.array(leaving_chances(changed)) * max(scale, 1.0))[weekdays[day:]]
            )
    return chances


def _dying(arm: _Arm, stage: Stage) -> Floats:
    if stage.deaths_in_hospital and arm.flows.net is not None:
        return arm.flows.net.dies_in_hospital
    by_age = np.array(stage.dies.values if stage.dies else (0.0,) * len(AGES))
    return np.broadcast_to(by_age[:, None, None], (len(AGES), len(FRAILTIES), 2)).copy()


def _early(arm: _Arm) -> dict[str, tuple[Any, int]]:
    found = {name: (stage.early, 0) for name, stage in arm.place.stages.items() if stage.early is not None}
    for intervention in arm.interventions:
        for stage, early in intervention.early.items():
            found[stage] = (early, arm.minute_of(intervention.ramp.starts))
    return found


# -- routes -------------------------------------------------------------------------------------------------------


def _route_tables(arm: _Arm) -> dict[str, Any]:
    """Every set of routes (a stage, a severity, from a minute on) as consecutive rows."""
    sets: list[tuple[int, ...]] = []
    rows: list[dict[str, Any]] = []
    for minute, in_force, changed in _route_changes(arm):
        for name in changed:
            for severity in SEVERITIES:
                resolved = _with_routes(in_force, name, arm.place.stages.get(name), severity)
                if resolved:
                    stage = arm.stage_index.get(name, NEED)
                    sets.append((stage, SEVERITIES.index(severity), minute, len(rows), len(resolved)))
                    rows += _rows(arm, resolved, len(rows))
    columns = {f"route_{key}": np.array([row[key] for row in rows]) for key in rows[0]} if rows else _no_routes()
    return {"route_sets": np.array(sets, dtype=np.int64).reshape(-1, 5), **columns}


def _route_changes(arm: _Arm) -> list[tuple[int, list[Intervention], list[str]]]:
    """When routes change: the minute, the interventions in force from then, and the stages whose routes change."""
    changes: list[tuple[int, list[Intervention], list[str]]] = [(0, [], list(arm.place.stages))]
    in_force: list[Intervention] = []
    for intervention in sorted(arm.interventions, key=lambda each: each.ramp.starts):
        if intervention.routes:
            in_force = [*in_force, intervention]
            leading_from = {item.stage for item in intervention.routes}
            changed = [name for name in (*arm.place.stages, "need") if name in leading_from]
            changes.append((arm.minute_of(intervention.ramp.starts), in_force, changed))
    return changes


def _with_routes(in_force: list[Intervention], name: str, stage: Stage | None, severity: str) -> list[ResolvedRoute]:
    """A stage's routes with added ones first; its own routes share out whom those leave. A need has no own routes."""
    added: list[ResolvedRoute] = []
    left = np.ones(len(AGES))
    for item in (item for intervention in in_force for item in intervention.routes):
        if item.stage == name and (not item.route.severity or severity in item.route.severity):
            share = left if isinstance(item.route.share, str) else left * np.array(item.route.share.values)
            added.append(ResolvedRoute(item.route, share))
            left = left - share
    own = [] if stage is None else routes_of(stage, severity)
    return added + [ResolvedRoute(each.route, each.share * left) for each in own]


def _rows(arm: _Arm, resolved: list[ResolvedRoute], first: int) -> list[dict[str, Any]]:
    index = arm.stage_index
    by_frailty = [_by_frailty(arm, each) for each in resolved]
    left, rows = np.ones((len(AGES), len(FRAILTIES))), []
    for each, share in zip(resolved, by_frailty, strict=True):
        share = np.minimum(share, left) if each is not resolved[-1] or not isinstance(each.route.share, str) else left
        left = left - share
        route, delay = each.route, each.route.delay
        drawn = 0.0 if delay is None else delay.mean_days.value * (1 - delay.capacity_share.value) * 1440
        rows.append(
            {
                "to": _target(index, route.to),
                "shares": 1.0 - left,
                "if_room": int(route.if_room),
                "otherwise": _row_to(resolved, route.otherwise, first) if route.if_room else -1,
                "otherwise_to": _target(index, route.otherwise) if route.otherwise else -1,
                "pathway": -1 if route.pathway is None else int(route.pathway[1]),
                "process": 0.0 if delay is None else drawn * delay.process_share.value,
                "sourcing": 0.0 if delay is None else drawn * (1 - delay.process_share.value),
                "delayed": 1.0 if delay is None else delay.delayed_share.value,
                "sigma": 0.0 if delay is None else _sigma(delay.cv.value),
                "mean_days": 0.0 if delay is None else delay.mean_days.value,
                "cancels": int(route.cancelled),
            }
        )
    return rows


def _row_to(resolved: list[ResolvedRoute], name: str, first: int) -> int:
    """Row of the route of this set that leads to the alternative under its own condition, -1 if there is none."""
    for i, each in enumerate(resolved):
        if each.route.to == name and each.route.if_room:
            return first + i
    return -1


def _by_frailty(arm: _Arm, each: ResolvedRoute) -> Floats:
    """Shares by age and frailty. New support is only for people who do not live in a care home, so that their
    share is raised until the share of all discharges is the published one."""
    share = np.repeat(each.share[:, None], len(FRAILTIES), axis=1)
    net, people = arm.flows.net, arm.place.people
    if net is None or people is None:
        return share
    by_frailty = net.groups.share.sum(axis=2) * np.array(people.frailty_urgent_ratio.values)
    if each.route.frailty_ratio is not None:
        ratio = np.array(each.route.frailty_ratio.values)
        share = share * ratio / ((by_frailty * ratio).sum(axis=1) / by_frailty.sum(axis=1))[:, None]
    if each.route.pathway in ("P1", "P2", "P3"):
        residents = (net.groups.share[:, :, 2] * np.array(people.frailty_urgent_ratio.values)).sum(axis=1)
        share = share / (1 - residents / by_frailty.sum(axis=1))[:, None]
    return np.minimum(share, 1.0)


def _no_routes() -> dict[str, Any]:
    whole = ("to", "if_room", "otherwise", "otherwise_to", "pathway", "cancels")
    real = ("process", "sourcing", "delayed", "sigma", "mean_days")
    empty = {f"route_{key}": np.zeros(0, dtype=np.int64) for key in whole} | {f"route_{key}": np.zeros(0) for key in real}
    return empty | {"route_shares": np.zeros((0, len(AGES), len(FRAILTIES)))}


# -- pools --------------------------------------------------------------------------------------------------------


def _pool_tables(arm: _Arm) -> dict[str, Any]:
    place, index = arm.place, arm.stage_index
    pools = place.pools.values()
    opens, closes = np.zeros((len(pools), arm.days), dtype=np.int64), np.zeros((len(pools), arm.days), dtype=np.int64)
    for p, (name, pool) in enumerate(place.pools.items()):
        for day in range(arm.days):
            opens[p, day], closes[p, day] = _open(_hours(arm, name, pool, day), arm.weekday(day))
    rank = np.zeros((len(pools), len(index) + 1), dtype=np.int64)
    kept = np.zeros_like(rank)
    for p, pool in enumerate(pools):
        rank[p] = len(pool.first)
        for i, source in enumerate(pool.first):
            rank[p, index.get(source, -1)] = i
        for source, places in pool.reserved.items():
            kept[p, index.get(source, -1)] = round(places * arm.scenario.run.scale)
    return {
        "capacity": _capacity(arm),
        "opens": opens,
        "closes": closes,
        "slots": np.array([int(pool.kind == "slots") for pool in pools]),
        "first": rank,
        "reserved": kept,
        "gp_share": _gp_share(place),
        **_general_practice(arm),
    }


def _hours(arm: _Arm, name: str, pool: Pool, day: int) -> Hours:
    hours = pool.open
    for intervention in arm.interventions:
        if day >= arm.day_of(intervention.ramp.starts):
            hours = next((change.open for change in intervention.opening if change.pool == name), hours)
    return hours


def _open(hours: Hours, weekday: int) -> tuple[int, int]:
    if WEEKDAYS[weekday] not in hours.weekdays:
        return 0, 0
    return hours.from_hour * 60, hours.to_hour * 60


def _capacity(arm: _Arm) -> Ints:
    """Whole places by pool and day, -1 without limit. A fraction left by the scale is given out week by week, so
    that the mean is right even for a small pool."""
    pools = arm.place.pools
    capacity = np.full((len(pools), arm.days), np.nan)
    for p, pool in enumerate(pools.values()):
        if pool.capacity is not None:
            capacity[p] = pool.capacity.value
            for change in sorted(pool.changes, key=lambda change: change.from_date):
                capacity[p, arm.day_of(change.from_date):] = change.capacity
    for intervention in arm.interventions:
        for step in intervention.beds:
            chosen = [i for name, i in arm.pool_index.items() if _matches(name, step.pool)]
            weight = np.array([capacity[i, 0] for i in chosen])
            weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(chosen), 1 / max(1, len(chosen)))
            until = arm.days if step.until is None else arm.day_of(step.until)
            for i, share in zip(chosen, weight, strict=True):
                capacity[i, arm.day_of(step.from_date) : until] += step.add * share
    week = np.arange(arm.days) // 7
    dither = (week * 0.6180339887498949 + 0.5) % 1.0
    whole = np.floor(np.maximum(capacity, 0) * arm.scenario.run.scale + dither[None, :] + 1e-9)
    places = np.asarray(np.where(np.isnan(capacity), -1, whole)).astype(np.int64)
    for p, (name, pool) in enumerate(pools.items()):
        if pool.kind == "slots":
            closed = [not any(_open(_hours(arm, name, pool, day), arm.weekday(day))) for day in range(arm.days)]
            places[p, closed] = 0
    return places


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


def _general_practice(arm: _Arm) -> dict[str, float]:
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


# -- plain arrivals and the first day -----------------------------------------------------------------------------


def _stream_tables(arm: _Arm) -> dict[str, Any]:
    streams = arm.place.plain_arrivals.values()
    weekdays = np.array([arm.weekday(day) for day in range(arm.days)])
    rate = np.zeros((len(streams), arm.days))
    hours, ages = np.zeros((len(streams), 24)), np.zeros((len(streams), len(AGES)))
    localities = np.zeros((len(streams), len(arm.place.localities)))
    for k, stream in enumerate(streams):
        rate[k] = stream.per_day.value
        for change in sorted(stream.changes, key=lambda change: change.from_date):
            rate[k, arm.day_of(change.from_date):] = change.per_day
        pattern = np.array(stream.by_weekday.values if stream.by_weekday else (1.0,) * 7)
        rate[k] *= (pattern / pattern.mean())[weekdays] * arm.scenario.run.scale
        hour = np.array(stream.by_hour.values if stream.by_hour else (1.0,) * 24)
        hours[k] = np.cumsum(hour / hour.sum())
        ages[k] = np.cumsum([stream.age.get(age, 0.0) for age in AGES])  # type: ignore[call-overload]
        own = stream.locality or {each.name: each.share.value for each in arm.place.localities}
        localities[k] = np.cumsum([own.get(each.name, 0.0) for each in arm.place.localities])
    return {
        "stream_to": np.array([arm.stage_index[stream.to] for stream in streams], dtype=np.int64),
        "stream_rate": rate,
        "stream_hours": hours,
        "stream_ages": ages,
        "stream_localities": localities,
    }


def _initial(arm: _Arm) -> Ints:
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


def _usual_age(arm: _Arm) -> int:
    """Age band of people in a snapshot without ages: the commonest among plain arrivals, otherwise 75 to 84."""
    shares: dict[str, float] = {}
    for stream in arm.place.plain_arrivals.values():
        for age, share in stream.age.items():
            shares[age] = shares.get(age, 0.0) + share * stream.per_day.value
    return AGES.index(max(shares, key=lambda age: shares[age])) if shares else 2
