"""Estimators of evaluations on tables made by hand, worked out on paper, and by simulation of what they claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.experiments.estimators import Counts, matched_weights, ratio, side


def counts(admissions: list[float], years: list[float] | None = None) -> Counts:
    return Counts(np.array(admissions, float), np.array(years or [1.0] * len(admissions)))


def test_a_rate_ratio_of_two_sides_and_its_interval() -> None:
    """Rates 6/4 and 3/4; influences a/A - t/T are ±1/6 and 1/12 twice, each side times n / (n - 1)."""
    found = ratio(side(counts([2, 1, 2, 1])), side(counts([1, 1, 1, 0])))
    first = 4 / 3 * (2 * (2 / 6 - 1 / 4) ** 2 + 2 * (1 / 6 - 1 / 4) ** 2)
    second = 4 / 3 * (3 * (1 / 3 - 1 / 4) ** 2 + (1 / 4) ** 2)
    half = stats.t.ppf(0.975, 6) * math.sqrt(first + second)
    assert found.ratio == pytest.approx(2)
    assert math.log(found.high / 2) == pytest.approx(half)
    assert math.log(2 / found.low) == pytest.approx(half)


def test_years_at_risk_count() -> None:
    assert ratio(side(counts([1, 1], [0.5, 0.5])), side(counts([1, 1], [2.0, 2.0]))).ratio == pytest.approx(4)


def test_before_and_after_of_the_same_people_is_paired() -> None:
    """Everybody falls by half: nothing differs between people, so nothing is uncertain."""
    found = ratio(side(counts([1, 2, 3]), counts([2, 4, 6])))
    assert found == pytest.approx((0.5, 0.5, 0.5))


def test_difference_in_differences_takes_a_common_trend_away() -> None:
    with_it = side(counts([3, 6, 9, 2]), counts([2, 4, 6, 2]))  # 20 / 14
    without = side(counts([5, 5, 6, 4]), counts([4, 4, 4, 2]))  # 20 / 14
    assert ratio(with_it, without).ratio == pytest.approx(1)


def test_a_weight_is_as_good_as_the_person_again() -> None:
    weighted = side(counts([3, 0, 1]), weight=np.array([2.0, 1.0, 0.0]))
    assert weighted.log == pytest.approx(side(counts([3, 3, 0])).log)


def test_clusters_that_differ_widen_the_interval() -> None:
    """Forty people of four practices, two of which admit everybody and two of which nobody."""
    people = counts([1.0] * 20 + [0.0] * 20)
    practice = np.repeat([0, 1, 2, 3], 10)
    apart, together = side(people), side(people.by(practice, 4))
    assert together.log == pytest.approx(apart.log)
    assert together.variance > 8 * apart.variance
    assert together.units == 4


def test_nothing_counted_is_not_an_estimate() -> None:
    assert math.isnan(ratio(side(counts([0, 0])), side(counts([1, 0]))).ratio)
    assert not ratio(side(counts([0, 0]))).finds_effect
    assert math.isnan(ratio(side(counts([1]))).low)


def test_an_interval_of_skewed_people_covers_as_often_as_it_says() -> None:
    """400 trials of 2 x 150 people with gamma propensities: 95% less four standard errors at least."""
    luck = np.random.default_rng(1)
    rates = 1.2 * luck.gamma(0.8, 1 / 0.8, (400, 2, 150))
    drawn = luck.poisson(rates * np.array([0.8, 1.0])[None, :, None]).astype(float)
    years = np.ones(150)
    found = [ratio(side(Counts(a, years)), side(Counts(b, years))) for a, b in drawn]
    covered = sum(each.low <= 0.8 <= each.high for each in found)
    assert stats.binomtest(covered, 400, 0.95).pvalue > 1e-4
    assert np.mean([math.log(each.ratio) for each in found]) == pytest.approx(math.log(0.8), abs=0.04)


def test_matching_finds_the_nearest_and_shares_out_the_weight() -> None:
    enrolled = np.array([[0.0, 2.0], [0.0, 2.0], [1.0, 5.0]])
    others = np.array([[0.0, 2.0], [1.0, 5.0], [1.0, 9.0], [3.0, 0.0]])
    weights = matched_weights(enrolled, others, np.random.default_rng(1), controls=1)
    assert weights.tolist() == [2, 1, 0, 0]
    both = matched_weights(enrolled, others, np.random.default_rng(1), controls=2)
    assert both.sum() == pytest.approx(3)
    assert both[0] >= 1


def test_matching_chooses_among_equals_by_luck() -> None:
    weights = matched_weights(np.zeros((200, 2)), np.zeros((50, 2)), np.random.default_rng(2))
    assert weights.sum() == 200
    assert weights.max() < 20
    assert not matched_weights(np.zeros((3, 2)), np.zeros((0, 2)), np.random.default_rng(3)).size
