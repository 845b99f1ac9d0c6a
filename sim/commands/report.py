"""The command ``carepath report``: what it takes, and the page it writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.commands.command import Asked, print_json


def report_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="a result kept by carepath run")
    parser.add_argument("--out", metavar="PAGE", type=Path, help="the page to write; report.html in FOLDER if left out")


def report(asked: Asked) -> None:
    """Write the page of a result."""
    from sim import results

    loaded = results.load(asked.folder)
    from sim.pages.report import write_report

    page = asked.out or asked.folder / "report.html"
    write_report(loaded, page)
    if asked.json:
        print_json({"page": str(page)})
    else:
        print(f"Written: {page}. Open it in any browser; it needs no internet.")
