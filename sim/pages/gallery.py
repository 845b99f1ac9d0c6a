"""One page of every question: asked, claimed beside modelled, the verdict, the evidence, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from html import escape

from sim.experiments.answers import Answer, Answers
from sim.pages.claim import MARKS, OF_ALL, STANDS, summary
from sim.pages.claim_plots import futures_chart
from sim.pages.claim_words import caveats, scenario_of
from sim.pages.explain import evidence_in_words
from sim.pages.page import Section, bullets, document, figure, picture, table_of, with_code
from sim.scenario import Scenario

WORDS = "Bars: how many futures bring which value; the table gives the range."
NOTE = "Dashed: what is claimed. Bars at either end hold what lies beyond them."


def gallery_page(found: Mapping[str, Answers]) -> str:
    """The page as HTML; raises ValueError for an empty gallery."""
    if not found:
        raise ValueError("there is nothing to show: a gallery of no scenarios")
    scenarios = {name: scenario_of(answers) for name, answers in found.items()}
    sections: list[Section] = [
        (name, answers.scenario, system(answers, scenarios[name])) for name, answers in found.items()
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


def system(found: Answers, scenario: Scenario) -> str:
    """One question: what was found, every claim, a picture of the first one, and what others found."""
    said = scenario.what_we_found
    told = f"<div class='answer'><p><strong>What we found.</strong> {with_code(said)}</p></div>" if said else ""
    return (
        f"<p class='place'>{escape(found.place)}</p><p class='question'>{with_code(found.question)}</p>{told}"
        f"{summary(found.answers, scenario)}{_picture(found.answers[0])}{_evidence(scenario)}"
        f"<p class='scale'>{escape(found.simulated)}</p>"
    )


def _picture(answer: Answer) -> str:
    drawn = picture(partial(futures_chart, answer), WORDS)
    return figure(f"{answer.claim.text} What {len(answer.by_future):,} futures bring", drawn, NOTE) if drawn else ""


def _evidence(scenario: Scenario) -> str:
    lines = [line for claim in scenario.claims for line in evidence_in_words(claim)]
    for intervention in scenario.interventions:
        for name, lever in intervention.levers.items():
            graded = lever.grade or "no grade"
            origin = lever.source or "an assumption"
            lines.append(f"{intervention.name}, {name.replace('_', ' ')}: {lever.ratio:g} ({graded}; {origin})")
    return f"<h3>What others found, and what was put in</h3>{bullets(dict.fromkeys(lines))}" if lines else ""


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
