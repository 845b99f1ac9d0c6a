"""Expected flows without simulation: stays a year, time in each stage, offered load and occupancy of each pool.

Routes are solved as linear equations and every pool is taken as if it were never full (M/G/infinity), so queues are
what a simulation adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.expected.net_rates import YEAR_DAYS, NetRates, net_rates
from sim.expected.routes import ROUTED_AS, Routing
from sim.expected.stage_times import days_in_stage, written_days
from sim.quantities import AGES
from sim.system import Place

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExpectedFlows:
    """Stays a year and people in place, whole place at full scale; arrays are by age band."""

    net: NetRates | None
    """The net rates behind them; None for a place without people."""
    stays: dict[str, Floats]
    """Stays a year by stage."""
    days: dict[str, Floats]
    """Mean days in the stage, delay included, by stage."""
    in_place: dict[str, Floats]
    """Mean people in the stage at one time, by stage."""
    load: dict[str, float]
    """Mean beds (or slots each open day) asked for, by pool."""
    firm: dict[str, float]
    """The same without those who only come if there is room: what the pool has to bear."""
    discharges: dict[str, float]
    """Live discharges a year by discharge pathway."""


def expected_flows(place: Place) -> ExpectedFlows:
    """Expected flows of a place as it is today. Raises ValueError where published figures cannot be taken apart."""
    net = net_rates(place) if place.people is not None else None
    entries = dict(net.entries) if net is not None else {}
    entries["other"] = plain_entries(place)
    routing = net.routing if net else Routing(place, {})
    visits, firm_visits = (_visits(routing, entries, room=room) for room in (True, False))
    stays, spent = _stays_and_days(net, routing, visits)
    firm, firm_spent = _stays_and_days(net, routing, firm_visits)
    mean_days = {name: np.divide(spent[name], n, out=np.zeros(len(AGES)), where=n > 0) for name, n in stays.items()}
    in_place = {name: days / YEAR_DAYS for name, days in spent.items()}
    firm_in_place = {name: days / YEAR_DAYS for name, days in firm_spent.items()}
    if net is not None and place.social_care is not None:
        for index, support in ((1, place.social_care.home_with_care), (2, place.social_care.care_home)):
            residents = net.groups.share[:, :, index].sum(axis=1) * net.groups.residents
            in_place[support.stage] = firm_in_place[support.stage] = residents
    load, otherwise = _pool_load(place, stays, in_place), _pool_load(place, firm, firm_in_place)
    bears = {name: min(load[name], otherwise[name]) for name in load}
    return ExpectedFlows(net, stays, mean_days, in_place, load, bears, _discharges(routing, visits))


Visits = list[tuple[str, dict[str, Floats]]]
"""Severity, and stays a year by stage and age, of each kind of entry."""


def _visits(routing: Routing, entries: dict[str, dict[str, Floats]], *, room: bool) -> Visits:
    """What each kind of entry leads to; ``room``: see ``Routing.visits``."""
    routed = [(ROUTED_AS.get(label, label), by_stage) for label, by_stage in entries.items()]
    return [(severity, routing.visits(severity, by_stage, room=room)) for severity, by_stage in routed]


def _stays_and_days(
    net: NetRates | None, routing: Routing, visits: Visits
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Stays a year, and the days they take, by stage and age."""
    stay, cut = (net.stay_days, net.admitted_per_day) if net else ({}, np.zeros(len(AGES)))
    stays = {name: np.zeros(len(AGES)) for name in routing.place.stages}
    spent = {name: np.zeros(len(AGES)) for name in routing.place.stages}
    for severity, by_stage in visits:
        for name, per_year in by_stage.items():
            if per_year.any():
                stays[name] += per_year
                spent[name] += per_year * days_in_stage(routing, name, severity, stay, cut)
    return stays, spent


def _discharges(routing: Routing, visits: Visits) -> dict[str, float]:
    """Live overnight discharges a year by discharge pathway."""
    found: dict[str, float] = {}
    for severity, by_stage in visits:
        for name, per_year in by_stage.items():
            alive = per_year * routing.alive[name]
            for each in routing.routes(severity)[name] if routing.place.stages[name].overnight else ():
                if each.route.pathway is not None:
                    leaving = float((alive * each.share).sum())
                    found[each.route.pathway] = found.get(each.route.pathway, 0.0) + leaving
    return dict(sorted(found.items()))


def plain_entries(place: Place) -> dict[str, Floats]:
    """Plain arrivals a year by stage and age."""
    entries: dict[str, Floats] = {}
    for stream in place.plain_arrivals.values():
        by_age = np.array([stream.age.get(age, 0.0) for age in AGES])
        entries[stream.to] = entries.get(stream.to, np.zeros(len(AGES))) + stream.per_day.value * YEAR_DAYS * by_age
    return entries


def stay_days(place: Place, net: NetRates | None, name: str) -> Floats:
    """Mean length of stay in days by age, net of delay and the wait for an open door."""
    if net is not None and name in net.stay_days:
        return net.stay_days[name]
    return written_days(place.stages[name])


def _pool_load(place: Place, stays: dict[str, Floats], in_place: dict[str, Floats]) -> dict[str, float]:
    load = dict.fromkeys(place.pools, 0.0)
    shares = {locality.name: locality.share.value for locality in place.localities}
    for name, stage in place.stages.items():
        for locality, share in shares.items():
            for pool, part in pools_of(stage.served_by, locality).items():
                open_days = len(place.pools[pool].open.weekdays) / 7 * YEAR_DAYS
                used = stays[name].sum() / open_days if place.pools[pool].kind == "slots" else in_place[name].sum()
                load[pool] += float(used) * share * part
    return load


def pools_of(served_by: dict[str, dict[str, float]] | str, locality: str) -> dict[str, float]:
    """Pools that serve people of a locality at a stage, with the share of them each gets."""
    if isinstance(served_by, str):
        return {served_by: 1.0}
    return served_by.get(locality) or served_by["all"]
