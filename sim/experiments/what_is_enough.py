"""What would be enough: the value of a number planners choose at which a claim holds in half of all futures.

The same futures are run at several values, so that what differs between the values is the number alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.engines import DEFAULT
from sim.errors import InputError
from sim.experiments.answers import Enough
from sim.experiments.futures import Futures, kept
from sim.experiments.runner import Arms, arms_of, in_order, side_by_side, table_of
from sim.experiments.spread import Spread
from sim.experiments.tested import asked, levels
from sim.files.choices import Choice, choice, with_choice
from sim.measures.measure import MONEY_MEASURES
from sim.results import BASELINE, PLAN
from sim.scenario import BreakEven, Claim, Scenario
from sim.space import with_values

Floats = npt.NDArray[np.float64]

VALUES = 5
"""Values tried, the ends included; the one stated is known already."""
HALF = 0.5
"""Share of futures in which it has to hold to be enough."""
STEPS = 400
"""Steps in which the values between are looked at."""
RESAMPLES = 500
CONFIDENCE = 0.95


class Crossing(NamedTuple):
    """Where a claim begins to hold in half of futures."""

    value: float
    """Infinite where no value does, or every value does."""
    low: float
    high: float


def tried(chosen: Choice) -> Floats:
    """The values at which futures are run."""
    return np.linspace(chosen.low, chosen.high, VALUES)


def enough(scenario: Scenario, claims: Sequence[Claim], futures: Futures, first: int, how: Spread) -> list[Enough]:
    """The value of a number that is enough for each of some claims, from the first futures run at several values of it.

    The claims all name that number; the runs are the same for all of them.
    """
    given = claims[0].break_even
    assert given is not None, "only for claims that name a number"
    chosen, many = choice(scenario, given), min(first, futures.count)
    own, values = scenario.model_copy(update={"claims": tuple(claims)}), tried(chosen).tolist()
    jobs = [(own, given, values, futures.drawn.iloc[number].to_dict(), number, how.engine) for number in range(many)]
    tables = in_order(at_values, jobs, how)
    known = futures.rows[(futures.rows["time"] == 0) & (futures.rows["replication"] < many)]
    found = {value: pd.concat(each) for value, each in zip(values, zip(*tables, strict=True), strict=True)}
    if chosen.low < chosen.value < chosen.high and given.lever not in futures.drawn:
        found.setdefault(chosen.value, known)
    rows = dict(sorted(found.items()))
    return [_for_claim(claim, given.lever, chosen, rows, known, many, scenario.run.seed) for claim in claims]


def _for_claim(
    claim: Claim, lever: str, chosen: Choice, found: Mapping[float, pd.DataFrame], known: pd.DataFrame,
    many: int, seed: int,
) -> Enough:  # fmt: skip
    """What is enough for one claim, from the rows found at each value."""
    values = np.array([*found])
    margins = np.stack([_margins(claim, rows, known, many) for rows in found.values()], axis=1)
    margins = margins[np.isfinite(margins).all(axis=1)]
    at = crossing(values, margins, seed)
    shares = tuple(zip(values.tolist(), (margins >= 0).mean(axis=0).tolist(), strict=True)) if len(margins) else ()
    value, low, high = (float(each) if np.isfinite(each) else None for each in at)
    return Enough(
        lever=lever, low=chosen.low, high=chosen.high, stated=chosen.value, value=value, value_low=low,
        value_high=high, shares=shares, futures=len(margins),
    )  # fmt: skip


def at_values(
    scenario: Scenario, given: BreakEven, values: Sequence[float], drawn: dict[str, float], number: int,
    by: str = DEFAULT,
) -> list[pd.DataFrame]:  # fmt: skip
    """One future at each value of a number: the rows its claims are about; none where numbers contradict themselves.

    What planners choose in a programme changes nothing without it, so only the arm with the plan is run then; money
    needs the other arm too. Values that share a past are run from one run of it.
    """
    measures = {claim.measure for claim in scenario.claims}
    is_of_plan = given.lever.startswith("interventions.")
    needs_plan_alone = is_of_plan and MONEY_MEASURES.isdisjoint(measures)
    ready: dict[int, Arms] = {}
    for place, value in enumerate(values):
        beside = next(iter(ready.values()), None) if is_of_plan else None
        try:
            own = with_choice(with_values(scenario, drawn), given.lever, value)
            ready[place] = arms_of(own, measures, beside)
        except InputError:
            continue
    tables = [pd.DataFrame() for _ in values]
    for places in _by_past(ready):
        several = [ready[place] for place in places]
        wanted = (PLAN,) if needs_plan_alone else several[0].names
        for place, arms, found in zip(places, several, side_by_side(several, number, wanted, by), strict=True):
            tables[place] = kept(scenario.claims, table_of(arms, found, number))
    return tables


def _by_past(ready: Mapping[int, Arms]) -> list[list[int]]:
    """Places of the arms by the past they go on from."""
    found: dict[bytes, list[int]] = {}
    for place, arms in ready.items():
        found.setdefault(pickle.dumps((arms.part_minute, arms.past)), []).append(place)
    return [*found.values()]


def _margins(claim: Claim, rows: pd.DataFrame, known: pd.DataFrame, many: int) -> Floats:
    """By future, how much better than claimed; the arm without the plan is as known if it was not run."""
    if not len(rows):
        return np.full(many, np.nan)
    if BASELINE not in set(rows["arm"]):
        rows = pd.concat([rows, known[known["arm"] == BASELINE]], ignore_index=True)
    said, level = asked(claim), levels(claim, rows)
    margins = np.full(many, np.nan)
    margins[level.replications] = said.margin(level.values(said.kind))
    return margins


def crossing(values: Floats, margins: Floats, seed: int) -> Crossing:
    """The value at which the margin of half of the futures is nought or more, with its 95% interval (bootstrap).

    Parameters
    ----------
    values
        Values tried, ascending.
    margins
        ``[future, value]``: how much better than claimed. Between values it is taken as a straight line.
    """
    if not len(margins):
        return Crossing(np.nan, np.nan, np.nan)
    between = np.linspace(values[0], values[-1], STEPS + 1)
    holds = np.stack([np.interp(between, values, each) >= 0 for each in margins])
    rises = bool(margins[:, -1].mean() >= margins[:, 0].mean())
    rng = np.random.default_rng(seed)
    again = [_first(between, holds[rng.integers(len(holds), size=len(holds))], rises) for _ in range(RESAMPLES)]
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(again, tails, method="nearest").tolist()
    return Crossing(_first(between, holds, rises), low, high)


def _first(values: Floats, holds: npt.NDArray[np.bool_], rises: bool) -> float:
    """The first value, from the end where it holds less, at which half hold; infinite on the side where it would be."""
    ordered, shares = (values, holds.mean(axis=0)) if rises else (values[::-1], holds.mean(axis=0)[::-1])
    reached = np.flatnonzero(shares >= HALF)
    beyond = np.inf if rises else -np.inf
    if not len(reached):
        return beyond
    return float(ordered[reached[0]]) if reached[0] else -beyond


def alike(claims: Sequence[Claim]) -> list[list[int]]:
    """Places of the claims that name a number, those that name the same one between the same values together."""
    found: dict[BreakEven, list[int]] = {}
    for place, claim in enumerate(claims):
        if claim.break_even is not None:
            found.setdefault(claim.break_even, []).append(place)
    return [*found.values()]
