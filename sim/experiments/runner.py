"""Runs a scenario: every replication with the plan and without it, sharing their luck and the time before it begins.

What a run counts is in ``measures/tally.py``; what the numbers say about claims is in ``claims.py``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import pickle
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Any, Protocol, TypeVar

import pandas as pd

from sim.engines import DEFAULT, Engine, engine
from sim.errors import InputError, Problem, RunError
from sim.expected.flows import ExpectedFlows, expected_flows
from sim.experiments.claims import claims_table
from sim.experiments.precision import Looked, kept, look, looks, wanted
from sim.experiments.spread import HERE, Spread, spread
from sim.identity import fingerprint
from sim.interventions import Intervention
from sim.log import StayLog
from sim.measures.measure import MONEY_MEASURES
from sim.measures.tally import Tally
from sim.measures.wanted import OF_PROGRAMMES
from sim.money.bill import Bill, bill_of, measures_of, with_money
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.results import BASELINE, PLAN, Results, provenance
from sim.scenario import Claim, Scenario, courses_of
from sim.space import Uncertainty, draw, named, unknown, with_values
from sim.system import Place

PIECE_MINUTES = 91 * 1440
"""Longest stretch simulated before it is counted, which bounds the memory of a run."""
YEAR_MINUTES = 365 * 1440
MOST_DRAWS = 20
"""Draws of the uncertain numbers tried for one replication."""

Result = TypeVar("Result")


class Counter(Protocol):
    """Something that counts what happened, piece by piece."""

    def add(self, log: StayLog) -> None:
        """Count one piece; pieces come in order."""


@dataclass(frozen=True)
class Arms:
    """A scenario ready to be run."""

    place: Place
    flows: ExpectedFlows
    """Expected flows of the place."""
    past: Plan
    """Plan until the arms part: the baseline's, or that of the place alone, in which no programme is looked at."""
    baseline: Plan
    plan: Plan | None
    """Plan of the arm with the interventions; None if there are none."""
    part_minute: int
    """Minute at which the arms part; the end of the run if they never do."""
    seed: int
    groups: tuple[str, ...]
    """Further age groups to be counted (see ``Tally``)."""
    claims: tuple[Claim, ...] = ()
    """Claims that may ask for more than the table has."""
    bill: Bill | None = None
    """What turns activity into money; None if the place has no prices or money is not wanted."""
    measures: frozenset[str] | None = None
    """Measures wanted, in the groups, localities and periods of the claims; all if None."""

    @property
    def plans(self) -> dict[str, Plan]:
        """The plans there are, by arm."""
        return {BASELINE: self.baseline} | ({PLAN: self.plan} if self.plan else {})

    @property
    def names(self) -> tuple[str, ...]:
        """The arms there are."""
        return tuple(self.plans)

    @property
    def counted(self) -> frozenset[str] | None:
        """Measures that tables are to have: those wanted and those that their money is made of; all if None."""
        wanted, bill = self.measures, self.bill
        return wanted if wanted is None or bill is None else wanted | measures_of(bill)


def run(
    scenario: Scenario, how: Spread = HERE, *, command: str = "", uncertain: bool = False, until_precise: bool = False
) -> Results:
    """Both arms of every replication of a scenario, and its claims.

    Parameters
    ----------
    scenario
        What to run; its run settings say how long and how often.
    how
        How the replications are spread; the numbers do not depend on it.
    command
        The command line, for the provenance.
    uncertain
        True for a draw of all uncertain numbers in each replication, the same in both arms.
    until_precise
        True for as many replications as the scenario's ``precision`` needs, and no more than its cap.

    Raises RunError if a replication cannot go on, InputError if published figures of the place contradict each other.
    Interrupted from the keyboard, it gives the replications that are done, and says so in ``provenance["cut_short"]``.
    """
    settings, arms = scenario.run, arms_of(scenario)
    unsure = unsure_numbers(scenario) if uncertain else ()
    wishes = wanted(scenario) if until_precise else ()
    planned = looks(settings.most_replications) if until_precise else (settings.replications,)
    tables: list[pd.DataFrame] = []
    found: list[Looked] = []
    drawn_again, cut_short = 0, ""
    for until in planned:
        now, numbers = _further(how, len(tables), planned[-1]), range(len(tables), until)
        try:
            more = in_order(_one, _work(scenario, arms, unsure, numbers, how.engine), now)
        except CutShort as stopped:
            more = stopped.done
            cut_short = f"interrupted after {len(tables) + len(more)} of {planned[-1]} replications"
            if not (tables or more):
                raise
        drawn_again += sum(again for _, again in more)
        tables += [table for table, _ in more]
        measures = pd.concat(tables, ignore_index=True)
        found = look(wishes, measures, len(planned), settings.seed)
        if cut_short or all(each.is_reached for each in found):
            break
    if how.progress:
        how.progress(len(tables), len(tables))
    made = _made(scenario, how, len(tables), command, unsure, drawn_again, cut_short)
    made |= {"precision": kept(found, planned, len(tables))} if until_precise else {}
    return Results(measures, claims_table(scenario, measures, uncertain), made)


def run_together(
    scenarios: Mapping[str, Scenario], how: Spread = HERE, *, command: str = "", uncertain: bool = False
) -> dict[str, Results]:
    """What ``run`` gives of each of several scenarios, by name; they are run side by side, replication by replication.

    So an interruption leaves nearly the same replications of each; one that leaves none of a scenario ends all.
    """
    unsure = {name: unsure_numbers(each) if uncertain else () for name, each in scenarios.items()}
    sizes = {name: range(each.run.replications) for name, each in scenarios.items()}
    work = {name: _work(each, arms_of(each), unsure[name], sizes[name], how.engine) for name, each in scenarios.items()}
    most = max(map(len, work.values()))
    jobs = [(name, jobs[n]) for n in range(most) for name, jobs in work.items() if n < len(jobs)]
    try:
        done, is_cut_short = in_order(_one, [job for _, job in jobs], how), False
    except CutShort as stopped:
        done, is_cut_short = stopped.done, True
        if len(done) < len(scenarios):
            raise
    found = {}
    for name, scenario in scenarios.items():
        own = [each for (of, _), each in zip(jobs, done, strict=False) if of == name]
        measures, again = pd.concat([table for table, _ in own], ignore_index=True), sum(again for _, again in own)
        stopped_at = f"interrupted after {len(own)} of {len(work[name])} replications" if is_cut_short else ""
        made = _made(scenario, how, len(own), command, unsure[name], again, stopped_at)
        found[name] = Results(measures, claims_table(scenario, measures, uncertain), made)
    return found


def _made(
    scenario: Scenario, how: Spread, n: int, command: str, unsure: Sequence[Uncertainty], again: int, cut_short: str
) -> dict[str, Any]:
    """The provenance of so many replications.

    Where numbers were drawn, ``rows_sha256`` has the hash of each one's first draw; with scenario, seed and number it
    also says which one was used where further ones were taken.
    """
    made = provenance(scenario, how.engine, scenario.run.seed, n, command)
    if unsure:
        made["uncertain"] = {"numbers": len(unsure), "drawn_again": again}
        made["rows_sha256"] = [fingerprint(named(unsure, row)) for row in draw(unsure, n, scenario.run.seed)]
    return made | ({"cut_short": cut_short} if cut_short else {})


def _further(how: Spread, before: int, most: int) -> Spread:
    """The same way of spreading work, telling how far all of it is when so many replications are done already."""
    tell = how.progress
    return replace(how, progress=(lambda done, of: tell(before + done, most)) if tell else None)


def simulated(scenario: Scenario, uncertain: bool = False, until_precise: bool = False) -> str:
    """What is simulated, as in "all people, 2 years measured after 1 year of warm-up, 4 replications"."""
    settings = scenario.run
    times = f"{settings.replications} replication" + "s" * (settings.replications != 1)
    if until_precise:
        times = f"replications until precise, at most {settings.most_replications}"
    draws = f", a draw of {len(unknown(scenario))} uncertain numbers in each" if uncertain else ""
    return f"{size_and_time(scenario)}, {times}{draws}"


def size_and_time(scenario: Scenario) -> str:
    """How many and how long are simulated, as in "all people, 2 years measured after 1 year of warm-up"."""
    settings = scenario.run
    of = "people" if scenario.place.people else "arrivals"
    size = f"all {of}" if settings.scale == 1 else f"{of} and capacities at scale {settings.scale:g}"
    warm_up = f" after {_years(settings.warm_up_days / 365)} of warm-up" if settings.warm_up_days else ""
    return f"{size}, {_years(settings.years)} measured{warm_up}"


def _years(years: float) -> str:
    if years < 1:
        return f"{round(365 * years)} days"
    return f"{years:.3g} year" + "s" * (years != 1)


# -- one scenario --------------------------------------------------------------------------------------------------


def arms_of(scenario: Scenario, measures: Collection[str] | None = None, beside: Arms | None = None) -> Arms:
    """The plans of a scenario's arms, and the minute at which they part.

    ``measures`` names those that are wanted, which take a fraction of the time; whom the programmes would have enrolled
    is looked at in the baseline only if one of them asks. ``beside`` are those of another scenario with the same place
    and past (see ``futures.families``), which are not worked out again.
    """
    place_alone = scenario.model_copy(update={"interventions": ()})
    try:
        flows = beside.flows if beside else expected_flows(scenario.place)
        if measures is None or not has_past_of_place(scenario):
            past = baseline = compile_plan(scenario, with_interventions=False, flows=flows)
        else:
            past = baseline = _past_beside(scenario, beside) or compile_plan(place_alone, flows=flows)
            if not OF_PROGRAMMES.isdisjoint(measures):
                baseline = compile_plan(scenario, with_interventions=False, flows=flows)
        plan = compile_plan(scenario, flows=flows) if scenario.interventions else None
    except ValueError as error:
        raise InputError([Problem("place", f"it cannot be worked out: {error}")]) from error
    names = baseline.names
    part = max(0, (first_change(scenario) - names.first_day).days) * 1440
    groups = {claim.group for claim in scenario.claims if "," in claim.group}
    is_money_wanted = measures is None or not MONEY_MEASURES.isdisjoint(measures)
    return Arms(
        scenario.place,
        flows,
        past,
        baseline,
        plan,
        min(part, names.end_minute),
        scenario.run.seed,
        tuple(sorted(groups)),
        scenario.claims,
        bill_of(scenario) if is_money_wanted else None,
        None if measures is None else frozenset(measures),
    )


def _past_beside(scenario: Scenario, beside: Arms | None) -> Plan | None:
    """The past of another scenario's arms if it is looked at for as long as this one is."""
    return beside.past if beside and beside.past.days == scenario.run.days else None


def has_past_of_place(scenario: Scenario) -> bool:
    """True if what comes before its plan is its place's, whatever the plan: no course of a condition is followed."""
    return not courses_of(scenario)


def first_change(scenario: Scenario) -> dt.date:
    """First day on which its interventions may change anything."""
    return min((_first_date(each) for each in scenario.interventions), default=dt.date.max)


def _first_date(intervention: Intervention) -> dt.date:
    steps = [*(step.from_date for step in intervention.beds), *(step.from_date for step in intervention.needs)]
    return min([intervention.ramp.starts, *steps])


# -- one replication -----------------------------------------------------------------------------------------------


def replication(arms: Arms, number: int, wanted: Sequence[str], by: str = DEFAULT) -> pd.DataFrame:
    """The tidy tables of one replication's arms, with columns ``arm`` and ``replication``.

    ``by`` names the engine, which does not change the numbers.
    """
    return table_of(arms, tallies(arms, number, wanted, by), number)


def table_of(arms: Arms, found: Mapping[str, Tally], number: int) -> pd.DataFrame:
    """The tidy tables of what was counted in one replication, as of ``replication``."""
    tables = [tally.table().assign(arm=name, replication=number) for name, tally in found.items()]
    # money is saved against the baseline
    return with_money(pd.concat(tables, ignore_index=True), arms.bill if BASELINE in found else None)


def tallies(arms: Arms, number: int, wanted: Sequence[str], by: str = DEFAULT) -> dict[str, Tally]:
    """What is counted in one replication of the wanted arms, by arm."""
    return side_by_side([arms], number, wanted, by)[0]


def side_by_side(
    several: Sequence[Arms], number: int, wanted: Sequence[str], by: str = DEFAULT
) -> list[dict[str, Tally]]:
    """What is counted of several scenarios in one replication of the wanted arms, of each by arm.

    All have the same place, but for how long it is looked at, and part from it on the same day. Until then they are
    one run; then each plan goes on from a copy of its state, and baselines that look at nothing but the place are one
    to the end of each.
    """
    made_by, part_minute = engine(by), several[0].part_minute
    counted = [
        {
            name: Tally(plan.names, arms.groups, arms.claims, arms.counted)
            for name, plan in arms.plans.items()
            if name in wanted
        }
        for arms in several
    ]
    past = max((arms.past for arms in several), key=lambda plan: plan.days)
    state = made_by.start(past, several[0].seed, number)
    carry_on(made_by, state, past, part_minute, [tally for each in counted for tally in each.values()])
    go_on: list[Tally] = []
    for arms, found in zip(several, counted, strict=True):
        for name, tally in found.items():
            plan = arms.plans[name]
            if plan is arms.past:
                go_on.append(tally)
            else:
                carry_on(made_by, state.copy(), plan, plan.names.end_minute, [tally])
    for end in sorted({tally.names.end_minute for tally in go_on}):
        carry_on(made_by, state, past, end, [tally for tally in go_on if tally.names.end_minute >= end])
    return counted


def carry_on(made_by: Engine, state: Any, plan: Plan, until_minute: int, tallies: Sequence[Counter]) -> None:
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


def _work(
    scenario: Scenario, arms: Arms, unsure: Sequence[Uncertainty], numbers: range, by: str
) -> list[tuple[Any, ...]]:
    """What ``_one`` takes for each of some replications."""
    if not unsure:
        return [(arms, (), n, by) for n in numbers]
    draws = draw(unsure, numbers.stop, scenario.run.seed)
    return [(scenario, draws[n].tolist(), n, by) for n in numbers]


def _one(of: Arms | Scenario, values: Sequence[float], number: int, by: str) -> tuple[pd.DataFrame, int]:
    """One replication, of a scenario with its own draw of the uncertain numbers, and how often it was drawn again."""
    if isinstance(of, Arms):
        return replication(of, number, of.names, by), 0
    return drawn_replication(of, values, number, by)


class CutShort(KeyboardInterrupt):
    """Work that was interrupted from the keyboard."""

    def __init__(self, done: list[Any]) -> None:
        super().__init__("interrupted; nothing of it was kept, and the same command begins again")
        self.done = done
        """What was done, from the first piece of work on and without gaps."""


def replications(jobs: Sequence[tuple[Arms, int, Sequence[str]]], how: Spread = HERE) -> list[pd.DataFrame]:
    """The table of each job (see ``replication``), in their order."""
    return in_order(replication, [(*job, how.engine) for job in jobs], how)


def in_order(function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], how: Spread) -> list[Result]:
    """What a function gives for each job, in their order; CutShort with the first ones if interrupted."""
    keys = [hashlib.sha256(pickle.dumps(job)).hexdigest() for job in jobs] if how.cluster else []
    found: dict[int, Result] = {}
    try:
        found.update(spread(function, jobs, how, keys))
    except KeyboardInterrupt:
        raise CutShort([found[number] for number in takewhile(found.__contains__, range(len(jobs)))]) from None
    return [found[number] for number in range(len(jobs))]


# -- uncertain numbers ---------------------------------------------------------------------------------------------


def unsure_numbers(scenario: Scenario) -> tuple[Uncertainty, ...]:
    """The numbers to draw; InputError if there are none."""
    found = unknown(scenario)
    if not found:
        what = "no number of this scenario has a range: give `low` and `high` to those nobody knows"
        raise InputError([Problem("--uncertain", what)])
    return found


def drawn_replication(
    scenario: Scenario, values: Sequence[float], number: int, by: str = DEFAULT
) -> tuple[pd.DataFrame, int]:
    """One replication of all arms with its own draw of the uncertain numbers, and how often it was drawn again."""
    unsure = unknown(scenario)
    arms, again = drawn_arms(scenario, unsure, values, number)
    return replication(arms, number, arms.names, by), again


def drawn_arms(
    scenario: Scenario,
    unsure: Sequence[Uncertainty],
    values: Sequence[float],
    number: int,
    only: Container[str] | None = None,
    measures: Collection[str] | None = None,
    beside: Arms | None = None,
) -> tuple[Arms, int]:
    """The arms of one replication with its own draw of the uncertain numbers, and how often it was drawn again.

    ``values`` are its draw, in the order of ``unsure``. Drawn one by one, published figures may contradict each other,
    so that no plan can be worked out from them. Then the same one of further draws is taken, so that a replication is a
    function of scenario, seed and number alone. ``only`` names those that are drawn, all if left out: what an
    experiment sets by itself stays as it set it. ``measures``: see ``arms_of``. ``beside`` has the place as this draw
    makes it.
    """
    for again in range(MOST_DRAWS):
        if again:
            values, beside = draw(unsure, number + 1, scenario.run.seed, again)[number].tolist(), None
        try:
            chosen = {name: value for name, value in named(unsure, values).items() if only is None or name in only}
            drawn = with_values(scenario, chosen, beside.place if beside else None)
            return arms_of(drawn, measures, beside), again
        except InputError as error:
            reason = error
    raise RunError(
        f"replication {number}: {MOST_DRAWS} draws of the uncertain numbers contradict themselves, the last one so: "
        f"{reason}. Narrow the ranges of the numbers it names"
    )
