"""Expected flows as tables to print: what each pool bears, stays by stage, and expected figures beside published ones.

The flows themselves are in ``expected/flows.py``; published figures of the reference place in
``calibration/targets.yaml``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.errors import Problem
from sim.expected.flows import ExpectedFlows, Floats
from sim.expected.net_rates import YEAR_DAYS
from sim.expected.routes import ROUTED_AS
from sim.files.targets import targets
from sim.quantities import AGES
from sim.system import Place, Pool


def flow_tables(place: Place, flows: ExpectedFlows, scale: float = 1.0) -> dict[str, pd.DataFrame]:
    """The tables of a place: ``pools``, ``stages``, and, of a place with people, ``figures`` beside published ones."""
    tables = {"pools": pools_table(place, flows, scale), "stages": stages_table(place, flows)}
    if place.people is not None:
        published = {(target.measure, target.group, target.of): target.value for target in targets()}
        figures = expected_figures(place, flows)
        keys = zip(figures["measure"], figures["group"], figures["of"], strict=True)
        tables["figures"] = figures.assign(published=[published.get(key, np.nan) for key in keys])
    return tables


def pools_table(place: Place, flows: ExpectedFlows, scale: float = 1.0) -> pd.DataFrame:
    """By pool: capacity, what is asked for, what of it cannot go elsewhere, occupancy, and the wait that chance brings.

    The wait is that of an Erlang C queue with the pool's mean stay, in days: at full size and, for ``scale`` below 1,
    at that scale. It is a guide only: stays vary otherwise than exponentially, and people give up or go elsewhere.
    """
    shrunk = f"wait_days_at_scale_{scale:g}"
    rows = []
    for name, pool in place.pools.items():
        capacity = pool.capacity.value if pool.capacity else np.nan
        firm, load = flows.firm[name], flows.load[name]
        row = {"pool": name, "capacity": capacity, "asked_for": load, "cannot_go_elsewhere": firm}
        row["occupancy_per_cent"] = 100 * load / capacity if capacity > 0 else np.nan
        days = _mean_days(place, flows, name)
        row["wait_days"] = _wait(pool, firm, days, 1.0)
        if scale < 1:
            row[shrunk] = _wait(pool, firm, days, scale)
        rows.append(row)
    return pd.DataFrame(rows)


def stages_table(place: Place, flows: ExpectedFlows) -> pd.DataFrame:
    """By stage: stays a year, people in it at one time, mean days, deaths in it a year.

    Starts of home care and care homes are those that follow other care; requests from the community come on top.
    """
    dies = flows.net.lost if flows.net else {}
    return pd.DataFrame(
        {
            "stage": name,
            "stays_a_year": flows.stays[name].sum(),
            "people_in_it": flows.in_place[name].sum(),
            "days": _days_of(place, flows, name),
            "deaths_a_year": _deaths(place, flows, name, dies.get(name)),
        }
        for name in place.stages
    )


def _days_of(place: Place, flows: ExpectedFlows, name: str) -> float:
    stays = float(flows.stays[name].sum())
    known = stays > 0 and place.stages[name].residence is None
    return float(flows.in_place[name].sum()) * YEAR_DAYS / stays if known else np.nan


def _deaths(place: Place, flows: ExpectedFlows, name: str, worked_out: Floats | None) -> float:
    stage = place.stages[name]
    written = np.array(stage.dies.values) if stage.dies else np.zeros(len(AGES))
    chance = worked_out if worked_out is not None and stage.deaths_in_hospital else written
    return float((flows.stays[name] * chance).sum())


def overfull(place: Place, flows: ExpectedFlows) -> list[Problem]:
    """Warnings of pools asked for more than they have by people who cannot go elsewhere."""
    return [
        Problem(
            f"pools.{name}",
            f"{flows.firm[name]:,.1f} are asked for and there are {pool.capacity.value:,.1f}: a queue grows until "
            "people go elsewhere; check capacity, length of stay and routes",
        )
        for name, pool in place.pools.items()
        if pool.capacity is not None and flows.firm[name] > pool.capacity.value
    ]


def _mean_days(place: Place, flows: ExpectedFlows, pool: str) -> float:
    """Mean days of the people who use a pool."""
    using = [name for name, stage in place.stages.items() if pool in _pool_names(stage.served_by)]
    stays = sum(float(flows.stays[name].sum()) for name in using)
    in_place = sum(float(flows.in_place[name].sum()) for name in using)
    return in_place * YEAR_DAYS / stays if stays > 0 else 0.0


def _pool_names(served_by: dict[str, dict[str, float]] | str) -> set[str]:
    return {served_by} if isinstance(served_by, str) else {name for shares in served_by.values() for name in shares}


def _wait(pool: Pool, load: float, days: float, scale: float) -> float:
    if pool.capacity is None or pool.kind == "slots":
        return np.nan
    return erlang_c_wait(load * scale, max(1, round(pool.capacity.value * scale)), days)


def erlang_c_wait(load: float, places: int, mean_stay: float) -> float:
    """Mean wait in the unit of ``mean_stay`` for one of so many places (Erlang C); infinite if it never ends."""
    if load >= places:
        return np.inf
    blocked = 1.0
    for number in range(1, places + 1):
        blocked = load * blocked / (number + load * blocked)
    waits = blocked * places / (places - load * (1 - blocked))
    return waits * mean_stay / (places - load)


# -- expected figures under the names of measures ---------------------------------------------------------------------


def expected_figures(place: Place, flows: ExpectedFlows) -> pd.DataFrame:
    """What can be said without simulation, as measure, group, of, value (see ``measures/definitions.py``)."""
    urgent, net = place.urgent_needs, flows.net
    found: list[tuple[str, str, str, float]] = []
    if urgent is None or net is None:
        return pd.DataFrame(found, columns=["measure", "group", "of", "value"])
    stages = [name for name, stage in place.stages.items() if stage.emergency_admission]
    admissions = sum((flows.stays[name] for name in stages), np.zeros(len(AGES)))
    acute = [name for name in stages if place.stages[name].acute]
    bed_days = sum((YEAR_DAYS * flows.in_place[name] for name in acute), np.zeros(len(AGES)))
    residents, attended = net.groups.residents, flows.stays[urgent.a_and_e_stage]
    by_age: dict[str, npt.NDArray[np.float64]] = {
        "emergency_admissions_per_1000": 1000 * admissions / residents,
        "a_and_e_attendances_per_1000": 1000 * attended / residents,
        "emergency_bed_days_per_1000": 1000 * bed_days / residents,
        "mean_length_of_stay": bed_days / admissions,
    }
    for measure, values in by_age.items():
        found += [(measure, age, "all", float(value)) for age, value in zip(AGES, values, strict=True)]
    live = sum(flows.discharges.values())
    found += [("discharge_share_by_pathway", "all", key, number / live) for key, number in flows.discharges.items()]
    through = _through_a_and_e(place, flows, stages) / float(admissions.sum())
    found.append(("share_of_admissions_through_a_and_e", "all", "all", through))
    if place.deaths is not None:
        died = float(np.dot(place.deaths.per_1000_per_year.values, residents)) / 1000
        in_hospital = sum(_deaths(place, flows, name, net.lost.get(name)) for name in place.stages)
        found.append(("place_of_death_share", "all", "hospital", in_hospital / died))
    if place.social_care is not None:
        found.append(("residents", "all", "care_home", float(flows.in_place[place.social_care.care_home.stage].sum())))
    found.append(("acute_occupancy", "all", "all", _acute_occupancy(place, flows)))
    return pd.DataFrame(found, columns=["measure", "group", "of", "value"])


def expected_headlines(place: Place, flows: ExpectedFlows) -> dict[str, float]:
    """Headline measures that can be worked out without simulation, for everybody (see ``measures/definitions.py``)."""
    found = {"acute_beds_occupied": _acute_load(place, flows), "acute_occupancy": _acute_occupancy(place, flows)}
    stages = [name for name, stage in place.stages.items() if stage.emergency_admission]
    if place.urgent_needs is not None:
        admissions = sum(float(flows.stays[name].sum()) for name in stages)
        acute = [name for name in stages if place.stages[name].acute]
        bed_days = YEAR_DAYS * sum(float(flows.in_place[name].sum()) for name in acute)
        attended = float(flows.stays[place.urgent_needs.a_and_e_stage].sum())
        found |= {"emergency_admissions": admissions, "a_and_e_attendances": attended}
        found |= {"mean_length_of_stay": bed_days / admissions} if admissions else {}
    if place.deaths is not None and flows.net is not None:
        found["deaths"] = float(np.dot(place.deaths.per_1000_per_year.values, flows.net.groups.residents)) / 1000
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _through_a_and_e(place: Place, flows: ExpectedFlows, stages: list[str]) -> float:
    """Emergency admissions a year of people who first came to A&E."""
    assert place.urgent_needs is not None
    assert flows.net is not None
    door, total = place.urgent_needs.a_and_e_stage, 0.0
    routing = flows.net.routing
    for label, by_stage in flows.net.entries.items():
        if door in by_stage:
            going = routing.visits(ROUTED_AS.get(label, label), {door: by_stage[door]})
            total += sum(float(going[name].sum()) for name in stages)
    return total


def _acute_occupancy(place: Place, flows: ExpectedFlows) -> float:
    beds = sum(_acute_pools(place).values())
    return _acute_load(place, flows) / beds if beds else np.nan


def _acute_load(place: Place, flows: ExpectedFlows) -> float:
    return sum(flows.load[name] for name in _acute_pools(place))


def _acute_pools(place: Place) -> dict[str, float]:
    """Capacity of the pools that acute overnight stays draw on."""
    names: set[str] = set()
    for stage in place.stages.values():
        if stage.acute and stage.overnight:
            names |= _pool_names(stage.served_by)
    return {name: pool.capacity.value for name, pool in place.pools.items() if name in names and pool.capacity}
