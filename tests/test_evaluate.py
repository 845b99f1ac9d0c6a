"""The virtual evaluation: what studies would report of a programme whose effect is known."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim import cli
from sim.engines import engine
from sim.errors import InputError
from sim.experiments import studies as studying
from sim.experiments.evaluate import (
    Avoided,
    Evaluation,
    arms_to_study,
    avoided_by_none,
    claimed_falls,
    evaluate,
    luck_of_places,
    programme_of,
    summed_up,
)
from sim.experiments.runner import carry_on, replication
from sim.experiments.spread import Spread
from sim.experiments.studies import METHODS, NO_EFFECT, PILOT, STATED, Record
from sim.files.reading import load_scenario
from sim.pages.evaluation_words import in_words, table_in_words
from sim.scenario import Claim, Scenario

SMALL = {"run.scale": "0.05", "run.years": "1", "run.replications": "3"}
EVERY_MONTH = (7, 12)


def pilot(**changes: str) -> Scenario:
    return load_scenario("nwl_pilot", SMALL | {path.replace("__", "."): value for path, value in changes.items()})


def made(ratios: dict[str, list[float]], programme: str = NO_EFFECT, half: float = 1.1, **more: object) -> pd.DataFrame:
    """Studies made by hand, one a replication, with intervals from ratio / half to ratio * half."""
    rows = [
        {
            "programme": programme, "replication": number, "months": 7, "method": method, "ratio": ratio,
            "low": ratio / half, "high": ratio * half, "truth": 1.0, "before": 100.0, "after": 100.0, "people": 50,
        } | more
        for method, found in ratios.items()
        for number, ratio in enumerate(found)
    ]  # fmt: skip
    return pd.DataFrame(rows)


# -- summing up -----------------------------------------------------------------------------------------------------


def test_a_summary_by_hand() -> None:
    row = summed_up(made({"trial": [0.8, 1.0, 1.25, 1.0]})).iloc[0]
    assert (row["studies"], row["truth"], row["median"], row["bias"]) == (4, 1, 1, pytest.approx(0))
    assert row["finds_effect"] == 0.5  # 0.8 and 1.25, whose intervals leave 1 out
    assert row["finds_low"] < 0.5 < row["finds_high"]


def test_a_study_that_cannot_be_made_is_not_counted() -> None:
    studies = made({"trial": [0.8, np.nan, 1.2]})
    assert summed_up(studies).iloc[0]["studies"] == 2


def test_how_often_a_claimed_fall_would_be_reported_by_hand() -> None:
    claim = Claim(text="Fewer.", measure="emergency_admissions", months=(1, 7), change_per_cent=-6.6)
    claiming = pilot().model_copy(update={"claims": (claim, claim.model_copy(update={"change_per_cent": 5.0}))})
    case = programme_of(pilot(), "case")
    falls = claimed_falls(
        claiming, case, made({"before_after": [0.80, 0.92, 0.97, 0.90], "matched": [1.0, 1.0, 1.0, 1.3]})
    )
    assert set(falls["fall"]) == {6.6}  # a claimed rise is not looked at
    row = falls.set_index("method").loc["before_after"]
    assert row["share"] == 0.75
    assert row["beside_no_effect"] == 0.5  # the fourth has matched controls that show an effect


def test_avoided_admissions_by_hand() -> None:
    """At scale 0.5, 100 admissions a year earlier are 200; the claim counts 100 of them, so each counts a half."""
    studies = made({"before_after": [0.5, 1.0], "everybody_before_after": [1.0, 1.0]})
    found = avoided_by_none(studies, Avoided(60, 100), 0.5).set_index("method")
    assert found.loc["before_after", "median"] == pytest.approx(50)  # (100, 0) by replication
    assert found.loc["before_after", "share"] == 0.5


def test_luck_of_places_that_are_poisson_is_poisson() -> None:
    """304 of 2,320 between two places: the standard deviation of the logarithm is 2 / sqrt(2320), 4.2%."""
    luck = np.random.default_rng(4)
    before, after = (pd.Series(luck.poisson(500, 4000).astype(float)) for _ in range(2))
    _, low, high, chance, *_ = luck_of_places(before, after, 1.0, Avoided(304, 2320))
    needed = -np.log(1 - 304 / 2320) / (2 / np.sqrt(2320))
    assert chance == pytest.approx(stats.norm.sf(needed), rel=0.4)
    assert high == pytest.approx(2320 * (1 - np.exp(-1.96 * 2 / np.sqrt(2320))), rel=0.04)
    assert low < 0 < high


def test_luck_of_a_thinned_count_has_less_overdispersion() -> None:
    luck = np.random.default_rng(5)
    before, after = (pd.Series(luck.negative_binomial(100, 0.2, 2000).astype(float)) for _ in range(2))
    whole = luck_of_places(before, after, 1.0, Avoided(10, 100))[2]
    thinned = luck_of_places(before, after, 0.1, Avoided(10, 100))[2]
    assert whole > 1.5 * thinned


# -- who is studied -------------------------------------------------------------------------------------------------


@cache
def settled() -> tuple[studying.Studied, Record, object]:
    arms, _ = arms_to_study(pilot(), programme_of(pilot(), "case_management"), EVERY_MONTH)
    made_by, record = engine(), Record(arms.baseline.names, arms.part_minute)
    state = made_by.start(arms.baseline, 1, 0)
    carry_on(made_by, state, arms.baseline, arms.part_minute, [record])
    carry_on(made_by, state, arms.baseline, arms.baseline.names.end_minute, [record])
    return studying.studied(arms.baseline, record, 1, 0, (1, 2, 3)), record, arms


def test_admissions_are_those_of_the_measure() -> None:
    _, record, arms = settled()
    table = replication(arms, 0, ("baseline",))
    rows = table[(table["measure"] == "emergency_admissions") & (table["of"] == "all") & (table["period"] == "year 1")]
    wanted = rows[(rows["group"] == "all") & (rows["locality"] == "all")]["value"].iloc[0]
    minute = studying.life_and_minute(record.admissions)[1]
    counted = ((minute >= record.start) & (minute < record.start + studying.YEAR)).sum()
    assert counted / arms.baseline.names.scale == pytest.approx(wanted)


def test_controls_live_have_the_same_ages_and_other_practices_and_stand_for_as_many() -> None:
    who, record, _ = settled()
    matched = who.enrolled[who.matched]
    assert who.weights.sum() == pytest.approx(len(matched))
    ages = [
        np.bincount((lives >> 12) % 4, weights, minlength=4)
        for lives, weights in ((matched, np.ones(len(matched))), (who.controls, who.weights))
    ]
    assert ages[0] == pytest.approx(ages[1])
    for lives, has in ((matched, True), (who.controls, False)):
        practice = who.practice[np.searchsorted(who.everybody, lives >> 12)]
        assert (who.takes_part[practice] == has).all()
    day = record.of_lives(np.concatenate([who.enrolled, who.controls]), who.start, who.start + 1440)
    assert (day.years > 0).all()


def test_practices_hold_everybody_once_and_half_of_them_take_part() -> None:
    who, _, _ = settled()
    assert who.practice.max() < len(who.takes_part)
    assert abs(2 * who.takes_part.sum() - len(who.takes_part)) <= 1
    assert len(np.unique(who.everybody)) == len(who.everybody) == len(who.practice)


def test_years_alive_end_with_death_and_begin_after_the_one_before() -> None:
    who, record, _ = settled()
    year = (who.start, who.start + studying.YEAR)
    life, minute = studying.life_and_minute(record.deaths)
    died = np.flatnonzero((minute >= year[0]) & (minute < year[1]))[:20]
    after = record.of_lives(life[died], *year).years
    assert after == pytest.approx((minute[died] - who.start) / studying.YEAR)
    successors = record.of_lives(life[died] + 1, *year).years
    assert (after + successors <= 1 + 1e-12).all()


# -- what studies find ----------------------------------------------------------------------------------------------


@cache
def found() -> Evaluation:
    return evaluate(pilot(), "case", EVERY_MONTH, claimed=Avoided(304, 2320), how=Spread(1))


def test_the_same_table_whatever_the_workers() -> None:
    other = evaluate(pilot(), "case", EVERY_MONTH, claimed=Avoided(304, 2320), how=Spread(2))
    pd.testing.assert_frame_equal(found().studies, other.studies, check_exact=True)


def test_every_method_reports_of_both_programmes_beside_the_truth() -> None:
    table = found().summary
    assert len(table) == 2 * 2 * len(METHODS)
    assert (table[table["programme"] == NO_EFFECT]["truth"] == 1).all()
    assert (table[table["programme"] == STATED]["truth"] != 1).any()
    trial = table[table["method"] == "trial"]
    assert (trial["low"] <= trial["median"]).all()
    assert (trial["median"] <= trial["high"]).all()


def test_a_programme_of_strength_nought_is_the_one_of_no_effect() -> None:
    nought = evaluate(pilot(interventions__case_management__strength="0"), "case", EVERY_MONTH, how=Spread(1))
    assert set(nought.studies["programme"]) == {NO_EFFECT}
    expected = found().studies[found().studies["programme"] == NO_EFFECT].reset_index(drop=True)
    pd.testing.assert_frame_equal(nought.studies.reset_index(drop=True), expected, check_exact=True)


def test_people_picked_for_their_past_fall_without_any_programme() -> None:
    """Regression to the mean, the negative control: before and after is wrong downwards."""
    by = found().summary.set_index(["programme", "months", "method"])
    assert by.loc[(NO_EFFECT, 12, "before_after"), "bias_high"] < 0


def test_the_answer_begins_with_what_misleads() -> None:
    said = in_words(found(), Avoided(304, 2320))
    assert said[0].startswith("A before-and-after study would have reported a fall of ")
    assert "for a programme that does nothing" in said[0]
    assert "304 admissions avoided of 2,320" in said[-1]
    assert table_in_words(found().summary, NO_EFFECT, 12)["truth"].tolist() == ["0.0"] * len(METHODS)


def test_a_pilot_counts_its_own_admissions_and_people_are_matched_on_all() -> None:
    own = evaluate(pilot(), "case", EVERY_MONTH, measure=PILOT, group="75-84,85+", how=Spread(1)).studies
    every = evaluate(pilot(), "case", EVERY_MONTH, group="75-84,85+", how=Spread(1)).studies
    share = own["before"].sum() / every["before"].sum()
    assert share == pytest.approx(142 / 421, abs=0.05)
    assert set(own["people"]) == set(every["people"])


def test_a_claim_about_later_months_is_read_from_the_programmes_start() -> None:
    claim = Claim(text="Fewer.", measure="emergency_admissions", months=(13, 19), change_per_cent=-5)
    scenario = load_scenario("nwl_first_year", {}).model_copy(update={"claims": (claim,)})
    studies = pd.concat([made({"trial": [1.0]}), made({"trial": [1.0]}, months=12)])
    assert claimed_falls(scenario, programme_of(scenario, "case"), studies)["months"].tolist() == [7]


@cache
def many(ratio: str) -> pd.DataFrame:
    """Sixty trials in fewer people than the place has, of care planning with this ratio at once."""
    lever = "interventions.care_planning"
    changes = {
        "run.scale": "0.03", "run.years": "1", "run.replications": "60", f"{lever}.levers.emergency_admissions": ratio,
        f"{lever}.ramp.half_time_months": "0", f"{lever}.ramp.lag_days": "0", f"{lever}.ramp.full": "1",
    }  # fmt: skip
    return evaluate(load_scenario("nwl_pilot", changes), "care_planning", (12,), how=Spread(1)).studies


@pytest.mark.slow
def test_a_trial_of_no_effect_is_right_on_average_and_wrong_one_time_in_twenty() -> None:
    none = many("0.6").query("programme == @NO_EFFECT and method == 'trial'")
    finds = int(((none["low"] > 1) | (none["high"] < 1)).sum())
    assert stats.binomtest(finds, len(none), 0.05).pvalue > 0.001
    logs = np.log(none["ratio"])
    assert abs(logs.mean()) < 4 * logs.std() / np.sqrt(len(logs))


@pytest.mark.slow
def test_a_known_effect_is_recovered_by_the_trial() -> None:
    stated = many("0.6").query("programme == @STATED and method == 'trial'")
    off = np.log(stated["ratio"]) - np.log(stated["truth"])
    assert stated["truth"].mean() < 0.8
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(len(off))
    assert (stated["high"] < 1).mean() > 0.5


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "programme", "months", "said"),
    [
        ({}, "", (12,), "name one of several"),
        ({}, "virtual_ward", (12,), "no programme is called 'virtual_ward'"),
        ({"run.warm_up_days": "100"}, "case", (12,), "look back a year"),
        ({}, "case", (24,), "12 months are simulated after .* give more --years"),
    ],
)  # fmt: skip
def test_what_cannot_be_studied_is_refused(
    changes: dict[str, str], programme: str, months: tuple[int, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        evaluate(load_scenario("nwl_pilot", SMALL | changes), programme, months, how=Spread(1))


def test_a_scenario_without_programme_is_refused() -> None:
    with pytest.raises(InputError, match="no programme that enrols people"):
        programme_of(load_scenario("stroke_units", {}), "")


def test_a_programme_that_enrols_nobody_by_name_is_refused() -> None:
    open_to_all = programme_of(pilot(), "case").model_copy(update={"capacity": None, "care_plan": False})
    with pytest.raises(InputError, match="enrols nobody by name"):
        programme_of(pilot().model_copy(update={"interventions": (open_to_all,)}))


def test_the_command_prints_words_first_and_json_and_writes_a_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = ["evaluate", "nwl_pilot", "--programme", "case", "--years", "1", "--scale", "0.03", "--workers", "1"]
    line += ["--replications", "2", "--months", "7", "--claimed", "304/2,320"]
    assert cli.main(line) == 0
    shown = capsys.readouterr().out
    assert shown.index("A before-and-after study would have reported") < shown.index("finds an effect")
    assert cli.main([*line, "--json", "--html", str(tmp_path / "page.html")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {row["method"] for row in answer["summary"]} == set(METHODS)
    assert len(answer["avoided"]) > len(METHODS)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(method.title in page for method in METHODS.values())
    assert answer["sentences"][0] in page
    assert page.count("data:image/svg+xml") == 2
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("option", "given"), [("--claimed", "304"), ("--claimed", "2320/304"), ("--claimed", "1.1.1/5"), ("--group", "75+")]
)
def test_a_wrong_option_is_explained(option: str, given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["evaluate", "nwl_pilot", option, given])
    assert given in capsys.readouterr().err
