"""The command ``carepath run``: what it takes, and how it prints the answer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import Asked, as_rows, print_json, scenario_of, spread_of, takes_run, takes_uncertain

if TYPE_CHECKING:
    from sim.results import Results
    from sim.scenario import Scenario


def run_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    takes_run(parser)
    takes_uncertain(parser)
    parser.add_argument(
        "--until-precise",
        action="store_true",
        help="as many replications as run.precision needs, at most run.most_replications",
    )
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where results go; results/NAME if left out")


def run(asked: Asked) -> None:
    """Run the plan and the same years without it; keep the results and print the answer."""
    scenario = scenario_of(asked)
    from sim import results
    from sim.experiments.claims import claims_in_words, included
    from sim.experiments.precision import in_words
    from sim.pages.headline import QUESTIONS, headline
    from sim.pages.terminal import wrapped

    folder = asked.out or Path("results") / Path(asked.file).stem
    results.refuse_unwritable(folder)
    done = results_of(asked, scenario, asked.until_precise)
    if cut_short := done.provenance.get("cut_short", ""):
        folder = folder.with_name(f"{folder.name}_interrupted")  # earlier results of more replications stay
    results.save(done, folder)
    about = {name: done.provenance[name] for name in ("uncertain", "precision") if name in done.provenance}
    if asked.json:
        found = {"claims": as_rows(done.claims), "effects": as_rows(results.paired(done))}
        print_json({"folder": str(folder), **found, **about})
        return
    answers = zip(QUESTIONS, headline(done).sentences, strict=True)
    print(wrapped(["", *(f"{question} {told}" for question, told in answers), ""]))
    print(wrapped(claims_in_words(done.claims, included(done.provenance))))
    if "precision" in about:
        print(wrapped(["", *in_words(about["precision"])]))
    print(f"\nKept in {folder}. A page to print or send: carepath report {folder}")
    if cut_short:
        raise KeyboardInterrupt(f"{cut_short}: the answer rests on those; the same command begins again")


def results_of(asked: Asked, scenario: Scenario, until_precise: bool = False) -> Results:
    """A scenario run, after a line that says at what scale and for how long."""
    from sim.experiments.runner import run

    announce(asked, scenario, until_precise)
    command = f"carepath {' '.join(sys.argv[1:])}"
    return run(scenario, spread_of(asked), command=command, uncertain=asked.uncertain, until_precise=until_precise)


def announce(asked: Asked, scenario: Scenario, until_precise: bool = False) -> None:
    """Print at what scale, for how long and how often a scenario is about to be run."""
    from sim.experiments.runner import simulated
    from sim.pages.terminal import wrapped

    if not asked.json:
        print(wrapped([f"{scenario.name}: {simulated(scenario, asked.uncertain, until_precise)}"]), flush=True)
