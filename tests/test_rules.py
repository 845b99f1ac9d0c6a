"""Rules on hand-worked numbers, and in the part of Python that compiles."""

from __future__ import annotations

import inspect
import linecache
import math
import statistics
import sys
import types
import typing

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import normal, rules

Rule = typing.Callable[..., typing.Any]
FUNCTIONS = [
    f
    for module in (normal, rules)
    for _, f in inspect.getmembers(module, inspect.isfunction)
    if f.__module__ == module.__name__
]
COMPILED: dict[str, typing.Any] = dict(vars(rules))
for function in FUNCTIONS:
    plain = types.FunctionType(function.__code__, COMPILED, function.__name__)
    COMPILED[function.__name__] = numba.njit(error_model="numpy")(plain)  # as the engine is compiled

TRIES = 250
LEAST, MOST = 0.5**53, 1 - 0.5**53
"""Smallest and largest number ``draws.uniform`` can give."""
HARDLY_EVER = {"shifted": {"return chosen"}}
"""Lines that only a rounding error would reach, by rule."""


def real(low: float, high: float, *special: float) -> st.SearchStrategy[float]:
    """Numbers between two, and special ones often."""
    between = st.floats(low, high, allow_subnormal=False)
    return between | st.sampled_from(special) if special else between


def several(values: st.SearchStrategy[typing.Any], number: int) -> st.SearchStrategy[list[typing.Any]]:
    return st.lists(values, min_size=number, max_size=number)


U = real(LEAST, MOST, LEAST, 1e-12, 0.01, 0.075, 0.3, 0.5, 0.925, 0.99, MOST)
SHARE = real(0.0, 1.0, 0.0, 0.5, 1.0)
RATIO = real(0.01, 5.0, 0.5, 1.0, 1.3)
RATE, DAYS, MINUTES = real(0.0, 50.0, 0.0), real(0.0, 400.0, 0.0, 1.0), real(0.0, 1e6, 0.0, 0.5, 1440.0)
VALUES: dict[str, st.SearchStrategy[typing.Any]] = {
    name: values
    for names, values in {
        "u u_delayed u_today u_hour u_elapsed": U,
        "share full chance delayed_share share_per_day share_unseen wait divert free_share reference_free_share": SHARE,
        "reference drawn insight strength not_admitted admitted_for_each_minor product strongest cap slope": SHARE,
        "ratio stay_ratio occupancy per_cent recognition management propensity multiplier shape": RATIO,
        "height rate moved expected steps_per_day caseload added more": RATE,
        "half_time_days fade_days after_days delay_days mean_days": DAYS,
        "minutes elapsed routine taken backlog delay_minutes.mean_minutes": MINUTES,
        "of_age fits is_for_residence is_in_bed is_acute leaving_minute.first_day": st.booleans(),
        "free kept_for_others waiting days_waited members slots_left": st.integers(0, 9),
        "wanted recognised managed is_for.conditions": st.integers(0, 15),
        "number chosen k": st.integers(0, 3),
        "kind side residence": st.integers(0, 2),
        "minute end now enrolled": st.integers(0, 3_000_000),
        "day first_day": st.integers(0, 2000),
        "days_between": st.integers(1, 365),
        "severity": st.integers(0, 8),
        "conditions": st.integers(1, 8),
        "admissions": st.integers(0, 40),
        "either": st.integers(0, 1),
        "pathway": st.integers(-1, 3),
        "from_hour": st.integers(0, 23),
        "to_hour": st.integers(1, 24),
        "days": real(-9.0, 4000.0, 0.0),
        "days_after_end": real(-9.0, 400.0, -1.0),
        "carried": real(0.0, 1.0),
        "sigma": real(0.01, 3.0, 0.0, 0.8),
        "minutes_each": real(0.5, 60.0),
        "left": real(-1e4, 1e6),
        "mean_minutes": real(0.5, 1e6, 600.0),
        "delay_minutes.delayed_share": real(0.001, 1.0),
        "own": real(0.0, 0.99),
        "noise": real(-3.0, 3.0, 0.0),
        "term": real(-1.0, 1e6, -1.0),
        "most": real(0.0, 1.0, -1.0),
        "lasting": real(0.0, 9.0, 0.0),
        "cumulative": several(SHARE, 3).map(sorted),
        "sides": several(st.integers(0, 2), 4),
        "rates": several(real(0.0, 9.0), 6),
    }.items()
    for name in names.split()
}
"""Values to try for each parameter of a rule; after the name of a rule, where a word means something else there."""


def test_the_normal_quantile_is_that_of_the_standard_library() -> None:
    exact = statistics.NormalDist().inv_cdf
    for u in (1e-15, 1e-6, 0.01, 0.074, 0.075, 0.3, 0.5, 0.77, 0.925, 0.926, 0.999, 1 - 1e-12):
        assert normal.normal_quantile(u) == pytest.approx(exact(u), rel=1e-13, abs=1e-15)


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


def test_what_is_left_of_the_longest_stay_with_the_largest_draw_has_an_end() -> None:
    left = rules.remaining_after(rules.LOGNORMAL, 600.0, 1.0, 1e6, MOST)
    assert 0 < left < math.inf


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


# -- compiled and plain ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", FUNCTIONS, ids=lambda rule: rule.__name__)
def test_every_rule_gives_the_same_number_compiled_to_the_bit(rule: Rule) -> None:
    lines = lines_run_alike(rule, COMPILED[rule.__name__])
    assert missed(rule, lines) <= HARDLY_EVER.get(rule.__name__, set())


def test_the_same_formula_rounded_in_another_order_is_caught() -> None:
    other = numba.njit(lambda members, caseload: 1.0 if members <= caseload else (1.0 / members) * caseload)
    with pytest.raises(AssertionError, match="compiled"):
        lines_run_alike(rules.dilution, other)


def test_a_parameter_without_values_is_refused_by_name() -> None:
    def new_rule(u: float, temperature: float) -> float:
        return u * temperature

    with pytest.raises(pytest.fail.Exception, match="new_rule: give `temperature` values to try in VALUES"):
        arguments_of(new_rule)


def lines_run_alike(rule: Rule, compiled: Rule) -> set[int]:
    """Numbers of the lines of a rule that were run with arguments for which both give the same, to the bit."""
    lines: set[int] = set()

    @settings(max_examples=TRIES, deadline=None, derandomize=True, database=None)
    @given(st.tuples(*arguments_of(rule)))
    def same(arguments: tuple[typing.Any, ...]) -> None:
        plain = traced(rule, arguments, lines)
        found = compiled(*(np.array(value) if isinstance(value, list) else value for value in arguments))
        assert found == plain, f"{rule.__name__}{arguments} is {plain!r}, compiled {found!r}"

    same()
    return lines


def arguments_of(rule: Rule) -> list[st.SearchStrategy[typing.Any]]:
    """Values to try for each parameter of a rule."""
    found = []
    for name in inspect.signature(rule).parameters:
        values = VALUES.get(f"{rule.__name__}.{name}", VALUES.get(name))
        if values is None:
            pytest.fail(f"{rule.__name__}: give `{name}` values to try in VALUES of tests/test_rules.py")
        found.append(values)
    return found


def traced(rule: Rule, arguments: tuple[typing.Any, ...], lines: set[int]) -> typing.Any:
    """What a rule gives; the lines of it that were run are added to ``lines``."""

    def trace(frame: types.FrameType, event: str, _: typing.Any) -> typing.Any:
        if frame.f_code is not rule.__code__:
            return None
        lines.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return rule(*arguments)
    finally:
        sys.settrace(before)


def missed(rule: Rule, lines: set[int]) -> set[str]:
    """Lines of a rule that are not among those run, as they are written."""
    code = rule.__code__
    every = {line for _, _, line in code.co_lines() if line is not None} - {code.co_firstlineno}
    return {linecache.getline(code.co_filename, line).strip() for line in every - lines}
