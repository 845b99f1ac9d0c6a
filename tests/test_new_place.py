"""A place made from a dozen figures: it says what was given, what was borrowed, and what does not add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from sim.errors import InputError
from sim.expected.flows import expected_flows
from sim.new_place import GIVEN, new_place
from sim.new_place_figures import Figures, Totals
from sim.system import Place

ROOT = Path(__file__).resolve().parent.parent
INNER_WEST: dict[str, Any] = {
    "name": "Inner West",
    "adults": 396_983,
    "aged_75": 29_388,
    "acute_beds": 700,
    "community_beds": 80,
    "virtual_ward_beds": 90,
    "emergency_admissions": 42_193,
    "attendances": 101_940,
    "delayed": 90,
    "care_home_residents": 2_000,
    "home_care_users": 2_600,
    "localities": {"Riverside": 100_000, "St Mary's": 300_000, "Côte": 200_000},
}


@pytest.fixture(scope="module")
def england() -> Place:
    text = (ROOT / "scenarios" / "places" / "england_500k.yaml").read_text(encoding="utf-8")
    return Place.model_validate(YAML(typ="safe").load(text))


@pytest.fixture(scope="module")
def made(england: Place) -> tuple[Place, list[str]]:
    return new_place(Figures(**INNER_WEST), england)


def test_the_figures_given_are_the_totals_of_the_place(made: tuple[Place, list[str]]) -> None:
    place, _ = made
    totals = Totals(place)
    expected = totals.expected(totals.residents)
    for figure in ("emergency_admissions", "attendances", "delayed", "care_home_residents", "home_care_users"):
        assert expected[figure] == pytest.approx(INNER_WEST[figure], rel=2e-3), figure
    for role in ("acute_beds", "community_beds", "virtual_ward_beds"):
        assert totals.capacity(role) == pytest.approx(INNER_WEST[role], abs=1), role
    assert sum(totals.residents) == pytest.approx(INNER_WEST["adults"], abs=2)
    assert sum(totals.residents[2:]) == pytest.approx(INNER_WEST["aged_75"], abs=2)


def test_every_other_number_is_marked_as_borrowed(england: Place, made: tuple[Place, list[str]]) -> None:
    place, _ = made
    unmarked: list[str] = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if "borrowed_from" in node and node["source"] != GIVEN and node["borrowed_from"] != england.name:
                unmarked.append(path)
            below = [] if node.get("source") == GIVEN else node.items()
            for key, child in below:
                walk(child, f"{path}.{key}")
        elif isinstance(node, list | tuple):
            for i, child in enumerate(node):
                walk(child, f"{path}.{i}")

    walk(place.model_dump(by_alias=True, exclude_none=True), "")
    assert unmarked == []
    assert place.pools["acute_north"].capacity is not None
    assert place.pools["acute_north"].capacity.source == GIVEN
    assert place.loops is not None
    assert place.loops.substitution.borrowed_from == england.name


def test_services_of_a_locality_follow_its_share(made: tuple[Place, list[str]]) -> None:
    place, _ = made
    assert [locality.name for locality in place.localities] == ["Riverside", "St Mary's", "Côte"]
    small, large = place.pools["reablement_riverside"], place.pools["reablement_st_mary_s"]
    assert small.capacity is not None
    assert large.capacity is not None
    assert large.capacity.value == pytest.approx(3 * small.capacity.value, rel=0.05)
    assert large.title == "Reablement, St Mary's"
    assert place.stages["home_care"].served_by["Côte"] == {"home_care_packages_cote": 1.0}  # type: ignore[index]
    assert not any(key.endswith(("reablement_north", "packages_south")) for key in place.pools)
    for stage in place.stages.values():
        if isinstance(stage.served_by, dict):
            for pools in stage.served_by.values():
                assert sum(pools.values()) == pytest.approx(1)
                assert set(pools) <= set(place.pools)


def test_services_not_given_are_as_full_as_in_the_reference(england: Place, made: tuple[Place, list[str]]) -> None:
    place, _ = made
    for before, after in (("reablement_north", "reablement_cote"), ("d2a_beds", "d2a_beds")):
        full = expected_flows(england).load[before] / england.pools[before].capacity.value  # type: ignore[union-attr]
        now = expected_flows(place).load[after] / place.pools[after].capacity.value  # type: ignore[union-attr]
        assert now == pytest.approx(full, abs=0.02), after


def test_the_reference_from_its_own_figures_is_the_reference(england: Place) -> None:
    totals = Totals(england)
    expected = totals.expected(totals.residents)
    own = {figure: expected[figure] for figure in INNER_WEST if figure in expected}
    beds = {role: totals.capacity(role) for role in ("acute_beds", "community_beds", "virtual_ward_beds")}
    figures = Figures(
        name="Same",
        adults=sum(totals.residents),
        aged_75=sum(totals.residents[2:]),
        localities={locality.name: locality.share.value for locality in england.localities},
        **own,
        **beds,
    )
    place, problems = new_place(figures, england)
    assert problems == []
    assert place.stages["acute_bed"].served_by == england.stages["acute_bed"].served_by
    for key, pool in england.pools.items():
        assert pool.capacity is not None
        assert place.pools[key].capacity.value == pytest.approx(pool.capacity.value, abs=2), key  # type: ignore[union-attr]


def test_figures_that_belong_together_are_not_questioned(made: tuple[Place, list[str]]) -> None:
    assert made[1] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"aged_75": 80_000}, ["aged_75: 16.0% of all residents"]),
        (
            {"acute_beds": 450, "community_beds": 15, "delayed": 250, "care_home_residents": 9_000, "deaths": 9_000},
            [
                "acute_beds: stays and routes of this file ask for",
                "community_beds: 15 is 0.",
                "delayed: 56% of acute beds",
                "care_home_residents: 9,000 is",
                "deaths: 9,000 is",
            ],
        ),
        (
            {"acute_beds": 2_000, "emergency_admissions": 18_000},
            ["acute_beds: stays and routes of this file ask for", "emergency_admissions: 18,000 is 0."],
        ),
    ],
)
def test_what_does_not_add_up_is_said(england: Place, wrong: dict[str, float], said: list[str]) -> None:
    _, problems = new_place(Figures(**{**INNER_WEST, **wrong}), england)
    for start in said:
        assert any(problem.startswith(start) for problem in problems), problems


def test_impossible_figures_are_refused(england: Place) -> None:
    with pytest.raises(ValidationError, match="must be below adults"):
        Figures(**{**INNER_WEST, "aged_75": 500_000})
    with pytest.raises(InputError, match="attendances: 20,000 are too few"):
        new_place(Figures(**{**INNER_WEST, "attendances": 20_000}), england)
    with pytest.raises(InputError, match="names must differ"):
        new_place(Figures(**{**INNER_WEST, "localities": {"A-B": 1, "A B": 1}}), england)
    with pytest.raises(InputError, match="scale from a place that has them all"):
        new_place(Figures(**INNER_WEST), england.model_copy(update={"people": None}))
