"""How fast the engines are on this machine: a replication of the shipped pilot, its parts, and what it is set against.

Times of one thread are processor time, so that other work on the machine counts little; those of several threads and
of whole commands are as a clock on the wall shows them.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
import simpy
from joblib import Parallel, cpu_count, delayed

from sim import __version__
from sim.engines import DEFAULT, Engine, fast_engine, simpy_engine
from sim.experiments.bench_heap import push_and_pop, timed_heap
from sim.experiments.bench_queues import NOT_INSTALLED, programs, queues
from sim.experiments.runner import PIECE_MINUTES
from sim.experiments.spread import Progress
from sim.files.reading import load_scenario
from sim.log import NEVER, StayLog
from sim.measures.tally import Tally
from sim.plans.compile import compile_plan
from sim.plans.plan import QUARTER_DAYS, Ints, Plan
from sim.rules import DAY

SCENARIO = "nwl_pilot"
COMPILED, SIMPY = cast(Engine, fast_engine), cast(Engine, simpy_engine)
_SEED = 1
_YEAR_DAYS = 365
_MEGABYTE = 2**20
Found = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is run."""

    scale: float = 1.0
    """Share of the place's people and capacities."""
    years: float = 5
    """Measured years."""
    warm_up_days: int = 365
    growth_scales: tuple[float, ...] = (0.2, 0.5, 1.0)
    """Of a place of 500,000 residents, whose adults are simulated."""
    growth_years: tuple[float, ...] = (1, 2, 5)
    simpy_days: tuple[int, int] = (28, 119)
    """Days between which both engines are timed."""
    threads: tuple[int, ...] = (1, 2)
    queue_days: int = 600
    queue_replications: int = 10
    first_start: bool = True
    """False to leave out the start with nothing compiled, which takes a minute."""


FULL = Size()
QUICK = Size(
    scale=0.01, years=0.25, warm_up_days=28, growth_scales=(0.005, 0.01), growth_years=(0.25, 0.5), simpy_days=(7, 28),
    queue_days=20, queue_replications=2, first_start=False,
)  # fmt: skip


def bench(size: Size = FULL, progress: Progress | None = None) -> Found:
    """Everything that is measured, part by part; ``progress`` is told how many parts are done."""
    parts: dict[str, Callable[[Size], Any]] = {
        "machine": lambda _: machine(),
        "starts": starts,
        "replication": one_replication,
        "simpy": against_simpy,
        "threads": in_threads,
        "growth": growth,
        "queues": queues_found,
    }
    found: Found = {}
    for done, (name, measure) in enumerate(parts.items()):
        if progress:
            progress(done, len(parts))
        found[name] = measure(size)
    if progress:
        progress(len(parts), len(parts))
    return found


def machine() -> Found:
    """What it was run on and with."""
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{package: version(package) for package in ("numba", "numpy", "simpy")},
        "carepath": __version__,
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


# -- one replication -----------------------------------------------------------------------------------------------


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


def replicate(engine: Engine, plan: Plan, number: int, watch: Stopwatch | None = None) -> Replicated:
    """One replication of one arm with all its counting, in the pieces in which the runner does it."""
    watch, done, tally = watch or Stopwatch(), Replicated(), Tally(plan.names)
    with watch.part("people, and stages filled"):
        state = engine.start(plan, _SEED, number)
    end = plan.names.end_minute
    log: StayLog | None = None
    for border in [*range(PIECE_MINUTES, end, PIECE_MINUTES), end]:
        with watch.part("log"):
            log = engine.advance(state, plan, border)
        with watch.part("counting"):
            tally.add(log)
        done.stays += len(log.ended["stage"])
        if engine is COMPILED and border < end:
            done.points += int(state.arrays.clock[0].points)
    with watch.part("table of measures"):
        tally.table()
    assert log is not None
    lives_there = np.array(plan.names.residence)[log.open["stage"]] > 0
    done.in_care = int(((log.open["started"] != NEVER) & ~lives_there).sum())
    return done


def timed_replication(plan: Plan, number: int = 0) -> tuple[Replicated, float]:
    """What one replication by the compiled engine did, and its processor time in seconds."""
    began = time.thread_time()
    done = replicate(COMPILED, plan, number)
    return done, time.thread_time() - began


def one_replication(size: Size) -> Found:
    """The replication everything else is set against: seconds, memory, parts and the floor."""
    _load()
    plan = plan_of(size.scale, size.years, size.warm_up_days)
    done, seconds = min((timed_replication(plan) for _ in range(2)), key=lambda each: each[1])
    watch = Stopwatch()
    with watch.watching(INSIDE):
        replicate(COMPILED, plan, 0, watch)
    counting = sum(watch.seconds[name] for name in ("counting", "table of measures"))
    whole = sum(watch.seconds.values())
    engine = seconds * (1 - counting / whole)
    return {
        "people": int(plan.people.sum()),
        "years": size.years,
        "warm_up_days": size.warm_up_days,
        "scale": size.scale,
        "stays": done.stays,
        "seconds": seconds,
        "engine_seconds": engine,
        "engine_microseconds_a_stay": engine / done.stays * 1e6,
        "parts": {name: {"seconds": took, "share": took / whole} for name, took in watch.seconds.items()},
        "floor": floor(done, plan, engine),
        "memory": _in_another_process("memory_of_replication", size.scale, size.years, size.warm_up_days),
    }


@cache
def _load() -> None:
    """Have everything compiled, or read what was, before anything is timed."""
    replicate(COMPILED, plan_of(0.01, 0.25, 28), 0)
    push_and_pop(np.arange(8), np.ones(8, np.int64), 8)


# -- the floor: a bare heap of events ------------------------------------------------------------------------------


def floor(done: Replicated, plan: Plan, engine_seconds: float) -> Found:
    """Time of a bare compiled heap that takes and puts each point of a life and each stay once.

    Once with as many events in it as people were in care, and once with half the points of a quarter besides, which is
    what an engine with a heap would keep in it.
    """
    events, half_a_quarter = done.points + done.stays, done.points * QUARTER_DAYS // (2 * plan.days)
    rows = [timed_heap(events, max(2, done.in_care + more)) for more in (0, half_a_quarter)]
    return {
        "events": events,
        "points": done.points,
        "heaps": [row | {"share_of_engine": row["seconds"] / engine_seconds} for row in rows],
    }


# -- the SimPy engine on the same plan -----------------------------------------------------------------------------


def against_simpy(size: Size) -> Found:
    """Both engines on the same days of the same plan, and a bare SimPy event."""
    _load()
    plan = plan_of(size.scale, size.years, size.warm_up_days)
    before, until = (day * DAY for day in size.simpy_days)
    found: Found = {"from_day": size.simpy_days[0], "until_day": size.simpy_days[1], "people": int(plan.people.sum())}
    rows = {}
    for name, engine in (("compiled", COMPILED), ("simpy", SIMPY)):
        found[name], rows[name] = _timed_days(engine, plan, before, until)
    event = seconds_a_simpy_event()
    found["memory"] = _in_another_process(
        "memory_of_simpy", size.scale, size.years, size.warm_up_days, size.simpy_days[1]
    )
    return found | {
        "same_stays": np.array_equal(rows["compiled"], rows["simpy"]),
        "times_faster": found["simpy"]["seconds"] / found["compiled"]["seconds"],
        "bare_event_microseconds": event * 1e6,
        "bare_events_a_stay": found["simpy"]["seconds"] / found["simpy"]["stays"] / event,
    }


def _timed_days(engine: Engine, plan: Plan, before: int, until: int) -> tuple[Found, Ints]:
    """What an engine takes from one minute to another, and the stays that end then, a column each, in one order."""
    began = time.thread_time()
    state = engine.start(plan, _SEED, 0)
    started = time.thread_time()
    engine.advance(state, plan, before)
    there = time.thread_time()
    ended = engine.advance(state, plan, until).ended
    seconds, stays = time.thread_time() - there, len(ended["stage"])
    table = np.array([ended[name].astype(np.int64) for name in sorted(ended)])
    return {
        "start_seconds": started - began,
        "seconds": seconds,
        "stays": stays,
        "microseconds_a_stay": seconds / stays * 1e6,
    }, table[:, np.lexsort(table)]


def seconds_a_simpy_event(events: int = 100_000) -> float:
    """Processor time of one timeout of one of a hundred SimPy processes."""
    environment = simpy.Environment()

    def waiting() -> Generator[simpy.Event, None, None]:
        while True:
            yield environment.timeout(1)

    for _ in range(100):
        environment.process(waiting())
    began = time.thread_time()
    environment.run(until=events // 100)
    return (time.thread_time() - began) / events


# -- more of it ----------------------------------------------------------------------------------------------------


def in_threads(size: Size) -> list[Found]:
    """As many replications as the most threads, spread over so many threads."""
    _load()
    plan, most = plan_of(size.scale, size.years, size.warm_up_days), max(size.threads)
    found: list[Found] = []
    for threads in size.threads:
        began = time.perf_counter()
        Parallel(n_jobs=threads, backend="threading")(delayed(replicate)(COMPILED, plan, n) for n in range(most))
        seconds = time.perf_counter() - began
        times = found[0]["seconds"] / seconds if found else 1.0
        found.append({"threads": threads, "replications": most, "seconds": seconds, "times_faster": times})
    return found


def growth(size: Size) -> list[Found]:
    """A replication for fewer people, and for fewer years."""
    _load()
    sizes = [(scale, size.years) for scale in size.growth_scales]
    sizes += [(size.scale, years) for years in size.growth_years if (size.scale, years) not in sizes]
    found = []
    for scale, years in sizes:
        plan = plan_of(scale, years, size.warm_up_days)
        done, seconds = timed_replication(plan)
        found.append({
            "people": int(plan.people.sum()), "years": years, "stays": done.stays, "seconds": seconds,
            "microseconds_a_stay": seconds / done.stays * 1e6,
        })  # fmt: skip
    return found


def queues_found(size: Size) -> Found:
    """Plain queues by every program there is here."""
    rows = queues(size.queue_days, size.queue_replications)
    missing = [] if any(name.startswith("Ciw") for name in programs()) else [NOT_INSTALLED]
    return {
        "days": size.queue_days,
        "replications": size.queue_replications,
        "rows": [row._asdict() for row in rows],
        "not_run": missing,
    }


# -- starts, and memory: in processes of their own -----------------------------------------------------------------


def starts(size: Size) -> Found:
    """Seconds from typing a command to its answer: with nothing compiled, and later."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        first = _answered({"CAREPATH_CACHE": empty}) if size.first_start else None
    _load()
    return {"engine": DEFAULT, "first_seconds": first, "later_seconds": _answered({})}


def _answered(environment: Mapping[str, str]) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asked = [
            "run", SCENARIO, "--scale", "0.01", "--years", "1", "--replications", "1", "--quiet",
            "--set", "run.warm_up_days=0", "--out", str(Path(folder) / "answer"),
        ]  # fmt: skip
        began = time.perf_counter()
        _python(f"from sim.cli import main; sys.exit(main({asked!r}))", environment)
        return time.perf_counter() - began


def _in_another_process(function: str, *arguments: float) -> Any:
    """What a function of this module gives in a process that does nothing else."""
    call = f"from sim.experiments import bench; import json; print(json.dumps(bench.{function}{arguments!r}))"
    return json.loads(_python(call, {}))


def _python(call: str, environment: Mapping[str, str]) -> str:
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {call}"],
        env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, check=True,
        encoding="utf-8",
    ).stdout  # fmt: skip


def memory_of_replication(scale: float, years: float, warm_up_days: int) -> Found:
    """Most memory of this process in megabytes before and after a replication; None where the system does not say."""
    plan = plan_of(scale, years, warm_up_days)
    _load()
    before = peak_megabytes()
    replicate(COMPILED, plan, 0)
    return {"before_megabytes": before, "peak_megabytes": peak_megabytes()}


def memory_of_simpy(scale: float, years: float, warm_up_days: int, days: int) -> Found:
    """The same of the SimPy engine, for so many days from the start."""
    plan = plan_of(scale, years, warm_up_days)
    before = peak_megabytes()
    SIMPY.advance(SIMPY.start(plan, _SEED, 0), plan, days * DAY)
    return {"before_megabytes": before, "peak_megabytes": peak_megabytes()}


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
