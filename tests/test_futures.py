"""Scenarios of one place share its past, and find the same as each does alone."""

from __future__ import annotations

import pandas as pd

from sim.experiments.futures import families, future, futures_of_each, more_futures
from sim.experiments.gallery import questions
from sim.experiments.spread import Spread
from sim.scenario import Scenario
from sim.space import unknown

ALONE = Spread(1)
YEARS = {"seven_day": 0.25, "step_up_beds": 0.5, "case_management_sites": 0.25}
OTHERS = {"tower_hamlets_copd": 3, "hard_winter": 0.25}


def short(years: dict[str, float]) -> dict[str, Scenario]:
    """Questions about the place of England, at a fiftieth of its size."""
    found = questions(tuple(years), 0.02)
    return {
        name: scenario.model_copy(
            update={"run": scenario.run.model_copy(update={"years": years[name], "warm_up_days": 30})}
        )
        for name, scenario in found.items()
    }


def test_scenarios_that_part_from_one_place_on_one_day_are_run_together() -> None:
    together = families(short(YEARS | OTHERS))
    assert sorted(YEARS) in [sorted(names) for names in together]
    assert ["tower_hamlets_copd"] in together, "it follows a condition"
    assert ["hard_winter"] in together, "it parts later"


def test_another_place_is_another_past() -> None:
    found = short(YEARS)
    changed = found["seven_day"].place.model_copy(update={"name": "Elsewhere"})
    found["seven_day"] = found["seven_day"].model_copy(update={"place": changed})
    assert ["seven_day"] in families(found)


def test_together_they_find_the_same_as_each_alone() -> None:
    scenarios = tuple(short(YEARS).values())
    times = [[1, 1], [2, 1], [1, 1]]
    together = futures_of_each(scenarios, range(2), times, ALONE)
    for scenario, own, found in zip(scenarios, times, together, strict=True):
        alone = more_futures(scenario, None, 2, own, ALONE)
        pd.testing.assert_frame_equal(found.rows, alone.rows, check_exact=True)
        pd.testing.assert_frame_equal(found.drawn, alone.drawn, check_exact=True)


def test_one_that_must_be_drawn_again_goes_its_own_way() -> None:
    """Numbers that make no sense are drawn again, in their scenario only."""
    scenarios = tuple(short({"seven_day": 0.25, "virtual_ward": 0.25}).values())
    unsure = [unknown(scenario) for scenario in scenarios]
    values = [[each.value for each in own] for own in unsure]
    values[1] = [each.value if each.distribution != "logit_normal" else 7.0 for each in unsure[1]]
    first, second = future(scenarios, unsure, values, 1, (1, 1))
    assert (first.drawn_again, second.drawn_again) == (0, 1)
    [alone] = future(scenarios[1:], unsure[1:], values[1:], 1, (1,))
    pd.testing.assert_frame_equal(second.rows, alone.rows, check_exact=True)
    assert second.used == alone.used != values[1]
