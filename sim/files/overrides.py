"""Changing what files say before it is checked: one value by its path, or one place laid over another.

A path is the names joined by dots. An item of a list is called by its number from 0, or by its name in small
letters with `_` for everything else (`interventions.case_management.strength`), its file's name, or, for routes
and the like, by what it is for (`place.stages.acute_bed.routes.home_care.share`).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from sim.files.documents import Address, Document, Origin, parse, plain_scalar
from sim.files.fields import Shape, names_of, shape_of, shown, slug, suggestion, within
from sim.interventions import Lever
from sim.quantities import AgeTable, Provenance, Quantity, Series
from sim.system import LengthOfStay

PROVENANCE = tuple(Provenance.model_fields)
"""Fields that say where a number comes from."""
MEANS = ("mean_days", "mean_hours", "mean_minutes")
CALLED_BY = ("name", "to", "pool", "stage")
"""Fields by which an item of a list may be called, first one first."""


class _NotFound(Exception):
    """A path leads nowhere; the text says where it stops and what could have been meant."""


def set_value(document: Document, model: type[BaseModel], path: str, given: Any, origin: Origin) -> Address:
    """Put one value into a document that is to become a ``model``, and say where; a path astray becomes a problem."""
    try:
        if given is None:
            raise _NotFound("needs a value after `=`, such as `run.seed=2`")
        address = _put(document, Shape(model=model), path, given)
    except _NotFound as error:
        document.problems.append(origin.problem((), str(error)))
        return ()
    document.move(address, origin)
    return address


def value_of_text(text: str) -> Any:
    """The value of the text after ``=`` on a command line: a YAML scalar, or a list in square brackets."""
    text = text.strip()
    if text[:1] in ('"', "'", "["):
        document = parse(text, "")
        return text if document.problems else document.data
    return plain_scalar(text)


def _put(document: Document, shape: Shape, path: str, given: Any) -> Address:
    parts = path.split(".")
    container = document.data
    keys: list[str] = []
    for place, part in enumerate(parts):
        key, below = _step(document, container, shape, part, tuple(keys))
        keys.append(key)
        if place + 1 < len(parts):
            container = _enter(container, key, below, ".".join(keys))
            shape = below
        elif isinstance(container, list):
            container[int(key)] = _replaced(container[int(key)], given, below)
        else:
            container[key] = _replaced(container.get(key), given, below)
            _fit_range(container, key, shape)
    return tuple(keys)


def _step(document: Document, container: Any, shape: Shape, part: str, before: Address) -> tuple[str, Shape]:
    """The key of one part of a path in its container, and what may be written there."""
    if isinstance(container, list) and shape.items is not None:
        return _item(document, container, part, before), shape_of(shape.items)
    if not isinstance(container, dict):
        raise _NotFound(f"`{'.'.join(before)}` is {shown(container)} and has no part `{part}`")
    below = within(shape, part)
    if shape.model is not None and shape.named is None:
        if below is None:
            raise _NotFound(f"there is no field `{part}`; {suggestion(part, names_of(shape.model), 'fields')}")
        return part, below
    if below is None:
        raise _NotFound(f"`{'.'.join(before)}` has no part `{part}`")
    if part not in container and not _may_be_new(part, shape, below):
        raise _NotFound(f"there is no `{part}` here; {suggestion(part, container, 'names')}")
    return part, below


def _may_be_new(part: str, shape: Shape, below: Shape) -> bool:
    if below.is_number:
        return part in shape.names
    return below.model is None and below.named is None and (not shape.names or part in shape.names)


def _item(document: Document, items: list[Any], part: str, before: Address) -> str:
    if part.isdecimal():
        if int(part) < len(items):
            return str(int(part))
        raise _NotFound(f"there is no number {part}; {len(items)} in the list, counted from 0")
    called = [_names_of_item(document, item, (*before, str(place))) for place, item in enumerate(items)]
    found = [place for place, names in enumerate(called) if part in names]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise _NotFound(f"`{part}` stands for several: give its number instead, {' or '.join(map(str, found))}")
    raise _NotFound(f"there is no `{part}` here; {suggestion(part, [n for names in called for n in names], 'names')}")


def _names_of_item(document: Document, item: Any, address: Address) -> list[str]:
    own = [document.called[address]] if address in document.called else []
    if isinstance(item, dict):
        own += [slug(str(item[field])) for field in CALLED_BY if field in item][:1]
    return list(dict.fromkeys(own))


def _enter(container: Any, key: str, shape: Shape, path: str) -> Any:
    """What is inside ``key``, written out in full if it was written short or left out."""
    current = container[int(key)] if isinstance(container, list) else container.get(key)
    full = _in_full(current, shape)
    if not isinstance(full, dict | list):
        raise _NotFound(f"`{path}` {'is empty' if current is None else f'is {shown(current)}'} and has no parts")
    if isinstance(container, list):
        container[int(key)] = full
    else:
        container[key] = full
    return full


def _in_full(current: Any, shape: Shape) -> Any:
    if shape.model is Quantity and isinstance(current, int | float):
        return {"value": current}
    if shape.model is AgeTable and (isinstance(current, int | float) or _has(current, "value")):
        return {"all": current}
    if shape.model is Series and isinstance(current, list):
        return {"values": current}
    if current is None and (shape.model is not None or shape.named is not None):
        return {}
    return current


def _has(current: Any, key: str) -> bool:
    return isinstance(current, dict) and key in current


def _replaced(current: Any, given: Any, shape: Shape) -> Any:
    """The new value; a bare number given for one with a source keeps the source."""
    if not isinstance(current, dict):
        return given
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if number and (shape.model is Quantity or (shape.model is AgeTable and "value" in current)):
        return _with_number(current, "value", given)
    if number and shape.model is AgeTable:
        return {"all": given} | {key: current[key] for key in PROVENANCE if key in current}
    if number and shape.model is Lever:
        return _with_number(current, "ratio", given)
    if shape.model is Series and isinstance(given, list):
        return current | {"values": given}
    return given


def _with_number(current: dict[str, Any], key: str, given: float) -> dict[str, Any]:
    changed = current | {key: given}
    _fit_range(changed, key, Shape(model=Quantity if key == "value" else Lever))
    return changed


def _fit_range(container: dict[str, Any], key: str, shape: Shape) -> None:
    """Drop a range that no longer brackets its number."""
    if (shape.model, key) not in ((Quantity, "value"), (Lever, "ratio")):
        return
    number, low, high = container[key], container.get("low"), container.get("high")
    ends = [end for end in (number, low, high) if end is not None]
    if not all(isinstance(end, int | float) for end in ends):
        return
    if (low is not None and low > number) or (high is not None and high < number):
        container.pop("low", None)
        container.pop("high", None)


def lay_over(base: Document, top: Document, shape: Shape, at: Address = ()) -> None:
    """Lay what one file says over what its base says, in place of ``base``.

    Fields and named things (pools, stages, conditions) are laid over one by one. What is one thing is replaced
    whole: a number, a table by age, a list, shares. Another mean replaces the mean of a length of stay.
    """
    inner, outer = _value_at(base.data, at), _value_at(top.data, at)
    if shape.model is LengthOfStay and any(mean in outer for mean in MEANS):
        for mean in MEANS:
            inner.pop(mean, None)
    for key, value in outer.items():
        address = (*at, key)
        below = within(shape, key)
        if below and _merges(below) and isinstance(inner.get(key), dict) and isinstance(value, dict):
            base.origins[address] = top.origin(address)
            lay_over(base, top, below, address)
        else:
            inner[key] = value
            base.move(address, top.origin(address))
            base.origins |= {known: origin for known, origin in top.origins.items() if known[: len(address)] == address}


def _merges(shape: Shape) -> bool:
    if shape.model is not None:
        return not issubclass(shape.model, Provenance)
    if shape.named is None or shape.names:
        return False
    value = shape_of(shape.named)
    return value.items is not None or (value.model is not None and not issubclass(value.model, Provenance))


def _value_at(value: Any, address: Address) -> Any:
    for part in address:
        value = value[part]
    return value


def remove(base: Document, top: Document, paths: Any) -> None:
    """Take out of ``base`` what ``top`` says its place is ``without``."""
    for index, path in enumerate(paths if isinstance(paths, list) else [paths]):
        *before, last = str(path).split(".")
        holder: Any = base.data
        for part in before:
            holder = holder.get(part) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and last in holder:
            del holder[last]
            base.move((*before, last), top.origin(("without", str(index))))
        else:
            known = holder if isinstance(holder, dict) else base.data
            what = f"the place this one is based on has no `{path}`; {suggestion(last, known, 'names')}"
            top.complain(("without", str(index)), what)


def with_lender(given: Any, shape: Shape, lender: str) -> Any:
    """Values of a place that others are based on, each number marked as borrowed from it."""
    if shape.model is not None and issubclass(shape.model, Provenance):
        if isinstance(given, dict):
            return {"borrowed_from": lender} | given
        if isinstance(given, list):
            return {"values": given, "borrowed_from": lender}
        return {"value": given, "borrowed_from": lender} if isinstance(given, int | float) else given
    if isinstance(given, dict):
        return {key: with_lender(value, within(shape, key) or Shape(), lender) for key, value in given.items()}
    if isinstance(given, list):
        return [with_lender(value, within(shape, "0") or Shape(), lender) for value in given]
    return given
