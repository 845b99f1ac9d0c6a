"""What a terminal shows: lines that are not broken in mid-word, numbers without powers of ten."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from sim.errors import InputError
from sim.files.provenance import assumptions
from sim.files.reading import load_scenario
from sim.pages.terminal import WIDTH, assumed, compared, wrapped
from sim.results import refuse_unwritable


def test_long_lines_are_carried_over_whole_and_indented() -> None:
    text = wrapped(["", "   " + "warm-up " * 30, "short"])
    lines = text.splitlines()
    assert lines[0] == ""
    assert lines[-1] == "short"
    assert all(len(line) <= WIDTH and line.startswith("   warm-up") for line in lines[1:-1])
    assert text.split() == ["warm-up"] * 30 + ["short"]


def test_a_comparison_is_told_in_words_and_plain_numbers() -> None:
    table = pd.DataFrame(
        [
            {
                "measure": "emergency_admissions",
                "result": "a",
                "value": 41750,
                "difference": 26,
                "low": -79,
                "high": 132,
            },
            {
                "measure": "acute_occupancy",
                "result": "a",
                "value": 0.9,
                "difference": -0.02,
                "low": -0.03,
                "high": -0.01,
            },
            {"measure": "deaths", "result": "a", "value": 3172, "difference": 5, "low": math.nan, "high": math.nan},
        ]
    )
    shown = compared(table)
    assert [*shown["value"]] == ["41,750", "90", "3,172"]
    assert [*shown["difference"]] == ["0 (-100 to 100)", "-2 (-3 to -1)", "5.00 (no interval)"]
    assert [*shown["more than luck"]] == ["no", "yes", "cannot tell"]
    assert shown["measure"][1].startswith("Acute bed occupancy, per cent")


def test_every_assumption_is_listed_once_with_its_path() -> None:
    numbers = assumptions(load_scenario("step_down_beds"))
    lines = assumed(numbers)
    assert len(lines) == sum(each.is_assumption for each in numbers) > 100
    [substitution] = [line for line in lines if "place.loops.substitution" in line]
    assert substitution.strip().startswith("place.loops.substitution: 0.5 (0.2 to 0.8). ")


def test_results_that_could_not_be_kept_are_refused_before_the_run(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="this is a file: choose another with --out"):
        refuse_unwritable(tmp_path / "taken" / "folder")
