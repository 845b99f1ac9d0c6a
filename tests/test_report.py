"""The page: answers on its first screen, needs nothing from anywhere, and cannot be broken into by a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.files.reading import load_scenario
from sim.pages.headline import headline
from sim.pages.report import page, write_report
from sim.results import Results
from sim.scenario import Claim, Scenario
from tests.made_results import Values, made

STROKE = load_scenario("stroke_units")
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' & <b>"
VALUES: Values = {
    ("acute_beds_occupied", "all"): ([30.0, 31.0, 32.0], [28.9, 30.0, 30.8]),
    ("acute_occupancy", "all"): ([0.91, 0.93, 0.95], [0.88, 0.90, 0.89]),
    ("delayed_overnight", "all"): ([5.0, 7.0, 6.0], [2.0, 3.5, 3.0]),
    ("waiting", "rehab_north"): ([2.0, 2.2, 1.9], [9.1, 9.4, 9.0]),
}


def results_of(scenario: Scenario = STROKE, values: Values = VALUES, periods: Sequence[str] = ("all",)) -> Results:
    return made(scenario, values, periods)


RESULTS = results_of(periods=("all", "week 1", "week 2", "week 3"))
PAGE = page(RESULTS)
NO_CHARTS: Values = {key: both for key, both in VALUES.items() if key[0] != "waiting"}


class Tags(HTMLParser):
    """Tags and attributes of a page, and its text outside <style>."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs] or [(tag, "", "")]
        if tag not in ("meta", "img", "br", "path", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


def test_tags_are_closed_in_order() -> None:
    assert Tags(PAGE).open == []


def test_nothing_is_fetched_and_no_script_runs() -> None:
    tags = Tags(PAGE)
    for tag, name, value in tags.attributes:
        assert tag not in ("script", "link", "iframe", "object", "base")
        assert not name.startswith("on")
        if name in ("src", "href", "srcset", "action", "data"):
            assert value.startswith(("data:image/svg+xml;base64,", "#")), value
    assert not re.search(r"url\(|@import", PAGE)
    assert "default-src 'none'" in PAGE
    assert "http://" not in PAGE.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_it_is_small_enough_to_send() -> None:
    assert len(PAGE.encode()) < 3_000_000


def test_the_first_screen_is_title_question_and_three_sentences() -> None:
    text = "".join(Tags(PAGE).words)
    answer = headline(RESULTS)
    said = (STROKE.name, STROKE.question, *answer.sentences, "All arrivals simulated, 3 years", "What is claimed")
    places = [text.index(words) for words in said]
    assert places[1:] == sorted(places[1:])


def test_it_is_made_for_phones_and_keyboards_and_paper() -> None:
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in PAGE
    assert "focus-visible" in PAGE
    assert "@media print" in PAGE
    images = {value for tag, name, value in Tags(PAGE).attributes if tag == "img" and name == "class"}
    assert images == {"wide", "narrow"}
    alternatives = [value for tag, name, value in Tags(PAGE).attributes if (tag, name) == ("img", "alt")]
    assert len(alternatives) == 6
    assert all(alternatives)


def test_a_hostile_name_is_only_text() -> None:
    claim = Claim(text=HOSTILE, measure="acute_beds_occupied", change=-4, source=HOSTILE)
    place = STROKE.place.model_copy(update={"name": HOSTILE, "decisions": (HOSTILE,)})
    pools = dict(place.pools)
    pools["rehab_north"] = pools["rehab_north"].model_copy(update={"title": HOSTILE})
    stages = dict(place.stages)
    stages["rehab"] = stages["rehab"].model_copy(update={"title": HOSTILE})
    place = place.model_copy(update={"pools": pools, "stages": stages})
    used = tuple(each.model_copy(update={"name": HOSTILE, "what": HOSTILE}) for each in STROKE.interventions)
    update = {"name": HOSTILE, "question": HOSTILE, "place": place, "interventions": used, "claims": (claim,)}
    results = results_of(STROKE.model_copy(update=update))
    results.provenance["command"] = HOSTILE
    text = page(results)
    tags = Tags(text)
    assert tags.open == []
    assert not {"script", "b"} & {tag for tag, _, _ in tags.attributes}
    assert not any(name.startswith("on") for _, name, _ in tags.attributes)
    assert "".join(tags.words).count(HOSTILE) >= 6


@pytest.mark.parametrize(
    ("with_plan", "verdict"),
    [
        ([20.0, 21.2, 22.1], "Yes"),
        ([29.0, 30.1, 30.9], "No"),
        ([25.0, 28.0, 28.5], "Cannot tell"),
    ],
)
def test_the_verdict_is_said_in_a_word_a_mark_and_a_class(with_plan: list[float], verdict: str) -> None:
    claim = Claim(text="Four beds fewer.", measure="acute_beds_occupied", change=-4)
    values = dict(NO_CHARTS) | {("acute_beds_occupied", "all"): ([30.0, 31.0, 32.0], with_plan)}
    text = page(results_of(STROKE.model_copy(update={"claims": (claim,)}), values))
    mark = {"Yes": "✓", "No": "✗", "Cannot tell": "?"}[verdict]
    assert f"<span aria-hidden='true'>{mark}</span> {verdict}:</strong>" in text
    assert f"class='answer {verdict.lower().replace(' ', '-')}'" in text
    assert ("✓ holds" in text) == (verdict == "Yes")


def test_a_difference_within_luck_is_called_unclear() -> None:
    values = dict(NO_CHARTS) | {("delayed_overnight", "all"): ([5.0, 7.0, 6.0], [6.0, 5.5, 6.5])}
    text = page(results_of(values=values))
    row = text[text.index("Delayed overnight<small>patients") :]
    assert "no clear change" in row[: row.index("</tr>")]


def test_one_repetition_and_no_claims_and_no_plan_still_give_a_page() -> None:
    once: Values = {key: (both[0][:1], both[1][:1]) for key, both in VALUES.items()}
    assert "Cannot tell what gives first" in page(results_of(values=once))
    bare = STROKE.model_copy(update={"claims": (), "interventions": ()})
    results = results_of(bare, {key: (both[0], ()) for key, both in VALUES.items()})
    text = "".join(Tags(page(results)).words)
    assert "this is the place as it is" in text
    assert "This scenario claims nothing." in text


def test_assumptions_come_before_numbers_with_a_source() -> None:
    text = PAGE[PAGE.index("Assumptions and sources</h2>") :]
    assert text.index("assumptions: nobody has measured these here") < text.index("numbers with a source")
    assert "place.stages.rehab.length_of_stay" in text


def test_it_says_how_to_get_the_numbers_again() -> None:
    made_by = RESULTS.provenance
    for said in (made_by["scenario_sha256"], made_by["command"], made_by["carepath"]):
        assert said in PAGE


def test_the_page_is_written_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    write_report(RESULTS, path)
    assert path.read_text(encoding="utf-8") == PAGE
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written here"):
        write_report(results_of(values=NO_CHARTS), tmp_path / "file" / "page.html")
