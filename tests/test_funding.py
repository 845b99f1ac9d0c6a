"""Funding that ends at a date: whatever an intervention brings stops on that day, and so does what it costs."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.engines import fast_engine, simpy_engine
from sim.errors import InputError
from sim.experiments.runner import run
from sim.experiments.spread import Spread
from sim.files.checks import check_scenario
from sim.files.reading import load_intervention, load_scenario
from sim.interventions import Intervention
from sim.log import EVENTS, FLAGS, StayLog
from sim.pages.explain import explain
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.scenario import Scenario
from tests.made_logs import value
from tests.made_places import DAY, one_piece, same

STARTS, ENDS = dt.date(2026, 4, 1), dt.date(2026, 5, 11)
END = (ENDS - STARTS).days
DAYS = 75
WITH_WARDS = ("virtual_ward", "step_up_beds", "community_hospital_hub")


@cache
def england(days: int = DAYS, scale: float = 0.1) -> Scenario:
    settings = {"run.warm_up_days": "0", "run.years": str(days / 365), "run.scale": str(scale)}
    return load_scenario("england_baseline", settings)


def ended(name: str, ends: dt.date | None = ENDS, **changes: Any) -> Intervention:
    """A shipped intervention whose funding ends."""
    each = load_intervention(name)
    return each.model_copy(update={"ramp": each.ramp.model_copy(update={"ends": ends}), **changes})


def with_them(*interventions: Intervention, days: int = DAYS) -> Scenario:
    return england(days).model_copy(update={"interventions": interventions})


def plan_of(*interventions: Intervention) -> Plan:
    return compile_plan(with_them(*interventions))


def refused(*interventions: Intervention) -> list[str]:
    problems, _ = check_scenario(with_them(*interventions))
    return [str(problem) for problem in problems]


@cache
def log_of(name: str, ends: dt.date | None = ENDS) -> StayLog:
    return one_piece(fast_engine, plan_of(ended(name, ends)))


def starts_in(name: str, log: StayLog) -> np.ndarray:
    """When stays begin in the stages that an intervention adds."""
    stages = plan_of(ended(name)).names.stages
    added = [stages.index(stage) for stage in load_intervention(name).stages]
    found = [table["started"][np.isin(table["stage"], added)] for table in (log.ended, log.open)]
    return np.concatenate(found)


def routes_in_force(plan: Plan, minute: int) -> dict[tuple[int, int], list[tuple[Any, ...]]]:
    """By stage and severity, what is said of each route out of it; those that lead nowhere left out."""
    found: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for stage, severity, since, first, number in plan.route_sets.tolist():
        if since <= minute:
            rows = range(first, first + number)
            said = (plan.route_to, plan.route_if_room, plan.route_otherwise_to, plan.route_pathway, plan.route_process)
            found[stage, severity] = [(*(each[row] for each in said), *plan.route_shares[row].flat) for row in rows]
    return {key: rows for key, rows in found.items() if rows}


# -- places, routes and earlier ways out -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_WARDS)
def test_nobody_comes_to_a_place_without_funding_and_who_is_there_stays_to_the_end(name: str) -> None:
    log, going_on = log_of(name), log_of(name, None)
    started = starts_in(name, log)
    assert 0 <= started.min() < started.max() < END * DAY
    assert starts_in(name, going_on).max() >= END * DAY
    plan = plan_of(ended(name))
    left = log.ended["left"][log.ended["pool"] == len(plan.names.pools) - 1]
    assert left.max() > (END + 1) * DAY
    early = log.ended["flags"] & FLAGS["early"] > 0
    assert not (early & (log.ended["left"] >= END * DAY)).any()


@pytest.mark.parametrize("name", WITH_WARDS)
def test_both_engines_close_it_alike(name: str) -> None:
    log, read = log_of(name), one_piece(simpy_engine, plan_of(ended(name)))
    for table in ("ended", "open", "events"):
        assert same(getattr(log, table), getattr(read, table)), table


@pytest.mark.parametrize("name", WITH_WARDS)
def test_until_that_day_everything_is_as_it_is_with_funding(name: str) -> None:
    going_on, log = log_of(name, None).ended, log_of(name).ended
    before, without_end = log["left"] < END * DAY, going_on["left"] < END * DAY
    assert same({key: log[key][before] for key in log}, {key: going_on[key][without_end] for key in going_on})
    assert not same(log, going_on)


@pytest.mark.parametrize("name", [*WITH_WARDS, "urgent_community_response", "same_day_emergency_care"])
def test_routes_are_those_of_the_place_again(name: str) -> None:
    base, plan = plan_of(), plan_of(ended(name))
    before, since = END * DAY - 1, END * DAY
    assert routes_in_force(plan, before) == routes_in_force(plan_of(ended(name, None)), before)
    assert routes_in_force(plan, before).keys() > routes_in_force(base, before).keys() or name.startswith("same")
    of_place = range(len(base.names.stages))
    again = {key: rows for key, rows in routes_in_force(plan, since).items() if key[0] in of_place}
    assert again == routes_in_force(base, since)


def test_a_clinic_ahead_of_the_hospital_closes_if_those_who_wait_for_it_can_go_elsewhere() -> None:
    [said] = refused(ended("interface_clinic"))
    assert said == (
        'interventions.0.ramp.ends: 2026-05-11 closes interface_clinic, and whoever waits for "interface_clinic" '
        "would wait for ever: give the stage an outlet (`escalates`), or each route to it `if_room` and `otherwise`, "
        "or leave this out"
    )
    clinic = ended("interface_clinic")
    outlet = {"escalates": {"after_days": 0, "share_per_day": 1, "to": "outpatient_clinic"}}
    stage = type(clinic.stages["interface_clinic"]).model_validate(
        clinic.stages["interface_clinic"].model_dump() | outlet
    )
    closing = clinic.model_copy(update={"stages": {"interface_clinic": stage}})
    assert refused(closing) == []
    plan = plan_of(closing)
    log = one_piece(fast_engine, plan)
    number = plan.names.stages.index("interface_clinic")
    asked = log.ended["asked"][log.ended["stage"] == number]
    assert asked.size > 5
    assert asked.max() < END * DAY
    assert number not in log.open["stage"]
    assert same(log.ended, one_piece(simpy_engine, plan).ended)


# -- beds, hours, days of leaving, needs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("beds_by_date", "capacity"),
        ("reablement_places", "capacity"),
        ("home_care_packages", "capacity"),
        ("virtual_ward", "capacity"),
        ("extended_gp_access", "opens"),
        ("extended_gp_access", "closes"),
        ("seven_day_discharge", "leaves_chance"),
    ],
)
def test_what_holds_by_day_holds_to_the_last_funded_day(name: str, table: str) -> None:
    base, plan, going_on = (getattr(plan_of(*each), table) for each in ((), [ended(name)], [ended(name, None)]))
    rows = len(base)
    assert np.array_equal(plan[:, :END], going_on[:, :END])
    assert (plan[:rows, :END] != base[:, :END]).any() or len(plan) > rows
    assert np.array_equal(plan[:rows, END:], base[:, END:])
    assert not plan[rows:, END:].any()


def test_a_step_ends_by_itself_if_that_is_earlier() -> None:
    step = {"pool": "acute_north", "add": 100, "from_date": STARTS, "until": dt.date(2026, 4, 21)}
    both = [{"name": "More", "what": "", "ramp": {"starts": STARTS, "ends": ENDS}, "beds": [step]}]
    both.append(both[0] | {"beds": [step | {"until": dt.date(2026, 6, 1)}]})
    base = plan_of()
    number = base.names.pools.index("acute_north")
    added = [(plan_of(Intervention.model_validate(each)).capacity - base.capacity)[number] for each in both]
    assert [int(np.flatnonzero(each)[-1]) + 1 for each in added] == [20, END]


def test_a_winter_that_is_called_off_is_over() -> None:
    winter = load_intervention("hard_winter")
    called_off = winter.model_copy(update={"ramp": winter.ramp.model_copy(update={"ends": dt.date(2027, 1, 1)})})
    base, plan, whole = (compile_plan(with_them(*each, days=365)).need_by_day for each in ((), [called_off], [winter]))
    last = (dt.date(2027, 1, 1) - STARTS).days
    assert np.array_equal(plan[..., :last], whole[..., :last])
    assert np.array_equal(plan[..., last:], base[..., last:])
    assert (whole[..., last:] != base[..., last:]).any()


# -- costs -------------------------------------------------------------------------------------------------------------


def test_costs_and_places_end_on_the_same_day() -> None:
    year = england(365, 0.01).model_copy(update={"interventions": (ended("virtual_ward"),)})
    found = run(year.model_copy(update={"run": year.run.model_copy(update={"replications": 1})}), Spread(workers=1))
    table = found.measures[found.measures["arm"] == "plan"]
    takes, share = year.interventions[0].takes, END / 365
    start_up = takes.gbp_start_up.value / takes.start_up_years
    assert value(table, "programme_cost") == pytest.approx(start_up + takes.gbp_per_year.value * share)
    capacity = compile_plan(england(365).model_copy(update={"interventions": year.interventions})).capacity[-1]
    assert np.flatnonzero(capacity).tolist() == list(range(END))


def test_members_are_charged_for_to_the_last_funded_day_while_the_effect_fades() -> None:
    ends = STARTS + dt.timedelta(days=365)
    scenario = england(730, 0.02).model_copy(update={"interventions": (ended("shared_care_depression", ends),)})
    settings = scenario.run.model_copy(update={"replications": 1})
    found = run(scenario.model_copy(update={"run": settings}), Spread(workers=1)).measures
    table, name = found[found["arm"] == "plan"], scenario.interventions[0].name
    takes = scenario.interventions[0].takes
    members = value(table, "members", of=name, period="year 1")
    assert members > 0
    assert value(table, "programme_cost", period="year 1") == pytest.approx(members * takes.gbp_per_person_year.value)
    assert value(table, "programme_gp_minutes", period="year 1") == pytest.approx(
        12 * members * takes.gp_minutes_per_person_month.value
    )
    for measure in ("members", "programme_cost", "programme_gp_minutes"):
        assert value(table, measure, period="year 2") == 0, measure
    plan = compile_plan(scenario)
    log = one_piece(fast_engine, plan)
    left = log.events["minute"][log.events["kind"] == EVENTS.index("left_programme")]
    assert left.max() > (365 + 150) * DAY, "they stay while the effect fades"


# -- what cannot end, and what is said -------------------------------------------------------------------------------


def test_a_way_out_that_would_go_on_is_refused() -> None:
    early = {"acute_bed": {"to": "step_down_bed", "share": 0.1, "at_share_of_stay": 0.5}}
    own = Intervention.model_validate(
        {"name": "Earlier", "what": "", "ramp": {"starts": STARTS, "ends": ENDS}, "early": early}
    )
    [said] = refused(own)
    assert said.startswith('interventions.0.early.acute_bed: leads to "step_down_bed", whose places (')
    assert said.endswith("or leave out `ramp.ends`")
    assert refused(own.model_copy(update={"ramp": own.ramp.model_copy(update={"ends": None})})) == []


def test_a_way_out_in_the_place_of_another_is_refused() -> None:
    [said] = refused(ended("hospital_at_home"), ended("step_down_beds", None))
    assert said.startswith("interventions.0.early.acute_bed: takes the place of an earlier way out there is")
    assert refused(ended("hospital_at_home")) == []


def test_appointments_out_of_general_practices_time_are_refused() -> None:
    pools = {"gp_slots_more": {"kind": "slots", "capacity": 20}}
    [said] = refused(
        Intervention.model_validate(
            {"name": "More", "what": "", "ramp": {"starts": STARTS, "ends": ENDS}, "pools": pools}
        )
    )
    assert said.startswith("interventions.0.pools.gp_slots_more: shares general practice's time")


def test_a_wrong_end_in_a_file_is_told_with_its_line(tmp_path: Any) -> None:
    file = tmp_path / "clinic.yaml"
    file.write_text(
        "kind: scenario\nname: n\nquestion: q\nplace: england_500k\ninterventions:\n"
        "  - use: interface_clinic\n    changes: {ramp.ends: 2026-10-01}\nrun: {starts: 2026-04-01}\n"
    )
    with pytest.raises(InputError, match=r"clinic.yaml:7: .*ramp.ends.*2026-10-01 closes interface_clinic"):
        load_scenario(file)


def test_the_explanation_says_that_the_places_go_too() -> None:
    ward, team = (
        " ".join(explain(with_them(ended(name))).split()) for name in ("virtual_ward", "shared_care_depression")
    )
    assert "ends on 11 May 2026, with its places, routes and hours." in ward
    assert "ends on 11 May 2026, fading over 6 months." in team
