"""Which values a sweep tries: every combination of lists, points spread over ranges, or the rows of a table."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import qmc

from sim.errors import InputError, Problem

LARGEST_BYTES = 20_000_000
"""Largest table of points that is read."""
MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Design:
    """Points to try, each a value for every path."""

    option: str
    """Option of the command line it was given with."""
    paths: tuple[str, ...]
    """Paths of the values that vary, such as ``place.pools.acute.capacity``."""
    points: tuple[tuple[str, ...], ...]
    """Values of each point as text, in the order of the paths."""

    def values(self, point: int) -> dict[str, str]:
        """The values of one point by path."""
        return dict(zip(self.paths, self.points[point], strict=True))


def grid(given: Sequence[str]) -> Design:
    """Every combination of the values listed, each ``PATH=V1,V2,...``; the last list varies fastest."""
    lists: dict[str, list[str]] = {}
    for text in given:
        path, values = _parted("--grid", text, "PATH=V1,V2,... such as place.pools.acute.capacity=380,400,420", lists)
        lists[path] = _listed(values)
        if "" in lists[path]:
            raise _refused("--grid", f"{text!r} has an empty value: separate values by single commas")
        if len(set(lists[path])) < len(lists[path]):
            raise _refused("--grid", f"{text!r} names a value twice: name each once")
    _refuse_too_many("--grid", math.prod(map(len, lists.values())))
    return Design("--grid", tuple(lists), tuple(itertools.product(*lists.values())))


def latin_hypercube(given: Sequence[str], points: int, seed: int) -> Design:
    """Points spread evenly over ranges, each ``PATH=LOW:HIGH``; with ``:whole`` only whole numbers.

    Each range is cut into as many equal parts as there are points, and each part is met once (McKay 1979).
    """
    _refuse_too_many("--points", points)
    ranges: dict[str, tuple[float, float, bool]] = {}
    for text in given:
        path, span = _parted("--range", text, "PATH=LOW:HIGH such as place.loops.substitution=0.2:0.8", ranges)
        ranges[path] = _span(text, span)
    units = qmc.LatinHypercube(len(ranges), rng=seed).random(points)
    rows = [
        tuple(_value(unit, *span) for unit, span in zip(row.tolist(), ranges.values(), strict=True)) for row in units
    ]
    return Design("--range", tuple(ranges), tuple(rows))


def table(file: Path) -> Design:
    """The rows of a CSV file with a column for each path."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise _in_file(file, 0, "is larger than 20 MB: split it into several sweeps")
        with file.open(encoding="utf-8-sig", newline="") as opened:
            lines = [[cell.strip() for cell in row] for row in csv.reader(opened)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise _in_file(
            file, 0, f"cannot be read ({reason}): give a CSV file in UTF-8, a column for each path"
        ) from None
    rows = [(number, row) for number, row in enumerate(lines, 1) if any(row)]
    if len(rows) < 2:
        raise _in_file(file, 0, "needs a line of paths, such as place.pools.acute.capacity, and a row for each point")
    (number, paths), *points = rows
    if "" in paths or len(set(paths)) < len(paths):
        raise _in_file(file, number, "each column needs a path of its own in the first line")
    problems = [Problem("", what, str(file), line) for line, row in points if (what := _wrong(row, paths))]
    if problems:
        raise InputError(problems)
    return Design("--design", tuple(paths), tuple(tuple(row) for _, row in points))


def _wrong(row: list[str], paths: list[str]) -> str:
    """What is wrong with a row of a table; empty if nothing is."""
    if len(row) != len(paths):
        return f"has {len(row)} values for {len(paths)} paths: put text that holds a comma in quotes"
    return f"{paths[row.index('')]} is empty: give a value in every column" if "" in row else ""


def _parted(option: str, text: str, like: str, known: Collection[str]) -> tuple[str, str]:
    path, equals, rest = (part.strip() for part in text.partition("="))
    if not (path and equals and rest):
        raise _refused(option, f"{text!r} is not {like}")
    if path in known:
        raise _refused(option, f"{path} is given twice: give it once")
    return path, rest


def _listed(text: str) -> list[str]:
    """Values separated by commas, outside square brackets."""
    depth, values = 0, [""]
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            values.append("")
        else:
            values[-1] += letter
    return [value.strip() for value in values]


def _span(text: str, span: str) -> tuple[float, float, bool]:
    ends, whole = span.removesuffix(":whole"), span.endswith(":whole")
    try:
        low, high = (float(end) for end in ends.split(":"))
    except ValueError:
        raise _refused("--range", f"{text!r} is not PATH=LOW:HIGH with two numbers") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise _refused("--range", f"{text!r}: the first number must be less than the second")
    if whole and not (low.is_integer() and high.is_integer()):
        raise _refused("--range", f"{text!r}: with :whole both ends must be whole numbers")
    return low, high, whole


def _value(unit: float, low: float, high: float, whole: bool) -> str:
    if whole:
        return str(int(low + math.floor(unit * (high - low + 1))))
    return repr(low + unit * (high - low))


def _refuse_too_many(option: str, points: int) -> None:
    if points > MOST_POINTS:
        raise _refused(option, f"{points:,} points are more than {MOST_POINTS:,}: name fewer values")


def _refused(option: str, what: str) -> InputError:
    return InputError([Problem(option, what)])


def _in_file(file: Path, line: int, what: str) -> InputError:
    return InputError([Problem("", what, str(file), line)])
