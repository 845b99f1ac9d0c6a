"""The money of a run: what the plan costs and is worth, who gains and who pays, and break-even, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import InputError, Problem
from sim.measures.cube import ALL, Cube
from sim.measures.definitions import MEASURES
from sim.measures.measure import SAVINGS
from sim.money.bill import Bill, Ward, bill_of, cash_released, counted, sites, value_of
from sim.money.break_even import BreakEven
from sim.money.ledger import ENTRIES, Sides, change_of, ledgers, sides_of
from sim.money.payment import Scheme
from sim.money.priced import Found, Priced, Together, middle, put_together
from sim.prices import ORGANISATIONS
from sim.results import Interval, Results, interval
from sim.scenario import Scenario

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Account:
    """The money of a run, GBP a year; every table has columns mean, low and high (see ``priced.py``)."""

    period: str
    """all, or a measured year."""
    price_year: str
    """Year of the prices."""
    worth: pd.DataFrame
    """Measure and part, each with its title: what the plan costs and what it is worth."""
    ledger: pd.DataFrame
    """Scheme, organisation and entry (each of the last two also all): what a year with the plan brings."""
    break_even: pd.DataFrame
    """Group, cost and worth (see ``break_even.Asked``): the fall in emergency admissions, per cent, at which the plan
    pays; infinite if no fall does."""
    falls: pd.DataFrame
    """Group: the fall in emergency admissions that the model finds, per cent."""


def account(results: Results, schemes: Mapping[str, Scheme], period: str = ALL) -> Account:
    """The money of a run; InputError if its place has no prices, it has no plan, or the period was not measured."""
    scenario = Scenario.model_validate(results.provenance["scenario"])
    bill, counts = _counts(results, scenario, period)
    groups = tuple(dict.fromkeys((ALL, *(claim.group for claim in scenario.claims))))
    groups = tuple(group for group in groups if (group, ALL) in counts.cuts)
    put = put_together(scenario, bill, counts, period, groups, bool(results.provenance.get("uncertain")))
    sides = sides_of(bill.prices)
    asked = BreakEven(bill, sides, schemes, groups)
    return Account(
        period=period,
        price_year=bill.prices.price_year,
        worth=_worth(put, bill),
        ledger=_ledger(put, bill, sides, schemes),
        break_even=_table(pd.DataFrame(asked.asked), put.intervals(asked.falls)),
        falls=_falls(counts, period, groups, put.is_drawn),
    )


def _counts(results: Results, scenario: Scenario, period: str) -> tuple[Bill, Cube]:
    bill = bill_of(scenario)
    if bill is None:
        what = "has no prices: give a section `prices`, as scenarios/places/england_500k.yaml has"
        raise InputError([Problem("place", f"{scenario.place.name} {what}")])
    counts = counted(results.measures, bill)
    if not counts.has_plan:
        raise InputError([Problem("interventions", "there is no plan, so nothing is spent on it and nothing saved")])
    if period not in counts.periods:
        raise InputError([Problem("--year", f"{period} was not measured; there is {', '.join(counts.periods)}")])
    return bill, counts


def _worth(put: Together, bill: Bill) -> pd.DataFrame:
    """What the plan is worth in three ways, what it costs, and each less its cost."""
    kinds = (*put.prices.rates.names, ALL)
    parts = {"tariff_value": kinds, "marginal_value": kinds, "cash_released": (*sites(bill), ALL)}
    parts |= {"programme_cost": (*(each.name for each in bill.interventions), ALL)}
    parts |= dict.fromkeys(SAVINGS.values(), (ALL,))
    keys = pd.DataFrame([(name, of) for name, own in parts.items() for of in own], columns=["measure", "of"])
    titles = {name: MEASURES[name].title for name in parts}
    named = keys.assign(title=keys["measure"].map(titles), part=[_part(bill, of) for of in keys["of"]])
    return _table(named, put.intervals(_worked_out))


def _worked_out(found: Found, priced: Priced) -> Floats:
    fewer = found.before - found.after
    ward = Ward(*(each[..., None] for each in priced.ward))
    values = [value_of(fewer, gbp) for gbp in (priced.rates.tariff, priced.rates.marginal)]
    worth = [_with_total(each) for each in (*values, cash_released(found.fewer, ward))]
    cost = _with_total(priced.cost(found.members))
    return np.concatenate([*worth, cost, *(each[..., -1:] - cost[..., -1:] for each in worth)], axis=-1)


def _ledger(put: Together, bill: Bill, sides: Sides, schemes: Mapping[str, Scheme]) -> pd.DataFrame:
    """What a year brings each organisation under each scheme, entry by entry and in all."""
    entries, whose = (*ENTRIES, ALL), (*ORGANISATIONS, ALL)
    keys = [(name, entry, who) for name in schemes for entry in entries for who in whose]

    def work_out(found: Found, priced: Priced) -> Floats:
        cost = priced.cost(found.members)
        change = change_of(found.before, found.after, cost, bill.interventions, found.members)
        own = ledgers(change, priced.rates, sides, schemes).values()
        whole = [_with_total(np.concatenate((each, each.sum(axis=-2, keepdims=True)), axis=-2)) for each in own]
        return np.concatenate([each.reshape(len(each), -1) for each in whole], axis=-1)

    return _table(pd.DataFrame(keys, columns=["scheme", "entry", "organisation"]), put.intervals(work_out))


def _with_total(values: Floats) -> Floats:
    return np.concatenate((values, values.sum(axis=-1, keepdims=True)), axis=-1)


def _part(bill: Bill, of: str) -> str:
    """A part on screen."""
    line = bill.prices.activity.get(of)
    title = line.title if line else bill.pools.get(of, of)
    return title or of.replace("_", " ").capitalize()


def _falls(counts: Cube, period: str, groups: tuple[str, ...], is_drawn: bool) -> pd.DataFrame:
    """The fall in emergency admissions that the model finds, per cent."""
    admissions = counts.of("emergency_admissions", ALL)[:, :, counts.periods.index(period)]
    found = []
    for group in groups:
        before, after = admissions[:, :, counts.cuts.index((group, ALL))].T
        fall = np.divide(100 * (before - after), before, out=np.zeros_like(before), where=before > 0)
        found.append(middle(fall) if is_drawn else interval(fall))
    return _table(pd.DataFrame({"group": groups}), found)


def _table(keys: pd.DataFrame, found: list[Interval]) -> pd.DataFrame:
    ends = pd.DataFrame([each[:3] for each in found], columns=["mean", "low", "high"])
    return pd.concat([keys, ends], axis=1)
