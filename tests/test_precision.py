"""Intervals of means over replications, and when there are enough replications."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from sim.errors import InputError
from sim.experiments import precision
from sim.experiments.precision import (
    Wanted,
    bootstrap_t,
    estimate,
    in_words,
    kept,
    look,
    looks,
    median_interval,
    wanted,
)
from sim.experiments.runner import run
from sim.experiments.spread import Spread
from sim.files.reading import load_scenario
from sim.results import BASELINE, PLAN

SHORT = {"run.years": "0.1", "run.warm_up_days": "0"}
ONE = Spread(workers=1)
LUCK = np.random.default_rng(5)


def table(measure: str, **arms: npt.ArrayLike) -> pd.DataFrame:
    where = {"measure": measure, "period": "all", "group": "all", "locality": "all", "of": "all"}
    rows = [
        {**where, "value": value, "arm": arm, "replication": number}
        for arm, values in arms.items()
        for number, value in enumerate(np.asarray(values).tolist())
    ]
    return pd.DataFrame(rows)


# intervals


def test_plain_values_have_students_interval() -> None:
    values = LUCK.normal(10, 1, 40)
    found = estimate(values)
    exact = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert (found.method, found.caution, found.n) == ("t", "", 40)
    assert estimate(values, confidence=0.99).half_width > found.half_width


def test_on_plain_values_the_bootstrap_agrees_with_student() -> None:
    values = LUCK.normal(10, 1, 200)
    assert bootstrap_t(values) == pytest.approx((estimate(values).low, estimate(values).high), abs=0.03)


def test_a_skewed_measure_gets_a_wider_interval_and_says_so() -> None:
    values = LUCK.lognormal(0, 1.5, 60)
    found = estimate(values, seed=1)
    student = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found.is_skewed
    assert found.method == "bootstrap-t"
    assert found.high > student.high
    assert "skewed: its interval is a bootstrap-t; the median is" in found.caution
    assert estimate(values, seed=1) == found
    few = estimate([1.0, 1.1, 0.9, 1.2, 30.0])
    assert (few.method, few.is_skewed) == ("t", True)
    assert "too narrow" in few.caution


def test_the_bootstrap_covers_a_skewed_mean_where_student_does_not() -> None:
    truth, trials = np.exp(1.5**2 / 2), 300
    samples = np.random.default_rng(7).lognormal(0, 1.5, (trials, 30))
    student = stats.ttest_1samp(samples, 0, axis=1).confidence_interval(0.95)
    own = [bootstrap_t(sample, seed=number) for number, sample in enumerate(samples)]
    by_student = np.mean((student.low <= truth) & (truth <= student.high))
    by_bootstrap = np.mean([low <= truth <= high for low, high in own])
    assert by_student < 0.85
    assert by_bootstrap > by_student + 0.05


def test_a_difference_is_not_wide_because_its_mean_is_nought() -> None:
    base, change = LUCK.normal(100, 5, 30), LUCK.normal(0, 1, 30)
    assert not estimate(change, (base, base + change)).is_skewed
    assert estimate(change).is_skewed


def test_values_that_set_no_limit_have_no_end() -> None:
    found = estimate([0.0] * 29 + [1.0])
    assert found.high == np.inf
    assert found.low < 1 / 30
    assert estimate([3.0] * 12).half_width == 0
    assert np.isnan(estimate([3.0]).low)


def test_the_interval_of_a_median_lies_between_two_of_the_values() -> None:
    assert median_interval(np.arange(1, 31)) == (10, 21)
    assert 1 - 2 * stats.binom.cdf(9, 30, 0.5) == pytest.approx(0.957, abs=0.001)
    assert np.isnan(median_interval([1, 2, 3, 4, 5])).all()


# enough


def test_looks_double_up_to_the_cap() -> None:
    assert looks(240) == (30, 60, 120, 240)
    assert looks(100) == (30, 60, 100)
    assert looks(30) == (30,)
    assert looks(8) == (8,)


def test_precision_is_of_what_the_plan_changes() -> None:
    base = LUCK.normal(100, 20, 30)
    change = LUCK.normal(-5, 1, 30)
    measures = table("emergency_admissions", **{BASELINE: base, PLAN: base + change})
    (one,) = look([Wanted("emergency_admissions", 0.01, is_relative=True)], measures, 1, seed=1)
    assert one.is_difference
    assert one.found.mean == pytest.approx(change.mean())
    assert one.target == pytest.approx(0.01 * base.mean())
    assert one.is_reached
    (level,) = look(
        [Wanted("emergency_admissions", 0.01, is_relative=True)], measures[measures["arm"] == BASELINE], 1, 1
    )
    assert not level.is_reached
    assert level.projected == pytest.approx(30 * (level.found.half_width / level.target) ** 2, abs=1)


def test_every_look_is_widened_for_all_of_them() -> None:
    measures = table("deaths", **{BASELINE: LUCK.normal(100, 20, 30)})
    alone, of_four = (look([Wanted("deaths", 1.0, is_relative=False)], measures, n, 1)[0].found for n in (1, 4))
    ratio = stats.t.ppf(1 - 0.05 / 8, 29) / stats.t.ppf(0.975, 29)
    assert of_four.half_width / alone.half_width == pytest.approx(ratio)


def test_what_was_not_reached_is_said_with_what_it_would_take() -> None:
    measures = table("acute_occupancy", **{BASELINE: LUCK.normal(0.9, 0.02, 30)})
    found = look([Wanted("acute_occupancy", 0.001, is_relative=False)], measures, 2, 1)
    said = in_words(json.loads(json.dumps(kept(found, (30, 60), 60), allow_nan=False)))
    assert said[0] == "Precision after 60 replications (looks at 30, 60, each with a 97.5% interval):"
    assert "percentage points; precision not reached, ±" in said[1]
    assert said[1].endswith(f"±0.1 wanted; about {found[0].projected:,} replications would do")


def test_no_limit_can_be_kept_and_said() -> None:
    measures = table("deaths", **{BASELINE: [0.0] * 29 + [1.0]})
    found = look([Wanted("deaths", 0.1, is_relative=False)], measures, 1, 1)
    said = in_words(json.loads(json.dumps(kept(found, (30,), 30), allow_nan=False)))
    assert "precision not reached, without limit, ±0.1 wanted" in said[1]
    assert "skewed" in said[2]


def test_precision_that_makes_no_sense_is_refused() -> None:
    def declared(**given: str) -> None:
        changes = {f"run.precision.{name}": text for name, text in given.items()}
        wanted(load_scenario("stroke_units", SHORT | changes))

    with pytest.raises(InputError, match=r"run.precision: is missing: state"):
        declared()
    with pytest.raises(InputError, match='there is no measure "dealys"'):
        declared(dealys="1%")
    with pytest.raises(InputError, match="for one percentage point"):
        declared(acute_occupancy="1%")
    with pytest.raises(InputError, match="above 0, or per cent such as"):
        declared(deaths="few")
    with pytest.raises(InputError, match="above 0, or per cent such as"):
        declared(deaths="0")


def test_a_run_stops_when_it_is_precise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "PILOT", 3)
    changes = SHORT | {"run.precision.acute_beds_occupied": "200%", "run.most_replications": "8"}
    found = run(load_scenario("stroke_units", changes), ONE, until_precise=True)
    told = found.provenance["precision"]
    assert (told["looks"], told["replications"], found.provenance["replications"]) == ([3, 6, 8], 3, 3)
    assert told["measures"][0]["reached"]
    plain = run(load_scenario("stroke_units", SHORT | {"run.replications": "3"}), ONE)
    pd.testing.assert_frame_equal(found.measures, plain.measures, check_exact=True)


def test_a_run_that_is_not_precise_at_the_cap_stops_and_says_so() -> None:
    changes = SHORT | {"run.precision.acute_beds_occupied": "0.0001", "run.most_replications": "3"}
    told: list[tuple[int, int]] = []
    how = Spread(workers=1, progress=lambda done, of: told.append((done, of)))
    found = run(load_scenario("stroke_units", changes), how, until_precise=True).provenance["precision"]["measures"][0]
    assert not found["reached"]
    assert found["replications_projected"] > 3
    assert found["half_width"] > 0.0001
    assert told[-1] == (3, 3)
