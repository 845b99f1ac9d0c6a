"""Numbers with a range: which they are, what they may be, and a scenario with other values."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.files.provenance import assumptions
from sim.files.reading import load_scenario
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.quantities import AGES, AgeTable, Distribution
from sim.scenario import Scenario
from sim.space import Uncertainty, draw, quantile, space, unknown, with_values

SHORT = {"run.scale": "0.01", "run.years": "1", "run.warm_up_days": "0"}
RATIO = Uncertainty("ratio", 1.09, 0.91, 1.43, "lognormal", "uncertainty", "", True)
SHARE = replace(RATIO, value=0.5, low=0.2, high=0.9, distribution="logit_normal")
GROWTH = replace(RATIO, value=0.0, low=-1.0, high=2.0, distribution="normal")
EVEN = replace(GROWTH, distribution="uniform")


@cache
def pilot() -> Scenario:
    return load_scenario("nwl_pilot", SHORT)


def stated(scenario: Scenario) -> dict[str, float]:
    return {each.name: each.value for each in space(scenario)}


def numbers(scenario: Scenario) -> dict[str, object]:
    return {each.path: each.value for each in assumptions(scenario, defaults=True)}


def same(one: Plan, other: Plan) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)


# which numbers


def test_every_number_with_a_range_is_in_by_its_path() -> None:
    found = {each.name: each for each in space(pilot())}
    assert len(found) > 250
    share = found["place.stages.acute_bed.routes.0.share.85+"]
    assert (share.value, share.low, share.high, share.distribution) == (0.0581, 0.038, 0.084, "logit_normal")
    effect = found["interventions.2.levers.emergency_admissions.ratio"]
    assert (effect.low, effect.high, effect.distribution, effect.kind) == (0.91, 1.43, "lognormal", "uncertainty")
    assert effect.source.startswith("Roland 2012")
    assert found["place.people.growth_per_cent_per_year.all"].distribution == "normal"
    assert "place.people.residents.85+" not in found


def test_the_paths_are_those_of_set() -> None:
    path = "place.stages.acute_bed.length_of_stay.cv"
    again = load_scenario("nwl_pilot", SHORT | {path: "1.4"})
    assert with_values(pilot(), {path: 1.4}) == again


def test_a_default_with_a_range_counts_too() -> None:
    deaths = pilot().place.deaths
    assert deaths is not None
    given = {name: getattr(deaths, name) for name in deaths.model_fields_set}
    del given["care_home_residents_hospital_share"]
    place = pilot().place.model_copy(update={"deaths": type(deaths)(**given)})
    silent = pilot().model_copy(update={"place": place})
    assert "place.deaths.care_home_residents_hospital_share" in {each.name for each in space(silent)}


def test_a_file_may_state_the_distribution() -> None:
    path = "place.loops.substitution.distribution"
    scenario = load_scenario("nwl_pilot", SHORT | {path: "uniform"})
    found = {each.name: each for each in space(scenario)}["place.loops.substitution"]
    assert found.distribution == "uniform"
    assert quantile(found, [0.25, 0.75]) == pytest.approx([0.35, 0.65])
    with pytest.raises(InputError, match=r"cannot be \"lognromal\"; did you mean `lognormal`"):
        load_scenario("nwl_pilot", SHORT | {path: "lognromal"})


def test_what_planners_choose_is_a_lever_and_not_drawn() -> None:
    path = "interventions.2.capacity.wte"
    chosen = load_scenario("nwl_pilot", SHORT | {f"{path}.low": "10", f"{path}.high": "40"})
    assert {each.name: each.kind for each in space(chosen)}[path] == "lever"
    assert path not in {each.name for each in unknown(chosen)}
    assert len(unknown(chosen)) == len(space(chosen)) - 1


# what they may be


@pytest.mark.parametrize("number", [RATIO, SHARE, GROWTH])
def test_value_is_the_median_and_the_range_holds_95_per_cent(number: Uncertainty) -> None:
    assert float(quantile(number, 0.5)) == number.value
    assert quantile(number, [0.025, 0.975]) == pytest.approx([number.low, number.high])


def test_each_half_is_as_wide_as_its_own_end_says() -> None:
    upper, lower = np.log(1.43 / 1.09), np.log(1.09 / 0.91)
    assert np.log(quantile(RATIO, 0.9) / 1.09) / np.log(1.09 / quantile(RATIO, 0.1)) == pytest.approx(upper / lower)


def test_a_half_that_ends_at_a_limit_goes_no_further() -> None:
    none = replace(SHARE, value=0.0, low=0.0, high=0.005)
    assert quantile(none, [0.1, 0.5, 0.75, 1 - 1e-9]) == pytest.approx([0, 0, 0.0025, 0.005])
    from_none = replace(RATIO, value=0.1, low=0.0, high=0.2)
    assert quantile(from_none, [1e-9, 0.25, 0.975]) == pytest.approx([0, 0.05, 0.2], abs=1e-8)
    assert quantile(EVEN, [1e-12, 0.25, 1 - 1e-12]) == pytest.approx([-1, -0.5, 2])


SHAPES: tuple[Distribution, ...] = ("lognormal", "logit_normal", "normal", "uniform")


@given(
    ends=st.tuples(*[st.floats(0, 1)] * 3).map(sorted),
    shape=st.sampled_from(SHAPES),
    u=st.lists(st.floats(1e-9, 1 - 1e-9), min_size=2, max_size=6).map(sorted),
)
@example(ends=[0.0, 3.5e-292, 1.0], shape="lognormal", u=[1e-9, 0.5, 1 - 1e-9])  # beyond what a float can hold
def test_more_luck_is_never_less_of_the_number(ends: list[float], shape: Distribution, u: list[float]) -> None:
    low, value, high = ends
    number = replace(RATIO, value=value, low=low, high=high, distribution=shape)
    found = quantile(number, u)
    assert np.isfinite(found).all()
    assert (np.diff(found) >= -1e-12 * np.maximum(1.0, np.abs(found[1:]))).all()
    if shape == "logit_normal":
        assert ((found >= 0) & (found <= 1)).all()


# draws


def test_draws_are_spread_evenly_and_begin_alike() -> None:
    every = (RATIO, SHARE, GROWTH)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = draw(every, 100, seed=1)
    assert found.shape == (100, 3)
    assert np.array_equal(found[:37], draw(every, 37, seed=1))
    inside = [((found[:, i] > each.low) & (found[:, i] < each.high)).mean() for i, each in enumerate(every)]
    below = [(found[:, i] < each.value).mean() for i, each in enumerate(every)]
    assert inside == pytest.approx([0.95] * 3, abs=0.015)
    assert below == [0.5] * 3


def test_no_two_of_hundreds_of_numbers_go_together() -> None:
    """A number that matters must not make others seem to: ranks of unrelated numbers differ by chance alone."""
    draws, every = 200, unknown(load_scenario("nwl_pilot"))
    ranks = np.argsort(np.argsort(draw(every, draws, seed=1), axis=0), axis=0)
    together = np.abs(np.corrcoef(ranks.T))[np.triu_indices(len(every), 1)]
    assert len(every) > 300
    assert together.max() < 5.5 / np.sqrt(draws)
    assert np.sqrt(np.mean(together**2)) == pytest.approx(1 / np.sqrt(draws), rel=0.1)


def test_a_number_is_drawn_alike_whatever_else_is() -> None:
    alone = draw((SHARE,), 109, seed=3)
    assert np.array_equal(alone, draw((RATIO, SHARE, GROWTH), 109, seed=3)[:, 1:2])
    assert not np.array_equal(alone[:9], alone[100:])


def test_other_seeds_and_further_draws_are_other_draws() -> None:
    first = draw((RATIO,), 8, seed=1)
    assert not np.array_equal(first, draw((RATIO,), 8, seed=2))
    assert not np.array_equal(first, draw((RATIO,), 8, seed=1, again=1))


def test_nothing_to_draw_is_no_fault() -> None:
    assert draw((), 3, seed=1).shape == (3, 0)


# other values


def test_the_stated_values_give_the_same_plan_to_the_bit() -> None:
    centre = {each.name: float(quantile(each, 0.5)) for each in space(pilot())}
    assert with_values(pilot(), centre) == pilot()
    assert same(compile_plan(with_values(pilot(), centre)), compile_plan(pilot()))
    name = "place.stages.acute_bed.length_of_stay.cv"
    assert not same(compile_plan(with_values(pilot(), centre | {name: 1.4})), compile_plan(pilot()))


def test_a_draw_lands_where_it_belongs_and_touches_nothing_else() -> None:
    every = unknown(pilot())
    values = dict(zip((each.name for each in every), draw(every, 5, seed=1)[4], strict=True))
    before, after = numbers(pilot()), numbers(with_values(pilot(), values))
    assert before.keys() == after.keys()
    moved = {name for name in after if after[name] != before[name]}
    assert moved <= values.keys()
    landed = {name for name in values if after[name] == values[name]}
    made_to_add_up = values.keys() - landed
    assert {".".join(name.split(".")[:2]) for name in made_to_add_up} <= {"place.localities", "place.stages"}


def test_shares_of_localities_add_up_again() -> None:
    changed = with_values(pilot(), {"place.localities.0.share": 0.3})
    shares = [locality.share.value for locality in changed.place.localities]
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(0.3 / (1 - 0.174 + 0.3))


def test_routes_never_take_more_than_all() -> None:
    name = "place.stages.d2a_bed.routes"
    changed = with_values(pilot(), {f"{name}.0.share.85+": 0.9, f"{name}.1.share.all": 0.3})
    tables = [route.share for route in changed.place.stages["d2a_bed"].routes if isinstance(route.share, AgeTable)]
    by_age = dict(zip(AGES, zip(*(table.values for table in tables), strict=True), strict=True))
    assert by_age["85+"] == pytest.approx((0.75, 0.25))
    assert by_age["75-84"] == (0.55, 0.3)


def test_those_not_seen_are_no_more_than_all() -> None:
    name = "place.stages.gp_urgent.gives_up"
    given = with_values(pilot(), {f"{name}.wait": 0.9, f"{name}.divert": 0.3}).place.stages["gp_urgent"].gives_up
    assert given is not None
    assert (given.wait.value, given.divert.value) == pytest.approx((0.75, 0.25))


def test_paths_without_a_number_and_values_without_sense_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        with_values(pilot(), {"place.loops.substitutoin": 0.5, "place.pools": 1.0})
    assert {problem.where for problem in refused.value.problems} == {"place.loops.substitutoin", "place.pools"}
    with pytest.raises(InputError, match="must be from 0 to 1"):
        with_values(pilot(), {"place.loops.substitution": 1.5})
    assert set(stated(pilot())) > {"place.loops.substitution"}
