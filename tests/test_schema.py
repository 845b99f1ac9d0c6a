"""The schema that editors check by: it describes every field, accepts right files and refuses wrong ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sim.files.documents import read
from sim.files.schema import FILES, schema
from sim.files.shipped import shipped

TESTS = Path(__file__).parent
SHIPPED = sorted(shipped("scenarios").rglob("*.yaml"))


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_describes_every_field(kind: str) -> None:
    described = schema(kind)  # type: ignore[arg-type]
    Draft202012Validator.check_schema(described)
    bare = [
        f"{name}.{field}"
        for name, body in described["$defs"].items()
        for field, about in body.get("properties", {}).items()
        if "description" not in about and "$ref" not in about
    ]
    assert bare == []


@pytest.mark.parametrize(
    "file", [*SHIPPED, *TESTS.glob("good_*.yaml")], ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_the_schema_accepts_right_files(file: Path) -> None:
    written = json.loads(json.dumps(read(file, file.name).data, default=str))
    Draft202012Validator(schema(written["kind"])).validate(written)


@pytest.mark.parametrize("name", ["unknown_field", "unknown_age", "word_for_number", "share_in_words", "run_settings"])
def test_the_schema_refuses_wrong_files(name: str) -> None:
    written = json.loads(json.dumps(read(TESTS / "bad_files" / f"{name}.yaml", name).data, default=str))
    assert not Draft202012Validator(schema(written["kind"])).is_valid(written)
