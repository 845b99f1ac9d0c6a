"""What somebody at a terminal sees while it runs: a line with the time left; and what Ctrl-C leaves.

Commands run in a process of their own, whose standard error is a real terminal.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from sim import cli
from sim.experiments.runner import arms_of, replication
from sim.files.reading import load_scenario
from sim.results import load

termios = pytest.importorskip("termios", reason="Windows has no such terminals")

ROOT = Path(__file__).resolve().parent.parent
CAREPATH = (
    # where tests run in the background the keyboard is ignored, and so it would be here
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from sim.cli import main; sys.exit(main())"
)
SHORT = ["run", "stroke_units", "--years", "0.1", "--set", "run.warm_up_days=14"]
ENDLESS = 400
"""Replications that take far longer than any test waits."""


@dataclass
class Shown:
    """A command that is running, and what it has shown on its terminal."""

    process: subprocess.Popen[str]
    terminal: int
    text: str = ""

    def read(self) -> bool:
        """Wait for more to be shown; False if there is no more to come."""
        try:
            more = os.read(self.terminal, 65536)
        except OSError:  # Linux says so when nobody holds the other end
            more = b""
        self.text += more.decode("utf-8", "replace")
        return bool(more)

    def end(self) -> tuple[int, str]:
        """Its exit code and its answer, once it has ended."""
        while self.read():
            pass
        assert self.process.stdout
        answer = self.process.stdout.read()
        return self.process.wait(), answer


@contextmanager
def at_a_terminal(*arguments: str | Path) -> Iterator[Shown]:
    """A command whose standard error is a terminal, in a group of processes of its own, all gone at the end."""
    terminal, inside = os.openpty()
    termios.tcsetwinsize(inside, (24, 100))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CAREPATH, *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=inside, text=True, start_new_session=True
    ) as process:
        os.close(inside)
        try:
            yield Shown(process, terminal)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            os.close(terminal)


def test_a_terminal_shows_how_far_it_is_and_the_time_left(tmp_path: Path) -> None:
    arguments = [*SHORT, "--replications", "3", "--workers", "1", "--engine", "simpy", "--out", tmp_path / "kept"]
    with at_a_terminal(*arguments) as shown:
        code, answer = shown.end()
    assert code == cli.FINE, shown.text
    assert "Does it hold?" in answer
    for done in (1, 2):
        assert re.search(rf"\b{done}/3 \[\d\d:\d\d<[\d:]*\d\d:\d\d, .*replication", shown.text), shown.text


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["words", "json"])
def test_a_pipe_holds_no_progress_line(tmp_path: Path, more: list[str]) -> None:
    arguments = [*SHORT, "--replications", "2", "--workers", "1", "--engine", "simpy", "--out", tmp_path / "kept"]
    done = subprocess.run(
        [sys.executable, "-c", CAREPATH, *arguments, *more], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout
    assert "\r" not in done.stdout


@pytest.mark.parametrize("engine", ["fast", "simpy"], ids=["threads", "processes"])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path, engine: str) -> None:
    out = tmp_path / "kept"
    workers = ["--replications", str(ENDLESS), "--workers", "2", "--engine", engine]
    with at_a_terminal(*SHORT, *workers, "--out", out) as shown:
        while not re.search(rf"\b[6-9]/{ENDLESS} ", shown.text):
            assert shown.read(), shown.text  # the first ones are done, so something is kept
        os.killpg(shown.process.pid, signal.SIGINT)  # as a terminal does: to every process of the command
        code, answer = shown.end()
    assert code == cli.INTERRUPTED, shown.text
    said = re.search(
        rf"carepath: interrupted after (\d+) of {ENDLESS} replications: the answer rests on those; the same command "
        "begins again",
        shown.text,
    )
    assert said, shown.text
    assert "Traceback" not in shown.text + answer
    assert "Does it hold?" in answer
    assert [each.name for each in tmp_path.iterdir()] == ["kept_interrupted"]
    kept = load(tmp_path / "kept_interrupted").measures
    arms = arms_of(load_scenario("stroke_units", {"run.years": "0.1", "run.warm_up_days": "14"}))
    expected = pd.concat([replication(arms, number, arms.names, engine) for number in range(int(said.group(1)))])
    pd.testing.assert_frame_equal(kept, expected.reset_index(drop=True), check_exact=True)
