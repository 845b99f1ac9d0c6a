"""The command ``carepath evaluate``: what it takes, and how it says what studies would have reported."""

from __future__ import annotations

import argparse
import re
import sys
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
    takes_run,
)

if TYPE_CHECKING:
    from sim.experiments.evaluate import Avoided, Evaluation
    from sim.scenario import Scenario


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    takes_run(parser)
    parser.add_argument(
        "--programme",
        metavar="NAME",
        default="",
        help="which programme, by the beginning of its name, such as case_management",
    )
    parser.add_argument(
        "--months", metavar="N", type=at_least_one, nargs="+", help="when studies report; 7 12 24 36 60 if left out"
    )
    parser.add_argument(
        "--measure",
        choices=("emergency_admissions", "pilot_admissions"),
        default="emergency_admissions",
        help="what studies count: all emergency admissions if left out, or those of a pilot's own kind",
    )
    parser.add_argument(
        "--group",
        metavar="AGES",
        type=_ages,
        help='ages of "everybody", such as 75-84,85+; the programme\'s own',
    )
    parser.add_argument(
        "--claimed", metavar="AVOIDED/OF", type=_claimed, help="admissions said to be avoided, of how many: 304/2320"
    )
    parser.add_argument("--html", metavar="PAGE", type=Path, help="also write a page to print or send")
    parser.add_argument("--keep", metavar="FILE", type=Path, help="also keep what was found, as JSON")


def _ages(text: str) -> str:
    from sim.quantities import AGES

    if set(text.split(",")) <= set(AGES):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not a list of age bands out of {', '.join(AGES)}, such as 75-84,85+")


def _claimed(text: str) -> Avoided:
    from sim.experiments.evaluate import Avoided

    given = re.fullmatch(r"([\d,.]+)/([\d,.]+)", text)
    try:
        avoided, of = (float(part.replace(",", "")) for part in given.groups()) if given else (0.0, 0.0)
    except ValueError:
        avoided, of = 0.0, 0.0
    if not 0 < avoided < of:
        raise argparse.ArgumentTypeError(f"{text!r} is not AVOIDED/OF, fewer avoided than there were, such as 304/2320")
    return Avoided(avoided, of)


def evaluate(asked: Asked) -> None:
    """Study a programme in many replications, and say what each study would have reported."""
    from sim.experiments import evaluate as evaluation
    from sim.experiments.runner import simulated
    from sim.pages.evaluation_words import (
        LIMITS,
        TITLES,
        avoided_in_words,
        falls_in_words,
        in_words,
        table_in_words,
    )
    from sim.pages.terminal import wrapped

    scenario = scenario_of(asked)
    chosen = evaluation.programme_of(scenario, asked.programme)
    if not asked.json:
        print(wrapped([f"{chosen.name} by itself, as in {scenario.name}: {simulated(scenario)}", ""]), flush=True)
    months = tuple(asked.months or evaluation.MONTHS)
    counted = {"measure": asked.measure, "group": asked.group or "", "claimed": asked.claimed}
    found = evaluation.evaluate(scenario, asked.programme, months, **counted, how=spread_of(asked))
    _write(asked, found, scenario)
    if asked.json:
        tables = {name: as_rows(getattr(found, name)) for name in ("summary", "falls", "avoided")}
        print_json({"programme": found.programme, "sentences": in_words(found, asked.claimed), **tables})
        return
    print(wrapped(in_words(found, asked.claimed)))
    for programme, month in found.summary[["programme", "months"]].drop_duplicates().itertuples(index=False):
        heading = f"{TITLES[programme]}, after {month} months: change of admissions in per cent, 95% of studies"
        print_table(table_in_words(found.summary, programme, month), heading)
    if len(found.falls):
        print_table(falls_in_words(found.falls), "How often a claimed fall would be reported, with its 95% interval")
    if len(found.avoided):
        print_table(
            avoided_in_words(found.avoided), "Admissions that a programme of no effect seems to avoid, 95% of studies"
        )
    print(wrapped(["", LIMITS]))
    for path, how in ((asked.html, "Open it in any browser; it needs no internet."), (asked.keep, "")):
        if path:
            print(f"\nWritten: {path}. {how}".rstrip())


def _write(asked: Asked, found: Evaluation, scenario: Scenario) -> None:
    """Write the page and the file that were asked for."""
    from sim.experiments.evaluate import keep
    from sim.pages.evaluation import evaluation_page
    from sim.pages.page import write_page
    from sim.results import provenance

    run, command = scenario.run, f"carepath {' '.join(sys.argv[1:])}"
    made = provenance(scenario, asked.engine, run.seed, run.replications, command)
    if asked.html:
        write_page(evaluation_page(found, scenario, made, asked.claimed), asked.html)
    if asked.keep:
        keep(found, made, asked.keep)
