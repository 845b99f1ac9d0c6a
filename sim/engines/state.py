"""The state of a run as a value: people, journeys, supports, queues of the future; it can be copied and saved."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.log import NEVER


@dataclass(slots=True)
class Stay:
    """One person in, or waiting for, one stage. Times are minutes, NEVER until they have come."""

    stage: int
    pool: int
    asked: int
    came_from: int
    frailty: int
    flags: int = 0
    key: int = 0
    """Entity key of this visit."""
    started: int = NEVER
    ready: int = NEVER
    process: int = 0
    sourcing: int = 0
    onward: int = NEVER
    """Minute at which the drawn delay is over and the next stage is asked for."""
    early: int = NEVER
    """Minute at which an earlier way out is tried."""
    route: int = NEVER
    """Row of the route to be taken."""
    dies: bool = False
    stay_ratio: float = 1.0
    """How much pressure changed the length of stay."""
    rank: int = 0
    """Rank in the queue waited in."""


@dataclass(slots=True, eq=False)
class Journey:
    """A person's stays for one need."""

    row: int
    """Row of the person, -1 - stream for a plain arrival."""
    person: int
    generation: int
    need_minute: int
    need: int
    """Entity key of the need: the random address of the journey."""
    chain: int
    severity: int
    cause: int
    age: int
    locality: int
    stay: Stay | None = None
    """The stay in progress, whose place is held."""
    waiting: Stay | None = None
    """The stay asked for."""
    visits: dict[int, int] = field(default_factory=dict)
    """Visits to each stage so far in this chain."""
    over: bool = False
    busy: bool = False
    """Counts as being in a bed or in an unfinished urgent journey."""
    u_pool: float | None = None
    """Draw that fixes which of several pools of a stage serves the person, once it has been needed."""

    @property
    def id(self) -> tuple[int, int, int, int, int]:
        """What simultaneous people are ordered by."""
        return self.person, self.generation, self.need_minute, self.chain, self.need


@dataclass(slots=True)
class Support:
    """Residence support of a person: a home care package or a care home place, held beside journeys."""

    journey: Journey
    stay: Stay


@dataclass(slots=True)
class Persons:
    """What changes about people, one entry a row; the rest is fixed for the run."""

    person: list[int]
    age: list[int]
    locality: list[int]
    base_frailty: list[int]
    frailty: list[int]
    residence: list[int]
    end_of_life: list[int]
    conditions: list[int]
    propensity: list[float]
    lasting: list[float]
    """Propensity x deprivation: what a successor keeps."""
    multiplier: list[float]
    generation: list[int]
    busy: list[int]
    care_plan: list[int]
    recognised: list[int]
    """Bits of the conditions followed that are recognised."""
    managed: list[int]


@dataclass(slots=True)
class State:
    """Everything a run needs to go on from ``minute``."""

    seed: int
    replication: int
    minute: int
    persons: Persons
    journeys: set[Journey]
    of_person: dict[int, list[Journey]]
    """Live journeys of each row that has any."""
    supports: dict[int, Support]
    """Residence support by row."""
    occupied: list[int]
    slots_left: list[int]
    seen_today: list[int]
    """People seen today by pool, for slots."""
    points: dict[int, list[tuple[Any, ...]]]
    """Life events to come by day, as ``life.Point``."""
    quarter: int
    """Number of the cell of time whose points have been read."""
    bounds: npt.NDArray[np.float64]
    """[kind, row] height up to which points were read in this quarter."""
    readmissions: dict[int, list[Any]]
    """Drawn readmissions to come, by day."""
    members: list[dict[int, int]]
    """Minute of enrolment by row, for each programme with a caseload."""
    admissions: dict[int, list[int]]
    """Minutes of emergency admissions in the last year, by row."""
    away: dict[int, int]
    """Minute since which somebody with residence support has been in hospital, by row."""
    lost_place: dict[int, int]
    """Stage to ask for when leaving hospital, by row of people whose place was given up."""
    recognised: list[int] = field(default_factory=list)
    """People in whom each condition followed is recognised."""
    gp_backlog: float = 0.0
    gp_more: float = 0.0
    """Routine work of general practice beyond the usual, as a share of it."""
    gp_fraction: dict[int, float] = field(default_factory=dict)

    def copy(self) -> State:
        """An independent copy, to be continued as another arm."""
        copied: State = pickle.loads(pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL))
        return copied
