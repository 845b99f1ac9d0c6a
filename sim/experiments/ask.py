"""Puts the claims of a scenario to the test over many futures: how often each holds, what decides it, what is enough.

Each future draws every number that has a range, and has its own luck; all arms of it share both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.errors import InputError, Problem
from sim.experiments import verdicts
from sim.experiments.answers import Answer, Answers, Decider, Edge, Luck, Range, Region, Share
from sim.experiments.claims import ADMISSIONS, naive_figure
from sim.experiments.deciders import Ranking, box, ranked
from sim.experiments.futures import Futures, futures_of_each, more_futures
from sim.experiments.precision import estimate
from sim.experiments.runner import CutShort, size_and_time
from sim.experiments.spread import HERE, Progress, Spread
from sim.experiments.tested import Asked, Levels, asked, levels
from sim.experiments.what_is_enough import alike, enough
from sim.measures.definitions import MEASURES
from sim.results import CONFIDENCE, provenance
from sim.scenario import Claim, Scenario
from sim.space import Uncertainty, unknown

Floats = npt.NDArray[np.float64]

FIRST_LOOK = 100
"""Futures at the first look; each look after it has twice as many."""
MOST = 400
"""Futures at the last look, unless another number is asked for."""
TWICE = 50
"""Futures run twice, at most half of them, to tell luck from what nobody knows."""
ENOUGH = 50
"""Futures run at each value tried for what is enough."""
NAMED = 5
"""Deciding numbers that are kept."""


def ask(
    scenario: Scenario,
    how: Spread = HERE,
    *,
    futures: int | None = None,
    most: int = MOST,
    claims: Sequence[int] = (),
    break_even: bool = True,
    twice: int = TWICE,
    command: str = "",
) -> Answers:
    """What is found of the claims of a scenario.

    Parameters
    ----------
    scenario
        Its run settings give seed, years and scale; its replications are not used, as each future is one.
    how
        How the futures are spread; the numbers do not depend on it.
    futures
        Number of futures. Left out, it is looked at 100, 200, 400 ... of them whether all claims are settled.
    most
        Futures at the last look.
    claims
        Numbers of the claims to ask about, from 1; all if left out.
    break_even
        Whether to look for the value that is enough, for claims that name a number.
    twice
        Futures that are run twice, to tell luck from what nobody knows.
    command
        The command line, for the provenance.

    Interrupted from the keyboard it answers from the futures that are done, and says so in ``cut_short``. Raises
    InputError if there is no such claim, RunError if a future cannot go on.
    """
    chosen = _chosen(scenario, claims)
    own = scenario.model_copy(update={"claims": tuple(claim for _, claim in chosen)})
    looks = looks_of(futures, most)
    told = _Told(how.progress, looks[-1] + (len(alike(own.claims)) * ENOUGH if break_even else 0))
    found, answers, cut_short = _settled(own, chosen, looks, twice, replace(how, progress=told.phase(0)))
    told.done = looks[-1]
    if break_even and not cut_short:
        try:
            _find_enough(own, answers, found, ENOUGH, how, told)
        except CutShort:
            cut_short = "interrupted while looking for what is enough"
    told.finish()
    return _kept(scenario, answers, found, looks, cut_short, how, command)


def asked_together(
    scenarios: Sequence[Scenario], futures: int, twice: int, how: Spread = HERE, command: str = "", first: int = 0
) -> list[Answers]:
    """What is found of the claims of each of some scenarios that share their past (see ``futures.families``).

    The same as ``ask`` with so many futures says of each, in less time. What is enough is looked for in the ``first``
    so many of them. Interrupted from the keyboard it keeps nothing.
    """
    times = [_times(scenario, futures, twice) for scenario in scenarios]
    told = _Told(how.progress, futures + first * sum(len(alike(scenario.claims)) for scenario in scenarios))
    found = futures_of_each(scenarios, range(futures), times, replace(how, progress=told.phase(0)))
    told.done = futures
    if any(each.is_cut_short for each in found):
        raise KeyboardInterrupt("interrupted; the same command begins again")
    together = []
    for scenario, own in zip(scenarios, found, strict=True):
        answers = [_answer(scenario, number, claim, own, looks=1) for number, claim in _chosen(scenario, ())]
        if first:
            _find_enough(scenario, answers, own, first, how, told)
        together.append(_kept(scenario, answers, own, (futures,), "", how, command))
    told.finish()
    return together


def _find_enough(
    scenario: Scenario, answers: list[Answer], found: Futures, first: int, how: Spread, told: _Told
) -> None:
    """Adds what is enough to the answers whose claims name a number; CutShort if interrupted, with those done added."""
    for places in alike(scenario.claims):
        now = replace(how, progress=told.phase(told.done))
        each = enough(scenario, [scenario.claims[place] for place in places], found, first, now)
        for place, what in zip(places, each, strict=True):
            answers[place] = answers[place].model_copy(update={"enough": what})
        told.done += first


def looks_of(futures: int | None, most: int = MOST) -> tuple[int, ...]:
    """Numbers of futures at which is looked: one if it is fixed, else 100, doubled, up to the most."""
    if futures is not None:
        return (futures,)
    return (*(FIRST_LOOK * 2**k for k in range(most.bit_length()) if FIRST_LOOK * 2**k < most), most)


class _Told:
    """How far the whole of it is, in runs."""

    def __init__(self, tell: Progress | None, of: int) -> None:
        self.tell, self.of, self.done = tell, of, 0

    def phase(self, before: int) -> Progress | None:
        """What one piece of the work is told by."""
        tell, of = self.tell, self.of
        return (lambda done, _: tell(min(before + done, of - 1), of)) if tell else None

    def finish(self) -> None:
        """There is no more to do."""
        if self.tell:
            self.tell(self.of, self.of)


def _chosen(scenario: Scenario, numbers: Sequence[int]) -> list[tuple[int, Claim]]:
    """The claims asked about with their numbers; InputError if there are none."""
    there = dict(enumerate(scenario.claims, 1))
    if not there:
        raise InputError([Problem("claims", "this scenario claims nothing: write what is claimed under `claims:`")])
    lost = [number for number in numbers if number not in there]
    if lost:
        raise InputError([Problem("--claim", f"there is no claim {lost[0]}; the scenario has {len(there)}")])
    return [(number, there[number]) for number in dict.fromkeys(numbers or there)]


def _settled(
    own: Scenario, chosen: Sequence[tuple[int, Claim]], looks: Sequence[int], twice: int, how: Spread
) -> tuple[Futures, list[Answer], str]:
    """The futures looked at until every claim is settled, what they say, and what was cut short."""
    times = _times(own, looks[-1], twice)
    found: Futures | None = None
    for until in looks:
        before = found.count if found else 0
        now = replace(how, progress=_after(how.progress, before))
        found = more_futures(own, found, until, times, now)
        if not found.count:
            raise KeyboardInterrupt("interrupted before one future was done; the same command begins again")
        answers = [_answer(own, number, claim, found, len(looks)) for number, claim in chosen]
        if found.is_cut_short:
            return found, answers, f"interrupted after {found.count} of {looks[-1]} futures"
        if all(answer.settled_by != "runs" for answer in answers):
            break
    assert found is not None, "there is at least one look"
    return found, answers, ""


def _times(scenario: Scenario, futures: int, twice: int) -> list[int]:
    """How often each future is run: each twice where a claim is about the expectation.

    Otherwise so many of the first ones, half of them at most, and none where nothing but luck differs.
    """
    if any(claim.which == "expectation" for claim in scenario.claims):
        twice = futures
    else:
        twice = min(twice, futures // 2) if unknown(scenario) else 0
    return [2] * twice + [1] * (futures - twice)


def _after(tell: Progress | None, before: int) -> Callable[[int, int], None] | None:
    return (lambda done, of: tell(before + done, of)) if tell else None


def _kept(
    scenario: Scenario, answers: Sequence[Answer], found: Futures, looks: Sequence[int], cut_short: str,
    how: Spread, command: str,
) -> Answers:  # fmt: skip
    numbers = found.drawn.shape[1]
    return Answers(
        scenario=scenario.name,
        question=scenario.question,
        place=scenario.place.name,
        simulated=f"{size_and_time(scenario)}, {found.count} futures",
        answers=tuple(answers),
        numbers=numbers,
        drawn_again=found.drawn_again,
        looks=tuple(look for look in looks if look <= found.count) or (found.count,),
        cut_short=cut_short,
        provenance=provenance(scenario, how.engine, scenario.run.seed, found.count, command),
    )


# -- one claim -----------------------------------------------------------------------------------------------------


def _answer(scenario: Scenario, number: int, claim: Claim, found: Futures, looks: int) -> Answer:
    """What the futures say of one claim."""
    said, confidence = asked(claim), 1 - (1 - CONFIDENCE) / looks
    once, twice = (_levels(claim, found, time) for time in (0, 1))
    one, two = once.values(said.kind), twice.values(said.kind)
    luck = _luck(one[:TWICE], two[:TWICE])
    values = verdicts.expected(one, two) if claim.which == "expectation" else one
    known = values[np.isfinite(values)]
    holds = _holds(claim, said, one, two, confidence)
    verdict, settled_by, needed = verdicts.verdict(holds, claim.certainty, confidence, luck.share if luck else None)
    ranking = ranked(found.drawn.to_numpy(), values, scenario.run.seed)
    has_plan = bool(scenario.interventions)
    rows = found.rows[found.rows["time"] == 0]
    return Answer(
        number=number,
        claim=claim,
        kind=said.kind,
        claimed_value=said.value,
        is_upper_limit=said.is_upper_limit,
        holds=holds,
        confidence=confidence,
        verdict=verdict,
        settled_by=settled_by,
        futures_needed=needed,
        modelled=_range(values, scenario.run.seed),
        effect=_range(once.plan - once.baseline, scenario.run.seed),
        better=_better(claim, said, once) if has_plan else None,
        without_plan=_without(claim, said, once) if has_plan else None,
        baseline=_mean(once.baseline),
        plan=_mean(once.plan),
        luck=luck,
        deciders=_deciders(scenario, found, ranking),
        region=_region(scenario, said, found, values, ranking),
        enough=None,
        naive=naive_figure(scenario, rows) if claim.measure in ADMISSIONS else "",
        by_future=tuple(known.tolist()),
    )


def _levels(claim: Claim, found: Futures, time: int) -> Levels:
    """Levels by future in its first or second repetition; NaN where it has none."""
    level = levels(claim, found.rows[found.rows["time"] == time])
    every = np.arange(found.count)
    there = np.isin(every, level.replications)
    arms = []
    for arm in (level.baseline, level.plan):
        whole = np.full(found.count, np.nan)
        whole[there] = arm
        arms.append(whole)
    return Levels(every, *arms)


def _holds(claim: Claim, said: Asked, one: Floats, two: Floats, confidence: float) -> Share:
    """In how many futures the claim holds."""
    if claim.which == "expectation":
        return verdicts.share_of_expectations(said, one, two, confidence)
    known = one[np.isfinite(one)]
    return verdicts.share(float(said.holds(known).sum()), len(known), confidence)


def _better(claim: Claim, said: Asked, level: Levels) -> Share:
    """In how many futures the plan is better than without it, in the direction that is good or else claimed."""
    lower = MEASURES[claim.measure].lower_is_better
    down = said.is_upper_limit if lower is None or said.kind == "on_days" else lower
    change = level.plan - level.baseline
    known = change[np.isfinite(change)]
    return verdicts.share(float(((known < 0) if down else (known > 0)).sum()), len(known))


def _without(claim: Claim, said: Asked, level: Levels) -> Share | None:
    """In how many futures the claimed level is met without the plan."""
    if said.kind in ("change", "change_per_cent"):
        return None
    known = level.baseline[np.isfinite(level.baseline)]
    return verdicts.share(float(said.holds(known).sum()), len(known))


def _range(values: Floats, seed: int) -> Range:
    known = values[np.isfinite(values)]
    if not len(known):
        return Range(mean=None, mean_low=None, mean_high=None, middle=None, low=None, high=None)
    found = estimate(known, seed=seed)
    low, middle, high = np.quantile(known, [0.025, 0.5, 0.975]).tolist()
    return Range(
        mean=found.mean, mean_low=_plain(found.low), mean_high=_plain(found.high), middle=middle, low=low, high=high
    )


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _plain(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _luck(one: Floats, two: Floats) -> Luck | None:
    """Share of the variance within futures run twice (one-way analysis of variance; Shrout and Fleiss 1979)."""
    both = np.isfinite(one) & np.isfinite(two)
    first, second, n = one[both], two[both], int(both.sum())
    if n < FIRST_LOOK // 10 or not np.ptp(np.concatenate([first, second])):
        return None
    between, within = 2 * np.var((first + second) / 2, ddof=1), float(np.mean((first - second) ** 2) / 2)
    ratio = between / within if within else math.inf
    tail = stats.f.ppf((1 + CONFIDENCE) / 2, [n - 1, n], [n, n - 1])
    share, low, high = (min(1.0, 2 / (each + 1)) for each in (ratio, ratio * float(tail[1]), ratio / float(tail[0])))
    return Luck(share=share, low=low, high=high, futures=n)


# -- what decides it -----------------------------------------------------------------------------------------------


def _deciders(scenario: Scenario, found: Futures, ranking: Ranking) -> tuple[Decider, ...]:
    numbers = {each.name: each for each in unknown(scenario)}
    return tuple(
        _decider(numbers[str(found.drawn.columns[column])], size, abs(size) > ranking.noise)
        for column, size in zip(ranking.order[:NAMED], ranking.correlation[:NAMED], strict=True)
    )


def _decider(number: Uncertainty, correlation: float, is_beyond_noise: bool) -> Decider:
    return Decider(
        path=number.name, correlation=correlation, is_beyond_noise=is_beyond_noise, low=number.low, high=number.high,
        source=number.source, is_assumption=number.is_assumption,
    )  # fmt: skip


def _region(scenario: Scenario, said: Asked, found: Futures, values: Floats, ranking: Ranking) -> Region | None:
    """Where it fails, or where it holds if it mostly fails, among the numbers that stand out."""
    known = np.isfinite(values)
    fails = ~said.holds(values[known])
    where, is_so = ("fails", fails) if fails.mean() <= 0.5 else ("holds", ~fails)
    drawn = found.drawn.to_numpy()[known]
    limits = box(drawn, is_so, ranking.beyond_noise)
    if limits is None:
        return None
    edges = tuple(
        Edge(path=str(found.drawn.columns[side.column]), low=_plain(side.low), high=_plain(side.high), p=side.p)
        for side in limits.sides
    )
    return Region(
        where="fails" if where == "fails" else "holds", edges=edges, coverage=limits.coverage, density=limits.density,
        futures=limits.futures, elsewhere=float(is_so.mean()),
    )  # fmt: skip
