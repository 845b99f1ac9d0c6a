"""One page of every question: asked, claimed beside modelled, the verdict, the evidence, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from types import MappingProxyType
from typing import Any

from sim.experiments.answers import Answer, Answers
from sim.experiments.evaluate import Evaluation
from sim.pages.claim import MARKS, OF_ALL, STANDS, enough_picture, summary
from sim.pages.claim_plots import futures_chart
from sim.pages.claim_words import behind, caveats, enough, held, numbers, scenario_of, verdict
from sim.pages.evaluation_words import falls_in_words, in_words
from sim.pages.page import Section, bullets, document, figure, picture, table_of, with_code
from sim.scenario import Scenario

Studied = tuple[Evaluation, Mapping[str, Any]]
"""What studies of a programme would have reported, and its provenance."""
WORDS = "Bars: how many futures bring which value; the table gives the range."
NOTE = "Dashed: what is claimed. Bars at either end hold what lies beyond them."


def gallery_page(found: Mapping[str, Answers], studied: Mapping[str, Studied] = MappingProxyType({})) -> str:
    """The page as HTML, with evaluations by the question they belong to; raises ValueError for an empty gallery."""
    if not found:
        raise ValueError("there is nothing to show: a gallery of no scenarios")
    scenarios = {name: scenario_of(answers) for name, answers in found.items()}
    sections: list[Section] = [
        (name, answers.scenario, system(answers, scenarios[name], studied.get(name))) for name, answers in found.items()
    ]
    first = next(iter(found.values()))
    sections.append(("limits", "What to know before quoting it", bullets([*caveats(first)[:1], *OF_ALL])))
    sections.append(("again", "How to get the same numbers again", _reproduce(found)))
    return document("Gallery: every claim, put to the test", _first_screen(found), sections, linked=found)


def _first_screen(found: Mapping[str, Answers]) -> str:
    rows = [
        (
            f"<a href='#{escape(name)}'>{escape(answers.scenario)}</a>",
            *(escape(str(count) if count else "") for count in _verdicts(answers.answers)),
        )
        for name, answers in found.items()
    ]
    claims = sum(len(answers.answers) for answers in found.values())
    heads = ("Question", *(f"{mark} {verdict}" for verdict, mark in MARKS.items()))
    return (
        "<h1>Every claim, put to the test</h1>"
        f"<p class='question'>{len(found)} questions planners were asked or asked themselves, and the {claims} claims "
        "made in them: as claimed, and as many futures of a simulated place show them.</p>"
        f"{table_of(heads, rows)}"
    )


def _verdicts(answers: tuple[Answer, ...]) -> list[int]:
    counted = Counter[str](answer.verdict for answer in answers)
    return [counted[verdict] for verdict in STANDS]


def system(found: Answers, scenario: Scenario, studied: Studied | None = None) -> str:
    """One question: what was found, every claim, a picture of the first one, and what others found."""
    said = scenario.what_we_found
    told = f"<div class='answer'><p><strong>What we found.</strong> {with_code(said)}</p></div>" if said else ""
    return (
        f"<p class='place'>{escape(found.place)}</p><p class='question'>{with_code(found.question)}</p>{told}"
        f"{summary(found.answers, scenario)}{_break_even(found.answers, scenario)}{_picture(found.answers[0])}"
        f"{_behind(found.answers, scenario)}"
        f"{_evaluated(studied) if studied else ''}{_put_in(scenario)}<p class='scale'>{escape(found.simulated)}</p>"
    )


def _picture(answer: Answer) -> str:
    drawn = picture(partial(futures_chart, answer), WORDS)
    return figure(f"{answer.claim.text} What {len(answer.by_future):,} futures bring", drawn, NOTE) if drawn else ""


def _break_even(answers: Sequence[Answer], scenario: Scenario) -> str:
    """What would be enough for the claims of which it was looked for."""
    rows = [
        (escape(f"{answer.number}. {answer.claim.text}"), escape(enough(answer, scenario)))
        for answer in answers
        if answer.enough
    ]
    return f"<h3>Break-even: what would be enough</h3>{table_of(('Claim', 'It takes'), rows)}" if rows else ""


def _behind(answers: Sequence[Answer], scenario: Scenario) -> str:
    """What stands behind each claim beyond its row, to unfold: what decides it, where it fails, and the evidence."""
    folded = "".join(_folded(answer, scenario) for answer in answers)
    return f"<h3>What decides each claim, where it fails, what would be enough, and on what evidence</h3>{folded}"


def _folded(answer: Answer, scenario: Scenario) -> str:
    said = with_code(f"{held(answer)}: {verdict(answer, scenario)}.")
    terms = "".join(
        f"<dt>{escape(label)}</dt><dd>{with_code(words)}</dd>"
        for label, words in [*numbers(answer)[2:], *behind(answer, scenario)]
        if words
    )
    heading = f"{answer.number}. {answer.claim.text} {MARKS[answer.verdict]}"
    curve = enough_picture(answer, scenario)
    return f"<details><summary>{escape(heading)}</summary><p>{said}</p><dl>{terms}</dl>{curve}</details>"


def _evaluated(studied: Studied) -> str:
    """What studies of a programme of this question would have reported, and how to get the same again."""
    found, made = studied
    falls = falls_in_words(found.falls)
    table = table_of(falls.columns, (tuple(escape(str(cell)) for cell in row) for row in falls.to_numpy()), "fine")
    many = (
        f"{made['replications']} replications, scale {made['scale']:g}, seed {made['seed']}, {str(made['date'])[:10]}"
    )
    again = f"<p class='note'>{escape(many)}: <code>{escape(str(made['command']))}</code></p>"
    return (
        f"<h3>What studies of “{escape(found.programme)}” would have reported</h3>{bullets(in_words(found))}"
        f"{table if len(falls) else ''}{again}"
    )


def _put_in(scenario: Scenario) -> str:
    """What was put in for each intervention, with its grade and source, and how sure anybody is of it."""
    lines = []
    for intervention in scenario.interventions:
        for name, lever in intervention.levers.items():
            graded = lever.grade or "no grade"
            origin = lever.source or "an assumption"
            lines.append(f"{intervention.name}, {name.replace('_', ' ')}: {lever.ratio:g} ({graded}; {origin})")
        if intervention.how_sure:
            lines.append(f"{intervention.name}, how sure: {intervention.how_sure}")
    return f"<h3>What was put in</h3>{bullets(dict.fromkeys(lines))}" if lines else ""


def _reproduce(found: Mapping[str, Answers]) -> str:
    rows = [
        (
            escape(name),
            f"<code>{escape(str(answers.provenance['command'] or 'not recorded'))}</code>",
            escape(
                f"{answers.provenance['replications']} futures, seed {answers.provenance['seed']}, scale "
                f"{answers.provenance['scale']:g}"
            ),
            escape(f"{str(answers.provenance['date'])[:10]}, carepath {answers.provenance['carepath']}"),
        )
        for name, answers in found.items()
    ]
    return table_of(("Question", "Command", "How many", "Made on, with"), rows)
