"""The command ``carepath verify``: a table of what must be and what is, and whether all of it holds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from sim.commands.command import (
    Asked,
    as_rows,
    counted,
    print_json,
    print_table,
    scenario_of,
    spread_of,
    takes_changes,
    takes_setting,
    takes_spread,
)
from sim.errors import NotProved

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.verify import Check

USUAL = "nwl_pilot"
"""Scenario on which engines are compared unless another is named."""


def verify_options(parser: argparse.ArgumentParser) -> None:
    """Adds the command's own options."""
    parser.add_argument(
        "file",
        metavar="SCENARIO",
        nargs="?",
        default=USUAL,
        help=f"compare the engines on this one; {USUAL} if left out",
    )
    takes_changes(parser)
    takes_setting(parser, "scale", ", and no more than 0.05 if left out")
    takes_spread(parser)


def verify(asked: Asked) -> None:
    """Check everything, and say what does not hold."""
    from sim.experiments import verify as checks
    from sim.experiments.runner import simulated

    scenario, at_its_scale = scenario_of(asked), asked.scale is not None
    if not asked.json:
        from sim.pages.terminal import wrapped

        print(
            wrapped(
                [f"{scenario.name}: {simulated(checks.short(scenario, at_its_scale))}; and places with exact answers"]
            ),
            flush=True,
        )
    tell(asked, checks.verify(scenario, spread_of(asked, "run"), at_its_scale=at_its_scale))


def tell(asked: Asked, checks: Sequence[Check]) -> None:
    """Print the checks; NotProved if one of them does not hold."""
    from sim.experiments.verify import FALSE_ALARM, REPLICATIONS, proof_table
    from sim.pages.terminal import wrapped

    wrong = [check for check in checks if not check.holds]
    if asked.json:
        print_json({"holds": not wrong, "limit": checks[0].limit, "checks": as_rows(proof_table(checks))})
    else:
        print_table(_in_words(proof_table(checks)), "What must be, and what is")
        print(f"\n{wrapped(_how_to_read(checks, FALSE_ALARM, REPLICATIONS))}")
    if wrong:
        which = "; ".join(f"{check.of}, {check.what}" for check in wrong)
        raise NotProved(f"{len(wrong)} of {counted(len(checks), 'check')} not met: {which}")
    if not asked.json:
        print(f"\n{counted(len(checks), 'check')}, all met.")


def _how_to_read(checks: Sequence[Check], false_alarm: float, replications: int) -> list[str]:
    """What the columns mean, and how far off a number may be."""
    uncertain = sum(not isnan(check.z) for check in checks)
    return [
        f"z: the difference in standard errors, over {replications} replications. Up to {checks[0].limit:.1f} is taken "
        f"for luck: of {uncertain} right numbers looked at together, one lies further off in {100 * false_alarm:g}% of "
        "such tables. Seeds are fixed, so a table comes out the same each time.",
        "notices: the smallest error that would not have passed for luck.",
    ]


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    """The table for a reader: four digits, and nothing where nothing is left to luck."""
    words = table[["of", "what"]].rename(columns={"of": "check", "what": ""})
    for name, title in (("exact", "exact"), ("simulated", "simulated"), ("standard_error", "std error")):
        words[title] = table[name].map(lambda value: "" if isnan(value) else f"{value:,.4g}")
    words["z"] = table["z"].map(lambda value: "" if isnan(value) else f"{value:.1f}")
    words["notices"] = table["notices"].map(lambda value: "" if isnan(value) else f"{100 * value:.{value < 0.1:d}f}%")
    words["verdict"] = table["holds"].map({True: "holds", False: "DOES NOT HOLD"})
    return words
