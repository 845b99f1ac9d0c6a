"""Every address two runs draw from, as JSON: run by a test with the JIT off, when each draw can be seen from Python.

An argument names two purposes that are made one, as ``PROCESS_DELAY=IS_DELAYED``: a mistake that must be found.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from sim import draws
from sim.draws import Purpose

Address = tuple[int, int, int, int]
NAMES = {number: name for name, number in vars(Purpose).items() if name.isupper()}
FIXED_FOR_A_PERSON = {Purpose.POOL, Purpose.REACHED}
ONCE_FOR_A_NEED = {Purpose.SEVERITY, Purpose.CAUSE, Purpose.DOOR, Purpose.ARRIVAL_AGE, Purpose.ARRIVAL_LOCALITY}


def one(function: Callable[..., Any], asked: Counter[Address]) -> Callable[..., Any]:
    def addressed(entity: int, chain: int, purpose: int, draw: int = 0) -> Any:
        assert 0 <= draw < 1 << 16, "a draw has 16 bits"
        assert 0 <= chain < 1 << 32, "a chain has 32"
        if purpose not in FIXED_FOR_A_PERSON:
            asked[int(entity), chain, purpose, draw] += 1
        return function(entity, chain, purpose, draw)

    return addressed


def many(function: Callable[..., Any], of_many: Counter[Address]) -> Callable[..., Any]:
    def addressed(entities: Any, chain: Any, purpose: int, draw: Any = 0) -> Any:
        each = np.broadcast_arrays(entities, chain, draw)
        of_many.update((e, c, int(purpose), d) for e, c, d in zip(*(array.tolist() for array in each), strict=True))
        return function(entities, chain, purpose, draw)

    return addressed


def collect() -> tuple[Counter[Address], Counter[Address]]:
    """Addresses asked one at a time and as arrays; the modules of the engine are told to ask here."""
    asked: Counter[Address] = Counter()
    of_many: Counter[Address] = Counter()
    uniform, word = draws.uniform, draws.word
    for name, module in list(sys.modules.items()):
        if name == "sim.decisions" or name.startswith("sim.engines."):
            for function in (uniform, word):
                if getattr(module, function.__name__, None) is function:
                    setattr(module, function.__name__, one(function, asked))
    draws.words = many(draws.words, of_many)
    return asked, of_many


def runs(engine: Any) -> None:
    from sim.plans.plan import LOOPS  # noqa: PLC0415
    from tests.made_places import WAITS_TWICE, one_piece, plan_of  # noqa: PLC0415
    from tests.test_same_luck import arms  # noqa: PLC0415

    _, plan = arms(130, 30, 1.0)
    loop = plan.loop.copy()
    loop[[LOOPS.index("exit_block"), LOOPS.index("threshold_slope")]] = 0.5, 0.001
    one_piece(engine, plan._replace(loop=loop))
    one_piece(engine, plan_of(WAITS_TWICE))


def main() -> None:
    for pair in sys.argv[1:]:
        wrong, same_as = pair.split("=")
        setattr(Purpose, wrong, getattr(Purpose, same_as))
    from sim.engines import simpy_engine  # noqa: PLC0415  (after the purposes)

    asked, of_many = collect()
    runs(simpy_engine)
    twice = [NAMES[address[2]] for address, times in asked.items() if times > 1]
    twice += [NAMES[a[2]] for a, times in of_many.items() if times > 1 and a[2] in ONCE_FOR_A_NEED]
    purposes = {NAMES[address[2]] for address in [*asked, *of_many] if address[2] in NAMES}
    both = {NAMES[address[2]] for address in asked.keys() & of_many.keys()}
    json.dump({"purposes": sorted(purposes), "twice": Counter(twice), "both": sorted(both)}, sys.stdout)


if __name__ == "__main__":
    main()
