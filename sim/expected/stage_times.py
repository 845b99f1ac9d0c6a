"""How long people are in a stage, on average: length of stay, the wait for an open door, delay, and stays cut short.

Nothing here is drawn; ``net_rates.py`` and ``flows.py`` put the parts together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from sim.expected.routes import ResolvedRoute, Routing
from sim.quantities import AGES
from sim.system import WEEKDAYS, Place, Stage

Floats = npt.NDArray[np.float64]


def leaving_chances(stage: Stage) -> tuple[float, ...]:
    """Chance of leaving on Monday to Sunday for somebody ready: the pattern as a share of its best day."""
    pattern = stage.leaves_by_weekday.values if stage.leaves_by_weekday else (1.0,) * 7
    best, open_days = max(pattern), stage.leaves.weekdays
    return tuple(value / best if day in open_days else 0.0 for day, value in zip(WEEKDAYS, pattern, strict=True))


def door_wait_days(stage: Stage) -> float:
    """Mean days from the end of the length of stay to the next open door, for ends spread evenly over the week."""
    return _door_wait(leaving_chances(stage), stage.leaves.from_hour, stage.leaves.to_hour)


@cache
def _door_wait(chances: tuple[float, ...], opens: int, closes: int) -> float:
    waits = []
    for weekday in range(7):
        for half_hour in range(48):
            hour = half_hour / 2 + 0.25
            now = chances[weekday] if hour < closes else 0.0
            wait = now * (0.0 if hour >= opens else (opens + closes) / 2 - hour)
            still, later = 1.0 - now, 0.0
            for ahead in range(1, 60):
                chance = chances[(weekday + ahead) % 7]
                later += still * chance * (24 * ahead + (opens + closes) / 2 - hour)
                still *= 1.0 - chance
            waits.append((wait + later) / 24)
    return float(np.mean(waits))


def mean_delay_days(routes: Iterable[ResolvedRoute]) -> Floats:
    """Mean delay of the people leaving a stage alive by its routes, all three parts, by age."""
    total = np.zeros(len(AGES))
    for resolved in routes:
        if resolved.route.delay is not None:
            total += resolved.share * resolved.route.delay.mean_days.value
    return total


def written_days(stage: Stage) -> Floats:
    """Mean length of stay as the file gives it, in days by age."""
    return np.array(stage.length_of_stay.mean.values) * stage.length_of_stay.minutes_per_unit / 1440


def can_be_cut_short(stage: Stage) -> bool:
    """True if people are cared for at home for days, so that an admission to hospital ends the stay."""
    return stage.at_home and stage.residence is None and stage.length_of_stay.mean_days is not None


def cut_short(place: Place, admitted_per_day: Floats) -> dict[str, Floats]:
    """Share of the stays at home that an admission ends, by stage and age, at so many admissions a day.

    The mean of 1 - exp(-rate x length) to second order, which is what is needed at rates below 1% a day.
    """
    found = {}
    for name, stage in place.stages.items():
        if can_be_cut_short(stage):
            length = stage.length_of_stay
            admitted = written_days(stage) * admitted_per_day
            spread = 1 + (length.cv.value if length.cv else 1.0) ** 2
            found[name] = np.clip(admitted - spread * admitted**2 / 2, 0, 1)
    return found


def days_in_stage(
    routing: Routing, name: str, severity: str, stay_days: Mapping[str, Floats], admitted_per_day: Floats
) -> Floats:
    """Mean days from started to left by age, all of the delay included.

    ``stay_days`` are net lengths of stay by stage, where they differ from what the file gives; ``admitted_per_day`` is
    the chance a day that an admission cuts a stay at home short.
    """
    stage = routing.place.stages[name]
    stay = stay_days[name] if name in stay_days else written_days(stage)
    if name in routing.dies and can_be_cut_short(stage):
        stay = np.divide(routing.dies[name], admitted_per_day, out=stay.copy(), where=admitted_per_day > 0)
    delay = mean_delay_days(routing.routes(severity)[name])
    return np.asarray(stay + routing.alive[name] * (door_wait_days(stage) + delay), dtype=float)
