"""The command ``carepath new``: the figures of a place it takes, and the file it writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.command import Asked, counted, print_json
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def new_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument("what", choices=("place",), help="what to make")
    parser.add_argument("name", metavar="NAME", help="name of the file, without .yaml")
    for field, what in NEW_PLACE.items():
        parser.add_argument(
            f"--{field.replace('_', '-')}", metavar="N", type=_number, required=field != "deaths", help=what
        )
    parser.add_argument(
        "--locality",
        metavar="NAME=ADULTS",
        action="append",
        default=[],
        help="a part of the place with its own council, and its adults; may be repeated",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="file to write; NAME.yaml here if left out")


NEW_PLACE = {
    "adults": "residents aged 18 and over",
    "aged_75": "residents aged 75 and over",
    "acute_beds": "adult general and acute beds open, the residents' share",
    "community_beds": "community hospital and intermediate care beds",
    "virtual_ward_beds": "virtual ward places",
    "emergency_admissions": "emergency admissions of adults a year, zero-day included",
    "attendances": "type 1 A&E attendances of adults a year",
    "delayed": "people ready to leave who stay overnight in acute beds, mean of a day",
    "care_home_residents": "adults living in care homes",
    "home_care_users": "people aged 65 and over with home care, all funding",
    "deaths": "deaths of adults a year; rates by age of the reference place if left out",
}
"""Figures a new place is made from, as in ``new_place_figures.Figures``."""


def _number(text: str) -> float:
    """A figure as people write it, thousands separated or not."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, such as 396000") from None


def new(asked: Asked) -> None:
    """Write a first file for a place, and say which figures do not fit together."""
    from pydantic import ValidationError

    from sim.files.reading import load_place
    from sim.files.writing import dump
    from sim.new_place import new_place
    from sim.new_place_figures import Figures

    page = asked.out or Path(f"{asked.name}.yaml")
    if page.exists():
        raise InputError([Problem("", "is there already: give another name, or --out FILE", str(page))])
    given = {field: getattr(asked, field) for field in NEW_PLACE if getattr(asked, field) is not None}
    if asked.locality:
        given["localities"] = _localities(asked.locality)
    try:
        figures = Figures(name=asked.name.replace("_", " "), **given)
    except ValidationError as error:
        raise InputError([_refused(fault) for fault in error.errors()]) from None
    place, doubts = new_place(figures, load_place("england_500k"))
    dump(place, page)
    if asked.json:
        print_json({"file": str(page), "does_not_add_up": doubts})
        return
    print(f"Written: {page}. Numbers it borrowed are marked `borrowed_from`. Next: carepath check {page}")
    print("\n  ".join([f"{counted(len(doubts), 'figure')} to look at again:", *doubts]) if doubts else "It adds up.")


def _localities(given: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given:
        name, _, adults = text.rpartition("=")
        if not name or not adults.replace(".", "", 1).isdecimal():
            raise InputError([Problem("--locality", f"{text!r} is not NAME=ADULTS, for example Brent=270000")])
        found[name] = float(adults)
    return found


def _refused(fault: ErrorDetails) -> Problem:
    where = f"--{str(fault['loc'][0]).replace('_', '-')}" if fault["loc"] else ""
    if fault["type"] == "greater_than":
        return Problem(
            where, f"must be more than 0, not {fault['input']:g}; give 1 for a service the place has none of"
        )
    return Problem(where, fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be"))
