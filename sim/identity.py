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

from sim.files.shipped import shipped
from sim.scenario import Scenario

_HERE = Path(__file__).resolve().parent
ONLY_SAYS = (
    "cli.py", "commands", "pages", "new_place.py", "new_place_figures.py", "identity.py", "results.py",
    "files/findings.py", "files/flow_checks.py", "files/provenance.py", "files/schema.py", "files/targets.py",
    "files/wording.py", "files/writing.py",
    "money/accounts.py", "money/break_even.py", "money/ledger.py", "money/payment.py", "money/priced.py",
)  # fmt: skip
"""Modules and packages that read what is asked or say what was found: a run is the same whatever they say."""
_RUNS_OFTEN = "experiments"
"""The package of what runs a scenario more than once; of it only the runner takes part in a single run."""

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
    """The same of a scenario already written out as plain values; what was found of it is no part of it."""
    asked = {name: value for name, value in resolved.items() if name != "what_we_found"}
    run = {name: value for name, value in resolved["run"].items() if name not in HOW_OFTEN}
    return fingerprint({**asked, "run": run})


@cache
def engine_hash() -> str:
    """Hash of everything that turns a scenario into the numbers of a run, whichever engine does it.

    A module is left out only if it, or its package, is listed as one that cannot matter, so that a new one counts by
    itself.
    """
    found = hashlib.sha256()
    for file in sources():
        found.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return found.hexdigest()


def sources() -> list[Path]:
    """The files that ``engine_hash`` covers."""
    left_out = [_HERE / name for name in (*ONLY_SAYS, _RUNS_OFTEN)]
    own = [file for file in sorted(_HERE.rglob("*.py")) if not {file, *file.parents}.intersection(left_out)]
    return [*own, _HERE / _RUNS_OFTEN / "runner.py", shipped("calibration", "proxies.yaml")]
