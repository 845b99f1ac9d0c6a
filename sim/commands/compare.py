"""The command ``carepath compare``: what it takes, and how it prints where scenarios differ."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    as_rows,
    counted,
    print_json,
    print_table,
    scenario_of,
    spread_of,
    takes_changes,
    takes_settings,
    takes_uncertain,
)
from sim.commands.run import announce
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from sim.results import Results
    from sim.scenario import Scenario


def compare_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument(
        "given", metavar="FOLDER_OR_SCENARIO", nargs="+", help="results kept by carepath run, or scenarios to run now"
    )
    takes_changes(parser)
    takes_settings(parser)
    takes_uncertain(parser)


def compare(asked: Asked) -> None:
    """Set scenarios, or results kept earlier, against the first one."""
    from sim import results

    if len(set(asked.given)) < 2:
        raise InputError([Problem("FOLDER_OR_SCENARIO", "name two or more: the others are set against the first")])
    folders = {given: results.load(Path(given)) for given in asked.given if Path(given).is_dir()}
    scenarios = {given: scenario_of(asked, given) for given in asked.given if given not in folders}
    from sim.experiments import compare as comparison

    lucks = {
        given: comparison.luck(each.provenance["scenario"], "uncertain" in each.provenance)
        for given, each in folders.items()
    }
    lucks |= {
        given: comparison.luck(each.model_dump(mode="json"), asked.uncertain) for given, each in scenarios.items()
    }
    comparison.refuse_unlike({given: lucks[given] for given in asked.given})
    run_now = _run_now(asked, scenarios)
    found = {given: (folders | run_now)[given] for given in asked.given}
    rests_on = ""
    if any("cut_short" in each.provenance for each in run_now.values()):
        found = comparison.in_common(found)
        rests_on = (
            f"the {counted(found[asked.given[0]].measures['replication'].nunique(), 'replication')} that all have"
        )
    _print(asked, comparison.compare(found), rests_on)
    if rests_on:
        raise KeyboardInterrupt(f"interrupted: the table rests on {rests_on}; the same command begins again")


def _run_now(asked: Asked, scenarios: Mapping[str, Scenario]) -> dict[str, Results]:
    """Results of those that are not kept, run side by side."""
    if not scenarios:
        return {}
    from sim.experiments.runner import run_together

    for scenario in scenarios.values():
        announce(asked, scenario)
    command = f"carepath {' '.join(sys.argv[1:])}"
    return run_together(scenarios, spread_of(asked), command=command, uncertain=asked.uncertain)


def _print(asked: Asked, table: pd.DataFrame, rests_on: str) -> None:
    if asked.json:
        print_json(as_rows(table))
        return
    from sim.pages.terminal import compared

    first, others = asked.given[0], len(set(asked.given)) - 1
    together = f" for all {others} differences together" if others > 1 else ""
    of = f", of {rests_on}" if rests_on else ""
    print_table(compared(table), f"Each less {first}, 95% interval{together}{of}")
    for row in table[table["caution"] != ""].itertuples():
        print(f"{row.title}, {row.result}: {row.caution}")
