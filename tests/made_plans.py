"""Plans made to be awkward: people, programmes and residences in a tiny pathway, everything at once, ties on purpose.

``crowded`` draws what a plan is made of; ``arms_of`` makes the plans of two arms of it. They start from a place of
``made_places.awkward`` and put tables of their own over the plan, so that whatever an engine looks at is there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from sim.plans.plan import LOOPS, Plan, lever_names
from tests.made_places import DAY, awkward, plan_of

AGES, FRAILTIES, RESIDENCES, CONDITIONS = 4, 4, 3, 2
LEVERS = lever_names(CONDITIONS)
Draw = Callable[[Any], Any]
Made = dict[str, Any]
ROUTE = st.tuples(st.integers(-1, 3), st.sampled_from([0, DAY]), st.booleans())
"""Pathway, minutes of sourcing delay, and whether a want of room cancels."""
WHOLE_HOURS = st.sampled_from([1, 2, 6, 12, 24, 48])


class Arms(NamedTuple):
    """Two plans that are one until they part."""

    baseline: Plan
    plan: Plan
    part: int
    """Minute at which they part."""


def crowded(draw: Draw, *, lumpy: bool) -> Made:
    """What a plan is made of; lumpy: everything on whole hours and days, and arrivals within one hour."""
    made = awkward(draw)
    place, days = made["place"], draw(st.sampled_from([12, 12, 12, 97]))
    _with_residences(draw, place)
    if draw(st.booleans()):
        _with_people_turned_away(draw, place)
    if lumpy:
        for stage in place["stages"].values():
            stage["length_of_stay"] = {"kind": "fixed", "mean_hours": draw(WHOLE_HOURS)}
        for pool in place["pools"].values():
            pool["open"] = draw(st.sampled_from([{}, {"from_hour": 8, "to_hour": 20}, {"from_hour": 9, "to_hour": 10}]))
    stages, pools = len(place["stages"]), len(place["pools"])
    return made | {
        "lumpy": lumpy, "days": days,
        "part": draw(st.integers(0, days * DAY // 60)) * 60 + draw(st.sampled_from([0, 0, 7])),
        "people": draw(st.lists(st.integers(0, 8), min_size=AGES, max_size=AGES)),
        "rates": draw(st.lists(st.sampled_from([0.0, 4.0, 15.0, 40.0]), min_size=7, max_size=7)),
        "roles": draw(st.lists(st.integers(0, stages - 3), min_size=5, max_size=5)),
        "flags": draw(st.lists(st.integers(0, 63), min_size=stages, max_size=stages)),
        "at_home": draw(st.lists(st.booleans(), min_size=stages - 2, max_size=stages - 2)),
        "second_pool": draw(st.lists(st.integers(-1, pools - 1), min_size=stages, max_size=stages)),
        "closed_at_weekends": draw(st.lists(st.booleans(), min_size=pools, max_size=pools)),
        "escalates_to": draw(st.lists(st.integers(-1, stages - 1), min_size=stages, max_size=stages)),
        "leaves_chance": draw(st.lists(st.sampled_from([1.0, 1.0, 0.5]), min_size=stages, max_size=stages)),
        "routes": draw(st.lists(ROUTE, min_size=12, max_size=12)),
        "loop": draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(LOOPS), max_size=len(LOOPS))),
        "doors": draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, days - 1)), max_size=2)),
        "gp_minutes": draw(st.sampled_from([0.0, 10.0, 43.0])), "readmission": draw(st.sampled_from([0.0, 0.5, 0.9])),
        "season": draw(st.sampled_from([1.0, 0.3, 3.0])),
        "programmes": [_programme(draw, days) for _ in range(draw(st.integers(0, 3)))],
        "more_beds": draw(st.integers(-1, 2)),
        "courses": [_course(draw, stages) for _ in range(draw(st.integers(0, 2)))],
    }  # fmt: skip


def _with_residences(draw: Draw, place: dict[str, Any]) -> None:
    """Two residences at the end of the pathway, packages of care and a care home."""
    names = list(place["stages"])
    for name, gives in (("packages", "home_with_care"), ("care_home", "care_home")):
        place["pools"][name] = {"kind": "beds", "capacity": draw(st.integers(1, 4))}
        place["stages"][name] = {
            "served_by": name, "length_of_stay": {"kind": "fixed", "mean_hours": 24}, "residence": gives,
            "keeps_place": draw(st.booleans()), "place_kept_days": draw(st.integers(1, 3)),
        }  # fmt: skip
    place["stages"][names[-1]]["routes"] = [
        {"to": "packages", "share": 0.3}, {"to": "care_home", "share": 0.2, "if_room": True, "otherwise": "packages"},
    ]  # fmt: skip


def _with_people_turned_away(draw: Draw, place: dict[str, Any]) -> None:
    """So few slots a day in the first stage that some are not seen: they wait, turn elsewhere or drop out."""
    first, second = list(place["stages"])[:2]
    place["pools"]["pool_0"] |= {"kind": "slots", "capacity": draw(st.integers(0, 2))}
    place["start"][first][0]["in_place"] = 0
    place["plain_arrivals"]["stream"] = {"to": first, "per_day": 4}
    gives_up = {"wait": 0.4, "divert": 0.4, "divert_to": second, "reference_unseen_share": 0.1}
    place["stages"][first]["gives_up"] = gives_up


def _programme(draw: Draw, days: int) -> dict[str, Any]:
    start = draw(st.sampled_from([0, 1, days // 2, 3 * days // 4]))
    return {
        "start": start * DAY,
        "end": (start + draw(st.integers(1, days))) * DAY,
        "ramp": [draw(st.sampled_from(each)) for each in ([0.0, 3.0], [1.0, 0.7], [0.0, 2.0], [0.0, 1.0])],
        "caseload": draw(st.sampled_from([-1.0, 1.0, 3.0])),
        "who": [
            draw(st.sampled_from(each))
            for each in ([100.0, 40.0], [1.0, 0.5], [0.0, 1.0], [0.0, 0.5], [-1.0, 3.0 * DAY], [1.0, 2.0])
        ],
        "conditions": [draw(st.sampled_from([0, 0, 1, 3])), draw(st.integers(0, 1))],
        "frailty": draw(st.lists(st.sampled_from([0, 1, 1]), min_size=FRAILTIES, max_size=FRAILTIES)),
        "ratio": [draw(st.sampled_from([1.0, 1.0, 0.5, 1.3])) for _ in LEVERS],
        "minutes": draw(st.sampled_from([0.0, 4.0])),
        "care_plan": draw(st.integers(0, 1)),
    }  # fmt: skip


def _course(draw: Draw, stages: int) -> dict[str, Any]:
    rate = st.sampled_from([0.0, 1.0, 8.0])
    return {
        "steps": [draw(rate) for _ in range(4)], "complications": [draw(rate), draw(rate)],
        "crises": [draw(st.sampled_from([0.0, 0.5, 1.0, 2.5])) for _ in range(3)],
        "need": draw(st.integers(0, 3)), "stage": draw(st.integers(-1, stages - 3)),
    }  # fmt: skip


# -- the plans of what was drawn --------------------------------------------------------------------------------------


def arms_of(made: Made) -> Arms:
    """The plan with programmes only followed and the beds it has, and the plan with both from the parting on."""
    plan = plan_of(made, made["days"])
    plan = plan._replace(**_of_people(plan, made), **_of_stages(plan, made))
    plan = plan._replace(**_of_routes(plan, made), **_of_pools(plan, made), loop=np.array(made["loop"]))
    baseline = plan._replace(**_of_programmes(plan, made["programmes"], (0, 0, 0)))
    capacity = plan.capacity.copy()
    limited = (capacity >= 0).all(axis=1)
    first = -(-made["part"] // DAY)
    capacity[limited, first:] = np.maximum(0, capacity[limited, first:] + made["more_beds"])
    return Arms(
        baseline, plan._replace(capacity=capacity, **_of_programmes(plan, made["programmes"], (1, 0, 1))), made["part"]
    )


def _of_people(plan: Plan, made: Made) -> dict[str, Any]:
    even = np.arange(1, FRAILTIES + 1) / FRAILTIES
    pattern, hours = np.ones(336), plan.stream_hours
    if made["lumpy"]:
        pattern = np.where(np.arange(336) % 48 == 18, 48.0, 0.0)
        hours = np.tile((np.arange(24) >= 9).astype(float), (len(hours), 1))
    rates = np.zeros_like(plan.life_rates)
    rates += np.array(made["rates"])[:, None, None, None, None] * np.linspace(0.5, 1.5, FRAILTIES)[:, None, None]
    rates[3, ..., 1] = rates[6, :, :, 0] = 0.0
    need = np.ones_like(plan.need_by_day)
    need[:, :, made["days"] // 2 :] = made["season"]
    stages = len(plan.names.stages)
    gp, a_and_e, referral, overnight, readmission = made["roles"]
    return {
        "people": np.array(made["people"], dtype=np.int64), "frailty_shares": np.tile(even, (AGES, 1)),
        "residence_shares": np.broadcast_to(np.array([0.6, 0.8, 1.0]), (AGES, FRAILTIES, RESIDENCES)).copy(),
        "end_of_life_share": np.full((AGES, FRAILTIES, RESIDENCES), 0.2),
        "condition_prevalence": np.full((CONDITIONS, AGES), 0.4), "condition_extra": np.array([1.0, 0.5]),
        **_of_courses(made["courses"]),
        "life_rates": rates, "severity_shares": np.tile([0.3, 0.5, 0.7, 0.9, 1.0], (AGES, 1)),
        "door_a_and_e": np.full((AGES, 5), 0.5), "need_by_day": need, "week_pattern": pattern, "stream_hours": hours,
        "readmission": np.full(AGES, made["readmission"]), "readmission_minutes": 600.0,
        "own_readmission": np.full(AGES, 0.1), "admitted_for_each_minor": np.full(AGES, 0.8),
        "workload": np.array([[4.0] * AGES, [1.0, 2.0, 3.0, 5.0]]), "operating_stage": readmission,
        "readmission_stage": readmission, "referral_stage": referral, "overnight_stage": overnight,
        "operation_share": 0.0 if made["lumpy"] else 0.4,
        "zero_day_stage": overnight, "home_care_stage": stages - 2, "care_home_stage": stages - 1,
        "names": dataclasses.replace(plan.names, a_and_e=a_and_e, gp=gp),
    }  # fmt: skip


def _of_courses(courses: list[dict[str, Any]]) -> dict[str, Any]:
    """Courses of the last conditions, two complications to each: one is counted, one is a need of some severity."""
    number, complications = len(courses), 2 * len(courses)
    rates = np.zeros((number, 3, complications + 4))
    crises = np.ones((number, 5, AGES, 3))
    for f, course in enumerate(courses):
        rates[f, :, 2 * f : 2 * f + 2] = np.outer([1.0, 0.5, 0.2], course["complications"])
        rates[f, 0, -1] = course["steps"][0]
        rates[f, 1:, -4] = course["steps"][1]
        rates[f, 1, -2], rates[f, 2, -3] = course["steps"][2:]
        crises[f] = course["crises"]
    return {
        "course_condition": np.arange(2 - number, 2), "course_shares": np.full((number, 2), 0.6),
        "course_rates": rates, "course_crises": crises, "course_referred": np.full((number, 2), [0.3, 0.6]),
        "course_gp_minutes": np.full(number, 1.5), "course_reference": np.full(number, 2.25),
        "complication_need": np.array([[-1, each["need"]] for each in courses], np.int64).reshape(-1),
        "complication_stage": np.array([[-1, each["stage"]] for each in courses], np.int64).reshape(-1),
    }  # fmt: skip


def _of_stages(plan: Plan, made: Made) -> dict[str, Any]:
    at_home, second = plan.at_home.copy(), np.array(made["second_pool"])[:, None]
    at_home[:-2] = made["at_home"]
    first = plan.stage_pools[:, :, 0]
    pools = np.stack([first, np.where(first == second, -1, second)], axis=2)
    shares = np.stack([np.where(pools[:, :, 1] < 0, 1.0, 0.5), np.ones(first.shape)], axis=2)
    has_outlet = plan.escalate_to != -2
    return {
        "stage_flags": np.array(made["flags"], dtype=np.int64), "at_home": at_home, "stage_pools": pools,
        "stage_pool_shares": shares, "escalate_to": np.where(has_outlet, made["escalates_to"], -2),
        "leaves_chance": plan.leaves_chance * np.array(made["leaves_chance"])[:, None],
    }  # fmt: skip


def _of_routes(plan: Plan, made: Made) -> dict[str, Any]:
    rows = len(plan.route_to)
    pathway, sourcing, cancels = (
        np.array(column)[np.arange(rows) % 12] for column in zip(*made["routes"], strict=True)
    )
    may_cancel = (plan.route_if_room > 0) & (plan.route_otherwise < 0) & (plan.route_otherwise_to >= 0)
    sets = plan.route_sets.tolist()
    doors = [[-1, severity, day * DAY, *sets[0][3:]] for severity, day in made["doors"] if sets]
    return {
        "route_pathway": pathway, "route_sourcing": sourcing.astype(float), "route_process": sourcing / 2.0,
        "route_delayed": np.full(rows, 0.6), "route_sigma": np.full(rows, 0.8), "route_mean_days": np.full(rows, 1.0),
        "route_cancels": (may_cancel & cancels).astype(np.int64),
        "route_sets": np.array(sorted([*doors, *sets]), dtype=np.int64).reshape(-1, 5),
    }  # fmt: skip


def _of_pools(plan: Plan, made: Made) -> dict[str, Any]:
    closes = plan.closes.copy()
    weekend = (np.arange(made["days"]) + plan.first_weekday) % 7 > 4
    closes[np.ix_(made["closed_at_weekends"], weekend)] = 0
    tables: dict[str, Any] = {"closes": closes}
    if made["gp_minutes"] > 0:
        tables |= {
            "gp_share": (plan.slots > 0).astype(float), "gp_minutes": made["gp_minutes"], "gp_routine_minutes": 20.0,
            "gp_urgent_minutes": 10.0, "gp_backlog_days": 0.5,
            "gp_added": np.where(plan.capacity > 0, np.array([0, 2, 0, -1])[np.arange(plan.days) % 4], 0),
        }  # fmt: skip
    return tables


def _of_programmes(plan: Plan, programmes: list[dict[str, Any]], active: tuple[int, ...]) -> dict[str, Any]:
    def column(name: str, kind: Any, *shape: int) -> Any:
        return np.array([each[name] for each in programmes], dtype=kind).reshape(-1, *shape)

    number = len(programmes)
    return {
        "names": dataclasses.replace(
            plan.names, programmes=tuple(f"programme {i}" for i in range(number)),
            funded_days=tuple(each["end"] // DAY for each in programmes),
        ),
        "programme_active": np.array(active)[:number], "programme_start": column("start", np.int64),
        "programme_end": column("end", np.int64), "programme_ramp": column("ramp", float, 4),
        "programme_caseload": column("caseload", float), "programme_who": column("who", float, 6),
        "programme_ages": np.ones((number, AGES), np.int64),
        "programme_frailty": column("frailty", np.int64, FRAILTIES),
        "programme_conditions": column("conditions", np.int64, 2),
        "programme_localities": np.ones((number, len(plan.names.localities)), np.int64),
        "programme_residences": np.tile([(1, 1, 2), (1, 1, 1), (0, 1, 1)], (number, 1))[:number],
        "programme_ratio": column("ratio", float, len(LEVERS)),
        "programme_growth": np.tile(np.where(np.arange(len(LEVERS)) % 4 == 1, 5.0, 0.0), (number, 1)),
        "programme_followed": np.ones(number, np.int64),
        "programme_overlap": np.where(np.arange(len(LEVERS)) % 3 == 0, 0.6, 0.0),
        "programme_gp_minutes": column("minutes", float), "programme_care_plan": column("care_plan", np.int64),
    }  # fmt: skip


lumpy_plans = st.composite(lambda draw: crowded(draw, lumpy=True))()
smooth_plans = st.composite(lambda draw: crowded(draw, lumpy=False))()
