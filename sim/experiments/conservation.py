"""Nobody is lost and nobody is in two beds: what the logs of any run, in consecutive pieces, must show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.log import FLAGS, NEVER, OUTCOMES, STAY_COLUMNS, StayLog, Table
from sim.plans.plan import Plan

_JOURNEY = ["person", "generation", "need", "chain"]
_STAY = [*_JOURNEY, "stage", "asked"]
_GO_ON = [OUTCOMES.index(name) for name in ("moved", "diverted", "escalated")]


def lost_between(pieces: Sequence[StayLog]) -> int:
    """Stays open at the end of a piece and missing from the next, or the other way round, or there twice."""
    wrong = 0
    before = _index(pieces[0].open)
    for piece in pieces[1:]:
        stays = _index(_all_of(piece))
        old = stays[stays.get_level_values("asked") < piece.from_minute]
        wrong += len(before.symmetric_difference(old)) + int(stays.duplicated().sum())
        before = _index(piece.open)
    return wrong


def vanished(plan: Plan, pieces: Sequence[StayLog]) -> int:
    """Stays that ended in another stage where the journey was never seen.

    Support at home that ends with an admission is taken up again by a journey of its own.
    """
    stays = _joined(pieces)
    stage, goes_to = stays["stage"], stays["goes_to"]
    went = np.isin(stays["outcome"], _GO_ON) & (goes_to >= 0)
    went &= ~((plan.at_home[stage] != 0) & (stays["outcome"] == OUTCOMES.index("moved")))
    there = pd.MultiIndex.from_arrays([*(stays[name] for name in _JOURNEY), stage])
    wanted = pd.MultiIndex.from_arrays([*(stays[name][went] for name in _JOURNEY), goes_to[went]])
    return int((~wanted.isin(there)).sum())


def in_two_beds(plan: Plan, pieces: Sequence[StayLog]) -> int:
    """Pairs of stays of one person in beds that overlap; an appointment may be kept from a bed."""
    stays, end = _joined(pieces), pieces[-1].until_minute
    away = (stays["started"] != NEVER) & (stays["person"] >= 0) & (plan.slots[stays["pool"]] == 0)
    away &= (plan.at_home[stays["stage"]] == 0) & (plan.residence[stays["stage"]] == 0)
    order = np.lexsort([stays["started"][away], stays["person"][away]])
    person, started, left = (stays[name][away][order] for name in ("person", "started", "left"))
    left = np.where(left == NEVER, end, left)
    return int(((person[1:] == person[:-1]) & (started[1:] < left[:-1])).sum())


def started_too_full(plan: Plan, pieces: Sequence[StayLog]) -> int:
    """Stays that started in a pool with no place left that day; slots of general practice follow from workload."""
    stays, end = _joined(pieces), pieces[-1].until_minute
    began = stays["started"] != NEVER
    wrong = 0
    for pool in np.flatnonzero((plan.slots == 0) & (plan.capacity >= 0).all(axis=1)):
        here = began & (stays["pool"] == pool)
        started, left = stays["started"][here], stays["left"][here]
        change = np.zeros(end + 1, dtype=np.int64)
        np.add.at(change, started, 1)
        np.add.at(change, np.where(left == NEVER, end, left), -1)
        fresh = started[stays["flags"][here] & FLAGS["prefilled"] == 0]
        wrong += int((np.cumsum(change)[fresh] > plan.capacity[pool][fresh // 1440]).sum())
    return wrong


def _joined(pieces: Sequence[StayLog]) -> Table:
    """Every stay of consecutive pieces: those that ended, and those still open at the end of the last."""
    tables = [*(piece.ended for piece in pieces), pieces[-1].open]
    return {name: np.concatenate([table[name] for table in tables]) for name in STAY_COLUMNS}


def _all_of(piece: StayLog) -> Table:
    return _joined([piece])


def _index(table: Table) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([table[name] for name in _STAY], names=_STAY)
