"""The page about claims: the verdict on each, what is claimed beside what is modelled, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path

from sim.experiments.answers import Answer, Answers
from sim.experiments.tested import claimed_in_words
from sim.pages.claim_plots import enough_chart, futures_chart
from sim.pages.claim_words import (
    behind,
    caveats,
    decider,
    held,
    modelled,
    number_in_words,
    numbers,
    scenario_of,
    settled_by,
    verdict,
)
from sim.pages.headline import proper
from sim.pages.page import Section, bullets, document, figure, picture, small, table_of, with_code, write_page
from sim.scenario import Scenario

MARKS = {"supported": "✓", "not supported": "✗", "cannot tell": "?"}
CLASSES = {"supported": "yes", "not supported": "no", "cannot tell": "cannot-tell"}
STANDS = {"supported": "holds", "not supported": "does-not-hold", "cannot tell": "cannot-tell"}


def write_claims(found: Answers, path: Path) -> None:
    """Write the page, whole or not at all."""
    write_page(claims_page(found), path)


def claims_page(found: Answers) -> str:
    """The page as HTML."""
    scenario = scenario_of(found)
    sections: list[Section] = [
        (f"claim-{answer.number}", f"{answer.number}. {answer.claim.text}", claim_section(answer, scenario))
        for answer in found.answers
    ]
    sections.append(("limits", "What to know before quoting it", bullets([*caveats(found), *OF_ALL])))
    sections.append(("again", "How to get the same numbers again", _reproduce(found)))
    return document(f"Claims: {found.scenario}", _first_screen(found, scenario), sections)


OF_ALL = (
    "A claim is supported if it holds in a share of futures clearly above its threshold, two thirds unless the file "
    "says otherwise, and not supported if it holds in clearly less than the rest. Anything between cannot be told.",
    "Intervals in brackets after a share of futures come from the number of futures (Wilson): more runs make them "
    "narrower. The range of 95% of futures is what nobody knows: more runs do not.",
    "Which number decides is read from rank correlations; one counts only if it is stronger than the strongest of as "
    "many shuffled ones. A number may still matter in a way that goes both up and down.",
    "A region was found in the futures it describes, so the share within it is a little flattering.",
)


def _first_screen(found: Answers, scenario: Scenario) -> str:
    return (
        f"<p class='place'>{escape(found.place)}</p><h1>{escape(found.scenario)}</h1>"
        f"<p class='question'>{with_code(found.question)}</p>{summary(found.answers, scenario)}"
        f"<p class='scale'>{escape(found.simulated)}</p>"
    )


def summary(answers: Sequence[Answer], scenario: Scenario) -> str:
    """Every claim in one table: claimed, modelled, in how many futures it holds, verdict."""
    rows = [
        (
            escape(f"{answer.number}. {answer.claim.text}") + small(answer.claim.source),
            escape(proper(claimed_in_words(answer.claim))),
            escape(modelled(answer)),
            escape(held(answer)),
            f"<strong class='{STANDS[answer.verdict]}'>{MARKS[answer.verdict]} {answer.verdict}</strong>"
            + small(settled_by(answer, scenario).replace("`", "")),
        )
        for answer in answers
    ]
    return table_of(("Claim and who makes it", "Claimed", "The model finds", "How often", "So it is"), rows)


def claim_section(answer: Answer, scenario: Scenario) -> str:
    """One claim: the verdict, the numbers, the pictures, and what stands behind it."""
    said = with_code(f"{held(answer)}: {verdict(answer, scenario)}.")
    mark = f"<strong class='verdict' aria-hidden='true'>{MARKS[answer.verdict]}</strong>"
    first = f"<div class='answer {CLASSES[answer.verdict]}'><p>{mark} <strong>{said}</strong></p></div>"
    terms = "".join(f"<dt>{escape(label)}</dt><dd>{escape(words)}</dd>" for label, words in numbers(answer))
    more = "".join(
        f"<dt>{escape(label)}</dt><dd>{with_code(words)}</dd>" for label, words in behind(answer, scenario) if words
    )
    return f"{first}<dl>{terms}</dl>{_pictures(answer, scenario)}<dl>{more}</dl>{_ranked(answer, scenario)}"


def _pictures(answer: Answer, scenario: Scenario) -> str:
    words = "Bars: how many futures bring which value; the text gives the range."
    drawn = picture(partial(futures_chart, answer), words)
    note = "Dashed: what is claimed. Bars at either end hold what lies beyond them."
    figures = figure(f"What {len(answer.by_future):,} futures bring", drawn, note) if drawn else ""
    return figures + enough_picture(answer, scenario)


def enough_picture(answer: Answer, scenario: Scenario) -> str:
    """In how many futures a claim holds at each value tried of what could be chosen; nothing if none was tried."""
    words = "Line: in how many futures it holds at other values; see the text."
    curve = picture(partial(enough_chart, answer), words)
    if not (curve and answer.enough):
        return ""
    heading = f"In how many futures it holds, by {number_in_words(answer.enough.lever, scenario)}"
    return figure(heading, curve, "Dashed: half of all futures. Shaded: 95% interval of the value that is enough.")


def _ranked(answer: Answer, scenario: Scenario) -> str:
    if not answer.deciders:
        return ""
    rows = [
        (escape(decider(each, answer, scenario)) + small(each.path), "yes" if each.is_beyond_noise else "no")
        for each in answer.deciders
    ]
    table = table_of(("Uncertain number", "Stands out of the noise"), rows, "fine")
    return f"<details><summary>The numbers that the value goes with most</summary>{table}</details>"


def _reproduce(found: Answers) -> str:
    made = found.provenance
    rows = [
        ("Command", f"<code>{escape(str(made['command'] or 'not recorded'))}</code>"),
        ("Futures and seed", escape(f"{made['replications']}; {made['seed']}")),
        ("Looked at after", escape(", ".join(map(str, found.looks)) + " futures")),
        ("Fingerprint of the scenario", f"<code>{escape(str(made['scenario_sha256']))}</code>"),
        ("Made on", escape(str(made["date"]))),
        ("With", escape(f"carepath {made['carepath']}, engine {made['engine']}, Python {made['python']}")),
    ]
    return table_of(("What", "Which"), rows)
