"""The command ``carepath check``: what is wrong with a file, what load it puts on each bed, what its scale does."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    as_rows,
    counted,
    print_json,
    print_markdown,
    print_table,
    set_of,
    settings_of,
    spread_of,
    takes_file,
    takes_settings,
)
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from sim.expected.flows import ExpectedFlows
    from sim.interventions import Intervention
    from sim.readiness import Readiness
    from sim.scenario import Scenario
    from sim.system import Place


def check_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    takes_file(parser, "scenario, place, intervention or answers about readiness")
    parser.add_argument("--resolved", action="store_true", help="print the file with every default written out")
    parser.add_argument(
        "--targets", action="store_true", help="run the baseline and set it beside what is published (takes a while)"
    )
    parser.add_argument(
        "--assumptions", action="store_true", help="list every number that is somebody's judgement, with its range"
    )
    parser.add_argument(
        "--luck", action="store_true", help="show what it gains that all arms share their luck (takes a while)"
    )
    parser.add_argument("--markdown", action="store_true", help="print either as a table for the README")
    takes_settings(parser)


def check(asked: Asked) -> None:
    """Check a file and print what is expected of it."""
    from sim.files.provenance import assumptions
    from sim.files.reading import read_any
    from sim.measures.definitions import CLAIMABLE

    loaded = read_any(asked.file, set_of(asked), CLAIMABLE)
    if asked.resolved:
        from sim.files.writing import text_of

        print(text_of(loaded.model, complete=True), end="")
        return
    place = _place_of(loaded.model)
    if asked.luck:
        _check_luck(asked, place)
        return
    if asked.targets or asked.markdown:
        _check_targets(asked, place)
        return
    warnings, tables = list(loaded.warnings), dict[str, "pd.DataFrame"]()
    if place is not None:
        from sim.expected.flows import expected_flows
        from sim.pages.flow_tables import flow_tables, overfull

        flows = expected_flows(place)
        warnings += overfull(place, flows)
        tables = flow_tables(place, flows, _share("--scale", asked.scale))
        if asked.scale is not None:
            tables["scale"] = _scaled(asked, place, flows)
    numbers = sum(each.is_assumption for each in assumptions(loaded.model))
    if asked.assumptions and not asked.json:
        from sim.pages.terminal import assumed

        print(
            "\n".join([f"{loaded.model.name}: {counted(numbers, 'assumption')}", *assumed(assumptions(loaded.model))])
        )
        return
    if asked.json:
        found = {"problems": [], "warnings": [vars(warning) for warning in warnings], "assumptions": numbers}
        print_json(found | {name: as_rows(table) for name, table in tables.items()})
        return
    print(f"{loaded.model.name}: no problems, {counted(len(warnings), 'warning')}, {counted(numbers, 'assumption')}")
    for warning in warnings:
        print(f"  {warning}")
    if numbers:
        print(f"  to list the assumptions: carepath check {asked.file} --assumptions")
    for name, table in tables.items():
        print_table(table, HEADINGS[name], "{:,.3g}" if name == "figures" else "{:,.1f}")


HEADINGS = {
    "pools": "Expected without simulation: beds, packages, or slots each open day",
    "stages": "Expected without simulation: stays",
    "figures": "Expected without simulation, beside what is published for the reference place",
    "scale": "Simulated at that scale, with 95% intervals, beside full size",
}


def _share(option: str, given: str | None) -> float:
    """A share given as an option; all of it if left out."""
    try:
        share = float(given or 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise InputError([Problem(option, f"{given!r} is not a share above 0 and up to 1, for example 0.2")])
    return share


def _place_of(model: Place | Intervention | Readiness | Scenario) -> Place | None:
    """The place of a scenario, or the place itself."""
    from sim.scenario import Scenario
    from sim.system import Place

    place = model.place if isinstance(model, Scenario) else model
    return place if isinstance(place, Place) else None


def _check_targets(asked: Asked, place: Place | None) -> None:
    """The baseline beside published figures."""
    from sim.experiments.baseline import baseline, compared, markdown, settings, summary, table
    from sim.experiments.runner import simulated

    place = _with_people(asked, place, "--targets")
    scenario = baseline(place, settings(settings_of(asked)))
    rows = compared(scenario, spread_of(asked))
    if asked.json:
        print_json({"simulated": simulated(scenario), "targets": as_rows(table(rows))})
    elif asked.markdown:
        print(markdown(rows, simulated(scenario)))
    else:
        print_table(table(rows), f"{place.name}: {simulated(scenario)}")
        print(f"\n{summary(rows)}")


def _with_people(asked: Asked, place: Place | None, option: str) -> Place:
    if place is None or place.people is None:
        raise InputError([Problem(option, "needs a place with people, for example england_500k", file=asked.file)])
    return place


USUAL_LUCK = {"years": "1", "replications": "30", "scale": "0.2"}
"""How it is run unless asked for otherwise."""


def _check_luck(asked: Asked, place: Place | None) -> None:
    """What sharing luck gains for some changes of a place."""
    from sim.experiments.baseline import settings
    from sim.experiments.luck import AIMED_TIMES, luck_gained
    from sim.experiments.runner import simulated
    from sim.experiments.scale import today
    from sim.pages.terminal import gained, luck_in_words, wrapped

    scenario = today(_with_people(asked, place, "--luck"), settings(USUAL_LUCK | settings_of(asked)))
    print(f"{scenario.name}: {simulated(scenario)}", file=sys.stderr, flush=True)
    table = luck_gained(scenario, spread_of(asked))
    if asked.json:
        print_json({"simulated": simulated(scenario), "luck": as_rows(table)})
        return
    words = luck_in_words(table, AIMED_TIMES)
    if asked.markdown:
        print_markdown(gained(table))
        print("", *words, sep="\n")
    else:
        print_table(gained(table), "What it gains that all arms share their luck")
        print(f"\n{wrapped(words)}")


USUAL_SCALED = {"years": "1", "replications": "8"}
"""How it is run unless asked for otherwise."""


def _scaled(asked: Asked, place: Place, flows: ExpectedFlows) -> pd.DataFrame:
    """Today's place run at the scale asked for, beside full size."""
    from sim.experiments.baseline import settings
    from sim.experiments.runner import simulated
    from sim.experiments.scale import scale_effect, scale_table, today
    from sim.pages.flow_tables import expected_headlines

    run = settings(USUAL_SCALED | settings_of(asked))
    print(f"{place.name}, today: {simulated(today(place, run))}", file=sys.stderr, flush=True)
    return scale_table(scale_effect(place, run, spread_of(asked)), expected_headlines(place, flows))
