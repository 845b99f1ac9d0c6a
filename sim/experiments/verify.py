"""A proof on this machine that the model computes what it says: engines, random numbers, exact answers, accounts.

Most checks compare a simulated number with an exact one in standard errors. Many are made at once, so the limit is that
of a table in which one right number too far off would be met once in a hundred tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from sim import draws
from sim.engines import ENGINES, engine
from sim.experiments.conservation import in_two_beds, lost_between, started_too_full, vanished
from sim.experiments.known_places import KnownPlace, every_stay, known_places, plan_of
from sim.experiments.runner import Arms, arms_of
from sim.experiments.spread import HERE, Spread, spread
from sim.experiments.start_up import first_quarter, with_longer_warm_up
from sim.log import StayLog, differences
from sim.plans.plan import Plan
from sim.results import BASELINE, PLAN
from sim.scenario import Scenario

REPLICATIONS = 20
"""Replications of every place with an exact answer, and of the start."""
FALSE_ALARM = 0.01
"""Chance that a right model has any number beyond the limit."""
NEGLIGIBLE = 0.02
"""Share of the level by which the start may still show."""
STAY_DAYS = 1.0
"""Mean stay of the known places; a minute, to which times are rounded, is then hardly anything."""
STAYS, SETTLING_STAYS = 4000, 100
"""Mean stays a known place is run for, and how many of them are left out at the start."""
COUNTED_STAYS, COUNT_EVERY_MINUTES = 1000, 17417
"""Mean stays run for Little's law, and minutes between counts: twelve days and a little, so that the hour changes."""
KNOWN_SEED, LITTLE_SEED = 1, 2
SCALE, SHORT_YEARS, SHORT_WARM_UP_DAYS = 0.05, 0.25, 28
PLAIN_YEARS = 1
DAY = 1440
HASH_VECTORS = (
    (0, 0, 0, 0, 0, 0, 0, 0x238275BC38FCBE91, 0x2130748AAAC80268, 0x78AE5A9A6B5FD45E, 0.47141042966848035),
    (1, 0, 0, 1, 0, 1, 0, 0xB18A02F46D8D86C3, 0x3FA25E1657E024C1, 0x1D8A1E05AF65049C, 0.11538875235364199),
    (12345, 7, 0, 1, 0, 3, 0, 0xA39915DC8FD97CC4, 0x74D13745C4329C8B, 0x0F275E443B9B81FF, 0.0591944614967429),
    (12345, 7, 0, 2**40 + 5, 2, 65535, 9,
     0xA39915DC8FD97CC4, 0x48FE5E42F12C3F78, 0x8C5872AA0724D743, 0.5482246079547112),
    (20260101, 499, 2, 987654321, 17, 12, 3,
     0xB9F30AE990EC54FA, 0x30259587D7D09F24, 0x38E88AF133ACAEFE, 0.22229832066266175),
    (2**64 - 1, 2**32 - 1, 15, 2**64 - 1, 2**32 - 1, 1, 1,
     0x46A98D95532C6712, 0xBD1E7E87FF866560, 0xD25B443A07F28390, 0.8217051164319377),
)  # fmt: skip
"""Seed, replication, stream, entity, chain, purpose, draw; and the run key, entity key, word and uniform they give."""


@dataclass(frozen=True)
class Check:
    """One line of the proof: a number, what it must be, and what it is."""

    of: str
    """What kind of check it is."""
    what: str
    """The number."""
    exact: float
    """What it must be: from theory, or by another way of counting."""
    simulated: float
    """What it is."""
    standard_error: float = math.nan
    """Standard error of the difference; not a number where nothing is left to luck."""
    negligible: float = 0.0
    """Difference that does not matter."""
    limit: float = 0.0
    """Standard errors that are taken for luck."""

    @property
    def z(self) -> float:
        """Difference in standard errors; not a number where nothing is left to luck."""
        difference = self.simulated - self.exact
        return difference / self.standard_error if self.standard_error > 0 else math.nan

    @property
    def holds(self) -> bool:
        """Whether the number is what it must be."""
        difference = abs(self.simulated - self.exact)
        return difference <= self.negligible or abs(self.z) <= self.limit

    @property
    def notices(self) -> float:
        """Smallest difference that would be noticed, as a share of the exact value."""
        least = max(self.negligible, self.limit * self.standard_error)
        return least / abs(self.exact) if self.exact and self.standard_error > 0 else math.nan


@dataclass(frozen=True)
class Part:
    """Some of the work, and the checks that follow from its results."""

    jobs: Sequence[tuple[Any, ...]]
    """Functions with their arguments."""
    checks: Callable[[list[Any]], list[Check]]
    """From the results of the jobs, in their order."""


def short(scenario: Scenario, at_its_scale: bool = False) -> Scenario:
    """The scenario for one season, at a small scale and after a short warm-up; for a year if it has arrivals only.

    ``at_its_scale`` keeps the scale as it stands.
    """
    run, people = scenario.run, scenario.place.people is not None
    changes = {
        "scale": min(run.scale, SCALE) if people and not at_its_scale else run.scale,
        "years": min(run.years, SHORT_YEARS if people else PLAIN_YEARS),
        "warm_up_days": min(run.warm_up_days, SHORT_WARM_UP_DAYS),
        "replications": 1,
    }
    return scenario.model_copy(update={"run": run.model_copy(update=changes)})


def verify(
    scenario: Scenario, how: Spread = HERE, replications: int = REPLICATIONS, at_its_scale: bool = False
) -> list[Check]:
    """Every check, the scenario's own first.

    Parameters
    ----------
    scenario
        The one on which engines are compared, people accounted for, and the start looked at.
    how
        How the work is spread; its engine is the one that is checked.
    replications
        Of the places whose answers are known, and of the start.
    at_its_scale
        True for the scenario's own scale also where that is larger than a quick proof needs.
    """
    places = known_places(STAY_DAYS)
    parts = [
        _engines(short(scenario, at_its_scale)),
        *(exact_answers(known, how.engine, replications) for known in places.values()),
        _little(places["two stages with blocking"], how.engine, replications),
        *_start_up(scenario, how.engine, replications, at_its_scale),
    ]
    return judged(_hash() + carried_out(parts, how), replications)


def carried_out(parts: Sequence[Part], how: Spread = HERE) -> list[Check]:
    """The checks of all parts, not yet judged, once their work is done."""
    jobs = [job for part in parts for job in part.jobs]
    done = dict(spread(_job, jobs, how))
    results = iter([done[number] for number in range(len(jobs))])
    return [check for part in parts for check in part.checks([next(results) for _ in part.jobs])]


def judged(found: Sequence[Check], replications: int) -> list[Check]:
    """The checks with the limit for as many numbers left to luck as there are among them."""
    uncertain = sum(check.standard_error > 0 for check in found)
    limit = float(student.ppf(1 - FALSE_ALARM / max(1, uncertain) / 2, max(1, replications - 1)))
    return [Check(**{**vars(check), "limit": limit}) for check in found]


def proof_table(checks: Sequence[Check]) -> pd.DataFrame:
    """The checks as a table: what each must be, is, its standard error, and whether it holds."""
    columns = ("of", "what", "exact", "simulated", "standard_error", "z", "notices", "holds")
    return pd.DataFrame([{name: getattr(check, name) for name in columns} for check in checks])


def _job(function: Callable[..., Any], *given: Any) -> Any:
    return function(*given)


# -- this scenario --------------------------------------------------------------------------------------------------


def _engines(scenario: Scenario) -> Part:
    arms = arms_of(scenario)

    def checks(logs: list[dict[str, list[StayLog]]]) -> list[Check]:
        plans = {BASELINE: arms.baseline, PLAN: arms.plan or arms.baseline}
        found = []
        for arm, reference in logs[0].items():
            stays = sum(len(piece.ended["person"]) for piece in reference)
            for name, own in zip(list(ENGINES)[1:], logs[1:], strict=True):
                unlike = sum(len(differences(a, b)) for a, b in zip(reference, own[arm], strict=True))
                what = f"{arm}: columns unlike in {next(iter(ENGINES))} and {name}, {stays:,} stays"
                found.append(Check("engines equal", what, 0, unlike))
        for arm, pieces in logs[0].items():
            found += accounts(plans[arm], pieces, arm)
        return found

    return Part([(replay, arms, name) for name in ENGINES], checks)


def replay(arms: Arms, by: str) -> dict[str, list[StayLog]]:
    """The logs of each arm in pieces that end where the arms part, half-way through the rest, and at the end."""
    made_by, end = engine(by), arms.baseline.names.end_minute
    state = made_by.start(arms.baseline, arms.seed, 0)
    common = [made_by.advance(state, arms.baseline, arms.part_minute)] if arms.part_minute else []
    cuts = [cut for cut in ((arms.part_minute + end) // 2, end) if cut > arms.part_minute]
    found = {}
    for name, plan in ((BASELINE, arms.baseline), (PLAN, arms.plan)):
        if plan is not None:
            own = state.copy()
            found[name] = common + [made_by.advance(own, plan, cut) for cut in cuts]
    return found


def accounts(plan: Plan, pieces: Sequence[StayLog], arm: str) -> list[Check]:
    """Conservation of people and places in the logs of one arm."""
    counts = {
        "stays lost or doubled between pieces of a run": lost_between(pieces),
        "people who vanished on their way to a stage": vanished(plan, pieces),
        "times a person was in two beds": in_two_beds(plan, pieces),
        "stays begun without a free place": started_too_full(plan, pieces),
    }
    return [Check("conservation", f"{arm}: {what}", 0, count) for what, count in counts.items()]


def _start_up(scenario: Scenario, by: str, replications: int, at_its_scale: bool) -> list[Part]:
    """The first measured quarter against the same one after a longer warm-up, at the scale of ``short``."""
    run = scenario.run.model_copy(update={"scale": short(scenario, at_its_scale).run.scale})
    both = with_longer_warm_up(scenario.model_copy(update={"run": run}))
    if both is None:
        return []

    def checks(results: list[dict[str, float]]) -> list[Check]:
        usual, longer = (pd.DataFrame(half) for half in (results[:replications], results[replications:]))
        days = scenario.run.warm_up_days
        return [
            _compared("start-up", f"{name}, after {days} days or a year more", longer[name], usual[name], NEGLIGIBLE)
            for name in usual
        ]

    return [Part([(first_quarter, arms, number, by) for arms in both for number in range(replications)], checks)]


def _compared(of: str, what: str, exact: Any, simulated: Any, negligible: float = 0.0) -> Check:
    """A number against another one simulated, replication by replication."""
    level, error = float(np.mean(exact)), _standard_error(np.asarray(simulated) - np.asarray(exact))
    return Check(of, what, level, float(np.mean(simulated)), error, negligible * abs(level))


def _standard_error(values: Any) -> float:
    return float(np.std(values, ddof=1) / len(values) ** 0.5)


# -- known to everybody ---------------------------------------------------------------------------------------------


def _hash() -> list[Check]:
    wrong = 0
    for seed, replication, stream, entity, chain, purpose, draw, *given in HASH_VECTORS:
        run = draws.run_key(seed, replication, stream)
        key = draws.entity_key(run, entity)
        address = (key, chain, purpose, draw)
        wrong += sum(
            a != b for a, b in zip((run, key, draws.word(*address), draws.uniform(*address)), given, strict=True)
        )
    return [Check("random numbers", f"numbers unlike the test vectors, of {4 * len(HASH_VECTORS)}", 0, wrong)]


def exact_answers(known: KnownPlace, by: str, replications: int) -> Part:
    """A place whose answers are known, run so many times by an engine."""
    plan = plan_of(known.place, STAYS * STAY_DAYS)

    def checks(results: list[dict[str, float]]) -> list[Check]:
        table = pd.DataFrame(results)
        return [
            Check(known.what, what, exact, float(table[what].mean()), _standard_error(table[what]))
            for what, exact in known.exact.items()
        ]

    return Part([(measured, known, plan, number, by) for number in range(replications)], checks)


def measured(known: KnownPlace, plan: Plan, replication: int, by: str) -> dict[str, float]:
    """What is measured in one replication of a known place, once it has settled."""
    made_by = engine(by)
    log = made_by.advance(made_by.start(plan, KNOWN_SEED, replication), plan, plan.names.end_minute)
    return known.measure(log, round(SETTLING_STAYS * STAY_DAYS * DAY), STAY_DAYS * DAY)


def _little(known: KnownPlace, by: str, replications: int) -> Part:
    plan = plan_of(known.place, COUNTED_STAYS * STAY_DAYS)

    def checks(results: list[dict[str, tuple[float, float]]]) -> list[Check]:
        found = []
        for what in results[0]:
            counted, expected = np.array([each[what] for each in results]).T
            found.append(_compared("Little's law", f"{what}, counted", expected, counted))
        return found

    return Part([(littles_law, plan, number, by) for number in range(replications)], checks)


def littles_law(plan: Plan, replication: int, by: str) -> dict[str, tuple[float, float]]:
    """People counted in the censuses of a run, and arrivals x mean time in its stays, for parts of two stages."""
    made_by, end = engine(by), plan.names.end_minute
    first = round(SETTLING_STAYS * STAY_DAYS * DAY)
    last = end - first
    state = made_by.start(plan, LITTLE_SEED, replication)
    pieces = [made_by.advance(state, plan, cut) for cut in (*range(first, last, COUNT_EVERY_MINUTES), end)]
    tables = {name: np.concatenate([piece.ended[name] for piece in pieces]) for name in pieces[0].ended}
    stays = every_stay(StayLog(0, end, tables, pieces[-1].open, pieces[-1].events))
    came = (stays["asked"] >= first) & (stays["asked"] < last)
    ward, there = stays["stage"] == 0, stays["started"] >= 0
    census = [(piece.open["stage"] == 0, piece.open["started"] >= 0) for piece in pieces[:-1]]

    def expected(chosen: np.ndarray, since: str, until: str) -> float:
        return float((stays[until] - stays[since])[chosen & came].sum() / (last - first))

    def counted(chosen: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        return float(np.mean([chosen(*each).sum() for each in census]))

    return {
        "people waiting for the ward": (counted(lambda w, t: w & ~t), expected(ward & there, "asked", "started")),
        "people in its beds": (counted(lambda w, t: w & t), expected(ward & there, "started", "left")),
        "people in rehabilitation": (counted(lambda w, t: ~w & t), expected(~ward & there, "started", "left")),
    }
