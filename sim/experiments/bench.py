"""How fast the engines are on this machine: a replication of the shipped pilot, its parts, and what it is set against.

Times of one thread are processor time, so that other work on the machine counts little; those of several threads and
of whole commands are as a clock on the wall shows them.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import simpy
from joblib import Parallel, cpu_count, delayed

from sim import __version__
from sim.engines import DEFAULT
from sim.experiments.bench_heap import timed_heap
from sim.experiments.bench_queues import NOT_INSTALLED, programs, queues
from sim.experiments.bench_replication import (
    COMPILED,
    INSIDE,
    SCENARIO,
    Found,
    Replicated,
    Stopwatch,
    in_another_process,
    in_python,
    load,
    plan_of,
    replicate,
    timed_replication,
)
from sim.experiments.spread import Progress
from sim.plans.plan import QUARTER_DAYS, Plan


@dataclass(frozen=True)
class Size:
    """How much is run."""

    scale: float = 1.0
    """Share of the place's people and capacities."""
    years: float = 5
    """Measured years."""
    warm_up_days: int = 365
    growth_scales: tuple[float, ...] = (0.2, 0.5, 1.0)
    """Of a place of 500,000 residents, whose adults are simulated; the scale itself is among them."""
    growth_years: tuple[float, ...] = (1, 2, 5)
    threads: tuple[int, ...] = (1, 2)
    queue_days: int = 600
    queue_replications: int = 10
    first_start: bool = True
    """False to leave out the start with nothing compiled, which takes a minute."""


FULL = Size()
QUICK = Size(
    scale=0.01, years=0.25, warm_up_days=28, growth_scales=(0.005, 0.01), growth_years=(0.25, 0.5),
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


def one_replication(size: Size) -> Found:
    """The replication everything else is set against: seconds, memory, parts and the floor."""
    load()
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
    }


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
    """One whole replication by each engine, alone in a process and without counting, and a bare SimPy event."""
    plan = plan_of(size.scale, size.years, size.warm_up_days)
    rows = {
        name: in_another_process("uncounted_alone", engine, size.scale, size.years, size.warm_up_days)
        for name, engine in (("compiled", "fast"), ("simpy", "simpy"))
    }
    hashes = {row.pop("stays_sha256") for row in rows.values()}
    event = seconds_a_simpy_event()
    return rows | {
        "people": int(plan.people.sum()),
        "years": size.years,
        "warm_up_days": size.warm_up_days,
        "same_stays": len(hashes) == 1,
        "times_faster": rows["simpy"]["seconds"] / rows["compiled"]["seconds"],
        "bare_event_microseconds": event * 1e6,
        "bare_events_a_stay": rows["simpy"]["seconds"] / rows["simpy"]["stays"] / event,
    }


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
    load()
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
    """A replication for fewer people, and for fewer years, each alone in a process; the whole one is among them."""
    sizes = [(scale, size.years) for scale in size.growth_scales]
    sizes += [(size.scale, years) for years in size.growth_years if (size.scale, years) not in sizes]
    return [in_another_process("counted_alone", scale, years, size.warm_up_days) for scale, years in sizes]


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


# -- whole commands ------------------------------------------------------------------------------------------------


def starts(size: Size) -> Found:
    """Seconds from typing a command to its answer: a tiny run with nothing compiled, and later; the README's first.

    That of a later start is the faster of two.
    """
    tiny = ("--scale", "0.01", "--years", "1", "--replications", "1", "--set", "run.warm_up_days=0")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        first = _answered(tiny, {"CAREPATH_CACHE": empty}) if size.first_start else None
    load()
    main = ("--scale", f"{size.scale:g}") if size.scale != 1 else ()
    return {
        "engine": DEFAULT,
        "first_seconds": first,
        "later_seconds": min(_answered(tiny), _answered(tiny)),
        "main_job": " ".join(("carepath run", SCENARIO, *main)),
        "main_seconds": _answered(main),
    }


def _answered(options: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asked = ["run", SCENARIO, *options, "--quiet", "--out", str(Path(folder) / "answer")]
        began = time.perf_counter()
        in_python(f"from sim.cli import main; sys.exit(main({asked!r}))", environment or {})
        return time.perf_counter() - began
