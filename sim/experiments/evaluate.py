"""The virtual evaluation: what studies of a programme would report, over many replications, beside the truth.

What is done in one replication is in ``studies.py``; here replications are run, and summed up. A programme of no
effect is always studied too: what a study then reports is selection, regression to the mean and luck.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from sim.errors import InputError, Problem
from sim.experiments.claims import share_of_futures
from sim.experiments.runner import Arms, arms_of, in_order
from sim.experiments.spread import HERE, Spread
from sim.experiments.studies import ALL, LOOK_BACK_DAYS, METHODS, MONTH, NO_EFFECT, PILOT, replicate
from sim.files.fields import slug, suggestion
from sim.interventions import Intervention
from sim.quantities import AGES
from sim.results import interval
from sim.rules import DAY
from sim.scenario import Claim, Scenario

MONTHS = (7, 12, 24, 36, 60)
"""When a study may report, in months from the programme's first day."""


class Avoided(NamedTuple):
    """A claim that so many admissions were avoided, of those expected."""

    admissions: float
    """Admissions said to have been avoided."""
    of: float
    """Admissions of the same people in the same months a year earlier."""

    @property
    def share(self) -> float:
        """Avoided as a share of the admissions before."""
        return self.admissions / self.of


class Evaluation(NamedTuple):
    """Everything found."""

    programme: str
    """Name of the programme."""
    summary: pd.DataFrame
    """By programme, months and method; see ``summed_up``."""
    falls: pd.DataFrame
    """How often a claimed fall would be seen; see ``claimed_falls``."""
    avoided: pd.DataFrame
    """What a programme of no effect seems to avoid; see ``avoided_by_none``; empty if nothing is claimed."""
    studies: pd.DataFrame
    """Every study of every replication; see ``studies.replicate``."""


def evaluate(
    scenario: Scenario,
    programme: str = "",
    months: Sequence[int] = MONTHS,
    *,
    measure: str = ALL,
    group: str = "",
    claimed: Avoided | None = None,
    how: Spread = HERE,
) -> Evaluation:
    """Study one programme of a scenario, by itself, in every replication.

    Parameters
    ----------
    scenario
        Where it runs, for how long and how often.
    programme
        Its name or the beginning of it; may be left out if only one enrols people.
    months
        When studies report; those beyond the run's end are left out.
    measure
        What studies count: all emergency admissions, or (PILOT) those of a pilot's own kind.
    group
        Age bands of "everybody", such as ``75-84,85+``; those the programme is for if left out.
    claimed
        A claim of avoided admissions to hold against a programme of no effect.
    how
        How the replications are spread; the numbers do not depend on it.

    Raises InputError if there is no such programme, it enrols nobody by name, or the run is too short before or after
    its first day.
    """
    chosen = programme_of(scenario, programme)
    arms, reported = arms_to_study(scenario, chosen, months)
    if measure == PILOT and not arms.baseline.names.counted_by_pilot:
        what = "this place does not say which admissions a pilot counts: give `urgent_needs.counted_by_pilot_share`"
        raise InputError([Problem("--measure", what)])
    ages = tuple(AGES.index(age) for age in (group.split(",") if group else chosen.who.age))
    jobs = [(arms, number, reported, ages, measure, how.engine) for number in range(scenario.run.replications)]
    studies = pd.concat(in_order(replicate, jobs, how), ignore_index=True)
    avoided = avoided_by_none(studies, claimed, scenario.run.scale) if claimed else pd.DataFrame()
    return Evaluation(
        chosen.name, summed_up(studies), claimed_falls(scenario, chosen, studies, measure), avoided, studies
    )


def programme_of(scenario: Scenario, name: str = "") -> Intervention:
    """The programme of that name, or the only one there is; InputError if that is not one."""
    enrolling = {slug(each.name): each for each in scenario.interventions if each.enrols}
    found = [each for called, each in enrolling.items() if called.startswith(slug(name))]
    if len(found) != 1:
        wrong = f"no programme is called {name!r}" if name and not found else "name one of several"
        wrong = wrong if enrolling else "this scenario has no programme that enrols people"
        raise InputError([Problem("--programme", f"{wrong}; {suggestion(slug(name), enrolling, 'programmes')}")])
    if found[0].capacity is None and not found[0].care_plan:
        what = "reaches everybody it is for and enrols nobody by name, so nobody can be followed: give it a `capacity`"
        raise InputError([Problem("--programme", f"{found[0].name} {what}")])
    return found[0]


def arms_to_study(scenario: Scenario, programme: Intervention, months: Sequence[int]) -> tuple[Arms, tuple[int, ...]]:
    """The arms with and without a programme and nothing else, and the months at which studies can report."""
    alone = scenario.model_copy(update={"interventions": (programme,), "claims": ()})
    arms = arms_of(alone)
    names, starts = arms.baseline.names, int(arms.baseline.programme_start[0])
    problems = []
    if starts < LOOK_BACK_DAYS * DAY:
        what = f"studies look back a year before {programme.name} starts: give run.warm_up_days=365 or start it later"
        problems.append(Problem("run.warm_up_days", what))
    if arms.part_minute != starts:
        what = (
            f"{programme.name} changes something before its ramp starts, so there is no time before it to look back on"
        )
        problems.append(Problem("ramp.starts", what))
    reported = tuple(sorted({each for each in months if starts + each * MONTH <= names.end_minute}))
    if not reported:
        left = (names.end_minute - starts) // MONTH
        what = (
            f"{left} months are simulated after {programme.name} starts, fewer than any study takes: give more --years"
        )
        problems.append(Problem("--months", what))
    if problems:
        raise InputError(problems)
    return arms, reported


# -- kept -----------------------------------------------------------------------------------------------------------


def keep(found: Evaluation, made: Mapping[str, Any], path: Path) -> None:
    """Write what was found as JSON, with its provenance but without the scenario itself and every single study.

    Raises InputError if it cannot be written there.
    """
    tables = {name: json.loads(getattr(found, name).to_json(orient="records", double_precision=6)) for name in _KEPT}
    kept = {"programme": found.programme, "provenance": {key: made[key] for key in made if key != "scenario"}, **tables}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(str(path), f"cannot be written here ({error.strerror}): choose another")]) from error


def read_kept(path: Path) -> tuple[Evaluation, dict[str, Any]]:
    """What ``keep`` wrote, its single studies empty, and its provenance; InputError if it is something else."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        tables = {name: pd.DataFrame(kept[name]).fillna(math.nan) for name in _KEPT}
        return Evaluation(kept["programme"], **tables, studies=pd.DataFrame()), dict(kept["provenance"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"is not what `carepath evaluate --keep` writes ({error}): make it again"
        raise InputError([Problem(str(path), what)]) from error


_KEPT = ("summary", "falls", "avoided")

# -- summed up ------------------------------------------------------------------------------------------------------


def summed_up(studies: pd.DataFrame) -> pd.DataFrame:
    """What each method would report, over replications.

    Returns
    -------
    pandas.DataFrame
        One row by programme, months and method: ``truth`` (mean), ``median``, ``low`` and ``high`` (of 95% of studies)
        of the ratio of rates; ``bias`` with ``bias_low`` and ``bias_high``, by which share the estimate is above the
        truth (geometric mean) with its 95% interval; ``finds_effect``, the share of studies whose own interval excludes
        no effect, with its Wilson interval ``finds_low`` and ``finds_high``; ``studies`` that could be made; ``people``
        studied, and ``before``, their admissions a year earlier.
    """
    by = studies.groupby(["programme", "months", "method"], sort=False)
    table = pd.DataFrame([{**dict(zip(by.keys, key, strict=True)), **_summary(rows)} for key, rows in by])
    order = {name: place for place, name in enumerate(METHODS)}
    return table.sort_values(
        ["programme", "months", "method"], key=lambda column: column.map(order) if column.name == "method" else column
    ).reset_index(drop=True)


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    known = rows[np.isfinite(rows["low"]) & np.isfinite(rows["truth"])]
    ratios = known["ratio"].to_numpy()
    low, median, high = np.quantile(ratios, [0.025, 0.5, 0.975]).tolist() if len(known) else [math.nan] * 3
    bias = np.exp(interval(np.log(ratios / known["truth"].to_numpy()))[:3]) - 1
    finds = int(((known["low"] > 1) | (known["high"] < 1)).sum())
    finds_low, finds_high = share_of_futures(finds, len(known)) if len(known) else (math.nan, math.nan)
    return {
        "studies": len(known),
        "people": float(rows["people"].mean()),
        "before": float(rows["before"].mean()),
        "truth": float(rows["truth"].mean()),
        "median": median,
        "low": low,
        "high": high,
        **dict(zip(("bias", "bias_low", "bias_high"), bias.tolist(), strict=True)),
        "finds_effect": finds / len(known) if len(known) else math.nan,
        "finds_low": finds_low,
        "finds_high": finds_high,
    }


# -- claims ---------------------------------------------------------------------------------------------------------


def claimed_falls(
    scenario: Scenario, programme: Intervention, studies: pd.DataFrame, measure: str = ALL
) -> pd.DataFrame:
    """How often each method would report a fall as large as one that is claimed.

    Asked about are claims of a change of what studies count, as a number or per 1,000 people. A claim is read at the
    reported months nearest to those it is about, counted from the programme's start, the last if it is about all the
    time.

    Returns
    -------
    pandas.DataFrame
        One row by claim (``claim``, ``fall`` in per cent), months, programme and method: ``share`` of studies that
        report at least this fall, with its Wilson interval ``low`` and ``high``; and ``beside_no_effect``, the share in
        which matched controls of the same replication show no effect meanwhile (their interval includes none).
    """
    reported = np.sort(studies["months"].unique())
    found = []
    before = round((programme.ramp.starts - scenario.run.starts).days * DAY / MONTH)
    for claim in scenario.claims:
        of_it = claim.measure.removesuffix("_per_1000") == measure and claim.statistic == "mean"
        if of_it and (claim.change_per_cent or 0) < 0:
            months = reported[np.argmin(np.abs(reported - _about(claim, int(reported[-1]) + before) + before))]
            found += _falls(claim, studies[studies["months"] == months])
    return pd.DataFrame(found)


def _about(claim: Claim, last: int) -> int:
    """Months after which a claim could be judged."""
    if claim.months is not None:
        return claim.months[1]
    return last if claim.year is None else 12 * claim.year


def _falls(claim: Claim, studies: pd.DataFrame) -> list[dict[str, Any]]:
    fall = -float(claim.change_per_cent or 0)
    rows = []
    for programme, of_it in studies.groupby("programme"):
        matched = of_it[of_it["method"] == "matched"].set_index("replication")
        none = (matched["low"] <= 1) & (matched["high"] >= 1)
        for method in METHODS:
            ratios = of_it[of_it["method"] == method].set_index("replication")["ratio"].dropna()
            falls = ratios <= 1 - fall / 100
            if not len(falls):
                continue
            low, high = share_of_futures(int(falls.sum()), len(falls))
            about = {"claim": claim.text, "fall": fall, "months": int(of_it["months"].iloc[0])}
            found = {"share": float(falls.mean()), "low": low, "high": high}
            beside = float((falls & none.reindex(falls.index)).mean())
            rows.append({**about, "programme": programme, "method": method, **found, "beside_no_effect": beside})
    return rows


def avoided_by_none(studies: pd.DataFrame, claimed: Avoided, scale: float) -> pd.DataFrame:
    """What a programme of no effect seems to avoid, at the first months reported, beside what is claimed.

    A claim may count some admissions only (medical ones, say): then each one simulated counts as the share that makes
    the whole group's admissions the year before as many as claimed. Admissions avoided by a method are those that its
    ratio says would have come, less those that came; numbers are of the whole place.

    Returns
    -------
    pandas.DataFrame
        One row by method: ``median``, ``low`` and ``high`` (95% of studies) admissions avoided, ``share`` of studies
        that find at least as many as claimed, and its Wilson interval ``share_low`` and ``share_high``. The last row,
        ``place``, is the whole group against that of another place as large, change on the year before (see
        ``luck_of_places``).
    """
    first = studies[(studies["programme"] == NO_EFFECT) & (studies["months"] == studies["months"].min())]
    whole = first[first["method"] == "everybody_before_after"]
    counted = min(1.0, claimed.of / (whole["before"].mean() / scale))
    rows: list[tuple[object, ...]] = []
    for method in METHODS:
        rows_of = first[(first["method"] == method) & np.isfinite(first["ratio"])]
        if not len(rows_of):
            continue
        avoided = counted / scale * rows_of["after"] * (1 / rows_of["ratio"] - 1)
        low, median, high = np.quantile(avoided, [0.025, 0.5, 0.975]).tolist()
        enough = int((avoided >= claimed.admissions).sum())
        share_low, share_high = share_of_futures(enough, len(avoided))
        rows.append((method, median, low, high, enough / len(avoided), share_low, share_high))
    rows.append(("place", *luck_of_places(whole["before"], whole["after"], counted, claimed)))
    return pd.DataFrame(rows, columns=["method", "median", "low", "high", "share", "share_low", "share_high"])


def luck_of_places(before: pd.Series, after: pd.Series, counted: float, claimed: Avoided) -> tuple[float, ...]:
    """What luck alone moves, where a place is held against another like it, of the size claimed.

    The logarithm of a place's change from one year to the next is taken as normal. Its variance is that of so few
    admissions (Poisson), times the overdispersion found over replications; of a thinned count the overdispersion beyond
    1 is thinned too.

    Parameters
    ----------
    before, after
        Admissions of the group by replication.
    counted
        Share of them that the claim counts.
    claimed
        The claim, which says how many admissions the real place had.

    Returns median, low and high (95%) admissions avoided, and the chance of at least as many as claimed with the 95%
    interval that so few replications leave (chi-square).
    """
    change = np.log(after / before)
    dispersion = float(change.var(ddof=1) / (1 / before.mean() + 1 / after.mean()))
    freedom = len(change) - 1
    ends = [freedom / stats.chi2.ppf(end, freedom) for end in (0.975, 0.025)] if freedom else [math.nan] * 2
    of_places = [math.sqrt(2 * (1 + counted * (dispersion * factor - 1)) * 2 / claimed.of) for factor in (1.0, *ends)]
    needed = -math.log(1 - claimed.share)
    chance = [float(stats.norm.sf(needed / each)) for each in of_places]
    spread = [claimed.of * (1 - math.exp(-z * of_places[0])) for z in (-1.96, 1.96)]
    return (0.0, *spread, *chance)
