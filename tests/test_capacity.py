"""Smallest capacities: exact answers of queueing theory, standards in words, and what cannot be met."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.experiments.capacity import (
    Found,
    capacity_today,
    from_which,
    left_aside,
    question,
    runs_at,
    smallest,
    with_capacities,
)
from sim.experiments.known_places import ward, ward_and_rehabilitation
from sim.experiments.spread import Spread
from sim.experiments.standards import Standard, level, reached, standard_of
from sim.files.reading import load_scenario
from sim.scenario import Scenario

ALONE = Spread(workers=1)
LOAD, STAY_DAYS = 12.0, 0.25


def scenario(place: dict[str, Any], replications: int = 8, years: float = 1) -> Scenario:
    whole = {"name": "Known", "what": "Theory knows it.", "localities": [{"name": "Town", "share": 1}], **place}
    run = {"starts": "2026-02-01", "warm_up_days": 20, "years": years, "replications": replications}
    return Scenario.model_validate({"name": "known", "question": "How many beds?", "run": run, "place": whole})


def share_of_time_under(load: float, places: int, limit: float) -> float:
    """Share of time fewer than ``limit`` of the places are in use, for Poisson arrivals and exponential stays."""
    if load >= places:
        return 0.0
    busy = [load**n / math.factorial(n) for n in range(places)]
    everybody = sum(busy) + load**places / math.factorial(places) / (1 - load / places)
    return sum(weight for n, weight in enumerate(busy) if n / places < limit) / everybody


@cache
def searched() -> Found:
    asked = question(
        scenario(ward(LOAD, 15, STAY_DAYS)),
        "beds",
        [standard_of("occupancy < 92% on 95% of days"), standard_of("occupancy < 70%")],
    )
    return smallest(asked, "beds", how=ALONE)


def test_the_smallest_capacity_is_that_of_erlang() -> None:
    exact = {places: share_of_time_under(LOAD, places, 0.92) for places in range(10, 31)}
    wanted = min(places for places in exact if exact[places] >= 0.95)
    assert min(abs(exact[places] - 0.95) for places in exact) > 0.004  # three standard errors of 8 years of days
    on_days, mean = searched().answers
    assert on_days.smallest == wanted
    assert on_days.low is not None
    assert on_days.high is not None
    assert on_days.low <= wanted <= on_days.high
    assert mean.smallest == math.floor(LOAD / 0.7) + 1  # the mean of those in beds is the load, however many there are


def test_every_capacity_tried_agrees_with_erlang() -> None:
    standard = searched().answers[0].standard
    for tried in searched().tried:
        exact = 100 * share_of_time_under(LOAD, int(tried.capacity), 0.92)
        error = math.sqrt(max(exact * (100 - exact), 1) / (8 * 365)) * 1.5  # nights of one week hardly depend
        assert abs(tried.meets(standard).value.mean - exact) < 4 * error


def test_more_places_meet_a_standard_at_least_as_well() -> None:
    standard = searched().answers[0].standard
    shares = [tried.meets(standard).value.mean for tried in searched().tried]
    levels = [tried.meets(standard).level for tried in searched().tried]
    assert shares == sorted(shares)
    assert levels == sorted(levels, reverse=True)


def test_a_standard_nobody_can_meet_has_no_smallest_capacity() -> None:
    """Rehabilitation takes in less than half of those who wait for it: the ward fills whatever its beds."""
    place = ward_and_rehabilitation(1.0)
    place["pools"]["rehabilitation"]["capacity"] = 1
    place["stages"]["ward"] |= {"acute": True, "overnight": True}
    asked = question(scenario(place, 3, 2), "beds", [standard_of("occupancy < 60%")])
    found = smallest(asked, "beds", 24, ALONE)
    assert found.answers[0].smallest is None
    assert found.answers[0].high is None
    last = found.at(found.up_to)
    assert found.up_to == 24
    assert next(iter(last.waiting)) == "rehabilitation"
    assert last.ready > 10


def test_the_same_luck_at_every_capacity_and_the_same_draws() -> None:
    asked = question(load_scenario("stroke_units", SHORT), "stroke_*", [standard_of("occupancy < 90%")], uncertain=True)
    once, again = (runs_at(asked, [(("stroke_*", beds),) for beds in given], ALONE) for given in ((37, 60), (60,)))
    assert np.array_equal(once[1][1].series["used stroke_*"], again[0][1].series["used stroke_*"])
    assert not np.array_equal(once[0][1].series["beds stroke_*"], once[1][1].series["beds stroke_*"])
    plain = runs_at(question(asked.scenario, "stroke_*", asked.standards), [(("stroke_*", 60),)], ALONE)
    assert not np.array_equal(once[1][1].series["ready"], plain[0][1].series["used stroke_*"])


SHORT = {"run.years": "0.1", "run.warm_up_days": "14", "run.replications": "2"}


@pytest.mark.slow
def test_the_interval_holds_the_exact_answer_at_its_nominal_rate() -> None:
    """Of 60 searches with other luck each, 57 are expected to hold it; 51 or fewer come by luck in one of 100."""
    wanted = min(places for places in range(12, 31) if share_of_time_under(LOAD, places, 0.92) >= 0.95)
    held = 0
    for seed in range(60):
        known = scenario(ward(LOAD, wanted, STAY_DAYS), replications=8, years=0.2)
        run = known.run.model_copy(update={"seed": seed, "warm_up_days": 5})
        asked = question(known.model_copy(update={"run": run}), "beds", [standard_of("occupancy < 92% on 95% of days")])
        answer = smallest(asked, "beds", how=ALONE).answers[0]
        held += answer.low is not None and answer.low <= wanted <= (answer.high or math.inf)
    assert held >= 52


# -- standards -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_read_as"),
    [
        ("occupancy < 92% on 95% of days", Standard("occupancy", 92, "%", 95)),
        ("occupancy of acute_* <92%", Standard("occupancy", 92, "%", None, "acute_*")),
        ("delays < 80", Standard("delays", 80, "beds")),
        ("delays < 12.5% on 90% of days", Standard("delays", 12.5, "%", 90)),
        ("12-hour waits < 500 a year", Standard("12-hour waits", 500, "a year")),
        ("12-hour waits < 2%", Standard("12-hour waits", 2, "%")),
    ],
)
def test_standards_are_read_and_said_in_the_same_words(text: str, is_read_as: Standard) -> None:
    assert standard_of(text) == is_read_as
    assert standard_of(str(is_read_as)) == is_read_as


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("full", "is not understood: give for example"),
        ("occupancy < 20 beds", "occupancy are limited in %"),
        ("delays of acute < 3", "only occupancy is of a pool"),
        ("12-hour waits < 5 on 90% of days", "leave out `on 90% of days`"),
        ("occupancy < 92% on 120% of days", "up to 100%"),
        ("delays < 0", "nothing can be under 0"),
    ],
)
def test_a_standard_that_makes_no_sense_is_refused_with_a_remedy(text: str, said: str) -> None:
    with pytest.raises(InputError, match="--standard") as refused:
        standard_of(text)
    assert said in str(refused.value)


def days(*used: float) -> dict[str, np.ndarray]:
    return {"used beds": np.array(used), "beds beds": np.full(len(used), 10.0)}


def test_the_level_reached_is_under_the_limit_if_and_only_if_the_standard_is_met() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        runs = [days(*rng.integers(0, 11, 20)) for _ in range(3)]
        standard = Standard("occupancy", float(rng.integers(1, 10) * 10), "%", float(rng.integers(1, 20) * 5), "beds")
        found = reached(standard, runs)
        under = sum((run["used beds"] * 10 < standard.limit).sum() for run in runs)
        assert found.is_met == (under >= standard.days / 100 * 60 - 1e-9)
        assert found.value.mean == pytest.approx(100 * under / 60)


def test_a_day_without_capacity_is_left_out_and_a_run_that_could_not_go_on_meets_nothing() -> None:
    standard = Standard("occupancy", 50, "%", 100, "beds")
    closed = {"used beds": np.array([4.0, 0.0]), "beds beds": np.array([10.0, 0.0])}
    assert reached(standard, [closed, closed]).is_met
    stuck = reached(standard, [closed, None])
    assert not stuck.is_met
    assert not stuck.perhaps
    assert math.isnan(stuck.level)


def test_the_level_of_a_share_of_days_is_a_day_that_was() -> None:
    assert level(Standard("occupancy", 92, "%", 95, "beds"), np.arange(1.0, 21).reshape(2, 10)) == 19


# -- pools ---------------------------------------------------------------------------------------------------------


def test_pools_share_a_capacity_by_what_they_have_and_dated_changes_are_left_aside() -> None:
    stroke = load_scenario("stroke_units")
    assert capacity_today(stroke, "rehab_*") == 22
    held = with_capacities(stroke, (("rehab_*", 44.0), ("stroke_east", 11.0)))
    own = {name: pool.capacity.value for name, pool in held.place.pools.items() if pool.capacity}
    assert (own["rehab_north"], own["rehab_south"], own["stroke_east"], own["stroke_west"]) == (26, 18, 11, 6)
    assert held.interventions[0].beds == ()
    assert left_aside(stroke, "rehab_*") == [
        "+3 rehab_north of “Four more rehabilitation beds”",
        "+1 rehab_south of “Four more rehabilitation beds”",
    ]
    assert left_aside(stroke, "stroke_*") == []
    assert with_capacities(stroke, (("stroke_*", 37.0),)).interventions == stroke.interventions


@pytest.mark.parametrize(
    ("pool", "standard", "said"),
    [
        ("rehab_nort", "delays < 2", "has no pool 'rehab_nort'; did you mean `rehab_north`"),
        ("rehab_north", "occupancy of strok* < 50%", None),
        ("rehab_north", "occupancy of strike_* < 50%", "--standard: Four stroke units has no pool 'strike_*'"),
        ("rehab_north", "12-hour waits < 5", "has no A&E; limit occupancy or delays"),
    ],
)
def test_what_the_place_does_not_have_is_named(pool: str, standard: str, said: str | None) -> None:
    stroke = load_scenario("stroke_units")
    if said is None:
        assert question(stroke, pool, [standard_of(standard)]).standards[0].of == "strok*"
        return
    with pytest.raises(InputError) as refused:
        question(stroke, pool, [standard_of(standard)])
    assert said in str(refused.value)


def test_a_search_begins_at_todays_capacity() -> None:
    stroke = question(load_scenario("stroke_units", SHORT), "rehab_north", [standard_of("delays < 2")])
    with pytest.raises(InputError, match="--up-to: 5 is below today's 13"):
        smallest(stroke, "rehab_north", 5, ALONE)


@pytest.mark.parametrize("threshold", [-30, -7, -1, 0, 1, 2, 13, 99, 100])
def test_a_search_finds_the_threshold_in_few_moves(threshold: int) -> None:
    tried: list[int] = []

    def is_true(place: int) -> bool:
        tried.append(place)
        return place >= threshold

    assert from_which(is_true, -30, 100, 5) == threshold
    assert len(tried) == len(set(tried)) <= 14
    assert set(tried) <= set(range(-30, 101))


def test_a_search_says_when_even_the_largest_does_not_do() -> None:
    assert from_which(lambda place: False, -10, 50) is None


def test_one_lucky_number_is_not_the_answer() -> None:
    """Of 3 it is true, of 4 not, from 6 on it is: the answer is one from which on it is true of all tried."""
    assert from_which(lambda place: place == 3 or place >= 6, -5, 20, known=range(8)) == 6
