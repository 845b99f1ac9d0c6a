"""The command ``carepath gallery``: what it takes, and how it says what was found of every claim."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import Asked, at_least_one, counted, print_json, spread_of, takes_spread
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.experiments.answers import Answers


def gallery_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument("--only", metavar="NAME", nargs="+", default=[], help="these scenarios; all if left out")
    parser.add_argument("--futures", metavar="N", type=at_least_one, help="futures of each scenario; 200 if left out")
    parser.add_argument("--scale", metavar="N", help="share of people simulated, 0 to 1; 0.2 if left out")
    parser.add_argument(
        "--break-even", action="store_true",
        help="also look for the break-even of every claim that names a number to change (minutes more)",
    )  # fmt: skip
    parser.add_argument(
        "--kept", action="store_true", help="no run: the page of the gallery that comes with carepath, at once"
    )
    parser.add_argument(
        "--into", metavar="FOLDER", type=Path, default=Path("gallery"), help="where it is kept; gallery if left out"
    )
    takes_spread(parser)


def gallery(asked: Asked) -> None:
    """Put every claim to the test, keep what is found, and write the page."""
    from sim.experiments.gallery import evaluations, keep, read_gallery, shipped_gallery
    from sim.pages.gallery import gallery_page
    from sim.pages.page import write_page
    from sim.results import refuse_unwritable

    refuse_unwritable(asked.into)
    found = read_gallery(shipped_gallery()) if asked.kept else _found(asked)
    if asked.kept and asked.only:
        found = {name: answers for name, answers in found.items() if name in asked.only}
    if not found:
        raise InputError([Problem("--kept", "the gallery that comes with carepath has none of these scenarios")])
    asked.into.mkdir(parents=True, exist_ok=True)
    if not asked.kept:
        keep(found, asked.into / "gallery.json")
    page = asked.into / "gallery.html"
    write_page(gallery_page(found, evaluations(found)), page)
    if asked.json:
        claims = {name: _rows(answers) for name, answers in found.items()}
        print_json({"page": str(page), "claims": claims})
    else:
        _tell(found, page)


def _found(asked: Asked) -> dict[str, Answers]:
    from sim.experiments.gallery import FUTURES, SCALE, TRIED, hang, questions

    scenarios = questions(asked.only, _scale(asked.scale) if asked.scale else SCALE)
    futures = asked.futures or FUTURES
    if not asked.json:
        many = f"{counted(len(scenarios), 'question')}, {counted(futures, 'future')} each"
        print(f"{many}, kept in {asked.into}", flush=True)
    command, tried = f"carepath {' '.join(sys.argv[1:])}", TRIED if asked.break_even else 0
    return hang(scenarios, asked.into, futures, spread_of(asked, "future"), command, tried)


def _scale(given: str) -> float:
    try:
        scale = float(given)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 1:
        raise InputError([Problem("--scale", f"{given!r} is not a share above 0 and up to 1, for example 0.2")])
    return scale


def _rows(found: Answers) -> list[dict[str, object]]:
    """What was found of each claim of a question: the numbers, and what stands behind them in words."""
    from sim.pages.claim_words import behind, evidence, scenario_of, settled_by

    scenario = scenario_of(found)
    return [
        {
            "claim": answer.claim.text, "claimed": answer.claimed_value, "middle": answer.modelled.middle,
            "low": answer.modelled.low, "high": answer.modelled.high, "holds_in": answer.holds.holds_in,
            "futures": answer.holds.futures, "share_low": answer.holds.low, "share_high": answer.holds.high,
            "verdict": answer.verdict, "settled_by": settled_by(answer, scenario),
            "break_even": answer.enough.model_dump(mode="json") if answer.enough else None,
            "behind": {label: words for label, words in behind(answer, scenario) if words},
            "evidence": evidence(answer.claim, scenario),
        }
        for answer in found.answers
    ]  # fmt: skip


def _tell(found: dict[str, Answers], page: Path) -> None:
    from sim.experiments.tested import claimed_in_words
    from sim.pages.claim_words import enough, held, modelled, scenario_of, verdict
    from sim.pages.terminal import wrapped

    lines: list[str] = []
    for answers in found.values():
        scenario = scenario_of(answers)
        lines += ["", answers.scenario]
        for answer in answers.answers:
            lines.append(f"{answer.number}. {answer.claim.text}")
            lines.append(f"   claimed: {claimed_in_words(answer.claim)}; the model finds {modelled(answer)}")
            lines.append(f"   {held(answer)}: {verdict(answer, scenario)}")
            if answer.enough:
                lines.append(f"   break-even: {enough(answer, scenario)}")
    print(wrapped([*lines, "", f"Kept in {page.parent}; open {page}."]))
