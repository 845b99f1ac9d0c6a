"""What is counted when only some rows are wanted: each is the same as in the table of everything."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

from sim.engines import DEFAULT, engine
from sim.experiments import runner
from sim.experiments.runner import arms_of, replication
from sim.files.reading import load_scenario
from sim.log import StayLog
from sim.measures.definitions import MEASURES
from sim.measures.measure import MONEY_MEASURES
from sim.measures.tally import Tally
from sim.plans.plan import Names
from sim.results import PLAN
from sim.scenario import ALL, Scenario

SMALL = {"run.years": "1", "run.warm_up_days": "30", "run.scale": "0.01"}


class Pieces(list[StayLog]):
    """Pieces of a run, to be counted later."""

    def add(self, log: StayLog) -> None:
        self.append(log)


@cache
def a_run() -> tuple[Names, Pieces]:
    """Three years with a programme for a condition whose course is followed."""
    plan = arms_of(load_scenario("diabetic_neuropathy", SMALL | {"run.years": "3"})).plans[PLAN]
    made_by, pieces = engine(DEFAULT), Pieces()
    runner.carry_on(made_by, made_by.start(plan, 1, 0), plan, plan.names.end_minute, [pieces])
    return plan.names, pieces


def table(**asked: Any) -> pd.DataFrame:
    names, pieces = a_run()
    tally = Tally(names, **asked)
    for piece in pieces:
        tally.add(piece)
    return tally.table()


@pytest.fixture(scope="module")
def everything() -> pd.DataFrame:
    return table()


@pytest.mark.parametrize("measure", sorted(MEASURES.keys() - MONEY_MEASURES))
def test_a_measure_alone_is_as_in_the_table_of_everything(everything: pd.DataFrame, measure: str) -> None:
    found = everything[(everything[["period", "group", "locality"]] == ALL).all(axis=1)]
    expected = found[found["measure"] == measure].reset_index(drop=True)
    pd.testing.assert_frame_equal(table(only={measure}), expected, check_exact=True)


def test_claims_have_their_groups_localities_and_periods(everything: pd.DataFrame) -> None:
    assert set(everything["period"]) > {ALL, "year 1", "week 1"}
    claims = load_scenario("discharge_to_assess_localities").claims
    locality, group = sorted(set(everything["locality"]) - {ALL})[0], "85+"
    claim = claims[0].model_copy(update={"measure": "deaths", "locality": locality, "group": group, "year": 1})
    found = table(claims=(claim,), only={"emergency_admissions"})
    assert set(found["measure"]) == {"deaths", "emergency_admissions"}
    wanted = everything["locality"].isin([ALL, locality]) & everything["group"].isin([ALL, group])
    wanted &= everything["period"].isin([ALL, "year 1"]) & everything["measure"].isin(set(found["measure"]))
    pd.testing.assert_frame_equal(found, everything[wanted].reset_index(drop=True), check_exact=True)


def test_money_is_the_same_when_nothing_else_is_wanted() -> None:
    scenario: Scenario = load_scenario("nwl_first_year", SMALL | {"run.years": "2"})
    names = ["arm", "measure", "period", "group", "locality", "of"]
    alone, whole = (
        table[table["measure"].isin(MONEY_MEASURES)].set_index(names)["value"]
        for only in ({"net_saving_at_tariff"}, None)
        for arms in [arms_of(scenario, only)]
        for table in [replication(arms, 0, arms.names)]
    )
    assert len(alone) > 20
    assert alone.to_dict() == {key: value for key, value in whole.items() if key in alone.index}
