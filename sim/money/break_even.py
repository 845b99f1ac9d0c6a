"""Break-even: how far emergency admissions would have to fall for the plan to pay, whoever counts the saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.measures.measure import VALUES
from sim.money.bill import YEAR_DAYS, Bill, Rates, Ward, cash_released, value_of
from sim.money.ledger import Change, Sides, change_of, ledgers, smallest_fall
from sim.money.payment import Scheme
from sim.money.priced import Found, Priced
from sim.prices import ORGANISATIONS

Floats = npt.NDArray[np.float64]

FALLS = np.linspace(0, 1, 1001)
"""Falls looked at where whole wards count."""
FEWER_FALLS = np.linspace(0, 1, 41)
"""Falls looked at where money goes in proportion, but for a few kinks."""
COSTS = ("all", "running")
"""The cost that has to be met: all of it, or without what the plan costs once."""


class Asked(NamedTuple):
    """One break-even."""

    group: str
    """Age group whose emergency admissions fall."""
    cost: str
    """See ``COSTS``."""
    worth: str
    """A measure of value; or a scheme, under which the commissioner must not lose."""


class BreakEven(NamedTuple):
    """What break-even is worked out from."""

    bill: Bill
    sides: Sides
    schemes: Mapping[str, Scheme]
    groups: Sequence[str]

    @property
    def asked(self) -> list[Asked]:
        """Every break-even, in the order of ``falls``."""
        values = [Asked(group, cost, worth) for group in self.groups for cost in COSTS for worth in VALUES]
        return values + [Asked(group, "all", name) for group in self.groups for name in self.schemes]

    def falls(self, found: Found, priced: Priced) -> Floats:
        """The smallest fall at which the plan pays, per cent, ``[..., asked]``; infinite if none does.

        With an emergency admission go its bed days and nothing else. Wards close at each site by its share of them.
        """
        costs, columns = self._costs(found, priced), []
        for group in range(len(self.groups)):
            worth = dict(zip(VALUES, self._worth(found, priced, group), strict=True))
            columns += [
                smallest_fall(each - cost[..., None], FALLS, by_steps=name == "cash_released")
                for cost in costs
                for name, each in worth.items()
            ]
        for group in range(len(self.groups)):
            columns += self._commissioner(found, priced, group)
        return 100 * np.stack(np.broadcast_arrays(*columns), axis=-1)

    def _costs(self, found: Found, priced: Priced) -> tuple[Floats, Floats]:
        running = (priced.per_member * found.members + priced.running).sum(axis=-1)
        return running + priced.starting.sum(axis=-1), running

    def _gone(self, found: Found, group: int) -> Floats:
        """Activity that goes with all of a group's emergency admissions ``[..., kind]``."""
        lines = self.bill.prices.activity.values()
        bed_days = np.array([line.measure == "acute_beds_occupied" for line in lines], dtype=float)
        return self.sides.emergency * found.emergencies[:, group, None] + bed_days * found.nights[:, group, None]

    def _worth(self, found: Found, priced: Priced, group: int) -> list[Floats]:
        """GBP a year that each of FALLS is worth, in three ways, ``[..., fall]``."""
        gone = self._gone(found, group)
        whole = [value_of(gone, gbp).sum(axis=-1) for gbp in (priced.rates.tariff, priced.rates.marginal)]
        ward = Ward(*(each[..., None, None] for each in priced.ward))
        patients = (found.at_site * found.nights[:, group, None] / YEAR_DAYS)[:, None, :]
        cash = cash_released(FALLS[:, None] * patients, ward).sum(axis=-1)
        return [*(each[..., None] * FALLS for each in whole), cash]

    def _commissioner(self, found: Found, priced: Priced, group: int) -> list[Floats]:
        """The fall at which the commissioner does not lose, under each scheme."""
        change = change_of(
            found.before, found.before, priced.cost(found.members), self.bill.interventions, found.members
        )
        before, gone = change.before[:, None], self._gone(found, group)[:, None]
        falling = Change(
            before, before - FEWER_FALLS[:, None] * gone, change.programme[:, None], change.members[:, None]
        )
        rates = Rates(priced.rates.names, *(each[..., None, :] for each in priced.rates[1:]))
        own = ledgers(falling, rates, self.sides, self.schemes).values()
        who = ORGANISATIONS.index("commissioner")
        return [smallest_fall(each.sum(axis=-2)[..., who], FEWER_FALLS) for each in own]
