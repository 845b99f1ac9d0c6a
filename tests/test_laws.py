"""What must hold in every run, whatever the place: people, places, time and randomness are accounted for.

On the shipped pathways, on a hundredth of the reference place, and on tiny plans that hypothesis makes to be awkward:
one or two places, whole hours, closing times, changes of capacity.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim import draws
from sim.compile_plan import compile_plan
from sim.draws import Purpose
from sim.engines import care, life, prefill, programmes, simpy_engine
from sim.errors import RunError
from sim.files import load_intervention, load_scenario
from sim.log import EVENTS, FLAGS, NEVER, OUTCOMES, STAY_COLUMNS, StayLog
from sim.plan import LOOPS, Plan
from sim.scenario import Scenario
from sim.shipped import shipped

ENGINES = [simpy_engine]
DAY = 1440
OF_PROGRAMMES = {EVENTS.index(name) for name in ("enrolled", "left_programme", "would_be_enrolled")}
Table = dict[str, np.ndarray]
engines = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__.rsplit(".", 1)[-1])


# -- runs to look at ----------------------------------------------------------------------------------------------


def shipped_plan(name: str, days: int, scale: float = 1.0, *, with_interventions: bool = False) -> Plan:
    settings_of_run = {"run.warm_up_days": "0", "run.years": str(days / 365), "run.scale": str(scale)}
    scenario = load_scenario(shipped("scenarios", f"{name}.yaml"), settings_of_run)
    return compile_plan(scenario, with_interventions=with_interventions)


def one_piece(engine: ModuleType, plan: Plan, seed: int = 1) -> StayLog:
    return engine.advance(engine.start(plan, seed, 0), plan, plan.days * DAY)  # type: ignore[no-any-return]


def in_pieces(engine: ModuleType, plan: Plan, cuts: Iterable[int], seed: int = 1) -> list[StayLog]:
    """Pieces that end at each cut and at the end, each but the last continued from a copy of the state."""
    state, pieces = engine.start(plan, seed, 0), []
    for cut in sorted({*cuts, plan.days * DAY} - {0}):
        pieces.append(engine.advance(state, plan, cut))
        state = state.copy()
    return pieces


def joined(pieces: list[StayLog]) -> tuple[Table, Table, Table]:
    """Ended stays and events of several pieces in the order of one, and the last census."""

    def together(tables: list[Table], order: tuple[str, ...]) -> Table:
        whole = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
        rows = np.lexsort([whole[name] for name in order])
        return {name: column[rows] for name, column in whole.items()}

    ended = together([p.ended for p in pieces], ("left", "stage", "asked", "need", "chain", "generation", "person"))
    events = together([p.events for p in pieces], ("detail", "kind", "generation", "person", "minute"))
    return ended, events, pieces[-1].open


def same(a: Table, b: Table) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def without_programmes(events: Table) -> Table:
    kept = ~np.isin(events["kind"], list(OF_PROGRAMMES))
    return {name: column[kept] for name, column in events.items()}


SHIPPED = {
    "stroke_units": lambda: shipped_plan("stroke_units", 200),
    "discharge_to_assess_localities": lambda: shipped_plan("discharge_to_assess_localities", 95),
    "england_500k": lambda: shipped_plan("england_baseline", 200, 0.01),
}


@pytest.fixture(scope="module", params=list(SHIPPED))
def plan(request: pytest.FixtureRequest) -> Plan:
    made: Plan = SHIPPED[request.param]()
    return made


def awkward(draw: Callable[[Any], Any]) -> dict[str, Any]:
    """A tiny pathway of two to four stages in a row, each with its own pool or sharing that of the stage before."""
    hours = st.sampled_from([1, 2, 6, 12, 24, 30, 48])
    number = draw(st.integers(2, 4))
    names = [f"stage_{i}" for i in range(number)]
    pools, stages, start = {}, {}, {}
    for i, name in enumerate(names):
        later, slots = names[i + 1 :], i == 0 and draw(st.booleans())
        opening = draw(st.sampled_from([(0, 24), (0, 24), (8, 20), (9, 17)]))
        pools[f"pool_{i}"] = {
            "kind": "slots" if slots else "beds",
            "capacity": draw(st.integers(1, 3)),
            "changes": [{"from_date": "2026-01-12", "capacity": draw(st.integers(0, 4))}]
            if draw(st.booleans())
            else [],
            "open": {"from_hour": opening[0], "to_hour": opening[1]},
            "first": [names[i - 1]] if i and draw(st.booleans()) else [],
            "reserved": {"need": 1} if draw(st.integers(0, 3)) == 0 else {},
        }
        routes = []
        if later:
            routes.append({"to": later[0], "share": draw(st.sampled_from([0.3, 0.7, 1.0]))})
        if len(later) > 1:
            to_any = {"to": later[1], "if_room": True, "otherwise": draw(st.sampled_from([later[0], "home"]))}
            routes.insert(draw(st.integers(0, 1)), {**to_any, "share": 0.5})
        kind = draw(st.sampled_from(["fixed", "fixed", "exponential"]))
        shared = i > 1 and draw(st.integers(0, 3)) == 0
        stages[name] = {
            "served_by": f"pool_{i - 1}" if shared else f"pool_{i}",
            "length_of_stay": {"kind": kind, "mean_hours": draw(hours)},
            "leaves": {"from_hour": 8, "to_hour": 20} if draw(st.booleans()) else {},
            "keeps_place": draw(st.booleans()),
            "dies": 0.1 if draw(st.booleans()) else 0,
            "routes": routes,
        }
        if slots and draw(st.booleans()):
            stages[name]["gives_up"] = {
                "wait": 0.4, "divert": 0.4, "divert_to": names[1], "reference_unseen_share": 0.1,
            }  # fmt: skip
        if i and draw(st.booleans()):
            escalates = {"after_days": draw(st.integers(0, 3)), "share_per_day": 0.5, "to": "home"}
            stages[name]["escalates"] = escalates
        if later and draw(st.booleans()):
            stages[name]["early"] = {"to": later[0], "share": 0.5, "at_share_of_stay": 0.5}
        start[name] = [
            {"in_place": 0 if slots else draw(st.integers(0, 2)), "waiting": draw(st.integers(0, 3)), "elapsed_days": 0}
        ]
    arrivals = {"to": names[draw(st.integers(0, 1))], "per_day": 2}
    place = {"pools": pools, "stages": stages, "start": start, "plain_arrivals": {"stream": arrivals}}
    return {"place": place, "exit_block": draw(st.sampled_from([1.0, 1.0, 0.5]))}


def plan_of(made: dict[str, Any], days: int = 16) -> Plan:
    scenario = Scenario.model_validate(
        {
            "name": "awkward", "question": "q", "run": {"starts": "2026-01-05", "warm_up_days": 0, "years": days / 365},
            "place": {"name": "awkward", "what": "w", "localities": [{"name": "Town", "share": 1}], **made["place"]},
        }
    )  # fmt: skip
    plan = compile_plan(scenario)
    loop = plan.loop.copy()
    loop[[LOOPS.index("exit_block"), LOOPS.index("gp_access")]] = made.get("exit_block", 1.0), 1.0
    return plan._replace(loop=loop)


awkward_places = st.composite(awkward)
_STAY = {"kind": "fixed", "mean_hours": 10}
CLOSES_AT_MIDNIGHT: dict[str, Any] = {
    "place": {
        "pools": {"surgery": {"kind": "slots", "capacity": 1}, "cubicles": {}},
        "stages": {
            "gp": {
                "served_by": "surgery",
                "length_of_stay": _STAY,
                "gives_up": {"wait": 0.3, "divert": 0.4, "divert_to": "a_and_e", "reference_unseen_share": 0.1},
            },
            "a_and_e": {"served_by": "cubicles", "length_of_stay": _STAY},
        },
        "start": {"gp": [{"waiting": 12}]},
    }
}
WAITS_TWICE: dict[str, Any] = {
    "place": {
        "pools": {"nowhere": {"capacity": 0}},
        "stages": {
            name: {
                "served_by": "nowhere",
                "length_of_stay": _STAY,
                "escalates": {"after_days": 0, "share_per_day": 0.3, "to": to},
            }
            for name, to in (("first", "second"), ("second", "home"))
        },
        "start": {"first": [{"waiting": 12}]},
    }
}
LEAVES_EARLY_AT_FIVE: dict[str, Any] = {
    "place": {
        "pools": {"beds": {}, "home": {}},
        "stages": {
            "ward": {
                "served_by": "beds",
                "length_of_stay": {"kind": "fixed", "mean_hours": 4},
                "routes": [{"to": "bed"}],
            },
            "bed": {
                "served_by": "beds",
                "length_of_stay": {"kind": "fixed", "mean_hours": 2},
                "early": {"to": "virtual_ward", "share": 1, "at_share_of_stay": 0.5},
            },
            "virtual_ward": {"served_by": "home", "length_of_stay": _STAY},
        },
        "start": {"ward": [{"in_place": 3, "elapsed_days": 0}]},
    }
}
tiny = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


# -- people and places --------------------------------------------------------------------------------------------


def all_stays(log: StayLog) -> Table:
    return {name: np.concatenate([log.ended[name], log.open[name]]) for name in STAY_COLUMNS}


def over_time(from_minute: np.ndarray, until: np.ndarray, end: int) -> np.ndarray:
    """How many of these intervals cover each minute: whoever leaves in a minute is gone at the end of it."""
    change = np.zeros(end + 1, dtype=np.int64)
    np.add.at(change, from_minute, 1)
    np.add.at(change, np.where(until == NEVER, end, until), -1)
    return np.cumsum(change)[:-1]


def check_places(plan: Plan, log: StayLog) -> None:
    """No stay starts in a full pool, and no place is idle while somebody who may have it waits."""
    s, end = all_stays(log), log.until_minute
    minutes = np.arange(end)
    day, of_day = minutes // DAY, minutes % DAY
    started = s["started"] != NEVER
    for p in range(len(plan.capacity)):
        here = s["pool"] == p
        is_open = (plan.opens[p][day] <= of_day) & (of_day < plan.closes[p][day])
        capacity = plan.capacity[p][day]
        if plan.slots[p]:
            if plan.gp_share[p] > 0 and plan.gp_minutes > 0:
                continue  # slots of the day follow from workload
            starts = np.bincount(s["started"][here & started], minlength=end)
            so_far = np.cumsum(starts) - np.concatenate([[0], np.cumsum(starts)])[day * DAY]
            free = capacity - so_far
        elif (capacity < 0).all():
            free = np.full(end, 1 << 30)
        else:
            free = capacity - over_time(s["started"][here & started], s["left"][here & started], end)
        fresh = s["started"][here & started & (s["flags"] & FLAGS["prefilled"] == 0)]
        assert is_open[fresh].all(), plan.names.pools[p]
        assert (free[fresh] >= 0).all(), plan.names.pools[p]
        until = np.where(started, s["started"], s["left"])
        for source in np.unique(s["came_from"][here]):
            kept = plan.reserved[p].sum() - plan.reserved[p][source]
            among = here & (s["came_from"] == source)
            waiting = over_time(s["asked"][among], until[among], end)
            assert not ((waiting > 0) & is_open & (free > kept)).any(), plan.names.pools[p]


def check_journeys(plan: Plan, log: StayLog) -> None:
    """Every journey that began has ended for a reason or is open; its stays follow without gap or overlap."""
    rows: dict[tuple[int, ...], list[dict[str, int]]] = defaultdict(list)
    s = all_stays(log)
    columns = [s[name].tolist() for name in STAY_COLUMNS]
    for values in zip(*columns, strict=True):
        row = dict(zip(STAY_COLUMNS, values, strict=True))
        rows[row["person"], row["generation"], row["need"], row["chain"]].append(row)
    for stays in rows.values():
        stays.sort(key=lambda row: (row["asked"], row["started"] == NEVER, row["started"]))
        reached, held_until = stays[0]["asked"], 0
        for row in stays:
            left = log.until_minute if row["left"] == NEVER else row["left"]
            assert row["asked"] <= reached, "a gap"
            if row["started"] != NEVER:
                assert row["asked"] <= row["started"] >= held_until, "an overlap"
                assert left > row["started"], "a stay lasts at least a minute"
                assert row["ready"] == NEVER or row["started"] < row["ready"] <= left
                held_until = left
            reached = max(reached, left)
        last = max(stays, key=lambda row: (row["left"] == NEVER, row["left"], row["asked"]))
        goes_on = OUTCOMES[last["outcome"]] in ("moved", "diverted", "escalated", "cancelled") and last["goes_to"] >= 0
        chained = last["outcome"] == OUTCOMES.index("cancelled")
        ended_by_admission = plan.at_home[last["stage"]] and OUTCOMES[last["outcome"]] == "moved"
        assert not goes_on or chained or ended_by_admission, "nobody vanishes on the way"


def check_one_bed_a_person(plan: Plan, log: StayLog) -> None:
    """Nobody lies in two beds: stays away from home of one person do not overlap."""
    s = all_stays(log)
    away = (s["started"] != NEVER) & (s["person"] >= 0)
    away &= (plan.at_home[s["stage"]] == 0) & (plan.residence[s["stage"]] == 0)
    order = np.lexsort([s["started"][away], s["person"][away]])
    person, started, left = (s[name][away][order] for name in ("person", "started", "left"))
    left = np.where(left == NEVER, log.until_minute, left)
    together = (person[1:] == person[:-1]) & (started[1:] < left[:-1])
    assert not together.any(), (person[1:][together], started[1:][together])


def check_state(plan: Plan, state: Any, log: StayLog) -> None:
    """Places taken are the open stays that hold one."""
    holding = log.open["started"] != NEVER
    count = np.bincount(log.open["pool"][holding], minlength=len(plan.capacity))
    beds = plan.slots == 0
    assert np.array_equal(count[beds], np.array(state.occupied)[beds])


def check_all(engine: ModuleType, plan: Plan) -> StayLog:
    state = engine.start(plan, 1, 0)
    log: StayLog = engine.advance(state, plan, plan.days * DAY)
    check_places(plan, log)
    check_journeys(plan, log)
    check_one_bed_a_person(plan, log)
    check_state(plan, state, log)
    return log


@engines
def test_people_and_places_are_accounted_for(engine: ModuleType, plan: Plan) -> None:
    log = check_all(engine, plan)
    assert len(log.ended["person"]) > 300


@engines
@tiny
@given(made=awkward_places())
def test_people_and_places_are_accounted_for_in_awkward_places(engine: ModuleType, made: dict[str, Any]) -> None:
    check_all(engine, plan_of(made))


@engines
def test_the_checks_can_fail(engine: ModuleType) -> None:
    plan = SHIPPED["stroke_units"]()
    log = one_piece(engine, plan)
    more, fewer = plan._replace(capacity=plan.capacity + 1), plan._replace(capacity=plan.capacity - 1)
    for wrong in (more, fewer):
        with pytest.raises(AssertionError):
            check_places(wrong, log)
    ended = {**log.ended, "asked": log.ended["asked"] + 1}
    with pytest.raises(AssertionError):
        check_journeys(plan, StayLog(0, log.until_minute, ended, log.open, log.events))


def exchange(**changes: Any) -> dict[str, Any]:
    """Two people, each in the place the other needs."""
    stay = {"length_of_stay": {"kind": "fixed", "mean_hours": 5}}
    stages = {
        "here": {"served_by": "a", **stay, "routes": [{"to": "there", "share": 0.9}]},
        "there": {"served_by": "b", **stay, "routes": [{"to": "here", "share": 0.9}]},
    }
    start = {name: [{"in_place": 1, "elapsed_days": 0}] for name in stages}
    return {
        "place": {"pools": {"a": {"capacity": 1}, "b": {"capacity": 1, **changes}}, "stages": stages, "start": start}
    }


@engines
def test_a_run_in_which_everybody_waits_for_good_stops_and_says_so(engine: ModuleType) -> None:
    with pytest.raises(RunError, match="everybody in a, b waits for a place that another of them holds"):
        one_piece(engine, plan_of(exchange()))


@engines
def test_waiting_for_more_places_or_for_opening_is_not_for_good(engine: ModuleType) -> None:
    plan = plan_of(exchange(changes=[{"from_date": "2026-01-08", "capacity": 2}]))
    state = engine.start(plan, 1, 0)
    assert len(engine.advance(state, plan, 2 * DAY).ended["person"]) == 0
    assert len(engine.advance(state, plan, 5 * DAY).ended["person"]) > 0


@engines
def test_somebody_without_a_history_stays_in_a_residence_as_anywhere(engine: ModuleType) -> None:
    home = {"served_by": "a", "length_of_stay": _STAY, "residence": "care_home"}
    arrivals = {"stream": {"to": "home", "per_day": 3}}
    made = {"place": {"pools": {"a": {"capacity": 2}}, "stages": {"home": home}, "plain_arrivals": arrivals}}
    log = check_all(engine, plan_of(made))
    assert set(log.ended["left"] - log.ended["started"]) == {600}


def test_routes_that_never_end_are_refused() -> None:
    ward = {"served_by": "a", "length_of_stay": _STAY}
    alternatives = [{"to": "x", "if_room": True, "otherwise": "y"}, {"to": "y", "if_room": True, "otherwise": "x"}]
    for routes, message in (([{"to": "ward"}], "round and round"), (alternatives, "without room in x and y")):
        routes_of_ward = [{**route, "share": 1.0 / len(routes)} for route in routes]
        stages = {"ward": {**ward, "routes": routes_of_ward}, "x": ward, "y": ward}
        start = {"ward": [{"in_place": 1}]}
        with pytest.raises(ValueError, match=message):
            plan_of({"place": {"pools": {"a": {}}, "stages": stages, "start": start}})


@engines
def test_the_census_is_the_log_and_littles_law_holds_by_stage(engine: ModuleType) -> None:
    """People counted = arrivals a day x mean days, within the edges of a run; counted at every hour of the day."""
    plan = shipped_plan("stroke_units", 900)
    warm_up, every = 100 * DAY, 7 * DAY + 300
    pieces = in_pieces(engine, plan, range(warm_up, plan.days * DAY, every))
    ended, _, _ = joined(pieces)
    for stage in range(len(plan.names.stages)):
        counted = [((p.open["stage"] == stage) & (p.open["started"] != NEVER)).sum() for p in pieces[:-1]]
        mine, last = ended["stage"] == stage, pieces[-1].open
        still = last["started"][(last["stage"] == stage) & (last["started"] != NEVER)]
        for piece, number in zip(pieces, counted, strict=False):
            at = piece.until_minute
            in_log = (ended["started"][mine] != NEVER) & (ended["started"][mine] < at) & (ended["left"][mine] >= at)
            assert number == in_log.sum() + (still < at).sum()
        whole = mine & (ended["started"] >= warm_up) & (ended["started"] < (plan.days - 100) * DAY)
        starts_a_day = whole.sum() / (plan.days - 200)
        days = (ended["left"] - ended["started"])[whole].mean() / DAY
        assert np.mean(counted) == pytest.approx(starts_a_day * days, rel=0.05), plan.names.stages[stage]


# -- the same run again -------------------------------------------------------------------------------------------


@engines
def test_same_seed_same_log_and_another_seed_another(engine: ModuleType, plan: Plan) -> None:
    first, again, other = (one_piece(engine, plan, seed) for seed in (1, 1, 2))
    assert same(first.ended, again.ended)
    assert same(first.open, again.open)
    assert same(first.events, again.events)
    assert not same(first.ended, other.ended)


@engines
def test_many_pieces_are_one_piece(engine: ModuleType, plan: Plan) -> None:
    whole = joined([one_piece(engine, plan)])
    last_day_of_a_quarter = [90 * DAY, 90 * DAY + 601, 91 * DAY]
    pieces = in_pieces(engine, plan, [777, 10 * DAY, 10 * DAY + 720, 33 * DAY + 1, *last_day_of_a_quarter])
    assert len(pieces) > 4
    assert all(same(a, b) for a, b in zip(joined(pieces), whole, strict=True))


@engines
@tiny
@example(made=CLOSES_AT_MIDNIGHT, hours=24)
@example(made=LEAVES_EARLY_AT_FIVE, hours=5)
@given(made=awkward_places(), hours=st.sampled_from([5, 12, 24]))
def test_many_pieces_are_one_piece_in_awkward_places(engine: ModuleType, made: dict[str, Any], hours: int) -> None:
    plan = plan_of(made)
    whole = joined([one_piece(engine, plan)])
    pieces = joined(in_pieces(engine, plan, range(hours * 60, plan.days * DAY, hours * 60)))
    assert all(same(a, b) for a, b in zip(pieces, whole, strict=True))


@engines
def test_a_copy_goes_on_by_itself(engine: ModuleType, plan: Plan) -> None:
    state = engine.start(plan, 1, 0)
    engine.advance(state, plan, 40 * DAY)
    copy = state.copy()
    first = engine.advance(state, plan, 80 * DAY)
    second = engine.advance(copy, plan, 80 * DAY)
    assert same(first.ended, second.ended)
    assert same(first.open, second.open)


# -- nobody else's luck -------------------------------------------------------------------------------------------


def without_limits(plan: Plan) -> Plan:
    """Room for everybody at once and nothing that looks at how full it is: people cannot meet in a queue."""
    loop = plan.loop.copy()
    loop[LOOPS.index("pressure")] = 0.0
    return plan._replace(
        capacity=np.full_like(plan.capacity, 10**6), gp_minutes=0.0, loop=loop, initial=np.zeros((0, 6), dtype=np.int64)
    )


@engines
def test_one_more_person_changes_nobody_else(engine: ModuleType) -> None:
    plan = without_limits(shipped_plan("england_baseline", 120, 0.01))
    people = plan.people.copy()
    people[2] += 1
    more = plan._replace(people=people)
    newcomer = 4 * plan.people[2] + 2
    before, after = one_piece(engine, plan), one_piece(engine, more)
    for table, larger in ((before.ended, after.ended), (before.open, after.open), (before.events, after.events)):
        others = larger["person"] != newcomer
        assert same(table, {name: column[others] for name, column in larger.items()})
    assert len(before.ended["person"]) > 300


def arms(days: int, warm_up: int, strength: float, *extra: Any) -> tuple[Plan, Plan]:
    """Baseline and scenario of a fiftieth of the reference place with case management of everybody over 65."""
    scenario = load_scenario(
        shipped("scenarios", "england_baseline.yaml"),
        {"run.starts": "2026-04-01", "run.warm_up_days": str(warm_up), "run.years": str((days - warm_up) / 365),
         "run.scale": "0.01"},
    )  # fmt: skip
    file = shipped("scenarios", "interventions", "case_management.yaml")
    programme = load_intervention(file).model_copy(update={"strength": strength})
    scenario = scenario.model_copy(update={"interventions": (programme, *extra)})
    return compile_plan(scenario, with_interventions=False), compile_plan(scenario)


def different_tables(a: Plan, b: Plan, until_day: int) -> list[str]:
    """Tables in which the second plan, in the rows of the first and up to a day, differs from the first."""
    different = []
    for name, table in a._asdict().items():
        if name.startswith("programme_") or name == "names":
            continue
        other = getattr(b, name)
        if isinstance(table, np.ndarray):
            shape = [until_day if n == a.days else n for n in table.shape]
            if name in ("first", "reserved"):  # the last column is the need
                other = np.concatenate([other[:, : shape[1] - 1], other[:, -1:]], axis=1)
            rows = tuple(slice(n) for n in shape)
            if np.array_equal(table[rows], other[rows]):
                continue
        elif table == other:
            continue
        different.append(name)
    return different


@engines
def test_strength_zero_changes_nothing_to_the_bit(engine: ModuleType) -> None:
    baseline, scenario = arms(130, 30, 0.0)
    assert different_tables(baseline, scenario, baseline.days) == []
    states = [engine.start(plan, 1, 0) for plan in (baseline, scenario)]
    logs = both(engine, states, (baseline, scenario), baseline.days)
    assert same(logs[0].ended, logs[1].ended)
    assert same(logs[0].open, logs[1].open)
    assert same(logs[0].events, logs[1].events)
    assert same(logs[0].persons, logs[1].persons)
    assert states[0].points == states[1].points


@engines
def test_an_inert_programme_is_only_followed(engine: ModuleType) -> None:
    baseline, scenario = arms(130, 30, 1.0)
    inert = scenario._replace(
        programme_ratio=np.ones_like(scenario.programme_ratio), programme_care_plan=baseline.programme_care_plan * 0,
        programme_gp_minutes=scenario.programme_gp_minutes * 0,
    )  # fmt: skip
    logs = [one_piece(engine, plan) for plan in (baseline, inert)]
    assert same(logs[0].ended, logs[1].ended)
    assert same(without_programmes(logs[0].events), without_programmes(logs[1].events))
    assert (logs[1].events["kind"] == EVENTS.index("enrolled")).sum() > 0


def both(engine: ModuleType, states: list[Any], plans: tuple[Plan, Plan], until_day: int) -> list[StayLog]:
    return [engine.advance(state, plan, until_day * DAY) for state, plan in zip(states, plans, strict=True)]


@engines
def test_before_it_starts_both_arms_are_equal_to_the_bit_and_then_they_are_not(engine: ModuleType) -> None:
    beds = load_intervention(shipped("scenarios", "interventions", "step_up_beds.yaml"), {"ramp.starts": "2026-04-01"})
    plans = arms(160, 90, 1.0, beds)
    assert different_tables(*plans, 90) == []
    states = [engine.start(plan, 1, 0) for plan in plans]
    assert states[0].persons == states[1].persons
    before = both(engine, states, plans, 90)
    assert same(before[0].ended, before[1].ended)
    assert same(before[0].open, before[1].open)
    assert same(before[0].persons, before[1].persons)
    assert same(before[0].events, before[1].events)
    points = [{point for day in state.points.values() for point in day} for state in states]
    assert points[0] <= points[1], "a lever that may raise a rate reads more points, and moves none"
    after = both(engine, states, plans, 160)
    assert not same(after[0].ended, after[1].ended)


FIXED_FOR_A_PERSON = {Purpose.POOL, Purpose.REACHED}


def test_no_two_decisions_share_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[tuple[int, int, int, int]] = Counter()
    of_many: set[tuple[int, int, int, int]] = set()
    uniform, word, words = draws.uniform, draws.word, draws.words

    def one(function: Callable[..., Any]) -> Callable[..., Any]:
        def addressed(entity: int, chain: int, purpose: int, draw: int = 0) -> Any:
            assert 0 <= draw < 1 << 16, "a draw has 16 bits"
            assert 0 <= chain < 1 << 32, "a chain has 32"
            if purpose not in FIXED_FOR_A_PERSON:
                asked[entity, chain, purpose, draw] += 1
            return function(entity, chain, purpose, draw)

        return addressed

    def many(entities: Any, chain: Any, purpose: int, draw: Any = 0) -> Any:
        each = np.broadcast_arrays(entities, chain, draw)
        of_many.update((e, c, int(purpose), d) for e, c, d in zip(*(array.tolist() for array in each), strict=True))
        return words(entities, chain, purpose, draw)

    for module in (care, prefill, programmes, life):
        for name, function in (("uniform", one(uniform)), ("word", one(word))):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, function)
    monkeypatch.setattr(draws, "words", many)
    _, plan = arms(130, 30, 1.0)
    loop = plan.loop.copy()
    loop[[LOOPS.index("exit_block"), LOOPS.index("threshold_slope")]] = 0.5, 0.001
    one_piece(simpy_engine, plan._replace(loop=loop))
    one_piece(simpy_engine, plan_of(WAITS_TWICE))
    purposes = {Purpose(purpose) for _, _, purpose, _ in asked}
    assert {Purpose.ESCALATES, Purpose.KEEPS_PLACE, Purpose.GIVES_UP, Purpose.READMITTED, Purpose.ROUTE} <= purposes
    twice = Counter(Purpose(address[2]).name for address, times in asked.items() if times > 1)
    assert twice == {}
    assert not asked.keys() & of_many
