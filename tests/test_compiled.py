"""What was compiled is kept for exactly the source it was made from; where it cannot be kept, nothing breaks."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from sim import compiled
from sim.compiled import part

ROOT = Path(__file__).resolve().parent.parent
SIM = ROOT / "sim"
DECORATORS = {"compiled", "part", "rule"}
ALONE = {"experiments"}
"""Packages whose compiled code calls nothing of ours: Numba notices where a compiled function itself has changed."""
NEVER_COMPILED = {"compiled", "errors"}
"""Modules that compiled code may name and takes nothing from."""
A_STAY = """
from sim import rules
from sim.compiled import cache_folder, compiled

@compiled("int64(float64)")
def stay(minutes: float) -> int:
    return rules.whole_minutes(minutes)

if __name__ == "__main__":
    print(cache_folder() is not None, stay(100.4))
"""
"""A compiled function that asks a rule in another module."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package, and a script beside it."""
    shutil.copytree(SIM, tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stay.py").write_text(A_STAY, encoding="utf-8")
    return tmp_path


def answer(folder: Path, cache: str = "cache") -> str:
    """What the script says, and whether there is a cache."""
    done = subprocess.run(
        [sys.executable, "stay.py"], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "CAREPATH_CACHE": str(folder / cache), "PYTHONPATH": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


LONGER = ("return max(1, floor(minutes + 0.5))", "return max(1, floor(minutes + 7.5))")


def test_a_changed_rule_never_meets_compiled_code_of_before(copy: Path) -> None:
    assert answer(copy) == "True 100"
    made = {file: file.stat().st_mtime_ns for file in (copy / "cache").rglob("*.nbc")}
    assert made, "compiled code is kept"
    assert answer(copy) == "True 100"
    assert {file: file.stat().st_mtime_ns for file in (copy / "cache").rglob("*.nbc")} == made, "and used again"
    change(copy / "sim" / "rules.py", *LONGER)
    assert answer(copy) == "True 107"
    change(copy / "sim" / "rules.py", *reversed(LONGER))
    assert answer(copy) == "True 100"


def test_without_the_name_of_the_folder_it_would(copy: Path) -> None:
    change(copy / "sim" / "compiled.py", '"rules.py", ', "")
    assert answer(copy) == "True 100"
    change(copy / "sim" / "rules.py", *LONGER)
    assert answer(copy) == "True 100", "Numba does not notice, so that the test above could fail"


def test_a_cache_that_cannot_be_written_is_no_error(copy: Path) -> None:
    assert answer(copy, cache="stay.py/cache") == "False 100"


def test_the_cache_is_where_it_is_told_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREPATH_CACHE", str(tmp_path / "here"))
    folder = compiled.cache_folder()
    assert folder == tmp_path / "here" / compiled.source_hash()
    assert list(folder.iterdir()) == [], "nothing is left of the trial"


# -- parts of compiled code -------------------------------------------------------------------------------------------


@part
def doubled(number: int) -> int:
    return 2 * number


def sum_of_doubles(narrow: np.ndarray, wide: int) -> int:
    return doubled(narrow[0]) + doubled(wide) + doubled(3)


def test_a_part_is_compiled_once_for_numbers_of_any_width() -> None:
    whole = numba.njit(sum_of_doubles)  # not kept from an earlier run of this test
    assert whole(np.array([2**30], np.int32), 2**40) == 2**31 + 2**41 + 6
    assert len(doubled.overloads) == 1


def test_a_part_says_that_python_cannot_call_it() -> None:
    with pytest.raises(TypeError, match="doubled is part of compiled code"):
        doubled(1)


# -- places in arrays -------------------------------------------------------------------------------------------------


@compiled.compiled()
def around(rows: np.ndarray, place: int) -> tuple[int, int]:
    """What stands at a place, and at the one after it."""
    return rows[place], rows[1:][place]


def test_compiled_code_counts_from_the_first() -> None:
    rows = np.arange(10, 20)
    assert around(rows, 3) == (13, 14)
    assert around(rows[5:], -1)[0] == 14, "the entry before the first, not the last one"


def test_no_compiled_function_counts_from_the_end() -> None:
    """Where a negative place is worked out, ``tests/uncompiled.py`` refuses it."""
    found = []
    for file in sorted(SIM.rglob("*.py")):
        for function in compiled_functions(ast.parse(file.read_text(encoding="utf-8"))):
            places = [node.slice for node in ast.walk(function) if isinstance(node, ast.Subscript)]
            parts = [each for place in places for each in (place.elts if isinstance(place, ast.Tuple) else [place])]
            found += [f"{file.name}: {ast.unparse(each)}" for each in parts if is_negative(each)]
    assert not found


def is_negative(place: ast.expr) -> bool:
    return isinstance(place, ast.UnaryOp) and isinstance(place.op, ast.USub) and isinstance(place.operand, ast.Constant)


def compiled_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return [
        node
        for node in functions
        if DECORATORS & {getattr(getattr(each, "func", each), "id", "") for each in node.decorator_list}
    ]


# -- the source it is made from --------------------------------------------------------------------------------------


def has_compiled_code(tree: ast.Module) -> bool:
    return bool(compiled_functions(tree))


def imported(tree: ast.Module) -> set[str]:
    """Path below ``sim`` of each module of ours that is imported, or of the package a name is taken from."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sim":
            package = SIM.joinpath(*str(node.module).split(".")[1:])
            modules = [package / alias.name for alias in node.names] if package.is_dir() else [package]
            found |= {
                (module if module.with_suffix(".py").exists() else package).relative_to(SIM).as_posix()
                for module in modules
            }
    return found


def names_folder(module: str) -> bool:
    """Whether the folder of compiled code is named by a module, or by the package it is in."""
    return f"{module}.py" in compiled.SOURCES or module.partition("/")[0] in compiled.SOURCES


def test_everything_compiled_code_is_made_from_names_its_folder() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SIM.rglob("*.py"))}
    made_here = {
        path: tree for path, tree in trees.items() if has_compiled_code(tree) and path.parent.name not in ALONE
    }
    assert {"rules", "draws", "decisions", "fast_run", "fast_care"} <= {path.stem for path in made_here}
    wanted = {path.relative_to(SIM).with_suffix("").as_posix() for path in made_here}
    wanted |= {name for tree in made_here.values() for name in imported(tree)}
    assert {"measures/counting", "plans/plan"} <= wanted
    assert [name for name in sorted(wanted - NEVER_COMPILED) if not names_folder(name)] == []
    assert all((SIM / source).exists() for source in compiled.SOURCES)
