"""The command ``carepath money``: what it takes, and how it prints the money of a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    as_rows,
    at_least_one,
    print_json,
    print_table,
    scenario_of,
    spread_of,
    takes_changes,
    takes_settings,
    takes_uncertain,
)
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.money.accounts import Account
    from sim.money.payment import Scheme
    from sim.results import Results


def money_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    what = "results kept by carepath run, or a scenario to run now"
    parser.add_argument("file", metavar="FOLDER_OR_SCENARIO", help=what)
    takes_changes(parser)
    parser.add_argument("--year", metavar="N", type=at_least_one, help="a measured year; the mean of all if left out")
    parser.add_argument("--schemes", metavar="FILE", type=Path, help="payment schemes of your own, as the shipped ones")
    parser.add_argument("--html", metavar="PAGE", type=Path, help="also write a page")
    takes_uncertain(parser)
    takes_settings(parser)


def money(asked: Asked) -> None:
    """Print what the plan costs and is worth, who gains and who pays, and break-even."""
    from sim.money.accounts import account
    from sim.money.payment import read_schemes

    schemes = read_schemes(asked.schemes)
    results = _results(asked)
    found = account(results, schemes, f"year {asked.year}" if asked.year else "all")
    if asked.html:
        from sim.pages.money import money_page
        from sim.pages.page import write_page

        write_page(money_page(results, found, schemes), asked.html)
    if asked.json:
        tables = {name: as_rows(getattr(found, name)) for name in ("worth", "ledger", "break_even", "falls")}
        print_json({"period": found.period, "price_year": found.price_year, **tables})
    else:
        _print(asked, results, found, schemes)
    if not Path(asked.file).is_dir() and (cut_short := results.provenance.get("cut_short", "")):
        raise KeyboardInterrupt(f"{cut_short}: the answer rests on those; the same command begins again")


def _print(asked: Asked, results: Results, found: Account, schemes: Mapping[str, Scheme]) -> None:
    from sim.pages.money_words import (
        answer,
        break_even_table,
        caveats,
        commissioner_table,
        ledger_in_words,
        values_table,
    )
    from sim.pages.terminal import wrapped

    print(wrapped(["", *answer(found)]))
    print_table(values_table(found), "What the plan costs and is worth, 95% intervals")
    print_table(break_even_table(found), "The fall in emergency admissions, with their bed days, at which it pays")
    print_table(
        commissioner_table(found, schemes), "... and at which the commissioner does not lose, under each scheme"
    )
    print(wrapped(["", "Who gains and who pays, GBP million a year", "", *ledger_in_words(found, schemes)]))
    print(wrapped(["", *caveats(found, results.provenance)]))
    if asked.html:
        print(f"\nWritten: {asked.html}.")


def _results(asked: Asked) -> Results:
    """Results kept, or of a run now."""
    from sim import results

    if Path(asked.file).is_dir():
        if asked.set or any(getattr(asked, name) for name in ("years", "replications", "scale", "seed", "uncertain")):
            what = "goes with a scenario: what is kept is kept as it was run"
            raise InputError([Problem("--set and settings of a run", what, asked.file)])
        return results.load(Path(asked.file))
    scenario = scenario_of(asked)
    from sim.experiments.runner import run, simulated

    if not asked.json:
        from sim.pages.terminal import wrapped

        print(wrapped([f"{scenario.name}: {simulated(scenario, asked.uncertain)}"]), flush=True)
    return run(scenario, spread_of(asked), command=f"carepath {' '.join(sys.argv[1:])}", uncertain=asked.uncertain)
