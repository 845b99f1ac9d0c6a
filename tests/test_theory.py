"""Simple places have exact answers, and every engine must find them: Erlang, M/G/infinity, two stages with blocking.

Rules for these tests: each compares replications with a formula worked out here, not with another run; the tolerance is
the standard error between the replications; and each must reject the formula for a place that is slightly different.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import factorial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sim.compile_plan import compile_plan
from sim.log import NEVER, StayLog
from sim.plan import Plan
from sim.scenario import Scenario
from tests.made_places import engines

DAY = 1440
MOST_STANDARD_ERRORS = 3.5
QUICK, LONG = 8, 120
STAYS_A_DAY = 4
"""Stays last a quarter of a day on average: many of them in a short run, and every one many minutes."""
Measured = dict[str, float]


# -- what is exact ------------------------------------------------------------------------------------------------


def erlang_b(places: int, load: float) -> float:
    """Share turned away from so many places offered a load (in places), whatever the lengths of stay."""
    terms = [load**n / factorial(n) for n in range(places + 1)]
    return terms[-1] / sum(terms)


def erlang_c(places: int, load: float) -> float:
    """Share who wait, with Poisson arrivals and exponential stays."""
    blocked = erlang_b(places, load)
    return blocked / (1 - load / places * (1 - blocked))


def two_stages(arrivals: float, first: int, second: int, share: float, second_stay: float) -> Measured:
    """A ward whose patients keep the bed until a rehabilitation bed is free: the Markov chain, solved.

    Time is in mean stays in the ward.

    State: people in or waiting for the ward, of whom some are blocked, and people in rehabilitation. The queue is cut
    off at 80, which it practically never reaches.
    """
    most = 80
    states = [
        (k, b, m)
        for k in range(most + 1)
        for b in range(min(k, first) + 1)
        for m in range(second + 1)
        if b == 0 or m == second
    ]
    number = {state: i for i, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for (k, b, m), i in number.items():
        moves = [((k + 1, b, m), arrivals), ((k - 1, b, m), (min(k, first) - b) * (1 - share))]
        into = (k - 1, b, m + 1) if m < second else (k, b + 1, m)
        moves.append((into, (min(k, first) - b) * share))
        freed = (k - 1, b - 1, m) if b else (k, b, m - 1)
        moves.append((freed, m / second_stay))
        for state, rate in moves:
            if rate > 0 and state in number:
                rates[i, number[state]] += rate
                rates[i, i] -= rate
    equations = rates.T.copy()
    equations[-1] = 1.0
    probability = np.linalg.solve(equations, np.eye(len(states))[-1])
    k, b, m = np.array(states).T
    return {
        "blocked": float(probability @ b),
        "wait": float(probability @ (k >= first)),
        "in rehabilitation": float(probability @ m),
    }


# -- what is simulated --------------------------------------------------------------------------------------------


def plan_of(place: dict[str, Any], days: int) -> Plan:
    scenario = Scenario.model_validate(
        {
            "name": "theory", "question": "q", "run": {"starts": "2026-01-05", "warm_up_days": 0, "years": days / 365},
            "place": {"name": "t", "what": "w", "localities": [{"name": "Town", "share": 1}], **place},
        }
    )  # fmt: skip
    return compile_plan(scenario)


def ward(load: float, capacity: int | None, kind: str = "exponential", *, turns_away: bool = False) -> dict[str, Any]:
    """So many people in beds if there were enough: they wait for one, or are turned away at a door of one minute."""
    stay = {"served_by": "beds", "length_of_stay": {"kind": kind, "mean_hours": 24 / STAYS_A_DAY, "cv": 1.5}}
    door = {
        "served_by": "door",
        "length_of_stay": {"kind": "fixed", "mean_minutes": 1},
        "routes": [{"to": "ward", "if_room": True, "otherwise": "home"}],
    }
    return {
        "pools": {"beds": {"capacity": capacity} if capacity else {}, "door": {}},
        "stages": {"ward": stay, "door": door},
        "plain_arrivals": {"people": {"to": "door" if turns_away else "ward", "per_day": load * STAYS_A_DAY}},
    }


def ward_and_rehabilitation(load: float, first: int, second: int, share: float, second_stay: float) -> dict[str, Any]:
    stages = {
        "ward": {
            "served_by": "beds",
            "length_of_stay": {"kind": "exponential", "mean_hours": 24 / STAYS_A_DAY},
            "routes": [{"to": "rehabilitation", "share": share}],
        },
        "rehabilitation": {
            "served_by": "rehabilitation",
            "length_of_stay": {"kind": "exponential", "mean_hours": 24 / STAYS_A_DAY * second_stay},
        },
    }
    pools = {"beds": {"capacity": first}, "rehabilitation": {"capacity": second}}
    return {
        "pools": pools,
        "stages": stages,
        "plain_arrivals": {"people": {"to": "ward", "per_day": load * STAYS_A_DAY}},
    }


def waits_and_beds(log: StayLog, plan: Plan, from_day: int) -> Measured:
    """Share of arrivals who wait, beds in use, beds blocked, and people in the second stage, from a day on."""
    stays = {name: np.concatenate([log.ended[name], log.open[name]]) for name in log.ended}
    first, end = stays["stage"] == 0, log.until_minute
    began, left = stays["started"] != NEVER, np.where(stays["left"] == NEVER, end, stays["left"])
    came = first & (stays["asked"] >= from_day * DAY)

    def mean_number(since: np.ndarray, chosen: np.ndarray) -> float:
        inside = np.minimum(left, end) - np.maximum(since, from_day * DAY)
        return float(np.maximum(inside, 0)[chosen].sum() / (end - from_day * DAY))

    waited = (stays["started"] != stays["asked"])[came]
    ready = np.where(stays["ready"] == NEVER, end, stays["ready"])
    return {
        "wait": float(waited.mean()),
        "busy": mean_number(stays["started"], first & began),
        "blocked": mean_number(ready, first & began),
        "in rehabilitation": mean_number(stays["started"], (stays["stage"] == 1) & began),
    }


def turned_away(log: StayLog, plan: Plan, from_day: int) -> Measured:
    """Share of those at the door who find no bed."""
    door = (log.ended["stage"] == 1) & (log.ended["asked"] >= from_day * DAY)
    return {"turned away": float((log.ended["goes_to"][door] < 0).mean())}


def census(log: StayLog, plan: Plan, from_day: int) -> Measured:
    """Mean and variance of the number in beds at noon, which is four mean stays after the noon before."""
    started = np.concatenate([log.ended["started"], log.open["started"]])
    left = np.where(np.concatenate([log.ended["left"], log.open["left"]]) == NEVER, log.until_minute, 0)
    left[: len(log.ended["left"])] = log.ended["left"]
    noons = np.arange(from_day * DAY + 720, log.until_minute, DAY)
    counts = [((started <= noon) & (left > noon)).sum() for noon in noons]
    return {"mean": float(np.mean(counts)), "variance": float(np.var(counts, ddof=1))}


@dataclass(frozen=True)
class Check:
    """A place, what is measured in it, what that is exactly, and what it would be in a slightly different place."""

    place: dict[str, Any]
    days: int
    measure: Callable[[StayLog, Plan, int], Measured]
    exact: Measured
    wrong: Measured


@cache
def checks() -> dict[str, Check]:
    load, beds = 8.5, 10
    tandem = {"first": 6, "second": 2, "share": 0.3, "second_stay": 1.2}
    return {
        "Erlang C": Check(
            ward(load, beds), 85, waits_and_beds, {"wait": erlang_c(beds, load), "busy": load},
            {"wait": erlang_c(beds + 1, load), "busy": load * 1.05},
        ),
        "Erlang B": Check(
            ward(8, beds, turns_away=True), 70, turned_away,
            {"turned away": erlang_b(beds, 8)}, {"turned away": erlang_b(beds + 1, 8)},
        ),
        "Erlang B, lognormal": Check(
            ward(8, beds, "lognormal", turns_away=True), 70, turned_away,
            {"turned away": erlang_b(beds, 8)}, {"turned away": erlang_b(beds - 1, 8)},
        ),
        "M/G/infinity, exponential": Check(
            ward(12, None), 110, census, {"mean": 12, "variance": 12}, {"mean": 13.2, "variance": 16},
        ),
        "M/G/infinity, lognormal": Check(
            ward(12, None, "lognormal"), 110, census, {"mean": 12, "variance": 12}, {"mean": 10.8, "variance": 9},
        ),
        "two stages with blocking": Check(
            ward_and_rehabilitation(4, **tandem), 130, waits_and_beds, two_stages(4, **tandem),
            two_stages(4, **{**tandem, "second_stay": 1.5}),
        ),
    }  # fmt: skip


NAMES = ("Erlang C", "Erlang B", "Erlang B, lognormal", "M/G/infinity, exponential", "M/G/infinity, lognormal",
         "two stages with blocking")  # fmt: skip


@cache
def simulated(engine: ModuleType, name: str, replications: int) -> dict[str, tuple[float, float]]:
    """Mean over replications and its standard error, of each measure."""
    check, found = checks()[name], []
    plan = plan_of(check.place, check.days)
    for replication in range(replications):
        log = engine.advance(engine.start(plan, 1 + NAMES.index(name), replication), plan, plan.days * DAY)
        found.append(check.measure(log, plan, 10))
    table = {key: np.array([each[key] for each in found]) for key in check.exact}
    return {key: (values.mean(), values.std(ddof=1) / len(values) ** 0.5) for key, values in table.items()}


def standard_errors_from(exact: Measured, engine: ModuleType, name: str, replications: int) -> dict[str, float]:
    found = simulated(engine, name, replications)
    return {key: (found[key][0] - value) / found[key][1] for key, value in exact.items()}


@engines
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("replications", [QUICK, pytest.param(LONG, marks=pytest.mark.slow)])
def test_the_exact_answer_is_found_and_another_is_not(engine: ModuleType, name: str, replications: int) -> None:
    right = standard_errors_from(checks()[name].exact, engine, name, replications)
    assert all(abs(z) < MOST_STANDARD_ERRORS for z in right.values()), right
    wrong = standard_errors_from(checks()[name].wrong, engine, name, replications)
    assert all(abs(z) > MOST_STANDARD_ERRORS for z in wrong.values()), wrong


def test_the_formulas_give_published_values() -> None:
    """M/M/20 at 85% and the chain at no blocking, which is two separate Erlang systems."""
    assert erlang_c(20, 17) == pytest.approx(0.3851, abs=5e-5)
    assert erlang_b(10, 8) == pytest.approx(0.1217, abs=5e-5)
    apart = two_stages(4, 6, 30, 0.3, 1.2)
    assert apart["wait"] == pytest.approx(erlang_c(6, 4), rel=1e-6)
    assert apart["in rehabilitation"] == pytest.approx(4 * 0.3 * 1.2, rel=1e-6)
    assert apart["blocked"] == pytest.approx(0, abs=1e-6)
