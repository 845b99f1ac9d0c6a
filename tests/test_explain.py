"""The file in English, and the three sentences of the answer: plain, and never surer than the interval."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.files.reading import load_scenario
from sim.pages.explain import explain
from sim.pages.headline import deciders, headline, standing
from sim.scenario import Claim, Scenario
from tests.made_results import Values, made

STROKE = load_scenario("stroke_units")
STEP_DOWN = load_scenario("step_down_beds")
PILOT = load_scenario("nwl_pilot")


def claiming(*claims: Claim, scenario: Scenario = STROKE) -> Scenario:
    return scenario.model_copy(update={"claims": claims})


FALL = Claim(text="Stroke beds in use fall by four.", measure="acute_beds_occupied", change=-4)


def beds(*differences: float) -> Values:
    before = [30.0 + number for number in range(len(differences))]
    return {("acute_beds_occupied", "all"): (before, [b + d for b, d in zip(before, differences, strict=True)])}


def test_a_claim_beyond_the_whole_interval_holds() -> None:
    found = headline(made(claiming(FALL), beds(-6, -6.2, -5.9, -6.1)))
    assert found.verdict == "Yes"
    assert found.holds.startswith(
        "Yes: the claim holds; “Stroke beds in use fall by four” is claimed, and over 3 years"
    )
    assert "a fall of 6.0 (5.8 to 6.3) beds" in found.holds or "a fall of 6.1 (5.8 to 6.3) beds" in found.holds


def test_a_claim_short_of_the_whole_interval_does_not_hold() -> None:
    found = headline(made(claiming(FALL), beds(-1, -1.2, -0.9, -1.1)))
    assert found.holds.startswith("No: the claim does not hold;")


def test_an_interval_that_includes_the_claim_cannot_tell() -> None:
    found = headline(made(claiming(FALL), beds(-3, -6, -4.5, -5.5)))
    assert found.verdict == "Cannot tell"
    assert found.holds.startswith("Cannot tell: ")


def test_one_replication_cannot_tell_however_large_the_effect() -> None:
    found = headline(made(claiming(FALL), beds(-20)))
    assert found.verdict == "Cannot tell"
    assert "(no interval)" in found.holds


def test_one_failing_claim_among_holding_ones_makes_it_no() -> None:
    less = FALL.model_copy(update={"text": "They fall by one.", "change": -1.0})
    found = headline(made(claiming(less, FALL), beds(-2, -2.2, -1.9, -2.1)))
    assert found.holds.startswith("No: of 2 claims 1 does not hold and 1 holds; “Stroke beds in use fall by four”")


def test_claims_that_all_stand_alike_are_counted_once() -> None:
    failing = headline(made(claiming(FALL, FALL), beds(-1, -1.2, -0.9))).holds
    assert failing.startswith("No: none of the 2 claims holds;")
    assert headline(made(claiming(FALL, FALL), beds(-6, -6.2, -5.9))).holds.startswith("Yes: all 2 claims hold;")


def test_holding_and_open_claims_together_cannot_tell() -> None:
    less = FALL.model_copy(update={"change": -1.0})
    found = headline(made(claiming(less, FALL), beds(-3, -5, -4.5, -3.6)))
    assert found.holds.startswith("Cannot tell: of 2 claims 1 holds and 1 cannot be settled;")


def test_a_clear_fall_is_never_called_a_rise_and_no_effect_is_called_no_clear_change() -> None:
    assert "no clear change" in headline(made(claiming(FALL), beds(-0.5, 0.4, 0.1, -0.2))).holds
    assert "a rise of" in headline(made(claiming(FALL), beds(2, 2.1, 1.9, 2.2))).holds


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["change", "change_per_cent", "at_most", "at_least"]),
    claimed=st.floats(-50, 50),
    low=st.floats(-60, 60),
    width=st.floats(0.001, 40),
    counted=st.integers(0, 8),
)
def test_what_lies_inside_the_interval_never_holds(
    kind: str, claimed: float, low: float, width: float, counted: int
) -> None:
    row = {
        "kind": kind, "claimed_value": claimed, "modelled_low": low, "modelled_high": low + width,
        "measure": "acute_beds_occupied", "holds_in": counted, "replications": 8,
    }  # fmt: skip
    found = standing(row)
    if low <= claimed <= low + width:
        assert found == "cannot tell"
    else:
        below = low + width < claimed
        upper_limit = kind == "at_most" or (kind != "at_least" and claimed <= 0)
        assert found == ("holds" if below == upper_limit else "does not hold")


WAITING: Values = {
    ("waiting", "rehab_north"): ([2.0, 2.2, 1.9, 2.1, 2.0, 1.8], [9.1, 9.4, 9.0, 9.3, 9.2, 8.8]),
    ("waiting", "rehab_south"): ([1.0, 1.1, 0.9, 1.2, 1.0, 1.1], [1.1, 1.0, 1.0, 1.1, 1.2, 1.0]),
    ("pool_full_share", "rehab_north"): ([0.3] * 6, [0.82] * 6),
}


def test_what_gives_first_is_named_with_its_wait_and_how_full_it_is() -> None:
    gives = headline(made(claiming(), WAITING)).gives
    assert gives.startswith("“Rehabilitation unit, North and East”: 9 people wait for it")
    assert "82% of the time" in gives


def test_of_appointments_it_says_that_people_wait_while_they_are_closed() -> None:
    longer: Values = {("waiting", "gp_slots_ealing"): ([60.0, 62.0, 61.0, 63.0], [75.0, 77.5, 76.0, 78.0])}
    gives = headline(made(PILOT, longer)).gives
    assert "(counted day and night, weekends included)" in gives
    assert "% of the time" not in gives


def test_what_may_be_luck_is_not_said_to_give() -> None:
    noisy: Values = {("waiting", "rehab_north"): ([2.0, 9.0, 1.0], [8.0, 9.5, 12.0])}
    assert headline(made(claiming(), noisy)).gives.startswith("Cannot tell what gives first:")


def test_one_replication_cannot_tell_what_gives_first() -> None:
    once: Values = {("waiting", "rehab_north"): ([2.0], [80.0])}
    assert headline(made(claiming(), once)).gives.startswith("Cannot tell what gives first")


def test_nothing_is_said_to_give_where_nobody_waits_longer() -> None:
    same: Values = {("waiting", "rehab_north"): ([20.0, 21.0, 22.0], [20.0, 21.0, 22.0])}
    gives = headline(made(claiming(), same)).gives
    assert gives.startswith("Nothing gives beyond what gives today")
    assert "“Rehabilitation unit, North and East”" in gives


def test_a_bed_claim_always_names_the_three_numbers_that_decide_it() -> None:
    decides = headline(made(STEP_DOWN, beds(-1, -2))).decides
    for words in ("for want of places", "would otherwise be in an acute bed", "beds that are free"):
        assert words in decides
    assert "Not tested" in decides
    assert "Case management of people at high risk" in decides
    assert "(9% less to 43% more)" in decides


def test_a_claim_not_about_beds_names_the_widest_levers_only() -> None:
    found = deciders(PILOT, about_beds=False)
    assert found[0].startswith("what “Case management of people at high risk” does to needs that lead to")
    assert not any("for want of places" in words for words in found)


def test_every_shipped_scenario_is_explained_without_keys_or_empty_parts() -> None:
    names = ("nwl_pilot", "step_down_beds", "hard_winter", "seven_day", "interface_clinic", "home_care_cut")
    for name in names:
        text = explain(load_scenario(name))
        prose = text.replace("run.years", "").replace("`", "")
        assert not re.search(r"[a-z]_[a-z]", prose), name
        assert "None" not in prose.replace("None.", ""), name
        assert max(map(len, text.splitlines())) <= 100


def test_the_explanation_says_whom_how_many_when_and_on_what_evidence() -> None:
    text = " ".join(explain(STEP_DOWN).split())
    assert "It has 396,009 adults" in text
    assert "Reaches people aged 65-74, 75-84, 85+, the 2% at highest risk, of whom 85% take part; at most 1,000" in text
    assert "9% more (plausible: 9% less to 43% more). Evidence: matched control, Roland 2012" in text
    assert "Takes away 30 in Acute beds, North Hospital and Acute beds, South Hospital from 1 April 2026" in text
    assert "Acute beds, North Hospital: 426" in text


@pytest.mark.parametrize("name", ["england_baseline"])
def test_a_place_without_a_plan_is_called_what_it_is(name: str) -> None:
    assert "Nothing: this is the place as it is." in explain(load_scenario(name))
