"""Places, interventions and scenarios as YAML that people can read, written whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from sim.quantities import AgeTable, Provenance, Quantity, Series

WIDTH = 110
"""Characters after which a line is broken."""
SHORT = 90
"""Blocks and lists that take no more characters than this are written in one line."""


def dump(model: BaseModel, path: str | Path) -> None:
    """Write a place, intervention or scenario to a YAML file, whole or not at all."""
    path = Path(path)
    text = text_of(model)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        unfinished = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            unfinished.chmod(0o644)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def text_of(model: BaseModel, complete: bool = False) -> str:
    """A place, intervention or scenario as the text of a YAML file; ``complete`` writes out every default."""
    written = CommentedMap({"kind": type(model).__name__.lower()})
    written.update(_plain(model, complete))
    yaml = YAML()
    yaml.version = None
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(written, text)
    return "\n".join(line.rstrip() for line in text.getvalue().split("\n")).rstrip("\n") + "\n"


def _plain(value: Any, complete: bool) -> Any:
    """A value as it would be written by hand: what was given (or all, if ``complete``), in its shortest form."""
    match value:
        case BaseModel():
            given = [name for name in type(value).model_fields if _is_given(value, name, complete)]
            given.sort(key=lambda name: name in Provenance.model_fields and isinstance(value, Provenance))
            return _shortest(
                value, {_written_name(value, name): _plain(getattr(value, name), complete) for name in given}
            )
        case dict():
            return _block({str(name): _plain(inner, complete) for name, inner in value.items()})
        case tuple() | list():
            return _list([_plain(inner, complete) for inner in value])
        case float() if value.is_integer() and abs(value) < 1e15:
            return int(value)
        case str() if not value.isprintable():
            return DoubleQuotedScalarString(value)
    return value


def _written_name(model: BaseModel, name: str) -> str:
    return type(model).model_fields[name].alias or name


def _is_given(model: BaseModel, name: str, complete: bool) -> bool:
    """True unless the model supplies the value, it is nothing, or the field of a number says nothing."""
    field = type(model).model_fields[name]
    says_nothing = isinstance(model, Provenance) and getattr(model, name) == field.default
    return (complete or name in model.model_fields_set) and not says_nothing and getattr(model, name) is not None


def _shortest(model: BaseModel, given: dict[str, Any]) -> Any:
    if isinstance(model, Quantity) and given.keys() == {"value"}:
        return given["value"]
    if isinstance(model, AgeTable) and given.keys() == {"all"}:
        return given["all"]
    if isinstance(model, Series) and given.keys() == {"values"}:
        return given["values"]
    return _block(given)


def _block(given: dict[str, Any]) -> CommentedMap:
    block = CommentedMap(given)
    if given and len(str(dict(given))) <= SHORT:
        block.fa.set_flow_style()
    return block


def _list(items: list[Any]) -> CommentedSeq:
    listed = CommentedSeq(items)
    if not items or (not any(isinstance(item, dict | list) for item in items) and len(str(items)) <= SHORT):
        listed.fa.set_flow_style()
    return listed
