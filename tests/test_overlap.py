"""Several programmes on the same people: no effect counts twice, and a cap may be given on what they do together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim import rules
from sim.engines import fast_engine, simpy_engine
from sim.errors import InputError
from sim.files.checks import check_scenario
from sim.files.reading import load_scenario
from sim.interventions import Intervention
from sim.log import EVENTS, StayLog, differences
from sim.plans.compile import compile_plan
from sim.quantities import Quantity
from tests.test_levers import DAY, programme, roomy, scenario_of

TESTS = Path(__file__).parent
ENGINES = pytest.mark.parametrize("engine", [simpy_engine, fast_engine], ids=["simpy", "fast"])
LEVER = "emergency_admissions"


def named(ratio: float, name: str, **other: Any) -> Intervention:
    return programme(LEVER, ratio, **other).model_copy(update={"name": name})


def run(engine: Any, *programmes: Intervention, cap: float | None = None) -> StayLog:
    overlap = {} if cap is None else {LEVER: Quantity(value=cap, assumption=True)}
    plan = roomy(compile_plan(scenario_of(*programmes, days=120, scale=0.004, overlap=overlap)))
    log: StayLog = engine.advance(engine.start(plan, 1, 0), plan, 120 * DAY)
    return log


def avoided(log: StayLog) -> int:
    return int((log.events["kind"] == EVENTS.index("need_avoided")).sum())


@ENGINES
def test_two_programmes_avoid_what_their_product_does_and_not_their_sum(engine: Any) -> None:
    one, two = named(0.5, "one"), named(0.5, "two")
    together, product = run(engine, one, two), run(engine, named(0.25, "product"))
    assert differences(together, product) == []
    alone = avoided(run(engine, one))
    assert alone < avoided(together) < 2 * alone


@ENGINES
def test_a_cap_is_the_most_that_several_do_together_unless_one_alone_does_more(engine: Any) -> None:
    one, two = named(0.5, "one"), named(0.5, "two")
    assert differences(run(engine, one, two, cap=0.375), run(engine, named(0.375, "capped"))) == []
    assert differences(run(engine, one, two, cap=0.75), run(engine, one)) == []
    assert differences(run(engine, one, cap=0.75), run(engine, one)) == []
    assert differences(run(engine, one, two, cap=0.1), run(engine, one, two)) == []


def test_the_cap_by_hand() -> None:
    assert rules.overlapping(0.8 * 0.7, 0.7, 0.6) == 0.6
    assert rules.overlapping(0.8 * 0.7, 0.7, 0.75) == 0.7
    assert rules.overlapping(0.8 * 1.2, 0.8, 0.9) == 0.8 * 1.2
    assert rules.overlapping(1.3 * 1.2, 1.0, 0.9) == 1.3 * 1.2


def test_a_programme_given_twice_is_refused_under_its_own_name_and_under_another() -> None:
    for name in ("one", "other"):
        problems, _ = check_scenario(scenario_of(named(0.5, "one"), named(0.5, name)))
        assert any(problem.where == "interventions.1.name" for problem in problems), name
    problems, _ = check_scenario(scenario_of(named(0.5, "one"), named(0.5, "two", who={"locality": ["North"]})))
    assert not any(problem.where == "interventions.1.name" for problem in problems)


@pytest.mark.parametrize("cap", ["0", "1.2", "-0.5"])
def test_a_cap_is_a_ratio_above_nought_and_at_most_one(cap: str) -> None:
    with pytest.raises(InputError, match=r"overlap\.emergency_admissions"):
        load_scenario(TESTS / "good_scenario.yaml", {"overlap.emergency_admissions": cap})


def test_a_cap_given_for_a_run_is_in_the_plan_and_uncertain_if_it_has_a_range() -> None:
    scenario = load_scenario(TESTS / "good_scenario.yaml", {"overlap.emergency_admissions": "0.8"})
    assert compile_plan(scenario).programme_overlap.max() == 0.8
