"""Rules on hand-worked numbers, and in the part of Python that compiles."""

from __future__ import annotations

import inspect
import math
import statistics
import types
import typing

import numba
import pytest

from sim import rules

FUNCTIONS = [f for _, f in inspect.getmembers(rules, inspect.isfunction) if f.__module__ == "sim.rules"]
COMPILED: dict[str, typing.Any] = dict(vars(rules))
for function in FUNCTIONS:
    COMPILED[function.__name__] = numba.njit(types.FunctionType(function.__code__, COMPILED, function.__name__))


def test_the_normal_quantile_is_that_of_the_standard_library() -> None:
    exact = statistics.NormalDist().inv_cdf
    for u in (1e-15, 1e-6, 0.01, 0.074, 0.075, 0.3, 0.5, 0.77, 0.925, 0.926, 0.999, 1 - 1e-12):
        assert rules.normal_quantile(u) == pytest.approx(exact(u), rel=1e-13, abs=1e-15)


def test_a_lever_at_no_share_is_exactly_one() -> None:
    assert rules.effect(1.37, 0.0) == 1.0
    assert rules.effect(1.37, 1.0) == 1.37
    assert rules.effect(0.25, 0.5) == 0.5


def test_a_ramp_is_half_way_at_its_half_time_and_gone_after_fading() -> None:
    assert rules.ramp(-1, 90, 0.8, -1, 0) == 0
    assert rules.ramp(90, 90, 0.8, -1, 0) == pytest.approx(0.4)
    assert rules.ramp(0, 0, 0.8, -1, 0) == 0.8
    assert rules.ramp(1e6, 90, 0.8, 30, 60) == pytest.approx(0.4)
    assert rules.ramp(1e6, 90, 0.8, 60, 60) == 0


def test_durations_have_their_mean() -> None:
    u = [(i + 0.5) / 20_000 for i in range(20_000)]
    for kind, sigma, tolerance in ((rules.LOGNORMAL, 0.8, 0.004), (rules.EXPONENTIAL, 0, 0.001), (rules.FIXED, 0, 0)):
        mean = sum(rules.duration(kind, 600.0, sigma, x) for x in u) / len(u)
        assert mean == pytest.approx(600, rel=tolerance)


def test_a_longer_mean_makes_every_stay_longer() -> None:
    assert all(rules.duration(0, 700, 1.1, u) > rules.duration(0, 600, 1.1, u) for u in (0.001, 0.3, 0.9, 0.9999))


def test_delay_comes_in_whole_days_and_only_to_the_delayed() -> None:
    assert rules.delay_minutes(1440.0, 0.1, 1.0, 0.1, 0.5) == 0
    days = rules.delay_minutes(1440.0, 0.1, 0.5, 0.05, 0.5) / 1440
    assert days == math.floor(10 * math.exp(-0.125) + 0.5)


def test_the_door_is_open_from_eight_to_nine_in_the_evening() -> None:
    nine_am, ten_pm = 9 * 60, 22 * 60
    assert rules.leaving_minute(nine_am, 8, 21, 1.0, 0.5, 0.5, True) == nine_am
    assert rules.leaving_minute(ten_pm, 8, 21, 1.0, 0.5, 0.5, True) == -1
    assert rules.leaving_minute(3 * 60, 8, 21, 1.0, 0.5, 0.25, True) == 8 * 60 + 195
    assert rules.leaving_minute(nine_am, 8, 21, 0.4, 0.5, 0.5, True) == -1


def test_pressure_acts_on_the_difference_from_the_reference() -> None:
    assert rules.pressure(0.945, 0.945, 0.49, 1) == 1
    assert rules.pressure(0.985, 0.945, 0.49, 0) == 1
    assert rules.pressure(0.985, 0.945, 0.49, 1) == pytest.approx(1 / 1.0196)
    assert rules.pressed_readmission(0.1, 1.0, 0.5) == 0.1


def test_unseen_people_wait_turn_elsewhere_or_drop_out() -> None:
    def answer(u: float, share: float = 0.05, strength: float = 1.0, severity: int = 0) -> int:
        return rules.unseen(u, severity, 0.6, 0.25, 0.05, share, strength)

    assert (answer(0.2), answer(0.3), answer(0.9)) == (rules.DIVERTS, rules.WAITS, rules.DROPS_OUT)
    assert answer(0.9, severity=1) == answer(0.9, severity=3) == rules.DIVERTS, "a serious need is not dropped"
    assert answer(0.2, share=0.5, strength=0.0) == rules.WAITS
    assert answer(0.02, share=0.5, strength=0.0) == rules.DIVERTS


def test_a_programme_ranks_on_its_first_day_each_quarter_and_when_it_is_over() -> None:
    days = [day for day in range(400) if rules.is_ranking_day(day, 10, 91, 1440 * 200, 30.5)]
    assert days == [10, 101, 192, 231, 283, 374]


def test_members_leave_when_their_term_or_the_programme_is_over_or_they_move_where_it_is_not() -> None:
    def leaves(now: int, term: float = -1.0, lives_so: bool = True) -> bool:
        return rules.leaves_programme(now, 1440, term, 14400, 2.0, lives_so)

    assert (leaves(14400 + 2879), leaves(14400 + 2880)) == (False, True)
    assert (leaves(2439, 1000.0), leaves(2440, 1000.0)) == (False, True)
    assert leaves(1440, lives_so=False)


def test_a_lever_on_support_moves_only_those_with_it_or_those_without_it() -> None:
    shares = (0.1, 0.3, 0.9)  # two routes with support, then one without; the rest goes home by none
    assert [rules.supported(u, 0.8, 1, 1, shares, 0.3) for u in (0.79, 0.81)] == [1, 2]
    extra = 0.5 * 0.3 / 0.7
    assert [rules.supported(u * extra, 1.5, 2, 0, shares, 0.3) for u in (0.3, 0.5, 1.001)] == [0, 1, 2]
    assert rules.supported(0.5, 2.0, 1, 1, shares, 0.3) == 1
    assert rules.supported(0.0, 2.0, 0, 0, (0.9,), -1.0) == 0


def test_a_lever_on_admission_keeps_out_the_serious_or_lets_in_the_minor() -> None:
    assert (rules.kept_out(0.8, 0.8, 2), rules.kept_out(0.79, 0.8, 2), rules.kept_out(0.9, 0.8, 0)) == (
        True,
        False,
        False,
    )
    assert (rules.let_in(0.09, 1.2, 0, 0.5), rules.let_in(0.1, 1.2, 0, 0.5), rules.let_in(0.0, 1.2, 2, 0.5)) == (
        True, False, False,
    )  # fmt: skip


def test_general_practice_gives_what_routine_work_and_programmes_leave() -> None:
    left = rules.minutes_for_urgent(1000.0, 600.0, 0.1, 40.0)
    assert left == pytest.approx(300)
    assert rules.urgent_places(left, 0.5, 15.0, 2.0, 0.25) == pytest.approx(12.25)
    assert rules.urgent_places(-50.0, 0.5, 15.0, 2.0, 0.25) == pytest.approx(2.25)
    assert (rules.backlog_left(100.0, 4, 15.0), rules.backlog_left(100.0, 9, 15.0)) == (40.0, 0.0)


def test_where_somebody_dies() -> None:
    places = [rules.place_of_death(bed, acute, home) for bed, acute, home in ((False, True, 0), (False, False, 2))]
    places += [rules.place_of_death(True, acute, 2) for acute in (True, False)]
    assert places == [0, 1, 2, 3]


def test_frailty_moves_with_the_difference_from_the_mean_delay() -> None:
    assert rules.frailty_step(0.04, 10, 5, 0.01) == 1
    assert rules.frailty_step(0.06, 10, 5, 0.01) == 0
    assert rules.frailty_step(0.04, 0, 5, 0.01) == -1
    assert rules.frailty_step(0.0001, 5, 5, 0.01) == 0


def test_expected_admissions_leave_out_what_no_practice_can_know() -> None:
    assert rules.expected_admissions(0.5, 0.2, 3.0, 1.5) == pytest.approx(0.8)
    assert rules.expected_admissions(0.5, 0.2, 3.0, 0.0) == pytest.approx(0.4)
    assert rules.risk_score(0.2, 1.0, 20, 0, 0, 1.0) == rules.risk_score(0.2, 1.0, 99, 0, 0, 1.0)


def test_risk_rises_with_admissions_and_never_sees_propensity_without_insight() -> None:
    assert rules.risk_score(0.2, 1.0, 3, 0, 0, 9.0) == pytest.approx(0.2 * 4 / 1.2)
    assert rules.risk_score(0.2, 1.0, 0, 0, 1, 9.0) == pytest.approx(9 * 0.2 / 1.2)


@pytest.mark.parametrize("rule", FUNCTIONS, ids=lambda rule: rule.__name__)
def test_every_rule_compiles_and_gives_the_same_number(rule: typing.Callable[..., float]) -> None:
    compiled = COMPILED[rule.__name__]
    values = {"kind": 0, "cumulative": (0.2, 0.7), "members": 7, "free": 3, "first_day": True, "minute": 600}
    whole = {"from_hour": 8, "to_hour": 20, "kept_for_others": 1, "waiting": 0, "days_waited": 9, "admissions": 2}
    whole |= {"of_age": False, "fits": True, "conditions": 5, "wanted": 4, "either": 1}
    whole |= {"recognised": 5, "managed": 4, "number": 2, "rates": (0.1, 0.2, 0.3, 0.4)}
    whole |= {"severity": 2, "pathway": 0, "residence": 2, "is_in_bed": False, "first_day": 30, "days_between": 91}
    whole |= {"sides": (1, 2, 0), "chosen": 0, "side": 2, "k": 1, "end": 777}
    arguments = [{**values, **whole}.get(name, 0.37) for name in inspect.signature(rule).parameters]
    assert compiled(*arguments) == rule(*arguments)
