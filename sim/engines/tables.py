"""A plan's arrays as nested lists, which a Python engine reads several times faster than arrays."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sim import rules
from sim.draws import Floats, Ints
from sim.plans.plan import LOOPS, NO_OUTLET, PROGRAMME_LEVERS, Plan, lever_names

_NOWHERE: tuple[list[int], list[range]] = ([], [range(0)])


class Tables:
    """Every array field of the plan under its own name as a (nested) list, and the look-ups engines share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        for name, value in plan._asdict().items():
            setattr(self, name, value.tolist() if hasattr(value, "tolist") else value)
        self.loop: dict[str, float] = dict(zip(LOOPS, plan.loop.tolist(), strict=True))
        names = lever_names(len(plan.programme_overlap) - len(PROGRAMME_LEVERS))
        self.ratio: list[dict[str, float]] = [
            {name: ratio for name, ratio in zip(names, row, strict=True) if ratio != 1.0}
            for row in plan.programme_ratio.tolist()
        ]
        self.growth: list[dict[str, float]] = [
            {name: days for name, days in zip(names, row, strict=True) if days > 0.0}
            for row in plan.programme_growth.tolist()
        ]
        overlap = zip(names, plan.programme_overlap.tolist(), strict=True)
        self.overlap: dict[str, float] = {name: cap for name, cap in overlap if cap > 0.0}
        always: Any = (plan.leaves_from == 0) & (plan.leaves_to == 24) & (plan.leaves_chance >= 1.0).all(axis=1)
        self.always_open: list[bool] = always.tolist()
        self.reserves: list[bool] = [bool(places.any()) for places in plan.reserved]
        self.may_die: list[bool] = [bool(chances.any()) for chances in plan.dies]
        self.drawn_delay: list[bool] = (plan.route_process + plan.route_sourcing > 0.0).tolist()
        self.has_outlet: list[bool] = (plan.escalate_to != NO_OUTLET).tolist()
        self.outlet_pools: list[int] = outlet_pools(plan).tolist()
        self.pools_of: list[list[list[int]]] = [
            [[pool for pool in pools if pool >= 0] for pools in of_stage] for of_stage in plan.stage_pools.tolist()
        ]
        self.pool_shares: list[list[list[float]]] = plan.stage_pool_shares[:, :, :-1].tolist()
        self.programme_share: list[list[float]] = programme_share(plan).tolist()
        self._shares: dict[tuple[int, int, int], list[float]] = {}
        self._causes: dict[int, list[float]] = {}
        self._sets: dict[tuple[int, int], tuple[list[int], list[range]]] = {}
        for stage, severity, minute, first, rows in plan.route_sets.tolist():
            minutes, ranges = self._sets.setdefault((stage, severity), ([], [range(0)]))
            minutes.append(minute)
            ranges.append(range(first, first + rows))
        self.opens_doors: bool = any(stage < 0 for stage, _ in self._sets)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def routes(self, stage: int, severity: int, minute: int) -> range:
        """Rows of the routes out of a stage in force at a minute; none if it leads home only."""
        minutes, ranges = self._sets.get((stage, severity), _NOWHERE)
        return ranges[bisect_right(minutes, minute)]

    def shares(self, rows: range, age: int, frailty: int) -> list[float]:
        """Cumulative shares of a set of routes for people of an age and frailty."""
        address = (rows.start, age, frailty)
        if address not in self._shares:
            self._shares[address] = [self.route_shares[row][age][frailty] for row in rows]
        return self._shares[address]

    def causes(self, conditions: int) -> list[float]:
        """Cumulative shares of the causes of a need, general and then each condition, with these conditions."""
        if conditions not in self._causes:
            extra = self.condition_extra
            weights = [1.0] + [extra[c] if conditions >> c & 1 else 0.0 for c in range(len(extra))]
            running = list(accumulate(weights))  # term by term: from Python 3.12 on, sum rounds otherwise
            self._causes[conditions] = [part / running[-1] for part in running[:-1]]
        return self._causes[conditions]

    def open_at(self, pool: int, minute: int) -> bool:
        """True if stays may start in a pool at a minute."""
        day, of_day = divmod(minute, rules.DAY)
        opens: int = self.opens[pool][day]
        closes: int = self.closes[pool][day]
        return opens <= of_day < closes


def programme_share(plan: Plan) -> Floats:
    """[I, days] share of each programme's stated effect by day: its strength and ramp, before its caseload.

    Effects of a programme without a caseload begin everywhere after its lag, of one with a caseload on its first day.
    """
    lag = np.where(plan.programme_caseload < 0.0, plan.programme_ramp.reshape(-1, 4)[:, 3], 0.0)
    return np.array([
        strength * _share_by_day(plan.days, ready, half_time, full, end, fade)
        for (half_time, full, fade, _), strength, ready, end in zip(
            plan.programme_ramp.reshape(-1, 4).tolist(), plan.programme_who.reshape(-1, 6)[:, 5].tolist(),
            (plan.programme_start / rules.DAY + lag).tolist(), (plan.programme_end / rules.DAY).tolist(), strict=True,
        )
    ]).reshape(-1, plan.days + 1)  # fmt: skip


def outlet_pools(plan: Plan) -> Ints:
    """Pools (and -1) in which people may wait for a stage with an outlet."""
    return np.unique(plan.stage_pools[plan.escalate_to != NO_OUTLET])


@lru_cache(maxsize=64)
def _share_by_day(days: int, ready: float, half_time: float, full: float, end: float, fade: float) -> Floats:
    """``rules.ramp`` on each day: the same in both arms, and as a rule in every future."""
    return np.array([rules.ramp(day - ready, half_time, full, day - end, fade) for day in range(days + 1)])


Made = TypeVar("Made")


def kept_for_plans(make: Callable[[Plan], Made]) -> Callable[[Plan], Made]:
    """What is made of a plan, kept for the last four plans: the pieces of a plan's runs share it."""
    kept: deque[tuple[Plan, Made]] = deque(maxlen=4)

    def of_plan(plan: Plan) -> Made:
        for of, made in list(kept):
            if of is plan:
                return made
        made = make(plan)
        kept.append((plan, made))
        return made

    return of_plan


tables_of = kept_for_plans(Tables)
