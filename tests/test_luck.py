"""What sharing luck gains: changes are shown by far fewer replications than with seeds of their own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from sim import cli
from sim.experiments.luck import needed


def test_the_replications_needed_are_the_fewest_whose_interval_is_narrow_enough() -> None:
    n = needed(4.0, 1.0)
    half_width = [stats.t.ppf(0.975, k - 1) * np.sqrt(4.0 / k) for k in (n - 1, n)]
    assert half_width[0] > 1.0 >= half_width[1]
    assert needed(0.0, 1.0) == 2, "a spread needs two"


def test_shared_luck_is_worth_replications_and_never_costs_any(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scale", "0.03", "--years", "0.25", "--replications", "8", "--workers", "1", "--json"]
    assert cli.main(["check", "england_500k", "--luck", *options]) == cli.FINE
    rows = json.loads(capsys.readouterr().out)["luck"]
    beds = {row["change"]: row for row in rows if row["title"] == "Acute beds occupied"}
    assert len(beds) == 6
    assert beds["Length of stay 10% shorter"]["high"] < 0 < beds["6% of acute beds closed"]["unshared"]
    assert beds["Length of stay 10% shorter"]["times_smaller"] > 5
    spare = "Length of stay 10% shorter, 30% more acute beds"
    assert beds[spare]["times_smaller"] > 10
    assert beds[spare]["high"] < 0
    assert all(row["shared"] <= row["unshared"] for row in beds.values())


def test_luck_needs_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "stroke_units", "--luck"]) == cli.BAD_INPUT
    assert "needs a place with people" in capsys.readouterr().err
