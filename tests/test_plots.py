"""Charts and the pathway picture: what they show, and that they can be read without colour and on a phone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import vl_convert

from sim.files.reading import load_place, load_scenario
from sim.pages.diagram import pathway_svg, setting, write_picture
from sim.pages.flows import DIED, NEED, duration, flows_between, rounded
from sim.pages.plots import band_over, delayed_chart, gives_chart, occupancy_chart, weekly
from sim.pages.what_gives_first import what_gives
from sim.system import HOME
from tests.made_results import Values, made

STROKE = load_scenario("stroke_units")
ENGLAND = load_place("england_500k")
WEEKS = ("all", "week 1", "week 2", "week 10")
VALUES: Values = {
    ("acute_occupancy", "all"): ([0.91, 0.93, 0.95], [0.88, 0.90, 0.89]),
    ("delayed_overnight", "all"): ([5.0, 7.0, 6.0], [3.0, 2.0, 4.0]),
    ("waiting", "rehab_north"): ([2.0, 2.2, 1.9], [9.1, 9.4, 9.0]),
}
RESULTS = made(STROKE, VALUES, WEEKS)


def words_of(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter() if element.tag.endswith("}text")]


def test_weeks_are_dated_from_the_first_measured_day_in_order() -> None:
    table = weekly(RESULTS, "delayed_overnight")
    without = table[table["arm"] == "Without the plan"]
    assert [f"{week:%Y-%m-%d}" for week in without["week"]] == ["2026-04-01", "2026-04-08", "2026-06-03"]
    assert without[["low", "mid", "high"]].to_numpy().tolist() == [[5.0, 6.0, 7.0]] * 3


def test_the_band_says_what_it_is() -> None:
    assert "lowest to highest of them" in band_over(3)
    assert "middle 80%" in band_over(10)
    assert band_over(1) == "One repetition, so no band."


@pytest.mark.parametrize("width", [350, 700])
@pytest.mark.parametrize("chart", [occupancy_chart, delayed_chart, gives_chart])
def test_charts_can_be_drawn_at_both_widths_and_keep_to_them(chart: object, width: int) -> None:
    drawn = chart(RESULTS, width)  # type: ignore[operator]
    svg = ET.fromstring(vl_convert.vegalite_to_svg(drawn.to_dict()))
    assert float(svg.attrib["width"]) <= width + 1


def test_arms_differ_in_dash_as_well_as_colour() -> None:
    chart = occupancy_chart(RESULTS)
    assert chart is not None
    line = chart.to_dict()["layer"][1]["encoding"]
    assert {"color", "strokeDash"} <= line.keys()
    assert chart.to_dict()["width"] == "container"


def test_occupancy_is_in_per_cent() -> None:
    chart = occupancy_chart(RESULTS)
    assert chart is not None
    rows = next(iter(chart.to_dict()["datasets"].values()))
    assert sorted({round(row["mid"], 6) for row in rows}) == [89, 93]


def test_a_measure_that_is_not_there_gives_no_chart() -> None:
    assert occupancy_chart(made(STROKE, {("waiting", "rehab_north"): ([1.0], [1.0])})) is None


def test_what_gives_needs_more_than_the_interval_of_one_pool_to_be_clear() -> None:
    noise = [0.0, 0.4, -0.4]
    values: Values = {("waiting", "rehab_north"): ([5.0] * 3, [6.6 + each for each in noise])}
    alone = what_gives(made(STROKE, values))[0]
    values = dict(values) | {("waiting", f"pool_{n}"): ([1.0] * 3, [1.0] * 3) for n in range(18)}
    picked = what_gives(made(STROKE, values))[0]
    assert alone.low == picked.low > 0
    assert alone.is_clear
    assert not picked.is_clear


def test_a_pool_the_plan_opens_counts_from_nought() -> None:
    values: Values = {("waiting", "rehab_north"): ([2.0, 2.0], [2.0, 2.0]), ("waiting", "new"): ([], [4.0, 5.0])}
    assert what_gives(made(STROKE, values))[0][:5] == ("new", "New", 4.5, 0.0, 4.5)


def test_people_are_conserved_in_the_flows_between_stages() -> None:
    between = flows_between(ENGLAND)
    for name, stage in ENGLAND.stages.items():
        if stage.residence is None:
            into = sum(people for (_, to), people in between.items() if to == name)
            out = sum(people for (source, _), people in between.items() if source == name)
            given_up = between.get((name, "a_and_e"), 0.0) if stage.gives_up else 0.0
            assert out - given_up == pytest.approx(into, rel=0.001), name
    assert between[NEED, "a_and_e"] > 80_000
    assert {HOME, DIED} <= {to for _, to in between}


def test_the_picture_is_whole_legible_and_safe() -> None:
    place = load_place("places/stroke_units")
    stages = dict(place.stages)
    stages["rehab"] = stages["rehab"].model_copy(update={"title": '<script>"&'})
    svg = pathway_svg(place.model_copy(update={"stages": stages, "name": "A < B"}))
    root = ET.fromstring(svg)  # also proves that every name is escaped
    assert root.attrib["viewBox"].split()[2] == "360"
    sizes = [float(element.attrib["font-size"]) for element in root.iter() if element.tag.endswith("}text")]
    assert min(sizes) >= 10.5
    assert {"In hospital", "After hospital, or instead", "Stroke unit"} <= set(words_of(svg))


def test_boxes_and_labels_stay_inside_the_picture() -> None:
    root = ET.fromstring(pathway_svg(ENGLAND))
    height = float(root.attrib["viewBox"].split()[3])
    for element in root.iter():
        if element.tag.endswith("}text"):
            wide = 6.6 * len("".join(element.itertext())) * float(element.attrib["font-size"]) / 12
            assert 0 <= float(element.attrib["x"]) <= 365 - wide, "".join(element.itertext())
            assert 0 < float(element.attrib["y"]) < height


def test_stages_are_put_where_they_happen() -> None:
    found = {name: setting(ENGLAND, name) for name in ENGLAND.stages}
    assert found["gp_urgent"] == "In the community"
    assert found["a_and_e"] == found["acute_bed"] == found["same_day_care"] == "In hospital"
    assert found["step_up_bed"] == found["reablement"] == "After hospital, or instead"
    assert found["home_care"] == found["care_home"] == "Living with care"


def test_the_picture_can_be_written_for_any_shipped_place(tmp_path: Path) -> None:
    for name in ("north_west_london", "places/discharge_to_assess_localities"):
        path = tmp_path / "picture.svg"
        write_picture(load_place(name), path)
        assert ET.parse(path).getroot().tag.endswith("svg")


def test_numbers_in_the_picture_bear_two_digits() -> None:
    assert [rounded(number) for number in (46_321, 873, 9.4, 0.2)] == ["46,000", "870", "9", "under 1"]
    assert [duration(days) for days in (730, 25.2, 7.62, 0.125, 0.0069)] == [
        "2 years", "25 days", "7.6 days", "3 hours", "10 minutes",
    ]  # fmt: skip
