"""Published figures the baseline of the reference place is compared with, read from ``calibration/targets.yaml``.

The comparison is in ``experiments/baseline.py``; what a measure counts is in ``measures/definitions.py``.
"""

from __future__ import annotations

from typing import Literal

from sim.files.documents import read
from sim.files.shipped import shipped
from sim.quantities import Described


class Tolerance(Described):
    """How near is near enough; one of the two."""

    absolute: float | None = None
    """In the unit of the target."""
    relative: float | None = None
    """As a share of the value."""


class Target(Described):
    """A published figure the baseline is compared with."""

    name: str
    """Name on screen."""
    measure: str
    """Measure it is about, or one of ``FROM_SEVERAL``."""
    group: str
    """Age bands."""
    of: str
    """Part of the measure."""
    value: float
    """Published value."""
    unit: str
    """Unit of the value."""
    period: str
    """Years it was observed in."""
    tolerance: Tolerance
    """How near the model must come."""
    source: str
    """Publication."""
    use: Literal["input_read_back", "fitted", "not_used"]
    """What the value was used for."""
    note: str = ""
    """Definition or caution."""

    @property
    def half_width(self) -> float:
        """Greatest difference at which it is met, in its unit."""
        own = self.tolerance
        return own.absolute if own.absolute is not None else (own.relative or 0.0) * abs(self.value)


def targets() -> list[Target]:
    """The targets of the reference place, in the order of their file."""
    path = shipped("calibration", "targets.yaml")
    found = read(path, path.name).data
    return [Target.model_validate(each | {"period": str(each["period"])}) for each in found["targets"]]
