"""The table of stand-ins for what a simulation cannot measure: health status, coordination, self-management.

The numbers are in ``calibration/proxies.yaml``. Every measure made of them is labelled a proxy; none enters a run.
"""

from __future__ import annotations

from functools import cache

from sim.errors import InputError
from sim.files.documents import read
from sim.files.shipped import shipped
from sim.quantities import ByAge, Described, Number, Numbers


class Proxies(Described):
    """Values behind the proxy measures."""

    utility: ByAge
    """EQ-5D utility of the general population by age."""
    utility_lost_in_acute_bed: Number
    """Utility lost while in an acute bed."""
    utility_lost_in_care_home: Number
    """Utility of care-home residents below the norm of their age."""
    coordinated_without_care_plan: Number
    """Share who find their care well coordinated without a care plan."""
    coordinated_with_care_plan: Number
    """Share who find their care well coordinated with a care plan."""
    self_managing: Numbers
    """Share confident to manage their health: fit, mild, moderate, severe."""
    self_managing_added_by_care_plan: Number
    """Added to that share by a care plan."""


@cache
def proxies() -> Proxies:
    """The shipped table."""
    path = shipped("calibration", "proxies.yaml")
    document = read(path, path.name)
    if document.problems:
        raise InputError(document.problems)
    return Proxies.model_validate(document.data)
