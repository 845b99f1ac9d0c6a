"""What each feedback of a place contributes: the same run with it and without it, paired.

What a feedback does is in ``rules.py``; how strong it is, in the file of the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.errors import InputError, Problem
from sim.experiments.compare import paired_row, with_plan
from sim.experiments.precision import by_replication
from sim.experiments.runner import Arms, arms_of, replications
from sim.experiments.spread import HERE, Spread
from sim.measures.definitions import MEASURES
from sim.quantities import Quantity
from sim.results import BASELINE, PLAN
from sim.scenario import Scenario


@dataclass(frozen=True)
class Loop:
    """A feedback, and where it must show."""

    name: str
    """Field of ``system.Loops``."""
    what: str
    """What it does, for the screen."""
    measure: str
    """Measure it moves."""
    rises: bool
    """True if the measure is higher with the loop than without."""
    of: str = "all"
    """Part of the measure."""
    off: Any = 0.0
    """Value of the field that switches it off."""
    of_effect: bool = False
    """True if it moves what the plan achieves (plan less baseline) rather than the level with the plan."""


LOOPS = (
    Loop("exit_block", "people keep their bed until the next place is free", "four_hour_share", rises=False),
    Loop("gp_access", "people general practice cannot see turn to A&E", "a_and_e_attendances", rises=True),
    Loop("pressure", "fuller beds, earlier discharge", "mean_length_of_stay", rises=False),
    Loop("deconditioning", "days of delay make people frailer", "frailty", rises=True),
    Loop("programme_time", "programmes take doctors' time", "gp_unseen_share", rises=True),
    Loop("case_finding", "programmes reveal need", "a_and_e_attendances", rises=True),
    Loop("new_clinic_referrals", "a new clinic draws simple referrals", "referrals", rises=True),
    Loop("deskilling", "referrals drift up where others take over", "referrals", rises=True),
    Loop("unclear_roles", "work is done twice, or by nobody, where roles are unclear", "outpatients", rises=True),
    Loop(
        "substitution",
        "places fill with people who would have stayed at home, so that the plan avoids fewer admissions",
        "emergency_admissions",
        rises=True,
        off=Quantity(value=1),
        of_effect=True,
    ),
    Loop(
        "threshold_slope",
        "free beds fill with people who would have gone home",
        "emergency_admissions",
        rises=True,
        off=Quantity(value=0),
    ),
)
"""Every feedback with the measure its name is about."""


def loops(scenario: Scenario, how: Spread = HERE) -> pd.DataFrame:
    """What each feedback contributes in the scenario's plan (or its baseline, if it has no plan).

    Returns
    -------
    pandas.DataFrame
        By loop: the mean of its measure ``with_loop`` and ``without_loop`` (``compared``: the level with the plan, or
        what the plan does to it, its effect), their paired ``difference`` with its 95% interval (``low``, ``high``)
        over ``replications``, the direction ``expected`` (rises or falls), and whether it ``shows``: yes if the
        interval excludes nought on that side; no; or off, if the loop moves nothing here.
    """
    if scenario.place.loops is None:
        raise InputError([Problem("place.loops", "this place has no feedbacks: there is nothing to switch off")])
    number = scenario.run.replications
    variants = _variants(scenario)
    pairs = {"", *(loop.name for loop in LOOPS if loop.of_effect)}
    jobs = [
        (arms, replication, arms.names if name in pairs else arms.names[-1:])
        for name, arms in variants.items()
        for replication in range(number)
    ]
    found = replications(jobs, how)
    made = (pd.concat(found[i : i + number], ignore_index=True) for i in range(0, len(found), number))
    tables = dict(zip(variants, made, strict=True))
    rows = [_row(loop, tables[""], tables.get(loop.name, tables[""])) for loop in LOOPS]
    return pd.DataFrame(rows)


def _variants(scenario: Scenario) -> dict[str, Arms]:
    """The scenario as it is (under ""), and with each loop switched off that is on."""
    place = scenario.place
    assert place.loops is not None
    variants = {"": arms_of(scenario)}
    for loop in LOOPS:
        if loop.name not in variants and float(getattr(place.loops, loop.name)) != float(loop.off):
            without = place.model_copy(update={"loops": place.loops.model_copy(update={loop.name: loop.off})})
            variants[loop.name] = arms_of(scenario.model_copy(update={"place": without}))
    return variants


def _row(loop: Loop, on: pd.DataFrame, off: pd.DataFrame) -> dict[str, object]:
    with_loop, without_loop = _values(loop, on), _values(loop, off)
    paired = paired_row(with_loop, without_loop)
    excludes = paired["low"] > 0 if loop.rises else paired["high"] < 0
    moves = bool((with_loop != without_loop).any())
    return {
        "loop": loop.name,
        "what": loop.what,
        "measure": loop.measure,
        "of": loop.of,
        "unit": MEASURES[loop.measure].unit,
        "compared": "effect" if loop.of_effect else "level",
        "with_loop": float(with_loop.mean()),
        "without_loop": float(without_loop.mean()),
        **paired,
        "expected": "rises" if loop.rises else "falls",
        "shows": "yes" if excludes else "no" if moves else "off",
    }


def _values(loop: Loop, measures: pd.DataFrame) -> pd.Series[float]:
    """The loop's measure by replication: with the plan (if there is one), or what the plan does to it."""
    levels = by_replication(measures, loop.measure, loop.of)
    if loop.of_effect and PLAN in levels:
        return levels[PLAN] - levels[BASELINE]
    return with_plan(levels)
