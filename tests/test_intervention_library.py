"""The shipped interventions: each does nothing at strength nought, and says where each of its effects comes from."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import pytest

from sim.engines import fast_engine, simpy_engine
from sim.files.provenance import assumptions
from sim.files.reading import load_intervention, load_scenario
from sim.files.shipped import shipped
from sim.log import differences
from sim.plans.compile import compile_plan
from sim.scenario import Scenario
from tests.made_places import DAY, reaching

FILES = sorted(shipped("scenarios", "interventions").glob("*.yaml"))
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
DAYS, WARM_UP = 45, 10


@cache
def place(starts: dt.date) -> Scenario:
    years = str((DAYS - WARM_UP) / 365)
    settings = {"run.warm_up_days": str(WARM_UP), "run.years": years, "run.scale": "0.003"}
    return load_scenario("england_baseline", {"run.starts": str(starts), **settings})


def with_it(path: Path, strength: float) -> list[Scenario]:
    """Runs that measure from each day on which it begins to change something."""
    intervention = load_intervention(path, {"strength": f"{strength:g}"})
    starts = reaching([intervention], DAYS - WARM_UP)
    return [place(date).model_copy(update={"interventions": (intervention,)}) for date in starts]


@EACH
def test_at_strength_nought_it_changes_nothing_to_the_bit(path: Path) -> None:
    for scenario in with_it(path, 0):
        plans = [compile_plan(scenario, with_interventions=on) for on in (False, True)]
        logs = [fast_engine.advance(fast_engine.start(plan, 1, 0), plan, DAYS * DAY) for plan in plans]
        assert differences(*logs) == [], scenario.run.starts


@pytest.mark.slow
@EACH
def test_it_runs_in_both_engines_with_equal_logs(path: Path) -> None:
    for plan in map(compile_plan, with_it(path, 1)):
        logs = [engine.advance(engine.start(plan, 1, 0), plan, DAYS * DAY) for engine in (simpy_engine, fast_engine)]
        assert differences(*logs) == [], plan.names.first_day


@EACH
def test_each_of_its_numbers_has_a_source_or_is_marked_an_assumption(path: Path) -> None:
    silent = [each.path for each in assumptions(load_intervention(path)) if not each.source and not each.is_marked]
    assert [path for path in silent if path.split(".")[0] in ("levers", "needs_by_condition", "unintended")] == []
