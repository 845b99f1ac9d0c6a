"""What pydantic found wrong, in plain English: where in which file, what is wrong, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from sim.files.documents import Address, Document
from sim.files.fields import Shape, allowed, at, names_of, shown, suggestion

LITERAL = "literal_error"
MISSING = "missing"
UNKNOWN = "extra_forbidden"
BOUNDS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"),
}
"""pydantic's names of bounds: where the bound is in its context, and the bound in words."""


class _Finding(NamedTuple):
    """One error of pydantic at its place in the file."""

    address: Address
    kind: str
    value: Any
    context: Mapping[str, Any]
    said: str
    one_of_several: bool
    """True if it is about one of several forms a field allows; another form may be meant."""


def add_problems(document: Document, error: ValidationError, model: type[BaseModel]) -> None:
    """Add to a document everything pydantic found wrong with it as a ``model``."""
    findings = [_finding(detail, document.data) for detail in error.errors(include_url=False)]
    seen: set[tuple[Address, str]] = set()
    for finding in _to_the_point(findings):
        absent = document.may_miss if finding.kind == MISSING else document.was_reported
        if absent(finding.address):
            continue
        what = _in_words(finding, model)
        if (finding.address, what) not in seen:
            seen.add((finding.address, what))
            document.complain(finding.address, what)


def _finding(detail: Any, data: Any) -> _Finding:
    address: list[str] = []
    here = data
    beside = False
    location = [str(part) for part in detail["loc"]]
    for place, part in enumerate(location):
        last = place == len(location) - 1
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        elif last and detail["type"] in (MISSING, UNKNOWN):
            here = None
        else:
            beside = beside or part != "[key]"
            continue
        address.append(part)
    kind = "unknown_name" if location[-1:] == ["[key]"] else str(detail["type"])
    return _Finding(tuple(address), kind, here, detail.get("ctx", {}), str(detail["msg"]), beside)


def _to_the_point(findings: list[_Finding]) -> Iterable[_Finding]:
    """Findings without those about a form of the field that was not meant."""
    for finding in findings:
        others = [other for other in findings if other is not finding and _starts(other.address, finding.address)]
        deeper = any(other.address != finding.address for other in others)
        better = any(other.kind == "value_error" for other in others)
        if not (finding.one_of_several and _is_about_form(finding) and (deeper or better)):
            yield finding


def _starts(address: Address, beginning: Address) -> bool:
    return address[: len(beginning)] == beginning


def _is_about_form(finding: _Finding) -> bool:
    return finding.kind.endswith("_type") or finding.kind == LITERAL


def _in_words(finding: _Finding, model: type[BaseModel]) -> str:
    shape = at(model, finding.address) or Shape()
    around = at(model, finding.address[:-1]) or Shape()
    name = finding.address[-1] if finding.address else "the file"
    match finding.kind:
        case "missing":
            return _missing(name, around)
        case "extra_forbidden":
            known = names_of(around.model) if around.model else ()
            return f"there is no field `{name}`; {suggestion(name, known, 'fields')}"
        case "unknown_name":
            return f"there is no `{name}`; {suggestion(name, around.names, 'names allowed')}"
        case "value_error":
            return finding.said.removeprefix("Value error, ")
        case "too_short":
            return "must not be empty: give at least one"
        case "finite_number":
            return f"must be a finite number, not {shown(finding.value)}"
        case kind if kind in BOUNDS:
            return _bound(finding)
    return _wrong_form(finding, shape)


def _missing(name: str, around: Shape) -> str:
    field = names_of(around.model).get(name) if around.model else None
    said = (field.description or "") if field else ""
    meaning = " ".join(said.split()).rstrip(".")
    return f"is missing: {meaning}" if meaning else "is missing"


def _bound(finding: _Finding) -> str:
    key, words = BOUNDS[finding.kind]
    bound = finding.context[key]
    hint = ""
    if key == "le" and bound == 1 and isinstance(finding.value, int | float) and finding.value <= 100:
        hint = f" (write {finding.value / 100:g} for {finding.value:g} per cent)"
    return f"must be {words.format(f'{bound:g}')}, not {shown(finding.value)}{hint}"


def _wrong_form(finding: _Finding, shape: Shape) -> str:
    value = finding.value
    if shape.choices and shape.model is None and isinstance(value, str):
        return f'cannot be "{value}"; {suggestion(value, shape.choices, "choices")}'
    hint = ""
    if str in shape.plain and shape.named is None and not isinstance(value, dict | list | str):
        hint = ": put it in quotes"
    elif isinstance(value, str) and _looks_like_number(value) and (shape.is_number or {int, float} & shape.plain):
        hint = ": remove the quotes"
    elif isinstance(value, str) and any(kind.__name__ == "date" for kind in shape.plain):
        hint = ": year, month and day with `-` between, without quotes"
    return f"must be {allowed(shape)}, not {shown(value)}{hint}"


def _looks_like_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def unknown_fields(document: Document, model: type[BaseModel]) -> None:
    """Take fields out of a document that a ``model`` does not have, each a problem."""
    known = names_of(model)
    for name in [name for name in document.data if name not in known]:
        del document.data[name]
        document.complain((name,), f"there is no field `{name}`; {suggestion(name, known, 'fields')}")
