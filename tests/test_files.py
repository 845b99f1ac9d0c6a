"""What files say comes back complete; what they say wrongly is told with file, line and remedy, all at once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from sim.errors import InputError
from sim.files.documents import LARGEST_BYTES, parse
from sim.files.provenance import Given, assumptions
from sim.files.reading import dump, load_any, load_intervention, load_place, load_scenario, read_scenario
from sim.files.shipped import shipped
from sim.files.writing import text_of
from sim.interventions import Intervention
from sim.quantities import AgeTable, Quantity
from sim.scenario import Divided, Scenario
from sim.system import Place

TESTS = Path(__file__).parent
BAD_FILES = sorted((TESTS / "bad_files").glob("*.yaml"))
SCENARIO = TESTS / "good_scenario.yaml"
SHIPPED = sorted(shipped("scenarios").rglob("*.yaml"))
SHORT_TO_READ = [file for file in SHIPPED if file.parent.name != "scenarios"] + [
    shipped("scenarios", "stroke_units.yaml")
]
JARGON = ("Input should", "Extra inputs", "Field required", "valid dictionary", "pydantic", "NoneType", "Traceback")


def expected_messages(file: Path) -> list[str]:
    """The comment at the top of a wrong file: every message it must produce, in order."""
    messages = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        messages.append(line.removeprefix("# "))
    return messages


def problems_of(load: Callable[[], BaseModel]) -> list[str]:
    with pytest.raises(InputError) as caught:
        load()
    return str(caught.value).splitlines()


def with_changes(**changes: str) -> Scenario:
    return load_scenario(SCENARIO, {path.replace("__", "."): value for path, value in changes.items()})


def of_path(model: BaseModel, path: str) -> Given:
    return next(number for number in assumptions(model) if number.path == path)


# wrong files


def test_there_are_many_wrong_files() -> None:
    assert len(BAD_FILES) >= 45


@pytest.mark.parametrize("file", BAD_FILES, ids=lambda file: file.stem)
def test_a_wrong_file_says_everything_that_is_wrong(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    said = problems_of(lambda: load_any(file.name))
    assert said == expected_messages(file)
    assert not any(jargon in line for line in said for jargon in JARGON)


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [file.read_text(encoding="utf-8") for file in SHIPPED]
    by_libyaml = [parse(text, "file") for text in texts]
    monkeypatch.delattr(yaml, "CLoader")
    assert by_libyaml == [parse(text, "file") for text in texts]


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"kind: place\nname: " + b"x" * LARGEST_BYTES)
    assert problems_of(lambda: load_any(file)) == [f"{file}: is larger than 2 MB; a file of this kind is far smaller"]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "picture.yaml"
    file.write_bytes(b"kind: \xff\xfe")
    [said] = problems_of(lambda: load_any(file))
    assert said.startswith(f"{file}: is not plain text: line 1 has a character that is not UTF-8; save it again")


def test_a_spreadsheet_is_called_one(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_bytes(b"PK\x03\x04\x14\x00\xff\xfe")
    [said] = problems_of(lambda: load_any(file))
    assert "is an Excel or Word file" in said


def test_a_file_that_windows_saved_as_unicode_is_read(tmp_path: Path) -> None:
    file = tmp_path / "wide.yaml"
    file.write_text((TESTS / "good_place.yaml").read_text(encoding="utf-8"), encoding="utf-16")
    assert load_any(file) == load_any(TESTS / "good_place.yaml")


def test_a_file_that_does_not_exist_suggests_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TESTS)
    said = problems_of(lambda: load_scenario("good_scenari.yaml"))
    assert said == ["good_scenari.yaml: there is no such file; did you mean `good_scenario`?"]


def test_a_folder_is_not_called_missing(tmp_path: Path) -> None:
    [said] = problems_of(lambda: load_scenario(tmp_path))
    assert said == f"{tmp_path}: is a folder; give a file in it, such as my_question.yaml"


def test_a_place_is_not_called_missing_where_a_scenario_is_wanted() -> None:
    [said] = problems_of(lambda: load_scenario("north_west_london"))
    assert said == (
        "north_west_london: is a place, but a scenario is needed here; name it in a scenario, with `place: "
        "north_west_london`"
    )


def test_a_tag_runs_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    file = tmp_path / "tag.yaml"
    file.write_text(f"kind: place\nname: !!python/object/apply:pathlib.Path.touch [{trace}]\n")
    said = problems_of(lambda: load_any(file))
    assert any("tags such as `!!python/object/apply:pathlib.Path.touch` are not read" in line for line in said)
    assert not trace.exists()


def test_a_problem_in_each_of_three_files_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    good = {name: (TESTS / f"good_{name}.yaml").read_text() for name in ("place", "intervention", "scenario")}
    Path("good_place.yaml").write_text(good["place"].replace("zero_day_share: 0.3", "zero_day_shares: 0.3"))
    Path("good_intervention.yaml").write_text(good["intervention"].replace("wte: 2", "wte: two"))
    Path("plan.yaml").write_text(good["scenario"].replace("years: 2", "years: -1"))
    files = {line.split(":")[0] for line in problems_of(lambda: load_scenario("plan"))}
    assert files == {"plan.yaml", "good_place.yaml", "good_intervention.yaml"}


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    assert problems_of(lambda: load_any(file))


YAML_PIECES = [
    *("kind: place", "kind: scenario", "kind: intervention", "name: x", "- ", "  ", "\n", ": ", "{", "}", "[", "]"),
    *("&a ", "*a", "!!int ", "| ", "> ", "'", '"', "? ", "---\n", "%YAML 1.2\n", "# ", "\t", "null", "1e999", "<<"),
    *("people:", "stages:", "pools:", "run:", "interventions:", "place: ", "use: x", ".nan", "\\U0011FFFF", "0x", "="),
]


@given(st.lists(st.sampled_from(YAML_PIECES), max_size=25).map("".join))
@settings(max_examples=250, deadline=None, derandomize=True)
def test_any_yaml_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "pieces.yaml"
    file.write_text(text)
    assert problems_of(lambda: load_any(file))


VALUES = st.recursive(
    st.one_of(
        st.integers(),
        st.floats(allow_nan=False),
        st.booleans(),
        st.dates(),
        st.sampled_from(["", "x", "home", "North"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "all", "to", "85+"]), inner),
    max_leaves=5,
)
SECTIONS = ["localities", "people", "deaths", "urgent_needs", "loops", "pools", "stages", "plain_arrivals", "start"]


@given(st.sampled_from(SECTIONS), st.dictionaries(st.sampled_from(["acute", "acute_bed", "residents", "x"]), VALUES))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_wrong_values_anywhere_are_told_or_taken(
    tmp_path_factory: pytest.TempPathFactory, section: str, values: dict[str, object]
) -> None:
    file = tmp_path_factory.getbasetemp() / "values.yaml"
    place = parse((TESTS / "good_place.yaml").read_text(), "").data | {section: values}
    file.write_text(json.dumps(place, default=str))
    said = ""
    try:
        load_place(file)
    except InputError as error:
        said = str(error)
    assert not any(jargon in said for jargon in JARGON)


# right files


@pytest.mark.parametrize("file", SHORT_TO_READ, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_shipped_file_comes_back_from_its_copy(file: Path, tmp_path: Path) -> None:
    model = load_any(file)
    dump(model, tmp_path / "copy.yaml")
    copy = load_any(tmp_path / "copy.yaml")
    assert copy == model
    assert assumptions(copy) == assumptions(model)


def test_what_is_written_is_short(tmp_path: Path) -> None:
    text = text_of(load_place(TESTS / "good_place.yaml"))
    assert "residents: {18-64: 6000, 65-74: 1000, 75-84: 700, 85+: 300, source: Made up}" in text
    assert "minor_by_month: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]" in text
    assert "kind: beds" not in text


@given(st.text(max_size=60), st.text(max_size=60), st.floats(0, 1e12))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_text_and_number_come_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, source: str, ratio: float
) -> None:
    file = tmp_path_factory.getbasetemp() / "text.yaml"
    model = load_intervention(TESTS / "good_intervention.yaml")
    takes = model.takes.model_copy(update={"gbp_per_year": Quantity(value=ratio)})
    model = model.model_copy(update={"name": name, "sources": (source,), "takes": takes})
    dump(model, file)
    assert load_intervention(file) == model


def test_with_every_default_written_out_it_is_the_same_scenario(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIO)
    file = tmp_path / "complete.yaml"
    file.write_text(text_of(scenario, complete=True))
    assert "keeps_place: true" in file.read_text()
    assert load_scenario(file) == scenario


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "place.yaml"
    file.write_text("as it was")
    with pytest.raises(InputError):
        dump(load_place("no_such_place"), file)
    broken = load_intervention(TESTS / "good_intervention.yaml").model_copy(update={"name": object()})
    with pytest.raises(Exception, match="object"):
        dump(broken, file)
    assert file.read_text() == "as it was"
    assert [each.name for each in tmp_path.iterdir()] == ["place.yaml"]


def test_a_shipped_file_is_found_by_its_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    by_name = load_scenario("stroke_units")
    assert by_name == load_scenario("scenarios/stroke_units.yaml") == load_any("stroke_units")
    assert load_place("stroke_units") == by_name.place
    assert load_intervention("step_up_beds").name == "Step-up beds"


def test_a_place_laid_over_another_borrows_what_it_does_not_say(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(
        "kind: place\nname: Otherton\nwhat: Another.\n"
        f"based_on: {TESTS / 'good_place.yaml'}\n"
        "without: [people.conditions.diabetes]\n"
        "pools: {acute: {capacity: 20}}\n"
        "stages: {a_and_e: {length_of_stay: {mean_minutes: 200}}}\n"
        "deaths: {per_1000_per_year: 9}\n"
    )
    base, place = load_place(TESTS / "good_place.yaml"), load_place(file)
    assert place.name == "Otherton"
    assert place.pools["acute"].capacity == Quantity(value=20)
    assert place.pools["acute"].reserved == {"a_and_e": 1}
    assert place.stages["a_and_e"].length_of_stay.mean_hours is None
    assert float(place.stages["a_and_e"].length_of_stay.cv or 0) == 0.8
    assert place.people is not None
    assert place.people.conditions == {}
    assert place.deaths is not None
    assert place.deaths.per_1000_per_year.values == (9, 9, 9, 9)
    assert place.urgent_needs is not None
    assert base.urgent_needs is not None
    assert place.urgent_needs.overnight_stage == base.urgent_needs.overnight_stage
    assert of_path(place, "people.residents.85+").borrowed_from == "Smallshire"
    assert of_path(place, "deaths.hospital_share").borrowed_from == "Smallshire"
    assert of_path(place, "pools.acute.capacity").borrowed_from == ""


# changes


def test_a_scenario_changes_its_place_and_interventions() -> None:
    scenario = load_scenario(SCENARIO)
    assert of_path(scenario, "place.pools.acute.capacity")[1:5] == (17, 14, 18, "Made up")
    assert scenario.interventions[0].strength == 0.5


@pytest.mark.parametrize(
    "path",
    ["interventions.0.strength", "interventions.case_management.strength", "interventions.good_intervention.strength"],
)
def test_an_intervention_is_called_by_number_name_or_file(path: str) -> None:
    assert load_scenario(SCENARIO, {path: "1.5"}).interventions[0].strength == 1.5


def test_a_change_keeps_the_source_and_a_range_that_still_holds() -> None:
    inside = with_changes(place__pools__acute__capacity="15")
    outside = with_changes(place__pools__acute__capacity="30")
    assert of_path(inside, "place.pools.acute.capacity")[1:5] == (15, 14, 18, "Made up")
    assert of_path(outside, "place.pools.acute.capacity")[1:5] == (30, None, None, "Made up")


def test_a_change_of_a_lever_drops_a_range_that_no_longer_holds() -> None:
    lever = with_changes(interventions__0__levers__emergency_admissions__ratio="0.5").interventions[0].levers
    assert (lever["emergency_admissions"].ratio, lever["emergency_admissions"].low) == (0.5, None)
    assert lever["emergency_admissions"].source == "Made up"


def test_one_age_or_all_ages_can_be_changed() -> None:
    one = load_scenario(SCENARIO, {"place.people.residents.85+": "400"}).place.people
    every = load_scenario(SCENARIO, {"place.people.residents": "2000"}).place.people
    from_one_number = load_scenario(SCENARIO, {"place.people.propensity_shape.all": "0.5"}).place.people
    assert one is not None
    assert every is not None
    assert from_one_number is not None
    assert one.residents.values == (6000, 1000, 700, 400)
    assert every.residents == AgeTable(all=Quantity(value=2000), source="Made up")
    assert from_one_number.propensity_shape.values == (0.5, 0.5, 0.5, 0.5)


def test_other_values_can_be_changed_by_their_text() -> None:
    scenario = load_scenario(
        SCENARIO,
        {
            "run.seed": "7",
            "run.starts": "2027-01-01",
            "name": "Beds: fewer",
            "interventions.0.ramp.ends": "2028-01-01",
            "interventions.0.care_plan": "true",
            "place.urgent_needs.by_weekday": "[1, 1, 1, 1, 1, 1, 2]",
            "place.stages.acute_bed.routes.care_home.share": "0.02",
            "place.stages.acute_bed.leaves.from_hour": "9",
            "place.loops.exit_block": "0",
            "claims.0.text": '"-5"',
        },
    )
    route = scenario.place.stages["acute_bed"].routes[1].share
    assert (scenario.run.seed, scenario.run.starts) == (7, dt.date(2027, 1, 1))
    assert (scenario.name, scenario.claims[0].text) == ("Beds: fewer", "-5")
    assert scenario.interventions[0].ramp.ends == dt.date(2028, 1, 1)
    assert scenario.interventions[0].care_plan
    assert scenario.place.urgent_needs is not None
    assert scenario.place.urgent_needs.by_weekday.values[6] == 2
    assert isinstance(route, AgeTable)
    assert route.values == (0.02, 0.02, 0.02, 0.02)
    assert scenario.place.stages["acute_bed"].leaves.from_hour == 9
    assert scenario.place.loops is not None
    assert scenario.place.loops.exit_block == 0


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("run.sed", "1", "there is no field `sed`; did you mean `seed`? (fields: starts, warm_up_days, years,"),
        ("run.seed", "1.5", "must be a whole number, not 1.5"),
        ("run.seed", "", "needs a value after `=`, such as `run.seed=2`"),
        ("run.seed.x", "1", "`run.seed` is empty and has no parts"),
        ("place.pools.acuter.capacity", "1", "there is no `acuter` here; did you mean `acute`? (names: care_homes,"),
        ("place.pools.acute.capacity", "full", "must be a number, or {value, low, high, source, note, assumption}"),
        ("place.name.x", "1", '`place.name` is "Smallshire" and has no parts'),
        ("interventions.3.strength", "1", "there is no number 3; 1 in the list, counted from 0"),
        ("interventions.virtual_ward.strength", "1", "there is no `virtual_ward` here; names: good_intervention,"),
        ("interventions.0.strength", "3", "must be 2 or less, not 3"),
        ("place.urgent_needs.gp_stage", "gp", 'there is no stage "gp"; stages: gp_urgent,'),
    ],
)
def test_a_change_that_cannot_be_made_says_why(path: str, value: str, message: str) -> None:
    said = problems_of(lambda: load_scenario(SCENARIO, {path: value}))
    assert len(said) == 1
    assert said[0].startswith(f"--set {path}: {message}")


@given(st.text(max_size=30), st.text(max_size=20))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_change_is_made_or_refused(path: str, value: str) -> None:
    with pytest.raises(InputError):
        load_intervention(TESTS / "good_intervention.yaml", {path: value})


def test_every_path_of_a_number_can_be_set() -> None:
    scenario = load_scenario(SCENARIO)
    changes = {
        number.path: str(list(number.value)) if isinstance(number.value, tuple) else str(number.value)
        for number in assumptions(scenario)
    }
    assert len(changes) > 90
    changed = assumptions(load_scenario(SCENARIO, changes))
    assert [(number.path, number.value) for number in changed] == [
        (number.path, number.value) for number in assumptions(scenario)
    ]


# numbers and their sources


def test_a_number_in_a_table_has_the_source_of_the_table() -> None:
    place = load_place(TESTS / "good_place.yaml")
    assert of_path(place, "people.residents.85+") == Given(
        "people.residents.85+", 300, None, None, "Made up", "", is_assumption=False, borrowed_from="", is_marked=False
    )
    assert of_path(place, "loops.substitution")[1:4] == (0.5, 0.2, 0.8)
    assert of_path(place, "loops.substitution").is_assumption
    assert of_path(place, "people.propensity_shape.all").is_assumption


def test_warnings_name_file_and_line_and_numbers_without_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TESTS)
    warnings = [str(warning) for warning in read_scenario("good_scenario.yaml").warnings]
    assert len(warnings) == 1
    assert "numbers have neither a source nor `assumption: true`: place.localities.0.share" in warnings[0]
    late = read_scenario("good_scenario.yaml", {"interventions.0.ramp.starts": "2031-01-01"}).warnings
    assert [warning.where for warning in late if "changes nothing" in warning.what] == [
        "--set interventions.0.ramp.starts"
    ]


def test_claims_are_about_measures_that_exist() -> None:
    known = Divided(("all",), by_day=True, by_group=True)
    assert read_scenario(SCENARIO, {}, {"emergency_admissions": known}).model.claims
    with pytest.raises(InputError, match='there is no measure "emergency_admissions"; did you mean `admissions`'):
        read_scenario(SCENARIO, {}, {"admissions": known, "deaths": known})


def test_files_of_each_kind_load_as_that_kind() -> None:
    assert isinstance(load_any(TESTS / "good_place.yaml"), Place)
    assert isinstance(load_any(TESTS / "good_intervention.yaml"), Intervention)
    assert isinstance(load_any(SCENARIO), Scenario)
