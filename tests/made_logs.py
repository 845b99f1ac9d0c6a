"""Hand-made logs: a made-up place, a few stays and events, and the table of measures they give."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from sim.log import COUNT_COLUMNS, EVENTS, OUTCOMES, STAY_COLUMNS, StayLog
from sim.measures.definitions import MEASURES
from sim.measures.tally import Tally
from sim.plans.plan import Names
from sim.system import SEVERITIES

DAY = 1440
WARM_UP = 10
STAGES = ("gp", "a_and_e", "same_day", "acute", "planned_bed", "step_down", "home_care", "care_home")
POOLS = ("gp_slots", "cubicles", "assessment", "acute_beds", "community_beds", "packages", "homes")
POOL_OF = (0, 1, 2, 3, 3, 4, 5, 6)
CAPACITY = (2, 10, 5, 2, 1, 10, -1)


def names(days: int = 731, scale: float = 1.0, funded: int = 731) -> Names:
    def flags(*stages: str) -> tuple[bool, ...]:
        return tuple(stage in stages for stage in STAGES)

    return Names(
        stages=STAGES,
        pools=POOLS,
        localities=("north", "south"),
        programmes=("case_management",),
        funded_days=(WARM_UP + funded,),
        stage_titles=STAGES,
        pool_titles=POOLS,
        acute=flags("acute", "planned_bed"),
        emergency_admission=flags("same_day", "acute"),
        overnight=flags("acute", "planned_bed"),
        residence=(0, 0, 0, 0, 0, 0, 1, 2),
        a_and_e=1,
        gp=0,
        slots=(True, False, False, False, False, False, False),
        capacity=tuple((capacity,) * (WARM_UP + days) for capacity in CAPACITY),
        residents=((600, 400), (100, 100), (60, 40), (20, 20)),
        first_day=dt.date(2026, 3, 22),
        warm_up_minutes=WARM_UP * DAY,
        end_minute=(WARM_UP + days) * DAY,
        scale=scale,
        community_bed=flags("step_down"),
    )


def minute(day: float | None) -> int:
    """Minute of a measured day: day 0 is the first, earlier ones are warm-up."""
    return -1 if day is None else round((WARM_UP + day) * DAY)


def stay(
    stage: str, asked: float, started: float | None = None, ready: float | None = None, left: float | None = None,
    *, came_from: str = "", goes_to: str = "", outcome: str = "home", severity: str = "acute", **other: int,
) -> dict[str, int]:  # fmt: skip
    """One stay, times in measured days; left out times have not come."""
    row = dict.fromkeys(STAY_COLUMNS, 0) | {"pathway": -1, "stage": STAGES.index(stage), "came_from": -1, "goes_to": -1}
    row |= {"pool": POOL_OF[STAGES.index(stage)], "severity": SEVERITIES.index(severity)}
    row |= {"asked": minute(asked), "started": minute(started), "ready": minute(ready), "left": minute(left)}
    if came_from:
        row["came_from"] = STAGES.index(came_from)
    if goes_to:
        row["goes_to"] = STAGES.index(goes_to)
    row["outcome"] = OUTCOMES.index("open" if left is None else outcome)
    return row | other


def event(kind: str, day: float, detail: int = 0, **other: int) -> dict[str, int]:
    row = dict.fromkeys(COUNT_COLUMNS, 0)
    return row | {"kind": EVENTS.index(kind), "minute": minute(day), "detail": detail} | other


def columns(rows: list[dict[str, int]], wanted: dict[str, str]) -> dict[str, Any]:
    return {
        name: np.array([row[name] for row in rows], dtype=np.uint64 if name == "need" else np.int64) for name in wanted
    }


def piece(
    rows: list[dict[str, int]], events: list[dict[str, int]], first: int, until: int, people: Any = None
) -> StayLog:
    """What is known of the stays and events from minute ``first`` to minute ``until``."""
    ended = [row for row in rows if row["left"] != -1 and first < row["left"] <= until]
    still = [row for row in rows if row["asked"] < until and (row["left"] == -1 or row["left"] > until)]
    hidden = ("started", "ready", "left")
    census = [
        row | {time: -1 for time in hidden if row[time] >= until} | {"outcome": 0, "left": -1, "pathway": -1}
        for row in still
    ]
    now = [row for row in events if first <= row["minute"] < until]
    return StayLog(
        first, until, columns(ended, STAY_COLUMNS), columns(census, STAY_COLUMNS), columns(now, COUNT_COLUMNS),
        people or {},
    )  # fmt: skip


def table(
    rows: list[dict[str, int]], events: list[dict[str, int]] | None = None, *, days: int = 731,
    cuts: tuple[int, ...] = (), scale: float = 1.0, groups: tuple[str, ...] = (), people: Any = None,
    funded: int = 731,
) -> pd.DataFrame:  # fmt: skip
    """The table of a run cut into pieces at the minutes ``cuts``, with a programme funded for so many days."""
    words = names(days, scale, funded)
    tally = Tally(words, groups)
    bounds = (0, *cuts, words.end_minute)
    for first, until in pairwise(bounds):
        tally.add(piece(rows, events or [], first, until, people))
    return tally.table()


def value(
    found: pd.DataFrame, measure: str, of: str = "all", period: str = "all", group: str = "all", locality: str = "all"
) -> float:
    assert measure in MEASURES
    wanted = {"measure": measure, "of": of, "period": period, "group": group, "locality": locality}
    chosen = found[np.logical_and.reduce([found[name] == word for name, word in wanted.items()])]
    assert len(chosen) == 1, f"{len(chosen)} rows for {wanted}"
    return float(chosen["value"].iloc[0])


def has(found: pd.DataFrame, measure: str) -> bool:
    return bool((found["measure"] == measure).any())


ADMISSIONS = [
    stay("a_and_e", 1.0, 1.0, 1.1, 1.15, goes_to="acute", outcome="moved"),
    stay("acute", 1.1, 1.15, 4.5, 6.5, came_from="a_and_e", pathway=1, process=DAY, sourcing=DAY // 2),
    stay("same_day", 400.2, 400.2, 400.4, 400.4, age=3, locality=1, person=1, severity="ambulatory_care_sensitive"),
    stay("acute", -2.5, -2.5, -2.0, 2.5, person=2, age=3, pathway=0),
    stay("acute", 8.0, 8.0, 9.0, 9.0, person=900, severity="other", pathway=0),
    stay("planned_bed", 20.0, 20.0, 22.0, 22.0, person=3, severity="planned", pathway=0),
    stay("planned_bed", 30.0, None, None, 30.5, person=3, severity="planned", outcome="cancelled"),
]
"""A few stays of two years."""
