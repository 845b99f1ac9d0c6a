"""Whether a run has forgotten its start when measuring begins: the same quarter after a warm-up a year longer."""

from __future__ import annotations

import numpy as np

from sim.engines import engine
from sim.experiments.runner import Arms, arms_of
from sim.log import NEVER, StayLog
from sim.plans.plan import Plan
from sim.scenario import Scenario

LONGER_DAYS = 365
QUARTER_YEARS = 91 / 365


def with_longer_warm_up(scenario: Scenario) -> tuple[Arms, Arms] | None:
    """A scenario's first measured quarter, without its plan, as it is warmed up and after a year more of warm-up.

    None if it starts from a count of who is there: then it is about what follows from that start.
    """
    if scenario.place.start:
        return None
    usual = scenario.run.model_copy(update={"years": QUARTER_YEARS})
    longer = usual.model_copy(update={"warm_up_days": usual.warm_up_days + LONGER_DAYS})
    bare = scenario.model_copy(update={"interventions": ()})
    first, second = (arms_of(bare.model_copy(update={"run": run})) for run in (usual, longer))
    return first, second


def first_quarter(arms: Arms, replication: int, by: str) -> dict[str, float]:
    """Mean number of beds in use and of people waiting for one in the measured quarter."""
    plan, made_by = arms.baseline, engine(by)
    state = made_by.start(plan, arms.seed, replication)
    if plan.names.warm_up_minutes:
        made_by.advance(state, plan, plan.names.warm_up_minutes)
    return _levels(plan, made_by.advance(state, plan, plan.names.end_minute))


def _levels(plan: Plan, log: StayLog) -> dict[str, float]:
    stays = {name: np.concatenate([log.ended[name], log.open[name]]) for name in log.ended}
    stage, end = stays["stage"], log.until_minute
    bed = (plan.slots[stays["pool"]] == 0) & (plan.at_home[stage] == 0) & (plan.residence[stage] == 0)
    left = np.where(stays["left"] == NEVER, end, stays["left"])
    began = stays["started"] != NEVER
    waited_until = np.where(began, stays["started"], left)

    def mean_number(since: np.ndarray, until: np.ndarray, chosen: np.ndarray) -> float:
        inside = np.maximum(until - np.maximum(since, log.from_minute), 0)
        return float(inside[chosen].sum() / (end - log.from_minute))

    return {
        "beds in use": mean_number(stays["started"], left, bed & began),
        "people waiting for a bed": mean_number(stays["asked"], waited_until, bed),
    }
