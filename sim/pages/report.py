"""The page a planner prints or sends: one HTML file that needs no network, no script and no other file.

Its sentences come from ``headline.py`` and ``explain.py``, its pictures from ``plots.py`` and ``diagram.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from sim.files.provenance import Given, assumptions
from sim.measures.definitions import MEASURES
from sim.measures.measure import Measure
from sim.pages.diagram import pathway_svg
from sim.pages.explain import intervention_in_words, run_in_words, titles_of
from sim.pages.flows import duration, in_words
from sim.pages.headline import QUESTIONS, Headline, found_in_words, headline, label_of, proper, standing
from sim.pages.page import bullets, document, figure, picture, small, table_of, with_code, write_page
from sim.pages.plots import band_over, delayed_chart, gives_chart, occupancy_chart
from sim.pages.what_gives_first import what_gives
from sim.results import BASELINE, PLAN, Results, paired, shown
from sim.scenario import Scenario

Row = Mapping[Any, Any]
"""A row of a table by column."""

SHOWN = (
    "emergency_admissions", "a_and_e_attendances", "acute_beds_occupied", "acute_occupancy", "emergency_bed_days",
    "mean_length_of_stay", "delayed_overnight", "delay_days", "four_hour_share", "twelve_hour_waits",
    "planned_admissions", "cancellations", "community_beds_occupied", "community_occupancy",
    "readmission_30_day_share", "home_care_starts", "care_home_entries", "gp_unseen_share", "deaths",
    "care_cost", "programme_cost",
)  # fmt: skip
"""Measures of the first table, in its order."""

MARKS = {"Yes": "✓", "No": "✗", "Cannot tell": "?", "No claim": "–"}  # noqa: RUF001
STANDS = {"holds": "✓ holds", "does not hold": "✗ does not hold", "cannot tell": "? cannot tell"}

HELD_FIXED = (
    "How unsure the numbers themselves are: every number was held fixed, so intervals show luck only. They would be "
    "wider, and some answers less clear, with that uncertainty in."
)
DRAWN = (
    "How unsure the numbers without a range are: they were held fixed. Those with a range were drawn, each by itself, "
    "in every repetition, so intervals show luck and that uncertainty together."
)
CANNOT_SAY = (
    "What the file leaves out. Mental health, maternity, children, critical care and referral-to-treatment times are "
    "not modelled; staff are places and slots, not people who fall ill or leave.",
    "What an intervention does beyond its evidence: most published effects come from other places and times, and a "
    "before-and-after figure without controls shows a fall that would have come anyway.",
    "Whether a service could be staffed, paid for or agreed. Money is not in this table.",
    "What happens in any one week. The lines are means of repetitions, not a forecast.",
)


def write_report(results: Results, path: Path) -> None:
    """Write the page, whole or not at all."""
    write_page(page(results), path)


def page(results: Results) -> str:
    """The page as HTML."""
    scenario = Scenario.model_validate(results.provenance["scenario"])
    answer = headline(results)
    sections = [
        ("claims", "What is claimed, and what the model finds", _claims(results)),
        ("numbers", "The numbers, without the plan and with it", _numbers(results)),
        ("time", "Over time", _over_time(results)),
        ("gives", "What gives first", _gives(results)),
        ("pathway", "Where people go", _pathway(scenario)),
        ("plan", "What the plan is", _plan(scenario)),
        ("assumptions", "Assumptions and sources", _assumptions(scenario)),
        ("limits", "What this cannot say", bullets((_of_numbers(results), *CANNOT_SAY))),
        ("again", "How to get the same numbers again", _reproduce(results)),
    ]
    return document(scenario.name, _first_screen(scenario, results, answer), sections)


def _first_screen(scenario: Scenario, results: Results, answer: Headline) -> str:
    kind = answer.verdict.lower().replace(" ", "-")
    mark = f"<strong class='verdict'><span aria-hidden='true'>{MARKS[answer.verdict]}</span> {answer.verdict}:</strong>"
    holds = f"{mark} {escape(answer.holds.removeprefix(f'{answer.verdict}: '))}"
    told = (holds, escape(answer.gives), escape(answer.decides))
    sentences = "".join(f"<dt>{label}</dt><dd>{words}</dd>" for label, words in zip(QUESTIONS, told, strict=True))
    return (
        f"<p class='place'>{escape(scenario.place.name)}</p><h1>{escape(scenario.name)}</h1>"
        f"<p class='question'>{with_code(scenario.question)}</p>"
        f"<div class='answer {kind}'><dl>{sentences}</dl></div>"
        f"<p class='scale'><strong>{escape(_scale(scenario, results))}</strong> Ranges in brackets are 95% intervals "
        "of luck alone: how unsure the numbers themselves are is not yet in them.</p>"
    )


def _scale(scenario: Scenario, results: Results) -> str:
    """Scale, horizon and repetitions in one line."""
    run = scenario.run
    what = "people" if scenario.place.people else "arrivals"
    size = f"All {what} simulated" if run.scale == 1 else f"Scale {run.scale:g}: a sample of the place was simulated"
    small = (
        "" if run.scale == 1 else " Numbers are scaled up again; small samples queue more than the whole place would."
    )
    times = results.measures["replication"].nunique()
    return (
        f"{size}, {duration(365 * run.years)} from {run.starts.day} {run.starts:%B %Y}, "
        f"{times} repetition{'s' * (times != 1)}.{small}"
    )


# -- tables --------------------------------------------------------------------------------------------------------


def _claims(results: Results) -> str:
    rows = results.claims.to_dict("records")
    if not rows:
        return "<p>This scenario claims nothing.</p>"
    cells = [
        (
            f"{escape(str(row['text']))}{small(row['source'])}",
            escape(f"{row['title']}{_whom(row)}: {_proper_unit(str(row['claimed']))}"),
            escape(found_in_words(row)),
            escape(f"in {row['holds_in']} of {row['replications']} repetitions"),
            f"<strong class='{standing(row).replace(' ', '-')}'>{STANDS[standing(row)]}</strong>",
        )
        for row in rows
    ]
    heads = ("Claim and who makes it", "Tested as", "The model finds", "Holds", "So it")
    naive = {str(row["naive"]) for row in rows if isinstance(row["naive"], str) and row["naive"]}
    notes = "".join(f"<p class='note'>Beware: {escape(note)}</p>" for note in sorted(naive))
    rule = (
        "<p class='note'>A claim holds only if the whole interval lies beyond what is claimed. “Cannot tell” is not a "
        "polite no: more repetitions, or a larger scale, may settle it.</p>"
    )
    return table_of(heads, cells) + notes + rule


def _whom(row: Row) -> str:
    of = "" if row["of"] == "all" else f", {str(row['of']).replace('_', ' ')}"
    group = "" if row["group"] == "all" else f", people aged {str(row['group']).replace(',', ' and ')}"
    locality = "" if row.get("locality", "all") == "all" else f", {row['locality']}"
    before = ", against the year before" if row.get("against") == "before" else ""
    return f"{of}{group}{locality}{'' if row['period'] == 'all' else ', ' + str(row['period'])}{before}"


def _proper_unit(claimed: str) -> str:
    return proper(claimed.replace(" per cent", "%"))


def _numbers(results: Results) -> str:
    table = results.measures
    whole = (table["period"] == "all") & (table["group"] == "all") & (table["locality"] == "all")
    found = paired(Results(table[whole & (table["of"] == "all")], results.claims, {}))
    by_name: dict[str, Row] = {str(row["measure"]): row for row in found.to_dict("records")}
    has_plan = bool((table["arm"] == PLAN).any())
    cells = []
    for name in SHOWN:
        row = by_name.get(name, {"baseline": 0, "plan": 0})
        if not (row["baseline"] > 0 or row["plan"] > 0):
            continue
        measure = MEASURES[name]
        mark = "" if measure.calibrated else small("not compared with a published figure")
        heading = f"{escape(measure.title)}{small(_unit(measure))}{mark}"
        plan = (escape(_level(measure, row, PLAN)), _difference(measure, row)) if has_plan else ()
        cells.append((heading, escape(_level(measure, row, BASELINE)), *plan))
    heads = ("Mean of all measured years", "Without the plan", *(("With the plan", "Difference") if has_plan else ()))
    return table_of(heads, cells)


def _unit(measure: Measure) -> str:
    return measure.unit.replace("share", "per cent", 1) if measure.kind == "share" else measure.unit


def _level(measure: Measure, row: Row, arm: str) -> str:
    factor = 100 if measure.kind == "share" else 1
    return proper(shown(*(factor * float(row[f"{arm}{end}"]) for end in ("", "_low", "_high"))))


def _difference(measure: Measure, row: Row) -> str:
    """The difference, with a word that says whether it is more than luck."""
    factor = 100 if measure.kind == "share" else 1
    value, low, high = (factor * float(row[f"difference{end}"]) for end in ("", "_low", "_high"))
    points = " points" if measure.kind == "share" else ""
    word = (
        "▲ more"
        if low > 0
        else "▼ fewer"
        if high < 0
        else "no clear change"
        if math.isfinite(low)
        else "one repetition"
    )
    if measure.kind in ("share", "mean"):
        word = word.replace("more", "higher").replace("fewer", "lower")
    if low == high == 0:
        return "none"
    quiet = " class='quiet'" if "clear" in word or "one" in word else ""
    return f"{escape(proper(shown(value, low, high)) + points)}<br><span{quiet}>{word}</span>"


def _of_numbers(results: Results) -> str:
    return DRAWN if results.provenance.get("uncertain") else HELD_FIXED


# -- pictures ------------------------------------------------------------------------------------------------------


def _over_time(results: Results) -> str:
    note = f"By week. {band_over(results.measures['replication'].nunique())}"
    charts = (
        ("Acute beds in use, per cent", occupancy_chart, "The scale does not begin at nought."),
        ("People ready to leave who stay overnight", delayed_chart, ""),
    )
    figures = []
    for heading, maker, more in charts:
        words = f"Line chart: {heading}, by week. The table of numbers gives the means."
        if drawn := picture(partial(maker, results), words):
            figures.append(figure(heading, drawn, f"{note} {more}".strip()))
    return "".join(figures)


def _gives(results: Results) -> str:
    found = what_gives(results)
    if not found:
        return ""
    words = "Bar chart: more or fewer people waiting with the plan, as in the table below."
    drawn = picture(partial(gives_chart, results), words)
    note = "People waiting, charged to what they wait for, wherever they are meanwhile. Lines: 95% intervals."
    shown_more = figure("How many more people wait", drawn, note) if drawn else ""
    cells = [
        (
            escape(each.title),
            f"{each.waiting_baseline:,.1f}",
            f"{each.waiting:,.1f}",
            escape(proper(shown(each.more, each.low, each.high))),
            "yes" if each.is_clear else "",
            f"{each.full_share:.0%}" if math.isfinite(each.full_share) else "",
            escape(each.first_month),
        )
        for each in found
    ]
    heads = (
        "What people wait for", "Waiting without the plan", "With the plan", "Difference", "More than luck",
        "Time full with the plan", "First month over",
    )  # fmt: skip
    note = (
        "Mean of all days. “More than luck” allows for having picked the worst of all these. First month over: first "
        "month in which waiting exceeds that without the plan by a tenth and one person."
    )
    everything = f"<summary>All {len(found)} in a table</summary>{table_of(heads, cells)}<p>{note}</p>"
    return f"{shown_more}<details>{everything}</details>"


def _pathway(scenario: Scenario) -> str:
    try:
        drawn, words = pathway_svg(scenario.place), in_words(scenario.place)
    except ValueError as error:
        return f"<p>Cannot be drawn: published figures of the place contradict each other. {escape(str(error))}</p>"
    note = f"{scenario.place.name} as it is today, expected from the file before any queue; the plan is not in it."
    text = f"<details><summary>The picture in words</summary>{bullets(words)}</details>"
    return f'<figure class="pathway">{drawn}<figcaption>{escape(note)}</figcaption></figure>{text}'


# -- what stands behind it -----------------------------------------------------------------------------------------


def _plan(scenario: Scenario) -> str:
    titles = titles_of(scenario)
    parts = [
        f"<details><summary>{escape(each.name)}</summary>{bullets(intervention_in_words(each, titles))}</details>"
        for each in scenario.interventions
    ]
    return "".join(parts) or "<p>Nothing is switched on: this is the place as it is.</p>"


def _assumptions(scenario: Scenario) -> str:
    numbers = assumptions(scenario)
    assumed = [each for each in numbers if each.is_assumption and not each.borrowed_from]
    borrowed = [each for each in numbers if each.borrowed_from]
    sourced = [each for each in numbers if not each.is_assumption and not each.borrowed_from]
    groups = (
        (f"{len(assumed)} assumptions: nobody has measured these here", assumed),
        (f"{len(borrowed)} numbers borrowed from another place", borrowed),
        (f"{len(sourced)} numbers with a source", sourced),
    )
    decisions = bullets(scenario.place.decisions)
    settled = f"<details><summary>Where published figures contradict each other</summary>{decisions}</details>"
    return "".join(
        f"<details><summary>{escape(title)}</summary>{table_of(_HEADS, _numbers_given(group), 'fine')}</details>"
        for title, group in groups
        if group
    ) + (settled if scenario.place.decisions else "")


_HEADS = ("Number", "Value", "Plausible", "Where it comes from")


def _numbers_given(numbers: Iterable[Given]) -> Iterator[tuple[str, ...]]:
    for each in numbers:
        values = each.value if isinstance(each.value, tuple) else (each.value,)
        span = f"{each.low:g} to {each.high:g}" if each.low is not None and each.high is not None else ""
        origin = " ".join(part for part in (each.source, each.note) if part) or "not given"
        borrowed = f" Borrowed from {each.borrowed_from}." if each.borrowed_from else ""
        yield (
            f"{escape(label_of(each.path))}<small><code>{escape(each.path)}</code></small>",
            escape(", ".join(f"{value:,.6g}" for value in values)),
            escape(span),
            escape(origin + borrowed),
        )


def _reproduce(results: Results) -> str:
    made = results.provenance
    scenario = Scenario.model_validate(made["scenario"])
    libraries = ", ".join(f"{name} {version}" for name, version in made["libraries"].items())
    rows = [
        ("Command", f"<code>{escape(made['command'] or 'not recorded')}</code>"),
        ("Run", escape(run_in_words(scenario.run))),
        ("Seed and repetitions", escape(f"{made['seed']}; {made['replications']}")),
        ("Fingerprint of the scenario", f"<code>{escape(made['scenario_sha256'])}</code>"),
        ("Made on", escape(str(made["date"]))),
        ("With", escape(f"carepath {made['carepath']}, engine {made['engine']}, Python {made['python']}; {libraries}")),
    ]
    advice = (
        "<p>The same version, scenario and seed give the same numbers. Any number above can be changed for one run, "
        "for example <code>carepath run FILE --set place.loops.substitution=0.2</code>.</p>"
    )
    return table_of(("What", "Which"), rows) + advice
