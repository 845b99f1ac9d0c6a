"""The two engines give the same log, in every cell: on what is shipped, on cases, and on plans made to be awkward.

A run is two arms that are one until they part, cut into pieces of awkward length, each but the last continued from a
copy. There is no tolerance. A SimPy engine that settles ties the wrong way round must be caught.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import coverage
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sim.engines import fast_engine, simpy_engine
from sim.engines.state import Journey
from sim.errors import RunError
from sim.experiments import known_places
from sim.experiments.runner import arms_of as arms_of_scenario
from sim.files.reading import load_scenario
from sim.files.shipped import shipped
from sim.log import EVENTS, FLAGS, OUTCOMES, StayLog, differences
from sim.plans.plan import Plan
from tests import test_cases
from tests.made_places import DAY, in_pieces, joined, one_piece, plan_of, same, shipped_plan
from tests.made_plans import Arms, Made, arms_of, lumpy_plans, smooth_plans

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = sorted(path.stem for path in shipped("scenarios", "").glob("*.yaml"))
FEW, MANY = 30, 500
"""Made plans of each kind, in the check before a commit and in the full one."""
FAILED = ROOT / "tests" / "plans_that_failed"
ENGINE = "sim/engines/fast_*.py"
LEAST_LINES_RUN = 95.0
"""Per cent of the lines of the compiled engine that are run where nothing is compiled."""
History = list[StayLog | str]


def pieces(engine: ModuleType, arms: Arms, cuts: Iterable[int] = (), days: int | None = None) -> History:
    """What happened in so many days until the arms part, then in one and in the other; an error is its words."""
    until = days or arms.baseline.days
    found: History = []
    state, part, end = engine.start(arms.baseline, 1, 0), min(arms.part, until * DAY), until * DAY
    try:
        for cut in sorted({cut for cut in cuts if 0 < cut < part} | {part}):
            found.append(engine.advance(state, arms.baseline, cut))
        for own, plan in ((state.copy(), arms.baseline), (state, arms.plan)):
            goes_on = own
            for cut in sorted({cut for cut in cuts if part < cut < end} | {end}):
                found.append(engine.advance(goes_on, plan, cut))
                goes_on = goes_on.copy()
    except RunError as error:
        found.append(str(error))
    return found


def unlike(a: History, b: History) -> list[str]:
    """Where two histories differ first, in words; none if they are equal."""
    for one, other in zip(a, b, strict=False):
        if isinstance(one, str) or isinstance(other, str):
            return [] if one == other else [f"{one} and {other}"]
        found = differences(one, other)
        if found:
            return [f"from minute {one.from_minute} to {one.until_minute}", *found]
    return []


def agree(arms: Arms, cuts: Iterable[int] = (), days: int | None = None) -> History:
    """What happened, the same in both engines."""
    cuts = list(cuts)
    simpy, fast = (pieces(engine, arms, cuts, days) for engine in (simpy_engine, fast_engine))
    assert unlike(simpy, fast) == []
    return simpy


def seen(histories: list[History]) -> tuple[set[str], int]:
    """Outcomes, events and flags that occur, and the number of stays."""
    logs = [log for history in histories for log in history if isinstance(log, StayLog)]
    outcomes = {OUTCOMES[number] for log in logs for number in log.ended["outcome"].tolist()}
    events = {EVENTS[number] for log in logs for number in log.events["kind"].tolist()}
    flags = {name for name, bit in FLAGS.items() if any((log.ended["flags"] & bit).any() for log in logs)}
    return outcomes | events | flags, sum(len(log.ended["person"]) for log in logs)


WITHOUT: dict[str, Callable[[Plan], Plan]] = {
    "priorities": lambda plan: plan._replace(first=np.zeros_like(plan.first)),
    "ring-fences": lambda plan: plan._replace(reserved=np.zeros_like(plan.reserved)),
    "capacity changes": lambda plan: plan._replace(capacity=np.ascontiguousarray(plan.capacity[:, [0] * plan.days])),
}
"""A plan without something that may or may not matter in it, by what it is."""


def mattered(arms: Arms, cuts: Iterable[int], happened: History) -> list[str]:
    """Which of these changed what happened: without it the compiled engine's logs are others."""
    found = []
    for what, without in WITHOUT.items():
        plain = Arms(without(arms.baseline), without(arms.plan), arms.part)
        if unlike(happened, pieces(fast_engine, plain, cuts)):
            found.append(what)
    return found


# -- shipped and hand-worked ------------------------------------------------------------------------------------------


def shipped_arms(name: str, warm_up_days: int = 30, scale: float = 0.004) -> Arms:
    """The arms of a scenario, which part on its first measured day at the earliest; a few people where it has any."""
    scenario = load_scenario(name)
    shorter = {"warm_up_days": warm_up_days, "years": 1.1} | ({"scale": scale} if scenario.place.people else {})
    arms = arms_of_scenario(scenario.model_copy(update={"run": scenario.run.model_copy(update=shorter)}))
    return Arms(arms.baseline, arms.plan or arms.baseline, arms.part_minute)


@pytest.mark.parametrize("name", SCENARIOS)
def test_shipped_scenarios(name: str) -> None:
    made = shipped_arms(name)
    cuts = [777, 29 * DAY + 601, made.part + 1, 90 * DAY, 91 * DAY + 1439]
    assert seen([agree(made, cuts, days=150)])[1] > 100


@pytest.mark.parametrize("path", test_cases.CASES, ids=lambda path: path.stem)
def test_hand_worked_cases(path: Path) -> None:
    agree_on_case(path)


def agree_on_case(path: Path) -> None:
    case = test_cases.read(path)
    plan = test_cases.plan_of(case)
    agree(Arms(plan, plan, case["days"] * DAY // 2 + 7), [DAY, 2 * DAY + 1])


def test_a_day_brings_far_more_people_than_were_ever_there() -> None:
    plan = known_places.plan_of(known_places.ward(1, None, 1.0), days=2)
    streams = ("stream_to", "stream_rate", "stream_hours", "stream_ages", "stream_localities")
    crowd = plan._replace(**{name: np.repeat(getattr(plan, name), 12, axis=0) for name in streams})
    crowd.stream_rate[:, 1] = 1900.0
    assert seen([agree(Arms(crowd, crowd, DAY))])[1] > 5_000


# -- made to be awkward -----------------------------------------------------------------------------------------------


def cuts_of(made: Made) -> range:
    """Minutes at which the run of a made plan is cut into pieces."""
    return range(1000, made["days"] * DAY, 4000 if made["days"] < 20 else 40_009)


def each_of(made_plans: Any, number: int, check: Callable[[Made], None], *, new: bool = False) -> None:
    """Check so many made plans, the same ones every time; or new ones, where one that fails says how to have it again.

    The line ``@reproduce_failure(...)`` it prints goes over ``check``.
    """
    how = settings(
        max_examples=number, deadline=None, derandomize=not new, print_blob=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    how(given(made=made_plans)(check))()


KINDS = pytest.mark.parametrize("plans", [lumpy_plans, smooth_plans], ids=["lumpy", "smooth"])


@pytest.mark.parametrize(
    ("number", "new"), [(FEW, False), pytest.param(MANY, True, marks=pytest.mark.slow)], ids=["the same", "new"]
)
def test_made_plans(number: int, new: bool) -> None:
    histories: list[History] = []
    why: Counter[str] = Counter()

    def check(made: Made) -> None:
        arms, cuts = arms_of(made), cuts_of(made)
        histories.append(agree(arms, cuts))
        why.update(mattered(arms, cuts, histories[-1]))

    for plans in (lumpy_plans, smooth_plans):
        each_of(plans, number, check, new=new)
    found, stays = seen(histories)
    assert found >= {"home", "moved", "died", "escalated", "cancelled", "ended", "lost_place", "diverted", "gave_up"}
    assert found >= {"death", "end_of_life", "dropped_need", "enrolled", "gp_shed", "would_be_enrolled"}
    assert found >= {"recognised", "newly_ill", "complication", "readmission"}
    assert all(why[what] >= number / 10 for what in WITHOUT), why
    assert stays > 160 * number


@pytest.mark.parametrize("path", sorted(FAILED.glob("*.json")), ids=lambda path: path.stem)
def test_plans_that_once_failed(path: Path) -> None:
    """Made at random by the full check, and kept as they were found."""
    made = json.loads(path.read_text(encoding="utf-8"))
    agree(arms_of(made), cuts_of(made))


def test_a_new_plan_that_fails_says_how_to_have_it_again() -> None:
    def check(made: Made) -> None:
        raise AssertionError("it never holds")

    with pytest.raises(AssertionError, match="it never holds") as failed:
        each_of(smooth_plans, 1, check, new=True)
    assert any("@reproduce_failure(" in note for note in failed.value.__notes__)


@KINDS
def test_many_pieces_each_from_a_copy_are_one_piece(plans: Any) -> None:
    def check(made: Made) -> None:
        plan = arms_of(made).plan
        try:
            whole = joined([one_piece(fast_engine, plan)])
        except RunError:
            return
        cut = joined(in_pieces(fast_engine, plan, range(601, plan.days * DAY, 9001 if plan.days < 20 else 50_001)))
        assert all(same(a, b) for a, b in zip(cut, whole, strict=True))

    each_of(plans, FEW // 2, check)


def test_a_copy_is_not_touched_by_what_it_was_copied_from() -> None:
    plan = shipped_plan("england_baseline", 60, 0.004)
    state = fast_engine.start(plan, 1, 0)
    fast_engine.advance(state, plan, 20 * DAY + 7)
    copy = state.copy()
    first = fast_engine.advance(state, plan, 60 * DAY)
    assert copy.minute == 20 * DAY + 7
    assert differences(first, fast_engine.advance(copy, plan, 60 * DAY)) == []


def test_a_row_is_not_used_again_in_the_instant_its_journey_ends() -> None:
    """Two stays of one person end together; one is a death, and meanwhile somebody else is to be readmitted."""
    nine = {"open": {"from_hour": 9, "to_hour": 10}}
    day_long = {
        "length_of_stay": {"kind": "fixed", "mean_hours": 24},
        "dies": 0.3,
        "routes": [{"to": "c", "share": 0.7}],
    }
    hour = {"kind": "fixed", "mean_hours": 1}
    stages = {"a": {"served_by": "a", **day_long}, "b": {"served_by": "b", **day_long}}
    stages["c"] = {"served_by": "c", "length_of_stay": hour}
    plan = plan_of({"place": {"pools": {"a": nine, "b": nine, "c": {}}, "stages": stages}}, days=20)
    rates = np.zeros_like(plan.life_rates)
    rates[:2] = 40.0
    plan = plan._replace(
        people=np.full(4, 60), life_rates=rates, referral_stage=0, overnight_stage=1, readmission_stage=1,
        readmission=np.full(4, 0.9), readmission_minutes=600.0, stage_flags=np.array([6, 6, 0]),
        severity_shares=np.tile([0.3, 0.5, 0.7, 0.9, 1.0], (4, 1)), names=replace(plan.names, a_and_e=1, gp=1),
    )  # fmt: skip
    found, stays = seen([agree(Arms(plan, plan, 10 * DAY))])
    assert {"died", "death"} <= found
    assert stays > 2000


# -- what must be caught ----------------------------------------------------------------------------------------------


def differing(plans: Any, number: int) -> int:
    """Of so many made plans, how many the engines disagree on."""
    found = []

    def check(made: Made) -> None:
        arms = arms_of(made)
        found.append(bool(unlike(pieces(simpy_engine, arms), pieces(fast_engine, arms))))

    each_of(plans, number, check)
    return sum(found)


def test_ties_settled_the_wrong_way_round_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Journey.id.fget
    monkeypatch.setattr(Journey, "id", property(lambda journey: tuple(-each for each in right(journey))))
    assert differing(lumpy_plans, FEW // 2) >= 5


def test_a_difference_of_one_minute_is_caught() -> None:
    plan = shipped_plan("stroke_units", 30)
    one = pieces(simpy_engine, Arms(plan, plan, 10 * DAY))
    for later in (plan._replace(stay_minutes=plan.stay_minutes + 1), plan._replace(capacity=plan.capacity - 1)):
        assert unlike(one, pieces(fast_engine, Arms(later, later, 10 * DAY)))


# -- without compiling ------------------------------------------------------------------------------------------------


def uncompiled(*arguments: str | Path, by: Iterable[str] = ()) -> None:
    """Run tests/uncompiled.py where nothing is compiled, under another programme if one is given."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *by, "-m", "tests.uncompiled", *map(str, arguments)], cwd=ROOT,
        capture_output=True, text=True, check=False, env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_same_without_compiling() -> None:
    uncompiled("few")


@pytest.mark.slow
def test_without_compiling_nearly_every_line_of_the_engine_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "coverage"
    uncompiled("many", by=["-m", "coverage", "run", f"--data-file={data}", f"--include={ENGINE}"])
    measured = coverage.Coverage(data_file=data, include=[ENGINE])
    measured.load()
    with capsys.disabled():
        share = measured.report(show_missing=True, skip_covered=True)
    assert share >= LEAST_LINES_RUN
