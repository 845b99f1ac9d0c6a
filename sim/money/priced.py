"""Activity and prices of a run put together: numbers worked out with intervals that hold luck and prices.

Luck is replications at prices as stated; prices are many draws of those that have a range, at the mean of the
replications; the two are put together as independent errors. Of a run that drew its uncertain numbers luck is the
middle 95% of its futures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.measures.cube import ALL, Cube
from sim.money.bill import (
    Bill,
    Rates,
    Read,
    Ward,
    activity,
    dates_of,
    patients_fewer,
    price_of,
    rates_of,
    sites,
    stated,
    ward_of,
)
from sim.results import CONFIDENCE, Interval, interval
from sim.scenario import Scenario
from sim.space import MONEY, draw, unknown

Floats = npt.NDArray[np.float64]

DRAWS = 256
"""Draws of the prices."""


class Priced(NamedTuple):
    """Prices of a scenario: as stated, or many draws of them along the first axis."""

    rates: Rates
    ward: Ward
    per_member: Floats
    """GBP for each member a year, ``[..., intervention]``."""
    starting: Floats
    """GBP a year of what each intervention costs once."""
    running: Floats
    """GBP a year of what each intervention costs by the year."""

    def cost(self, members: Floats) -> Floats:
        """GBP a year with so many members ``[..., intervention]``."""
        return self.per_member * members + self.starting + self.running


class Found(NamedTuple):
    """Activity of a period; the first axis is replications, or one row of their means."""

    before: Floats
    """Without the plan ``[replication, kind]``."""
    after: Floats
    """With the plan ``[replication, kind]``."""
    members: Floats
    """People enrolled ``[replication, intervention]``."""
    fewer: Floats
    """People fewer in beds beyond doubt ``[replication, site]``: the same in every row."""
    emergencies: Floats
    """Emergency admissions of a group without the plan ``[replication, group]``."""
    nights: Floats
    """Their bed days ``[replication, group]``."""
    at_site: Floats
    """Share of people in acute beds at each site ``[replication, site]``."""


class Together(NamedTuple):
    """What is needed to work a number out with its interval."""

    found: Found
    prices: Priced
    draws: Priced
    is_drawn: bool
    """True if each replication is a future with its own draw of the uncertain numbers."""

    def intervals(self, work_out: Callable[[Found, Priced], Floats]) -> list[Interval]:
        """An interval for each entry of the last axis of what is worked out; the first is replications or draws."""
        by_luck = work_out(self.found, self.prices)
        mean = Found(*(each.mean(axis=0, keepdims=True) for each in self.found))
        centre, by_price = work_out(mean, self.prices)[0], work_out(mean, self.draws)
        columns = zip(by_luck.T, centre, by_price.T, strict=True)
        return [_combined(luck, float(middle), price, self.is_drawn) for luck, middle, price in columns]


def put_together(
    scenario: Scenario, bill: Bill, counts: Cube, period: str, groups: Sequence[str], is_drawn: bool
) -> Together:
    """Activity of a period, for some age groups too, and prices as stated and drawn."""
    columns = [each for each in unknown(scenario) if any(part in each.name for part in MONEY)]
    drawn = dict(zip((each.name for each in columns), draw(columns, DRAWS, scenario.run.seed).T, strict=True))
    return Together(
        found=_found(counts, bill, counts.periods.index(period), groups),
        prices=_priced(bill, period, stated),
        draws=_priced(bill, period, lambda path, number: drawn.get(path, np.full(DRAWS, number.value))),
        is_drawn=is_drawn,
    )


def _priced(bill: Bill, period: str, read: Read) -> Priced:
    first, days = dates_of(bill, period)
    own = [price_of(each, first, days, read, f"interventions.{i}") for i, each in enumerate(bill.interventions)]
    per_member, starting, running = (np.stack(np.broadcast_arrays(*each), axis=-1) for each in zip(*own, strict=True))
    return Priced(rates_of(bill.prices, read), ward_of(bill.prices, read), per_member, starting, running)


def _found(counts: Cube, bill: Bill, period: int, groups: Sequence[str]) -> Found:
    here = activity(counts, bill)[:, :, period, 0]
    members = [counts.of("members", each.name)[:, 1, period, 0] for each in bill.interventions]
    cuts = [counts.cuts.index((group, ALL)) for group in groups]
    patients = np.stack([counts.of("pool_occupied", site)[:, 0, period, 0] for site in sites(bill)], axis=-1)
    fewer = patients_fewer(counts, bill)[:, 1, period, 0]
    everybody = patients.sum(axis=-1, keepdims=True)
    return Found(
        before=here[:, 0],
        after=here[:, 1],
        members=np.stack(members, axis=-1),
        fewer=np.broadcast_to(_beyond_doubt(fewer), fewer.shape),
        emergencies=counts.of("emergency_admissions", ALL)[:, 0, period][:, cuts],
        nights=counts.of("emergency_bed_days", ALL)[:, 0, period][:, cuts],
        at_site=np.divide(patients, everybody, out=np.zeros_like(patients), where=everybody > 0),
    )


def _beyond_doubt(fewer: Floats) -> Floats:
    """People fewer at each site beyond doubt: the end of the interval nearer to nought, nought if it is within."""
    ends = [interval(site) for site in fewer.T]
    return np.array([max(end.low, 0.0) + min(end.high, 0.0) if math.isfinite(end.low) else 0.0 for end in ends])


def _combined(luck: Floats, centre: float, price: Floats, is_drawn: bool) -> Interval:
    n = len(luck)
    ends = np.quantile(price, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="nearest")
    if not (np.isfinite(luck).all() and math.isfinite(centre)):  # a fall that no replication or not every one finds
        return Interval(float(np.median(luck)), float(min(luck.min(), ends[0])), math.inf, n)
    found = middle(luck) if is_drawn else interval(luck)
    below, above = max(centre - ends[0], 0.0), max(ends[1] - centre, 0.0)
    low, high = np.hypot(found.mean - found.low, below), np.hypot(found.high - found.mean, above)
    return Interval(found.mean, float(found.mean - low), float(found.mean + high), n)


def middle(luck: Floats) -> Interval:
    """The middle future and the range of 95% of them; no interval of one."""
    low, mid, high = np.quantile(luck, [(1 - CONFIDENCE) / 2, 0.5, (1 + CONFIDENCE) / 2]).tolist()
    return Interval(mid, low, high, len(luck)) if len(luck) > 1 else Interval(mid, math.nan, math.nan, 1)
