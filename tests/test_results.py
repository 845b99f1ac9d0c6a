"""Saving whole or not at all, and intervals a person can check."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.errors import InputError
from sim.results import Results, interval, load, paired, provenance, save, shown
from sim.scenario import RunSettings, Scenario
from sim.system import Place

FILES = ("claims.csv", "measures.csv", "measures.parquet", "provenance.json")


def scenario() -> Scenario:
    everywhere = {"name": "everywhere", "share": 1}
    given = {"name": "nowhere", "what": "an empty place", "localities": [everywhere], "pools": {}, "stages": {}}
    run = RunSettings(starts=dt.date(2026, 4, 1))
    return Scenario(name="test", question="none?", place=Place.model_validate(given), run=run)


def measures(baseline: list[float], plan: list[float], name: str = "deaths") -> pd.DataFrame:
    rows = [
        {"measure": name, "period": "all", "group": "all", "locality": "all", "of": "all", "value": value, "arm": arm,
         "replication": number}
        for arm, values in (("baseline", baseline), ("plan", plan))
        for number, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def some_results(value: float = 10.0) -> Results:
    claims = pd.DataFrame({"text": ["admissions fall"], "holds_in": [4]})
    return Results(measures([value, 12.0], [8.0, 9.0]), claims, provenance(scenario(), "simpy", 1, 2))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    given = some_results()
    save(given, tmp_path / "deep" / "run")
    found = load(tmp_path / "deep" / "run")
    pd.testing.assert_frame_equal(found.measures, given.measures)
    pd.testing.assert_frame_equal(found.claims, given.claims)
    assert found.provenance == given.provenance
    from_csv = pd.read_csv(tmp_path / "deep" / "run" / "measures.csv")
    assert from_csv["value"].tolist() == given.measures["value"].tolist()


def test_results_without_claims_are_loaded(tmp_path: Path) -> None:
    save(Results(measures([1.0], [2.0]), pd.DataFrame(), {}), tmp_path / "run")
    assert load(tmp_path / "run").claims.empty


def test_saving_again_replaces_results_and_keeps_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    save(some_results(10.0), folder)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("keep me")
    save(some_results(99.0), folder)
    assert load(folder).measures["value"].iloc[0] == 99.0
    assert (folder / "notes" / "mine.txt").read_text() == "keep me"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "notes"])


def test_a_result_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    save(some_results(10.0), folder)
    broken = Results(measures([99.0], [99.0]), pd.DataFrame(), {"not a number": math.nan})
    with pytest.raises(ValueError, match="JSON"):
        save(broken, folder)
    assert load(folder).measures["value"].iloc[0] == 10.0
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_a_folder_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="choose another folder"):
        save(some_results(), tmp_path / "file" / "run")
    with pytest.raises(InputError, match="not a folder of results"):
        load(tmp_path / "nothing")


def test_provenance_tells_scenarios_apart() -> None:
    one, same = (provenance(scenario(), "simpy", 1, 1) for _ in range(2))
    other = provenance(scenario().model_copy(update={"name": "another"}), "simpy", 1, 1)
    assert one["scenario_sha256"] == same["scenario_sha256"] != other["scenario_sha256"]
    assert one["scenario"]["place"]["name"] == "nowhere"
    assert one["libraries"]["numpy"] == np.__version__


def test_interval_is_students() -> None:
    values = [9.0, 11.0, 10.0, 14.0]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert interval(values) == (11.0, pytest.approx(low), pytest.approx(high), 4)


def test_one_replication_has_no_interval() -> None:
    found = interval([5.0])
    assert found.mean == 5.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert "no interval" in str(found)


def test_paired_difference_uses_shared_luck() -> None:
    baseline = [100.0, 200.0, 300.0]
    plan = [91.0, 190.0, 289.0]
    found = paired(Results(measures(baseline, plan), pd.DataFrame(), {})).iloc[0]
    low, high = stats.t.interval(0.95, 2, -10, stats.sem([-9, -10, -11]))
    assert (found["baseline"], found["plan"], found["difference"], found["n"]) == (200, 190, -10, 3)
    assert (found["difference_low"], found["difference_high"]) == (pytest.approx(low), pytest.approx(high))
    assert found["baseline_high"] - found["baseline_low"] > 10 * (high - low)
    assert found["change_per_cent"] == pytest.approx(-5)


def test_change_per_cent_is_jackknifed() -> None:
    baseline, plan = np.array([100.0, 120.0, 90.0, 110.0]), np.array([90.0, 100.0, 88.0, 95.0])
    found = paired(Results(measures([*baseline], [*plan]), pd.DataFrame(), {})).iloc[0]
    without = np.array([np.delete(plan, i).mean() / np.delete(baseline, i).mean() for i in range(4)])
    error = math.sqrt(3 / 4 * ((without - without.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, 3) * error
    assert found["change_per_cent_high"] - found["change_per_cent"] == pytest.approx(100 * half)
    exact = paired(Results(measures([*baseline], [*(0.8 * baseline)]), pd.DataFrame(), {})).iloc[0]
    assert exact["change_per_cent_low"] == pytest.approx(-20)
    assert exact["change_per_cent_high"] == pytest.approx(-20)


def test_pairs_are_matched_by_replication_and_need_both_arms() -> None:
    table = pd.concat([measures([1.0, 2.0, 3.0], [2.0, 3.0]), measures([], [7.0, 8.0], "cancellations")])
    found = paired(Results(table.iloc[::-1], pd.DataFrame(), {})).set_index("measure")
    assert found.loc["deaths", "n"] == 2
    assert found.loc["deaths", ["difference", "difference_low", "difference_high"]].tolist() == [1, 1, 1]
    assert found.loc["cancellations", "plan"] == 7.5
    assert math.isnan(found.loc["cancellations", "difference"])


def test_no_change_per_cent_of_nothing() -> None:
    found = paired(Results(measures([0.0, 0.0], [1.0, 2.0]), pd.DataFrame(), {})).iloc[0]
    assert found["difference"] == 1.5
    assert math.isnan(found["change_per_cent"])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((1243.2, 1181.0, 1304.0), "1,240 (1,180 to 1,300)"),
        ((0.9432, 0.9391, 0.9473), "0.943 (0.939 to 0.947)"),
        ((-0.4, -6.0, 5.2), "0 (-6 to 5)"),
        ((46553, 46100, 47000), "46,600 (46,100 to 47,000)"),
        ((0.0, 0.0, 0.0), "0 (0 to 0)"),
        ((12.345, 12.345, 12.345), "12.3 (12.3 to 12.3)"),
        ((46553.0, math.nan, math.nan), "46,600 (no interval)"),
        ((math.nan, math.nan, math.nan), "no value"),
    ],
)
def test_no_more_digits_than_the_interval_bears(given: tuple[float, float, float], text: str) -> None:
    assert shown(*given) == text
