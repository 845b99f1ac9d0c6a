"""The library of interventions: each file says what it must, rests on what it names, and does nothing at strength 0."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import numpy as np
import pytest

from sim import cli
from sim.engines import fast_engine, simpy_engine
from sim.files.provenance import assumptions
from sim.files.reading import load_intervention, load_place, load_scenario
from sim.interventions import Intervention, Lever
from sim.pages.intervention_words import GRADES, best_grade, entry, files, in_words, known_of, library, strongest
from sim.plans.compile import compile_plan
from sim.plans.plan import Plan
from sim.scenario import Scenario
from sim.system import Place
from tests.made_places import one_piece, reaching, same

FILES = files()
STARTS = dt.date(2026, 4, 1)
WEAK = ("before-after", "opinion", "descriptive", "")
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?:\s|$)", text))


def first_days(names: list[str], days: int) -> list[dt.date]:
    """Days from which runs of so many days reach what these begin to change."""
    return reaching([load_intervention(name) for name in names], days)


def levers(each: Intervention) -> dict[str, Lever]:
    return {**each.levers, **each.needs_by_condition, **each.unintended}  # type: ignore[dict-item]


@pytest.fixture(scope="module")
def england() -> Place:
    return load_place("england_500k")


# -- each file -----------------------------------------------------------------------------------------------------


@each_file
def test_a_file_says_what_it_is_what_may_go_wrong_and_how_sure_anybody_is(file: Path) -> None:
    each = load_intervention(file)
    assert 1 <= sentences(each.what) <= 3
    assert each.may_go_wrong
    assert 2 <= sentences(each.how_sure) <= 4
    assert each.sources


@each_file
def test_every_number_has_a_source_or_is_marked_as_an_assumption(file: Path) -> None:
    numbers = assumptions(load_intervention(file))
    chosen = [number for number in numbers if re.fullmatch(r"pools\.\w+\.capacity", number.path)]
    assert [n.path for n in numbers if n.is_assumption and not n.is_marked and n not in chosen] == []


@each_file
def test_a_lever_has_a_range_and_a_weak_figure_is_no_trial(file: Path) -> None:
    for name, lever in levers(load_intervention(file)).items():
        assert lever.low is not None
        assert lever.high is not None
        assert lever.low <= lever.ratio <= lever.high, name
        assert lever.grade in GRADES, name
        if lever.grade in WEAK:
            assert lever.assumption, name
            assert lever.low <= 1 <= lever.high, name


def test_case_management_and_meetings_are_not_assumed_to_avoid_admissions() -> None:
    for name in (
        "case_management",
        "case_management_by_telephone",
        "locality_meetings",
        "multidisciplinary_case_conferences",
        "virtual_ward_by_risk_score",
    ):
        assert load_intervention(name).levers["emergency_admissions"].ratio >= 1, name


@pytest.mark.parametrize("name", ["contractual_agreement", "organisational_merger"])
def test_a_contract_or_merger_alone_has_no_effect(name: str, england: Place) -> None:
    each = load_intervention(name)
    assert {lever.ratio for lever in levers(each).values()} == {1}
    assert {len(changed) for changed in (each.beds, each.pools, each.stages, each.routes, each.opening)} == {0}


# -- in a run ------------------------------------------------------------------------------------------------------


BEFORE = 3
"""Days of a run before the change it is to reach."""


def switched_on(names: list[str], strength: float, scale: float, days: int, first: dt.date = STARTS) -> Scenario:
    """A run that begins shortly before a day, in which programmes have their whole effect from their first day."""
    settings = {"run.warm_up_days": "0", "run.years": str(days / 365), "run.scale": str(scale)}
    settings["run.starts"] = str(first - dt.timedelta(days=BEFORE if first > STARTS else 0))
    at_once = {"half_time_months": 0.0, "full": 1.0, "lag_days": 0}
    chosen = [load_intervention(name) for name in names]
    whole = [
        each.model_copy(update={"strength": strength, "ramp": each.ramp.model_copy(update=at_once)}) for each in chosen
    ]
    return load_scenario("england_baseline", settings).model_copy(update={"interventions": tuple(whole)})


def plan_of(
    names: list[str], strength: float = 1.0, scale: float = 0.01, days: int = 40, first: dt.date = STARTS
) -> Plan:
    return compile_plan(switched_on(names, strength, scale, days, first))


def test_the_runs_reach_what_is_changed_by_date() -> None:
    assert first_days(["hard_winter"], 60) == [dt.date(2026, 12, 1)]
    assert first_days(["primary_care_share"], 60) == [STARTS, dt.date(2027, 4, 1), dt.date(2028, 4, 1)]
    winter = plan_of(["hard_winter"], days=60, first=dt.date(2026, 12, 1)).need_by_day
    ordinary = plan_of([], days=60, first=dt.date(2026, 12, 1)).need_by_day
    assert (winter != ordinary).any(axis=(0, 1)).tolist() == [False] * BEFORE + [True] * (60 - BEFORE)
    added = plan_of(["primary_care_share"], scale=1, days=60, first=dt.date(2028, 4, 1)).gp_added.sum(axis=0)
    assert added[:BEFORE].max() == pytest.approx(80, abs=2)
    assert added[BEFORE:].max() == pytest.approx(165, abs=2)


@pytest.mark.parametrize("first", first_days([file.stem for file in FILES], 40), ids=str)
def test_at_strength_0_everything_in_the_library_together_changes_nothing(first: dt.date) -> None:
    names = [file.stem for file in FILES]
    nothing = compile_plan(switched_on(names, 0.0, 0.01, 40, first), with_interventions=False)
    zero, base = one_piece(fast_engine, plan_of(names, 0.0, first=first)), one_piece(fast_engine, nothing)
    for table in ("ended", "open", "events", "persons"):
        assert same(getattr(zero, table), getattr(base, table)), table


def test_everything_in_the_library_together_runs_alike_in_both_engines() -> None:
    plan = plan_of([file.stem for file in FILES], scale=0.05)
    compiled, read = one_piece(fast_engine, plan), one_piece(simpy_engine, plan)
    for table in ("ended", "open", "events"):
        assert same(getattr(compiled, table), getattr(read, table)), table
    used = {plan.names.stages[stage] for stage in np.unique(compiled.ended["stage"])}
    assert {"interface_clinic", "urgent_response_added", "virtual_ward_added"} <= used


@pytest.mark.slow
@each_file
def test_each_runs_alike_in_both_engines_and_changes_nothing_at_strength_0(file: Path) -> None:
    for first in first_days([file.stem], 60):
        plan = plan_of([file.stem], scale=0.02, days=60, first=first)
        compiled, read = one_piece(fast_engine, plan), one_piece(simpy_engine, plan)
        nothing = compile_plan(switched_on([file.stem], 0.0, 0.02, 60, first), with_interventions=False)
        zero = plan_of([file.stem], 0.0, scale=0.02, days=60, first=first)
        base, none = one_piece(fast_engine, nothing), one_piece(fast_engine, zero)
        for table in ("ended", "open", "events"):
            assert same(getattr(compiled, table), getattr(read, table)), (first, table)
            assert same(getattr(none, table), getattr(base, table)), (first, table)


def test_practices_open_on_saturdays_with_extended_access() -> None:
    plan, base = plan_of(["extended_gp_access"]), plan_of([])
    gp = [i for i, name in enumerate(plan.names.pools) if name.startswith("gp_slots")]
    saturday = (5 - plan.first_weekday) % 7
    assert (base.closes[gp, saturday] == 0).all()
    assert (plan.closes[gp, saturday] == 20 * 60).all()
    assert (plan.closes[gp, (saturday + 1) % 7] == 0).all()


def test_appointments_added_to_practices_are_there_and_fewer_people_find_none() -> None:
    more = Intervention.model_validate(
        {"name": "More appointments", "what": "", "ramp": {"starts": dt.date(2026, 4, 1)},
         "beds": ({"pool": "gp_slots_*", "add": 80.0, "from_date": dt.date(2026, 4, 1)},)}
    )  # fmt: skip
    base = switched_on([], 1.0, 0.05, 40)
    plan, without = compile_plan(base.model_copy(update={"interventions": (more,)})), compile_plan(base)
    weekdays = plan.gp_added.sum(axis=0)[plan.gp_added.any(axis=0)]
    assert weekdays.mean() == pytest.approx(80 * 0.05, rel=0.1)
    assert not without.gp_added.any()
    logs = [one_piece(fast_engine, each) for each in (plan, without)]
    unseen = [int(((log.ended["stage"] == plan.names.gp) & (log.ended["started"] < 0)).sum()) for log in logs]
    assert unseen[0] < unseen[1]
    assert same(logs[0].ended, one_piece(simpy_engine, plan).ended)


def test_support_to_care_homes_picks_people_who_live_in_them_and_nobody_else() -> None:
    plan = plan_of(["care_home_support", "case_management"], scale=0.05, days=10)
    assert plan.programme_residences.tolist() == [[0, 0, 1], [1, 1, 2]]
    state = simpy_engine.start(plan, 1, 0)
    simpy_engine.advance(state, plan, 1440)
    homes, others = ({state.persons.residence[row] for row in members} for members in state.members)
    assert homes == {2}
    assert others <= {0, 1}


def test_same_day_care_takes_nights_and_not_admissions() -> None:
    def stays(names: list[str]) -> dict[str, int]:
        plan = plan_of(names, scale=0.2, days=90)
        stage = one_piece(fast_engine, plan).ended["stage"]
        return {name: int((stage == i).sum()) for i, name in enumerate(plan.names.stages)}

    plan, base = stays(["same_day_emergency_care"]), stays([])
    assert plan["same_day_care"] > base["same_day_care"]
    assert plan["acute_bed"] < base["acute_bed"]
    admissions = plan["same_day_care"] + plan["acute_bed"]
    assert admissions == pytest.approx(base["same_day_care"] + base["acute_bed"], rel=0.03)


# -- in short and in full ------------------------------------------------------------------------------------------


def test_the_best_evidence_is_that_of_a_lever_that_was_measured() -> None:
    trial = Lever(ratio=0.8, grade="RCT", source="A trial")
    matched = Lever(ratio=0.9, grade="matched control", source="A study")
    guess = Lever(ratio=0.7, grade="RCT meta-analysis", source="Many trials of something else", assumption=True)
    assert best_grade([matched, trial, guess]) == "RCT"
    assert best_grade([guess]) == "assumption"
    assert best_grade([Lever(ratio=0.5, grade="RCT")]) == "assumption"
    assert best_grade([]).startswith("no lever")


def test_the_strongest_lever_is_farthest_from_no_effect_or_else_the_least_known() -> None:
    halves, doubles_nearly = Lever(ratio=0.5), Lever(ratio=1.9)
    assert strongest({"readmission": halves, "mortality": doubles_nearly}) == "readmissions: 50% less"
    narrow, wide = Lever(ratio=1, low=0.9, high=1.1), Lever(ratio=1, low=0.5, high=1.1)
    said = strongest({"readmission": narrow, "mortality": wide})
    assert said == "deaths: no change (50% less to 10% more)"
    assert strongest({}) == ""


def test_the_library_is_every_file_with_its_own_name() -> None:
    entries = library()
    assert [each.name for each in entries] == [file.stem for file in FILES]
    assert len({each.title for each in entries}) == len(entries) > 35
    assert all(each.grade and each.how_sure for each in entries)


def test_one_in_full_names_its_services_its_claims_and_what_may_go_wrong(england: Place) -> None:
    said = " ".join(in_words(load_intervention("hospital_at_home"), england))
    assert "Hospital at home: 0, then 30 from 1 April 2026" in said
    assert "of those in Acute bed may move to Hospital at home after 60% of their stay" in said
    assert "What may go wrong: The days at home come on top" in said
    assert "How sure we are: The trials are good" in said
    known = known_of(load_intervention("case_management_by_telephone"))
    assert known[0].startswith("Needs that lead to an emergency admission: The middle is no effect.")
    assert "Elston 2022" in known[0]


def test_an_intervention_for_another_place_is_told_by_its_keys(england: Place) -> None:
    given = load_intervention("same_day_emergency_care")
    elsewhere = given.model_copy(
        update={"routes": tuple(r.model_copy(update={"stage": "clinic_of_ours"}) for r in given.routes)}
    )
    assert any("People leaving clinic of ours may go to" in line for line in in_words(elsewhere, england))


def test_the_list_on_the_screen_has_each_in_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["interventions"]) == cli.FINE
    shown = capsys.readouterr().out
    assert shown.startswith(f"{len(FILES)} interventions")
    assert all(f"\n{file.stem}: " in shown for file in FILES)
    assert max(map(len, shown.splitlines())) <= 100


def test_the_list_for_another_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["interventions", "--json"]) == cli.FINE
    listed = json.loads(capsys.readouterr().out)["interventions"]
    assert [each["name"] for each in listed] == [file.stem for file in FILES]
    assert {"name", "title", "what", "grade", "strongest", "how_sure"} <= listed[0].keys()


def test_one_for_another_program_has_its_levers(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["interventions", "case_management", "--json"]) == cli.FINE
    found = json.loads(capsys.readouterr().out)
    assert found["levers"]["emergency_admissions"]["ratio"] == 1.09
    assert found["grade"] == "matched control"
    assert any(known.startswith("Roland 2005") for known in found["known"])


def test_a_name_that_is_not_there_is_answered_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["interventions", "case_managment"]) == cli.BAD_INPUT
    assert "case_management" in capsys.readouterr().err


def test_a_file_of_ones_own_is_told_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "ours.yaml"
    own.write_text("kind: intervention\nname: Ours\nwhat: A thing of ours.\nramp: {starts: 2026-04-01}\n")
    assert entry("ours", load_intervention(own)).grade.startswith("no lever")
    assert cli.main(["interventions", str(own)]) == cli.FINE
    assert "A thing of ours." in capsys.readouterr().out
