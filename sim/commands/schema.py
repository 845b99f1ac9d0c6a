"""The command ``carepath schema``: what it takes, and the schema it prints."""

from __future__ import annotations

import argparse

from sim.commands.command import Asked, print_json


def schema_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument("kind", choices=("scenario", "place", "intervention", "readiness"), help="kind of file")


def schema(asked: Asked) -> None:
    """Print the schema of a kind of file."""
    from sim.files.schema import schema as schema_of

    print_json(schema_of(asked.kind))
