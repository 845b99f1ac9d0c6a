"""The course of a long-term condition: how it is recognised and managed, and what follows where it is not."""

from __future__ import annotations

from typing import Literal

from sim.quantities import Described, Number, Quantity

STATES = ("unrecognised", "recognised", "managed")
"""Somebody with a condition is in one of these; who is managed is recognised too."""


class ByState(Described):
    """One number for each state of a condition."""

    unrecognised: Number
    """The number for people who have the condition and do not know."""
    recognised: Number
    """The number for people on the register, without a plan of care for the condition."""
    managed: Number
    """The number for people on the register with a completed plan of care for the condition."""

    @property
    def values(self) -> tuple[float, float, float]:
        """The three numbers, in the order of STATES."""
        return self.unrecognised.value, self.recognised.value, self.managed.value


class Complication(Described):
    """What a condition may lead to."""

    title: str = ""
    """Name shown on screen."""
    per_year: ByState
    """Chance a year."""
    need: Literal["", "minor", "ambulatory_care_sensitive", "community_or_acute", "acute"] = ""
    """Severity of the urgent need that follows; it is only counted if left out. As many other urgent needs of the
    condition are left out without a programme, so that the place's total stays what was published."""
    stage: str = ""
    """Stage that need asks for at once; the usual door if left out."""


class Course(Described):
    """How a condition is recognised and managed in usual care, and what the states of it mean.

    People do not age during a run. So that the shares stay what they are without a programme, two flows are worked out:
    those newly ill, not yet recognised, who take the place of recognised ones; and the start of management.
    """

    recognised_share: Number
    """Share of those who have the condition in whom it is recognised (the register)."""
    managed_share: Number
    """Share of the recognised who are managed."""
    recognised_per_year: Number
    """Chance a year of being recognised in usual care, for somebody unrecognised."""
    lapses_per_year: Number
    """Chance a year of falling out of management."""
    crises: ByState
    """Relative rate of the urgent needs that the condition causes; the mean over everybody who has it counts as 1. As
    with all numbers by state it is what being in the state does: that milder cases are found later is no reason for
    fewer crises while unrecognised."""
    complications: dict[str, Complication] = {}
    """What it may lead to, by name."""
    symptom_days_per_month: ByState | None = None
    """Days a month on which symptoms limit what people do."""
    referred_share: Number = Quantity(value=0)
    """Share of people referred for planned care when they are recognised."""
    referred_when_managed_share: Number = Quantity(value=0)
    """Share of people referred for planned care, such as rehabilitation, when management begins."""
    gp_minutes_per_month: Number = Quantity(value=0)
    """Doctors' minutes each month for each person on the register."""
