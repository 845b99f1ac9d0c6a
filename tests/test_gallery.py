"""Every question that comes with carepath is put to the test, kept, taken up again, and shown on one page."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import pytest

from sim import cli
from sim.errors import InputError
from sim.experiments.answers import Answers
from sim.experiments.gallery import hang, keep, questions, read_gallery
from sim.experiments.spread import Spread
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
