"""Readiness: a questionnaire that slows a programme down or weakens it, by stated assumptions and by nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main
from sim.errors import InputError
from sim.files.reading import load_readiness, load_scenario
from sim.pages.readiness_words import questionnaire, readiness_in_words
from sim.plans.compile import compile_plan
from sim.readiness import DOMAINS, Readiness, fidelity, half_time_ratio, level, missing, weakest
from sim.space import unknown

TESTS = Path(__file__).parent
SCENARIO = TESTS / "good_scenario.yaml"
ASSUMPTIONS = {
    "readiness.slow_down", "readiness.weakest_holds_back_share", "readiness.left_share_without_mechanism",
}  # fmt: skip


def answered(score: int = 3, answer: str = "true", **scores: int) -> str:
    """A questionnaire filled in: one score and one answer everywhere, some domains with a score of their own."""
    text = re.sub(r"(?m)^  score:$", f"  score: {score}", questionnaire("made up"))
    for domain, own in scores.items():
        text = re.sub(rf"(?ms)^({domain}:.*?^  score:) \d$", rf"\1 {own}", text)
    mechanisms = text.index("\nmechanisms:")
    checklist = re.sub(r"(?m)^  (\w+):$", rf"  \1: {answer}", text[:mechanisms])
    return checklist + re.sub(r"(?m)^  (\w+):$", r"  \1: true", text[mechanisms:])


def read(tmp_path: Path, text: str) -> Readiness:
    file = tmp_path / "my_place.yaml"
    file.write_text(text, encoding="utf-8")
    return load_readiness(file)


def test_an_empty_questionnaire_asks_for_every_answer_at_once(tmp_path: Path) -> None:
    file = tmp_path / "my_place.yaml"
    assert main(["readiness", "--new", str(file)]) == 0
    with pytest.raises(InputError) as caught:
        load_readiness(file)
    asked = [problem for problem in caught.value.problems if "has no value" in problem.what]
    questions = re.findall(r"(?m)^  \w+:$", file.read_text(encoding="utf-8"))
    assert len(asked) == len(questions) > 50
    assert all(problem.line for problem in asked)
    assert main(["readiness", "--new", str(file)]) == 2, "what is filled in is not written over"


def test_a_score_out_of_range_and_an_answer_in_words_are_refused(tmp_path: Path) -> None:
    wrong = answered(culture=6).replace("teamwork: true", "teamwork: perhaps")
    with pytest.raises(InputError) as caught:
        read(tmp_path, wrong)
    said = {problem.where: problem.what for problem in caught.value.problems}
    assert said == {
        "culture.score": "must be 5 or less, not 6",
        "mechanisms.teamwork": 'must be true or false, not "perhaps"',
    }


def test_the_stated_ramp_holds_half_way_and_is_twice_as_long_or_short_at_the_ends(tmp_path: Path) -> None:
    nothing, everything = read(tmp_path, answered(0, "false")), read(tmp_path, answered(5, "true"))
    assert (level(nothing), level(everything)) == (0, 1)
    assert (half_time_ratio(nothing), half_time_ratio(everything)) == (2, 0.5)
    half = read(tmp_path, answered(0, "true"))
    assert level(half) == 0.5
    assert half_time_ratio(half) == 1


def test_a_domain_at_nought_holds_back_all_the_rest(tmp_path: Path) -> None:
    best, held = read(tmp_path, answered(5)), read(tmp_path, answered(5, finance=0))
    assert fidelity(best) == 1
    assert fidelity(held) == pytest.approx(0.5)
    assert weakest(held) == ["finance"]
    end = held.model_copy(update={"weakest_holds_back_share": held.weakest_holds_back_share.model_copy(
        update={"value": held.weakest_holds_back_share.high})})  # fmt: skip
    assert fidelity(end) == 0


@pytest.mark.parametrize("lacking", ["clear_goals", "teamwork", "protocols_and_audit", "resources", "collaboration"])
def test_without_any_one_of_five_mechanisms_a_contract_does_nothing(tmp_path: Path, lacking: str) -> None:
    contract = read(tmp_path, answered(5).replace(f"{lacking}: true", f"{lacking}: false"))
    assert missing(contract) == [lacking]
    assert fidelity(contract) == 0
    assert any("Campbell 2004" in sentence for sentence in readiness_in_words(contract))


def test_the_answers_say_what_they_mean_and_that_it_is_an_assumption(tmp_path: Path) -> None:
    told = " ".join(readiness_in_words(read(tmp_path, answered(4, culture=1))))
    assert "29 of 40 points" in told
    assert "need 7 here (plausible: 4 to 11)" in told
    assert "60% of the stated effect is reached in the end (plausible: 20% to 100%)" in told
    assert "culture, with 1 of 5 points" in told
    assert "assumption" in told


def test_readiness_moves_ramp_and_fidelity_of_the_plan_and_nothing_else(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIO)
    ready = scenario.model_copy(update={"readiness": read(tmp_path, answered(4, culture=1))})
    before, after = compile_plan(scenario), compile_plan(ready)
    half_time, full, *rest = after.programme_ramp[0]
    assert half_time == pytest.approx(before.programme_ramp[0][0] * half_time_ratio(ready.readiness))  # type: ignore[arg-type]
    assert full == pytest.approx(0.6)
    assert rest == before.programme_ramp[0][2:].tolist()
    others: list[Any] = [name for name in before._fields if name not in ("names", "programme_ramp")]
    assert all((getattr(before, name) == getattr(after, name)).all() if hasattr(getattr(before, name), "all")
               else getattr(before, name) == getattr(after, name) for name in others)  # fmt: skip


def test_a_scenario_may_name_its_answers_and_they_are_uncertain(tmp_path: Path) -> None:
    read(tmp_path, answered())
    text = SCENARIO.read_text(encoding="utf-8").replace("run:", "readiness: my_place.yaml\nrun:")
    text = text.replace("good_", f"{TESTS}/good_")
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    scenario = load_scenario(tmp_path / "ours.yaml")
    assert scenario.readiness is not None
    assert scenario.readiness.name == "made up"
    found = {each.name: each for each in unknown(scenario)}
    assert found.keys() >= ASSUMPTIONS
    assert all(found[name].is_assumption and found[name].low < found[name].high for name in ASSUMPTIONS)
    assert not ASSUMPTIONS & {each.name for each in unknown(load_scenario(SCENARIO))}


def test_the_command_answers_in_words_and_in_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read(tmp_path, answered(2))
    assert main(["readiness", str(tmp_path / "my_place.yaml")]) == 0
    assert "16 of 40 points" in capsys.readouterr().out
    assert main(["readiness", str(tmp_path / "my_place.yaml"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["assumption"] is True
    assert sorted(told["weakest_domains"]) == sorted(DOMAINS)
    assert main(["explain", str(SCENARIO), "--readiness", str(tmp_path / "my_place.yaml")]) == 0
    assert "How ready the place is" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "my_place.yaml")]) == 0
    assert "made up: no problems" in capsys.readouterr().out
    assert main(["readiness"]) == 2
