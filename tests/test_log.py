"""Logs are compared whatever the order of their rows, and any difference is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engines import simpy_engine
from sim.log import StayLog, differences, in_order
from tests.made_places import one_piece, same, shipped_plan


@pytest.fixture(scope="module")
def log() -> StayLog:
    return one_piece(simpy_engine, shipped_plan("england_baseline", 30, 0.005))


def shuffled(log: StayLog) -> StayLog:
    luck = np.random.default_rng(1)
    tables = {}
    for name in ("ended", "open", "events"):
        table = getattr(log, name)
        rows = luck.permutation(len(table["person"]))
        tables[name] = {column: values[rows] for column, values in table.items()}
    return replace(log, **tables)


def test_the_order_of_rows_is_no_difference(log: StayLog) -> None:
    other = shuffled(log)
    assert not same(log.ended, other.ended)
    assert differences(log, other) == []
    assert all(
        same(getattr(in_order(log), name), getattr(in_order(other), name)) for name in ("ended", "open", "events")
    )


def test_nor_is_it_where_two_stays_are_of_the_same_person_need_and_minute(log: StayLog) -> None:
    """Somebody readmitted and rebooked for one need may ask for a stage twice in a minute."""
    twice = {name: np.repeat(values[:1], 2) for name, values in log.ended.items()}
    twice["severity"] = np.array([1, 3])
    other = {name: values[::-1] for name, values in twice.items()}
    assert differences(replace(log, ended=twice), replace(log, ended=other)) == []


@pytest.mark.parametrize(
    ("table", "column"), [("ended", "left"), ("open", "asked"), ("events", "detail"), ("persons", "frailty")]
)
def test_one_other_number_is_a_difference(log: StayLog, table: str, column: str) -> None:
    values = getattr(log, table)[column].copy()
    values[-1] += 1
    found = differences(log, replace(log, **{table: {**getattr(log, table), column: values}}))
    assert any(sentence.startswith(table) for sentence in found)


def test_a_row_more_or_another_time_is_a_difference(log: StayLog) -> None:
    fewer = {name: values[1:] for name, values in log.ended.items()}
    assert differences(log, replace(log, ended=fewer))[0].startswith("ended: ")
    assert differences(log, replace(log, until_minute=1))[0].startswith("minutes: ")
