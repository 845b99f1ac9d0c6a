"""Runs in which every replication draws the uncertain numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError, RunError
from sim.experiments import runner
from sim.experiments.claims import claims_in_words, claims_table, included
from sim.experiments.runner import arms_of, drawn_replication, replication, run, simulated
from sim.experiments.spread import Spread
from sim.files.reading import load_scenario
from sim.identity import fingerprint
from sim.pages.headline import headline, standing
from sim.results import BASELINE, PLAN, Results
from sim.scenario import Scenario
from sim.space import draw, unknown, with_values

SHORT = {"run.years": "0.1", "run.warm_up_days": "0", "run.replications": "4"}


def stroke(**changes: str) -> Scenario:
    return load_scenario("stroke_units", SHORT | {name.replace("__", "."): value for name, value in changes.items()})


def drawn(scenario: Scenario, number: int, again: int = 0) -> list[float]:
    found: list[float] = draw(unknown(scenario), number + 1, scenario.run.seed, again)[number].tolist()
    return found


def by_draw(scenario: Scenario, number: int, again: int = 0) -> pd.DataFrame:
    """What a replication with a draw must be, worked out step by step."""
    names = [each.name for each in unknown(scenario)]
    arms = arms_of(with_values(scenario, dict(zip(names, drawn(scenario, number, again), strict=True))))
    return replication(arms, number, arms.names)


def test_one_draw_a_replication_whatever_the_workers() -> None:
    one = run(stroke(), Spread(workers=1), uncertain=True)
    two = run(stroke(), Spread(workers=2), uncertain=True)
    pd.testing.assert_frame_equal(one.measures, two.measures, check_exact=True)
    assert one.provenance["uncertain"] == {"numbers": len(unknown(stroke())), "drawn_again": 0}
    names = [each.name for each in unknown(stroke())]
    rows = [fingerprint(dict(zip(names, drawn(stroke(), number), strict=True))) for number in range(4)]
    assert one.provenance["rows_sha256"] == rows
    assert len(set(rows)) == 4
    third = one.measures[one.measures["replication"] == 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(third, by_draw(stroke(), 3), check_exact=True)
    fewer = run(stroke(run__replications="2"), Spread(workers=1), uncertain=True).measures
    pd.testing.assert_frame_equal(fewer, one.measures[one.measures["replication"] < 2], check_exact=True)


def test_numbers_as_stated_give_the_run_as_stated() -> None:
    stated = [each.value for each in unknown(stroke())]
    table, again = drawn_replication(stroke(), stated, 1)
    arms = arms_of(stroke())
    assert again == 0
    pd.testing.assert_frame_equal(table, replication(arms, 1, arms.names), check_exact=True)
    assert not table.equals(by_draw(stroke(), 1))


def test_both_arms_have_the_same_draw() -> None:
    scenario = stroke()
    (given,) = scenario.interventions
    ramp = given.ramp.model_copy(update={"starts": dt.date(2040, 1, 1)})
    never = given.model_copy(update={"ramp": ramp, "beds": given.beds[:0]})
    idle = scenario.model_copy(update={"interventions": (never,), "claims": ()})
    table, _ = drawn_replication(idle, drawn(idle, 2), 2)
    baseline, plan = (table[table["arm"] == arm]["value"].to_numpy() for arm in (BASELINE, PLAN))
    assert np.array_equal(baseline, plan, equal_nan=True)


def test_numbers_that_cannot_be_worked_out_are_drawn_again_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = stroke()
    senseless = [each.value if each.distribution != "logit_normal" else 7.0 for each in unknown(scenario)]
    table, again = drawn_replication(scenario, senseless, 1)
    assert again == 1
    pd.testing.assert_frame_equal(table, by_draw(scenario, 1, again=1), check_exact=True)
    monkeypatch.setattr(runner, "MOST_DRAWS", 1)
    with pytest.raises(RunError, match="1 draws of the uncertain numbers contradict themselves"):
        drawn_replication(scenario, senseless, 1)


def test_without_a_range_there_is_nothing_to_draw() -> None:
    scenario = stroke()
    fixed = {each.name: each.value for each in unknown(scenario)}
    ends = {f"{name}.{end}": str(value) for name, value in fixed.items() for end in ("low", "high")}
    with pytest.raises(InputError, match="no number of this scenario has a range"):
        run(load_scenario("stroke_units", SHORT | ends), uncertain=True)


# -- what is said --------------------------------------------------------------------------------------------------


def futures(*changes: float) -> Results:
    """Results of a run that drew its numbers, in which the beds blocked change by so many per cent."""
    where = {"measure": "delayed_overnight", "period": "all", "group": "all", "locality": "all", "of": "all"}
    measures = pd.DataFrame(
        [
            {**where, "value": value, "arm": arm, "replication": number}
            for number, change in enumerate(changes)
            for arm, value in ((BASELINE, 10.0), (PLAN, 10.0 + change / 10))
        ]
    )
    scenario = stroke()
    claims = claims_table(scenario.model_copy(update={"claims": scenario.claims[:1]}), measures, uncertain=True)
    made = {"scenario": scenario.model_dump(mode="json"), "uncertain": {"numbers": 20, "drawn_again": 2}}
    return Results(measures, claims, made)


def test_a_claim_is_judged_by_the_futures_it_holds_in() -> None:
    one = futures(*[-60.0] * 18, 900.0, 900.0).claims.iloc[0]
    assert (one["modelled_value"], one["holds_in"], one["replications"]) == (pytest.approx(-60), 18, 20)
    assert one["verdict"] == "holds in 18 of 20 futures (70 to 97% of all)"
    assert standing(one.to_dict()) == "holds"
    half = futures(*[-60.0] * 10, *[-40.0] * 10).claims.iloc[0]
    assert half["verdict"].startswith("cannot tell whether it holds in most: holds in 10 of 20 futures")
    assert standing(half.to_dict()) == "cannot tell"
    assert standing(futures(*[-40.0] * 20).claims.iloc[0].to_dict()) == "does not hold"


def test_the_answer_says_that_uncertainty_is_included() -> None:
    found = futures(*[-60.0] * 18, 900.0, 900.0)
    said = included(found.provenance)
    assert "its own draw of the 20 numbers that have a range" in said
    assert "is included" in said
    assert said.endswith("2 draws contradicted themselves and were drawn again.")
    lines = claims_in_words(found.claims, said)
    assert "modelled: -60 (" in lines[1]
    assert lines[1].endswith("per cent (the middle future, and 95% of them)")
    assert lines[-1] == said
    assert "20 numbers were drawn together" in headline(found).decides
    assert "the claim holds in 18 of 20 futures" in headline(found).holds


def test_the_answer_says_that_uncertainty_is_not_included() -> None:
    assert "not yet included" in included({})
    assert simulated(stroke()).endswith("4 replications")
    assert simulated(stroke(), uncertain=True).endswith("a draw of 20 uncertain numbers in each")
    assert simulated(stroke(), until_precise=True).endswith("replications until precise, at most 240")
