"""A run in which everybody waits, for good, for a place that somebody else who waits holds: it is stopped."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.errors import RunError
from sim.plans.plan import NO_OUTLET, Plan

_DAY = 1440


def refuse_gridlock(plan: Plan, minute: int, waits: Iterable[tuple[int, int]], occupied: Iterable[int]) -> None:
    """Raise RunError if nobody can ever move on.

    ``waits`` are stage and pool asked for by everybody there is, each of whom holds a place; ``occupied`` the places
    taken in each pool.
    """
    asked, taken = set(waits), np.array(occupied)
    to_come = plan.capacity[:, min(minute // _DAY, plan.days - 1) :].max(axis=1)
    for_good = (plan.slots == 0) & (to_come >= 0) & (to_come <= taken) & (taken > 0)
    if asked and all(for_good[pool] and plan.escalate_to[stage] == NO_OUTLET for stage, pool in asked):
        pools = sorted({plan.names.pools[pool] for _, pool in asked})
        raise RunError(
            f"on day {minute // _DAY} everybody in {', '.join(pools)} waits for a place that another of them "
            "holds. Let one of the stages free its place (keeps_place: false) or give it more places."
        )
