"""The wheel, installed in an environment of its own, finds all it needs and answers from any folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import sim

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ("scenarios", "calibration", "app.py")
"""What lies beside the package in a checkout and inside it in a wheel."""


def run(command: Sequence[str | Path], folder: Path) -> str:
    """What a command prints; it must succeed, and sees nothing of this environment's Python."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, encoding="utf-8", check=False, timeout=600
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], folder)
    (built,) = folder.glob("carepath-*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programmes of a fresh environment with the wheel installed."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True)
    folder = home / ("Scripts" if os.name == "nt" else "bin")
    run([folder / "python", "-m", "pip", "install", "--quiet", wheel], home)
    return folder


def test_the_wheel_holds_every_file_a_run_reads(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    beside = [path for name in BESIDE for path in ((ROOT / name), *(ROOT / name).rglob("*")) if path.is_file()]
    expected = {f"sim/{path.relative_to(ROOT).as_posix()}" for path in beside}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "sim").rglob("*.py")}
    assert len(expected) > 30
    assert expected - packed == set()
    assert {name.split("/")[0] for name in packed} == {"sim", f"carepath-{sim.__version__}.dist-info"}


def test_the_wheel_names_its_version_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        metadata = packed.read(f"carepath-{sim.__version__}.dist-info/METADATA").decode()
    assert re.search(rf"^Version: {re.escape(sim.__version__)}$", metadata, flags=re.MULTILINE)
    assert "License-Expression: Apache-2.0" in metadata


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--version"], sim.__version__),
        (["schema", "place"], '"length_of_stay": {'),
        (["check", "nwl_pilot"], "no problems"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_the_installed_command_answers_from_another_folder(
    arguments: list[str], said: str, scripts: Path, tmp_path: Path
) -> None:
    assert said in run([scripts / "carepath", *arguments], tmp_path)


def test_the_main_job_runs_from_another_folder(scripts: Path, tmp_path: Path) -> None:
    small = ["--scale", "0.01", "--years", "1", "--replications", "2", "--set", "run.warm_up_days=60"]
    small += ["--engine", "simpy"]  # compiling for a package of its own would take a minute
    said = run([scripts / "carepath", "run", "nwl_pilot", "--out", "answer", *small], tmp_path)
    assert "scale 0.01" in said.splitlines()[0]
    assert "of 2 replications" in said
    assert "not yet included" in said
    run([scripts / "carepath", "report", "answer", "--out", "page.html"], tmp_path)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
