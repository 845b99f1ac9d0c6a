"""The command ``carepath bench``: how fast carepath is on this machine, printed or put into the README."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from sim.commands.command import Asked, print_json, print_table, progress_of
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.experiments.bench_replication import Found

WIDTH = 110
"""Characters in a line of what is printed."""
LONG = "Five to ten minutes, half of them for one replication by the SimPy engine. --quick takes about one."


def bench_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument("--quick", action="store_true", help="a short version, to see that it works")
    parser.add_argument("--quiet", action="store_true", help="no progress line")
    parser.add_argument("--markdown", action="store_true", help="print it as a section for the README")
    parser.add_argument(
        "--into", metavar="FILE", type=Path, help="put that section into a file, between its marks, such as README.md"
    )


def bench(asked: Asked) -> None:
    """Measure, and say what was found."""
    from sim.experiments.bench import FULL, QUICK
    from sim.experiments.bench import bench as measured
    from sim.pages.bench_words import markdown

    if asked.into:
        _put(asked.into, None)
    if not (asked.quick or asked.quiet):
        print(LONG, file=sys.stderr, flush=True)
    found = measured(QUICK if asked.quick else FULL, progress_of(asked, "part"))
    if asked.into:
        _put(asked.into, markdown(found))
    if asked.json:
        print_json(found)
    elif asked.markdown:
        print(markdown(found))
    else:
        _print(found)


def _put(file: Path, section: str | None) -> None:
    """Put a section between the marks of a file; without one only see whether that can be done."""
    from sim.pages.bench_words import put_into

    try:
        text = put_into(file.read_text(encoding="utf-8"), section or "")
    except (OSError, ValueError) as error:
        what = f"nothing can be put there: {getattr(error, 'strerror', None) or error}"
        raise InputError([Problem("--into", what, str(file))]) from None
    if section:
        file.write_text(text, encoding="utf-8")


def _print(found: Found) -> None:
    from sim.pages.bench_words import machine_in_words, sections, summary

    for paragraph in (machine_in_words(found), summary(found)):
        print(fill(paragraph.replace("**", "").replace("`", ""), WIDTH), end="\n\n")
    for section in sections(found):
        print_table(section.table, fill(f"{section.title}. {section.said}", WIDTH))
