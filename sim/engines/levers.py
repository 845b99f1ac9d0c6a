"""What programmes do to where people go after a stay: with support or without, to a bed, a care home, an operation."""

from __future__ import annotations

from collections.abc import Iterable

from sim import rules
from sim.draws import Purpose, uniform
from sim.engines.programmes import Programmes
from sim.engines.state import Journey, Stay

ABOUT, OTHERS, NEITHER = 1, 2, 0
"""Sides of a lever on routes, see ``rules.shifted``."""


def with_levers(
    programmes: Programmes, j: Journey, stay: Stay, rows: range, shares: list[float], chosen: int, now: int
) -> int:
    """Number of the route taken, counted from the first of ``rows``, once the levers on routes have had their say."""
    t, key = programmes.tables, stay.key
    if chosen < len(rows) and t.route_pathway[rows[chosen]] >= 0:
        ratio = programmes.ratio("new_support", j.row, now)
        if ratio != 1.0:
            pathways = _of_rows(t.route_pathway, rows)
            most = max((share for share, p in zip(shares, pathways, strict=True) if p > 0), default=-1.0)
            u = uniform(key, 0, Purpose.LEVER_SUPPORT, 0)
            chosen = rules.supported(u, ratio, chosen, pathways[chosen], shares, most)
        ratio = programmes.ratio("discharge_to_beds", j.row, now)
        if ratio != 1.0:
            sides = (OTHERS if p == 1 else ABOUT if p > 1 else NEITHER for p in _of_rows(t.route_pathway, rows))
            chosen = _shifted(key, Purpose.LEVER_TO_BEDS, ratio, chosen, sides, shares)
    ratio = programmes.ratio("care_home_entry", j.row, now) if t.care_home_stage >= 0 else 1.0
    if ratio != 1.0:
        last = len(rows) - 1
        to = enumerate(_of_rows(t.route_to, rows))
        sides = (ABOUT if stage == t.care_home_stage else OTHERS if k == last else NEITHER for k, stage in to)
        chosen = _shifted(key, Purpose.CARE_HOME_LEVER, ratio, chosen, sides, shares)
    if rules.is_planned(j.severity) and t.operating_stage >= 0:
        ratio = programmes.ratio("surgical_conversion", j.row, now)
        if ratio != 1.0:
            to_home = _of_rows(t.route_to, rows)
            sides = (ABOUT if to == t.operating_stage else OTHERS if to < 0 else NEITHER for to in to_home)
            chosen = _shifted(key, Purpose.LEVER_CONVERTS, ratio, chosen, sides, shares, OTHERS)
    return chosen


def _of_rows(column: list[int], rows: range) -> list[int]:
    return column[rows.start : rows.stop]


def _shifted(
    key: int, purpose: int, ratio: float, chosen: int, sides: Iterable[int], shares: list[float], rest: int = NEITHER
) -> int:
    """``rules.shifted`` by the draw for a purpose; ``rest`` is the side of going home without a route."""
    return rules.shifted(uniform(key, 0, purpose, 0), ratio, chosen, [*sides, rest], shares)
