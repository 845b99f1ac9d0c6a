"""The command line: reads what was asked, has the command do it, and turns whatever goes wrong into plain words.

The commands themselves are in ``commands/``.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence

from sim import __version__
from sim.commands.all import COMMANDS
from sim.commands.command import Asked, counted, print_json
from sim.errors import CarepathError, InputError, NotProved

FINE, FAULT, BAD_INPUT, NOT_FINISHED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: it ran; a fault in carepath itself, or a check of it not met; something wrong with what was given,
nothing was run; a run that could not finish or a file that could not be written; interrupted from the keyboard."""
_ALLOCATED = 50_000
"""Objects made between two searches for unreachable ones. What is loaded stays: to search it again and again, as Python
does after every 700, would take a tenth of a short command's time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code of one command line (without the programme's name; the real one if left out)."""
    _print_any_character()
    gc.set_threshold(_ALLOCATED)
    if not (sys.argv[1:] if arguments is None else arguments):
        parser().print_help(sys.stderr)
        return BAD_INPUT
    asked = parser().parse_args(arguments)
    try:
        asked.command.run(asked)
        sys.stdout.flush()
    except InputError as error:
        return _refuse(asked, error)
    except NotProved as error:
        return _stop(FAULT, str(error))
    except CarepathError as error:
        return _stop(NOT_FINISHED, str(error))
    except KeyboardInterrupt as stopped:
        return _stop(INTERRUPTED, str(stopped) or "interrupted; no unfinished result was kept")
    except BrokenPipeError:  # whoever read the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _stop(NOT_FINISHED, f"{error.filename or 'file'}: {error.strerror or error}")
    except Exception as error:  # last resort: no traceback reaches a user
        return _stop(FAULT, _fault(error))
    return FINE


def _print_any_character() -> None:
    """Keep a console or pipe that is not UTF-8, as on Windows, from stopping an answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _refuse(asked: Asked, error: InputError) -> int:
    if asked.json:
        print_json({"problems": [vars(problem) for problem in error.problems]})
    heading = f"{counted(len(error.problems), 'problem')}, nothing was run:"
    return _stop(BAD_INPUT, "\n  ".join([heading, *map(str, error.problems)]))


def _stop(code: int, why: str) -> int:
    print(f"carepath: {why}", file=sys.stderr)
    return code


def _fault(error: Exception) -> str:
    """What to tell the user about a fault of ours, with the file its details were written to."""
    with tempfile.NamedTemporaryFile("w", prefix="carepath-", suffix=".log", delete=False, encoding="utf-8") as details:
        details.write(f"carepath {__version__}, Python {sys.version}, {sys.platform}\n{' '.join(sys.argv)}\n\n")
        details.write("".join(traceback.format_exception(error)))
    return (
        f"this is a fault in carepath, not in what you gave it ({type(error).__name__}: {error}). The details are in "
        f"{details.name}; please send that file, and the scenario, to whoever looks after carepath for you."
    )


def parser() -> argparse.ArgumentParser:
    """Everything that can be asked."""
    whole = argparse.ArgumentParser(
        prog="carepath",
        description="Would this plan free those beds? A whole health and care place, person by person.",
        epilog="example: carepath run nwl_pilot\nexplain any command: carepath run --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"carepath {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        own = commands.add_parser(
            command.name,
            help=command.what,
            description=command.what,
            epilog=f"example: {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.options(own)
        own.add_argument("--json", action="store_true", help="print the answer for another program")
        own.set_defaults(command=command)
    return whole
