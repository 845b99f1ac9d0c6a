"""``carepath readiness``: an empty questionnaire, or what the answers of a filled one are taken to mean."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.commands.command import Asked, print_json
from sim.errors import InputError, Problem


def readiness_options(parser: argparse.ArgumentParser) -> None:
    """The file, filled in or to be made."""
    parser.add_argument("file", metavar="FILE", nargs="?", default="", help="answers to read")
    parser.add_argument(
        "--new", metavar="FILE", default="", help="write an empty questionnaire, each question explained"
    )


def readiness(asked: Asked) -> None:
    """Writes an empty questionnaire, or says what the answers are taken to mean."""
    from sim.pages.readiness_words import as_numbers, readiness_in_words

    if bool(asked.new) == bool(asked.file):
        what = "give a file of answers, or `--new FILE` for an empty questionnaire"
        raise InputError([Problem("", what)])
    if asked.new:
        _write(asked)
        return
    from sim.files.reading import load_readiness
    from sim.pages.terminal import wrapped

    answers = load_readiness(asked.file)
    if asked.json:
        print_json(as_numbers(answers))
    else:
        print(wrapped(readiness_in_words(answers)))


def _write(asked: Asked) -> None:
    from sim.pages.readiness_words import questionnaire

    path = Path(asked.new)
    if path.exists():
        raise InputError([Problem("--new", "there is such a file already; give another name", asked.new)])
    path.write_text(questionnaire(path.stem.replace("_", " ")), encoding="utf-8")
    if asked.json:
        print_json({"file": str(path)})
    else:
        print(f"{path}: answer the questions in it, then `carepath readiness {path}`")
