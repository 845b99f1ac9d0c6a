"""The command line: help with an example for every command, plain words and exit codes when something is wrong."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sim import cli
from sim.commands.all import COMMANDS
from sim.commands.command import Asked, Command
from sim.commands.new import NEW_PLACE

PLACE = "england_500k"
ROOT = Path(__file__).resolve().parent.parent


def given_nothing_known(command: Command) -> list[str]:
    """Arguments of the right number for something that does not exist."""
    figures = [text for field in NEW_PLACE for text in (f"--{field.replace('_', '-')}", "-1")]
    return {
        "compare": ["no_such_result", "no_such_result"],
        "new": ["place", "my_place", *figures],
        "schema": ["hospital"],
    }.get(command.name, ["no_such_file"])


def example(command: Command) -> list[str]:
    """The arguments of a command's example, without what its output is sent to."""
    line = command.example.replace("\\\n", " ").split(">")[0]
    return shlex.split(line)[1:]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_help_with_its_example(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([command.name, "--help"])
    shown = capsys.readouterr().out
    assert stopped.value.code == 0
    assert command.what[:40] in shown
    assert f"example: {command.example}" in shown
    assert "--json" in shown


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_example_is_a_line_the_command_understands(command: Command) -> None:
    asked = cli.parser().parse_args(example(command))
    assert asked.command is command


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_what_does_not_exist_is_refused_without_a_traceback(
    command: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code: int | str | None = cli.main([command.name, *given_nothing_known(command)])
    except SystemExit as stopped:
        code = stopped.code
    said = capsys.readouterr()
    assert code == cli.BAD_INPUT
    assert "Traceback" not in said.err + said.out
    assert said.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", PLACE, "--set", "pools"], "'pools' is not PATH=VALUE"),
        (["check", PLACE, "--set", "no.such.field=1"], "no"),
        (["check", "nwl_pilt"], "nwl_pilot"),
        (["run", "nwl_pilot", "--years", "many"], "years"),
        (["run", "nwl_pilot", "--workers", "0"], "'0' is not a whole number of 1 or more"),
        (["new", "place", "x", "--locality", "Brent"], "required"),
        (["rnu"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_wrong(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: int | str | None = cli.main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    assert code == cli.BAD_INPUT
    assert said in capsys.readouterr().err


def test_problems_are_also_given_to_another_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "no_such_file", "--json"]) == cli.BAD_INPUT
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert problems[0]["file"] == "no_such_file"


def test_check_of_a_place_shows_the_load_on_its_beds(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", PLACE]) == cli.FINE
    shown = capsys.readouterr().out
    assert "no problems" in shown
    assert "acute_north" in shown


def test_check_for_another_program_is_json_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", PLACE, "--json"]) == cli.FINE
    answer = json.loads(capsys.readouterr().out)
    assert answer["problems"] == []
    assert answer["pools"]
    assert answer["stages"]


def test_a_changed_capacity_changes_the_occupancy_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    def pools(*more: str) -> dict[str, dict[str, float]]:
        assert cli.main(["check", "places/stroke_units", "--json", *more]) == cli.FINE
        return {row["pool"]: row for row in json.loads(capsys.readouterr().out)["pools"]}

    before = pools()
    name = next(iter(before))
    after = pools("--set", f"pools.{name}.capacity={2 * before[name]['capacity']}")
    assert after[name]["occupancy_per_cent"] == pytest.approx(before[name]["occupancy_per_cent"] / 2)
    assert {pool: row["asked_for"] for pool, row in after.items()} == {
        pool: row["asked_for"] for pool, row in before.items()
    }


def fails(error: BaseException) -> Command:
    """A command that stops with this error."""

    def run(_: Asked) -> None:
        raise error

    return Command("fails", "Stops with an error.", "carepath fails", lambda _: None, run)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), cli.INTERRUPTED, "interrupted"),
        (PermissionError(13, "Permission denied", "answer.html"), cli.NOT_FINISHED, "answer.html: Permission denied"),
        (ZeroDivisionError("by nought"), cli.FAULT, "by nought"),
    ],
)
def test_an_error_ends_in_a_sentence_and_a_code(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cli, "COMMANDS", (fails(error),))
    assert cli.main(["fails"]) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown
    written = list(tmp_path.iterdir())
    assert len(written) == (code == cli.FAULT)
    for log in written:
        assert str(log) in shown
        assert "Traceback" in log.read_text(encoding="utf-8")


def test_new_writes_a_file_that_check_accepts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = next(command for command in COMMANDS if command.name == "new")
    assert cli.main(example(command)) == cli.FINE
    assert "my_place.yaml" in capsys.readouterr().out
    assert cli.main(["check", "my_place.yaml"]) == cli.FINE
    assert cli.main(example(command)) == cli.BAD_INPUT
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "field"), [("scenario", "claims"), ("place", "length_of_stay"), ("intervention", "levers")]
)
def test_schema_describes_the_fields_of_a_kind_of_file(
    kind: str, field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["schema", kind]) == cli.FINE
    shown = capsys.readouterr().out
    assert "json-schema.org" in json.loads(shown)["$schema"]
    assert f'"{field}": {{' in shown


def loaded_by(*arguments: str) -> set[str]:
    tell = (
        "import atexit, sys; from sim.cli import main; atexit.register(lambda: print(*sys.modules)); sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", tell, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_no_library() -> None:
    loaded = loaded_by("--help")
    assert "sim.commands.run" in loaded
    assert not loaded & {"joblib", "numba", "numpy", "pandas", "pydantic", "scipy", "yaml"}


def test_a_check_loads_neither_the_compiler_nor_statistics() -> None:
    loaded = loaded_by("check", "nwl_pilot")
    assert "sim.expected.flows" in loaded
    assert not loaded & {"joblib", "numba", "scipy.stats"}
