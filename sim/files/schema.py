"""The JSON Schema of the four kinds of file, for editors that check and complete while one types."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from sim.interventions import Intervention
from sim.readiness import Readiness
from sim.scenario import ScenarioFile
from sim.system import Place

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES: dict[str, type[BaseModel]] = {
    "place": Place,
    "intervention": Intervention,
    "scenario": ScenarioFile,
    "readiness": Readiness,
}
SHORT_FORMS: dict[str, list[dict[str, Any]]] = {
    "Quantity": [{"type": "number"}],
    "AgeTable": [{"$ref": "#/$defs/Quantity"}],
    "Series": [{"type": "array", "items": {"type": "number"}}],
    "BreakEven": [{"type": "string"}],
}
"""How values may also be written, beside their full form."""


def schema(kind: Literal["place", "intervention", "scenario", "readiness"]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind of file, each field described."""
    described = FILES[kind].model_json_schema(by_alias=True)
    _allow_short_forms(described["$defs"])
    if kind == "place":
        described = _whole_or_laid_over(described)
    return {"$schema": DIALECT, "title": f"carepath {kind}"} | described


def _whole_or_laid_over(described: dict[str, Any]) -> dict[str, Any]:
    """A place that is based on another may leave out whatever that one gives."""
    definitions = described.pop("$defs")
    laid_over = {name: body for name, body in definitions.items() if name not in SHORT_FORMS}
    laid_over = {f"Part{name}": _nothing_required(body) for name, body in laid_over.items()}
    part = _nothing_required(described) | {"required": ["based_on"]}
    places = {"WholePlace": described, "PartPlace": part}
    choice = {"then": {"$ref": "#/$defs/PartPlace"}, "else": {"$ref": "#/$defs/WholePlace"}}
    return {"if": {"required": ["based_on"]}, "$defs": definitions | laid_over | places} | choice


def _nothing_required(body: Any) -> Any:
    if isinstance(body, list):
        return [_nothing_required(inner) for inner in body]
    if not isinstance(body, dict):
        return body
    looser = {key: _nothing_required(inner) for key, inner in body.items() if key != "required"}
    name = str(looser.get("$ref", "")).rpartition("/")[2]
    return looser | {"$ref": f"#/$defs/Part{name}"} if name and name not in SHORT_FORMS else looser


def _allow_short_forms(definitions: dict[str, Any]) -> None:
    """Let a number, a table by age and a list be written short, as the models do."""
    for name, forms in SHORT_FORMS.items():
        if name in definitions:
            full = definitions[name]
            described = {key: full.pop(key) for key in ("title", "description") if key in full}
            definitions[name] = described | {"anyOf": [*forms, full]}
