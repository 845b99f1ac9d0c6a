"""What every command has in common: its words, options that several take, and how tables and JSON are printed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.engines import DEFAULT, ENGINES
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.spread import Progress, Spread
    from sim.scenario import Scenario

Asked = argparse.Namespace


@dataclass(frozen=True)
class Command:
    """One word after ``carepath``."""

    name: str
    """The word."""
    what: str
    """What it answers, in one sentence."""
    example: str
    """A line to copy."""
    options: Callable[[argparse.ArgumentParser], None]
    """Adds the command's own options."""
    run: Callable[[Asked], None]
    """Does it, and prints the answer."""


def takes_file(parser: argparse.ArgumentParser, what: str) -> None:
    """The file a command is about, and changes to it."""
    parser.add_argument("file", metavar="FILE", help=f"{what}: a path, or the name of one that comes with carepath")
    takes_changes(parser)


def takes_changes(parser: argparse.ArgumentParser) -> None:
    """Changes for this time."""
    parser.add_argument(
        "--set",
        metavar="PATH=VALUE",
        action="append",
        default=[],
        help="change a number for this time, for example run.years=1; may be repeated",
    )


def takes_run(parser: argparse.ArgumentParser) -> None:
    """A scenario and how it is run."""
    takes_file(parser, "scenario")
    parser.add_argument(
        "--readiness", metavar="FILE", default="", help="answers about how ready the place is, see carepath readiness"
    )
    takes_settings(parser)


def takes_settings(parser: argparse.ArgumentParser) -> None:
    """How a scenario is run."""
    for option in RUN_OPTIONS:
        takes_setting(parser, option)
    takes_spread(parser)


def takes_setting(parser: argparse.ArgumentParser, option: str, more: str = "") -> None:
    """One setting of a run."""
    what = f"{RUN_OPTIONS[option]}; the same as --set run.{option}=N{more}"
    parser.add_argument(f"--{option}", metavar="N", help=what)


def takes_spread(parser: argparse.ArgumentParser) -> None:
    """How work is spread; no number depends on it."""
    parser.add_argument(
        "--workers", metavar="N", type=at_least_one, help="replications at one time; one a core if left out"
    )
    parser.add_argument("--engine", choices=tuple(ENGINES), default=DEFAULT, help=f"{DEFAULT} if left out")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", default="", help="a Dask cluster to do the work, such as tcp://10.0.0.1:8786"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress line")


def takes_uncertain(parser: argparse.ArgumentParser) -> None:
    """Whether uncertain numbers are drawn."""
    parser.add_argument(
        "--uncertain",
        action="store_true",
        help="draw every number that has a range, once in each replication, the same with the plan and without",
    )


RUN_OPTIONS = {
    "years": "measured years",
    "replications": "repetitions, each with its own luck",
    "scale": "share of people and capacities simulated, 0 to 1",
    "seed": "seed of every random number",
}


def at_least_one(text: str) -> int:
    """A whole number given as an option."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def spread_of(asked: Asked, unit: str = "replication") -> Spread:
    """How the work asked for is spread; the progress line counts in ``unit``."""
    from sim.experiments.spread import Spread

    return Spread(asked.workers, asked.engine, asked.cluster, progress_of(asked, unit))


def progress_of(asked: Asked, unit: str) -> Progress | None:
    """A progress line on the terminal with the time left, if one is wanted and there is a terminal.

    The first run ever compiles the engine, which takes longer than the run: a line says so.
    """
    if asked.quiet or asked.json or not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    from sim.compiled import is_compiled

    if getattr(asked, "engine", "") == "fast" and not is_compiled("fast_run.run"):
        print("Preparing carepath for this computer: about a minute, this once.", file=sys.stderr)
    bar = tqdm(unit=unit, leave=False, file=sys.stderr)

    def show(done: int, of: int) -> None:
        if bar.total is None:
            bar.initial = done  # what was there before says nothing of the time left
        bar.total, bar.n = of, done
        bar.refresh()
        if done == of:
            bar.close()

    return show


def changes_of(asked: Asked) -> dict[str, str]:
    """Every ``--set`` of the command line by path; options such as ``--years`` are ``run.years``."""
    return set_of(asked) | {f"run.{option}": given for option, given in settings_of(asked).items()}


def settings_of(asked: Asked) -> dict[str, str]:
    """Options such as ``--years`` that were given."""
    return {option: getattr(asked, option) for option in RUN_OPTIONS if getattr(asked, option, None) is not None}


def set_of(asked: Asked) -> dict[str, str]:
    """Every ``--set`` of the command line by path."""
    changes: dict[str, str] = {}
    for text in asked.set:
        path, equals, value = text.partition("=")
        if not (path and equals and value):
            raise InputError([Problem("--set", f"{text!r} is not PATH=VALUE, for example run.years=1")])
        changes[path.strip()] = value.strip()
    return changes


def scenario_of(asked: Asked, file: str = "") -> Scenario:
    """The scenario asked for, with every change; what it warns of goes to standard error."""
    from sim.files.reading import read_scenario
    from sim.measures.definitions import CLAIMABLE

    loaded = read_scenario(file or asked.file, changes_of(asked), CLAIMABLE)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return _as_ready(loaded.model, getattr(asked, "readiness", ""))


def _as_ready(scenario: Scenario, file: str) -> Scenario:
    """The scenario in a place with the answers of a file, if one is given; what that means goes to standard error."""
    if not file:
        return scenario
    from sim.files.reading import load_readiness
    from sim.pages.readiness_words import readiness_in_words
    from sim.pages.terminal import wrapped

    answers = load_readiness(file)
    print(wrapped(readiness_in_words(answers)), file=sys.stderr)
    return scenario.model_copy(update={"readiness": answers})


def print_json(answer: Any) -> None:
    """Print an answer for another program; dates and paths as text."""
    print(json.dumps(answer, indent=2, ensure_ascii=False, default=str))


def as_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as a list of its rows, for JSON."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=10))
    return rows


def print_table(table: pd.DataFrame, heading: str, number: str = "{:,.1f}") -> None:
    """Print a table under its heading."""
    print(f"\n{heading}\n")
    print(table.to_string(index=False, na_rep="", float_format=number.format))


def print_markdown(table: pd.DataFrame) -> None:
    """Print a table for the README."""
    for line in ([*table.columns], ["---"] * len(table.columns), *table.to_numpy().tolist()):
        print(f"| {' | '.join(map(str, line))} |")


def counted(number: int, what: str) -> str:
    """A number and what it counts: ``1 problem``, ``2 problems``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
