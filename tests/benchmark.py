"""How long a stay takes in the SimPy engine, beside a bare SimPy event, both measured in this run.

``python tests/benchmark.py [scale]`` prints processor time a stay on the reference place and the ratio of the two.
Nothing is asserted: a time depends on the machine, the ratio hardly.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator

import simpy

from sim.compile_plan import compile_plan
from sim.engines.simpy_engine import advance, start
from sim.files import load_scenario

DAY = 1440
WARM_UP_DAYS, MEASURED_DAYS = 182, 364


def seconds_an_event(events: int = 200_000) -> float:
    """Processor time of one timeout of one of a hundred SimPy processes."""
    environment = simpy.Environment()

    def waiting() -> Generator[simpy.Event, None, None]:
        while True:
            yield environment.timeout(1)

    for _ in range(100):
        environment.process(waiting())
    began = time.process_time()
    environment.run(until=events // 100)
    return (time.process_time() - began) / events


def seconds_a_stay(scale: float) -> tuple[float, int]:
    """Processor time a stay on the reference place after warm-up, and the number of stays."""
    changes = {"run.scale": str(scale), "run.years": "1", "run.warm_up_days": str(WARM_UP_DAYS)}
    scenario = load_scenario("england_baseline", changes)
    plan = compile_plan(scenario)
    state = start(plan, scenario.run.seed, 0)
    advance(state, plan, WARM_UP_DAYS * DAY)
    began, stays = time.process_time(), 0
    for day in range(WARM_UP_DAYS + 91, WARM_UP_DAYS + MEASURED_DAYS + 1, 91):
        stays += advance(state, plan, day * DAY).ended["stage"].size
    return (time.process_time() - began) / stays, stays


def main() -> None:
    """Print both times and their ratio."""
    event = seconds_an_event()
    stay, stays = seconds_a_stay(float(sys.argv[1]) if len(sys.argv) > 1 else 0.1)
    print(f"{stays:,} stays of the reference place: {stay * 1e6:.0f} microseconds of processor time a stay,")
    print(f"{stay / event:.0f} times a bare SimPy event ({event * 1e6:.1f} microseconds)")


if __name__ == "__main__":
    main()
