"""What every engine does, and how simultaneous events are settled.

``start(plan, seed, replication) -> State`` and ``advance(state, plan, until_minute) -> StayLog``: a pure function of
plan, seed and replication, carried out in pieces. A state can be copied, saved, and continued with another plan whose
rows begin with those of the first.

1. No file, no global. What decides something about a person is a call to ``sim.rules``, in both engines; every random
   number comes from ``sim.draws``. Engines look up, order, add up and keep count.
2. Time is whole minutes; a stay lasts at least one.
3. At each instant: A advance the clock. B set down everything due now. C settle, in this order: stays that are over
   (those who die or go home whatever the place looks like first, then by id); closing times and outlets; life events,
   by id; people asking where to go, by id; then places are filled in passes: pools that have changed since they were
   last looked at, in plan order, people by the queue's discipline; whoever moves frees the old place for the next
   pass; until nothing has changed. An id is (person, generation,
   minute of the need, chain).
4. A rule that looks at the state of the system is asked only in C.
5. Two people who each hold the place the other needs do not swap; they wait.
6. Reduced capacity lets places go as they empty.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.log import StayLog
    from sim.plans.plan import Plan


class Engine(Protocol):
    """What the module of an engine offers; a state has a method ``copy``."""

    def start(self, plan: Plan, seed: int, replication: int) -> Any:
        """The state at minute 0."""

    def advance(self, state: Any, plan: Plan, until_minute: int) -> StayLog:
        """Carry the state on, and what happened meanwhile."""


class About(NamedTuple):
    """Where an engine is, and how its runs may be spread."""

    module: str
    """Module to import."""
    releases_gil: bool
    """True if runs in threads of one process go on at the same time."""


ENGINES = {
    "fast": About("sim.engines.fast_engine", releases_gil=True),
    "simpy": About("sim.engines.simpy_engine", releases_gil=False),
}
"""Every engine by name."""
DEFAULT = "fast"
"""The engine used where none is named."""


def about(name: str) -> About:
    """What is known of an engine; InputError if there is none of that name."""
    if name not in ENGINES:
        raise InputError([Problem("--engine", f"there is no engine {name!r}: choose one of {', '.join(ENGINES)}")])
    return ENGINES[name]


def engine(name: str = DEFAULT) -> Engine:
    """The engine of that name; only this one is loaded."""
    return cast(Engine, importlib.import_module(about(name).module))
