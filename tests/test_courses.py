"""The course of conditions: the place's totals stay what they are, and what recognising and managing people does."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import rules
from sim.engines import fast_engine
from sim.expected.flows import expected_flows
from sim.expected.net_rates import URGENT
from sim.experiments.runner import arms_of, replication
from sim.files.checks import check_scenario
from sim.files.reading import load_scenario
from sim.log import EVENTS
from sim.plans.compile import compile_plan
from sim.plans.courses import state_shares
from sim.plans.people import usual_referrals
from sim.plans.plan import LIFE_EVENTS
from sim.results import BASELINE, PLAN
from sim.scenario import Scenario, courses_of
from tests.made_places import DAY

NEEDS = {
    "exacerbation": {"per_year": {"unrecognised": 0.01, "recognised": 0.03, "managed": 0.02}, "need": "acute"},
    "counted": {"per_year": {"unrecognised": 0.2, "recognised": 0.1, "managed": 0.1}},
}
COURSE: dict[str, Any] = {
    "recognised_share": 0.6, "managed_share": 0.4, "recognised_per_year": 0.2, "lapses_per_year": 0.3,
    "crises": {"unrecognised": 0.8, "recognised": 1.5, "managed": 0.5}, "complications": NEEDS,
    "symptom_days_per_month": {"unrecognised": 4, "recognised": 8, "managed": 6}, "referred_share": 0.5,
    "referred_when_managed_share": 0.25, "gp_minutes_per_month": 2,
}  # fmt: skip


def scenario(course: dict[str, Any] | None = COURSE, *, years: float = 1, scale: float = 0.02, **programme: Any) -> Any:
    """England with the course of COPD followed, and a programme for it."""
    given = load_scenario("england_baseline").model_dump(mode="json", by_alias=True)
    given["interventions"] = [
        {
            "name": "Networks", "what": "test", "who": {"conditions": ["copd"]}, "ramp": {"starts": "2026-04-01"},
            "courses": {"copd": course} if course else {}, **programme,
        }
    ]  # fmt: skip
    given["run"] |= {"starts": "2026-04-01", "warm_up_days": 0, "years": years, "scale": scale}
    return Scenario.model_validate(given)


# -- what is worked out -----------------------------------------------------------------------------------------------


def test_a_point_stands_for_the_step_in_which_its_height_lies() -> None:
    rates = [0.5, 1.0, 0.0, 3.0, 2.0]
    steps = [rules.step_of_course(height, rates, 1.0, 1.0) for height in (0.49, 0.5, 1.5, 4.49, 4.5, 6.5)]
    assert steps == [0, 1, 3, 3, 4, 5]


def test_a_lever_moves_no_step_below_its_own() -> None:
    rates = [0.5, 1.0, 0.0, 3.0]
    for height in np.linspace(0, 1.49, 50):
        without, with_lever = (rules.step_of_course(height, [*rates, 0.0], 1.0, ratio) for ratio in (1.0, 4.0))
        assert without == with_lever
    assert rules.step_of_course(4.6, [*rates, 0.0], 1.0, 1.0) == 5
    assert rules.step_of_course(4.6, [*rates, 0.0], 1.0, 2.0) == 3


def test_the_shares_of_the_states_stay_what_they_are() -> None:
    plan, shares = compile_plan(scenario()), state_shares(courses_of(scenario())["copd"])
    (rates,) = plan.course_rates
    newly_ill, lapsed, managed, recognised = rates.T[-4:]
    leaving = shares * (newly_ill + lapsed + managed + recognised)
    arriving = [shares @ newly_ill, shares @ recognised + shares @ lapsed, shares @ managed]
    assert arriving == pytest.approx(leaving)
    assert shares.tolist() == pytest.approx([0.4, 0.36, 0.24])


def test_crises_and_complications_together_are_what_the_condition_causes() -> None:
    given = scenario()
    plan, place = compile_plan(given), given.place
    shares = state_shares(courses_of(given)["copd"])
    mean_crises = plan.course_crises[0] @ shares
    assert np.delete(mean_crises, URGENT.index("acute"), axis=0) == pytest.approx(1)
    net = expected_flows(place).net
    acute = sum(net.entries["acute"].values()) / np.array(place.people.residents.values)
    extra = {name: each.urgent_needs_ratio.value - 1 for name, each in place.people.conditions.items()}
    mean = 1 + sum(extra[name] * np.array(each.prevalence.values) for name, each in place.people.conditions.items())
    caused = acute * extra["copd"] / mean
    complicated = shares @ [0.01, 0.03, 0.02]
    assert mean_crises[URGENT.index("acute")] * caused + complicated == pytest.approx(caused)


def test_referrals_made_by_usual_care_are_taken_off_the_others() -> None:
    given = scenario()
    plan, before = compile_plan(given), compile_plan(load_scenario("england_baseline"))
    referral = LIFE_EVENTS.index("referral")
    less = (before.life_rates - plan.life_rates)[referral, :, 0, 0, 0]
    assert less == pytest.approx(usual_referrals(given))
    # Recognised 0.4 x 0.2 a year, half referred; managed as many as lapse or are followed by somebody newly ill.
    started = 0.24 * (0.3 + 0.2 * 0.4 / 0.6)
    each = 0.4 * 0.2 * 0.5 + started * 0.25
    assert less == pytest.approx(each * np.array(given.place.people.conditions["copd"].prevalence.values))


def test_more_complications_than_crises_are_refused() -> None:
    more = {**COURSE, "complications": {"many": {"per_year": dict.fromkeys(COURSE["crises"], 3), "need": "acute"}}}
    with pytest.raises(ValueError, match=r"course of copd: its complications, many among them.*raise the condition's"):
        compile_plan(scenario(more))


def test_without_a_course_nothing_is_followed() -> None:
    plan, usual = compile_plan(scenario(None)), compile_plan(load_scenario("england_baseline"))
    assert plan.course_rates.shape == (0, 3, 4)
    assert plan.names.conditions == ()
    assert (plan.life_rates == usual.life_rates).all()
    assert (plan.condition_extra == usual.condition_extra).all()


# -- what is wrong is said --------------------------------------------------------------------------------------------


def said(given: Scenario) -> list[str]:
    problems, warnings = check_scenario(given)
    return [f"{each.where}: {each.what}" for each in (*problems, *warnings) if "ource" not in each.what]


def test_courses_that_cannot_be() -> None:
    wrong = {**COURSE, "managed_share": 1, "recognised_share": 0, "crises": dict.fromkeys(COURSE["crises"], 0)}
    found = said(scenario({**wrong, "complications": {"a": {**NEEDS["counted"], "stage": "acute_beds"}}}))
    assert [each.partition(": ")[0].rpartition(".")[2] for each in found[:3]] == [
        "recognised_share", "managed_share", "crises",
    ]  # fmt: skip
    assert 'there is no stage "acute_beds"; did you mean `acute_bed`?' in found[3]


def test_a_lever_on_a_course_that_is_not_followed_is_warned_of() -> None:
    found = said(scenario(None, levers={"condition_recognition": {"ratio": 2}}))
    assert any("nothing is known of the course of copd, so it moves nothing" in each for each in found)
    assert not any("moves nothing" in each for each in said(scenario(levers={"condition_recognition": {"ratio": 2}})))


# -- runs -------------------------------------------------------------------------------------------------------------


@cache
def tables(strength: float) -> pd.DataFrame:
    """Four years of three replications, with people looked for and, a year later, managed at once when found."""
    levers = {"condition_recognition": {"ratio": 12}, "condition_management": {"ratio": 12}}
    crises = {"unrecognised": 1, "recognised": 1, "managed": 0.2}
    given = scenario({**COURSE, "crises": crises, "complications": {}}, years=3, levers=levers, strength=strength)
    arms = arms_of(given)
    return pd.concat([replication(arms, number, arms.names) for number in range(3)])


def change(table: pd.DataFrame, measure: str, period: str, of: str = "copd") -> float:
    """Plan over baseline, of sums over replications."""
    rows = table.query(
        "measure == @measure and period == @period and of == @of and group == 'all' and locality == 'all'"
    )
    sums = rows.groupby("arm")["value"].sum()
    return float(sums[PLAN] / sums[BASELINE])


def test_finding_cases_raises_registers_and_demand_first_and_crises_fall_when_people_are_managed() -> None:
    table = tables(1.0)
    assert change(table, "register", "year 1") > 1.3
    assert change(table, "condition_referrals", "year 1") > 1.5
    assert change(table, "condition_referrals", "year 1") > change(table, "condition_referrals", "year 3") > 1.0
    assert change(table, "managed_share", "year 3") > 1.3
    crises = [change(table, "condition_needs", f"year {year}") for year in (1, 2, 3)]
    assert crises[2] < 0.8
    assert crises[2] < crises[0]
    assert change(table, "people_with_condition", "year 3") == pytest.approx(1, abs=0.02)


def test_at_zero_strength_nothing_changes_to_the_bit() -> None:
    table = tables(0.0).drop(columns="replication")
    baseline, plan = (table[table["arm"] == arm].drop(columns="arm").reset_index(drop=True) for arm in (BASELINE, PLAN))
    followed = ~baseline["measure"].isin(["would_be_enrolled", "programme_cost"])
    assert baseline[followed].equals(plan[followed])


def test_symptom_days_are_those_of_the_states_and_what_programmes_leave_of_them() -> None:
    given = scenario(scale=0.01, years=0.25, levers={"symptom_days": {"ratio": 0.5}})
    table = replication(arms_of(given), 0, (BASELINE, PLAN))
    value = {
        arm: {name: float(rows.loc[rows["measure"] == name, "value"].iloc[0]) for name in rows["measure"].unique()}
        for arm, rows in table.query("of == 'copd' and period == 'all' and group == 'all'").groupby("arm")
    }
    for arm, left in ((BASELINE, 1.0), (PLAN, 0.5)):
        recognised, managed = value[arm]["recognised_share"], value[arm]["managed_share"]
        expected = 4 * (1 - recognised) + recognised * (8 * (1 - managed) + 6 * managed)
        assert value[arm]["symptom_days"] == pytest.approx(left * expected)


def test_the_managed_are_recognised_and_the_recognised_are_ill_and_registers_stay_as_large() -> None:
    plan = arms_of(scenario(scale=0.05, years=2)).baseline
    state = fast_engine.start(plan, 3, 0)
    first = fast_engine.advance(state, plan, 1).persons
    logs = [fast_engine.advance(state, plan, day * DAY) for day in (300, 730)]
    for people in (first, *(log.persons for log in logs)):
        assert ((people["managed"] & ~people["recognised"]) == 0).all()
        assert ((people["recognised"] & ~people["has"]) == 0).all()
    assert state.arrays.recognised.tolist() == [(logs[-1].persons["recognised"] & 1).sum()]
    events = np.concatenate([log.events["kind"] for log in logs])
    recognised, newly_ill = (int((events == EVENTS.index(name)).sum()) for name in ("recognised", "newly_ill"))
    assert recognised == pytest.approx(newly_ill, abs=4 * recognised**0.5)
    has = sum((people["has"] & 1).sum() for people in (first, logs[-1].persons))
    for column, share in (("recognised", 0.6), ("managed", 0.24)):
        of_all = sum((people[column] & 1).sum() for people in (first, logs[-1].persons)) / has
        assert of_all == pytest.approx(share, abs=4 * (share * (1 - share) / has) ** 0.5)
