"""Every question that comes with carepath is put to the test, kept, taken up again, and shown on one page."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import pytest

from sim import cli
from sim.errors import InputError
from sim.experiments.answers import Answers
from sim.experiments.evaluate import read_kept
from sim.experiments.gallery import evaluations, hang, keep, questions, read_gallery
from sim.experiments.spread import Spread
from sim.pages.evaluation_words import in_words
from sim.pages.gallery import gallery_page

HERE = Spread(1)
ONLY = ("stroke_units", "discharge_to_assess_localities")


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Answers]]:
    folder = tmp_path_factory.mktemp("gallery")
    return folder, hang(short(), folder, 12, HERE, "carepath gallery --futures 12")


def short() -> dict[str, object]:
    """Two pathways without people, a fifth of a year each."""
    return {
        name: scenario.model_copy(update={"run": scenario.run.model_copy(update={"years": 0.2, "warm_up_days": 10})})
        for name, scenario in questions(ONLY, 0.2).items()
    }


def test_every_question_claims_something_and_says_who_claims_it() -> None:
    found = questions()
    assert len(found) > 25
    for name, scenario in found.items():
        for claim in scenario.claims:
            assert claim.text.endswith("."), (name, claim.text)
            assert claim.source, (name, claim.text)


def test_people_are_scaled_and_pathways_without_them_are_not() -> None:
    found = questions(("stroke_units", "nwl_pilot"), 0.2)
    assert [scenario.run.scale for scenario in found.values()] == [1.0, 0.2]


def test_a_name_there_is_not_is_answered_with_one_there_is() -> None:
    with pytest.raises(InputError, match="did you mean `nwl_pilot`"):
        questions(("nwl_pilt",))
    with pytest.raises(InputError, match="none of these scenarios claims anything"):
        questions(("england_baseline",))


def test_what_is_kept_is_not_run_again(hung: tuple[Path, dict[str, Answers]]) -> None:
    folder, found = hung
    told: list[tuple[int, int]] = []
    again = hang(short(), folder, 12, Spread(1, progress=lambda done, of: told.append((done, of))))
    assert again == found
    assert told == [(24, 24)]


def test_another_number_of_futures_is_run(hung: tuple[Path, dict[str, Answers]], tmp_path: Path) -> None:
    folder, found = hung
    name = ONLY[0]
    (tmp_path / f"{name}.json").write_text((folder / f"{name}.json").read_text())
    more = hang({name: short()[name]}, tmp_path, 14, HERE)[name]
    assert more.looks == (14,)
    assert more.answers[1].by_future[:12] == found[name].answers[1].by_future


def test_the_gallery_that_is_kept_says_the_same(hung: tuple[Path, dict[str, Answers]], tmp_path: Path) -> None:
    found = hung[1]
    keep(found, tmp_path / "gallery.json")
    kept = read_gallery(tmp_path / "gallery.json")
    for name in ONLY:
        assert [each.holds for each in kept[name].answers] == [each.holds for each in found[name].answers]
        assert kept[name].answers[0].by_future == pytest.approx(found[name].answers[0].by_future, rel=1e-4)
        assert kept[name].provenance["command"] == "carepath gallery --futures 12"
    (tmp_path / "gallery.json").write_text("[]")
    with pytest.raises(InputError, match="is not a gallery"):
        read_gallery(tmp_path / "gallery.json")


def test_break_even_is_looked_for_where_it_is_asked_for(hung: tuple[Path, dict[str, Answers]], tmp_path: Path) -> None:
    folder, before = hung
    name = ONLY[0]
    assert before[name].answers[0].enough is None
    assert "not looked for here" in gallery_page(before)
    (tmp_path / f"{name}.json").write_text((folder / f"{name}.json").read_text())
    found = hang({name: short()[name]}, tmp_path, 12, HERE, tried=4)
    enough = found[name].answers[0].enough
    assert enough is not None
    assert enough.futures == 4
    assert found[name].answers[0].by_future == before[name].answers[0].by_future
    assert found[name].answers[1] == before[name].answers[1]
    assert hang({name: short()[name]}, tmp_path, 12, HERE, tried=4) == found
    page = gallery_page(found)
    assert "Break-even: what would be enough" in page
    assert "not looked for here" not in page


def test_the_page_tells_what_stands_behind_each_claim(hung: tuple[Path, dict[str, Answers]]) -> None:
    page = gallery_page(hung[1])
    claims = sum(len(answers.answers) for answers in hung[1].values())
    for label in ("What decides it", "Where", "Evidence", "Tested as"):
        assert page.count(f"<dt>{label}</dt>") == claims, label
    assert "No evidence found for this claim itself." in page


def test_an_evaluation_is_kept_and_shown_with_its_question(
    hung: tuple[Path, dict[str, Answers]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, question = tmp_path / "kept.json", "nwl_first_year"
    line = ["evaluate", question, "--programme", "case_management", "--measure", "pilot_admissions", "--years", "2"]
    line += ["--scale", "0.02", "--replications", "2", "--months", "7", "--workers", "1", "--keep", str(kept)]
    assert cli.main(line) == 0
    assert f"Written: {kept}." in capsys.readouterr().out
    found, made = read_kept(kept)
    assert made["replications"] == 2
    assert set(found.falls["fall"]) == {6.6}
    page = gallery_page(hung[1], {ONLY[0]: (found, made)})
    assert "What studies of “Case management of people at high risk” would have reported" in page
    for sentence in in_words(found):
        assert escape(sentence) in page
    kept.write_text("{}")
    with pytest.raises(InputError, match="is not what `carepath evaluate --keep` writes"):
        read_kept(kept)


def test_the_evaluation_that_comes_with_carepath_belongs_to_its_question() -> None:
    found, made = evaluations(questions())["nwl_first_year"]
    assert found.programme == "Case management of people at high risk"
    assert made["replications"] == 24
    assert made["command"].startswith("carepath evaluate nwl_first_year ")
    assert len(found.falls)


def test_the_page_answers_each_question(hung: tuple[Path, dict[str, Answers]]) -> None:
    page = gallery_page(hung[1])
    for answers in hung[1].values():
        assert escape(answers.scenario) in page
        for answer in answers.answers:
            assert escape(answer.claim.text) in page
            assert answer.verdict in page
    assert "futures" in page
    assert "carepath gallery --futures 12" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_the_command_writes_page_and_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["gallery", "--only", "stroke_units", "--futures", "3", "--into", str(tmp_path), "--workers", "1", "--json"]
    assert cli.main(line) == 0
    said = json.loads(capsys.readouterr().out)
    assert {claim["verdict"] for claim in said["claims"]["stroke_units"]} <= {
        "supported", "not supported", "cannot tell",
    }  # fmt: skip
    assert (tmp_path / "gallery.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert read_gallery(tmp_path / "gallery.json")
    assert cli.main(["gallery", "--scale", "2", "--into", str(tmp_path)]) == 2
    assert "'2' is not a share above 0" in capsys.readouterr().err
