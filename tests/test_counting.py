"""Counting does not depend on how a run is cut into pieces, on the order of rows, or on how numbers are held."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import RunError
from sim.measures.tally import Tally
from sim.system import SEVERITIES
from tests.made_logs import ADMISSIONS, STAGES, event, minute, names, piece, stay, table, value


def test_counts_are_scaled_up_and_shares_are_not() -> None:
    whole, half = table(ADMISSIONS, days=730), table(ADMISSIONS, days=730, scale=0.5)
    for measure in ("emergency_admissions", "acute_beds_occupied", "emergency_bed_days"):
        assert value(half, measure) == 2 * value(whole, measure)
    for measure in ("share_of_admissions_through_a_and_e", "acute_occupancy", "mean_length_of_stay"):
        assert value(half, measure) == value(whole, measure)


def test_several_age_bands_can_be_asked_for_together() -> None:
    found = table(ADMISSIONS, days=365, groups=("18-64,85+", "65-74,75-84"))
    assert value(found, "emergency_admissions", group="18-64,85+") == 1
    assert value(found, "emergency_admissions", group="65-74,75-84") == 0


def test_asking_for_the_table_twice_counts_nobody_twice() -> None:
    words = names(10)
    tally = Tally(words)
    tally.add(piece(ADMISSIONS, [], 0, words.end_minute))
    pd.testing.assert_frame_equal(tally.table(), tally.table())


def test_a_stay_from_warm_up_to_the_end_counts_for_measured_time_only() -> None:
    for cuts in ((), (minute(-4), minute(0), minute(3.3))):
        found = table([stay("acute", -8.0, -7.0, -2.0, None, pathway=1)], days=10, cuts=cuts)
        assert value(found, "acute_beds_occupied") == 1
        assert value(found, "delayed_overnight") == 1
        assert value(found, "elapsed_delay_of_those_delayed") == pytest.approx(np.mean(np.arange(2, 12)))
        assert value(found, "emergency_admissions") == 0


def some_stays() -> st.SearchStrategy[list[dict[str, int]]]:
    """A few stays anywhere in the run, times in whole hours so that many coincide with cuts."""

    @st.composite
    def one(draw: st.DrawFn) -> dict[str, int]:
        asked = draw(st.integers(-9 * 24, 60 * 24 - 1)) / 24
        steps = [draw(st.integers(0, 400)) / 24 for _ in range(3)]
        times: list[float | None] = [asked, asked + steps[0], asked + sum(steps[:2]), asked + sum(steps) + 1 / 24]
        stage = draw(st.sampled_from(STAGES))
        fate = draw(st.sampled_from(["seen", "seen", "seen", "never"]))
        if fate == "never":
            times[1:3] = [None, None]
        outcome = draw(st.sampled_from(["gave_up", "diverted"] if fate == "never" else ["home", "moved", "died"]))
        return stay(
            stage, asked, *times[1:], outcome=outcome, severity=draw(st.sampled_from(SEVERITIES)),
            came_from=draw(st.sampled_from(["", "a_and_e", "acute"])), pathway=draw(st.integers(-1, 3)),
            person=draw(st.integers(0, 3)), age=draw(st.integers(0, 3)), locality=draw(st.integers(0, 1)),
            process=draw(st.integers(0, 3000)), sourcing=draw(st.integers(0, 3000)),
        )  # fmt: skip

    return st.lists(one(), min_size=1, max_size=12)


EVENTS_OF_A_RUN = [
    event("death", 40.0, 2, person=1),
    event("enrolled", 3.0),
    event("left_programme", 9.0),
    event("enrolled", -2.5, age=2),
    event("gp_shed", 7.25, 30),
]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=some_stays(), cuts=st.lists(st.integers(1, 69 * 24), max_size=4, unique=True))
def test_any_cuts_give_the_same_table(rows: list[dict[str, int]], cuts: list[int]) -> None:
    minutes = tuple(sorted(hour * 60 for hour in cuts))
    one, several = table(rows, EVENTS_OF_A_RUN, days=60), table(rows, EVENTS_OF_A_RUN, days=60, cuts=minutes)
    pd.testing.assert_frame_equal(one, several, check_exact=True)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=some_stays(), order=st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same_table(rows: list[dict[str, int]], order: random.Random) -> None:
    in_order = table(rows, EVENTS_OF_A_RUN, days=60, cuts=(minute(20),))
    shuffled = table(order.sample(rows, len(rows)), order.sample(EVENTS_OF_A_RUN, 5), days=60, cuts=(minute(20),))
    pd.testing.assert_frame_equal(in_order, shuffled, check_exact=True)


def test_columns_may_be_short_integers() -> None:
    log = piece(ADMISSIONS, EVENTS_OF_A_RUN, 0, names().end_minute)
    short = replace(
        log,
        **{
            part: {
                name: values if name == "need" else values.astype(np.int32)
                for name, values in getattr(log, part).items()
            }
            for part in ("ended", "open", "events")
        },
    )
    tallies = Tally(names()), Tally(names())
    for tally, each in zip(tallies, (log, short), strict=True):
        tally.add(each)
    pd.testing.assert_frame_equal(tallies[0].table(), tallies[1].table(), check_exact=True)


def test_a_table_in_between_changes_nothing() -> None:
    words, half = names(10), minute(5)
    asked, quiet = Tally(words), Tally(words)
    for tally in (asked, quiet):
        tally.add(piece(ADMISSIONS, EVENTS_OF_A_RUN, 0, half))
        if tally is asked:
            tally.table()
        tally.add(piece(ADMISSIONS, EVENTS_OF_A_RUN, half, words.end_minute))
    pd.testing.assert_frame_equal(asked.table(), quiet.table(), check_exact=True)


def test_a_run_without_measured_days_says_so() -> None:
    tally = Tally(names(days=0))
    with pytest.raises(RunError, match="nothing to measure"):
        tally.table()
