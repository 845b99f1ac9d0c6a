"""The stays of one piece of a run, and what they are. Counting them is ``tally.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim.log import FLAGS, NEVER, OUTCOMES, STAY_COLUMNS, StayLog
from sim.plan import Names
from sim.system import SEVERITIES

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAY = 1440
"""Minutes in a day."""
URGENT = SEVERITIES.index("community_or_home") + 1
"""Severities below this index are urgent needs."""
OUTCOME = {name: code for code, name in enumerate(OUTCOMES)}


@dataclass(frozen=True)
class Piece:
    """The stays of one piece of a run, ended and open together, and what they are."""

    names: Names
    log: StayLog
    column: Mapping[str, Ints] = field(init=False)
    """Columns of stays, the ended ones first."""
    ended: Bools = field(init=False)
    """By stay: it ended in this piece."""
    known: Bools = field(init=False)
    """By stay: it began within the run, so that its whole length is known."""
    urgent: Bools = field(init=False)
    """By stay: the journey began with an urgent need."""

    def __post_init__(self) -> None:
        log = self.log
        column = {name: np.concatenate((log.ended[name], log.open[name])) for name in STAY_COLUMNS}
        ended = np.arange(len(column["person"])) < len(log.ended["person"])
        known = column["flags"] & FLAGS["prefilled"] == 0
        for name, value in (("column", column), ("ended", ended), ("known", known)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "urgent", column["severity"] < URGENT)

    def __getitem__(self, name: str) -> Ints:
        return self.column[name]

    def of_stage(self, flags: tuple[bool, ...], stage: str = "stage") -> Bools:
        """By stay: its stage (or the one it came from or goes to) is one of those flagged."""
        flagged = np.zeros(len(self.names.stages) + 1, dtype=bool)
        flagged[: len(flags)] = flags
        chosen: Bools = flagged[self[stage]]
        return chosen

    def now(self, time: str) -> Bools:
        """By stay: ``time`` came in this piece. The last minute of a piece belongs to the next, unless it ended."""
        minute, log = self[time], self.log
        came: Bools = (minute != NEVER) & (minute >= log.from_minute) & (self.ended | (minute < log.until_minute))
        return came & self.known

    @property
    def left(self) -> Ints:
        """Minute the stay ended; for open ones the end of the piece."""
        return np.where(self.ended, self["left"], self.log.until_minute)

    @property
    def wait_ended(self) -> Ints:
        """Minute the wait was over: by starting, by leaving the queue, or the end of the piece if it goes on."""
        return np.where(self["started"] != NEVER, self["started"], self.left)

    @property
    def admissions(self) -> Bools:
        """By stay: it began an emergency admission in this piece."""
        emergency = self.names.emergency_admission
        return self.urgent & self.of_stage(emergency) & ~self.of_stage(emergency, "came_from") & self.now("started")

    @property
    def live_overnight_discharges(self) -> Bools:
        """By stay: it ended an overnight stay alive, by a discharge pathway, in this piece."""
        alive = (self["pathway"] >= 0) & (self["outcome"] != OUTCOME["died"]) & (self["started"] != NEVER)
        discharged: Bools = self.of_stage(self.names.overnight) & alive & self.ended
        return discharged

    @property
    def ready(self) -> Bools:
        """By stay: the person was ready to leave, and so has been delayed since."""
        ready: Bools = (self["ready"] != NEVER) & (self["started"] != NEVER)
        return ready
