"""What sharing luck gains: changes are shown by far fewer replications than with seeds of their own."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim import cli
from sim.experiments.luck import AIMED_TIMES, needed, times_smaller
from sim.pages.terminal import gained, luck_in_words


def test_the_replications_needed_are_the_fewest_whose_interval_is_narrow_enough() -> None:
    n = needed(4.0, 1.0)
    half_width = [stats.t.ppf(0.975, k - 1) * np.sqrt(4.0 / k) for k in (n - 1, n)]
    assert half_width[0] > 1.0 >= half_width[1]
    assert needed(0.0, 1.0) == 2, "a spread needs two"


def test_the_interval_of_how_much_smaller_holds_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    truth, held = (1 + 1.09) / 0.09, 0
    for _ in range(200):
        baseline = draw.normal(size=30)
        plan = baseline + 0.3 * draw.normal(size=30)
        found = times_smaller(baseline, plan)
        assert found.value == pytest.approx((baseline.var() + plan.var()) / (plan - baseline).var())
        assert found.low < found.value < found.high
        held += found.low <= truth <= found.high
    assert 180 <= held <= 199


def test_without_enough_to_vary_there_is_no_interval() -> None:
    assert np.isnan(times_smaller([1.0, 2.0], [2.0, 4.0]).low)
    same = times_smaller([1.0, 2.0, 4.0], [2.0, 3.0, 5.0])
    assert (same.value, np.isnan(same.low)) == (np.inf, True)


def test_a_measure_that_falls_short_is_named_with_how_much() -> None:
    rows = [
        ("Shorter", "Beds", 8.0, 5.1, 12.0),
        ("Shorter", "Admissions", 200.0, 90.0, 410.0),
        ("More", "Beds", 0.5, 0.3, 0.8),
    ]
    table = pd.DataFrame(rows, columns=["change", "title", "times_smaller", "times_low", "times_high"])
    said = "\n".join(luck_in_words(table, AIMED_TIMES))
    assert "“Shorter”: 20 times smaller. Missed: Beds, 8 (5.1 to 12) times." in said
    assert "Missed in 1 of 3 rows." in said
    whole = table.assign(difference=1.0, low=0.5, high=1.5, shared=3, unshared=17500)
    assert gained(whole)["with other seeds"].tolist() == ["17,500"] * 3
    met = luck_in_words(table[table["times_smaller"] > 20], AIMED_TIMES)
    assert met[1].endswith("Met for every measure.")
    assert met[2].endswith("Met in all 1 rows.")
    unsure = luck_in_words(table.assign(times_low=[0.9, 90.0, 0.3], times_smaller=[8.0, 200.0, 1.5]), AIMED_TIMES)
    assert unsure[2].endswith("Met in all 3 rows. Unsure in 2, whose interval reaches below 1.")


def test_shared_luck_is_worth_replications_and_never_costs_any(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scale", "0.03", "--years", "0.25", "--replications", "8", "--workers", "1", "--json"]
    assert cli.main(["check", "england_500k", "--luck", *options]) == cli.FINE
    rows = json.loads(capsys.readouterr().out)["luck"]
    beds = {row["change"]: row for row in rows if row["title"] == "Acute beds occupied"}
    assert len(beds) == 6
    assert all(row["times_low"] < row["times_smaller"] < row["times_high"] for row in beds.values())
    assert beds["Length of stay 10% shorter"]["high"] < 0 < beds["6% of acute beds closed"]["unshared"]
    assert beds["Length of stay 10% shorter"]["times_smaller"] > 5
    spare = "Length of stay 10% shorter, 30% more acute beds"
    assert beds[spare]["times_smaller"] > 10
    assert beds[spare]["high"] < 0
    assert all(row["shared"] <= row["unshared"] for row in beds.values())


def test_luck_needs_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "stroke_units", "--luck"]) == cli.BAD_INPUT
    assert "needs a place with people" in capsys.readouterr().err
