"""The table of targets: that it runs and judges rightly, that inputs are read back, and in full (slow)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim.cli import main
from sim.errors import InputError
from sim.expected.end_of_life import CARE_HOME
from sim.expected.flows import ExpectedFlows, expected_flows
from sim.experiments.baseline import Compared, baseline, compared, markdown, settings, summary, table
from sim.files.reading import load_place
from sim.files.targets import Target, targets
from sim.pages.flow_tables import erlang_c_wait, expected_figures, overfull, pools_table
from sim.system import Place


@pytest.fixture(scope="module")
def england() -> Place:
    return load_place("england_500k")


@pytest.fixture(scope="module")
def flows(england: Place) -> ExpectedFlows:
    return expected_flows(england)


def test_what_went_in_comes_out_of_the_expected_flows(england: Place, flows: ExpectedFlows) -> None:
    """Rates, stays, doors, pathways and deaths in hospital are put together again from their net parts, within 1%."""
    figures = expected_figures(england, flows)
    found = {(row.measure, row.group, row.of): row.value for row in figures.itertuples()}
    both = [(t.value, found[t.measure, t.group, t.of]) for t in targets() if (t.measure, t.group, t.of) in found]
    assert len(both) == 24
    published, expected = np.array(both).T
    assert np.allclose(expected, published, rtol=0.03)
    assert np.median(np.abs(expected / published - 1)) < 0.005


def test_deaths_add_up_to_the_published_ones(england: Place, flows: ExpectedFlows) -> None:
    """In hospital and elsewhere, of people near the end of life and of others, by age."""
    net, deaths = flows.net, england.deaths
    assert net is not None
    assert deaths is not None
    in_hospital = flows.stays["acute_bed"] * net.mean_dies_in_hospital / net.groups.residents
    elsewhere = (net.dies_at_home * net.groups.with_end_of_life).sum(axis=(1, 2, 3))
    total = np.array(deaths.per_1000_per_year.values) / 1000
    # Deaths elsewhere only befall people who are not in a bed, so that their rate is a little higher.
    assert np.all((in_hospital + elsewhere) / total > 0.99)
    assert np.all((in_hospital + elsewhere) / total < 1.06)


def test_care_home_residents_die_in_hospital_less_often_than_others(flows: ExpectedFlows) -> None:
    net = flows.net
    assert net is not None
    oldest = net.urgent[3, 1]
    assert oldest[CARE_HOME, 1] < 0.5 * oldest[0, 1]
    assert oldest[CARE_HOME, 0] == pytest.approx(oldest[0, 0], rel=0.1)


def test_the_wait_for_one_place_is_that_of_the_simplest_queue() -> None:
    """One place four fifths full: four stays."""
    assert erlang_c_wait(0.8, 1, 1.0) == pytest.approx(4.0)
    assert erlang_c_wait(1.0, 1, 1.0) == np.inf


def test_small_pools_wait_longer(england: Place, flows: ExpectedFlows) -> None:
    pools = pools_table(england, flows, 0.2).set_index("pool")
    assert pools.loc["d2a_beds", "wait_days_at_scale_0.2"] > 2 * pools.loc["d2a_beds", "wait_days"]


def test_a_pool_asked_for_more_than_it_has_is_warned_of(england: Place) -> None:
    capacity = england.pools["d2a_beds"].capacity
    assert capacity is not None
    fewer = england.pools["d2a_beds"].model_copy(update={"capacity": capacity.model_copy(update={"value": 60.0})})
    smaller = england.model_copy(update={"pools": england.pools | {"d2a_beds": fewer}})
    assert overfull(england, expected_flows(england)) == []
    assert [problem.where for problem in overfull(smaller, expected_flows(smaller))] == ["pools.d2a_beds"]


def _target(value: float, absolute: float) -> Target:
    return Target.model_validate(
        {
            "name": "Beds", "measure": "acute_beds_occupied", "group": "all", "of": "all", "value": value,
            "unit": "beds", "period": "2023", "tolerance": {"absolute": absolute}, "source": "here", "use": "fitted",
        }
    )  # fmt: skip


def test_a_target_is_met_within_its_tolerance_and_missed_outside() -> None:
    rows = [Compared(_target(100, 5), mean, mean - 1, mean + 1, 3) for mean in (104.9, 105.1, np.nan)]
    assert [row.verdict for row in rows] == ["met", "missed", "not measured"]
    assert list(table(rows)["model"])[:2] == ["104.9 (103.9 to 105.9)", "105.1 (104.1 to 106.1)"]
    assert "fitted 1 of 2" in summary(rows)
    page = markdown(rows, "all people").splitlines()
    assert page[0] == "<!-- targets:start -->"
    assert page[-1] == "<!-- targets:end -->"
    assert [line.count("|") for line in page if line.startswith("|")] == [7] * 5


def test_settings_out_of_bounds_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="--scale"):
        settings({"scale": "3"})


def test_the_command_prints_every_target(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--scale", "0.01", "--years", "0.2", "--replications", "1", "--workers", "1"]
    assert main(["check", "england_500k", "--targets", "--json", "--quiet", *small]) == 0
    rows = json.loads(capsys.readouterr().out)["targets"]
    assert [row["target"] for row in rows] == [target.name for target in targets()]
    assert {row["verdict"] for row in rows} == {"met", "missed", "not measured"}


def test_targets_need_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", "stroke_units", "--targets"]) == 2
    assert "needs a place with people" in capsys.readouterr().err


@pytest.mark.slow
def test_most_targets_are_met_by_the_whole_place(england: Place) -> None:
    """Two measured years of everybody: every value that went in comes out, and the fitted ones are met."""
    rows = compared(baseline(england, settings({"years": "2", "replications": "2"})))
    missed = {row.target.name for row in rows if row.verdict == "missed" and row.target.use != "not_used"}
    assert missed == set()
