"""One replication of the shipped pilot, timed: with its counting and without, in parts, and alone in a process.

Times are processor time of one thread, so that other work on the machine counts little.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from sim.engines import Engine, engine, fast_engine
from sim.experiments.bench_heap import push_and_pop
from sim.experiments.runner import PIECE_MINUTES
from sim.files.reading import load_scenario
from sim.log import NEVER, StayLog
from sim.measures.tally import Tally
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan

SCENARIO = "nwl_pilot"
COMPILED = cast(Engine, fast_engine)
SEED = 1
_MEGABYTE = 2**20
Found = dict[str, Any]


@cache
def plan_of(scale: float, years: float, warm_up_days: int) -> Plan:
    """The pilot with everything switched on, so long and at that scale; its claims are not asked about."""
    scenario = load_scenario(SCENARIO)
    run = scenario.run.model_copy(update={"scale": scale, "years": years, "warm_up_days": warm_up_days})
    return compile_plan(scenario.model_copy(update={"run": run, "claims": ()}))


class Stopwatch:
    """Processor time spent in each part, without the parts inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what happens in here."""
        self._inside.append(0.0)
        began = time.thread_time()
        try:
            yield
        finally:
            took = time.thread_time() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + took - self._inside.pop()
            self._inside[-1] += took

    @contextmanager
    def watching(self, parts: Mapping[str, Sequence[str]]) -> Iterator[None]:
        """Time functions that the compiled engine calls, by their names in its module."""
        kept = {name: getattr(fast_engine, name) for names in parts.values() for name in names}
        for part, names in parts.items():
            for name in names:
                setattr(fast_engine, name, self._timed(part, kept[name]))
        try:
            yield
        finally:
            for name, function in kept.items():
                setattr(fast_engine, name, function)

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            with self.part(part):
                return function(*arguments)

        return timed


INSIDE = {
    "points of life read": ("read_people", "sort_points"),
    "people ranked for programmes": ("_rank",),
    "from instant to instant": ("wake", "run"),
}
"""Parts of the compiled engine, by the functions it calls for them."""


@dataclass
class Replicated:
    """What one replication of one arm did."""

    stays: int = 0
    """Stays that ended."""
    points: int = 0
    """Points of people's lives put on the clock, by whole quarters."""
    in_care: int = 0
    """People in a stage at the end, apart from those who live with care."""
    counted_megabytes: float | None = None
    """Most memory of this process when everything is simulated and counted, but no table is made of it."""


def replicate(engine: Engine, plan: Plan, number: int, watch: Stopwatch | None = None) -> Replicated:
    """One replication of one arm with all its counting, in the pieces in which the runner does it."""
    watch, done, tally = watch or Stopwatch(), Replicated(), Tally(plan.names)
    with watch.part("people, and stages filled"):
        state = engine.start(plan, SEED, number)
    log: StayLog | None = None
    for border in _borders(plan):
        with watch.part("log"):
            log = engine.advance(state, plan, border)
        with watch.part("counting"):
            tally.add(log)
        done.stays += len(log.ended["stage"])
        if engine is COMPILED and border < plan.names.end_minute:
            done.points += int(state.arrays.clock[0].points)
    done.counted_megabytes = peak_megabytes()
    with watch.part("table of measures"):
        tally.table()
    assert log is not None
    lives_there = np.array(plan.names.residence)[log.open["stage"]] > 0
    done.in_care = int(((log.open["started"] != NEVER) & ~lives_there).sum())
    return done


def _borders(plan: Plan) -> list[int]:
    """Minutes at which the pieces end in which the runner goes through a plan."""
    end = plan.names.end_minute
    return [*range(PIECE_MINUTES, end, PIECE_MINUTES), end]


def timed_replication(plan: Plan, number: int = 0) -> tuple[Replicated, float]:
    """What one replication by the compiled engine did, and its processor time in seconds."""
    began = time.thread_time()
    done = replicate(COMPILED, plan, number)
    return done, time.thread_time() - began


@cache
def load() -> None:
    """Have everything compiled, or read what was, before anything is timed."""
    replicate(COMPILED, plan_of(0.01, 0.25, 28), 0)
    push_and_pop(np.arange(8), np.ones(8, np.int64), 8)


# -- in a process of its own ---------------------------------------------------------------------------------------


def counted_alone(scale: float, years: float, warm_up_days: int) -> Found:
    """A replication by the compiled engine with its counting: people, stays, seconds, and this process's memory.

    Memory is the most that was held at one time, in megabytes: before it began, when all was counted, and at the end,
    when the table of measures was made; None where the system does not say.
    """
    load()
    plan = plan_of(scale, years, warm_up_days)
    before = peak_megabytes()
    done, seconds = timed_replication(plan)
    return {
        "people": int(plan.people.sum()), "years": years, "stays": done.stays, "seconds": seconds,
        "microseconds_a_stay": seconds / done.stays * 1e6,
        "before_megabytes": before, "counted_megabytes": done.counted_megabytes, "peak_megabytes": peak_megabytes(),
    }  # fmt: skip


def uncounted_alone(name: str, scale: float, years: float, warm_up_days: int) -> Found:
    """A replication by an engine without any counting: seconds, memory as above, and a hash of the stays that ended.

    The hash is that of another engine if every stay is the same in every column.
    """
    made_by = engine(name)
    _uncounted(made_by, plan_of(0.01, 0.25, 28))
    plan = plan_of(scale, years, warm_up_days)
    before = peak_megabytes()
    found = _uncounted(made_by, plan)
    return found | {"before_megabytes": before, "peak_megabytes": peak_megabytes()}


def _uncounted(made_by: Engine, plan: Plan) -> Found:
    began = time.thread_time()
    state = made_by.start(plan, SEED, 0)
    seconds = start = time.thread_time() - began
    stays, told = 0, hashlib.sha256()
    for border in _borders(plan):
        began = time.thread_time()
        ended = made_by.advance(state, plan, border).ended
        seconds += time.thread_time() - began
        columns = [ended[name] for name in sorted(ended)]
        rows = np.lexsort(columns)  # engines write them in an order of their own
        stays += len(rows)
        for column in columns:  # one at a time, which takes hardly any memory
            told.update(column[rows].astype(np.int64).tobytes())
    return {
        "start_seconds": start, "seconds": seconds, "stays": stays, "microseconds_a_stay": seconds / stays * 1e6,
        "stays_sha256": told.hexdigest(),
    }  # fmt: skip


def in_another_process(function: str, *arguments: float | str) -> Any:
    """What a function of this module gives in a process that does nothing else."""
    call = (
        f"import json; from sim.experiments import bench_replication as b; print(json.dumps(b.{function}{arguments}))"
    )
    return json.loads(in_python(call, {}))


def in_python(call: str, environment: Mapping[str, str]) -> str:
    """What a new Python prints for a line of code."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {call}"],
        env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, check=True,
        encoding="utf-8",
    ).stdout  # fmt: skip


def peak_megabytes() -> float | None:
    """Most memory this process has held at one time."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = [line.split() for line in status.read_text(encoding="utf-8").splitlines()]
        return next((int(line[1]) * 1024 / _MEGABYTE for line in lines if line[0] == "VmHWM:"), None)
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE
