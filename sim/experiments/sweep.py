"""A scenario run at many points of a design, kept run by run, so that a sweep that was stopped goes on where it was.

Which points there are is in ``design.py``; how the results are kept, in ``data_set.py``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from sim.errors import CarepathError, InputError, Problem, RunError
from sim.experiments.data_set import DataSet, Failure
from sim.experiments.design import Design
from sim.experiments.runner import Arms, arms_of, drawn_arms, replication, unsure_numbers
from sim.experiments.spread import HERE, Spread, spread
from sim.files.fields import suggestion
from sim.files.reading import Template
from sim.identity import Run, engine_hash, fingerprint, scenario_hash
from sim.measures.definitions import MEASURES
from sim.results import KEYS, provenance
from sim.scenario import Scenario
from sim.space import Uncertainty, draw, named, unknown

SHORT = (
    "emergency_admissions",
    "four_hour_share",
    "acute_beds_occupied",
    "acute_occupancy",
    "delayed_overnight",
    "community_occupancy",
    "care_home_entries",
)
"""Measures kept besides those of the scenario's claims, unless others are asked for."""
PERIODS = {"years": ("all", "year "), "months": ("month ",), "weeks": ("week ",)}
"""How the names of periods of each kind begin."""
TASK_SECONDS = 1.0
"""About how long a piece of work takes, so that what is lost by a stop is little and so is the handling."""
FIRST_RUNS = 2
"""Runs of the first piece of work: the second shows how long one takes once everything is loaded."""
SET_ELSEWHERE = {"run.replications": "--replications", "run.seed": "--seed"}


class Wanted(NamedTuple):
    """What is kept of each run."""

    measures: tuple[str, ...]
    """Names of measures."""
    periods: tuple[str, ...] = ("years",)
    """Kinds of periods (see ``PERIODS``)."""

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a run that are kept."""
        beginnings = tuple(beginning for kind in self.periods for beginning in PERIODS[kind])
        return table[table["measure"].isin(self.measures) & table["period"].str.startswith(beginnings)]


class Piece(NamedTuple):
    """What one piece of work gave."""

    table: pd.DataFrame
    """Rows of its runs."""
    failures: list[Failure]
    """Runs that could not be done."""
    seconds: list[float]
    """How long each run took."""


@dataclass(frozen=True)
class Sweep:
    """A scenario, the points of a design, and what is kept of each run."""

    template: Template
    design: Design
    wanted: Wanted
    folder: Path
    command: str = ""
    uncertain: bool = False
    """True for a draw of the uncertain numbers in each replication, the same at every point."""


@dataclass(frozen=True)
class Swept:
    """What a sweep came to."""

    folder: Path
    points: int
    runs: int
    done_before: int
    """Runs that an earlier call had kept."""
    failures: pd.DataFrame
    """Runs that could not be done, and why."""


class Stopped(KeyboardInterrupt):
    """A sweep that was interrupted; the text says what is kept and how to go on."""


def wanted_of(template: Template, measures: Sequence[str] = (), periods: Sequence[str] = ()) -> Wanted:
    """The measures asked for, or those of the scenario's claims and a short list; InputError if one is not known."""
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise InputError(
            [
                Problem("--measure", f"there is no {name!r}; {suggestion(name, MEASURES, 'measures')}")
                for name in unknown
            ]
        )
    claimed = [claim.measure for claim in template.scenario().claims]
    return Wanted(tuple(dict.fromkeys(measures or [*claimed, *SHORT])), tuple(dict.fromkeys(periods or ("years",))))


def sweep(asked: Sweep, how: Spread = HERE) -> Swept:
    """Run every point of a design, or what an earlier call has left of it.

    Raises InputError if a path leads nowhere or the folder holds another sweep, RunError if no point could be run,
    Stopped if interrupted from the keyboard.
    """
    _refuse_astray(asked)
    scenario = asked.template.scenario()
    drawn = drawn_in(asked) if asked.uncertain else None
    runs = _runs(asked, scenario, drawn)
    points = _points(asked.design)
    kept = DataSet(asked.folder, _schema(points, asked.uncertain))
    kept.open(_about(asked, scenario, runs, how), points)
    work = _Work(asked, points, runs, kept, how, drawn)
    try:
        tasks, done_before = work.carry_out()
    except KeyboardInterrupt:
        what = f"interrupted: {work.done} of {len(runs)} runs are kept in {asked.folder}"
        raise Stopped(f"{what}; the same command goes on from there") from None
    failures = kept.close([_key(task) for task in tasks], points)
    if len(failures) == len(runs):
        raise RunError(f"no point could be run; the first: {failures['what'].iloc[0]}")
    return Swept(asked.folder, len(points), len(runs), done_before, failures)


def _refuse_astray(asked: Sweep) -> None:
    problems = [
        Problem(f"{asked.design.option} {path}", f"cannot vary within a sweep: give {SET_ELSEWHERE[path]}")
        for path in asked.design.paths
        if path in SET_ELSEWHERE
    ]
    problems += asked.template.astray(asked.design.values(0), asked.design.option)
    if problems:
        raise InputError(problems)


@dataclass(frozen=True)
class Drawn:
    """The uncertain numbers of a sweep and their draws: those of ``carepath run --uncertain`` with the same seed."""

    numbers: tuple[Uncertainty, ...]
    draws: tuple[tuple[float, ...], ...]
    """By replication, in the order of the numbers; the same at every point, which pairs them."""
    varied: frozenset[str]
    """Names of numbers that the points set themselves: they are not drawn."""

    def row(self, replication: int) -> dict[str, float]:
        """What a replication lays over each point: its draw of every number that no point sets, by name."""
        drawn = named(self.numbers, self.draws[replication])
        return {name: value for name, value in drawn.items() if name not in self.varied}


def drawn_in(asked: Sweep) -> Drawn:
    """What is drawn in the replications of a sweep; InputError if no number has a range."""
    scenario = asked.template.scenario()
    numbers = unsure_numbers(scenario)
    draws = draw(numbers, scenario.run.replications, scenario.run.seed).tolist()
    set_here = asked.template.addresses(asked.design.values(0))
    varied = {each.name for each in numbers if any(_is_within(each.name, path) for path in set_here)}
    return Drawn(numbers, tuple(map(tuple, draws)), frozenset(varied))


def _is_within(name: str, path: str) -> bool:
    """True if a number is at a path or below it, or is the number of which the path sets a part."""
    return name == path or name.startswith(f"{path}.") or path.startswith(f"{name}.")


# -- what it is made of --------------------------------------------------------------------------------------------


class _Run(NamedTuple):
    """One run of a sweep."""

    point: int
    given: dict[str, str]
    replication: int
    name: str
    """Name of what was simulated (see ``identity.Run``)."""
    key: str
    """Name of what is kept of it."""


def _runs(asked: Sweep, scenario: Scenario, drawn: Drawn | None) -> list[_Run]:
    """Every run of a sweep, point by point."""
    base = Run(engine_hash(), scenario_hash(scenario), "", scenario.run.seed, 0)
    found = []
    for point in range(len(asked.design.points)):
        values = asked.design.values(point)
        for number in range(scenario.run.replications):
            row = fingerprint(values | (drawn.row(number) if drawn else {}))
            name = base._replace(row=row, replication=number).key
            found.append(_Run(point, values, number, name, fingerprint([name, point, *asked.wanted])))
    return found


def _about(asked: Sweep, scenario: Scenario, runs: list[_Run], how: Spread) -> dict[str, Any]:
    """What a sweep is made of, and with what."""
    made_of = {
        "version of the model": engine_hash(),
        "scenario": scenario_hash(scenario),
        "seed": scenario.run.seed,
        "replications": scenario.run.replications,
        "points": fingerprint(asked.design.points),
        "measures": [*asked.wanted.measures],
        "periods": [*asked.wanted.periods],
        "runs": len(runs),
        "uncertain": asked.uncertain,
    }
    made = provenance(scenario, how.engine, scenario.run.seed, scenario.run.replications, asked.command)
    return {"made_of": made_of, "paths": [*asked.design.paths], **made}


def _points(design: Design) -> pd.DataFrame:
    """Number and values of each point; a column is of numbers if all its values are."""
    columns: dict[str, Any] = {"point": range(len(design.points))}
    for column, path in enumerate(design.paths):
        values = [point[column] for point in design.points]
        numbers = pd.to_numeric(pd.Series(values), errors="coerce").astype(float)
        columns[path] = values if numbers.isna().any() else numbers
    return pd.DataFrame(columns)


def _schema(points: pd.DataFrame, uncertain: bool) -> pa.Schema:
    paths = [(name, pa.float64() if points[name].dtype == float else pa.string()) for name in points if name != "point"]
    words = [(name, pa.string()) for name in ("arm", "measure", "period", "group", "locality", "of")]
    run = [("replication", pa.int32()), ("run", pa.string())]
    run += [("drawn_again", pa.int32())] if uncertain else []
    return pa.schema([("point", pa.int32()), *paths, *run, *words, ("value", pa.float64())])


# -- the work ------------------------------------------------------------------------------------------------------


@dataclass
class _Work:
    """The runs of a sweep, cut into tasks: a first short one that shows how long a run takes, then the rest."""

    asked: Sweep
    points: pd.DataFrame
    runs: list[_Run]
    kept: DataSet
    how: Spread
    drawn: Drawn | None = None
    """None if no number is drawn."""
    done: int = 0
    """Runs that are kept."""

    def carry_out(self) -> tuple[list[list[_Run]], int]:
        """Do what is not kept already: the tasks, and how many runs were kept before."""
        first, rest = self.runs[:FIRST_RUNS], self.runs[FIRST_RUNS:]
        line = self.kept.kept([_key(first)]).get(_key(first), {})
        if line.get("seconds_a_run") is None:
            before, line = 0, self._do([first])[0]
        else:
            before = len(first)
        size = max(1, round(TASK_SECONDS / max(line["seconds_a_run"], 0.001)))
        tasks = [first, *(rest[start : start + size] for start in range(0, len(rest), size))]
        there = self.kept.kept([_key(task) for task in tasks])
        missing = [task for task in tasks if _key(task) not in there]
        self.done = len(self.runs) - sum(map(len, missing))
        before = self.done if before else self.done - len(first)
        self._do(missing)
        return tasks, before

    def _do(self, tasks: list[list[_Run]]) -> list[dict[str, Any]]:
        """Run tasks and keep each as it is done: their lines of the manifest."""
        tell = self.how.progress or (lambda done, of: None)
        tell(self.done, len(self.runs))
        jobs = [(self.asked.template, task, self.asked.wanted, self.how.engine, self.drawn) for task in tasks]
        values, lines = self.points.set_index("point"), []
        for number, piece in spread(_piece, jobs, replace(self.how, progress=None), [_key(task) for task in tasks]):
            table = piece.table.join(values, on="point")
            lines.append(self.kept.keep(_key(tasks[number]), table, piece.failures, piece.seconds))
            self.done += len(tasks[number])
            tell(self.done, len(self.runs))
        return lines


def _key(task: Sequence[_Run]) -> str:
    """The name of a task, made from the names of its runs."""
    return fingerprint([run.key for run in task])


def _piece(template: Template, runs: Sequence[_Run], wanted: Wanted, by: str, drawn: Drawn | None = None) -> Piece:
    """What is kept of some runs; a run that cannot be done is a failure with its reason."""
    tables, failures, seconds = [], list[Failure](), []
    for run in runs:
        began = time.perf_counter()
        try:
            arms, again = _arms_of(template, run, drawn)
            found = wanted.of(replication(arms, run.replication, arms.names, by))
        except (CarepathError, ArithmeticError, LookupError, ValueError) as error:
            what = str(error) if isinstance(error, CarepathError) else f"{type(error).__name__}: {error}"
            failures.append({"point": run.point, "replication": run.replication, "what": what})
        else:
            tables.append(found.assign(point=run.point, run=run.name, drawn_again=again))
        seconds.append(time.perf_counter() - began)
    empty = pd.DataFrame(columns=["point", "replication", "run", "drawn_again", "arm", *KEYS, "value"])
    return Piece(pd.concat(tables, ignore_index=True) if tables else empty, failures, seconds)


def _arms_of(template: Template, run: _Run, drawn: Drawn | None) -> tuple[Arms, int]:
    """The arms of a run, and how often its uncertain numbers were drawn again."""
    values = tuple(run.given.items())
    if drawn is None:
        return _arms(template, values), 0
    scenario, there = _scenario(template, values)
    return drawn_arms(scenario, drawn.numbers, drawn.draws[run.replication], run.replication, there - drawn.varied)


@lru_cache(maxsize=4)
def _arms(template: Template, values: tuple[tuple[str, str], ...]) -> Arms:
    """The arms of one point: its replications follow one another."""
    return arms_of(template.scenario(dict(values)))


@lru_cache(maxsize=4)
def _scenario(template: Template, values: tuple[tuple[str, str], ...]) -> tuple[Scenario, frozenset[str]]:
    """The scenario of one point, and the numbers in it that have a range."""
    scenario = template.scenario(dict(values))
    return scenario, frozenset(each.name for each in unknown(scenario))
