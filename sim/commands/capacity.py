"""The command ``carepath capacity``: what it takes, and how it says how much capacity is enough."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands.command import (
    Asked,
    as_rows,
    at_least_one,
    changes_of,
    print_json,
    print_table,
    set_of,
    settings_of,
    spread_of,
    takes_changes,
    takes_settings,
    takes_uncertain,
)
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.capacity import Found, Question
    from sim.experiments.capacity_map import Map
    from sim.quantities import Quantity
    from sim.scenario import Scenario

USUAL = {"years": "1", "replications": "10"}
"""How a place is run unless asked for otherwise; a scenario says so itself."""


def capacity_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    what = "place or scenario: a path, or the name of one that comes with carepath"
    parser.add_argument("file", metavar="PLACE_OR_SCENARIO", help=what)
    parser.add_argument("pool", metavar="POOL", help="pool, or several that begin alike, such as 'acute_*'")
    takes_changes(parser)
    parser.add_argument(
        "--standard",
        metavar="WORDS",
        action="append",
        default=[],
        help='"occupancy < 92%% on 95%% of days" if left out; or "delays < 80 beds", "12-hour waits < 500 a year"; '
        "may be repeated",
    )
    parser.add_argument(
        "--up-to", metavar="N", type=at_least_one, help="largest capacity tried; twice the file's if left out"
    )
    maps = parser.add_argument_group("the map of one pool against another")
    maps.add_argument("--against", metavar="POOL", help="the other pool; how much of each just meets the standard?")
    maps.add_argument("--span", metavar="LOW:HIGH", help="capacities of POOL; a fifth around the file's if left out")
    maps.add_argument("--against-span", metavar="LOW:HIGH", help="capacities of the other pool, likewise")
    maps.add_argument(
        "--cells", metavar="N", type=at_least_one, help="capacities of each that are tried; 6 if left out"
    )
    for option, whose in (("--cost", "POOL"), ("--against-cost", "the other pool")):
        maps.add_argument(
            option,
            metavar="GBP",
            help=f"cost of a place a day of {whose}, as 399 or 150:399:450; the place's price if left out",
        )
    takes_uncertain(parser)
    takes_settings(parser)
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, help="where it is kept; results/NAME_capacity if left out"
    )


def capacity(asked: Asked) -> None:
    """Find the smallest capacity, or draw the map, and keep and print it."""
    from sim.experiments.capacity import question
    from sim.experiments.runner import simulated
    from sim.experiments.standards import USUAL as USUAL_STANDARD
    from sim.experiments.standards import standard_of
    from sim.results import refuse_unwritable

    scenario = _scenario(asked)
    standards = [standard_of(text) for text in asked.standard or [USUAL_STANDARD]]
    _refuse_stray(asked)
    about = question(scenario, asked.pool, standards, asked.uncertain)
    folder = asked.out or Path("results") / f"{Path(asked.file).stem}_capacity"
    refuse_unwritable(folder)
    if not asked.json:
        from sim.pages.terminal import wrapped

        print(wrapped([f"{scenario.name}: {simulated(scenario, asked.uncertain)}"]), flush=True)
    if asked.against:
        _map(asked, about, folder)
    else:
        _search(asked, about, folder)


ONLY_ON_A_MAP = ("span", "against_span", "cells", "cost", "against_cost")


def _refuse_stray(asked: Asked) -> None:
    """Refuse options that go with what was not asked for."""
    if asked.against:
        stray = ["--up-to"] if asked.up_to else []
        problems = [Problem(each, "goes without --against; give the ends of the map with --span") for each in stray]
        if len(asked.standard) > 1:
            problems.append(Problem("--standard", "a map is of one standard: draw another for the next"))
    else:
        given = [name for name in ONLY_ON_A_MAP if getattr(asked, name)]
        problems = [Problem(f"--{name.replace('_', '-')}", "goes with --against POOL") for name in given]
    if problems:
        raise InputError(problems)


def _scenario(asked: Asked) -> Scenario:
    """The scenario asked for, or a place as it is today."""
    from sim.experiments.baseline import settings
    from sim.experiments.scale import today
    from sim.files.reading import read_any
    from sim.interventions import Intervention
    from sim.measures.definitions import CLAIMABLE
    from sim.readiness import Readiness
    from sim.scenario import Scenario

    loaded = read_any(asked.file, set_of(asked), CLAIMABLE)
    if isinstance(loaded.model, Scenario):
        loaded = read_any(asked.file, changes_of(asked), CLAIMABLE)
    if isinstance(loaded.model, Intervention | Readiness):
        raise InputError([Problem("", "has no beds: give a place, or a scenario that uses it", asked.file)])
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if isinstance(loaded.model, Scenario):
        return loaded.model
    place = today(loaded.model, settings(USUAL | settings_of(asked)))
    return place.model_copy(update={"name": f"{place.name}, today"})


# -- the smallest capacity -----------------------------------------------------------------------------------------


def _search(asked: Asked, about: Question, folder: Path) -> None:
    from sim.experiments.capacity import smallest
    from sim.pages.capacity import capacity_page
    from sim.pages.capacity_plots import capacity_chart
    from sim.pages.page import write_page

    found = smallest(about, asked.pool, asked.up_to, spread_of(asked, "run"))
    made = _made(asked, about)
    table = found.table()
    answers = [vars(answer) | {"standard": str(answer.standard)} for answer in found.answers]
    said = {"pools": found.pools, "today": found.today, "step": found.step, "up_to": found.up_to, "answers": answers}
    write_page(capacity_page(found, about.scenario, made), folder / "capacity.html")
    _keep(folder, {"capacity": table}, said, made)
    for number, answer in enumerate(found.answers, 1):
        _draw(capacity_chart(found, answer.standard, WIDTH), folder / f"capacity_{number}")
    if asked.json:
        print_json({"folder": str(folder), **said, "tried": as_rows(table)})
    else:
        _tell_search(found, about, folder)


def _tell_search(found: Found, about: Question, folder: Path) -> None:
    from sim.pages.capacity_words import about as about_pool
    from sim.pages.capacity_words import answered, caveats
    from sim.pages.terminal import wrapped

    lines = about_pool(found, about.scenario)
    for answer in found.answers:
        lines += ["", *answered(found, answer, about.scenario)]
    print(wrapped(lines))
    heading = f"Some of the {len(found.tried)} capacities tried, with 95% intervals; all are in capacity.csv"
    print_table(_some(found), heading, "{:,.4g}")
    print(wrapped(["", *caveats(about.scenario, about.uncertain), f"Kept in {folder}; open {folder}/capacity.html."]))


def _some(found: Found) -> pd.DataFrame:
    """Today's and the largest capacity, the smallest that does with the one below it, and the ends of its interval."""
    table = found.table()
    near = {
        str(each.standard): {found.today, found.tried[-1].capacity, each.low, each.smallest, each.high}
        | ({each.smallest - found.step} if each.smallest else set())
        for each in found.answers
    }
    chosen = [row.capacity in near[str(row.standard)] for row in table.itertuples()]
    some = table[chosen].drop(columns=["met", "level"])
    return some.rename(columns={"value": "days in %, or mean", "ready_in_acute_beds": "ready in acute beds"})


# -- the map -------------------------------------------------------------------------------------------------------


def _map(asked: Asked, about: Question, folder: Path) -> None:
    from sim.experiments.capacity import pools_of
    from sim.experiments.capacity_map import CELLS, cells_table, drawn_map, line_table, run_cells, side
    from sim.pages.capacity import map_page, titles
    from sim.pages.capacity_plots import cost_chart, map_chart
    from sim.pages.capacity_words import map_in_words
    from sim.pages.page import write_page

    pools_of(about.scenario, asked.against, "--against")
    cells = asked.cells or CELLS
    up = side(about, asked.pool, _span("--span", asked.span), cells, _cost("--cost", asked.cost))
    other = _cost("--against-cost", asked.against_cost)
    across = side(about, asked.against, _span("--against-span", asked.against_span), cells, other)
    drawn = drawn_map(run_cells(about, up, across, spread_of(asked, "run")), about.scenario.run.seed)
    made, names = _made(asked, about), titles(drawn, about.scenario)
    tables = {"map": cells_table(drawn.cells), "line": line_table(drawn.lines), "band": drawn.band}
    said = {"up": up.pools, "across": across.pools, "standard": str(drawn.cells.standard)} | _cheapest(drawn)
    write_page(map_page(drawn, about.scenario, made), folder / "map.html")
    _keep(folder, tables, said, made)
    _draw(map_chart(drawn, names, WIDTH), folder / "map")
    if (cost := cost_chart(drawn, names[0], WIDTH)) is not None:
        _draw(cost, folder / "cost")
    if asked.json:
        print_json({"folder": str(folder), **said, **{name: as_rows(table) for name, table in tables.items()}})
        return
    from sim.pages.capacity_words import caveats
    from sim.pages.terminal import wrapped

    told = [*map_in_words(drawn, about.scenario), "", *caveats(about.scenario, about.uncertain)]
    print(wrapped(["", *told, f"Kept in {folder}; open {folder}/map.html."]))


def _cheapest(drawn: Map) -> dict[str, Any]:
    if drawn.cheapest is None:
        return {"cheapest": None}
    named = {name: getattr(drawn.cheapest, name)._asdict() for name in ("across", "up", "cost")}
    shares = {name: getattr(drawn.cheapest, name) for name in ("at_an_end", "without_a_line")}
    return {"cheapest": named | shares}


def _span(option: str, given: str | None) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        low, high = (float(end) for end in given.split(":"))
    except ValueError:
        raise InputError([Problem(option, f"{given!r} is not LOW:HIGH, for example 700:900")]) from None
    if not 1 <= low < high:
        raise InputError([Problem(option, f"{given!r}: the first number must be 1 or more, and less than the second")])
    return low, high


def _cost(option: str, given: str | None) -> Quantity | None:
    """A unit cost given as one number, or as LOW:COST:HIGH."""
    from sim.quantities import Quantity

    if given is None:
        return None
    try:
        numbers = [float(number) for number in given.split(":")]
        if len(numbers) not in (1, 3) or not numbers[0] > 0 or sorted(numbers) != numbers:
            raise ValueError
    except ValueError:
        what = f"{given!r} is not a cost above 0, as 399, or with its range, lowest first, as 150:399:450"
        raise InputError([Problem(option, what)]) from None
    if len(numbers) == 1:
        return Quantity(value=numbers[0], source=option)
    return Quantity(value=numbers[1], low=numbers[0], high=numbers[2], source=option)


# -- keeping it ----------------------------------------------------------------------------------------------------

WIDTH = 700
"""Pixels of a picture kept beside the page."""


def _made(asked: Asked, about: Question) -> dict[str, Any]:
    from sim.results import provenance

    run = about.scenario.run
    made = provenance(about.scenario, asked.engine, run.seed, run.replications, f"carepath {' '.join(sys.argv[1:])}")
    return made | {"uncertain": about.uncertain}


def _keep(folder: Path, tables: dict[str, pd.DataFrame], said: dict[str, Any], made: dict[str, Any]) -> None:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    answer = json.dumps(said | {name: as_rows(table) for name, table in tables.items()}, indent=2, ensure_ascii=False)
    (folder / "answer.json").write_text(answer + "\n", encoding="utf-8")
    told = json.dumps(made, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "provenance.json").write_text(told + "\n", encoding="utf-8")


def _draw(chart: Any, path: Path) -> None:
    """A picture as SVG and as PNG."""
    import vl_convert

    path.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(chart.to_dict()), encoding="utf-8")
    path.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=2))
