"""The command ``carepath claim``: what it takes, and how it says whether a claim holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    at_least_one,
    print_json,
    scenario_of,
    spread_of,
    takes_file,
    takes_spread,
)

if TYPE_CHECKING:
    from sim.experiments.answers import Answers

ANSWERS, PAGE = "answers.json", "claims.html"


def claim_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    takes_file(parser, "scenario")
    parser.add_argument(
        "--claim", metavar="N", type=at_least_one, action="append", default=[],
        help="ask about this claim only, counted from 1; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--futures", metavar="K", type=at_least_one,
        help="futures to draw; 100, 200, 400 ... until every claim is settled if left out",
    )  # fmt: skip
    parser.add_argument(
        "--most", metavar="K", type=at_least_one, default=400, help="futures at which to stop even so; 400 if left out"
    )
    parser.add_argument("--no-break-even", action="store_true", help="do not look for what would be enough (faster)")
    for option, what in (("years", "measured years"), ("scale", "share of people simulated"), ("seed", "seed")):
        parser.add_argument(f"--{option}", metavar="N", help=f"{what}; the same as --set run.{option}=N")
    takes_spread(parser)
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where it is kept; results/NAME_claims if left out")


def claim(asked: Asked) -> None:
    """Put the claims to the test, keep what was found, and print it."""
    from sim.experiments.ask import ask
    from sim.pages.claim import write_claims
    from sim.pages.claim_words import in_words
    from sim.pages.terminal import wrapped
    from sim.results import refuse_unwritable

    scenario = scenario_of(asked)
    folder = asked.out or Path("results") / f"{Path(asked.file).stem}_claims"
    refuse_unwritable(folder)
    if not asked.json:
        print(wrapped([_announced(asked)]), flush=True)
    found = ask(
        scenario,
        spread_of(asked, "run"),
        futures=asked.futures,
        most=asked.most,
        claims=asked.claim,
        break_even=not asked.no_break_even,
        command=f"carepath {' '.join(sys.argv[1:])}",
    )
    found.write(folder / ANSWERS)
    write_claims(found, folder / PAGE)
    _tell(asked, found, folder, wrapped(["", *in_words(found), ""]))


def _announced(asked: Asked) -> str:
    many = f"{asked.futures} futures" if asked.futures else f"at most {asked.most} futures"
    return f"{asked.file}: {many}, each with its own luck and its own draw of the uncertain numbers"


def _tell(asked: Asked, found: Answers, folder: Path, words: str) -> None:
    if asked.json:
        print_json(_as_json(found))
    else:
        print(words)
        print(f"Kept in {folder}. A page to print or send: {folder / PAGE}")
    if found.cut_short:
        raise KeyboardInterrupt(f"{found.cut_short}: the answer rests on what was done; the same command begins again")


def _as_json(found: Answers) -> dict[str, object]:
    """What was found, and the evidence on each claim in words."""
    from sim.pages import claim_words

    scenario = claim_words.scenario_of(found)
    evidence = [claim_words.evidence(answer.claim, scenario) for answer in found.answers]
    return {**found.model_dump(mode="json"), "evidence": evidence}
