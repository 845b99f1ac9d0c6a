"""Who gains and who pays: one function of activity and the coefficients of a payment scheme.

Every payment is taken from one organisation and given to another, so payments add up to nought; what is left is what
care and the plan really cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.interventions import Intervention
from sim.money.bill import Rates
from sim.money.payment import Scheme
from sim.prices import ORGANISATIONS, Prices

Floats = npt.NDArray[np.float64]

PAYMENTS = ("payment for activity", "programme paid back", "for coordination", "for performance", "savings passed on")
COSTS = ("cost of care", "cost of the plan")
ENTRIES = (*PAYMENTS, *COSTS)
"""Entries of the ledger: payments between organisations, then what is really spent."""
_COMMISSIONER = ORGANISATIONS.index("commissioner")


class Sides(NamedTuple):
    """Who provides and who pays for each kind of activity."""

    provider: Floats
    """``[kind, organisation]`` 1 for the one that provides it."""
    payer: Floats
    """``[kind, organisation]`` 1 for the one that pays for it."""
    emergency: Floats
    """``[kind]`` 1 for emergency admissions."""


class Change(NamedTuple):
    """What a plan changes in a year; leading axes are replications, draws of prices or what else is looked at."""

    before: Floats
    """``[..., kind]`` activity without the plan."""
    after: Floats
    """``[..., kind]`` activity with it."""
    programme: Floats
    """``[..., organisation]`` cost of the plan, GBP, by who runs it."""
    members: Floats
    """``[...]`` people enrolled on an average day."""


def sides_of(prices: Prices) -> Sides:
    """Who provides and who pays, from the prices of a place."""
    lines = prices.activity.values()
    organisations = np.array(ORGANISATIONS)
    return Sides(
        provider=np.array([organisations == line.provider for line in lines], dtype=float),
        payer=np.array([organisations == line.payer for line in lines], dtype=float),
        emergency=np.array([line.measure == "emergency_admissions" for line in lines], dtype=float),
    )


def change_of(
    before: Floats, after: Floats, cost: Floats, interventions: Sequence[Intervention], members: Floats
) -> Change:
    """What a plan changes, with the cost and members of each intervention ``[..., intervention]``."""
    by = np.array([[each.takes.run_by == who for who in ORGANISATIONS] for each in interventions], dtype=float)
    return Change(before, after, cost @ by, members.sum(axis=-1))


def ledger(change: Change, rates: Rates, sides: Sides, scheme: Scheme) -> Floats:
    """What a year with the plan brings each organisation, GBP, ``[..., entry, organisation]``; costs are negative.

    Payment for a kind of activity is ``tariff x tariff_share x level``; for emergency admissions above the base line it
    is ``emergency_rate`` of that. Of what the commissioner pays for activity ``held_share`` is paid by the holder.
    """
    fixed = np.where(sides.emergency > 0, change.before * scheme.base_line, np.inf)
    rate = np.where(sides.emergency > 0, scheme.emergency_rate, 1.0)
    gbp = rates.tariff * scheme.tariff_share
    more = gbp * (_counted(change.after, fixed, rate) - _counted(change.before, fixed, rate))
    commissioned = sides.payer[:, _COMMISSIONER]
    holders = (1 - scheme.held_share) * _only("commissioner") + scheme.held_share * _only(scheme.holder)
    payer = np.where(commissioned[:, None] > 0, holders, sides.payer)
    saved = np.maximum(-(more * commissioned).sum(axis=-1), 0.0)
    avoided = np.maximum(((change.before - change.after) * sides.emergency).sum(axis=-1), 0.0)
    refunded = scheme.programme_paid_share * change.programme
    bonus = _only(scheme.paid_to) - _only("commissioner")
    passed = np.array([scheme.savings_to.get(name, 0.0) for name in ORGANISATIONS])
    entries = (
        more @ (sides.provider - payer),
        refunded - refunded.sum(axis=-1, keepdims=True) * _only(scheme.programme_paid_by),
        (scheme.gbp_per_member_year * change.members)[..., None] * bonus,
        (scheme.gbp_per_admission_avoided * avoided)[..., None] * bonus,
        saved[..., None] * (passed - passed.sum() * holders),
        ((change.before - change.after) * rates.marginal) @ sides.provider,
        -change.programme,
    )
    return np.asarray(np.stack(np.broadcast_arrays(*entries), axis=-2))


def _counted(level: Floats, fixed: Floats, rate: Floats) -> Floats:
    """A level with what is above the base line counted at its rate."""
    return np.asarray(np.minimum(level, fixed) + rate * np.maximum(level - fixed, 0.0))


def _only(name: str) -> Floats:
    """1 for one organisation."""
    return np.array([float(each == name) for each in ORGANISATIONS])


def ledgers(change: Change, rates: Rates, sides: Sides, schemes: Mapping[str, Scheme]) -> dict[str, Floats]:
    """The ledger under each scheme, by name; a blend is the weighted sum of those it is made of."""
    own = {name: ledger(change, rates, sides, each) for name, each in schemes.items() if not each.blend}
    blends = {name: each.blend for name, each in schemes.items() if each.blend}
    own |= {
        name: np.asarray(np.stack([weight * own[part] for part, weight in blend.items()]).sum(axis=0))
        for name, blend in blends.items()
    }
    return {name: own[name] for name in schemes}


def smallest_fall(net: Floats, falls: Floats, *, by_steps: bool = False) -> Floats:
    """The smallest fall at which ``net[..., fall]`` is not negative; infinite if it always is.

    Between the falls given it is found by interpolation, unless what is gained comes in steps.
    """
    enough = net >= 0
    first = np.argmax(enough, axis=-1)
    before = np.maximum(first - 1, 0)
    above, below = (np.take_along_axis(net, index[..., None], axis=-1)[..., 0] for index in (first, before))
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where((above > below) & (not by_steps), -below / (above - below), 1.0)
    found = falls[before] + np.where(first > 0, part, 0.0) * (falls[first] - falls[before])
    return np.asarray(np.where(enough.any(axis=-1), found, np.inf))
