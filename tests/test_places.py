"""The shipped places and targets: figures that were published come out of the expected flows again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim.expected.flows import ExpectedFlows, expected_flows
from sim.files.reading import load_place
from sim.files.shipped import shipped
from sim.measures.definitions import MEASURES
from sim.system import Place

NOT_FROM_ONE_RUN = {"delay_response_to_load", "drift_of_admissions"}


def place(name: str) -> Place:
    return load_place(shipped("scenarios", "places", f"{name}.yaml"))


@pytest.fixture(scope="module")
def england() -> Place:
    return place("england_500k")


@pytest.fixture(scope="module")
def flows(england: Place) -> ExpectedFlows:
    return expected_flows(england)


def targets() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = YAML(typ="safe").load(shipped("calibration", "targets.yaml"))["targets"]
    return found


@pytest.mark.parametrize("name", ["england_500k", "north_west_london"])
def test_no_pool_is_asked_for_more_than_it_has(name: str) -> None:
    shown = place(name)
    load = expected_flows(shown).firm
    full = {key: load[key] for key, pool in shown.pools.items() if pool.capacity and load[key] >= pool.capacity.value}
    assert full == {}


@pytest.mark.parametrize("name", ["england_500k", "north_west_london"])
def test_acute_beds_are_as_full_as_published(name: str) -> None:
    shown = place(name)
    load = expected_flows(shown).load
    acute = [key for key in shown.pools if key.startswith("acute_")]
    capacity = sum(shown.pools[key].capacity.value for key in acute)  # type: ignore[union-attr]
    assert 0.92 <= sum(load[key] for key in acute) / capacity <= 0.97


def test_emergency_admissions_of_the_reference_place(flows: ExpectedFlows) -> None:
    admissions = flows.stays["same_day_care"] + flows.stays["acute_bed"]
    assert np.allclose(admissions, [23252, 7350, 9280, 6671], rtol=0.02)


def test_discharge_pathways_of_the_reference_place(england: Place, flows: ExpectedFlows) -> None:
    assert flows.net is not None
    dies = {"acute_bed": flows.net.mean_dies_in_hospital, "planned_bed": np.zeros(4)}
    count = dict.fromkeys(("P0", "P1", "P2", "P3"), 0.0)
    for name, chance in dies.items():
        left = (flows.stays[name] * (1 - chance)).copy()
        live = left.copy()
        for route in england.stages[name].routes:
            going = left if isinstance(route.share, str) else live * np.array(route.share.values)
            left = left - going
            assert route.pathway is not None
            count[route.pathway] += float(going.sum())
    shares = [value / sum(count.values()) for value in count.values()]
    assert np.allclose(shares, [0.852, 0.099, 0.032, 0.017], rtol=0.05)


def test_the_pilot_has_28000_people_of_75_and_over_and_five_councils() -> None:
    pilot = place("north_west_london")
    assert pilot.people is not None
    assert sum(pilot.people.residents.values[2:]) == 28_000
    assert len(pilot.localities) == 5
    assert sum(locality.share.value for locality in pilot.localities) == pytest.approx(1)
    practices = [int(pool.provider.split()[0]) for key, pool in pilot.pools.items() if key.startswith("gp_slots")]
    assert sum(practices) == 93
    assert len([key for key in pilot.pools if key.startswith("acute_")]) == 4


def test_what_the_pilot_does_not_give_is_marked_as_borrowed(england: Place) -> None:
    pilot = place("north_west_london")
    assert pilot.deaths is not None
    assert pilot.urgent_needs is not None
    assert pilot.deaths.hospital_share.borrowed_from == england.name
    assert pilot.urgent_needs.emergency_admissions_per_1000_per_year.borrowed_from == ""


@pytest.mark.parametrize("name", ["england_500k", "north_west_london"])
def test_everybody_of_a_locality_is_served_by_some_pool(name: str) -> None:
    shown = place(name)
    for stage in shown.stages.values():
        if isinstance(stage.served_by, dict):
            assert {locality.name for locality in shown.localities} == set(stage.served_by)
            assert all(sum(shares.values()) == pytest.approx(1) for shares in stage.served_by.values())


def test_every_target_can_be_looked_up_and_judged() -> None:
    names = [target["name"] for target in targets()]
    assert len(names) == len(set(names))
    for target in targets():
        assert target["measure"] in MEASURES or target["measure"] in NOT_FROM_ONE_RUN, target["name"]
        assert set(target["tolerance"]) in ({"absolute"}, {"relative"}), target["name"]
        assert target["use"] in {"input_read_back", "fitted", "not_used"}, target["name"]
        assert target["source"], target["name"]
    assert sum(target["use"] == "not_used" for target in targets()) >= 6
