"""Claims put to the test over many futures: known answers, one function of the seed, and what is said."""

from __future__ import annotations

import datetime as dt
import signal
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, stats

from sim.cli import main
from sim.errors import InputError
from sim.experiments import deciders, known_places, verdicts
from sim.experiments.answers import Answer, Answers, Decider, Enough, read_answers
from sim.experiments.ask import ask, looks_of
from sim.experiments.futures import kept
from sim.experiments.runner import arms_of, replication, run, tallies
from sim.experiments.spread import Spread
from sim.experiments.tested import Asked, levels
from sim.experiments.what_is_enough import at_values, crossing
from sim.files.choices import with_choice
from sim.files.reading import load_scenario
from sim.pages.claim import claims_page
from sim.pages.claim_words import caveats, evidence, in_words, number_in_words
from sim.results import BASELINE, PLAN
from sim.scenario import BreakEven, Claim, Evidence, Scenario

ALONE = Spread(workers=1)
LOAD, LIMIT = 12.0, 12
STAY_DAYS = 0.05
EXACT = float(stats.poisson.cdf(LIMIT, LOAD))
"""Chance that no more are in beds of which there are enough for everybody: the number is Poisson."""
MOST_STANDARD_ERRORS = 3.5


def ward(days: int = 1, spread: float = 1.0, **claim: object) -> Scenario:
    """A ward without limit and one claim: at its one measured midnight no more than LIMIT people are in bed."""
    place = known_places.ward(LOAD, None, STAY_DAYS)
    place["stages"]["ward"] |= {"acute": True, "overnight": True}
    rate = LOAD / STAY_DAYS
    number = {"value": rate, "low": rate / spread, "high": rate * spread} if spread > 1 else rate
    place["plain_arrivals"]["people"]["per_day"] = number
    locality = {"name": "Town", "share": 1}
    given = {"text": "There is room.", "measure": "acute_beds_occupied", "at_most": LIMIT} | claim
    return Scenario.model_validate(
        {
            "name": "A ward",
            "question": "Is there room?",
            "place": {"name": "known", "what": "Theory knows its answers.", "localities": [locality], **place},
            "claims": [given],
            "run": {"starts": dt.date(2026, 1, 5), "warm_up_days": 2, "years": days / 365},
        }
    )


def seeded(scenario: Scenario, seed: int) -> Scenario:
    return scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": seed})})


def only(answers: Answers) -> Answer:
    (answer,) = answers.answers
    return answer


# -- a claim whose probability is known ----------------------------------------------------------------------------


def mixture(spread: float) -> float:
    """The same chance where the rate is lognormal with 95% of what it may be within a factor."""
    sigma = np.log(spread) / stats.norm.ppf(0.975)
    chance = integrate.quad(
        lambda z: stats.norm.pdf(z) * stats.poisson.cdf(LIMIT, LOAD * np.exp(sigma * z)), -8, 8, epsabs=1e-10
    )
    return float(chance[0])


def exact_coverage(chance: float, futures: int) -> float:
    """How often the interval of so many futures covers a chance (Wilson's is near 95%, not at it)."""
    counts = np.arange(futures + 1)
    ends = [verdicts.wilson(count, futures) for count in counts]
    covers = np.array([low <= chance <= high for low, high in ends])
    return float(stats.binom.pmf(counts, futures, chance) @ covers)


def few(repeats: int, chance: float) -> float:
    """How far a share of so many repeats may be from its chance."""
    return MOST_STANDARD_ERRORS * (chance * (1 - chance) / repeats) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 1.5])
def test_the_interval_covers_a_known_probability_at_the_nominal_rate(spread: float) -> None:
    """200 repeats of the whole experiment, each with its own seed; with an uncertain rate and without.

    Draws of the rate are spread evenly, so with it the interval covers at least as often.
    """
    repeats, futures, exact = 200, 25, EXACT if spread == 1 else mixture(spread)
    found = [only(ask(seeded(ward(spread=spread), seed), ALONE, futures=futures)).holds for seed in range(repeats)]
    covered = np.mean([(each.low or 0) <= exact <= (each.high or 1) for each in found])
    nominal = exact_coverage(exact, futures)
    assert covered >= nominal - few(repeats, nominal)
    assert spread > 1 or covered <= nominal + few(repeats, nominal)
    assert np.mean([each.share for each in found]) == pytest.approx(exact, abs=few(repeats * futures, exact))


def test_the_interval_covers_a_known_probability() -> None:
    """The same from midnights twenty stays apart, 50 of them a repeat: the number in bed is Poisson at each."""
    scenario, repeats, futures = ward(days=5000), 200, 50
    counts = []
    for number in range(2):
        (tally,) = tallies(arms_of(scenario), number, (BASELINE,)).values()
        counts.append(tally.by_day()["acute_at_midnight"][1].sum(axis=(0, 1, 2)))
    holds = (np.concatenate(counts) <= LIMIT).reshape(repeats, futures).sum(axis=1)
    found = [verdicts.share(float(count), futures) for count in holds]
    nominal = exact_coverage(EXACT, futures)
    assert np.mean([(each.low or 0) <= EXACT <= (each.high or 1) for each in found]) == pytest.approx(
        nominal, abs=few(repeats, nominal)
    )
    other = float(stats.poisson.cdf(LIMIT, 1.25 * LOAD))  # a ward a quarter fuller: the test can fail
    assert np.mean([(each.low or 0) <= other <= (each.high or 1) for each in found]) < 0.5


def test_what_is_enough_is_found() -> None:
    """So many come that in half of futures no more than LIMIT are in bed: the median of a Poisson number."""
    lever = "place.plain_arrivals.people.per_day"
    asked = ward(break_even={"lever": lever, "low": 160, "high": 400})
    found = only(ask(asked, ALONE, futures=36)).enough
    assert found is not None
    exact = optimize.brentq(lambda load: stats.poisson.cdf(LIMIT, load) - 0.5, 8, 16) / STAY_DAYS
    assert found.value_low is not None
    assert found.value_high is not None
    assert found.value_low <= exact <= found.value_high
    assert found.value == pytest.approx(exact, rel=0.1)
    assert found.futures == 36
    assert [share for _, share in found.shares] == sorted((share for _, share in found.shares), reverse=True)


def test_claims_that_name_one_number_share_its_runs_and_find_what_each_finds_alone() -> None:
    costs = {"text": "It pays.", "measure": "delayed_overnight", "change_per_cent": -30}
    asked = stroke(ENOUGH, BEDS, {**costs, "break_even": ENOUGH["break_even"]})
    told: list[int] = []
    both = ask(asked, Spread(1, progress=lambda done, of: told.append(of)), futures=6)
    assert set(told) == {6 + 50}
    for number in (1, 3):
        assert only(ask(asked, ALONE, futures=6, claims=(number,))) == both.answers[number - 1]
        assert both.answers[number - 1].enough is not None
    assert both.answers[1].enough is None


@pytest.mark.parametrize("lever", ["interventions.0.beds.0.add", "place.pools.rehab_north.capacity"])
def test_values_of_a_number_are_run_side_by_side_as_each_alone(lever: str) -> None:
    scenario = stroke(BEDS, ROOM)
    values, given = (5.0, 11.0), BreakEven(lever=lever)
    found = at_values(scenario, given, values, {}, 1)
    for value, rows in zip(values, found, strict=True):
        arms = arms_of(with_choice(scenario, lever, value), {"acute_beds_occupied", "acute_occupancy"})
        alone = kept(scenario.claims, replication(arms, 1, arms.names))
        expected = alone[alone["arm"] == PLAN] if lever.startswith("interventions") else alone
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), expected.reset_index(drop=True), check_exact=True)


# -- one function of scenario and seed -----------------------------------------------------------------------------


SHORT = {"run.years": "0.1", "run.warm_up_days": "0"}


def stroke(*claims: dict[str, object]) -> Scenario:
    scenario = load_scenario("stroke_units", SHORT)
    given = tuple(Claim.model_validate(claim) for claim in claims)
    return scenario.model_copy(update={"claims": given or scenario.claims})


BEDS = {"text": "Beds fall by four.", "measure": "acute_beds_occupied", "change": -4}
ROOM = {"text": "There is room.", "measure": "acute_occupancy", "at_most": 0.9, "on_days": 0.5}
EXPECTED = {"text": "It falls.", "measure": "delayed_overnight", "change_per_cent": -1, "which": "expectation"}
ENOUGH = {**BEDS, "break_even": {"lever": "interventions.0.beds.0.add", "low": 0, "high": 40}}


@cache
def asked_once() -> Answers:
    return ask(stroke(BEDS, ROOM, EXPECTED), ALONE, futures=6)


def test_the_answer_depends_on_scenario_and_seed_alone() -> None:
    two = ask(stroke(BEDS, ROOM, EXPECTED), Spread(workers=2), futures=6)
    assert two.answers == asked_once().answers
    fewer = ask(stroke(BEDS, ROOM, EXPECTED), ALONE, futures=4, claims=(2,))
    assert only(fewer).number == 2
    assert only(fewer).by_future == asked_once().answers[1].by_future[:4]


def test_a_future_is_a_replication_that_draws_its_numbers() -> None:
    """The same values as ``run --uncertain`` finds."""
    scenario = stroke(BEDS).model_copy(update={"run": stroke().run.model_copy(update={"replications": 4})})
    table = levels(scenario.claims[0], run(scenario, ALONE, uncertain=True).measures)
    assert asked_once().answers[0].by_future[:4] == pytest.approx(table.plan - table.baseline)


def test_what_was_found_can_be_kept_and_read(tmp_path: Path) -> None:
    asked_once().write(tmp_path / "there" / "answers.json")
    assert read_answers(tmp_path / "there" / "answers.json") == asked_once()
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="not the answers that `carepath claim` keeps"):
        read_answers(tmp_path / "other.json")


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(InputError, match="there is no claim 3; the scenario has 2"):
        ask(stroke(), ALONE, claims=(1, 3))
    with pytest.raises(InputError, match="this scenario claims nothing"):
        ask(load_scenario("england_baseline"), ALONE)


@pytest.mark.usefixtures("keyboard")
@pytest.mark.parametrize(
    ("at", "said", "futures"),
    [
        (3, "interrupted after 2 of 6 futures", 2),
        (8, "interrupted while looking for what is enough", 6),
    ],
)
def test_interrupted_it_answers_from_what_is_done(at: int, said: str, futures: int) -> None:
    def interrupt(done: int, of: int) -> None:
        if done == at:
            signal.raise_signal(signal.SIGINT)

    found = ask(stroke(ENOUGH), Spread(1, progress=interrupt), futures=6)
    assert found.cut_short == said
    assert only(found).holds.futures == futures
    assert only(found).enough is None
    assert any(said.capitalize() in line for line in caveats(found))


# -- verdicts ------------------------------------------------------------------------------------------------------


def test_the_interval_is_that_of_wilson() -> None:
    for holds, futures in ((0, 20), (3, 200), (10, 10)):
        found = stats.binomtest(holds, futures).proportion_ci(0.95, method="wilson")
        assert verdicts.wilson(holds, futures) == pytest.approx((found.low, found.high), abs=1e-12)


@pytest.mark.parametrize(
    ("holds", "futures", "luck", "said"),
    [
        (3, 200, None, ("not supported", None)),
        (160, 200, None, ("supported", None)),
        (200, 400, 0.2, ("cannot tell", "data")),
        (200, 400, 0.8, ("cannot tell", "luck")),
        (10, 20, 0.2, ("cannot tell", "runs")),
        (267, 400, None, ("cannot tell", "close")),
        (0, 0, None, ("cannot tell", "nothing")),
    ],
)
def test_a_verdict_and_what_would_settle_it(
    holds: int, futures: int, luck: float | None, said: tuple[str, str]
) -> None:
    found = verdicts.verdict(verdicts.share(holds, futures), 2 / 3, 0.95, luck)
    assert found[:2] == said
    if found.settled_by == "runs":
        assert found.needed is not None
        low, high = verdicts.wilson(holds / futures * found.needed, found.needed)
        assert not low <= 1 / 3 <= high
        assert not low <= 2 / 3 <= high
        assert found.needed > futures


def test_looks() -> None:
    assert looks_of(None, 400) == (100, 200, 400)
    assert looks_of(None, 500) == (100, 200, 400, 500)
    assert looks_of(None, 50) == (50,)
    assert looks_of(7) == (7,)


def test_luck_is_taken_out_of_an_expectation() -> None:
    """Expectations are normal and half of what differs is luck; the plain mean of two repetitions spreads too much."""
    rng, futures, repeats = np.random.default_rng(5), 200, 60
    said = Asked("at_most", 1.0, is_upper_limit=True)
    exact, shares, plain, covered = float(stats.norm.cdf(1)), [], [], []
    for _ in range(repeats):
        middle = rng.normal(size=futures)
        one, two = (middle + rng.normal(size=futures) for _ in range(2))
        found = verdicts.share_of_expectations(said, one, two, 0.95)
        shares.append(found.share)
        plain.append(float(((one + two) / 2 <= 1).mean()))
        covered.append((found.low or 0) <= exact <= (found.high or 1))
    assert np.mean(shares) == pytest.approx(exact, abs=0.01)
    assert np.mean(plain) < exact - 0.03
    assert np.mean(covered) >= 0.95 - few(repeats, 0.95)


# -- what decides it -----------------------------------------------------------------------------------------------


def test_the_numbers_that_decide_are_found_and_no_others() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.lognormal(size=(200, 60))
    value = np.log(drawn[:, 7]) - 0.7 * np.log(drawn[:, 33]) + rng.normal(size=200)
    found = deciders.ranked(drawn, value, 1)
    assert found.beyond_noise[:2] == (7, 33)
    assert found.correlation[0] > 0 > found.correlation[1]
    false = [len(deciders.ranked(drawn, rng.normal(size=200), seed).beyond_noise) > 0 for seed in range(100)]
    assert np.mean(false) <= 0.05 + few(100, 0.05)
    assert deciders.ranked(drawn, np.ones(200), 1).beyond_noise == ()
    assert deciders.ranked(drawn[:, :0], value, 1).beyond_noise == ()


def test_the_region_where_it_fails_is_found_and_none_where_there_is_none() -> None:
    rng = np.random.default_rng(2)
    drawn = rng.uniform(size=(400, 3))
    inside = (drawn[:, 0] > 0.6) & (drawn[:, 1] < 0.5)
    fails = np.where(inside, rng.uniform(size=400) < 0.9, rng.uniform(size=400) < 0.05)
    found = deciders.box(drawn, fails, (0, 1, 2))
    assert found is not None
    sides = {side.column: side for side in found.sides}
    assert sides.keys() == {0, 1}
    assert sides[0].low == pytest.approx(0.6, abs=0.07)
    assert sides[1].high == pytest.approx(0.5, abs=0.07)
    assert found.density > 0.8
    assert found.coverage > 0.75
    nothing = [deciders.box(drawn, rng.uniform(size=400) < 0.3, (0, 1, 2)) is not None for _ in range(40)]
    assert np.mean(nothing) < 0.5
    assert deciders.box(drawn, fails, ()) is None
    assert deciders.box(drawn, np.zeros(400, dtype=bool), (0, 1)) is None


def test_the_crossing_covers_the_value_at_which_half_hold() -> None:
    rng, values, covered = np.random.default_rng(3), np.linspace(0, 10, 5), []
    for seed in range(60):
        need = rng.normal(5, 2, size=50)
        at = crossing(values, values[None, :] - need[:, None], seed)
        covered.append(at.low <= 5 <= at.high)
    assert np.mean(covered) >= 0.95 - few(60, 0.95)
    falling = crossing(values, need[:, None] - values[None, :], 1)
    assert falling.value == pytest.approx(np.median(need), abs=0.3)
    assert crossing(values, values[None, :] - need[:, None] - 20, 1).value == np.inf
    assert crossing(values, values[None, :] - need[:, None] + 20, 1).value == -np.inf
    assert crossing(values, need[:, None] - values[None, :] - 20, 1).value == -np.inf
    assert np.isnan(crossing(values, np.empty((0, 5)), 1).value)


# -- what is said --------------------------------------------------------------------------------------------------


def with_share(holds: int, futures: int, **changes: object) -> Answers:
    """What was found once, with another share of futures."""
    share = verdicts.share(holds, futures)
    found = verdicts.verdict(share, 2 / 3, 0.95, 0.2)
    answer = asked_once().answers[0].model_copy(
        update={"holds": share, "verdict": found.verdict, "settled_by": found.settled_by,
                "futures_needed": found.needed, **changes}
    )  # fmt: skip
    return asked_once().model_copy(update={"answers": (answer,)})


def test_the_plain_words_come_first() -> None:
    lines = in_words(with_share(3, 200))
    assert lines[:2] == ["1. Beds fall by four.", "   Holds in 3 of 200 futures (0.5 to 4%): not supported."]
    assert lines[2] == "   Claimed: \N{MINUS SIGN}4 beds"
    assert lines[3].startswith("   Modelled: ")
    assert "95% of them); expected" in lines[3]
    assert any("what a future really brings, its luck included" in line for line in lines)
    assert in_words(with_share(200, 200))[1].endswith("Holds in 200 of 200 futures (98 to 100%): supported.")
    assert "about " in in_words(with_share(10, 20))[1]


def test_what_decides_what_is_enough_and_the_evidence_are_told() -> None:
    share = "place.stages.stroke_unit.routes.1.share.all"
    strong = Decider(
        path=share, correlation=0.8, is_beyond_noise=True, low=0.1, high=0.4, source="", is_assumption=True
    )
    reached = Enough(
        lever="interventions.0.beds.0.add", low=0, high=40, stated=3, value=21.23, value_low=15.0, value_high=None,
        shares=((0, 0.0), (40, 0.6)), futures=50,
    )  # fmt: skip
    known = (Evidence(says="It fell by two.", grade="matched control", source="Somebody 2020"),)
    claim = asked_once().answers[0].claim.model_copy(update={"evidence": known})
    told = "\n".join(in_words(with_share(200, 400, deciders=(strong,), enough=reached, claim=claim)))
    assert "only better data on “stroke unit, to early supported discharge, share”" in told
    assert "the more, the further from holding" in told
    assert "holds in half of 50 futures where what “Four more rehabilitation beds” adds to rehab north is 21.2" in told
    assert "(15 to beyond 40); the plan has 3" in told
    assert "Evidence: It fell by two (matched control, Somebody 2020)." in told
    never = reached.model_copy(update={"value": None, "value_low": None, "shares": ((0, 0.0), (40, 0.2))})
    said = "\n".join(in_words(with_share(3, 200, enough=never, deciders=())))
    assert "no value of what “Four more rehabilitation beds” adds to rehab north between 0 and 40 is enough: " in said
    assert "no uncertain number stands out of the noise of 200 futures" in said
    assert "Where: no region of the uncertain numbers stands out" in said
    lever = reached.model_copy(update={"lever": "interventions.0.levers.length_of_stay.ratio", "low": 0.6, "high": 1})
    fall = lever.model_copy(update={"stated": 0.9, "value": 0.876, "value_low": None, "value_high": 0.9})
    said = "\n".join(in_words(with_share(3, 200, enough=fall)))
    assert "is 12.4% less (beyond 40% less to 10% less); the plan has 10% less" in said
    assert number_in_words("interventions.*.strength", stroke()) == "the strength of all programmes together"


def test_where_nobody_studied_the_claim_what_the_plan_rests_on_is_told() -> None:
    case = load_scenario("regression_to_the_mean")
    claim = case.claims[0].model_copy(update={"evidence": ()})
    none, rests = evidence(claim, case)
    assert none == "No evidence found for this claim itself."
    assert "“Case management of people at high risk” rests on: matched control, Roland 2012" in rests
    assert "0.79" not in rests
    beds = load_scenario("step_up_beds")
    [said] = evidence(claim, beds)[1:]
    assert said.startswith("“Step-up beds”: Not sure: no study tells")
    [said] = evidence(claim, stroke())[1:]
    assert said.endswith("no effect is put in but the places, routes and hours it changes, without a source.")


def test_the_page_holds_every_claim_and_needs_nothing_else() -> None:
    page = claims_page(asked_once())
    for answer in asked_once().answers:
        assert page.count(f'id="claim-{answer.number}"') == 1
    assert page.count("<img") >= 6
    assert 'src="data:image/svg+xml' in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "nan" not in page.lower().replace("finan", "").replace("nanc", "")


def test_the_command_answers_and_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["claim", "stroke_units", "--claim", "2", "--futures", "3", "--years", "0.1", "--workers", "1"]
    assert main([*given, "--set", "run.warm_up_days=0", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "2. Stroke beds in use fall by four." in said
    assert "of 3 futures" in said
    kept = read_answers(tmp_path / "answers.json")
    assert only(kept).number == 2
    assert (tmp_path / "claims.html").exists()
    assert main(["claim", "stroke_units", "--claim", "9"]) == 2
