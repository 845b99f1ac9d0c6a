"""Runs a scenario: every replication with the plan and without it, sharing their luck and the time before it begins.

What a run counts is in ``tally.py``; what the numbers say about claims is in ``claims.py``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from sim.compile_plan import compile_plan
from sim.engines import DEFAULT, Engine, engine
from sim.errors import InputError, Problem
from sim.experiments.claims import claims_table
from sim.experiments.spread import HERE, Spread, spread
from sim.interventions import Intervention
from sim.plan import Plan
from sim.results import BASELINE, PLAN, Results, provenance
from sim.scenario import Scenario
from sim.tally import Tally

PIECE_MINUTES = 91 * 1440
"""Longest stretch simulated before it is counted, which bounds the memory of a run."""
YEAR_MINUTES = 365 * 1440


@dataclass(frozen=True)
class Arms:
    """A scenario ready to be run."""

    baseline: Plan
    plan: Plan | None
    """Plan of the arm with the interventions; None if there are none."""
    part_minute: int
    """Minute at which the arms part; the end of the run if they never do."""
    seed: int
    groups: tuple[str, ...]
    """Further age groups to be counted (see ``Tally``)."""

    @property
    def names(self) -> tuple[str, ...]:
        """The arms there are."""
        return (BASELINE,) if self.plan is None else (BASELINE, PLAN)


def run(scenario: Scenario, how: Spread = HERE, *, command: str = "") -> Results:
    """Both arms of every replication of a scenario, and its claims.

    Parameters
    ----------
    scenario
        What to run; its run settings say how long and how often.
    how
        How the replications are spread; the numbers do not depend on it.
    command
        The command line, for the provenance.

    Raises RunError if a replication cannot go on, InputError if published figures of the place contradict each other.
    """
    arms, number = arms_of(scenario), scenario.run.replications
    tables = replications([(arms, replication, arms.names) for replication in range(number)], how)
    measures = pd.concat(tables, ignore_index=True)
    made = provenance(scenario, how.engine, scenario.run.seed, number, command)
    return Results(measures, claims_table(scenario, measures), made)


def simulated(scenario: Scenario) -> str:
    """What is simulated, as in "all people, 2 years measured after 1 year of warm-up, 4 replications"."""
    settings = scenario.run
    of = "people" if scenario.place.people else "arrivals"
    size = f"all {of}" if settings.scale == 1 else f"{of} and capacities at scale {settings.scale:g}"
    warm_up = f" after {_years(settings.warm_up_days / 365)} of warm-up" if settings.warm_up_days else ""
    times = f"{settings.replications} replication" + "s" * (settings.replications != 1)
    return f"{size}, {_years(settings.years)} measured{warm_up}, {times}"


def _years(years: float) -> str:
    if years < 1:
        return f"{round(365 * years)} days"
    return f"{years:.3g} year" + "s" * (years != 1)


# -- one scenario --------------------------------------------------------------------------------------------------


def arms_of(scenario: Scenario) -> Arms:
    """The plans of a scenario's arms, and the minute at which they part."""
    try:
        baseline = compile_plan(scenario, with_interventions=False)
        plan = compile_plan(scenario) if scenario.interventions else None
    except ValueError as error:
        raise InputError([Problem("place", f"it cannot be worked out: {error}")]) from error
    names = baseline.names
    first = min((_first_date(each) for each in scenario.interventions), default=dt.date.max)
    part = max(0, (first - names.first_day).days) * 1440
    groups = {claim.group for claim in scenario.claims if "," in claim.group}
    return Arms(baseline, plan, min(part, names.end_minute), scenario.run.seed, tuple(sorted(groups)))


def _first_date(intervention: Intervention) -> dt.date:
    """First day on which an intervention may change anything."""
    steps = [*(step.from_date for step in intervention.beds), *(step.from_date for step in intervention.needs)]
    return min([intervention.ramp.starts, *steps])


# -- one replication -----------------------------------------------------------------------------------------------


def replication(arms: Arms, number: int, wanted: Sequence[str], by: str = DEFAULT) -> pd.DataFrame:
    """The tidy tables of one replication's arms, with columns ``arm`` and ``replication``.

    The arms are one run until they part, and each goes on from a copy of the same state. ``by`` names the engine, which
    does not change the numbers.
    """
    made_by = engine(by)
    plans = {name: plan for name, plan in ((BASELINE, arms.baseline), (PLAN, arms.plan)) if plan and name in wanted}
    tallies = {name: Tally(plan.names, arms.groups) for name, plan in plans.items()}
    state = made_by.start(arms.baseline, arms.seed, number)
    _carry_on(made_by, state, arms.baseline, arms.part_minute, list(tallies.values()))
    for position, (name, plan) in enumerate(plans.items()):
        own = state.copy() if position < len(plans) - 1 else state
        _carry_on(made_by, own, plan, plan.names.end_minute, [tallies[name]])
    found = [tally.table().assign(arm=name, replication=number) for name, tally in tallies.items()]
    return pd.concat(found, ignore_index=True)


def _carry_on(made_by: Engine, state: Any, plan: Plan, until_minute: int, tallies: list[Tally]) -> None:
    """Carry a state on piece by piece, counting each.

    Pieces end where measured years do, so that what is looked at once a piece is looked at there, and at the same
    minutes in every arm.
    """
    names = plan.names
    years = range(names.warm_up_minutes, names.end_minute, YEAR_MINUTES)
    borders = {*range(0, names.end_minute, PIECE_MINUTES), *years}
    inside = sorted({state.minute, until_minute} | {b for b in borders if state.minute < b < until_minute})
    for _, border in pairwise(inside):
        log = made_by.advance(state, plan, border)
        for tally in tallies:
            tally.add(log)


# -- many replications ---------------------------------------------------------------------------------------------


def replications(jobs: Sequence[tuple[Arms, int, Sequence[str]]], how: Spread = HERE) -> list[pd.DataFrame]:
    """The table of each job (see ``replication``), in their order."""
    given = [(*job, how.engine) for job in jobs]
    keys = [hashlib.sha256(pickle.dumps(job)).hexdigest() for job in jobs] if how.cluster else []
    found = dict(spread(replication, given, how, keys))
    return [found[number] for number in range(len(jobs))]
