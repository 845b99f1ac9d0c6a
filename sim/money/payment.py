"""How care is paid for: each scheme a row of coefficients, read from a file. What they lead to is in ``ledger.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from sim.errors import InputError
from sim.files.documents import read
from sim.files.shipped import shipped
from sim.files.wording import add_problems
from sim.prices import Organisation
from sim.quantities import Described

Share = Annotated[float, Field(ge=0, le=1)]
Gbp = Annotated[float, Field(ge=0)]


class Scheme(Described):
    """A payment scheme: what of it depends on activity, who holds the budget, and what is paid for besides."""

    title: str
    """Name on screen."""
    what: str
    """What it is, for a reader."""
    tariff_share: Share = 0.0
    """Share of the tariff that follows activity; the rest is paid whatever is done."""
    emergency_rate: Share = 1.0
    """Share of that paid for emergency admissions above the base line."""
    base_line: Gbp = 1.0
    """Base line as a share of emergency admissions without the plan."""
    holder: Organisation = "commissioner"
    """Organisation that gets a fixed sum and pays for activity out of it."""
    held_share: Share = 0.0
    """Share of the commissioner's payments for activity that is so held."""
    programme_paid_share: Share = 1.0
    """Share of a programme's cost that is paid back to the organisation that runs it."""
    programme_paid_by: Organisation = "commissioner"
    """Organisation that pays it back."""
    paid_to: Organisation = "general_practice"
    """Organisation that gets what follows."""
    gbp_per_member_year: Gbp = 0.0
    """Paid by the commissioner for each member of a programme each year."""
    gbp_per_admission_avoided: Gbp = 0.0
    """Paid by the commissioner for each emergency admission fewer than without the plan; nothing is taken for more."""
    savings_to: dict[Organisation, Share] = {}
    """Shares of what is saved on payments for activity that those who hold the budget pass on; losses they keep."""
    blend: dict[str, Share] = {}
    """Weights of other schemes of the file, of which this one is a mixture; its own coefficients count for nothing."""
    source: str = ""
    """Where it comes from."""
    note: str = ""
    """What is assumed, or left out."""

    @model_validator(mode="after")
    def _adds_up(self) -> Scheme:
        if sum(self.savings_to.values()) > 1 + 1e-9:
            raise ValueError(f"the shares of savings_to add up to {sum(self.savings_to.values()):g}, more than 1")
        if self.blend and abs(sum(self.blend.values()) - 1) > 1e-9:
            raise ValueError(f"the weights of blend add up to {sum(self.blend.values()):g}; they must add up to 1")
        return self


class Schemes(Described):
    """The schemes of a file."""

    schemes: dict[str, Scheme]
    """Schemes by name, in the order in which they are shown."""

    @model_validator(mode="after")
    def _known(self) -> Schemes:
        for name, scheme in self.schemes.items():
            for part in scheme.blend:
                if part not in self.schemes or self.schemes[part].blend:
                    raise ValueError(f"{name} blends `{part}`, which is no scheme of this file with coefficients")
        return self


def read_schemes(path: Path | None = None) -> dict[str, Scheme]:
    """The schemes of a file, by name, or the shipped ones; InputError with everything wrong."""
    path = path or shipped("calibration", "payment_schemes.yaml")
    document = read(path, str(path))
    if not document.problems:
        try:
            return Schemes.model_validate(document.data).schemes
        except ValidationError as error:
            add_problems(document, error, Schemes)
    raise InputError(document.problems)
