"""Each lever moves what it says, by what it says, and nothing else at first order; in both engines alike.

The place is the reference place with a sixteenth of the people, unlimited room and nothing that looks at how full it
is, so that nobody meets in a queue. A programme for everybody is in force from the first minute, one lever at one half.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim import rules
from sim.engines import fast_engine, simpy_engine
from sim.files.reading import load_scenario
from sim.interventions import LEVERS, UNINTENDED, Intervention
from sim.log import EVENTS, StayLog, differences
from sim.plans.compile import compile_plan
from sim.plans.plan import LOOPS, Names, Plan
from sim.scenario import Scenario
from tests.test_same_luck import without_limits

DAY = 1440
CONDITION = "copd"
OF_CONDITIONS = ("condition_recognition", "condition_management", "symptom_days")
"""Levers on the states of conditions, which have tests of their own."""
EVERY = (*(lever for lever in LEVERS if lever not in OF_CONDITIONS), *UNINTENDED, CONDITION)
"""Each of the others; the name of a condition stands for the urgent needs it causes."""


def programme(lever: str, ratio: float, **other: Any) -> Intervention:
    kind = "levers" if lever in LEVERS else "unintended" if lever in UNINTENDED else "needs_by_condition"
    stated = {"name": f"{lever} {ratio:g}", "what": "made up", "ramp": {"starts": "2025-04-01"}}
    return Intervention.model_validate({**stated, kind: {lever: {"ratio": ratio, "assumption": True}}, **other})


@cache
def place() -> Scenario:
    return load_scenario("england_baseline", {"run.starts": "2025-04-01", "run.warm_up_days": "0"})


def scenario_of(*programmes: Intervention, days: int = 365, scale: float = 0.06, **other: Any) -> Scenario:
    run = place().run.model_copy(update={"years": days / 365, "scale": scale})
    return place().model_copy(update={"interventions": programmes, "run": run, **other})


@cache
def names() -> Names:
    return compile_plan(scenario_of(days=1)).names


def roomy(plan: Plan) -> Plan:
    """Unlimited room; and frailty that answers delay strongly enough to see it."""
    loop = plan.loop.copy()
    loop[LOOPS.index("frailty_steps")] *= 20
    return without_limits(plan._replace(loop=loop))


def log_of(lever: str | None, ratio: float = 0.5, engine: Any = fast_engine, **size: Any) -> StayLog:
    plan = roomy(compile_plan(scenario_of(*([programme(lever, ratio)] if lever else []), **size)))
    return engine.advance(engine.start(plan, 3, 0), plan, plan.days * DAY)  # type: ignore[no-any-return]


def metrics(log: StayLog) -> dict[str, float]:
    """What levers move, each as one number."""
    stage = {name: number for number, name in enumerate(names().stages)}
    all_stays = {name: np.concatenate([log.ended[name], log.open[name]]) for name in log.ended}
    new = {name: column[all_stays["flags"] & 32 == 0] for name, column in all_stays.items()}
    first = (new["came_from"] < 0) & (new["chain"] == 0)
    severity, started = new["severity"], new["started"] >= 0
    urgent, acute = first & (severity < 5), np.array(names().acute)[new["stage"]] & (new["ready"] > 0)
    at_a_and_e = (new["stage"] == stage["a_and_e"]) & (severity > 0) & (severity < 4) & (new["left"] >= 0)
    minor_at_a_and_e = (new["stage"] == stage["a_and_e"]) & (severity == 0) & (new["left"] >= 0)
    left = (new["stage"] == stage["acute_bed"]) & (new["pathway"] >= 0)
    in_clinic = (new["stage"] == stage["outpatient_clinic"]) & (new["left"] >= 0)
    events, kind = log.events, log.events["kind"]
    with_support = new["pathway"][left] > 0
    return {
        "minor": float((urgent & (severity == 0)).sum()),
        "sensitive": float((urgent & (severity == 1)).sum()),
        "serious": float((urgent & (severity > 1) & (severity < 4)).sum()),
        "at home instead": float((urgent & (severity == 4)).sum()),
        CONDITION: float((urgent & (new["cause"] == 1 + CONDITIONS.index(CONDITION))).sum()),
        "other causes": float((urgent & (new["cause"] != 1 + CONDITIONS.index(CONDITION))).sum()),
        "goes to A&E": float((new["stage"][urgent] == stage["a_and_e"]).mean()),
        "admitted of A&E": float((new["goes_to"][at_a_and_e] >= 0).mean()),
        "length of stay": float((new["ready"] - new["started"])[acute & started].mean()),
        "hours in A&E": float((new["ready"] - new["started"])[at_a_and_e].mean()),
        "process": float(new["process"][left].mean()),
        "sourcing": float(new["sourcing"][left].mean()),
        "readmitted": readmitted(new),
        "support": float(with_support.mean()),
        "to beds": float((new["pathway"][left][with_support] > 1).mean()),
        "referrals": float((first & (severity == 5)).sum()),
        "operated": float((new["goes_to"][in_clinic] >= 0).mean()),
        "care homes": float((new["stage"] == stage["care_home"]).sum()),
        "minor admitted": float((minor_at_a_and_e & (new["goes_to"] >= 0)).sum() / at_a_and_e.sum()),
        "deaths": float(((kind == EVENTS.index("death")) & (events["minute"] < 60 * DAY)).sum()),
        "outpatients": float(events["detail"][kind == EVENTS.index("outpatients")].sum()),
    }


def readmitted(new: dict[str, Any]) -> float:
    """Share of live overnight emergency discharges followed by an emergency admission in 30 days."""
    urgent, life = new["severity"] < 5, new["person"] * 4096 + new["generation"]
    beds = np.array(names().emergency_admission)[new["stage"]] & urgent & (new["started"] >= 0)
    begins = np.sort(life[beds] * 10**7 + new["started"][beds])
    left = np.array(names().overnight)[new["stage"]] & beds & (new["left"] >= 0) & (new["pathway"] >= 0)
    ends = life[left] * 10**7 + new["left"][left]
    following = np.searchsorted(begins, ends, side="left")
    within = np.append(begins, 2**62)[following] <= ends + 30 * DAY
    return float(within.mean())


CONDITIONS: list[str] = list(place().place.people.conditions)  # type: ignore[union-attr]


@cache
def measured(lever: str | None, ratio: float = 0.5) -> dict[str, float]:
    return metrics(log_of(lever, ratio))


MOVES: dict[str, tuple[str, ...]] = {
    "urgent_needs": ("minor", "sensitive", "serious", "at home instead", CONDITION, "other causes"),
    "emergency_admissions": ("sensitive", "serious"),
    "ambulatory_care_sensitive": ("sensitive",),
    "minor_needs": ("minor",),
    "a_and_e_share": ("goes to A&E",),
    "admission_given_a_and_e": ("admitted of A&E",),
    "length_of_stay": ("length of stay",),
    "process_delay": ("process",),
    "sourcing_delay": ("sourcing",),
    "readmission": ("readmitted",),
    "new_support": ("support",),
    "discharge_to_beds": ("to beds",),
    "planned_referrals": ("referrals",),
    "outpatients": ("outpatients",),
    "surgical_conversion": ("operated",),
    "care_home_entry": ("care homes",),
    "mortality": ("deaths",),
    "deconditioning": (),
    "gp_workload": (),
    "unmet_need": ("minor", "referrals"),
    "simple_referrals": ("referrals",),
    "deskilling": ("referrals",),
    "duplication": ("outpatients",),
    "gaps": ("process",),
    CONDITION: (CONDITION,),
}
"""What each lever halves."""
FOLLOWS: dict[str, tuple[str, ...]] = {
    "emergency_admissions": (CONDITION, "deaths", "care homes", "readmitted"),
    "urgent_needs": ("deaths", "care homes", "readmitted"),
    "minor_needs": (CONDITION, "other causes"),
    "unmet_need": (CONDITION, "other causes"),
    "admission_given_a_and_e": ("readmitted", "deaths", "care homes", "process", "sourcing"),
    "new_support": ("process", "sourcing", "care homes", "to beds"),
    "discharge_to_beds": ("process", "sourcing", "care homes"),
}
"""What then follows from it; whatever is in neither list stays as it was, give or take whom chance moves."""


def test_every_lever_is_in_the_table() -> None:
    assert tuple(MOVES) == EVERY


@pytest.mark.parametrize("lever", EVERY)
def test_a_lever_at_one_half_halves_what_it_says_and_leaves_the_rest(lever: str) -> None:
    before, after = measured(None), measured(lever)
    changed = {name: after[name] / before[name] for name in before if before[name]}
    for name in MOVES[lever]:
        assert 0.38 < changed.pop(name) < 0.62, name
    others = {name: ratio for name, ratio in changed.items() if name not in FOLLOWS.get(lever, ())}
    assert {name: ratio for name, ratio in others.items() if not 0.85 < ratio < 1.15} == {}


@pytest.mark.parametrize(
    ("lever", "metric"),
    [("admission_given_a_and_e", "minor admitted"), ("care_home_entry", "care homes"), ("readmission", "readmitted"),
     ("surgical_conversion", "operated"), ("discharge_to_beds", "to beds"), ("new_support", "support")],
)  # fmt: skip
def test_a_lever_above_one_raises_what_it_says(lever: str, metric: str) -> None:
    before, after = measured(None), measured(lever, 1.5)
    if metric == "minor admitted":
        # half as many again as are admitted anyway, out of those who would have gone home
        assert after[metric] == pytest.approx(0.5, abs=0.15)
        assert before[metric] == 0
    else:
        assert 1.3 < after[metric] / before[metric] < 1.7


@pytest.mark.parametrize("engine", [simpy_engine, fast_engine], ids=["simpy", "fast"])
def test_every_lever_at_one_changes_nothing_to_the_bit(engine: Any) -> None:
    size = {"days": 100, "scale": 0.004}
    plain = roomy(compile_plan(scenario_of(**size)))
    at_one = roomy(compile_plan(scenario_of(*(programme(lever, 1.0) for lever in EVERY), **size)))
    logs = [engine.advance(engine.start(plan, 1, 0), plan, 100 * DAY) for plan in (plain, at_one)]
    assert differences(*logs) == []


@pytest.mark.parametrize("lever", EVERY)
def test_both_engines_move_it_alike(lever: str) -> None:
    logs = [log_of(lever, 0.4, engine, days=60, scale=0.003) for engine in (simpy_engine, fast_engine)]
    assert differences(*logs) == []


def test_deconditioning_moves_frailty_half_as_much() -> None:
    frailty = [log_of("deconditioning", ratio).persons["frailty"].sum() for ratio in (1e-9, 0.5, 1.0)]
    assert frailty[0] != frailty[2]
    assert (frailty[1] - frailty[0]) / (frailty[2] - frailty[0]) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize(("lever", "more"), [("gp_workload", -0.5), ("duplication", -0.5), ("outpatients", 0.0)])
def test_routine_work_of_general_practice_leaves_more_or_fewer_urgent_slots(lever: str, more: float) -> None:
    slots = {}
    for name, programmes in {"without": (), "with": (programme(lever, 0.5),)}.items():
        plan = compile_plan(scenario_of(*programmes, days=30, scale=0.004))
        states = [engine.start(plan, 1, 0) for engine in (simpy_engine, fast_engine)]
        for engine, state in zip((simpy_engine, fast_engine), states, strict=True):
            engine.advance(state, plan, 29 * DAY + 500)
        assert states[0].gp_more == states[1].arrays.clock[0].gp_more == pytest.approx(more if programmes else 0.0)
        freed = plan.gp_routine_minutes * -states[0].gp_more / plan.gp_urgent_minutes
        left, seen = (sum(getattr(states[0], each)[pool] for pool in np.flatnonzero(plan.gp_share))
                      for each in ("slots_left", "seen_today"))  # fmt: skip
        slots[name] = left + seen - freed
    assert slots["with"] == pytest.approx(slots["without"], abs=len(names().pools))


def members_and_their_outpatients(log: StayLog, day: int) -> tuple[list[int], list[list[int]]]:
    """By locality: members of the one programme on a day, who all joined on the first; and the rows of attendances."""
    of = {name: column[log.events["minute"] <= day * DAY] for name, column in log.events.items()}
    joined, died = np.isin(of["kind"], JOINING), of["kind"] == EVENTS.index("death")
    left = joined & ~np.isin(of["person"], of["person"][died & (of["generation"] == 0)])
    rows = (of["kind"] == EVENTS.index("outpatients_of_members")) & (of["minute"] == day * DAY)
    attendances = [of[name][rows].tolist() for name in ("person", "age", "locality", "detail")]
    assert (log.events["minute"][np.isin(log.events["kind"], JOINING)] == 0).all()
    return np.bincount(of["locality"][left], minlength=len(names().localities)).tolist(), attendances


JOINING = [EVENTS.index("enrolled"), EVENTS.index("would_be_enrolled")]


@pytest.mark.parametrize("engine", [simpy_engine, fast_engine], ids=["simpy", "fast"])
def test_outpatient_attendances_of_members_are_moved_as_far_as_the_programme_reaches_them(engine: Any) -> None:
    everybody_old = {
        "who": {"age": ["85+"], "reach": 0.5}, "capacity": {"caseload_per_wte": {"value": 10**6}, "wte": {"value": 1}},
        "ramp": {"starts": "2025-04-01", "full": 0.5, "lag_days": 20},
    }  # fmt: skip
    scenario = scenario_of(programme("outpatients", 0.64, **everybody_old), days=60, scale=0.02)
    plans = {1.0: compile_plan(scenario, with_interventions=False), 0.8: compile_plan(scenario)}
    for in_force, plan in plans.items():
        log = engine.advance(engine.start(roomy(plan), 3, 0), roomy(plan), 60 * DAY)
        for day, effect in ((0, 1.0), (28, in_force), (56, in_force)):
            members, attendances = members_and_their_outpatients(log, day)
            assert 60 < sum(members) < 160, "half of some 240 people"
            a_day = plan.workload[1][3] * effect / 365.25
            expected = [(-1, 3, place, 1000 * n * a_day) for place, n in enumerate(members) if n]
            np.testing.assert_allclose(sorted(zip(*attendances, strict=True)), expected, rtol=0, atol=0.501)


@pytest.mark.parametrize("engine", [simpy_engine, fast_engine], ids=["simpy", "fast"])
def test_who_dies_leaves_the_programmes_that_run(engine: Any) -> None:
    old = {"who": {"age": ["85+"]}, "capacity": {"caseload_per_wte": {"value": 10**6}, "wte": {"value": 1}}}
    scenario = scenario_of(programme("outpatients", 0.8, **old), days=60, scale=0.01)
    for plan in (compile_plan(scenario, with_interventions=False), compile_plan(scenario)):
        events = engine.advance(engine.start(plan, 3, 0), plan, 60 * DAY).events
        who = {kind: set(zip(*(events[name][events["kind"] == EVENTS.index(kind)].tolist()
                               for name in ("person", "generation", "minute")), strict=True))
               for kind in ("enrolled", "death", "left_programme")}  # fmt: skip
        members = {(person, generation) for person, generation, _ in who["enrolled"]}
        assert who["left_programme"] == {each for each in who["death"] if each[:2] in members}
        assert bool(who["left_programme"]) == bool(plan.programme_active.any())


def test_readmissions_that_are_there_anyway_cannot_be_moved() -> None:
    own, drawn = 0.06, 0.08
    every = 1 - (1 - own) * (1 - drawn)
    for ratio in (0.6, 0.9, 1.4):
        moved = rules.readmission_with_lever(drawn, own, ratio)
        assert 1 - (1 - own) * (1 - moved) == pytest.approx(ratio * every)
    assert rules.readmission_with_lever(drawn, own, 1.0) == drawn
    assert rules.readmission_with_lever(drawn, own, 0.1) == 0.0


def test_routes_are_shifted_in_proportion() -> None:
    sides, shares = (1, 2, 2, 0), (0.3, 0.5, 0.9)  # 30% by the lever's route, 20% and 40% by the others, 10% home
    assert rules.shifted(0.6, 0.5, 0, sides, shares) == 0
    taken = [rules.shifted(u / 1000, 0.5, 0, sides, shares) for u in range(500)]
    assert (taken.count(1), taken.count(2)) == (167, 333)
    assert rules.shifted(0.01, 0.5, 1, sides, shares) == 1
    given = [rules.shifted(u / 1000, 1.5, 2, sides, shares) for u in range(1000)]
    assert given.count(0) == 250, "15 of 100 more, out of the 60 who go by the others"
    assert rules.shifted(0.01, 1.5, 3, sides, shares) == 3
