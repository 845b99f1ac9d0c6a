"""The tables of a plan about stages: where they happen, how long they take, how people leave them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.expected.flows import pools_of, stay_days
from sim.expected.stage_times import leaving_chances
from sim.plans import plan as tables
from sim.plans.arm import Arm, target
from sim.quantities import AGES, FRAILTIES
from sim.rules import EXPONENTIAL, FIXED, LOGNORMAL
from sim.system import RESIDENCES, Stage

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_KINDS = {"lognormal": LOGNORMAL, "exponential": EXPONENTIAL, "fixed": FIXED}


def stage_tables(arm: Arm) -> dict[str, Any]:
    """Everything about stages that does not depend on who is there or where they go next."""
    stages, index = arm.place.stages, arm.stage_index
    names = list(stages)
    early = _early(arm)
    of = stages.values()
    escalations = [stage.escalates for stage in of]
    unseen = [stage.gives_up for stage in of]
    pools, shares = _served(arm)
    return {
        "stage_pools": pools,
        "stage_pool_shares": shares,
        "stay_kind": np.array([_KINDS[stage.length_of_stay.kind] for stage in of]),
        "stay_minutes": np.array([stay_days(arm.place, arm.flows.net, name) * 1440 for name in names]),
        "stay_sigma": np.array([sigma(each.length_of_stay.cv.value if each.length_of_stay.cv else 1.0) for each in of]),
        "leaves_from": np.array([stage.leaves.from_hour for stage in of]),
        "leaves_to": np.array([stage.leaves.to_hour for stage in of]),
        "leaves_chance": _leaving(arm),
        "dies": np.stack([_dying(arm, stage) for stage in of]),
        "early_to": np.array([index[early[name][0].to] if name in early else -1 for name in names]),
        "early_from": np.array([early[name][1] if name in early else 0 for name in names]),
        "early_share": np.array([early[name][0].share.values if name in early else (0.0,) * 4 for name in names]),
        "early_at": np.array([early[name][0].at_share_of_stay.value if name in early else 1.0 for name in names]),
        "escalate_to": np.array([tables.NO_OUTLET if e is None else target(index, e.to) for e in escalations]),
        "escalate_after_days": np.array([0.0 if e is None else e.after_days.value for e in escalations]),
        "escalate_per_day": np.array([0.0 if e is None else e.share_per_day.value for e in escalations]),
        "unseen_wait": np.array([-1.0 if g is None else g.wait.value for g in unseen]),
        "unseen_divert": np.array([0.0 if g is None else g.divert.value for g in unseen]),
        "unseen_to": np.array([-1 if g is None else target(index, g.divert_to) for g in unseen]),
        "unseen_reference": np.array([0.0 if g is None else g.reference_unseen_share.value for g in unseen]),
        "keeps_place": np.array([int(stage.keeps_place) for stage in of]),
        "at_home": np.array([int(stage.at_home) for stage in of]),
        "residence": np.array([RESIDENCES.index(stage.residence or "own_home") for stage in of]),
        "place_kept": np.array([stage.place_kept_days * 1440 for stage in of]),
        "stage_flags": np.array([_flags(stage) for stage in of]),
    }


def sigma(cv: float) -> float:
    """Standard deviation of the logarithm of a lognormal with this coefficient of variation."""
    return float(np.sqrt(np.log1p(cv**2)))


def _flags(stage: Stage) -> int:
    return (
        stage.acute * tables.ACUTE
        + stage.emergency_admission * tables.EMERGENCY
        + stage.overnight * tables.OVERNIGHT
        + stage.answers_pressure * tables.PRESSED
        + stage.deconditions * tables.DECONDITIONS
        + stage.decides_admission * tables.DECIDES
    )


def _served(arm: Arm) -> tuple[Ints, Floats]:
    place, index = arm.place, arm.pool_index
    shape = (len(place.stages), len(place.localities), _most_pools(arm))
    pools, shares = np.full(shape, -1), np.ones(shape)
    for s, stage in enumerate(place.stages.values()):
        for k, locality in enumerate(place.localities):
            total = 0.0
            for i, (pool, share) in enumerate(pools_of(stage.served_by, locality.name).items()):
                total += share
                pools[s, k, i], shares[s, k, i] = index[pool], total
    return pools, shares


def _most_pools(arm: Arm) -> int:
    return max(
        len(pools_of(stage.served_by, locality.name))
        for stage in arm.place.stages.values()
        for locality in arm.place.localities
    )


def _leaving(arm: Arm) -> Floats:
    chances = np.zeros((len(arm.place.stages), arm.days))
    weekdays = arm.weekdays
    for s, stage in enumerate(arm.place.stages.values()):
        chances[s] = np.array(leaving_chances(stage))[weekdays]
    for intervention in arm.interventions:
        first, last = arm.day_of(intervention.ramp.starts), arm.until(intervention.ramp.ends)
        for change in intervention.leaving:
            stage = arm.place.stages[change.stage]
            before = stage.leaves_by_weekday.values if stage.leaves_by_weekday else (1.0,) * 7
            changed = stage.model_copy(update={"leaves_by_weekday": change.leaves_by_weekday})
            # Both patterns are chances relative to the best day of today's pattern, so that a flat pattern at the
            # best day's level means reviews every day as on the best day.
            scale = max(change.leaves_by_weekday.values) / max(before)
            chances[arm.stage_index[change.stage], first:last] = np.minimum(
                1.0, np.array(leaving_chances(changed)) * max(scale, 1.0)
            )[weekdays[first:last]]
    return chances


def _dying(arm: Arm, stage: Stage) -> Floats:
    if stage.deaths_in_hospital and arm.flows.net is not None:
        return arm.flows.net.dies_in_hospital
    by_age = np.array(stage.dies.values if stage.dies else (0.0,) * len(AGES))
    return np.broadcast_to(by_age[:, None, None], (len(AGES), len(FRAILTIES), 2)).copy()


def _early(arm: Arm) -> dict[str, tuple[Any, int]]:
    found = {name: (stage.early, 0) for name, stage in arm.place.stages.items() if stage.early is not None}
    for intervention in arm.interventions:
        for stage, early in intervention.early.items():
            found[stage] = (early, arm.minute_of(intervention.ramp.starts))
    return found
