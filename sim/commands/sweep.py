"""The command ``carepath sweep``: what it takes, and how it says what it kept."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    at_least_one,
    changes_of,
    counted,
    print_json,
    spread_of,
    takes_run,
    takes_uncertain,
)
from sim.errors import InputError, Problem, RunError

if TYPE_CHECKING:
    from sim.experiments.design import Design
    from sim.experiments.sweep import Swept
    from sim.scenario import Scenario

POINTS = 100
"""Points of a Latin hypercube unless another number is asked for."""
KINDS = ("years", "months", "weeks")


def sweep_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    takes_run(parser)
    kinds = parser.add_argument_group("points to try, in one of three ways")
    kinds.add_argument(
        "--grid", metavar="PATH=V1,V2,...", action="append", default=[], help="every combination; may be repeated"
    )
    kinds.add_argument(
        "--range",
        metavar="PATH=LOW:HIGH",
        action="append",
        default=[],
        help="points spread evenly over ranges (Latin hypercube), LOW:HIGH:whole for whole numbers; may be repeated",
    )
    kinds.add_argument("--design", metavar="FILE", type=Path, help="a CSV file with a column for each path")
    parser.add_argument("--points", metavar="N", type=at_least_one, help=f"points for --range; {POINTS} if left out")
    parser.add_argument(
        "--measure",
        metavar="NAME",
        action="append",
        default=[],
        help="a measure to keep; may be repeated; those of the claims and a short list if left out",
    )
    parser.add_argument(
        "--by", choices=KINDS, action="append", default=[], help="periods to keep; may be repeated; years if left out"
    )
    takes_uncertain(parser)
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where it is kept; results/NAME_sweep if left out")


def sweep(asked: Asked) -> None:
    """Run every point, or what is left of them."""
    from sim.experiments import sweep as sweeps
    from sim.files.reading import read_template
    from sim.measures.definitions import CLAIMABLE

    template = read_template(asked.file, changes_of(asked), CLAIMABLE)
    scenario = template.scenario()
    design = _design(asked, scenario.run.seed)
    folder = asked.out or Path("results") / f"{Path(asked.file).stem}_sweep"
    wanted = sweeps.wanted_of(template, asked.measure, asked.by)
    command = f"carepath {' '.join(sys.argv[1:])}"
    if not asked.json:
        _announce(scenario, len(design.points), asked.uncertain)
    whole = sweeps.Sweep(template, design, wanted, folder, command, asked.uncertain)
    done = sweeps.sweep(whole, spread_of(asked, "run"))
    _tell(asked, done)
    if len(done.failures):
        raise RunError(
            f"{counted(len(done.failures), 'run')} could not be done: {done.folder / 'failures.csv'} says why"
        )


def _design(asked: Asked, seed: int) -> Design:
    """The points asked for, in one of the three ways."""
    from sim.experiments.design import grid, latin_hypercube, table

    given = [option for option in ("grid", "range", "design") if getattr(asked, option)]
    if len(given) != 1:
        how = "--grid PATH=V1,V2,..., --range PATH=LOW:HIGH or --design FILE"
        raise InputError([Problem("sweep", f"give the points in one of three ways, not {len(given)}: {how}")])
    if asked.points is not None and given != ["range"]:
        raise InputError(
            [Problem("--points", f"goes with --range; --{given[0]} says itself how many points there are")]
        )
    if asked.grid:
        return grid(asked.grid)
    return table(asked.design) if asked.design else latin_hypercube(asked.range, asked.points or POINTS, seed)


def _announce(scenario: Scenario, points: int, uncertain: bool) -> None:
    from sim.experiments.runner import simulated

    print(f"{scenario.name}: {counted(points, 'point')}, each {simulated(scenario, uncertain)}", flush=True)


def _tell(asked: Asked, done: Swept) -> None:
    """What there is now."""
    failed = len(done.failures)
    if asked.json:
        print_json({"folder": str(done.folder), "points": done.points, "runs": done.runs, "failed": failed})
        return
    before = f", {done.done_before:,} of them by an earlier call" if done.done_before else ""
    print(f"{done.runs - failed:,} of {counted(done.runs, 'run')} kept in {done.folder}{before}.")
    print(
        f"Read it with pandas.read_parquet(\"{done.folder / 'data'}\"), or in DuckDB as '{done.folder}/data/*.parquet'."
    )
