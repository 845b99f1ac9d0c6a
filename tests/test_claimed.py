"""What claims ask for beyond the table, on a hand-made log checked with a pencil; and what they may ask about."""

from __future__ import annotations

import pandas as pd
import pytest

from sim.experiments.tested import asked, claimed_in_words, levels
from sim.files.choices import Astray, choice, with_choice
from sim.files.claim_checks import check_claims
from sim.files.findings import Findings
from sim.files.reading import load_scenario
from sim.measures.daily import DailyCounts
from sim.measures.definitions import CLAIMABLE, MEASURES
from sim.measures.derived import Counts
from sim.measures.parts import DERIVED_PARTS
from sim.measures.tally import Tally
from sim.pages.explain import measured_in_words
from sim.results import BASELINE, PLAN
from sim.scenario import BreakEven, Claim
from tests.made_logs import ADMISSIONS, names, piece, stay


def claim(measure: str = "acute_beds_occupied", **given: object) -> Claim:
    size = {} if given.keys() & {"at_most", "at_least", "change"} else {"change_per_cent": -10}
    return Claim.model_validate({"text": "It helps.", "measure": measure, **size, **given})


def asked_of(rows: list[dict[str, int]], asked: Claim, days: int = 731) -> dict[str, float]:
    """By period, the values of the rows a claim is about."""
    words = names(days)
    tally = Tally(words, (asked.group,) if "," in asked.group else (), (asked,))
    tally.add(piece(rows, [], 0, words.end_minute))
    table = tally.table()
    own = (table["measure"] == asked.measure) & (table["group"] == asked.group) & (table["of"] == asked.of)
    found = table[
        own & (table["locality"] == asked.locality) & table["period"].isin({asked.period, asked.period_before})
    ]
    assert not found.duplicated("period").any()
    return dict(zip(found["period"], found["value"], strict=True))


THREE = [stay("acute", 0.5, 0.5, 2.5, 2.5, pathway=0), stay("acute", 1.5, 1.5, 40.5, 40.5, person=1, age=3, pathway=0)]
"""In bed at midnight: one on day 1, two on day 2, one on days 3 to 40."""


def test_some_months_of_the_measured_time() -> None:
    """April has 30 days, so the first month holds 1 + 2 + 28 - 1 midnights, the second the eleven that are left."""
    first = asked_of(THREE, claim(months=(1, 1)))
    assert first["months 1 to 1"] == pytest.approx((1 + 2 + 27) / 30)
    assert asked_of(THREE, claim(months=(2, 2)))["months 2 to 2"] == pytest.approx(11 / 31)
    both = asked_of(THREE, claim("emergency_admissions", months=(1, 2)))
    assert both["months 1 to 2"] == pytest.approx(2 * 365 / 61)
    assert asked_of(THREE, claim(months=(1, 1)), days=20) == {}


def test_highest_and_lowest_month_week_and_day() -> None:
    def of(statistic: str, **more: object) -> float:
        return next(iter(asked_of(THREE, claim(statistic=statistic, year=1, **more)).values()))

    assert of("highest_day") == 2
    assert of("lowest_day") == 0
    assert of("highest_week") == 1
    assert of("highest_month") == pytest.approx(1)
    assert of("lowest_month") == 0
    assert of("highest_month", group="85+") == pytest.approx(28 / 30)
    assert of("highest_month", measure="emergency_admissions") == 2
    assert of("highest_month", measure="emergency_admissions", group="75-84,85+") == 1


def test_the_share_of_days_on_which_a_limit_holds() -> None:
    found = asked_of(THREE, claim(at_most=0.5, on_days=0.9), days=50)
    assert found == {"all, share of days at most 0.5": pytest.approx(1 - 40 / 50)}
    assert asked_of(THREE, claim(at_least=2, on_days=0.9), days=50) == {"all, share of days at least 2": 1 / 50}


def test_the_year_before() -> None:
    naive = claim("emergency_admissions", months=(13, 18), against="before")
    one = pytest.approx(365 / 183)
    assert asked_of(ADMISSIONS, naive) == {"months 13 to 18": one, "months 1 to 6": one}
    assert asked_of(ADMISSIONS, claim("emergency_admissions", year=2, against="before")) == {"year 1": 1, "year 2": 1}
    rows = [
        {"measure": "deaths", "of": "all", "group": "all", "locality": "all", "arm": arm, "replication": 0}
        | {"period": period, "value": value}
        for arm, period, value in (
            (BASELINE, "year 1", 100), (BASELINE, "year 2", 120), (PLAN, "year 1", 100), (PLAN, "year 2", 90)
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    before, without = claim("deaths", year=2, against="before"), claim("deaths", year=2)
    assert levels(before, table).values("change_per_cent") == pytest.approx([-10])
    assert levels(without, table).values("change_per_cent") == pytest.approx([-25])
    assert levels(before, table[table["arm"] == BASELINE]).values("change_per_cent") == pytest.approx([20])


def test_parts_of_the_time_add_nothing_where_nobody_asks() -> None:
    words = names(100)
    plain, more = Tally(words), Tally(words, (), (claim(), claim(year=1), claim("winter_over_summer")))
    for tally in (plain, more):
        tally.add(piece(THREE, [], 0, words.end_minute))
    pd.testing.assert_frame_equal(plain.table(), more.table(), check_exact=True)


def test_a_claim_in_words() -> None:
    days = claim("acute_occupancy", at_most=0.92, on_days=0.95)
    assert claimed_in_words(days) == "at most 92 per cent on at least 95 per cent of days"
    assert measured_in_words(days) == "Acute bed occupancy (all measured years)"
    worst = claim("emergency_admissions", statistic="highest_month", group="85+", at_most=400)
    assert claimed_in_words(worst) == "at most 400 admissions in the month"
    assert measured_in_words(worst) == "Emergency admissions, people aged 85+ (highest month of all measured years)"
    assert asked(claim("four_hour_share", change=0)).is_upper_limit is False


# -- what may be asked ---------------------------------------------------------------------------------------------


def test_what_claims_may_be_about_is_what_the_table_has() -> None:
    words = names()
    daily = DailyCounts(words)
    derived = {name: kind for name, (kind, _) in Counts(daily).items()}
    assert {name: derived[name] for name in DERIVED_PARTS} == DERIVED_PARTS
    tally = Tally(words)
    tally.add(piece(ADMISSIONS, [], 0, words.end_minute))
    table = tally.table()
    named = {"<pool>": words.pools, "<stage>": words.stages, "<programme>": words.programmes}
    for measure, rows in table.groupby("measure"):
        known = CLAIMABLE[measure]
        parts = {word for part in known.parts for word in named.get(part, (part,))}
        assert set(rows["of"]) <= parts, measure
        assert known.by_group or set(rows["group"]) == {"all"}, measure
        assert known.by_day == (MEASURES[measure].formula is not None)


def problems(**given: object) -> list[str]:
    found = Findings()
    scenario = load_scenario("stroke_units").model_copy(update={"claims": (claim(**given),)})
    check_claims(found, scenario, CLAIMABLE)
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"measure": "deths"}, 'claims.0.measure: there is no measure "deths"; did you mean `deaths`? (measures: '),
        ({"measure": "waiting"}, "claims.0.of: is missing: waiting is known part by part; give one of early_supported"),
        ({"measure": "waiting", "of": "rehab_nord"}, 'waiting has no part "rehab_nord"; did you mean `rehab_north`?'),
        (
            {"measure": "acute_occupancy", "group": "85+"},
            "claims.0.group: acute_occupancy is known for the whole place",
        ),
        ({"measure": "wait_95th", "of": "rehab", "months": (1, 2)}, "claims.0.months: wait_95th is known by year only"),
        ({"measure": "enrolled"}, ""),
        ({"measure": "members", "of": "Case management"}, 'members has no part "Case management"'),
    ],
)
def test_what_cannot_be_asked_is_refused(given: dict[str, object], said: str) -> None:
    assert said in (problems(**given) or [""])[0]
    assert bool(problems(**given)) == bool(said)


# -- numbers that could be chosen otherwise ------------------------------------------------------------------------


def test_a_number_that_could_be_chosen_otherwise() -> None:
    scenario = load_scenario("nwl_pilot")
    assert choice(scenario, BreakEven(lever="interventions.*.strength")) == (1, 0, 2)
    assert choice(scenario, BreakEven(lever="place.loops.substitution"))[1:] == (0.2, 0.8)
    assert choice(scenario, BreakEven(lever="interventions.case_management.strength", low=0.5)) == (1, 0.5, 2)
    half = with_choice(scenario, "interventions.*.strength", 0.5)
    assert {each.strength for each in half.interventions} == {0.5}
    assert half.place is scenario.place
    lever = with_choice(scenario, "interventions.0.levers.emergency_admissions", 0.6).interventions[0].levers
    assert lever["emergency_admissions"].ratio == 0.6
    assert lever["emergency_admissions"].low is None
    assert with_choice(scenario, "run.years", 5.0) == scenario


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"lever": "interventions.9.strength"}, "there is no `9` in `interventions`; there are: care_planning"),
        ({"lever": "place.loops"}, "`place.loops` is not a number"),
        ({"lever": "place.loops.substitution.value.more"}, "has no part"),
        ({"lever": "interventions.0.strength", "high": 3}, "`interventions.0.strength`: input should be less than"),
        ({"lever": "run.years"}, "this number has no range of its own: give `low` and `high`"),
    ],
)
def test_a_path_that_leads_to_no_number(asked: dict[str, object], said: str) -> None:
    with pytest.raises(Astray, match=said.replace("[", r"\[").replace("*", r"\*")):
        choice(load_scenario("nwl_pilot"), BreakEven.model_validate(asked))
