"""A first file for somebody's own place: the reference place scaled by about a dozen figures they know.

What is scaled by what is here. What the user gives, and whether it adds up, is ``new_place_figures.py``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from sim.errors import InputError, Problem
from sim.expected.flows import expected_flows
from sim.new_place_figures import Figures, Four, Totals, does_not_add_up, residents_by_age
from sim.quantities import AGES
from sim.system import Place

Tree = dict[str, Any]

BEDS = ("acute_beds", "community_beds", "virtual_ward_beds")
"""Figures that are capacities."""
LIKELY_LOAD = (0.65, 1.1)
"""How far load over capacity may be from that of the reference place before it is mentioned."""
GIVEN = "given by you"
"""Source of a number the user gave."""


def new_place(figures: Figures, reference: Place) -> tuple[Place, list[str]]:
    """A complete place scaled from the reference, and what does not add up, a sentence each.

    A number of the user has the source "given by you"; every other number says which place it is borrowed from.
    """
    totals = Totals(reference)
    residents = residents_by_age(figures, totals.residents)
    expected = totals.expected(residents)
    tree: Tree = reference.model_dump(by_alias=True, exclude_none=True)
    _mark_borrowed(tree, reference.name)
    tree["name"] = figures.name
    tree["what"] = (
        f"{figures.name}, {figures.adults:,.0f} adults: made from the figures of one area. Everything else is "
        f"borrowed from {reference.name} and scaled."
    )
    tree["decisions"] = [
        f"Numbers with `borrowed_from` are those of {reference.name}; replace them as you learn yours."
    ]
    tree["people"]["residents"] = _given(residents, f"75 and over as given; ages within as in {reference.name}")
    _set_rates(tree, figures, totals, expected)
    _scale_flows(tree, figures, totals)
    with_rates = Totals(Place.model_validate(tree))
    _scale_delays(tree, reference, figures.delayed / with_rates.expected(residents)["delayed"])
    _move_localities(tree, reference, figures.shares)
    place, problems = Place.model_validate(tree), list(does_not_add_up(figures, totals, expected))
    try:
        load, today = _load(place), _load(reference)
    except ValueError as error:
        raise InputError([Problem("", problem) for problem in (*problems, str(error))]) from error
    problems += _load_does_not_add_up(figures, totals, load, today)
    change = {role: load[role] / asked for role, asked in today.items() if asked}
    return _with_capacities(place, figures, totals, change), problems


def _given(values: Four, note: str) -> Tree:
    return {**dict(zip(AGES, (_rounded(value) for value in values), strict=True)), "source": GIVEN, "note": note}


def _rounded(value: float) -> float:
    """Four figures are enough for a first file."""
    return float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))


def _mark_borrowed(node: Any, name: str) -> None:
    """Note on every number below a node where it is borrowed from."""
    if isinstance(node, dict):
        if "borrowed_from" in node:
            node["borrowed_from"] = name
        node = list(node.values())
    if isinstance(node, list | tuple):
        for child in node:
            _mark_borrowed(child, name)


def _scale(number: Tree, ratio: float) -> None:
    """Multiply a number and its range."""
    for part in ("value", "low", "high"):
        if part in number:
            number[part] = _rounded(number[part] * ratio)


def _scale_to_whole(number: Tree, ratio: float) -> None:
    """Multiply a number of beds, packages or slots and its range, to whole ones."""
    for part in ("value", "low", "high"):
        if part in number:
            number[part] = float(round(number[part] * ratio))


def _scale_noted(number: Tree, ratio: float) -> None:
    """Multiply a number and its range, and say so."""
    _scale(number, ratio)
    number["note"] = f"scaled by {ratio:.3g}; {number['note']}".rstrip("; ")


def _set_rates(tree: Tree, figures: Figures, reference: Totals, expected: dict[str, float]) -> None:
    """Rates by age such that the totals are those given."""
    fields = {
        "emergency_admissions": ("urgent_needs", "emergency_admissions_per_1000_per_year"),
        "attendances": ("urgent_needs", "a_and_e_attendances_per_1000_per_year"),
        "deaths": ("deaths", "per_1000_per_year"),
        "home_care_users": ("social_care", "home_with_care", "residents_per_1000"),
        "care_home_residents": ("social_care", "care_home", "residents_per_1000"),
    }
    for figure, (*path, last) in fields.items():
        total = getattr(figures, figure)
        if total is None:
            continue
        node = tree
        for part in path:
            node = node[part]
        rate = tuple(value * total / expected[figure] for value in reference.rates[figure].values)
        node[last] = _given(rate, f"{total:,.0f} as given; proportions by age as in {reference.place.name}")


def _scale_flows(tree: Tree, figures: Figures, totals: Totals) -> None:
    """Doctors' minutes, entries to community beds and arrivals without people, in proportion to what is known."""
    if "general_practice" in tree:
        _scale_noted(tree["general_practice"]["gp_minutes_per_weekday"], figures.adults / sum(totals.residents))
    given = figures.community_beds + figures.virtual_ward_beds
    today = totals.capacity("community_beds") + totals.capacity("virtual_ward_beds")
    _scale_noted(tree["urgent_needs"]["community_entries_per_year"], given / today)
    beds = figures.acute_beds / totals.capacity("acute_beds")
    for stream in tree["plain_arrivals"].values():
        _scale_noted(stream["per_day"], beds)
        for change in stream["changes"]:
            change["per_day"] *= beds


def _with_capacities(place: Place, figures: Figures, totals: Totals, change: dict[str, float]) -> Place:
    """Beds as given; everything else changed as its expected load, so that it is as full as in the reference."""
    roles, tree, name = Totals(place).roles, place.model_dump(by_alias=True, exclude_none=True), totals.place.name
    for key, pool in tree["pools"].items():
        role = roles.get(key, "")
        if role not in change:
            continue
        ratio = getattr(figures, role) / totals.capacity(role) if role in BEDS else change[role]
        if "capacity" in pool:
            _scale_to_whole(pool["capacity"], ratio)
        if "capacity" in pool and role in BEDS:
            note = f"{getattr(figures, role):,.0f} in all; shared as in {name}"
            pool["capacity"] |= {"source": GIVEN, "borrowed_from": "", "assumption": False, "note": note}
        for later in pool["changes"]:
            later["capacity"] = float(round(later["capacity"] * ratio))
        pool["scaled_by"] = "as given" if role in BEDS else f"as full as expected in {name}"
    return Place.model_validate(tree)


def _load(place: Place) -> dict[str, float]:
    """Expected load by role: beds or slots asked for by all pools with the role."""
    load: dict[str, float] = {}
    pools = expected_flows(place).load
    for key, role in Totals(place).roles.items():
        load[role] = load.get(role, 0.0) + pools[key]
    return load


def _scale_delays(tree: Tree, reference: Place, ratio: float) -> None:
    """Delays of acute stages such that the number delayed overnight is the one given."""
    for key, stage in reference.stages.items():
        if stage.acute and stage.overnight:
            for route in tree["stages"][key]["routes"]:
                if "delay" in route:
                    _scale_noted(route["delay"]["mean_days"], ratio)


def _slug(name: str) -> str:
    """A name as part of a key: plain small letters and digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def _move_localities(tree: Tree, reference: Place, shares: dict[str, float]) -> None:
    """Replace the reference's localities by the place's own, and share out the pools that belong to one."""
    names = {_slug(name): name for name in shares}
    if len(names) < len(shares) or "" in names:
        raise InputError([Problem("localities", f"{', '.join(shares)}: names must differ by letters or digits")])
    tree["localities"] = [{"name": name, "share": {"value": share, "source": GIVEN}} for name, share in shares.items()]
    stems = {key: _stem(key, pool.locality) for key, pool in reference.pools.items() if pool.locality}
    totals: dict[str, float] = {}
    for key, stem in stems.items():
        totals[stem] = totals.get(stem, 0.0) + tree["pools"][key].get("capacity", {"value": 0.0})["value"]
    pools: Tree = {}
    for key, pool in tree["pools"].items():
        if key not in stems:
            pools[key] = pool
        elif f"{stems[key]}_{_slug(next(iter(shares)))}" not in pools:
            pools |= dict(_pools_by_locality(pool, stems[key], totals[stems[key]], shares))
    tree["pools"] = pools
    weights = {locality.name: float(locality.share) for locality in reference.localities}
    for stage in tree["stages"].values():
        if isinstance(stage["served_by"], dict):
            stage["served_by"] = _served_by(stage["served_by"], weights, stems, shares)
    for stream in tree["plain_arrivals"].values():
        stream["locality"] = {}
    tree["start"] = {}


def _stem(key: str, locality: str) -> str:
    return key.removesuffix(f"_{_slug(locality)}")


def _pools_by_locality(pool: Tree, stem: str, total: float, shares: dict[str, float]) -> Iterator[tuple[str, Tree]]:
    """The pool of one locality of the reference place, once for each of the new ones."""
    old = pool["locality"]
    for name, share in shares.items():
        new = {**pool, "locality": name}
        for text in ("title", "provider"):
            new[text] = pool[text].replace(old, name)
        if "capacity" in pool:
            own = dict(pool["capacity"])
            _scale_to_whole(own, total * share / own["value"] if own["value"] else 1.0)
            new["capacity"] = own
        yield f"{stem}_{_slug(name)}", new


def _served_by(
    old: dict[str, dict[str, float]], weights: dict[str, float], stems: dict[str, str], shares: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Shares of each locality's people by pool: its own pools, and common ones as the reference's people on average.

    A locality of the same name as one of the reference place keeps the shares of that one.
    """
    served: dict[str, dict[str, float]] = {}
    for name in shares:
        like = {name: 1.0} if name in old else {locality: weights.get(locality, 1.0) for locality in old}
        own: dict[str, float] = {}
        for locality, weight in like.items():
            for pool, share in old[locality].items():
                key = f"{stems[pool]}_{_slug(name)}" if pool in stems else pool
                own[key] = own.get(key, 0.0) + share * weight / sum(like.values())
        served[name] = {key: round(share, 6) for key, share in own.items()}
    return served


def _load_does_not_add_up(
    figures: Figures, totals: Totals, load: dict[str, float], today: dict[str, float]
) -> Iterator[str]:
    """Beds given that cannot carry, or hardly use, what admissions, stays and routes of the new place ask for."""
    for role in BEDS:
        capacity = getattr(figures, role)
        full, usual = load[role] / capacity, today[role] / totals.capacity(role)
        if not LIKELY_LOAD[0] <= full / usual <= LIKELY_LOAD[1]:
            yield (
                f"{role}: stays and routes of this file ask for {load[role]:,.0f} beds, {full:.0%} of the "
                f"{capacity:,.0f} given ({usual:.0%} in {totals.place.name}); is the number the residents' share, "
                "and do stays differ?"
            )
