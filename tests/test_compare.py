"""Scenarios set against the first of them."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.errors import InputError
from sim.experiments.compare import compare, in_common, luck, paired_row, refuse_unlike
from sim.experiments.runner import run, run_together
from sim.experiments.spread import Spread
from sim.files.reading import load_scenario
from sim.results import BASELINE, PLAN, Results
from sim.scenario import Scenario

SHORT = {"run.years": "0.25", "run.warm_up_days": "30", "run.replications": "3"}


@cache
def units(**changes: str) -> Results:
    given = {name.replace("__", "."): value for name, value in changes.items()}
    return run(load_scenario("stroke_units", SHORT | given), Spread(workers=1))


def beds(results: Results, arm: str) -> pd.Series[float]:
    table = results.measures
    rows = table[(table[["period", "group", "locality", "of"]] == "all").all(axis=1) & (table["arm"] == arm)]
    return rows[rows["measure"] == "acute_beds_occupied"].set_index("replication")["value"]


def test_each_is_set_against_the_first_replication_by_replication() -> None:
    first, other = units(), units(interventions__0__beds__0__add="9")
    table = compare({"a": first, "b": other}).set_index(["measure", "result"])
    a, b = beds(first, PLAN), beds(other, PLAN)
    found = table.loc[("acute_beds_occupied", "b")]
    exact = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert found["difference"] == pytest.approx((b - a).mean())
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high))
    assert (found["value"], found["baseline"]) == pytest.approx((b.mean(), beds(first, BASELINE).mean()))
    assert found["replications"] == 3
    assert np.isnan(table.loc[("acute_beds_occupied", "a"), "difference"])


def test_intervals_hold_for_all_differences_together() -> None:
    first, other = units(), units(interventions__0__beds__0__add="9")
    two = compare({"a": first, "b": other}).set_index(["measure", "result"]).loc[("acute_beds_occupied", "b")]
    more = {"a": first, "b": other, "c": replace(other), "d": replace(other)}
    four = compare(more).set_index(["measure", "result"]).loc[("acute_beds_occupied", "b")]
    widths = [each["high"] - each["low"] for each in (two, four)]
    assert widths[1] / widths[0] == pytest.approx(stats.t.ppf(1 - 0.05 / 6, 2) / stats.t.ppf(0.975, 2))


def test_results_of_other_luck_are_not_compared() -> None:
    first = units()
    scenario = first.provenance["scenario"]
    elsewhere = scenario | {"run": scenario["run"] | {"seed": 9}}
    other = replace(first, provenance=first.provenance | {"scenario": elsewhere})
    with pytest.raises(InputError, match="seed is 9 but 1 in a: run both with the same"):
        compare({"a": first, "b": other})


def test_unlike_scenarios_are_refused_with_everything_that_is_unlike() -> None:
    stroke, england = (load_scenario(name).model_dump(mode="json") for name in ("stroke_units", "england_baseline"))
    with pytest.raises(InputError) as refused:
        refuse_unlike({"one": luck(stroke, uncertain=False), "other": luck(england, uncertain=True)})
    said = str(refused.value)
    assert "only scenarios of one place can be compared" in said
    assert "--uncertain is on but off in one" in said
    refuse_unlike({"one": luck(stroke, uncertain=True), "same": luck(stroke, uncertain=True)})


def two(uncertain: bool = False, interrupted_after: int | None = None) -> dict[str, Results]:
    """Two scenarios run side by side, the second with a replication less."""

    def interrupt(done: int, of: int) -> None:
        if done == interrupted_after:
            signal.raise_signal(signal.SIGINT)

    fewer = SHORT | {"interventions.0.beds.0.add": "9", "run.replications": "2"}
    scenarios = {"a": load_scenario("stroke_units", SHORT), "b": load_scenario("stroke_units", fewer)}
    return run_together(scenarios, Spread(1, progress=interrupt), uncertain=uncertain)


@pytest.mark.parametrize("uncertain", [False, True])
def test_side_by_side_each_is_what_it_is_alone(uncertain: bool) -> None:
    for name, found in two(uncertain).items():
        alone = run(Scenario.model_validate(found.provenance["scenario"]), Spread(workers=1), uncertain=uncertain)
        pd.testing.assert_frame_equal(found.measures, alone.measures, check_exact=True)
        pd.testing.assert_frame_equal(found.claims, alone.claims, check_exact=True)
        assert found.provenance | {"date": ""} == alone.provenance | {"date": ""}, name


@pytest.mark.usefixtures("keyboard")
def test_an_interrupt_leaves_what_all_have_in_common() -> None:
    cut = two(interrupted_after=4)
    assert [each.provenance["cut_short"] for each in cut.values()] == [
        "interrupted after 2 of 3 replications", "interrupted after 1 of 2 replications",
    ]  # fmt: skip
    common = in_common(cut)
    assert [each.measures["replication"].unique().tolist() for each in common.values()] == [[0], [0]]
    whole = beds(units(), PLAN)
    pd.testing.assert_series_equal(beds(common["a"], PLAN), whole[whole.index == 0])
    assert len(compare(common)) > 0
    with pytest.raises(KeyboardInterrupt, match="nothing of it was kept"):
        two(interrupted_after=2)


def test_only_replications_of_both_are_paired() -> None:
    one = pd.Series([3.0, 5.0, np.nan, 9.0], index=[0, 1, 2, 3])
    other = pd.Series([1.0, 2.0, 3.0], index=[0, 1, 2])
    found = paired_row(one, other)
    assert (found["difference"], found["replications"]) == (2.5, 2)
