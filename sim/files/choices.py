"""Numbers of a scenario that planners could choose otherwise, found by their path, and the scenario with another value.

Paths are those of ``--set``; ``*`` stands for every item of a list, so that ``interventions.*.strength`` are the
strengths of all programmes together. Unlike ``space.py`` any plain number will do, with a range or without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from sim.files.fields import slug, suggestion
from sim.interventions import Lever
from sim.quantities import Quantity
from sim.scenario import BreakEven, Scenario

NUMBER_OF: dict[type, str] = {Quantity: "value", Lever: "ratio"}
"""Field that holds the number of what may carry a range."""
STRONGEST = 2.0
"""The most that ``strength`` may be."""


class Astray(Exception):
    """A path leads to no number, or a value is not allowed there; the text says why and what could be given."""


class Choice(NamedTuple):
    """A number that could be chosen otherwise, and between which values."""

    value: float
    """As the scenario states it; that of the first one if there are several."""
    low: float
    high: float


def choice(scenario: Scenario, asked: BreakEven) -> Choice:
    """The number at a path and the values to try; Astray if there is none, or values that make no sense."""
    holder, field = next(_holders(scenario, asked.lever.split("."), ()))
    value = float(getattr(holder, field))
    plain = (0.0, STRONGEST) if field == "strength" else (getattr(holder, "low", None), getattr(holder, "high", None))
    ends = [given if given is not None else own for given, own in zip((asked.low, asked.high), plain, strict=True)]
    low, high = ends
    if low is None or high is None:
        raise Astray("this number has no range of its own: give `low` and `high`, the values between which to look")
    if low >= high:
        raise Astray(f"`low` must be less than `high`, not {low:g} and {high:g}")
    for end in (low, high):
        with_choice(scenario, asked.lever, end)
    return Choice(value, low, high)


def with_choice(scenario: Scenario, path: str, value: float) -> Scenario:
    """The scenario with another value at a path; Astray if it leads to no number or the value is not allowed."""
    changed: Scenario = _changed(scenario, path.split("."), value, ())
    return changed


def _changed(holder: Any, parts: list[str], value: float, before: tuple[str, ...]) -> Any:
    found = {key: inside for key, inside in _inside(holder, parts, before)}
    changed = {
        key: _with_number(inside, parts, value, before)
        if _is_number(inside, parts)
        else _changed(inside, parts[1:], value, (*before, parts[0]))
        for key, inside in found.items()
    }
    if isinstance(holder, BaseModel):
        return _with_fields(holder, changed, before)
    if isinstance(holder, Mapping):
        return {**holder, **changed}
    return tuple(changed.get(index, item) for index, item in enumerate(holder))


def _holders(holder: Any, parts: list[str], before: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
    """The models that hold the numbers at a path, with the field."""
    for key, inside in _inside(holder, parts, before):
        if not _is_number(inside, parts):
            yield from _holders(inside, parts[1:], (*before, parts[0]))
        elif type(inside) in NUMBER_OF:
            yield inside, NUMBER_OF[type(inside)]
        else:
            yield holder, str(key)


def _is_number(inside: Any, parts: list[str]) -> bool:
    """True if a path ends here: at a plain number, or at one that may carry a range."""
    plain = isinstance(inside, int | float) and not isinstance(inside, bool)
    return (plain and len(parts) == 1) or (type(inside) in NUMBER_OF and parts[1:] in ([], [NUMBER_OF[type(inside)]]))


def _with_number(inside: Any, parts: list[str], value: float, before: tuple[str, ...]) -> Any:
    if type(inside) not in NUMBER_OF:
        return value
    low, high = (value if end is None else end for end in (inside.low, inside.high))
    kept = {} if low <= value <= high else {"low": None, "high": None}
    return _with_fields(inside, {NUMBER_OF[type(inside)]: value, **kept}, (*before, parts[0]))


def _with_fields(holder: BaseModel, changed: dict[Any, Any], before: tuple[str, ...]) -> BaseModel:
    """The model with other values of some fields, checked as if it had been read."""
    given = {name: getattr(holder, name) for name in type(holder).model_fields} | changed
    try:
        type(holder).model_validate(given, by_name=True)
    except ValidationError as error:
        told = error.errors()[0]
        where = ".".join((*before, *map(str, told["loc"])))
        raise Astray(f"`{where}`: {told['msg'][:1].lower()}{told['msg'][1:]}, not {told['input']}") from None
    return holder.model_copy(update=changed)


def _inside(holder: Any, parts: list[str], before: tuple[str, ...]) -> list[tuple[Any, Any]]:
    """What the first part of a path stands for, with its key."""
    if parts:
        if isinstance(holder, BaseModel):
            names = {field.alias or name: name for name, field in type(holder).model_fields.items()}
            return (
                [(names[parts[0]], getattr(holder, names[parts[0]]))]
                if parts[0] in names
                else _lost(parts[0], names, before)
            )
        if isinstance(holder, Mapping):
            return [(parts[0], holder[parts[0]])] if parts[0] in holder else _lost(parts[0], holder, before)
        if isinstance(holder, tuple):
            return _items(holder, parts[0], before)
    what = "`" + ".".join(before) + "` " if before else "it "
    raise Astray(f"{what}{'has no part `' + parts[0] + '`' if parts else 'is not a number'}")


def _items(items: tuple[Any, ...], part: str, before: tuple[str, ...]) -> list[tuple[Any, Any]]:
    """Items of a list: all of them, or one by its number or the beginning of its name."""
    if part == "*" and items:
        return list(enumerate(items))
    if part.isdecimal() and int(part) < len(items):
        return [(int(part), items[int(part)])]
    names = [slug(str(getattr(item, "name", ""))) for item in items]
    found = [(index, items[index]) for index, name in enumerate(names) if part and name.startswith(part)]
    return found if len(found) == 1 else _lost(part, [name or str(index) for index, name in enumerate(names)], before)


def _lost(part: str, names: Any, before: tuple[str, ...]) -> list[tuple[Any, Any]]:
    where = f" in `{'.'.join(before)}`" if before else ""
    raise Astray(f"there is no `{part}`{where}; {suggestion(part, names, 'there are')}")
