"""Every number of a place, intervention or scenario with its range and source, by its path.

The paths are those of ``--set``. Numbers that a model supplies by default are listed only if asked for: nobody wrote
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from sim.interventions import Lever, Takes
from sim.quantities import AgeTable, Distribution, Provenance, Quantity, Series


class Given(NamedTuple):
    """One number (or list of numbers) as it was given."""

    path: str
    """Where it is, for example ``people.residents.85+``; usable with ``--set``."""
    value: float | tuple[float, ...]
    """The number, in the unit of its field; several for a list with one source."""
    low: float | None
    """Lower end of what is plausible, if given."""
    high: float | None
    """Upper end of what is plausible, if given."""
    source: str
    """Where it comes from; a number in a table by age has its table's source if it has none of its own."""
    note: str
    """Definition, scope or caution."""
    is_assumption: bool
    """True if it is marked as an assumption or has no source."""
    borrowed_from: str
    """Place it was scaled or copied from, if it is not this place's own."""
    is_marked: bool
    """True if whoever wrote it marked it as an assumption."""
    distribution: Distribution | None = None
    """Shape of its range, if the file states one."""


def assumptions(model: BaseModel, defaults: bool = False) -> list[Given]:
    """Every number of a model in the order of its fields, those with a source included; ``defaults`` too if wanted."""
    return list(_walk(model, (), defaults))


def _walk(value: Any, path: tuple[str, ...], defaults: bool) -> Iterator[Given]:
    match value:
        case Quantity():
            yield _given(path, value.value, value, Provenance())
        case AgeTable():
            yield from _table(value, path)
        case Series():
            yield _given(path, value.values, value, Provenance())
        case Lever():
            assumed = value.assumption or not value.source
            yield Given(
                ".".join((*path, "ratio")),
                value.ratio,
                value.low,
                value.high,
                value.source,
                value.note,
                assumed,
                "",
                value.assumption,
                value.distribution,
            )
        case Takes():
            yield from _costs(value, path, defaults)
        case BaseModel():
            for name, field in type(value).model_fields.items():
                if defaults or name in value.model_fields_set:
                    yield from _walk(getattr(value, name), (*path, field.alias or name), defaults)
        case Mapping():
            for key, inner in value.items():
                yield from _walk(inner, (*path, str(key)), defaults)
        case tuple():
            for index, inner in enumerate(value):
                yield from _walk(inner, (*path, str(index)), defaults)


def _costs(takes: Takes, path: tuple[str, ...], defaults: bool) -> Iterator[Given]:
    """Costs of a programme: assumptions, unless a source is given."""
    table = Provenance(source=takes.source, assumption=not takes.source)
    for name in type(takes).model_fields:
        number = getattr(takes, name)
        if isinstance(number, Quantity) and (defaults or name in takes.model_fields_set):
            yield _given((*path, name), number.value, number, Provenance() if number.source else table)


def _table(table: AgeTable, path: tuple[str, ...]) -> Iterator[Given]:
    for name, field in AgeTable.model_fields.items():
        number = getattr(table, name)
        if isinstance(number, Quantity):
            yield _given((*path, field.alias or name), number.value, number, table)


def _given(path: tuple[str, ...], value: float | tuple[float, ...], own: Quantity | Series, table: Provenance) -> Given:
    source = own.source or table.source
    return Given(
        path=".".join(path),
        value=value,
        low=own.low if isinstance(own, Quantity) else None,
        high=own.high if isinstance(own, Quantity) else None,
        source=source,
        note=own.note or table.note,
        is_assumption=own.assumption or table.assumption or not source,
        borrowed_from=own.borrowed_from or table.borrowed_from,
        is_marked=own.assumption or table.assumption,
        distribution=own.distribution if isinstance(own, Quantity) else None,
    )
