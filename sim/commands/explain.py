"""The command ``carepath explain``: what it takes, and how it prints what a scenario says."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.commands.command import Asked, as_rows, print_json, print_table, scenario_of, spread_of, takes_run

if TYPE_CHECKING:
    from sim.scenario import Scenario


def explain_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    takes_run(parser)
    parser.add_argument(
        "--loops", action="store_true", help="run it with each feedback switched off, paired (takes a while)"
    )


def explain(asked: Asked) -> None:
    """Print what a scenario says, or what each feedback contributes."""
    scenario = scenario_of(asked)
    if asked.loops:
        _explain_loops(asked, scenario)
        return
    from sim.pages.explain import explain as in_english

    sentences = in_english(scenario)
    if asked.json:
        print_json({"sentences": sentences})
    else:
        print(sentences)


def _explain_loops(asked: Asked, scenario: Scenario) -> None:
    """What each feedback contributes."""
    from sim.experiments.loops import loops
    from sim.experiments.runner import simulated

    if not asked.json:
        print(f"{scenario.name}: {simulated(scenario)}, once as it is and once without each feedback", flush=True)
    table = loops(scenario, spread_of(asked))
    if asked.json:
        print_json({"loops": as_rows(table)})
        return
    shown = table.assign(measure=table["measure"].where(table["of"] == "all", table["measure"] + " " + table["of"]))
    shown = shown.drop(columns=["what", "of", "unit", "replications"])
    print_table(shown, "With each feedback less without it, 95% interval", "{:,.4g}")
