"""The command ``carepath compare``: what it takes, and how it prints where scenarios differ."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    as_rows,
    print_json,
    print_table,
    scenario_of,
    takes_changes,
    takes_settings,
    takes_uncertain,
)
from sim.commands.run import results_of
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.results import Results


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
    found = folders | {given: _whole(results_of(asked, scenario)) for given, scenario in scenarios.items()}
    table = comparison.compare({given: found[given] for given in asked.given})
    if asked.json:
        print_json(as_rows(table))
        return
    from sim.pages.terminal import compared

    first, others = asked.given[0], len(found) - 1
    together = f" for all {others} differences together" if others > 1 else ""
    print_table(compared(table), f"Each less {first}, 95% interval{together}")
    for row in table[table["caution"] != ""].itertuples():
        print(f"{row.title}, {row.result}: {row.caution}")


def _whole(results: Results) -> Results:
    """Results of every replication; what was cut short is not compared."""
    if "cut_short" in results.provenance:
        raise KeyboardInterrupt(f"{results.provenance['cut_short']}; the same command begins again")
    return results
