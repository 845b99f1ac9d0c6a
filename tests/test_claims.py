"""Claims beside what is found, on results made by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from sim.experiments.claims import NOT_INCLUDED, claims_in_words, claims_table, verdict
from sim.files.reading import load_scenario
from sim.interventions import Intervention, Who
from sim.results import BASELINE, PLAN, Interval
from sim.scenario import Claim, Scenario

BASE = (100.0, 110.0, 90.0, 100.0)


def measures(plan: tuple[float, ...], measure: str = "emergency_admissions", **cut: str) -> pd.DataFrame:
    where = {"period": "all", "group": "all", "locality": "all", "of": "all"} | cut
    rows = [
        {"measure": measure, **where, "value": value, "arm": arm, "replication": replication}
        for arm, values in ((BASELINE, BASE), (PLAN, plan))
        for replication, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def scenario(*interventions: Intervention, **claim: object) -> Scenario:
    given = {"text": "It helps", "measure": "emergency_admissions"} | claim
    plain = load_scenario("stroke_units")
    return plain.model_copy(
        update={"claims": (Claim.model_validate(given),), "interventions": interventions or plain.interventions}
    )


def judged(plan: tuple[float, ...], cut: dict[str, str] | None = None, **claim: object) -> pd.Series[object]:
    cut = dict(cut or {})
    found = measures(plan, str(claim.get("measure", "emergency_admissions")), **cut)
    return claims_table(scenario(**claim), found).iloc[0]


def times(*factors: float) -> tuple[float, ...]:
    return tuple(base * factor for base, factor in zip(BASE, factors, strict=True))


@pytest.mark.parametrize(
    ("factors", "claimed", "said"),
    [
        ((0.90, 0.91, 0.89, 0.90), -30, "holds in 0 of 4 replications"),
        ((0.60, 0.61, 0.59, 0.60), -30, "holds in 4 of 4 replications"),
        (
            (0.60, 0.80, 0.68, 0.72),
            -30,
            "cannot tell: the interval includes what is claimed; holds in 2 of 4 replications",
        ),
        ((1.30, 1.31, 1.29, 1.30), 10, "holds in 4 of 4 replications"),
        ((1.30, 1.31, 1.29, 1.30), 40, "holds in 0 of 4 replications"),
        ((1.00, 1.00, 1.00, 1.00), -5, "holds in 0 of 4 replications"),
    ],
)
def test_a_change_in_per_cent(factors: tuple[float, ...], claimed: float, said: str) -> None:
    assert judged(times(*factors), change_per_cent=claimed)["verdict"] == said


def test_the_change_in_per_cent_is_of_the_means() -> None:
    row = judged((50.0, 110.0, 90.0, 100.0), change_per_cent=-10)
    assert row["modelled_value"] == pytest.approx(100 * (350 / 400 - 1))
    assert (row["baseline"], row["plan"]) == (100, 87.5)


def test_a_change_in_the_measures_own_unit() -> None:
    row = judged((95.0, 104.5, 85.5, 95.0), change=-4)
    assert (row["modelled_value"], row["holds_in"]) == (pytest.approx(-5), 4)
    assert row["claimed"] == "-4 admissions a year"
    assert row["verdict"] == "holds in 4 of 4 replications"


def test_a_level_with_the_plan_shares_in_per_cent() -> None:
    row = judged((0.91, 0.93, 0.92, 0.92), measure="acute_occupancy", at_most=0.95)
    assert row["claimed"] == "at most 95 per cent"
    assert row["modelled"] == "92 (91 to 93) per cent"
    assert row["verdict"] == "holds in 4 of 4 replications"
    low = judged((0.91, 0.93, 0.92, 0.92), measure="acute_occupancy", at_least=0.95)
    assert low["verdict"] == "holds in 0 of 4 replications"


def test_a_claim_about_a_group_and_a_year_looks_there_only() -> None:
    there = {"period": "year 2", "group": "75-84,85+"}
    row = judged(times(0.5, 0.5, 0.5, 0.5), there, change_per_cent=-30, group="75-84,85+", year=2)
    assert row["holds_in"] == 4
    elsewhere = judged(times(0.5, 0.5, 0.5, 0.5), there, change_per_cent=-30)
    assert elsewhere["verdict"] == "cannot be judged: there was nothing to measure"
    assert elsewhere["modelled"] == "no value"


def test_one_replication_cannot_tell() -> None:
    found = measures((50.0,) * 4)
    row = claims_table(scenario(change_per_cent=-30), found[found["replication"] == 0]).iloc[0]
    assert row["verdict"] == "cannot tell from so few replications: holds in 1 of 1 replication"


def test_a_claim_of_a_level_is_about_today_where_nothing_is_changed() -> None:
    found = measures((0.0,) * 4)
    row = claims_table(scenario(at_most=105), found[found["arm"] == BASELINE]).iloc[0]
    assert row["modelled_value"] == 100
    assert row["holds_in"] == 3


def test_an_interval_that_ends_at_the_claim_includes_it() -> None:
    assert verdict(2, 4, Interval(-5.0, -10.0, 0.0, 4), -10.0).startswith("cannot tell")
    assert verdict(4, 4, Interval(-5.0, -5.0, -5.0, 4), -5.0) == "holds in 4 of 4 replications"


def test_the_words_say_what_is_not_included() -> None:
    lines = claims_in_words(claims_table(scenario(change_per_cent=-30), measures(times(0.9, 0.9, 0.9, 0.9))))
    assert lines[0] == "1. It helps"
    assert "claimed: -30 per cent; modelled: -10" in lines[1]
    assert lines[-1] == NOT_INCLUDED
    assert claims_in_words(claims_table(scenario().model_copy(update={"claims": ()}), measures(BASE))) == []


def test_regression_to_the_mean_is_shown_beside_a_claim_for_people_at_high_risk() -> None:
    picking = Intervention.model_validate(
        {
            "name": "Case management",
            "what": "Picks people at high risk.",
            "ramp": {"starts": dt.date(2026, 4, 1)},
            "who": Who(top_risk_per_cent=2),
            "levers": {"emergency_admissions": {"ratio": 0.9}},
        }
    )
    found = pd.concat(
        [
            measures(times(0.9, 0.9, 0.9, 0.9)),
            measures(BASE, "two_or_more_share", of="year 0"),
            measures(BASE, "two_or_more_share", of="year 1").assign(value=25.0),
        ]
    )
    said = claims_table(scenario(picking, change_per_cent=-30), found).iloc[0]["naive"]
    assert "fall by 75% the next year without any plan" in said
    assert claims_table(scenario(change_per_cent=-30), found).iloc[0]["naive"] == ""
