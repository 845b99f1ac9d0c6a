"""The shape of the code: which module imports which, how long files are, which words are not used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "sim").rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
DATA = sorted(path for folder in ("scenarios", "calibration") for path in (ROOT / folder).rglob("*.yaml"))
WRITTEN = [
    *SOURCES,
    *DATA,
    *(ROOT / "scenarios").rglob("*.json"),
    ROOT / "README.md",
    ROOT / "pyproject.toml",
    ROOT / ".ci" / "run",
]
LINES = 450
"""The longest a module may be."""
LONGER = {"sim/system.py": 600}
"""It is a list of documented fields, and easier to read in one piece."""
TOP = {"pyproject.toml", "README.md", "LICENSE", "app.py", "sim", "scenarios", "calibration", "tests"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_modules_import_only_from_the_rows_below_them() -> None:
    lint = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(("module", "also"), [("rules", {"sim.normal"}), ("normal", set())])
def test_rules_import_nothing_but_mathematics(module: str, also: set[str]) -> None:
    tree = ast.parse((ROOT / "sim" / f"{module}.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"__future__", "collections.abc", "math", "sim.compiled", "typing"} | also  # for type hints


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGER.get(name(path), LINES)
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", [path for path in MODULES if name(path) != "sim/cli.py"], ids=name)
def test_only_the_command_line_swallows_every_error(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    broad = [
        handler
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException"))
    ]
    assert all(ast.unparse(handler.body[-1]) == "raise" for handler in broad)


def test_no_module_is_called_after_nothing() -> None:
    assert not {path.stem for path in MODULES} & {"utils", "helpers", "common", "manager", "misc"}


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    folders = re.compile(r"/(work|home|root|Users|opt|tmp)/\w|\.\./shared|\.library|C:\\")
    found = [
        f"{name(path)}: {hit.group()}" for path in WRITTEN for hit in folders.finditer(path.read_text(encoding="utf-8"))
    ]
    assert [hit for hit in found if not hit.startswith("tests/test_architecture.py")] == []


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [name(path) for path in WRITTEN if marks.search(path.read_text(encoding="utf-8"))]
    assert found == ["tests/test_architecture.py"]


def test_the_top_level_holds_what_it_may_and_no_more() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {top for top in tops if not top.startswith(".")} <= TOP
