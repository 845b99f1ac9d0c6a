"""Simple places whose answers are known exactly, and how each is measured in the log of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from sim.experiments.theory import erlang_b, erlang_c, returning, two_stages
from sim.log import NEVER, StayLog, Table
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.scenario import Scenario

DAY = 1440
LOAD, BEDS = 8.5, 10
WARD_BEDS, REHABILITATION_BEDS, ONWARD_SHARE, REHABILITATION_STAY, WARD_LOAD = 6, 2, 0.3, 1.2, 4.0
"""Two stages with blocking: beds, share who go on, mean stay there and arrivals in mean stays of the ward."""
RETURN_SHARE = 0.3
Measured = dict[str, float]
Measure = Callable[[StayLog, int, float], Measured]
"""Measures in a log from a minute on; the last is the mean stay in minutes."""


@dataclass(frozen=True)
class KnownPlace:
    """A place of plain arrivals, what is measured in it, and what that is exactly."""

    what: str
    """What theory calls it."""
    place: dict[str, Any]
    """Its pools, stages and arrivals, as in a file."""
    measure: Measure
    """Measures a log."""
    exact: Measured
    """What each of these is exactly."""


def known_places(stay_days: float) -> dict[str, KnownPlace]:
    """Every place with an exact answer, by name; mean stays in days.

    Time goes in whole minutes, so the longer the stays the nearer the model comes to theory.
    """
    turned = {"share turned away": erlang_b(BEDS, 8)}
    many = {"mean number in beds": 12.0, "variance of the number": 12.0}
    again = returning(LOAD, RETURN_SHARE)
    come_back = {"mean number in beds": again, "variance of the number": again}
    found = two_stages(WARD_LOAD, WARD_BEDS, REHABILITATION_BEDS, ONWARD_SHARE, REHABILITATION_STAY)
    in_two = {
        "share who wait": found["wait"],
        "beds blocked": found["blocked"],
        "people in rehabilitation": found["rehabilitation"],
    }
    in_one = {"share who wait": erlang_c(BEDS, LOAD), "beds in use": LOAD}
    places = (
        KnownPlace("Erlang C", ward(LOAD, BEDS, stay_days), waits_and_beds, in_one),
        KnownPlace("Erlang B", ward(8, BEDS, stay_days, door=True), turned_away, turned),
        KnownPlace("Erlang B, lognormal", ward(8, BEDS, stay_days, "lognormal", door=True), turned_away, turned),
        KnownPlace("M/G/infinity, exponential", ward(12, None, stay_days), census, many),
        KnownPlace("M/G/infinity, lognormal", ward(12, None, stay_days, "lognormal"), census, many),
        KnownPlace("M/G/infinity, readmission", ward_with_returns(stay_days), census, come_back),
        KnownPlace("two stages with blocking", ward_and_rehabilitation(stay_days), waits_and_beds, in_two),
    )
    return {known.what: known for known in places}


def plan_of(place: dict[str, Any], days: float) -> Plan:
    """The plan of such a place for so many days."""
    run = {"starts": "2026-01-05", "warm_up_days": 0, "years": ceil(days) / 365}
    locality = {"name": "Town", "share": 1}
    whole = {"name": "known", "what": "Theory knows its answers.", "localities": [locality], **place}
    return compile_plan(
        Scenario.model_validate({"name": "known", "question": "Is the answer right?", "run": run, "place": whole})
    )


# -- places -------------------------------------------------------------------------------------------------------


def ward(
    load: float, capacity: int | None, stay_days: float, kind: str = "exponential", *, door: bool = False
) -> dict[str, Any]:
    """So many people in beds if there were enough; they wait for one, or are turned away at a door of one minute."""
    at_door = {
        "served_by": "door",
        "length_of_stay": {"kind": "fixed", "mean_minutes": 1},
        "routes": [{"to": "ward", "if_room": True, "otherwise": "home"}],
    }
    return {
        "pools": {"beds": {"capacity": capacity} if capacity else {}, "door": {}},
        "stages": {"ward": {"served_by": "beds", "length_of_stay": _stay(stay_days, kind)}, "door": at_door},
        "plain_arrivals": {"people": {"to": "door" if door else "ward", "per_day": load / stay_days}},
    }


def ward_with_returns(stay_days: float) -> dict[str, Any]:
    """A ward without limit to which RETURN_SHARE come back after a while at home, again and again."""
    stages = {
        "ward": {
            "served_by": "beds",
            "length_of_stay": _stay(stay_days, "lognormal"),
            "routes": [{"to": "at_home", "share": RETURN_SHARE}],
        },
        "at_home": {
            "served_by": "homes",
            "length_of_stay": _stay(2 * stay_days, "lognormal"),
            "routes": [{"to": "ward"}],
        },
    }
    arrivals = {"people": {"to": "ward", "per_day": LOAD / stay_days}}
    return {"pools": {"beds": {}, "homes": {}}, "stages": stages, "plain_arrivals": arrivals}


def ward_and_rehabilitation(stay_days: float) -> dict[str, Any]:
    """Two stages with blocking, as in ``theory.two_stages``."""
    stages = {
        "ward": {
            "served_by": "beds",
            "length_of_stay": _stay(stay_days),
            "routes": [{"to": "rehabilitation", "share": ONWARD_SHARE}],
        },
        "rehabilitation": {"served_by": "rehabilitation", "length_of_stay": _stay(stay_days * REHABILITATION_STAY)},
    }
    pools = {"beds": {"capacity": WARD_BEDS}, "rehabilitation": {"capacity": REHABILITATION_BEDS}}
    arrivals = {"people": {"to": "ward", "per_day": WARD_LOAD / stay_days}}
    return {"pools": pools, "stages": stages, "plain_arrivals": arrivals}


def _stay(days: float, kind: str = "exponential") -> dict[str, Any]:
    return {"kind": kind, "mean_hours": 24 * days, "cv": 1.5}


# -- measures -----------------------------------------------------------------------------------------------------


def every_stay(log: StayLog) -> Table:
    """Stays that ended and those still open; whoever is still there leaves, and is ready, at the end of the log."""
    stays = {name: np.concatenate([log.ended[name], log.open[name]]) for name in log.ended}
    for name in ("ready", "left"):
        stays[name] = np.where(stays[name] == NEVER, log.until_minute, stays[name])
    return stays


def waits_and_beds(log: StayLog, from_minute: int, stay_minutes: float) -> Measured:
    """Share of arrivals who wait, beds in use, beds blocked, and people in the second stage."""
    stays, end = every_stay(log), log.until_minute
    first, began = stays["stage"] == 0, stays["started"] != NEVER
    came = first & (stays["asked"] >= from_minute)

    def mean_number(since: str, chosen: np.ndarray) -> float:
        inside = stays["left"] - np.maximum(stays[since], from_minute)
        return float(np.maximum(inside, 0)[chosen].sum() / (end - from_minute))

    return {
        "share who wait": float((stays["started"] != stays["asked"])[came].mean()),
        "beds in use": mean_number("started", first & began),
        "beds blocked": mean_number("ready", first & began),
        "people in rehabilitation": mean_number("started", (stays["stage"] == 1) & began),
    }


def turned_away(log: StayLog, from_minute: int, stay_minutes: float) -> Measured:
    """Share of those at the door who find no bed."""
    door = (log.ended["stage"] == 1) & (log.ended["asked"] >= from_minute)
    return {"share turned away": float((log.ended["goes_to"][door] < 0).mean())}


def census(log: StayLog, from_minute: int, stay_minutes: float) -> Measured:
    """Mean and variance of the number in beds, counted every four mean stays so that counts hardly depend."""
    stays = every_stay(log)
    there = (stays["stage"] == 0) & (stays["started"] != NEVER)
    started, left = np.sort(stays["started"][there]), np.sort(stays["left"][there])
    at = np.arange(from_minute, log.until_minute, round(4 * stay_minutes))
    counts = np.searchsorted(started, at, side="right") - np.searchsorted(left, at, side="right")
    return {"mean number in beds": float(counts.mean()), "variance of the number": float(counts.var(ddof=1))}
