"""What a measure is: its name, unit and definition, and the tallies it is made of. All of them: ``definitions.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "stock", "share", "mean"]

PER_YEAR = "year"
PER_DAY = "day"
PER_1000 = "residents"


@dataclass(frozen=True)
class Formula:
    """A measure as one tally over another."""

    tally: str
    """Tally on top (see ``parts.PARTS``)."""
    over: str
    """Another tally, or `year` (a count), `day` (a mean over days), `residents` (per 1,000 residents a year)."""
    factor: float = 1.0
    """Multiplies the result, for example hours in a minute."""
    total: bool = True
    """True if the parts add up to a row `all`."""
    of_total: bool = False
    """True if each part is divided by the total of ``over`` and not by its own part."""
    whole: bool = False
    """True if it is known for the whole place only."""
    fine: bool = True
    """True if it is also given by week and month."""


@dataclass(frozen=True)
class Measure:
    """One number a run can be asked for."""

    name: str
    """Name in tables, claims and targets."""
    title: str
    """Name on screen."""
    unit: str
    """Unit of the value; `a year` means a period of 365 days."""
    kind: Kind
    """count: events; stock: people or places at one time; share: 0 to 1; mean: an average."""
    definition: str
    """What is counted, exactly."""
    source_of_definition: str
    """Published definition it follows, or `this model`."""
    lower_is_better: bool | None = None
    """None where neither direction is good in itself."""
    calibrated: bool = False
    """True if a published figure exists and the shipped places are compared with it."""
    formula: Formula | None = None
    """How it is worked out from tallies; None for the few that ``tables.py`` works out on their own, and for money."""


VALUES = ("tariff_value", "marginal_value", "cash_released")
"""Measures of what less activity is worth."""
SAVINGS = dict(zip(VALUES, ("net_saving_at_tariff", "net_saving_at_marginal_cost", "net_saving_in_cash"), strict=True))
"""Measures of each less the cost of the plan."""
GP_MINUTES = "programme_gp_minutes"
MONEY_MEASURES = frozenset({GP_MINUTES, "programme_cost", "care_cost", *VALUES, *SAVINGS.values()})
"""Measures worked out from others and from prices."""
