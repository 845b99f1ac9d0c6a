"""One arm of a scenario while its plan is compiled: the place with what is added, and its calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.expected.flows import ExpectedFlows
from sim.interventions import Intervention
from sim.scenario import Scenario
from sim.system import HOME, Place, Pool


@dataclass(frozen=True)
class Arm:
    """What one arm has to know while its tables are filled."""

    scenario: Scenario
    place: Place
    interventions: tuple[Intervention, ...]
    """Those in force in this arm: none in the baseline, and none of strength 0."""
    flows: ExpectedFlows
    first_day: dt.date
    days: int

    def day_of(self, date: dt.date) -> int:
        """Day of a date from the start of warm-up, within the run."""
        return min(max((date - self.first_day).days, 0), self.days)

    def until(self, *dates: dt.date | None) -> int:
        """First day on which something no longer holds that ends on the earliest of some dates, None for never."""
        return min((self.day_of(date) for date in dates if date is not None), default=self.days)

    def minute_of(self, date: dt.date) -> int:
        """Minute of a date's midnight; dates before the run are minute 0, later ones stay as they are."""
        return max((date - self.first_day).days, 0) * 1440

    @property
    def weekdays(self) -> npt.NDArray[np.int64]:
        """Weekday of each day of the run, Monday 0."""
        return np.asarray((self.first_day.weekday() + np.arange(self.days)) % 7)

    @property
    def stage_index(self) -> dict[str, int]:
        """Number of each stage."""
        return {name: i for i, name in enumerate(self.place.stages)}

    @property
    def pool_index(self) -> dict[str, int]:
        """Number of each pool."""
        return {name: i for i, name in enumerate(self.place.pools)}


def with_added(place: Place, interventions: tuple[Intervention, ...]) -> Place:
    """The place with the pools and stages that interventions add, after its own.

    At strength 0 the pools stay as they are before the intervention: others may name their stages.
    """
    pools, stages = dict(place.pools), dict(place.stages)
    for intervention in interventions:
        opened = intervention.pools if intervention.strength > 0 else _unopened(intervention.pools)
        pools |= {name: pool for name, pool in opened.items() if name not in pools}
        stages |= {name: stage for name, stage in intervention.stages.items() if name not in stages}
    return place.model_copy(update={"pools": pools, "stages": stages})


def _unopened(pools: dict[str, Pool]) -> dict[str, Pool]:
    """Pools without their later capacities."""
    return {name: pool.model_copy(update={"changes": ()}) for name, pool in pools.items()}


def target(index: dict[str, int], name: str) -> int:
    """Index of a stage, -1 for home."""
    return -1 if name == HOME else index[name]
