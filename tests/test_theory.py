"""Simple places have exact answers, and every engine must find them: Erlang, M/G/infinity, two stages with blocking.

Rules for these tests: each compares replications with a formula, not with another run; the tolerance is the standard
error between the replications; and each must reject the formula for a place that is slightly different.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
import pytest

from sim.experiments import known_places as known
from sim.experiments.theory import erlang_b, erlang_c, returning, two_stages
from tests.made_places import engines

DAY = 1440
MOST_STANDARD_ERRORS = 3.5
QUICK, LONG = 8, 120
STAY_DAYS = 0.25
"""Mean stay: many of them in a short run, and every one many minutes."""
FROM_DAY = 10
PLACES = known.known_places(STAY_DAYS)
DAYS = {"Erlang C": 85, "Erlang B": 70, "Erlang B, lognormal": 70, "two stages with blocking": 130}
LONGER_STAYS = two_stages(
    known.WARD_LOAD, known.WARD_BEDS, known.REHABILITATION_BEDS, known.ONWARD_SHARE, 1.25 * known.REHABILITATION_STAY
)
WRONG: dict[str, known.Measured] = {
    "Erlang C": {"share who wait": erlang_c(known.BEDS + 1, known.LOAD), "beds in use": 1.05 * known.LOAD},
    "Erlang B": {"share turned away": erlang_b(known.BEDS + 1, 8)},
    "Erlang B, lognormal": {"share turned away": erlang_b(known.BEDS - 1, 8)},
    "M/G/infinity, exponential": {"mean number in beds": 13.2, "variance of the number": 16},
    "M/G/infinity, lognormal": {"mean number in beds": 10.8, "variance of the number": 9},
    "M/G/infinity, readmission": {"mean number in beds": returning(known.LOAD, 0.2), "variance of the number": 17},
    "two stages with blocking": {
        "share who wait": LONGER_STAYS["wait"],
        "beds blocked": LONGER_STAYS["blocked"],
        "people in rehabilitation": LONGER_STAYS["rehabilitation"],
    },
}
"""What the answers would be in a place that is slightly different."""


@cache
def simulated(engine: ModuleType, name: str, replications: int) -> dict[str, tuple[float, float]]:
    """Mean over replications and its standard error, of each measure."""
    place, found = PLACES[name], []
    plan = known.plan_of(place.place, DAYS.get(name, 110))
    for replication in range(replications):
        state = engine.start(plan, 1 + list(PLACES).index(name), replication)
        log = engine.advance(state, plan, plan.days * DAY)
        found.append(place.measure(log, FROM_DAY * DAY, STAY_DAYS * DAY))
    table = {key: np.array([each[key] for each in found]) for key in place.exact}
    return {key: (values.mean(), values.std(ddof=1) / len(values) ** 0.5) for key, values in table.items()}


def standard_errors_from(exact: known.Measured, engine: ModuleType, name: str, replications: int) -> dict[str, float]:
    found = simulated(engine, name, replications)
    return {key: (found[key][0] - value) / found[key][1] for key, value in exact.items()}


@engines
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("replications", [QUICK, pytest.param(LONG, marks=pytest.mark.slow)])
def test_the_exact_answer_is_found_and_another_is_not(engine: ModuleType, name: str, replications: int) -> None:
    right = standard_errors_from(PLACES[name].exact, engine, name, replications)
    assert all(abs(z) < MOST_STANDARD_ERRORS for z in right.values()), right
    wrong = standard_errors_from(WRONG[name], engine, name, replications)
    assert all(abs(z) > MOST_STANDARD_ERRORS for z in wrong.values()), wrong


def test_the_formulas_give_published_values() -> None:
    """M/M/20 at 85% and the chain at no blocking, which is two separate Erlang systems."""
    assert erlang_c(20, 17) == pytest.approx(0.3851, abs=5e-5)
    assert erlang_b(10, 8) == pytest.approx(0.1217, abs=5e-5)
    apart = two_stages(4, 6, 30, 0.3, 1.2)
    assert apart["wait"] == pytest.approx(erlang_c(6, 4), rel=1e-6)
    assert apart["rehabilitation"] == pytest.approx(4 * 0.3 * 1.2, rel=1e-6)
    assert apart["blocked"] == pytest.approx(0, abs=1e-6)
