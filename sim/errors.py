"""Everything that can go wrong for a user, as one tree.

CarepathError
├── InputError      a file, option or value is wrong; carries every problem found at once
├── RunError        a run could not go on (everybody waits for everybody, nothing to measure)
└── NotProved       a check of carepath itself does not hold
"""

from __future__ import annotations

from dataclasses import dataclass


class CarepathError(Exception):
    """Base of every error shown to a user without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what, and what to do about it."""

    where: str
    """Place in the file, for example ``stages.acute_bed.pool``."""
    what: str
    """What is wrong and what is allowed, in one sentence."""
    file: str = ""
    """File name as the user gave it; empty for an option of the command line."""
    line: int = 0
    """Line in the file, from 1; 0 where there is none."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.where}: {self.what}" if self.where else f"{place}{self.what}"


class InputError(CarepathError):
    """One or more problems with what the user gave; nothing was run."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class RunError(CarepathError):
    """A run that cannot finish, with the reason."""


class NotProved(CarepathError):
    """A check of carepath itself does not hold: the fault is not in what the user gave."""
