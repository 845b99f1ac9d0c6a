"""The proof holds here, finds what is wrong, and says so in its exit code."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from sim import cli
from sim.commands.command import Command, scenario_of
from sim.commands.verify import tell
from sim.errors import NotProved
from sim.experiments.conservation import in_two_beds, lost_between, started_too_full, vanished
from sim.experiments.known_places import known_places
from sim.experiments.runner import arms_of
from sim.experiments.start_up import with_longer_warm_up
from sim.experiments.verify import (
    REPLICATIONS,
    STAY_DAYS,
    Check,
    carried_out,
    exact_answers,
    judged,
    replay,
    short,
    verify,
)
from sim.files.reading import load_scenario
from sim.log import StayLog
from sim.plans.plan import Plan
from tests.test_theory import WRONG

FEW = 8
"""Replications: with fewer, even the formula of another place would pass for luck."""


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    return verify(load_scenario("stroke_units"), replications=FEW)


@pytest.fixture(scope="module")
def arm() -> tuple[Plan, list[StayLog]]:
    arms = arms_of(short(load_scenario("nwl_pilot")))
    return arms.baseline, replay(arms, "fast")["baseline"]


def test_everything_holds(checks: list[Check]) -> None:
    assert [check for check in checks if not check.holds] == []
    kinds = {check.of for check in checks}
    assert {"engines equal", "conservation", "random numbers", "Erlang C", "Little's law", "start-up"} <= kinds


def test_a_table_comes_out_the_same_each_time(checks: list[Check]) -> None:
    known = known_places(STAY_DAYS)["Erlang B"]
    again = carried_out([exact_answers(known, "fast", FEW)])
    assert [check.simulated for check in again] == [check.simulated for check in checks if check.of == "Erlang B"]


def test_the_formula_of_a_place_slightly_different_is_refused(checks: list[Check]) -> None:
    """A bed more or less, stays or returns a little longer: each number, looked at among all the others."""
    of_theory = [check for check in checks if check.of in WRONG]
    assert {check.of for check in of_theory} == known_places(STAY_DAYS).keys()
    wrong = [replace(check, exact=WRONG[check.of][check.what]) for check in of_theory]
    others = [check for check in checks if check.of not in WRONG]
    found = [check for check in judged([*wrong, *others], FEW) if check.of in WRONG]
    assert [check for check in found if check.holds] == []


@pytest.mark.slow
def test_the_command_as_it_is_typed_proves_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify"]) == cli.FINE
    said = capsys.readouterr()
    verdicts = re.findall(r" holds$", said.out, flags=re.MULTILINE)
    assert f"{len(verdicts)} checks, all met." in said.out
    assert len(verdicts) >= 29
    assert f"over {REPLICATIONS} replications" in said.out
    for kind in ("engines equal", "conservation", "random numbers", *WRONG, "Little's law", "start-up"):
        assert re.search(rf"^ *{re.escape(kind)} ", said.out, flags=re.MULTILINE), kind
    assert said.err == ""


def test_the_more_numbers_are_looked_at_the_further_off_one_may_be() -> None:
    one = Check("theory", "a number", 1.0, 1.3, 0.1)
    alone, together = judged([one], 20), judged([one] * 20, 20)
    assert not alone[0].holds
    assert together[0].holds
    assert together[0].notices == pytest.approx(0.1 * together[0].limit)


def test_a_count_must_be_exact_and_nothing_may_be_unknown() -> None:
    assert judged([Check("engines equal", "columns", 0, 0)], 20)[0].holds
    assert not judged([Check("engines equal", "columns", 0, 1)], 20)[0].holds
    assert not judged([Check("theory", "a number", 1.0, float("nan"), float("nan"))], 20)[0].holds


def test_nobody_is_lost_in_a_real_log_and_a_loss_is_found(arm: tuple[Plan, list[StayLog]]) -> None:
    plan, pieces = arm
    assert lost_between(pieces) == vanished(plan, pieces) == in_two_beds(plan, pieces) == 0
    assert started_too_full(plan, pieces) == 0
    open_stays = {name: values[1:] for name, values in pieces[0].open.items()}
    assert lost_between([replace(pieces[0], open=open_stays), *pieces[1:]]) == 1
    elsewhere = {
        **pieces[0].ended,
        "goes_to": np.where(pieces[0].ended["goes_to"] >= 0, len(plan.names.stages) - 1, -1),
    }
    assert vanished(plan, [replace(pieces[0], ended=elsewhere), *pieces[1:]]) > 0
    assert started_too_full(plan._replace(capacity=plan.capacity // 2), pieces) > 0
    later = {**pieces[0].ended, "left": np.where(pieces[0].ended["left"] >= 0, pieces[-1].until_minute, -1)}
    assert in_two_beds(plan, [replace(pieces[0], ended=later), *pieces[1:]]) > 0


def test_a_place_that_starts_from_a_count_has_no_start_to_forget() -> None:
    assert with_longer_warm_up(load_scenario("discharge_to_assess_localities")) is None


def test_a_scale_that_is_asked_for_is_kept_and_otherwise_it_is_small() -> None:
    scenario = load_scenario("nwl_pilot", {"run.scale": "0.2"})
    assert (short(scenario).run.scale, short(scenario, at_its_scale=True).run.scale) == (0.05, 0.2)
    asked = cli.parser().parse_args(["verify", "--scale", "0.01"])
    assert scenario_of(asked).run.scale == 0.01


def test_what_does_not_hold_is_named_and_ends_in_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = judged([Check("Erlang C", "share who wait", 0.53, 0.6, 0.01), Check("engines equal", "columns", 0, 0)], 20)

    def run(asked: argparse.Namespace) -> None:
        tell(asked, wrong)

    command = Command("proof", "Tells what does not hold.", "carepath proof", lambda _: None, run)
    monkeypatch.setattr(cli, "COMMANDS", (command,))
    assert cli.main(["proof"]) == cli.FAULT
    said = capsys.readouterr()
    assert "DOES NOT HOLD" in said.out
    assert "1 of 2 checks not met: Erlang C, share who wait" in said.err
    assert cli.main(["proof", "--json"]) == cli.FAULT
    answer = json.loads(capsys.readouterr().out)
    assert answer["holds"] is False
    assert [check["holds"] for check in answer["checks"]] == [False, True]


def test_what_holds_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell(argparse.Namespace(json=False), judged([Check("Erlang C", "share who wait", 0.53, 0.531, 0.01)], 20))
    assert "1 check, all met" in capsys.readouterr().out
    with pytest.raises(NotProved):
        tell(argparse.Namespace(json=True), judged([Check("Erlang C", "share who wait", 0.53, 0.7, 0.01)], 20))
