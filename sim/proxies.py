"""One table of stand-ins for what a simulation cannot measure: health status, coordination, self-management.

Every number that uses them is labelled a proxy. Nothing here enters the run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proxies:
    """Values behind the proxy measures, each with its source or marked as assumed."""

    utility_by_age: tuple[float, float, float, float] = (0.891, 0.782, 0.733, 0.675)
    """EQ-5D-3L of the general population at 42, 69.5, 79 and 89 years: Ara and Brazier 2010 equation, 47% male."""
    utility_lost_in_acute_bed: float = 0.10
    """Utility lost while in an acute bed. Assumption (0.05 to 0.20); no UK estimate found."""
    utility_lost_in_care_home: float = 0.15
    """Utility below the norm of the age. Assumption: the gap of frail patients in acute care, doi
    10.1186/s12873-023-00909-4 (0.574 against an age norm near 0.73), taken as an upper bound."""
    coordinated: tuple[float, float] = (0.60, 0.65)
    """Share who find their care well coordinated, without and with a care plan. Assumption."""
    self_managing_by_frailty: tuple[float, float, float, float] = (0.85, 0.75, 0.60, 0.45)
    """Share confident to manage their health: fit, mild, moderate, severe. Assumption."""
    self_managing_with_plan: float = 0.05
    """Added to that share by a care plan. Assumption."""


PROXIES = Proxies()
