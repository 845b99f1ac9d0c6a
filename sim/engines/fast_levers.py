"""What programmes do to where people go, in the compiled engine; see ``levers.py``."""

from __future__ import annotations

import numpy as np

from sim import rules
from sim.compiled import part
from sim.draws import Purpose, uniform
from sim.engines.fast_programmes import ratio
from sim.engines.fast_state import FastState
from sim.engines.fast_tables import LEVER, FastTables

_ABOUT, _OTHERS = 1, 2
_NEW_SUPPORT, _TO_BEDS, _CARE_HOME_ENTRY, _CONVERSION = (
    LEVER[name] for name in ("new_support", "discharge_to_beds", "care_home_entry", "surgical_conversion")
)
_LEVER_SUPPORT, _LEVER_TO_BEDS = Purpose.LEVER_SUPPORT, Purpose.LEVER_TO_BEDS
_CARE_HOME_LEVER, _LEVER_CONVERTS = Purpose.CARE_HOME_LEVER, Purpose.LEVER_CONVERTS


@part
def with_levers(t: FastTables, s: FastState, slot: int, first: int, shares: np.ndarray, chosen: int, now: int) -> int:
    """Number of the route taken, counted from the first, once the levers on routes have had their say."""
    j, place = s.journeys[slot], t.place[0]
    if chosen < shares.size and t.routes[first + chosen].pathway >= 0:
        more = ratio(t, s, _NEW_SUPPORT, j.row, now)
        if more != 1.0:
            u, pathway = uniform(j.key, 0, _LEVER_SUPPORT, 0), t.routes[first + chosen].pathway
            chosen = rules.supported(u, more, chosen, pathway, shares, _most_with_support(t, first, shares))
        more = ratio(t, s, _TO_BEDS, j.row, now)
        if more != 1.0:
            sides = np.zeros(shares.size + 1, np.int8)
            for k in range(shares.size):
                pathway = t.routes[first + k].pathway
                sides[k] = _OTHERS if pathway == 1 else _ABOUT if pathway > 1 else 0
            chosen = rules.shifted(uniform(j.key, 0, _LEVER_TO_BEDS, 0), more, chosen, sides, shares)
    if place.care_home_stage >= 0:
        more = ratio(t, s, _CARE_HOME_ENTRY, j.row, now)
        if more != 1.0:
            sides = np.zeros(shares.size + 1, np.int8)
            sides[shares.size - 1] = _OTHERS
            for k in range(shares.size):
                if t.routes[first + k].to == place.care_home_stage:
                    sides[k] = _ABOUT
            chosen = rules.shifted(uniform(j.key, 0, _CARE_HOME_LEVER, 0), more, chosen, sides, shares)
    if rules.is_planned(j.severity) and place.operating_stage >= 0:
        more = ratio(t, s, _CONVERSION, j.row, now)
        if more != 1.0:
            sides = np.zeros(shares.size + 1, np.int8)
            sides[shares.size] = _OTHERS
            for k in range(shares.size):
                to = t.routes[first + k].to
                sides[k] = _ABOUT if to == place.operating_stage else _OTHERS if to < 0 else 0
            chosen = rules.shifted(uniform(j.key, 0, _LEVER_CONVERTS, 0), more, chosen, sides, shares)
    return chosen


@part
def _most_with_support(t: FastTables, first: int, shares: np.ndarray) -> float:
    """Last of the cumulative shares of routes with support, negative if there are none."""
    most = -1.0
    for k in range(shares.size):
        if t.routes[first + k].pathway > 0:
            most = shares[k]
    return most
