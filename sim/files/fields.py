"""What a dotted path in a file leads to: which field of which model, and what may be written there.

Read from the annotations of the models, so that messages, overrides and the schema cannot drift from them.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.quantities import AGES, AgeTable, Provenance, Quantity, Series


class Shape(NamedTuple):
    """What may be written in a field. Several parts are set if several forms are allowed."""

    model: type[BaseModel] | None = None
    """A block with the fields of this model."""
    named: Any = None
    """A block of names: the annotation of what each stands for."""
    names: tuple[str, ...] = ()
    """The names allowed in such a block, if it is not any name."""
    items: Any = None
    """A list: the annotation of its items."""
    choices: tuple[str, ...] = ()
    """Words allowed."""
    plain: frozenset[type] = frozenset()
    """Plain values allowed: str, float, int, bool, date."""

    @property
    def is_number(self) -> bool:
        """True for a number that may carry its range and source."""
        return self.model is Quantity


def shape_of(annotation: Any) -> Shape:
    """What an annotation of a model allows to be written."""
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0])
    if origin in (Union, UnionType):
        return _either(shape_of(argument) for argument in arguments if argument is not NoneType)
    if origin is Literal:
        return Shape(choices=tuple(str(argument) for argument in arguments))
    if origin is dict:
        return Shape(named=arguments[1], names=shape_of(arguments[0]).choices)
    if origin in (tuple, list):
        return Shape(items=arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(model=annotation)
    return Shape(plain=frozenset([annotation]))


def _either(shapes: Iterable[Shape]) -> Shape:
    all_of_them = list(shapes)
    return Shape(
        model=next((shape.model for shape in all_of_them if shape.model), None),
        named=next((shape.named for shape in all_of_them if shape.named), None),
        names=next((shape.names for shape in all_of_them if shape.names), ()),
        items=next((shape.items for shape in all_of_them if shape.items), None),
        choices=tuple(choice for shape in all_of_them for choice in shape.choices),
        plain=frozenset().union(*(shape.plain for shape in all_of_them)),
    )


def names_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields of a model by the name used in files."""
    fields = list(model.model_fields.items())
    if issubclass(model, Provenance):
        fields.sort(key=lambda item: item[0] in Provenance.model_fields)
    return {field.alias or name: field for name, field in fields}


def within(shape: Shape, part: str) -> Shape | None:
    """What may be written at one part of a path below; None if there is no such field."""
    if shape.model is not None:
        field = names_of(shape.model).get(part) or shape.model.model_fields.get(part)
        return shape_of(field.annotation) if field else None
    if shape.named is not None:
        return shape_of(shape.named)
    if shape.items is not None:
        return shape_of(shape.items)
    return None


def at(model: type[BaseModel], address: Iterable[str]) -> Shape | None:
    """What may be written at an address below a model, in full or short."""
    shape: Shape | None = Shape(model=model)
    for part in address:
        shape = (within(shape, part) or _within_short(shape, part)) if shape else None
    return shape


def _within_short(shape: Shape, part: str) -> Shape | None:
    """What may be written inside a table by age that is one number, or a list of numbers without its source."""
    if shape.model is AgeTable:
        return within(Shape(model=Quantity), part)
    return Shape(plain=frozenset([float])) if shape.model is Series and part.isdecimal() else None


def allowed(shape: Shape) -> str:
    """What may be written in a field, in words that follow "must be"."""
    forms = [*_forms_with_parts(shape), *_plain_forms(shape)]
    return ", or ".join(forms) or "something else"


def _forms_with_parts(shape: Shape) -> Iterable[str]:
    if shape.model is Quantity:
        yield "a number, or {value, low, high, source, note, assumption}"
    elif shape.model is AgeTable:
        yield f"a number, or one for each age band ({', '.join(AGES)})"
    elif shape.model is Series:
        yield "a list of numbers, or {values, source, note, assumption}"
    elif shape.model is not None:
        yield f"a block of fields ({listed(names_of(shape.model))})"
    if shape.named is not None:
        yield f"a block of names ({listed(shape.names)})" if shape.names else "a block of lines such as `name: value`"
    if shape.items is not None:
        yield "a list"


def _plain_forms(shape: Shape) -> Iterable[str]:
    if shape.choices:
        one_of = "one of " if len(shape.choices) > 1 else ""
        yield one_of + ", ".join(f"`{choice}`" for choice in shape.choices)
    words = {bool: "true or false", dt.date: "a date such as 2026-04-01", float: "a number", str: "text"}
    if int in shape.plain and float not in shape.plain:
        yield "a whole number"
    yield from (word for kind, word in words.items() if kind in shape.plain)


def listed(names: Iterable[str], most: int = 24) -> str:
    """Names joined by commas; the first ``most`` of them if there are very many."""
    every = list(names)
    return ", ".join(every[:most]) + (" ..." if len(every) > most else "")


def suggestion(wrong: str, names: Iterable[str], one: str = "names here") -> str:
    """The words "did you mean ..." with what is allowed, to put at the end of a message about an unknown name."""
    every = [str(name) for name in names]
    close = difflib.get_close_matches(wrong.lower(), {name.lower() for name in every}, n=1, cutoff=0.6)
    meant = next((name for name in every if close and name.lower() == close[0]), "")
    known = f"{one}: {listed(every)}" if every else f"there are no {one}"
    return f"did you mean `{meant}`? ({known})" if meant else known


def slug(name: str) -> str:
    """A name as it is written in a path: small letters, digits and `_`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def shown(value: Any) -> str:
    """A value as a reader would recognise it in the file."""
    if isinstance(value, dict):
        return f"a block of fields ({listed(value, 4)})" if value else "an empty block"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}..."'
    return str(value)
