"""CareSystem to arrays: names become indices, days become minutes, once.

Engines read only a ``Plan``. ``Names`` is what turns its indices back into words and dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """The words behind a plan's indices, and the calendar behind its minutes."""

    stages: tuple[str, ...]
    """Stage keys, by stage index."""
    pools: tuple[str, ...]
    """Pool keys, by pool index."""
    localities: tuple[str, ...]
    """Locality names, by locality index."""
    programmes: tuple[str, ...]
    """Intervention names that enrol people, by programme index."""
    stage_titles: tuple[str, ...]
    """Stage titles for the screen."""
    pool_titles: tuple[str, ...]
    """Pool titles for the screen."""
    acute: tuple[bool, ...]
    """By stage: an acute hospital stay."""
    emergency_admission: tuple[bool, ...]
    """By stage: starting it with an urgent need counts as an emergency admission."""
    overnight: tuple[bool, ...]
    """By stage: an overnight stay with a discharge pathway."""
    residence: tuple[int, ...]
    """By stage: index in system.RESIDENCES it makes the person's residence, 0 if none."""
    a_and_e: int
    """Index of the A&E stage, -1 if there is none."""
    gp: int
    """Index of the urgent general practice stage, -1 if there is none."""
    slots: tuple[bool, ...]
    """By pool: slots a day rather than beds."""
    capacity: tuple[tuple[int, ...], ...]
    """By pool: capacity on each day from the start of warm-up, at the run's scale; -1 for no limit."""
    residents: tuple[tuple[int, ...], ...]
    """People by age band and locality, at the run's scale."""
    first_day: dt.date
    """Date of minute 0."""
    warm_up_minutes: int
    """Minutes of warm-up; the first measured minute."""
    end_minute: int
    """Minute after the last one simulated."""
    scale: float
    """Share of people and capacities simulated; counts are divided by it."""
