"""Activity to money: one function of activity and prices, and the rows it adds to the tidy table.

Prices are in ``prices.py``; who gains and who pays under a payment scheme is in ``ledger.py``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.interventions import Intervention
from sim.measures.cube import Cube, cube
from sim.measures.definitions import MEASURES
from sim.measures.measure import GP_MINUTES, SAVINGS
from sim.prices import Prices
from sim.quantities import Quantity
from sim.scenario import Scenario

Floats = npt.NDArray[np.float64]

ALL = "all"
YEAR_DAYS = 365
MONTHS = 12


class Rates(NamedTuple):
    """Prices as arrays, one entry for each kind of activity."""

    names: tuple[str, ...]
    """Kinds of activity, as in the place file."""
    cost: Floats
    """Average cost of one, GBP; ``[..., kind]`` if many draws of it are looked at, as all that follow."""
    tariff: Floats
    """Paid for one, GBP."""
    varies: Floats
    """Share of the cost that goes with one."""

    @property
    def marginal(self) -> Floats:
        """Cost that goes with one, GBP."""
        return self.cost * self.varies


class Ward(NamedTuple):
    """What has to be free before a ward can close, and what that saves."""

    patients: Floats
    """People in a ward on an average day."""
    gbp: Floats
    """No longer spent in a year when a ward is closed."""


Read = Callable[[str, Quantity], Floats]
"""Gives the number at a path: as it is stated, or many draws of what it may be."""


def stated(_: str, number: Quantity) -> Floats:
    """A number as it is stated."""
    return np.asarray(number.value, dtype=float)


@dataclass(frozen=True)
class Bill:
    """What is needed to turn a run's measures into money."""

    prices: Prices
    pools: Mapping[str, str]
    """Titles of the pools of the place, by name, without those that interventions add."""
    interventions: tuple[Intervention, ...]
    starts: dt.date
    """First measured day."""
    days: int
    """Measured days."""


def bill_of(scenario: Scenario) -> Bill | None:
    """The bill of a scenario; None if its place has no prices."""
    place, run = scenario.place, scenario.run
    if place.prices is None:
        return None
    pools = {name: pool.title or name.replace("_", " ") for name, pool in place.pools.items()}
    return Bill(place.prices, pools, scenario.interventions, run.starts, round(run.years * YEAR_DAYS))


# -- the function --------------------------------------------------------------------------------------------------


def value_of(fewer: Floats, gbp: Floats) -> Floats:
    """What less activity is worth, GBP: ``fewer[..., kind]`` units at ``gbp[kind]`` each."""
    return fewer * gbp


def whole_wards(patients_fewer: Floats, ward: Ward) -> Floats:
    """Whole wards that could close at each site; negative for wards more that are needed.

    A part of a ward counts for nothing in either direction, so that luck alone releases nothing on average.
    """
    return np.trunc(patients_fewer / ward.patients + np.copysign(1e-9, patients_fewer))


def cash_released(patients_fewer: Floats, ward: Ward) -> Floats:
    """GBP a year no longer spent at each site with so many people fewer in its beds on an average day."""
    return whole_wards(patients_fewer, ward) * ward.gbp


class ProgrammePrice(NamedTuple):
    """What an intervention costs in a year."""

    per_member: Floats
    """GBP for each member on an average day."""
    starting: Floats
    """GBP of what it costs once, spread over its years."""
    running: Floats
    """GBP whoever is enrolled."""

    def cost(self, members: Floats) -> Floats:
        """GBP with so many members on an average day."""
        return self.per_member * members + self.starting + self.running


def price_of(programme: Intervention, first: dt.date, days: int, read: Read = stated, path: str = "") -> ProgrammePrice:
    """What an intervention costs a year in the ``days`` from ``first``.

    What it costs once is spread evenly over ``start_up_years``; what it costs a year ends when its funding does, and
    then it has no members any more (see ``derived.members``).
    """
    takes, ramp = programme.takes, programme.ramp
    spread_until = ramp.starts + dt.timedelta(days=takes.start_up_years * YEAR_DAYS)
    once = read(f"{path}.takes.gbp_start_up", takes.gbp_start_up) / takes.start_up_years
    return ProgrammePrice(
        per_member=read(f"{path}.takes.gbp_per_person_year", takes.gbp_per_person_year),
        starting=once * _share_of(first, days, ramp.starts, spread_until),
        running=read(f"{path}.takes.gbp_per_year", takes.gbp_per_year) * _share_of(first, days, ramp.starts, ramp.ends),
    )


def _share_of(first: dt.date, days: int, starts: dt.date, ends: dt.date | None) -> float:
    """Share of the ``days`` from ``first`` that lie between two dates."""
    begin = max((starts - first).days, 0)
    end = days if ends is None else min((ends - first).days, days)
    return max(end - begin, 0) / days


# -- prices as arrays ----------------------------------------------------------------------------------------------


def rates_of(prices: Prices, read: Read = stated) -> Rates:
    """The prices of a place as arrays ``[..., kind]``."""
    lines, where = prices.activity, "place.prices.activity"
    cost = [read(f"{where}.{name}.cost", line.cost) for name, line in lines.items()]
    tariff = [
        read(f"{where}.{name}.tariff", line.tariff) if line.tariff else own
        for (name, line), own in zip(lines.items(), cost, strict=True)
    ]
    varies = [read(f"{where}.{name}.varies_share", line.varies_share) for name, line in lines.items()]
    return Rates(tuple(lines), *(np.stack(each, axis=-1) for each in (cost, tariff, varies)))


def ward_of(prices: Prices, read: Read = stated) -> Ward:
    """The ward of a place."""
    ward, where = prices.ward, "place.prices.ward"
    beds, occupied = read(f"{where}.beds", ward.beds), read(f"{where}.occupied_share", ward.occupied_share)
    patients = beds * occupied
    return Ward(patients, patients * YEAR_DAYS * read(f"{where}.cost_per_bed_day", ward.cost_per_bed_day))


def matching(patterns: Sequence[str], pools: Iterable[str]) -> tuple[str, ...]:
    """The pools that patterns name; one that ends in `*` names all that begin so."""
    return tuple(
        pool
        for pool in pools
        if any(pool == each or (each.endswith("*") and pool.startswith(each[:-1])) for each in patterns)
    )


# -- what a run adds -----------------------------------------------------------------------------------------------


def with_money(table: pd.DataFrame, bill: Bill | None) -> pd.DataFrame:
    """The table of a run with the measures of money below it; as it is where the place has no prices.

    Values and savings are those of the plan against the baseline of the same replication, and nought in the baseline.
    """
    if bill is None:
        return table
    counts = counted(table, bill)
    rates, found = rates_of(bill.prices), activity(counts, bill)
    measures = {
        "care_cost": (rates.names, found * rates.cost),
        GP_MINUTES: ((ALL,), gp_minutes(counts, bill)[..., None]),
    }
    if counts.has_plan:
        programme = programme_cost(counts, bill)
        fewer, wards = counts.fewer(found), cash_released(patients_fewer(counts, bill), ward_of(bill.prices))
        values = {
            "tariff_value": (rates.names, value_of(fewer, rates.tariff)),
            "marginal_value": (rates.names, value_of(fewer, rates.marginal)),
            "cash_released": (sites(bill), wards),
        }
        saved = {
            SAVINGS[name]: ((ALL,), (np.nansum(value, axis=-1) - programme.sum(axis=-1))[..., None])
            for name, (_, value) in values.items()
        }
        measures |= values | {"programme_cost": (tuple(each.name for each in bill.interventions), programme)} | saved
    return pd.concat([table, counts.table(measures)], ignore_index=True)


def counted(table: pd.DataFrame, bill: Bill) -> Cube:
    """What money is made of, out of the table of a run."""
    return cube(table, _made_of(bill))


def measures_of(bill: Bill) -> set[str]:
    """Names of the measures that money is made of."""
    return {measure for measure, _ in _made_of(bill)}


def _made_of(bill: Bill) -> list[tuple[str, str]]:
    """Measures, and parts of them, that money is made of."""
    measures = [(str(line.measure), ALL) for line in bill.prices.activity.values() if line.measure]
    pools = matching([each for line in bill.prices.activity.values() for each in line.pools], bill.pools)
    measures.append(("emergency_bed_days", ALL))
    used = [("pool_occupied", pool) for pool in dict.fromkeys((*pools, *sites(bill)))]
    places = [("pool_capacity", pool) for pool in pools]
    return [*measures, *used, *places, *(("members", each.name) for each in bill.interventions)]


def activity(counts: Cube, bill: Bill) -> Floats:
    """How much of each priced kind there is a year, ``[replication, arm, period, cut, kind]``.

    Places that an intervention adds and pays for by the year are paid for whether used or not, and are not priced again
    by their use. What is counted for the whole place only is NaN in a group or locality.
    """
    found = []
    for line in bill.prices.activity.values():
        if line.measure == GP_MINUTES:
            found.append(gp_minutes(counts, bill))
        elif line.measure:
            days = YEAR_DAYS if MEASURES[line.measure].kind == "stock" else 1
            found.append(days * counts.of(line.measure, ALL))
        else:
            found.append(YEAR_DAYS * _places(counts, bill, matching(line.pools, bill.pools)))
    return np.stack(found, axis=-1)


def _places(counts: Cube, bill: Bill, pools: Sequence[str]) -> Floats:
    """Places in use of some pools, less those that the plan adds and pays for."""
    bought = [step.pool for each in bill.interventions if each.takes.gbp_per_year.value for step in each.beds]
    used = sum((counts.of("pool_occupied", pool) for pool in pools), counts.nought)
    for pool in matching(bought, pools):
        used = used + counts.fewer(counts.of("pool_capacity", pool))
    return used


def gp_minutes(counts: Cube, bill: Bill) -> Floats:
    """Doctors' minutes that programmes take a year, ``[replication, arm, period, cut]``; nought without members."""
    taken = (
        MONTHS * each.takes.gp_minutes_per_person_month.value * np.nan_to_num(counts.of("members", each.name))
        for each in bill.interventions
        if each.takes.gp_minutes_per_person_month.value
    )
    return sum(taken, counts.nought)


def programme_cost(counts: Cube, bill: Bill) -> Floats:
    """What each intervention costs, GBP a year, ``[replication, arm, period, cut, intervention]``; nought without it.

    Known for everybody together only: NaN in a group or locality.
    """
    cost = np.full((*counts.nought.shape, len(bill.interventions)), np.nan)
    cost[:, 0, :, 0] = 0.0
    for index, each in enumerate(bill.interventions):
        members = counts.of("members", each.name)
        for number, period in enumerate(counts.periods):
            cost[:, 1, number, 0, index] = price_of(each, *dates_of(bill, period)).cost(members[:, 1, number, 0])
    return cost


def dates_of(bill: Bill, period: str) -> tuple[dt.date, int]:
    """First day and number of days of a period."""
    if period == ALL:
        return bill.starts, bill.days
    return bill.starts + dt.timedelta(days=YEAR_DAYS * (int(period.removeprefix("year ")) - 1)), YEAR_DAYS


def sites(bill: Bill) -> tuple[str, ...]:
    """Pools made of wards, one for each site."""
    return matching(bill.prices.ward.pools, bill.pools)


def patients_fewer(counts: Cube, bill: Bill) -> Floats:
    """People fewer in the beds of each site on an average day, ``[replication, arm, period, cut, site]``."""
    used = [counts.of("pool_occupied", pool) for pool in sites(bill)]
    return counts.fewer(np.stack(used, axis=-1))
