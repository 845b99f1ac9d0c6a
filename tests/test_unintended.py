"""What programmes may do wrong: it shows where it is said to, grows as it is said to, and each has an off switch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim import rules
from sim.engines import fast_engine, simpy_engine
from sim.experiments.loops import LOOPS as SWITCHES
from sim.files.reading import load_intervention
from sim.interventions import UNINTENDED, Intervention
from sim.log import EVENTS, OUTCOMES, StayLog, differences
from sim.plans.compile import compile_plan
from sim.plans.plan import LOOPS, Plan
from tests.test_levers import DAY, names, programme, scenario_of

ENGINES = pytest.mark.parametrize("engine", [simpy_engine, fast_engine], ids=["simpy", "fast"])


def plan_of(*programmes: Intervention, **size: Any) -> Plan:
    return compile_plan(scenario_of(*programmes, **size))


def without(plan: Plan, loop: str) -> Plan:
    strengths = plan.loop.copy()
    strengths[LOOPS.index(loop)] = 0.0
    return plan._replace(loop=strengths)


def run(engine: Any, plan: Plan) -> StayLog:
    log: StayLog = engine.advance(engine.start(plan, 1, 0), plan, plan.days * DAY)
    return log


def events(log: StayLog, kind: str) -> np.ndarray:
    return log.events["minute"][log.events["kind"] == EVENTS.index(kind)]


# -- funding that ends -------------------------------------------------------------------------------------------------

PILOT: dict[str, Any] = {
    "ramp": {"starts": "2025-04-01", "ends": "2025-05-31", "fades_after_end_months": 1},  # day 60, and 30.4 days more
    "capacity": {"caseload_per_wte": 100, "wte": 100},
    "takes": {"gp_minutes_per_person_month": 60},
}


@ENGINES
def test_when_funding_ends_its_effect_fades_people_leave_and_doctors_minutes_stop(engine: Any) -> None:
    pilot = programme("emergency_admissions", 1e-6, **PILOT)
    plan = plan_of(pilot, days=150, scale=0.01)
    log = run(engine, plan)
    left = events(log, "left_programme")
    assert set(left.tolist()) == {91 * DAY}, (
        "everybody leaves on the first midnight after fading, not at the next ranking"
    )
    assert len(left) > 50
    avoided = events(log, "need_avoided")
    assert (avoided < 60 * DAY).any()
    assert ((avoided >= 60 * DAY) & (avoided < 91 * DAY)).any()
    assert not (avoided >= 91 * DAY).any()


@ENGINES
def test_doctors_minutes_are_given_back_on_the_day_funding_ends(engine: Any) -> None:
    plan = plan_of(programme("mortality", 1.0 + 1e-12, **PILOT), days=75, scale=0.01)
    pools = np.flatnonzero(plan.gp_share)

    def slots(of: Plan, day: int) -> float:
        state = engine.start(of, 1, 0)
        engine.advance(state, of, day * DAY + 720)  # noon, when practices have opened
        arrays = state if hasattr(state, "seen_today") else state.arrays
        return float(sum(arrays.slots_left[pool] + arrays.seen_today[pool] for pool in pools))

    usual = plan_of(days=75, scale=0.01)
    funded, after = 58, 62  # a Wednesday and, after the last day of May, a Monday
    assert slots(plan, funded) < slots(usual, funded)
    assert slots(plan, after) >= slots(usual, after) - len(pools)
    assert slots(without(plan, "programme_time"), funded) == slots(usual, funded)


# -- what crowds out what ----------------------------------------------------------------------------------------------


@ENGINES
def test_time_for_a_programme_leaves_people_unseen_and_sends_some_to_a_and_e(engine: Any) -> None:
    taking = {**PILOT, "ramp": {"starts": "2025-04-01"}, "takes": {"gp_minutes_per_person_month": 120}}
    plan = plan_of(programme("mortality", 1.0 + 1e-12, **taking), days=60, scale=0.01)
    unseen = {}
    for name, made in {"taking": plan, "off": without(plan, "programme_time")}.items():
        ended = run(engine, made).ended
        outcome = np.isin(ended["outcome"], [OUTCOMES.index("diverted"), OUTCOMES.index("gave_up")])
        unseen[name] = int((outcome & (ended["stage"] == names().gp)).sum())
    assert unseen["taking"] > 1.3 * unseen["off"]


@ENGINES
def test_simple_referrals_make_everybody_else_wait_for_the_same_appointments(engine: Any) -> None:
    clinic = load_intervention("interface_clinic", {"ramp.starts": "2025-04-01", "ramp.half_time_months": "0"})
    pool = clinic.pools["interface_clinic"]
    opened = pool.model_copy(
        update={"changes": (pool.changes[0].model_copy(update={"from_date": clinic.ramp.starts}),)}
    )
    draws = clinic.model_copy(update={
        "pools": {"interface_clinic": opened},
        "unintended": programme("simple_referrals", 1.5).unintended,
    })  # fmt: skip
    plan = plan_of(draws, days=120, scale=0.03)
    stage = plan.names.stages.index("interface_clinic")
    waits, seen = {}, {}
    for name, made in {"drawn": plan, "off": without(plan, "new_clinic_referrals")}.items():
        ended = run(engine, made).ended
        here = (ended["stage"] == stage) & (ended["started"] >= 0)
        waits[name] = dict(
            zip(ended["need"][here].tolist(), (ended["started"] - ended["asked"])[here].tolist(), strict=True)
        )
        seen[name] = int(here.sum())
    anyway = waits["drawn"].keys() & waits["off"].keys()
    assert np.mean([waits["drawn"][need] for need in anyway]) > 1.2 * np.mean([waits["off"][need] for need in anyway])
    assert len(anyway) < seen["off"], "some who would have been seen are still waiting"


# -- roles, skills -----------------------------------------------------------------------------------------------------


def test_skills_fade_slowly_from_the_start_of_the_programme() -> None:
    fading = programme("deskilling", 2.0).model_copy(update={"unintended": {
        "deskilling": programme("deskilling", 2.0).unintended["deskilling"].model_copy(update={"half_time_months": 6}),
    }})  # fmt: skip
    plan = plan_of(fading, days=365, scale=0.03)
    at_once, usual = plan_of(programme("deskilling", 2.0), days=365, scale=0.03), plan_of(days=365, scale=0.03)

    def referred(of: Plan) -> tuple[int, int]:
        log = run(fast_engine, of)
        every = {name: np.concatenate([log.ended[name], log.open[name]]) for name in log.ended}
        new = (every["severity"] == 5) & (every["came_from"] < 0) & (every["chain"] == 0)
        return int((new & (every["asked"] < 90 * DAY)).sum()), int((new & (every["asked"] >= 240 * DAY)).sum())

    (early, late), (full_early, full_late), (none_early, none_late) = map(referred, (plan, at_once, usual))
    assert none_early < early < full_early
    assert none_late < late < full_late
    assert (late - none_late) / (full_late - none_late) > 2 * (early - none_early) / (full_early - none_early)


def test_a_slow_effect_is_half_there_after_its_half_time() -> None:
    slow = programme("deskilling", 1.44)
    lever = slow.unintended["deskilling"].model_copy(update={"half_time_months": 12})
    plan = plan_of(slow.model_copy(update={"unintended": {"deskilling": lever}}), days=400, scale=0.003)
    state = simpy_engine.start(plan, 1, 0)
    run_of = simpy_engine.Run(state, plan)
    ratio = [run_of.programmes.ratio("deskilling", 0, day * DAY) for day in (0, 365, 399)]
    assert ratio[0] == 1.0
    assert ratio[1] == pytest.approx(rules.effect(1.44, 1 - 2 ** -(365 / 365.25)))
    assert ratio[1] == pytest.approx(1.2, abs=0.001)
    assert ratio[2] > ratio[1]


SWITCH = {"unmet_need": "case_finding", "simple_referrals": "new_clinic_referrals", "deskilling": "deskilling",
          "duplication": "unclear_roles", "gaps": "unclear_roles"}  # fmt: skip


@ENGINES
@pytest.mark.parametrize("name", UNINTENDED)
def test_each_has_an_off_switch_that_explain_lists(engine: Any, name: str) -> None:
    assert SWITCH[name] in {loop.name for loop in SWITCHES}
    size = {"days": 60, "scale": 0.004}
    plan, usual = plan_of(programme(name, 1.8), **size), plan_of(**size)
    off = run(engine, without(plan, SWITCH[name]))
    assert differences(off, run(engine, usual)) == []
    assert differences(off, run(engine, plan)) != []
