"""The README says what is true: its commands are those that CI runs, and every command and file it names exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sim import cli
from sim.commands.all import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
README = re.sub(r"<!--.*?-->", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
SHELL = [text.strip() for language, text in BLOCKS if language == "sh"]
POWERSHELL = [text.strip() for language, text in BLOCKS if language == "powershell"]
LINES = list(dict.fromkeys(line.strip() for line in re.findall(r"`(carepath [^`]*)`", README)))


def test_ci_runs_the_two_commands_word_for_word() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert [
        line.removeprefix("bash -c ").strip("'") for line in ci.splitlines() if line.startswith("bash -c")
    ] == SHELL[:2]


def test_the_windows_commands_do_the_same() -> None:
    def plain(command: str) -> list[str]:
        for windows, other in (
            ("python -m venv", "python3 -m venv"),
            (".venv\\Scripts\\", ".venv/bin/"),
            ("; ", " && "),
        ):
            command = command.replace(windows, other)
        return command.split()

    assert [plain(command) for command in POWERSHELL] == [command.split() for command in SHELL[:2]]


def test_the_check_command_names_a_file() -> None:
    assert (ROOT / SHELL[-1].split()[1]).is_file()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_readme(command: object) -> None:
    assert any(line.split()[1] == getattr(command, "name", None) for line in LINES)


@pytest.mark.parametrize(
    "line", [line for line in LINES if len(line.split()) > 2 and "..." not in line and "COMMAND" not in line]
)
def test_every_command_line_of_the_readme_is_understood(line: str) -> None:
    assert cli.parser().parse_args(shlex.split(line)[1:]).command in COMMANDS


def test_every_link_within_the_project_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_file_named_in_the_table_of_places_exists() -> None:
    table = README.split("**Where does a line of code belong?**")[1].split("\n## ")[0]
    named = re.findall(r"`((?:sim|scenarios|calibration)/[^`]*)`", table)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    sentence = re.search(r"Exit codes: (.*?)\.", README.replace("\n", " "))
    assert sentence
    codes = [int(code) for code in re.findall(r"\d+", sentence.group(1))]
    assert codes == [cli.FINE, cli.FAULT, cli.BAD_INPUT, cli.NOT_FINISHED, cli.INTERRUPTED]
