"""From daily counts to the tidy table of measures, and the table of what gives first.

What each measure is made of is in ``definitions.py``; nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.measures.counting import YEAR_DAYS, Ints
from sim.measures.daily import DailyCounts
from sim.measures.definitions import MEASURES
from sim.measures.derived import Counts, members
from sim.measures.measure import PER_1000, PER_DAY, PER_YEAR, Formula
from sim.measures.wanted import OF_REGISTERS, OF_THE_LIVING, Wanted
from sim.quantities import AGES
from sim.rules import DAY
from sim.scenario import ALL

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OLDER = AGES[1:]
COLUMNS = ("measure", "period", "group", "locality", "of", "value")
EXCEEDS = 1.1
"""A pool gives when its waiting exceeds the baseline's by 10% ..."""
EXCEEDS_PEOPLE = 1.0
"""... and by one person, so that a hardly used pool does not count."""


@dataclass(frozen=True)
class Block:
    """Periods that are cut by the same groups and localities."""

    periods: tuple[str, ...]
    """Their names."""
    first: npt.NDArray[np.int64]
    """First day of each, from the first measured day."""
    last: npt.NDArray[np.int64]
    """Day after the last of each."""
    groups: dict[str, Floats]
    """Groups, `all` first, with the weight of each age band (0 or 1)."""
    localities: dict[str, Floats]
    """Localities, `all` first, with the weight of each locality (0 or 1)."""
    years: Floats
    """What a count is divided by: the years of the period, or 1 where the count itself is given."""

    def sums(self, counts: Ints | Floats) -> Floats:
        """Sum daily counts ``[part, age, locality, day]`` to ``[part, group, locality, period]``."""
        if len(self.groups) * len(self.localities) == 1:
            counts = counts.sum(axis=(1, 2), keepdims=True)
        bounds = np.unique(np.concatenate((self.first, self.last)))
        between = np.add.reduceat(counts[..., : bounds[-1]], bounds[:-1], axis=-1)
        running = np.concatenate((np.zeros((*counts.shape[:3], 1)), np.cumsum(between, axis=-1)), axis=-1)
        first, last = np.searchsorted(bounds, self.first), np.searchsorted(bounds, self.last)
        periods: Floats = running[..., last] - running[..., first]
        return periods if counts.shape[1:3] == (1, 1) else self.cut(periods)

    def cut(self, values: Ints | Floats) -> Floats:
        """Sum ``[part, age, locality, period]`` to groups and localities."""
        groups, localities = np.stack([*self.groups.values()]), np.stack([*self.localities.values()])
        by_locality = localities @ values
        parts, ages, places, periods = by_locality.shape
        found: Floats = groups @ by_locality.reshape(parts, ages, places * periods)
        return found.reshape(parts, len(groups), places, periods)


def cuts(names: tuple[str, ...], further: tuple[str, ...] = ()) -> dict[str, Floats]:
    """Everything, each name on its own, and each further combination joined by commas."""
    chosen = {ALL: names, **{name: (name,) for name in names}, **{group: tuple(group.split(",")) for group in further}}
    return {cut: np.array([float(name in members) for name in names]) for cut, members in chosen.items()}


def _whole_years(daily: DailyCounts, groups: tuple[str, ...]) -> Block:
    """All measured time and complete years, by every group and locality."""
    years = {f"year {n + 1}": (n * YEAR_DAYS, (n + 1) * YEAR_DAYS) for n in range(daily.days // YEAR_DAYS)}
    return _block({ALL: (0, daily.days), **years}, cuts(AGES, groups), cuts(daily.names.localities), per_year=True)


def _weeks_and_months(daily: DailyCounts) -> Block:
    """Complete weeks and months, of everybody."""
    periods = {f"week {n + 1}": (7 * n, 7 * n + 7) for n in range(daily.days // 7)}
    periods |= {f"month {month}": days for month, days in daily.months().items()}
    everybody = ({ALL: of[ALL]} for of in (cuts(AGES), cuts(daily.names.localities)))
    return _block(periods, *everybody, per_year=False)


def _block(
    periods: dict[str, tuple[int, int]], groups: dict[str, Floats], localities: dict[str, Floats], *, per_year: bool
) -> Block:
    bounds = np.array([*periods.values()], dtype=np.int64).reshape(-1, 2)
    length = (bounds[:, 1] - bounds[:, 0]) / YEAR_DAYS
    years = length if per_year else np.ones(len(bounds))
    return Block(tuple(periods), bounds[:, 0], bounds[:, 1], groups, localities, years)


class _Rows:
    """Rows of the tidy table as they are found, those that are wanted; words are kept as their numbers."""

    def __init__(self, only: Wanted | None) -> None:
        self._only = only
        self._number: dict[str, int] = {}
        self._words: list[Ints] = []
        self._values: list[Floats] = []

    def add(self, measure: str, of: tuple[str, ...], block: Block, values: Floats) -> None:
        """Add ``values[of, group, locality, period]``; NaN means there was nothing to measure."""
        if not _is_wanted(self._only, measure):
            return
        known = np.isfinite(values)
        there = slice(known.shape[1]), slice(known.shape[2])  # one of each for what is known of the whole place only
        found = known & self._wanted(block)[there]
        part, group, locality, period = np.nonzero(found)
        name = self._numbers([measure])[np.zeros_like(part)]
        periods, groups, localities, parts = (
            self._numbers(words) for words in (block.periods, block.groups, block.localities, of)
        )
        self._words.append(np.stack((name, periods[period], groups[group], localities[locality], parts[part])))
        self._values.append(values[found])

    def _wanted(self, block: Block) -> Bools:
        """The rows of a block that are wanted, as far as groups, localities and periods go."""
        words = (block.groups, block.localities, block.periods)
        chosen = ([self._only is None or each in self._only.words for each in axis] for axis in words)
        group, locality, period = (np.array(each, dtype=bool) for each in chosen)
        wanted: Bools = group[:, None, None] & locality[:, None] & period
        return wanted

    def _numbers(self, words: Iterable[str]) -> Ints:
        return np.array([self._number.setdefault(word, len(self._number)) for word in words], np.int64)

    def frame(self) -> pd.DataFrame:
        words = pd.array(list(self._number), dtype="str")
        columns = [words.take(numbers) for numbers in np.concatenate(self._words, axis=1)]
        return pd.DataFrame(dict(zip(COLUMNS, [*columns, np.concatenate(self._values)], strict=True)))


def tidy_table(
    counts: Counts, repeated: Callable[[], Floats], groups: tuple[str, ...] = (), only: Wanted | None = None
) -> pd.DataFrame:
    """Every measure of a run, one row each.

    Parameters
    ----------
    counts
        What was counted.
    repeated
        Gives admissions of people 65+ with two or more (see ``Histories.repeated``).
    groups
        Further groups, several age bands joined by commas.
    only
        Rows wanted; all of them if left out.

    Returns
    -------
    pandas.DataFrame
        Columns measure, period, group, locality, of, value. Periods: `all` (counts as a yearly mean) and each complete
        `year n` of 365 days by group and locality; each complete `week n` and `month YYYY-MM` for everybody, with
        counts as they are.
    """
    rows = _Rows(only)
    coarse = _whole_years(counts.daily, groups)
    fine = _weeks_and_months(counts.daily) if only is None else None
    for measure in MEASURES.values():
        formula = measure.formula
        if formula is None or not _is_wanted(only, measure.name):
            continue
        for block in (coarse, fine) if formula.fine else (coarse,):
            if block is not None and block.periods:
                of, values = evaluate(formula, counts, block)
                rows.add(measure.name, of, block, values)
    if _is_wanted(only, "wait_95th"):
        _add_waits(rows, counts.daily, coarse)
    if _is_wanted(only, "winter_over_summer"):
        _add_seasons(rows, counts, coarse)
    if _is_wanted(only, "spread_of_occupancy"):
        _add_spread(rows, counts, coarse)
    if _is_wanted(only, "two_or_more_share"):
        _add_repeated(rows, coarse, repeated())
    if _is_wanted(only, *OF_THE_LIVING):
        _add_snapshots(rows, counts.daily, coarse)
    if _is_wanted(only, *OF_REGISTERS):
        _add_registers(rows, counts.daily, coarse)
    return rows.frame()


def _is_wanted(only: Wanted | None, *measures: str) -> bool:
    return only is None or not only.measures.isdisjoint(measures)


def evaluate(formula: Formula, counts: Counts, block: Block) -> tuple[tuple[str, ...], Floats]:
    """Parts and values ``[part, group, locality, period]`` of a measure."""
    kind, top = counts[formula.tally]
    of, above = counts.daily.parts[kind], block.sums(top)
    below = _below(formula, counts, block)
    if formula.of_total:
        below = below.sum(axis=0, keepdims=True)
    if formula.total and of != (ALL,):
        of = (*of, ALL)
        above = np.concatenate((above, above.sum(axis=0, keepdims=True)))
        if len(below) > 1:
            below = np.concatenate((below, below.sum(axis=0, keepdims=True)))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(below > 0, formula.factor * above / below, np.nan)
    return of, values


def _below(formula: Formula, counts: Counts, block: Block) -> Floats:
    scale, days = counts.daily.names.scale, (block.last - block.first).astype(float)
    if formula.over == PER_YEAR:
        return (block.years * scale)[None, None, None, :]
    if formula.over == PER_DAY:
        return (days * scale)[None, None, None, :]
    if formula.over == PER_1000:
        return block.sums(counts["resident_days"][1]) / YEAR_DAYS / 1000
    return block.sums(counts[formula.over][1])


def _add_waits(rows: _Rows, daily: DailyCounts, block: Block) -> None:
    """95th percentile of waits by stage, over everything and by year."""
    years = daily.wait_bins
    chosen = [years.sum(axis=3), *(years[:, :, :, year] for year in range(len(block.periods) - 1))]
    bins = np.stack(chosen, axis=3)
    stages, ages, localities, *periods_and_lengths = bins.shape
    flat = block.cut(bins.reshape(stages, ages, localities, prod(periods_and_lengths)))
    cut = flat.reshape(*flat.shape[:3], *periods_and_lengths)
    rows.add("wait_95th", daily.names.stages, block, daily.wait_quantile(cut, 0.95) / 60)


def _add_seasons(rows: _Rows, counts: Counts, block: Block) -> None:
    """Emergency admissions a day in winter over those in summer."""
    admissions, in_season = counts["admissions"][1], counts["season"][1]
    with np.errstate(invalid="ignore", divide="ignore"):
        winter, summer = np.split(block.sums(admissions * in_season) / block.sums(in_season), 2)
        rows.add("winter_over_summer", (ALL,), block, np.where(summer > 0, winter / summer, np.nan))


def _add_spread(rows: _Rows, counts: Counts, block: Block) -> None:
    """Standard deviation of the share of acute beds occupied."""
    used, capacity = counts["acute_pools_used"][1], counts["acute_pools_capacity"][1]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(capacity > 0, used / capacity, np.nan)[0, 0, 0]
    spread = [np.std(share[first:last]) for first, last in zip(block.first, block.last, strict=True)]
    rows.add("spread_of_occupancy", (ALL,), block, np.array(spread)[None, None, None, :])


def _add_repeated(rows: _Rows, block: Block, repeated: Floats) -> None:
    """Regression to the mean, by index year and pooled over index years; group `all` is everybody 65+."""
    years = len(repeated)
    if not years:
        return
    pooled = np.concatenate((np.nansum(repeated, axis=0, keepdims=True), repeated))
    older = {name: weight for name, weight in block.groups.items() if name not in AGES[:1]}
    one = Block(block.periods, block.first, block.last, older, block.localities, block.years)
    cut = np.stack([one.cut(pooled[:, :, which].transpose(1, 2, 3, 0)) for which in (0, 1)])
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(cut[1] > 0, cut[0] / cut[1], np.nan)
    rows.add("two_or_more_share", tuple(f"year {since}" for since in range(years)), one, values)


def _add_snapshots(rows: _Rows, daily: DailyCounts, block: Block) -> None:
    """Shares of the people alive when last looked at in each period."""
    shares = {
        ("frailty", ALL): ("frailty_steps", "people"),
        ("care_plan_coverage", ALL): ("care_plan", "people"),
        ("care_plan_coverage", "end_of_life"): ("end_of_life_care_plan", "end_of_life"),
        ("coordination", ALL): ("coordinated", "people"),
        ("self_management", ALL): ("self_managing", "people"),
    }
    for number, period in enumerate(block.periods):
        low, high = (daily.warm_up + int(day[number]) * DAY for day in (block.first, block.last))
        taken = [snapshot for minute, snapshot in daily.snapshots if low < minute <= high]
        if not taken:
            continue
        people = daily.people(taken[-1])
        one = Block((period,), block.first[:1], block.last[:1], block.groups, block.localities, block.years[:1])
        for (measure, of), (top, bottom) in shares.items():
            above, below = (one.cut(people[name][None, :, :, None]) for name in (top, bottom))
            with np.errstate(invalid="ignore", divide="ignore"):
                rows.add(measure, (of,), one, np.where(below > 0, above / below, np.nan))


def _add_registers(rows: _Rows, daily: DailyCounts, block: Block) -> None:
    """States of the conditions followed, and who takes part in what is for them, when last looked at."""
    taking_part = members(daily, daily.array("members"))
    for number, period in enumerate(block.periods):
        low, high = (daily.warm_up + int(day[number]) * DAY for day in (block.first, block.last))
        taken = [register for register in daily.registers if low < register[0] <= high]
        if not taken:
            continue
        minute, states, invited = taken[-1]
        one = Block((period,), block.first[:1], block.last[:1], block.groups, block.localities, block.years[:1])
        has, recognised, managed, days = (one.cut(states[..., which, None]) for which in range(4))
        stated = np.isfinite(np.array(daily.names.symptom_days)).all(axis=1)[:, None, None, None]
        day = min((minute - daily.warm_up) // DAY, daily.days - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {
                "people_with_condition": has / daily.names.scale,
                "register": recognised / daily.names.scale,
                "recognised_share": np.where(has > 0, recognised / has, np.nan),
                "managed_share": np.where(recognised > 0, managed / recognised, np.nan),
                "symptom_days": np.where((has > 0) & stated, days / has, np.nan),
            }
            asked = one.cut(invited[..., None])
            attending = np.where(asked > 0, one.cut(taking_part[..., day, None]) / asked, np.nan)
        for measure, values in found.items():
            rows.add(measure, daily.names.conditions, one, values)
        rows.add("attendance", daily.names.programmes, one, attending)


def what_gives_first(table_scenario: pd.DataFrame, table_baseline: pd.DataFrame) -> pd.DataFrame:
    """Pools ranked by the waiting they cause with the plan, most first.

    Waiting is charged to the pool waited for, also for people who wait in an old bed.

    Parameters
    ----------
    table_scenario, table_baseline
        Tables of one run or of several replications, which are averaged.

    Returns
    -------
    pandas.DataFrame
        By pool: people waiting with the plan and in the baseline, the difference, how many of those waiting come from
        another stage, share of time full (0 to 1) with the plan and in the baseline, and the first complete month in
        which waiting exceeds the baseline's by 10% and one person (empty if it never does).
    """
    with_plan, without = (_by_pool(table, "waiting") for table in (table_scenario, table_baseline))
    months = sorted({period for period, _ in with_plan if period.startswith("month ")})
    pools = sorted({pool for period, pool in with_plan if period == ALL})
    from_a_stage = _by_pool(table_scenario, "waiting_after_another_stage")
    full, full_before = (_by_pool(table, "pool_full_share") for table in (table_scenario, table_baseline))
    found = []
    for pool in pools:
        exceeding = [
            month.removeprefix("month ")
            for month in months
            if with_plan[month, pool] > EXCEEDS * without.get((month, pool), 0.0)
            and with_plan[month, pool] >= without.get((month, pool), 0.0) + EXCEEDS_PEOPLE
        ]
        waiting, before = with_plan[ALL, pool], without.get((ALL, pool), 0.0)
        found.append(
            {
                "pool": pool,
                "waiting": waiting,
                "waiting_baseline": before,
                "more_waiting": waiting - before,
                "waiting_after_another_stage": from_a_stage.get((ALL, pool), 0.0),
                "full_share": full.get((ALL, pool), np.nan),
                "full_share_baseline": full_before.get((ALL, pool), np.nan),
                "first_month": exceeding[0] if exceeding else "",
            }
        )
    ranked = pd.DataFrame(found).sort_values(["waiting", "pool"], ascending=[False, True], kind="stable")
    return ranked.reset_index(drop=True)


def _by_pool(table: pd.DataFrame, measure: str) -> dict[tuple[str, str], float]:
    """Mean over replications of a measure of everybody, by period and pool."""
    chosen = table[(table["measure"] == measure) & (table["group"] == ALL) & (table["locality"] == ALL)]
    found: dict[Any, float] = chosen.groupby(["period", "of"])["value"].mean().to_dict()
    return found
