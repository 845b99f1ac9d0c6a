"""What care costs and who pays for it: prices of activity, as a place file states them.

Turning activity into money is ``money/bill.py``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.quantities import Described, Number

Organisation = Literal["acute_trust", "community_provider", "general_practice", "council", "commissioner"]
ORGANISATIONS: tuple[Organisation, ...] = Organisation.__args__  # type: ignore[attr-defined]
PricedMeasure = Literal[
    "emergency_admissions",
    "a_and_e_attendances",
    "outpatients",
    "referrals",
    "planned_admissions",
    "acute_beds_occupied",
    "community_beds_occupied",
    "programme_gp_minutes",
]


class Price(Described):
    """What one unit of an activity costs and what is paid for it."""

    title: str = ""
    """Name shown on screen; the key with spaces if left out."""
    measure: PricedMeasure | None = None
    """Measure that counts it; people in beds are priced by the day. Give this or pools."""
    pools: tuple[str, ...] = ()
    """Pools of the place in which it is counted: each slot used, or each day of a place in use. A name may end in `*`
    for all that begin so."""
    provider: Organisation
    """Organisation that bears the cost."""
    payer: Organisation
    """Organisation that pays for it."""
    cost: Number
    """Average cost of one, GBP."""
    varies_share: Number
    """Share of that cost that goes when one is not needed, without closing anything."""
    tariff: Number | None = None
    """Paid for one where activity is paid for, GBP; its cost if left out, 0 if it is never paid for one by one."""

    @model_validator(mode="after")
    def _counted_once(self) -> Price:
        if (self.measure is None) == (not self.pools):
            raise ValueError("give either measure or pools: what is counted")
        return self


class Ward(Described):
    """What can be closed: a bed is only paid for no longer when its ward is."""

    pools: Annotated[tuple[str, ...], Field(min_length=1)]
    """Pools of the place made of wards, one for each site; a name may end in `*` for all that begin so."""
    beds: Number
    """Beds of a ward."""
    occupied_share: Number
    """Share of its beds that are occupied."""
    cost_per_bed_day: Number
    """What is no longer spent for each occupied bed day of a ward that is closed, GBP."""


class Prices(Described):
    """Prices of a place."""

    price_year: str
    """Year the prices are of."""
    activity: Annotated[dict[str, Price], Field(min_length=1)]
    """Price of each kind of activity, by name."""
    ward: Ward
    """What can be closed."""
