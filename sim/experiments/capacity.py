"""The smallest capacity of a pool with which a place meets a standard, found by bisection over runs that share luck.

Every capacity is tried on the same replications, so what differs between two capacities is the capacity. What a
standard is stands in ``standards.py``; the map of one pool against another in ``capacity_map.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import InputError, Problem, RunError
from sim.experiments.runner import Arms, arms_of, drawn_arms, tallies, unsure_numbers
from sim.experiments.spread import HERE, Spread, spread
from sim.experiments.standards import Reached, Series, Standard, as_row, reached
from sim.files.fields import suggestion
from sim.interventions import Intervention
from sim.measures.tally import Tally
from sim.plans.arm import with_added
from sim.quantities import Quantity
from sim.scenario import Scenario
from sim.space import Uncertainty, draw, unknown
from sim.system import Pool

Names = tuple[str, ...]
Capacities = tuple[tuple[str, float], ...]
"""Whole capacity by pool, or by pools as in ``acute_*``."""

UP_TO = 2.0
"""Largest capacity tried, in capacities of today."""
STEPS = 200
"""A step is today's capacity over this, and at least one place."""
FIRST_MOVE = 0.05
"""First move away from today's capacity, as a share of it; each further one is as long as all before."""
FEWEST_FOR_INTERVAL = 2
"""Replications an interval needs."""
LIKELY = 12
"""Capacities a search is likely to try, for the progress line."""


class Observed(NamedTuple):
    """What is kept of one replication at one capacity."""

    series: Series
    """Numbers of each measured day, scaled up (see ``standards.SERIES``)."""
    waiting: Mapping[str, float]
    """By pool: people who wait for it in an old place, on an average day."""


@dataclass(frozen=True)
class Tried:
    """The replications of one capacity."""

    capacity: float
    runs: tuple[Observed | None, ...]
    """By replication; None for one that could not go on because everybody waits for everybody."""

    def meets(self, standard: Standard) -> Reached:
        """How well they meet a standard."""
        return reached(standard, [run and run.series for run in self.runs])

    @property
    def waiting(self) -> dict[str, float]:
        """By pool: people who wait for it in an old place, mean over replications, most first."""
        known = [run.waiting for run in self.runs if run]
        mean = {pool: float(np.mean([each[pool] for each in known])) for pool in (known[0] if known else ())}
        return dict(sorted(mean.items(), key=lambda item: -item[1]))

    @property
    def ready(self) -> float:
        """People ready to leave who stay overnight in acute beds, mean over days and replications."""
        return float(np.mean([run.series["ready"].mean() for run in self.runs if run] or [math.nan]))


@dataclass(frozen=True)
class Answer:
    """The smallest capacity that meets one standard."""

    standard: Standard
    smallest: float | None
    """Smallest capacity tried from which on it is met, within a step; None if none up to the largest meets it."""
    low: float | None
    """Lower end of its 95% interval: below it the standard is missed by more than luck. None if there is no end."""
    high: float | None
    """Upper end: from it on the standard is met by more than luck; None if no capacity tried is so sure."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    pools: str
    """Pool, or pools as in ``acute_*``."""
    today: float
    """Their capacity in the file."""
    step: float
    up_to: float
    answers: tuple[Answer, ...]
    """By standard."""
    tried: tuple[Tried, ...]
    """Every capacity tried, in order."""

    def at(self, capacity: float) -> Tried:
        """The runs of a capacity that was tried."""
        return next(each for each in self.tried if each.capacity == capacity)

    def table(self) -> pd.DataFrame:
        """One row a standard and capacity tried: how well it is met (see ``Reached``), and people ready to leave."""
        rows = [
            {"standard": str(answer.standard), "capacity": tried.capacity, **as_row(tried.meets(answer.standard))}
            | {"ready_in_acute_beds": tried.ready}
            for answer in self.answers
            for tried in self.tried
        ]
        return pd.DataFrame(rows)


# -- pools and their capacity --------------------------------------------------------------------------------------


def pool_matches(pool: str, name: str) -> bool:
    """True if a pool is the one named, or its name begins as ``acute_*`` says."""
    return pool.startswith(name[:-1]) if name.endswith("*") else pool == name


def pools_of(scenario: Scenario, name: str, option: str = "POOL") -> dict[str, Pool]:
    """The pool of a name, or those whose names begin as ``acute_*`` says; InputError if there is none with a limit."""
    there = with_added(scenario.place, scenario.interventions).pools
    chosen = {pool: there[pool] for pool in there if pool_matches(pool, name)}
    if not chosen:
        near = suggestion(name.rstrip("*"), there, "pools")
        raise InputError([Problem(option, f"{scenario.place.name} has no pool {name!r}; {near}")])
    without = [pool for pool, about in chosen.items() if about.capacity is None or about.capacity.value <= 0]
    if without:
        what = f"{name}: {', '.join(without)} has no capacity in the file that could be shared out; name another pool"
        raise InputError([Problem(option, what)])
    return chosen


def capacity_today(scenario: Scenario, name: str) -> float:
    """Capacity in the file of a pool, or of pools as in ``acute_*`` together."""
    return sum(pool.capacity.value for pool in pools_of(scenario, name).values() if pool.capacity)


def with_capacities(scenario: Scenario, capacities: Capacities) -> Scenario:
    """The scenario with other capacities from the first day to the last, several pools sharing by what they have.

    Dated changes of these pools, of the place or of an intervention, are left out: the capacity is what is asked about.
    A pool that an intervention adds still closes on the day its funding ends.
    """
    own: dict[str, Pool] = {}
    for name, capacity in capacities:
        chosen = pools_of(scenario, name)
        factor = capacity / capacity_today(scenario, name)
        for pool, about in chosen.items():
            held = Quantity(value=factor * about.capacity.value if about.capacity else capacity)
            own[pool] = about.model_copy(update={"capacity": held, "changes": ()})
    place = scenario.place.model_copy(update={"pools": _put(scenario.place.pools, own)})
    added = tuple(_with_pools(each, own) for each in scenario.interventions)
    return scenario.model_copy(update={"place": place, "interventions": added})


def _put(pools: Mapping[str, Pool], own: Mapping[str, Pool]) -> dict[str, Pool]:
    return {name: own.get(name, pool) for name, pool in pools.items()}


def _with_pools(intervention: Intervention, own: Mapping[str, Pool]) -> Intervention:
    """An intervention with these pools, and without its steps of their capacity."""
    steps = tuple(step for step in intervention.beds if not any(pool_matches(pool, step.pool) for pool in own))
    return intervention.model_copy(update={"pools": _put(intervention.pools, own), "beds": steps})


def left_aside(scenario: Scenario, name: str) -> list[str]:
    """What would change the capacity of these pools by date, and is left aside while their capacity is looked for."""
    own = pools_of(scenario, name)
    by_place = [f"changes by date of {pool}" for pool, about in own.items() if about.changes]
    by_plan = [
        f"{step.add:+g} {step.pool} of “{each.name}”"
        for each in scenario.interventions
        for step in each.beds
        if any(pool_matches(pool, step.pool) for pool in own)
    ]
    return by_place + by_plan


# -- one run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What is run at every capacity, and what is looked at."""

    scenario: Scenario
    standards: tuple[Standard, ...]
    uncertain: bool = False
    """True for a draw of the uncertain numbers in each replication, the same at every capacity."""


def question(scenario: Scenario, name: str, standards: Sequence[Standard], uncertain: bool = False) -> Question:
    """Standards about a pool, or pools as in ``acute_*``; InputError if the place has not what they are about."""
    place, problems = with_added(scenario.place, scenario.interventions), []
    pools_of(scenario, name)
    about = tuple(standard.about(name) for standard in standards)
    for standard in about:
        if standard.of:
            pools_of(scenario, standard.of, "--standard")
        if standard.what == "delays" and not any(stage.acute and stage.overnight for stage in place.stages.values()):
            problems.append(Problem("--standard", f"{standard}: {place.name} has no overnight acute stage"))
        if standard.what == "12-hour waits" and place.urgent_needs is None:
            problems.append(Problem("--standard", f"{standard}: {place.name} has no A&E; limit occupancy or delays"))
    if problems:
        raise InputError(problems)
    return Question(scenario, about, uncertain)


def runs_at(asked: Question, points: Sequence[Capacities], how: Spread = HERE) -> list[tuple[Observed | None, ...]]:
    """The replications of each point; they share their luck, and their draws. None for one that could not go on."""
    scenarios = [with_capacities(asked.scenario, point) for point in points]
    pools = tuple(standard.of for standard in asked.standards if standard.of)
    number, seed = asked.scenario.run.replications, asked.scenario.run.seed
    if asked.uncertain:
        unsure = unsure_numbers(asked.scenario)
        draws = draw(unsure, number, seed).tolist()
        jobs: list[tuple[Any, ...]] = [
            (each, unsure, draws[n], n, pools, how.engine) for each in scenarios for n in range(number)
        ]
        found = dict(spread(_drawn, jobs, how))
    else:
        jobs = [(arms, n, pools, how.engine) for arms in map(arms_of, scenarios) for n in range(number)]
        found = dict(spread(_observed, jobs, how))
    return [tuple(found[p * number + n] for n in range(number)) for p in range(len(points))]


def _drawn(
    scenario: Scenario, unsure: Sequence[Uncertainty], values: Sequence[float], number: int, pools: Names, by: str
) -> Observed | None:
    only = {each.name for each in unknown(scenario)}  # the capacities asked about have no range
    arms, _ = drawn_arms(scenario, unsure, values, number, only)
    return _observed(arms, number, pools, by)


def _observed(arms: Arms, number: int, pools: Names, by: str) -> Observed | None:
    """One replication, with the plan if there is one; None if it cannot go on."""
    arm = arms.names[-1]
    try:
        tally = tallies(arms, number, (arm,), by)[arm]
    except RunError:
        return None
    return _of(tally, pools)


def _of(tally: Tally, pools: Names) -> Observed:
    """What is kept of a run: whole numbers of each day over the scale."""
    names, scale = tally.names, tally.names.scale
    counts = {name: array.sum(axis=(1, 2)) / scale for name, (_, array) in tally.by_day().items()}
    series = {
        "ready": counts["delayed"].sum(axis=0),
        "acute_beds": counts["acute_pools_capacity"][0],
        "twelve_hours": counts["twelve_hours"][0],
        "admitted": counts["admissions_through_a_and_e"][0],
        "one": np.ones(counts["delayed"].shape[1]),
    }
    for name in pools:
        own = [pool_matches(pool, name) for pool in names.pools]
        series[f"used {name}"] = counts["pool_at_midnight"][own].sum(axis=0)
        series[f"beds {name}"] = counts["pool_capacity"][own].sum(axis=0)
    waiting = counts["waiting_after_minutes"].mean(axis=1) / 1440
    return Observed(series, dict(zip(names.pools, waiting.tolist(), strict=True)))


# -- the search ----------------------------------------------------------------------------------------------------


def smallest(asked: Question, name: str, up_to: float | None = None, how: Spread = HERE) -> Found:
    """The smallest capacity of a pool, or of pools as in ``acute_*``, that meets each standard.

    Capacities lie whole steps from today's. The search moves away from today's until the answer lies between two, and
    then halves. Where what it finds does not rise steadily with capacity, the answer is the capacity from which on
    every one tried meets the standard. The interval is that of an estimate over replications: capacities whose
    replications neither meet nor miss the standard by more than luck (the 95% interval of each turned round).

    Parameters
    ----------
    up_to
        Largest capacity tried; twice today's if left out.
    """
    today = capacity_today(asked.scenario, name)
    step = max(1.0, float(round(today / STEPS)))
    most = UP_TO * today if up_to is None else up_to
    if most < today:
        what = f"{most:g} is below today's {today:g}: the search begins there; give more"
        raise InputError([Problem("--up-to", what)])
    search = _Search(asked, name, today, step, math.floor((most - today) / step + 1e-9), how)
    answers = tuple(search.answer(standard) for standard in asked.standards)
    if how.progress:
        how.progress(1, 1)
    tried = tuple(search.tried[place] for place in sorted(search.tried))
    return Found(name, today, step, today + search.top * step, answers, tried)


@dataclass
class _Search:
    """Capacities tried so far, by their number of steps from today's."""

    asked: Question
    name: str
    today: float
    step: float
    top: int
    """Steps to the largest capacity."""
    how: Spread
    tried: dict[int, Tried] = field(default_factory=dict)

    def answer(self, standard: Standard) -> Answer:
        """What is found for one standard."""
        found = self.from_which(lambda tried: tried.meets(standard).is_met)
        if self.asked.scenario.run.replications < FEWEST_FOR_INTERVAL:
            return Answer(standard, found, None, None)
        low = self.from_which(lambda tried: tried.meets(standard).perhaps)
        high = self.from_which(lambda tried: tried.meets(standard).surely)
        return Answer(standard, found, low, high)

    def from_which(self, is_true: Callable[[Tried], bool]) -> float | None:
        """The smallest capacity from which on something is true of all tried; None if it is not of the largest."""
        bottom, first = 1 - math.ceil(self.today / self.step), max(1, round(FIRST_MOVE * self.today / self.step))
        place = from_which(lambda n: is_true(self.at(n)), bottom, self.top, first, [*self.tried])
        return None if place is None else self.today + place * self.step

    def at(self, place: int) -> Tried:
        """The runs of a capacity, which are done once."""
        if place not in self.tried:
            capacity = self.today + place * self.step
            [runs] = runs_at(self.asked, [((self.name, capacity),)], self._further())
            self.tried[place] = Tried(capacity, runs)
        return self.tried[place]

    def _further(self) -> Spread:
        """The way work is spread, telling how far it is; how many capacities will be tried can only be guessed."""
        tell, each = self.how.progress, self.asked.scenario.run.replications
        before, guessed = len(self.tried) * each, max(LIKELY, len(self.tried) + 2) * each
        return replace(self.how, progress=(lambda done, of: tell(before + done, guessed)) if tell else None)


def from_which(
    is_true: Callable[[int], bool], bottom: int, top: int, first: int = 1, known: Iterable[int] = ()
) -> int | None:
    """The smallest number from ``bottom`` to ``top`` from which on something is true of every number tried.

    It begins at 0, moves away by ``first`` and then by as much as all before until the answer lies between two numbers,
    and halves. ``known`` are numbers of which it costs nothing to ask. None if it is not true of the largest.
    """
    asked = {place: is_true(place) for place in {0, *known}}
    while True:
        false = max((place for place, true in asked.items() if not true), default=None)
        above = min((place for place, true in asked.items() if true and (false is None or place > false)), default=None)
        if above is None:
            furthest = max(asked)
            if furthest == top:
                return None
            place = min(top, furthest + max(first, furthest))
        elif false is None:
            if above == bottom:
                return above
            place = max(bottom, above - max(first, -above))
        elif false == above - 1:
            return above
        else:
            place = (false + above) // 2
        asked[place] = is_true(place)
