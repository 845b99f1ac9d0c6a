"""A plan as tables of numbers that compiled code reads: one row a stage, a route, a pool, a programme."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.draws import BANDS, EDGES, MOST_POINTS, Words, poisson_cumulative
from sim.engines.courses import most_crises, most_steps
from sim.engines.life import LEVERS_OF, SEVERITY_LEVERS
from sim.engines.programmes import STRENGTH_OF
from sim.engines.tables import kept_for_plans, outlet_pools, programme_share
from sim.engines.workload import GP_LEVERS, OUTPATIENT_LEVERS
from sim.plans.plan import LIFE_EVENTS, LOOPS, NO_OUTLET, PROGRAMME_LEVERS, QUARTER_DAYS, YEAR_DAYS, Plan, lever_names

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = Any
"""A record array."""

LEVER = {name: i for i, name in enumerate(PROGRAMME_LEVERS)}
CELL_YEARS = QUARTER_DAYS / YEAR_DAYS
HALF_HOURS = QUARTER_DAYS * 48
NEVER_SO_MANY = np.uint64(1 << 53)
_WEEK = 336
_SEVERITIES = 9

_i8, _f8 = np.int64, np.float64
STAGE = np.dtype(
    [(name, _i8) for name in (
        "flags", "kind", "leaves_from", "leaves_to", "always_open", "may_die", "early_to", "early_from",
        "escalate_to", "unseen_to", "keeps_place", "at_home", "residence", "place_kept",
    )]
    + [(name, _f8) for name in (
        "sigma", "early_at", "escalate_after_days", "escalate_per_day", "unseen_wait", "unseen_divert",
        "unseen_reference",
    )]
)  # fmt: skip
ROUTE = np.dtype(
    [(name, _i8) for name in ("to", "if_room", "otherwise", "otherwise_to", "pathway", "cancels")]
    + [(name, _f8) for name in ("process", "sourcing", "delayed", "sigma", "mean_days")]
)
POOL = np.dtype([("slots", _i8), ("reserves", _i8), ("outlet", _i8), ("gp_share", _f8)])
PROGRAMME = np.dtype(
    [(name, _i8) for name in ("active", "moves", "start", "end", "bits", "either", "care_plan", "followed")]
    + [(name, _f8) for name in (
        "fade", "lag", "caseload", "top", "reach", "noise", "insight", "term", "gp_minutes",
    )]
)  # fmt: skip
PLACE = np.dtype(
    [(name, _i8) for name in (
        "days", "first_weekday", "readmission_stage", "overnight_stage", "referral_stage", "home_care_stage",
        "care_home_stage", "operating_stage", "a_and_e", "gp", "any_programme", "any_outlet", "any_workload",
        "moves_workload", "most_arrivals",
    )]
    + [(name, _f8) for name in (
        "readmission_minutes", "gp_minutes", "gp_routine", "gp_urgent", "gp_backlog_days", "operation_share",
    )]
    + [(name, _f8) for name in LOOPS]
)  # fmt: skip


class FastTables(NamedTuple):
    """A plan for compiled code; the letters in brackets are those of ``Plan``."""

    place: Rows
    """[1] what is single: days, stages with a role, general practice, loops."""
    stages: Rows
    """[S]."""
    routes: Rows
    """[T]."""
    pools: Rows
    """[P]."""
    programmes: Rows
    """[I]."""
    stage_pools: Ints
    stage_pool_shares: Floats
    stay_minutes: Floats
    early_share: Floats
    dies: Floats
    leaves_chance: Floats
    route_index: Ints
    """[S + 1, severity, 2] first and number of sets in ``route_sets``; stage -1 (a need) is the last."""
    route_sets: Ints
    """[sets, 3] first minute, first route, number of routes."""
    route_shares: Floats
    """[A, F, T] cumulative within a set."""
    capacity: Ints
    gp_added: Ints
    opens: Ints
    closes: Ints
    first: Ints
    reserved: Ints
    locality_shares: Floats
    life_rates: Floats
    need_by_day: Floats
    severity_shares: Floats
    door: Floats
    causes: Floats
    """[bits of conditions, conditions] cumulative shares of causes."""
    condition_prevalence: Floats
    condition_extra: Floats
    course_condition: Ints
    course_shares: Floats
    course_rates: Floats
    course_crises: Floats
    course_referred: Floats
    course_gp_minutes: Floats
    course_reference: Floats
    complication_need: Ints
    complication_stage: Ints
    most_crises: Floats
    """[bits of conditions] the most a state can multiply needs of one cause by."""
    most_steps: Floats
    """[bits of conditions] the most steps of courses a year."""
    readmission: Floats
    own_readmission: Floats
    admitted_for_each_minor: Floats
    workload: Floats
    stream_to: Ints
    stream_rate: Floats
    stream_hours: Floats
    stream_ages: Floats
    stream_localities: Floats
    programme_ages: Ints
    programme_frailty: Ints
    programme_localities: Ints
    programme_residences: Ints
    programme_ratio: Floats
    programme_share: Floats
    """[I, days] share of the effect by day, before the caseload."""
    programme_growth: Floats
    programme_overlap: Floats
    propensity_shape: Floats
    lever_strength: Floats
    """[levers] strength of the loop a lever belongs to, 1 for most."""
    moving: Ints
    """[levers] 1 if active programmes with a caseload move it, 2 if others do, 0 if none does."""
    severity_levers: Ints
    """[5, 3] levers on urgent needs of a severity, -1 beyond."""
    life_levers: Ints
    """[kind, 5] levers on life events, -1 beyond."""
    highest: Floats
    """[kind] the most that levers can multiply a rate by."""
    highest_rates: Floats
    """[A, F, R, E, kind] the most events a person-year, urgent needs before the person and the season."""
    busiest: Floats
    """[quarters, A] highest relative need of a quarter."""
    week_edges: Floats
    """[7, half hours of a quarter + 1] need up to each half hour of a quarter that begins on a weekday."""
    week_starts: Ints
    """[7, half hours of a quarter + 1] a half hour that surely begins before so many parts of the quarter's need."""
    quarter_counts: Words
    """[bands, numbers] a quarter's cell has more than so many points if 52 random bits are at least this."""
    day_counts: Words
    """[bands, numbers] the same for a day's cell."""


@kept_for_plans
def fast_tables(plan: Plan) -> FastTables:
    """The plan as FastTables."""
    route_index, route_sets = _route_sets(plan)
    names = lever_names(len(plan.programme_overlap) - len(PROGRAMME_LEVERS))
    strength = np.array([plan.loop[LOOPS.index(STRENGTH_OF[name])] if name in STRENGTH_OF else 1.0 for name in names])
    moves = (plan.programme_ratio != 1.0) & (plan.programme_active[:, None] > 0)
    highest, edges = _highest(plan, moves.any(axis=1)), _week_edges(plan)
    highest_rates = np.moveaxis(plan.life_rates * highest[:, None, None, None, None], 0, -1)
    return FastTables(
        place=_place(plan),
        stages=_stages(plan),
        routes=_rows(ROUTE, len(plan.route_to), {name: getattr(plan, f"route_{name}") for name in ROUTE.names or ()}),
        pools=_rows(POOL, len(plan.slots), {
            "slots": plan.slots, "reserves": (plan.reserved > 0).any(axis=1), "gp_share": plan.gp_share,
            "outlet": np.isin(np.arange(len(plan.slots)), outlet_pools(plan)),
        }),
        programmes=_programmes(plan, moves.any(axis=1)),
        stage_pools=plan.stage_pools, stage_pool_shares=plan.stage_pool_shares, stay_minutes=plan.stay_minutes,
        early_share=plan.early_share, dies=plan.dies, leaves_chance=plan.leaves_chance, route_index=route_index,
        route_sets=route_sets, route_shares=np.ascontiguousarray(np.moveaxis(plan.route_shares, 0, -1)),
        capacity=plan.capacity, gp_added=plan.gp_added, opens=plan.opens, closes=plan.closes, first=plan.first,
        reserved=plan.reserved,
        locality_shares=plan.locality_shares, life_rates=plan.life_rates, need_by_day=plan.need_by_day,
        severity_shares=plan.severity_shares,
        door=plan.door_a_and_e, causes=_causes(plan), condition_prevalence=plan.condition_prevalence,
        condition_extra=plan.condition_extra, **_courses(plan, moves.any(axis=1)), readmission=plan.readmission,
        own_readmission=plan.own_readmission, admitted_for_each_minor=plan.admitted_for_each_minor,
        workload=plan.workload, stream_to=plan.stream_to,
        stream_rate=plan.stream_rate, stream_hours=plan.stream_hours, stream_ages=plan.stream_ages,
        stream_localities=plan.stream_localities, programme_ages=plan.programme_ages,
        programme_frailty=plan.programme_frailty, programme_localities=plan.programme_localities,
        programme_residences=plan.programme_residences,
        programme_ratio=plan.programme_ratio, programme_share=programme_share(plan),
        programme_growth=plan.programme_growth, programme_overlap=plan.programme_overlap,
        propensity_shape=plan.propensity_shape, lever_strength=strength,
        moving=moves.any(axis=0) + (moves & (plan.programme_caseload < 0)[:, None]).any(axis=0).astype(np.int64),
        severity_levers=_lever_numbers(SEVERITY_LEVERS),
        life_levers=_lever_numbers([LEVERS_OF.get(kind, ()) for kind in range(len(LIFE_EVENTS))]),
        highest=highest, highest_rates=np.ascontiguousarray(highest_rates),
        busiest=_busiest(plan), week_edges=edges, week_starts=_week_starts(edges),
        quarter_counts=_counts(CELL_YEARS), day_counts=_counts(1.0),
    )  # fmt: skip


def _courses(plan: Plan, moves: npt.NDArray[np.bool_]) -> dict[str, Any]:
    names = ("course_condition", "course_shares", "course_rates", "course_crises", "course_referred",
             "course_gp_minutes", "course_reference", "complication_need", "complication_stage")  # fmt: skip
    levers = (_highest_of(plan, moves, (lever,)) for lever in ("condition_recognition", "condition_management"))
    bounds = {"most_crises": most_crises(plan), "most_steps": most_steps(plan, *levers)}
    return {name: getattr(plan, name) for name in names} | bounds


def _rows(kind: np.dtype[Any], number: int, columns: dict[str, Any]) -> Rows:
    rows = np.zeros(number, kind)
    for name, values in columns.items():
        rows[name] = values
    return rows.view(np.recarray)


def _place(plan: Plan) -> Rows:
    names = ("days", "first_weekday", "readmission_stage", "overnight_stage", "referral_stage", "home_care_stage",
             "care_home_stage", "operating_stage", "readmission_minutes", "gp_minutes", "gp_backlog_days",
             "operation_share")  # fmt: skip
    moves = (plan.programme_active[:, None] > 0) & (plan.programme_ratio != 1.0)
    return _rows(PLACE, 1, {name: getattr(plan, name) for name in names} | {
        "a_and_e": plan.names.a_and_e, "gp": plan.names.gp, "gp_routine": plan.gp_routine_minutes,
        "gp_urgent": plan.gp_urgent_minutes, "any_outlet": (plan.escalate_to != NO_OUTLET).any(),
        "any_programme": moves.any(), "any_workload": plan.workload.any(),
        "moves_workload": moves[:, [LEVER[name] for name in (*GP_LEVERS, *OUTPATIENT_LEVERS)]].any(),
        "most_arrivals": _most_arrivals(plan), **dict(zip(LOOPS, plan.loop, strict=True)),
    })  # fmt: skip


def _most_arrivals(plan: Plan) -> int:
    """More plain arrivals than any day can bring: the most points of every band that the highest rates reach."""
    most = 0
    for rate in plan.stream_rate.max(axis=1, initial=0.0).tolist():
        reached = sum(edge < rate for edge in EDGES)
        most += sum(int((row < NEVER_SO_MANY).sum()) for row in _counts(1.0)[:reached])
    return most


def _stages(plan: Plan) -> Rows:
    names = ("leaves_from", "leaves_to", "early_to", "early_from", "escalate_to", "unseen_to", "keeps_place", "at_home",
             "residence", "place_kept", "early_at", "escalate_after_days", "escalate_per_day", "unseen_wait",
             "unseen_divert", "unseen_reference")  # fmt: skip
    always = (plan.leaves_from == 0) & (plan.leaves_to == 24) & (plan.leaves_chance >= 1.0).all(axis=1)
    return _rows(STAGE, len(plan.stay_kind), {name: getattr(plan, name) for name in names} | {
        "flags": plan.stage_flags, "kind": plan.stay_kind, "sigma": plan.stay_sigma, "always_open": always,
        "may_die": (plan.dies != 0).any(axis=(1, 2, 3)),
    })  # fmt: skip


def _programmes(plan: Plan, moves: npt.NDArray[np.bool_]) -> Rows:
    top, reach, noise, insight, term, _ = plan.programme_who.reshape(-1, 6).T
    _, _, fade, lag = plan.programme_ramp.reshape(-1, 4).T
    bits, either = plan.programme_conditions.reshape(-1, 2).T
    return _rows(PROGRAMME, len(plan.programme_active), {
        "active": plan.programme_active, "moves": moves, "start": plan.programme_start, "end": plan.programme_end,
        "bits": bits, "either": either, "care_plan": plan.programme_care_plan, "followed": plan.programme_followed,
        "fade": fade, "lag": lag, "caseload": plan.programme_caseload, "top": top, "reach": reach, "noise": noise,
        "insight": insight, "term": term, "gp_minutes": plan.programme_gp_minutes,
    })  # fmt: skip


def _route_sets(plan: Plan) -> tuple[Ints, Ints]:
    index = np.zeros((len(plan.stay_kind) + 1, _SEVERITIES, 2), np.int64)
    of: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for stage, severity, minute, first, rows in plan.route_sets.tolist():
        of.setdefault((stage, severity), []).append((minute, first, rows))
    sets: list[tuple[int, int, int]] = []
    for (stage, severity), found in of.items():
        index[stage, severity] = len(sets), len(found)
        sets.extend(found)
    return index, np.array(sets, np.int64).reshape(-1, 3)


def _causes(plan: Plan) -> Floats:
    extra = plan.condition_extra.tolist()
    causes = np.zeros((1 << len(extra), len(extra)))
    for conditions in range(1 << len(extra)):
        weights = [1.0] + [extra[c] if conditions >> c & 1 else 0.0 for c in range(len(extra))]
        running = list(accumulate(weights))
        causes[conditions] = [part / running[-1] for part in running[:-1]]
    return causes


def _lever_numbers(names: Any) -> Ints:
    numbers = np.full((len(names), max((len(row) for row in names), default=1) or 1), -1, np.int64)
    for row, levers in enumerate(names):
        numbers[row, : len(levers)] = [LEVER[name] for name in levers]
    return numbers


def _highest(plan: Plan, moves: npt.NDArray[np.bool_]) -> Floats:
    """Upper bound of the product of levers on each kind of life event, over everybody and all time."""
    highest = np.array([_highest_of(plan, moves, LEVERS_OF.get(kind, ())) for kind in range(len(LIFE_EVENTS))])
    strengths = np.maximum(1.0, plan.programme_who[moves, 5])
    by_cause = np.maximum(1.0, plan.programme_ratio[moves, len(LEVER) :] ** strengths[:, None]).prod(axis=0)
    highest[LIFE_EVENTS.index("urgent")] *= by_cause.max(initial=1.0)
    return highest


def _highest_of(plan: Plan, moves: npt.NDArray[np.bool_], levers: Sequence[str]) -> float:
    """Upper bound of the product of levers over everybody and all time."""
    bound = 1.0
    for i in np.flatnonzero(moves).tolist():
        strength = float(plan.programme_who[i, 5])
        for name in levers:
            bound *= max(1.0, float(plan.programme_ratio[i, LEVER[name]]) ** max(1.0, strength))
    return bound


def _busiest(plan: Plan) -> Floats:
    quarters = [
        plan.need_by_day[:, :, first : first + QUARTER_DAYS].max(axis=(0, 2))
        for first in range(0, plan.days, QUARTER_DAYS)
    ]
    return np.array([*quarters, np.ones(plan.need_by_day.shape[1])])


def _week_edges(plan: Plan) -> Floats:
    half_hours = np.arange(HALF_HOURS)
    patterns = (plan.week_pattern[(weekday * 48 + half_hours) % _WEEK] for weekday in range(7))
    return np.array([np.concatenate([[0.0], np.cumsum(pattern)]) for pattern in patterns])


def _week_starts(edges: Floats) -> Ints:
    parts = np.arange(HALF_HOURS + 1) / HALF_HOURS
    starts = [np.searchsorted(of_week, parts * of_week[-1], side="right") - 2 for of_week in edges]
    return np.asarray(np.maximum(0, np.array(starts)))


@cache
def _counts(cell_length: float) -> Words:
    """A uniform is (52 bits + 0.5) / 2^52: it is at least the chance of at most n points where the bits are this."""
    found = []
    for band in range(BANDS):
        mean = (EDGES[band + 1] - EDGES[band]) * cell_length
        if int(mean + 12 * mean**0.5 + 20) >= MOST_POINTS:
            break
        found.append(poisson_cumulative(mean))
    counts = np.full((len(found), max(map(len, found)) + 1), NEVER_SO_MANY)
    for band, cumulative in enumerate(found):
        counts[band, : len(cumulative)] = np.ceil(np.maximum(cumulative * 2.0**52 - 0.5, 0.0)).astype(np.uint64)
    return counts
