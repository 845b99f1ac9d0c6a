"""Which run a number comes from: a run is named by what it is made of, wherever and in whatever order it was made.

The name says nothing of workers, order or engine, because the numbers do not depend on them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sim.scenario import Scenario
from sim.shipped import shipped

_HERE = Path(__file__).resolve().parent
ONLY_SAYS = frozenset(
    f"{name}.py"
    for name in (
        "accounts", "break_even", "capacity_command", "capacity_page", "capacity_plots", "capacity_words",
        "catalogue", "check_command", "claim_command", "claim_page", "claim_plots", "claim_words",
        "cli", "command", "commands", "diagram", "explain", "figures", "findings",
        "flow_checks", "flow_tables", "flows", "gallery_command", "gallery_page", "gives", "headline", "identity",
        "interventions_command", "ledger",
        "money_command", "money_page", "money_words", "new_place", "page", "payment", "plots", "priced", "provenance",
        "readiness_command", "readiness_words",
        "report", "results", "schema", "sweep_command", "targets", "wording", "writing",
    )
)  # fmt: skip
"""Modules that read what is asked or say what was found: a run is the same whatever they say."""


HOW_OFTEN = ("seed", "replications", "precision", "most_replications")
"""Run settings that say how often a scenario is run: no single run depends on them, or names them beside it."""


class Run(NamedTuple):
    """The name of one run."""

    engine: str
    """Hash of the code that makes a run (see ``engine_hash``)."""
    scenario: str
    """Hash of the scenario (see ``scenario_hash``)."""
    row: str
    """Hash of the values laid over the scenario (see ``fingerprint``)."""
    seed: int
    replication: int

    @property
    def key(self) -> str:
        """The name as 64 characters."""
        return fingerprint(self._asdict())


def fingerprint(what: Any) -> str:
    """SHA-256 of canonical JSON: keys sorted, nothing left out, numbers as Python writes them."""
    canonical = json.dumps(what, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def scenario_hash(scenario: Scenario) -> str:
    """Hash of a scenario as resolved; seed and number of replications are named beside it."""
    return resolved_hash(scenario.model_dump(mode="json"))


def resolved_hash(resolved: Mapping[str, Any]) -> str:
    """The same of a scenario already written out as plain values."""
    run = {name: value for name, value in resolved["run"].items() if name not in HOW_OFTEN}
    return fingerprint({**resolved, "run": run})


@cache
def engine_hash() -> str:
    """Hash of everything that turns a scenario into the numbers of a run, whichever engine does it.

    A module is left out only if it is listed as one that cannot matter, so that a new one counts by itself.
    """
    found = hashlib.sha256()
    for file in sources():
        found.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return found.hexdigest()


def sources() -> list[Path]:
    """The files that ``engine_hash`` covers."""
    own = [file for file in sorted(_HERE.glob("*.py")) if file.name not in ONLY_SAYS]
    engines = sorted((_HERE / "engines").glob("*.py"))
    return [*own, *engines, _HERE / "experiments" / "runner.py", shipped("calibration", "proxies.yaml")]
