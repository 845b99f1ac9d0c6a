"""The page about a capacity, or a map of two: answer, pictures, tables, and how to get the same numbers again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import pandas as pd

from sim.experiments.capacity import Found
from sim.experiments.capacity_map import Map, cells_table
from sim.pages.capacity_plots import capacity_chart, cost_chart, map_chart
from sim.pages.capacity_words import about, answered, caveats, map_in_words, named, needed_in_words
from sim.pages.page import bullets, document, figure, picture, table_of
from sim.results import shown
from sim.scenario import Scenario

Made = Mapping[str, Any]
"""Provenance of a run."""


def capacity_page(found: Found, scenario: Scenario, made: Made) -> str:
    """The page of a search."""
    answers = [answered(found, answer, scenario) for answer in found.answers]
    first = _first_screen(scenario, "How much capacity is enough?", [line for lines in answers for line in lines])
    charts = [
        figure(
            str(answer.standard),
            picture(partial(capacity_chart, found, answer.standard), f"{answer.standard} by capacity; see the table."),
            "Points and lines: mean, 95% interval. Dashed: what is asked. Shaded: interval of the smallest capacity.",
        )
        for answer in found.answers
    ]
    sections = [
        ("picture", "How well each capacity meets it", "".join(charts)),
        ("table", "Every capacity tried", _tried(found.table(), {"standard": "Standard", "capacity": "Capacity"})),
        (
            "limits",
            "What to know before quoting it",
            bullets([*about(found, scenario), *caveats(scenario, _unsure(made))]),
        ),
        ("again", "How to get the same numbers again", _reproduce(made)),
    ]
    return document(f"Capacity: {scenario.name}", first, sections)


def map_page(drawn: Map, scenario: Scenario, made: Made) -> str:
    """The page of a map."""
    names = titles(drawn, scenario)
    sides = {"up": names[1], "across": names[0]}
    first = _first_screen(scenario, "Which capacities together are enough?", map_in_words(drawn, scenario))
    words = "Map: which pairs of capacities meet the standard; see the table."
    standard = drawn.cells.standard
    on_days = f"what {standard.what} stay at or under on {standard.days:g}% of days" if standard.days else "the mean"
    note = (
        f"Number in each cell: {on_days}. Blue line: where the standard is just met, by linear interpolation between "
        "the capacities tried; dashed: the 95% range of the cells."
    )
    cost = picture(partial(cost_chart, drawn, names[0]), "Cost a year along the line; see the table.")
    sections = [
        ("map", "The map", figure(str(standard), picture(partial(map_chart, drawn, names), words), note)),
        ("cost", "What the pairs on the line cost", cost and figure("Both capacities together", cost, COST_NOTE)),
        ("line", "Pairs that just meet it, with 95% intervals", _line(drawn)),
        ("table", "Every pair tried", _tried(cells_table(drawn.cells), sides)),
        ("limits", "What to know before quoting it", bullets(caveats(scenario, _unsure(made)))),
        ("again", "How to get the same numbers again", _reproduce(made)),
    ]
    return document(f"Capacity: {scenario.name}", first, sections)


UNQUOTED = str.maketrans("", "", "“”")
COST_NOTE = "Vertical lines: 95% interval at the capacities tried, at the unit costs stated. Diamond: the cheapest."


def titles(drawn: Map, scenario: Scenario) -> tuple[str, str]:
    """What the pools across and up the map are called beside its axes."""
    across, up = (named(scenario, side.pools).translate(UNQUOTED) for side in (drawn.cells.across, drawn.cells.up))
    return across, up


def _first_screen(scenario: Scenario, heading: str, lines: Sequence[str]) -> str:
    told = "".join(f"<p>{escape(line.strip())}</p>" for line in lines)
    return (
        f"<p class='place'>{escape(scenario.place.name)}</p><h1>{escape(heading)}</h1>"
        f"<p class='question'>{escape(scenario.name)}</p><div class='answer'>{told}</div>"
    )


def _tried(table: pd.DataFrame, heads: Mapping[str, str]) -> str:
    """Every capacity or pair tried; ``heads`` are the headings of the columns that name them."""
    cells = [
        (
            *(escape(_plain(row[column])) for column in heads),
            escape(shown(row["value"], row["low"], row["high"], significant=2)),
            _plain(row["level"]),
            f"{row['met_in']} of {row['replications']}",
            _plain(row["ready_in_acute_beds"]),
        )
        for row in table.to_dict("records")
    ]
    told = ("Per cent of days, or mean", "Level reached", "Replications that meet it", "Ready, in acute beds")
    return table_of((*heads.values(), *told), cells)


def _line(drawn: Map) -> str:
    """For each capacity across the map, what is needed up the map and what both cost."""
    rows = [
        (_plain(row["across"]), escape(needed_in_words(drawn, row)), _millions(row))
        for row in drawn.band.to_dict("records")
    ]
    return table_of((f"With so many of {drawn.cells.across.pools}", "it takes", "£ million a year, both"), rows)


def _millions(row: Mapping[Any, Any]) -> str:
    cost = [float(row[name]) / 1e6 for name in ("cost", "cost_low", "cost_high")]
    return escape(shown(*cost, significant=2)) if math.isfinite(cost[0]) else ""


def _plain(value: object) -> str:
    """A number with three digits, or its whole part where that is longer; text as it is."""
    if not isinstance(value, float):
        return str(value)
    return "" if math.isnan(value) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _unsure(made: Made) -> bool:
    return bool(made.get("uncertain"))


def _reproduce(made: Made) -> str:
    rows = [
        ("Command", f"<code>{escape(str(made['command']))}</code>"),
        ("Seed and replications", escape(f"{made['seed']}; {made['replications']}")),
        ("Fingerprint of the scenario", f"<code>{escape(str(made['scenario_sha256']))}</code>"),
        ("Made on", escape(str(made["date"]))),
        ("With", escape(f"carepath {made['carepath']}, engine {made['engine']}, Python {made['python']}")),
    ]
    return table_of(("What", "Which"), rows)
