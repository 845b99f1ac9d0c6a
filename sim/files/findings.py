"""What checks find: problems that stop a run and warnings that do not, and checks of numbers by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel

from sim.errors import Problem
from sim.files.fields import suggestion
from sim.files.provenance import Given, assumptions
from sim.quantities import AGES

TOLERANCE = 1e-6
"""How far shares may be from adding up to 1."""

LENGTHS = {
    "by_month": (12, "one for each month, January first"),
    "minor_by_month": (12, "one for each month, January first"),
    "by_weekday": (7, "one for each day, Monday first"),
    "leaves_by_weekday": (7, "one for each day, Monday first"),
    "by_hour": (24, "one for each hour, midnight first"),
    "frailty": (4, "fit, mild, moderate, severe"),
    "frailty_ratio": (4, "fit, mild, moderate, severe"),
    "frailty_urgent_ratio": (4, "fit, mild, moderate, severe"),
    "frailty_death_ratio": (4, "fit, mild, moderate, severe"),
    "frailty_care_home_ratio": (4, "fit, mild, moderate, severe"),
    "deprivation_ratio": (5, "one for each fifth, most deprived first"),
}
"""How many numbers a list holds, and which."""

PROPORTIONS = {
    "prevalence",
    "dies",
    "wait",
    "divert",
    "substitution",
    "reference_occupancy",
    "readmitted_within_30_days",
    "frailty_steps_per_delay_day",
    "threshold_slope",
}
"""Numbers from 0 to 1 beside those whose name holds `share`."""

POSITIVE = {"propensity_shape", "caseload_per_wte", "minutes_per_contact", "urgent_minutes"}
"""Numbers that are divided by."""

ANY_SIGN = {"growth_per_cent_per_year", "gbp_per_year"}
"""Numbers that may be negative."""


@dataclass
class Findings:
    """Problems and warnings found so far."""

    problems: list[Problem] = field(default_factory=list)
    """What must be put right before anything is run."""
    warnings: list[Problem] = field(default_factory=list)
    """What deserves a second look."""

    def bad(self, where: str, what: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(where, what))

    def warn(self, where: str, what: str) -> None:
        """Add a warning."""
        self.warnings.append(Problem(where, what))

    def known(self, where: str, name: str, names: Collection[str], kind: str) -> bool:
        """True if ``name`` is one of ``names``; a problem if not."""
        if name not in names:
            self.bad(where, f'there is no {kind} "{name}"; {suggestion(name, names, _several(kind))}')
        return name in names

    def add_up(self, where: str, shares: Iterable[float]) -> None:
        """A problem if shares do not add up to 1."""
        total = sum(shares)
        if abs(total - 1) > TOLERANCE:
            self.bad(where, f"the shares add up to {total:.6g}; they must add up to 1")

    def both(self) -> tuple[list[Problem], list[Problem]]:
        """Problems and warnings."""
        return self.problems, self.warnings


def check_numbers(found: Findings, model: BaseModel) -> None:
    """Check every number of a model against what its name says of its bounds, and warn of missing sources."""
    numbers = assumptions(model)
    for number in numbers:
        if isinstance(number.value, tuple):
            _check_list(found, number.path, number.value)
        else:
            _check_bounds(found, number, number.value)
    silent = [number.path for number in numbers if not number.source and not number.is_marked]
    if silent:
        named = ", ".join(silent[:10]) + (f" and {len(silent) - 10} more" if len(silent) > 10 else "")
        found.warn("", f"{len(silent)} of {len(numbers)} numbers have neither a source nor `assumption: true`: {named}")


def check_value(found: Findings, path: str, value: float) -> None:
    """Check the value of the number at a path against what its name says of its bounds."""
    name = _name(path)
    if name not in ANY_SIGN:
        _check_bound(found, path, name, value)


def _several(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def _name(path: str) -> str:
    *before, last = path.split(".")
    return before[-1] if before and last in ("all", *AGES) else last


def is_share(path: str) -> bool:
    """True if the number at a path lies from 0 to 1."""
    name = _name(path)
    return "share" in name or name in PROPORTIONS


def may_be_negative(path: str) -> bool:
    """True if the number at a path may be below 0."""
    return _name(path) in ANY_SIGN


def _check_list(found: Findings, path: str, values: tuple[float, ...]) -> None:
    name = _name(path)
    count, what = LENGTHS.get(name, (len(values), ""))
    if len(values) != count:
        found.bad(path, f"must have {count} numbers ({what}), not {len(values)}")
    if any(value < 0 for value in values) or not any(values):
        found.bad(path, "the numbers must be 0 or more, and not all of them 0")
    elif name == "frailty" and len(values) == count:
        found.add_up(path, values)


def _check_bounds(found: Findings, number: Given, value: float) -> None:
    for end in dict.fromkeys((value, number.low, number.high)):
        if end is not None:
            check_value(found, number.path, end)
    if _name(number.path) == "ratio":
        low = value if number.low is None else number.low
        high = value if number.high is None else number.high
        if not low <= value <= high:
            found.bad(number.path, f"low <= ratio <= high must hold, not {low:g} <= {value:g} <= {high:g}")


def _check_bound(found: Findings, path: str, name: str, value: float) -> None:
    if is_share(path) and not 0 <= value <= 1:
        hint = f" (write {value / 100:g} for {value:g} per cent)" if 2 <= value <= 100 else ""
        found.bad(path, f"must be from 0 to 1, not {value:g}{hint}")
    elif name in POSITIVE and value <= 0:
        found.bad(path, f"must be more than 0, not {value:g}")
    elif value < 0:
        found.bad(path, f"must be 0 or more, not {value:g}")
