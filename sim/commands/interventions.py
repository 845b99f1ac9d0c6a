"""The command ``carepath interventions``: what can be switched on, on what evidence, and how sure anybody can be."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from sim.commands.command import Asked, counted, print_json

REFERENCE = "england_500k"
"""Place whose services are named in the words of one intervention."""


def interventions_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="one of them, in full: its name in the list, or the path of a file; all of them in short if left out",
    )


def interventions(asked: Asked) -> None:
    """Print the library, or one intervention in words."""
    if asked.name is None:
        _all(asked)
    else:
        _one(asked)


def _all(asked: Asked) -> None:
    from sim.pages.intervention_words import library

    entries = library()
    if asked.json:
        print_json({"interventions": [asdict(each) for each in entries]})
        return
    from sim.pages.terminal import wrapped

    print(f"{counted(len(entries), 'intervention')} that a scenario can switch on.")
    print(f"One of them in full: carepath interventions {entries[0].name}")
    for each in entries:
        strongest = f" Strongest lever: {each.strongest}." if each.strongest else ""
        lines = [
            "",
            f"{each.name}: {each.title}",
            f"  {each.what}",
            f"  Best evidence: {each.grade}.{strongest}",
            f"  How sure we are: {each.how_sure}",
        ]
        print(wrapped(lines))


def _one(asked: Asked) -> None:
    from pathlib import Path

    from sim.files.reading import load_intervention, load_place
    from sim.pages.intervention_words import entry, in_words, known_of

    each = load_intervention(asked.name)
    short = entry(Path(asked.name).stem, each)
    sentences = in_words(each, load_place(REFERENCE))
    if asked.json:
        moved = each.model_dump(mode="json", include={"levers", "needs_by_condition", "unintended"})
        print_json(asdict(short) | moved | {"sentences": sentences, "known": known_of(each)})
        return
    from sim.pages.terminal import wrapped

    strongest = [f"Strongest lever: {short.strongest}."] if short.strongest else []
    known = ["", "What is known, and where figures come from:", *known_of(each)]
    print(wrapped([each.name, "", *sentences, *known, "", f"Best evidence: {short.grade}.", *strongest]))
    print(f"To switch it on, name it in a scenario: - use: interventions/{short.name}.yaml")
