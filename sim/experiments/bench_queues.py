"""Plain queues, which every simulator can do: carepath's engines, bare SimPy and Ciw beside each other.

The files ``queue.yaml`` and ``tandem.yaml`` say what is simulated. Each program makes its own random numbers, and each
is asked the same: how long people wait for the first stage.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import simpy

from sim.engines import Engine, fast_engine, simpy_engine
from sim.files.reading import load_scenario
from sim.log import NEVER
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.rules import DAY

FILES = ("queue", "tandem")
PRECISION = 0.01
"""Standard error wanted of the mean wait, as a share of it."""
NOT_INSTALLED = 'Ciw was not run: it is not installed (pip install "carepath[bench]")'


class Served(NamedTuple):
    """What one replication saw."""

    waits: Any
    """Minutes each person who came after the warm-up waited for the first stage; those still waiting left out."""
    events: int
    """People who came and stays that began or ended."""


@dataclass(frozen=True)
class Queue:
    """A file as numbers. Times are minutes."""

    name: str
    what: str
    plan: Plan
    warm_up: int
    end: int
    gap: float
    """Mean time between arrivals."""
    beds: tuple[int, ...]
    """Of each stage, in order."""
    stays: tuple[float, ...]
    """Mean length of stay in each stage."""
    onward: float
    """Share who go on to the second stage."""


def queue(file: str, days: int) -> Queue:
    """The queue in a file of ``FILES``, with so many measured days."""
    scenario = load_scenario(Path(__file__).with_name(f"{file}.yaml"), {"run.years": str(days / 365)})
    plan = compile_plan(scenario)
    return Queue(
        name=scenario.name,
        what=scenario.place.what,
        plan=plan,
        warm_up=plan.names.warm_up_minutes,
        end=plan.names.end_minute,
        gap=DAY / float(plan.stream_rate[0, 0]),
        beds=tuple(plan.capacity[:, 0].tolist()),
        stays=tuple(plan.stay_minutes[:, 0].tolist()),
        onward=float(plan.route_shares[0, 0, 0]) if len(plan.route_shares) else 0.0,
    )


# -- four programs -------------------------------------------------------------------------------------------------


def by_carepath(engine: Engine, q: Queue, replication: int) -> Served:
    """One replication by an engine of carepath, which begins with as many in the beds as are expected there."""
    log = engine.advance(engine.start(q.plan, 1, replication), q.plan, q.end)
    stays = {name: np.concatenate([log.ended[name], log.open[name]]) for name in ("stage", "asked", "started")}
    came = (stays["stage"] == 0) & (stays["asked"] >= 0)
    measured = came & (stays["asked"] >= q.warm_up) & (stays["started"] != NEVER)
    began = int((stays["started"] > 0).sum())
    return Served((stays["started"] - stays["asked"])[measured], int(came.sum()) + began + len(log.ended["stage"]))


def by_simpy(q: Queue, replication: int) -> Served:
    """One replication in SimPy as its users write it, from an empty start."""
    draw, clock = random.Random(replication), simpy.Environment()
    beds = [simpy.Resource(clock, capacity=places) for places in q.beds]
    waits: list[float] = []
    events = 0

    def patient() -> Generator[simpy.Event, None, None]:
        nonlocal events
        came = clock.now
        events += 1
        with beds[0].request() as bed:
            yield bed
            if came >= q.warm_up:
                waits.append(clock.now - came)
            yield clock.timeout(draw.expovariate(1 / q.stays[0]))
            events += 2
            onward = beds[1].request() if draw.random() < q.onward else None
            if onward is not None:
                yield onward  # the first bed is kept meanwhile
        if onward is not None:
            yield clock.timeout(draw.expovariate(1 / q.stays[1]))
            events += 2
            beds[1].release(onward)

    def arrivals() -> Generator[simpy.Event, None, None]:
        while True:
            yield clock.timeout(draw.expovariate(1 / q.gap))
            clock.process(patient())

    clock.process(arrivals())
    clock.run(until=q.end)
    return Served(np.array(waits), events)


def by_ciw(q: Queue, replication: int) -> Served:
    """One replication in Ciw, from an empty start; a full second stage blocks the first."""
    import ciw  # noqa: PLC0415 - an extra

    stages = len(q.beds)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(1 / q.gap), *[None] * (stages - 1)],
        service_distributions=[ciw.dists.Exponential(1 / stay) for stay in q.stays],
        number_of_servers=list(q.beds),
        queue_capacities=[float("inf"), *[0] * (stages - 1)],
        routing=[[0.0] * (stages - 1) + [q.onward], *[[0.0] * stages] * (stages - 1)],
    )
    ciw.seed(replication)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(q.end)
    records = simulation.get_all_records()
    first = [record for record in records if record.node == 1]
    waits = [record.waiting_time for record in first if record.arrival_date >= q.warm_up]
    return Served(np.array(waits), len(first) + 2 * len(records))


def programs() -> dict[str, Callable[[Queue, int], Served]]:
    """Every program there is here, by its name with its version."""
    found: dict[str, Callable[[Queue, int], Served]] = {
        "carepath, compiled engine": partial(by_carepath, cast(Engine, fast_engine)),
        "carepath, SimPy engine": partial(by_carepath, cast(Engine, simpy_engine)),
        f"bare SimPy {version('simpy')}": by_simpy,
    }
    if find_spec("ciw"):
        found[f"Ciw {version('ciw')}"] = by_ciw
    return found


# -- side by side --------------------------------------------------------------------------------------------------


class Program(NamedTuple):
    """What one program needs for one queue, in seconds of processor time."""

    queue: str
    program: str
    people: float
    """Whose wait was measured, a replication."""
    wait_minutes: float
    standard_error: float
    """Of that mean, by all replications."""
    seconds: float
    """A replication."""
    events_a_second: float
    seconds_to_precision: float
    """Until the standard error is ``PRECISION`` of the mean wait that all programs find together."""


def queues(days: int, replications: int) -> list[Program]:
    """Every program on every queue, so many replications each."""
    return [row for file in FILES for row in side_by_side(queue(file, days), replications)]


def side_by_side(q: Queue, replications: int) -> list[Program]:
    """Every program on one queue.

    All simulate the same thing, so their replications vary alike: how many a precision takes is worked out from the
    variance within all of them.
    """
    found = {name: _replications(run, q, replications) for name, run in programs().items()}
    wanted = PRECISION * float(np.mean([means.mean() for means, *_ in found.values()]))
    needed = float(np.mean([means.var(ddof=1) for means, *_ in found.values()])) / wanted**2
    return [
        Program(
            q.name, name, people / replications, float(means.mean()), float(means.std(ddof=1)) / replications**0.5,
            seconds / replications, events / seconds, needed * seconds / replications,
        )
        for name, (means, people, events, seconds) in found.items()
    ]  # fmt: skip


def _replications(
    run: Callable[[Queue, int], Served], q: Queue, replications: int
) -> tuple[npt.NDArray[np.float64], int, int, float]:
    """Mean wait of each replication, people, events, seconds; what is loaded by the first call is not timed."""
    run(q, replications)
    began = time.process_time()
    served = [run(q, number) for number in range(replications)]
    means = np.array([each.waits.mean() for each in served])
    seconds = time.process_time() - began
    return means, sum(len(each.waits) for each in served), sum(each.events for each in served), seconds
