"""The page about a virtual evaluation: answer, pictures of what each method would report, tables, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import escape
from textwrap import wrap
from typing import Any

import altair as alt
import pandas as pd

from sim.experiments.evaluate import Avoided, Evaluation
from sim.experiments.studies import METHODS
from sim.pages.evaluation_words import (
    LIMITS,
    TITLES,
    avoided_in_words,
    falls_in_words,
    in_words,
    table_in_words,
)
from sim.pages.page import bullets, document, figure, picture, table_of, with_code
from sim.pages.plots import COLOURS, LINE_BREAK, NARROW, Width, finished
from sim.scenario import Scenario

WIDEST = 60
"""Changes in per cent beyond which a line is cut off, so that one wild study does not hide the others."""


def evaluation_page(
    found: Evaluation, scenario: Scenario, made: Mapping[str, Any], claimed: Avoided | None = None
) -> str:
    """The page of an evaluation as HTML; ``made`` is its provenance."""
    said = in_words(found, claimed)
    answer = "".join(f"<p>{escape(each)}</p>" for each in said[1:])
    first = (
        f"<p class='place'>{escape(scenario.place.name)}</p><h1>{escape(found.programme)}: what would a study have "
        f"reported?</h1><p class='question'>{with_code(scenario.question)}</p>"
        f"<div class='answer cannot-tell'><p><strong>{escape(said[0])}</strong></p>{answer}</div>"
    )
    months = [int(each) for each in sorted(found.summary["months"].unique())]
    sections = [
        ("picture", "What each method would report", "".join(_picture(found.summary, each) for each in months)),
        ("tables", "The same as tables", "".join(_tables(found.summary, each) for each in months)),
        ("falls", "How often a claimed fall would be reported", _rows(falls_in_words(found.falls), found.falls)),
        ("avoided", "Admissions that no effect avoids", _rows(avoided_in_words(found.avoided), found.avoided)),
        ("limits", "What to know before quoting it", bullets([LIMITS])),
        ("again", "How to get the same numbers again", _reproduce(made)),
    ]
    return document(f"Evaluation: {found.programme}", first, sections)


def methods_chart(summary: pd.DataFrame, months: int, width: Width = "container") -> alt.LayerChart:
    """Median and 95% of studies of each method after so many months, by programme; ticks are the truth."""
    narrow = isinstance(width, int) and width < NARROW
    rows = summary[(summary["months"] == months) & (summary["studies"] > 0)].copy()
    for name in ("median", "low", "high", "truth"):
        rows[name] = (100 * (rows[name] - 1)).clip(-WIDEST, WIDEST)
    rows["name"] = [LINE_BREAK.join(wrap(METHODS[method].title, 20 if narrow else 34)) for method in rows["method"]]
    rows["called"] = rows["programme"].map(TITLES)
    called = [title for title in TITLES.values() if title in set(rows["called"])]
    axis = alt.Axis(labelExpr=f"split(datum.label, '{LINE_BREAK}')", labelLimit=300, domain=False, ticks=False)
    y = alt.Y("name:N", sort=list(dict.fromkeys(rows["name"])), title=None, axis=axis)
    offset = alt.YOffset("called:N", sort=called)
    x = alt.X(
        "low:Q",
        title="Change reported, per cent",
        scale=alt.Scale(nice=True),
        axis=alt.Axis(tickCount=5 if narrow else 9),
    )
    legend = alt.Legend(title=None, orient="top", columns=1 if narrow else 2)
    scale = alt.Scale(domain=called, range=[*COLOURS[::-1]][: len(called)])
    colour = alt.Color("called:N", scale=scale, legend=legend)
    shapes = alt.Scale(domain=called, range=["circle", "diamond"][: len(called)])
    base = alt.Chart(rows)
    lines = base.mark_rule(strokeWidth=2).encode(x, alt.X2("high:Q"), y, offset, colour)
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        alt.X("median:Q"), y, offset, colour, alt.Shape("called:N", scale=shapes, legend=legend)
    )
    truth = base.mark_tick(thickness=3, size=16, color="#b3261e").encode(alt.X("truth:Q"), y, offset)
    return finished(lines + points + truth, width, alt.Step(20))


def _picture(summary: pd.DataFrame, months: int) -> str:
    words = f"What each method reports after {months} months; see the table."
    drawn = picture(partial(methods_chart, summary, months), words)
    note = (
        f"Change of admissions. Point: the middle study; line: 95% of studies, cut off at {WIDEST}%; red "
        "tick: the truth."
    )
    return figure(f"After {months} months", drawn, note)


def _tables(summary: pd.DataFrame, months: int) -> str:
    tables = []
    for each in (programme for programme in TITLES if programme in set(summary["programme"])):
        heading = f"<h3>{escape(TITLES[each])}, after {months} months, per cent</h3>"
        tables.append(heading + _rows(table_in_words(summary, each, months)))
    return "".join(tables)


def _rows(table: pd.DataFrame, given: pd.DataFrame | None = None) -> str:
    """A table; nothing if there was nothing to make it from."""
    if table.empty or (given is not None and given.empty):
        return ""
    return table_of(table.columns, (tuple(escape(str(cell)) for cell in row) for row in table.to_numpy()), "fine")


def _reproduce(made: Mapping[str, Any]) -> str:
    rows = [
        ("Command", f"<code>{escape(made['command'])}</code>"),
        ("Seed and replications", escape(f"{made['seed']}; {made['replications']}, scale {made['scale']:g}")),
        ("Fingerprint of the scenario", f"<code>{escape(made['scenario_sha256'])}</code>"),
        ("Made on", escape(made["date"])),
        ("With", escape(f"carepath {made['carepath']}, engine {made['engine']}, Python {made['python']}")),
    ]
    return table_of(("What", "Which"), rows)
