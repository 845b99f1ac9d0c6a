"""Each measure of hospitals, waits and the calendar on a hand-made log of a few stays, checked with a pencil."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sim.log import FLAGS
from sim.measures.definitions import MEASURES
from sim.measures.tables import what_gives_first
from tests.made_logs import ADMISSIONS, DAY, has, minute, stay, table, value


def test_emergency_admissions_by_period_group_and_locality() -> None:
    found = table(ADMISSIONS, days=730)
    assert value(found, "emergency_admissions", period="year 1") == 1
    assert value(found, "emergency_admissions", period="year 2") == 1
    assert value(found, "emergency_admissions") == 1
    assert value(found, "emergency_admissions", period="week 1") == 1
    assert value(found, "emergency_admissions", period="week 2") == 0
    assert value(found, "emergency_admissions", period="month 2026-04") == 1
    assert value(found, "emergency_admissions", period="year 2", group="85+", locality="south") == 1
    assert value(found, "emergency_admissions", period="year 2", group="85+", locality="north") == 0
    assert value(found, "emergency_admissions_per_1000", period="year 2", group="85+") == pytest.approx(1000 / 40)
    assert value(found, "ambulatory_care_sensitive_admissions", period="year 2") == 1
    assert value(found, "share_of_admissions_through_a_and_e") == 0.5
    assert value(found, "planned_admissions", period="year 1") == 1
    assert value(found, "cancellations", period="year 1") == 1


def test_a_move_between_emergency_stages_is_not_a_new_admission() -> None:
    moved = [
        stay("same_day", 1.2, 1.2, 1.4, 1.5, goes_to="acute", outcome="moved"),
        stay("acute", 1.4, 1.5, 3.5, 3.5, came_from="same_day", pathway=0),
    ]
    found = table(moved, days=365)
    assert value(found, "emergency_admissions") == 1
    assert value(found, "mean_length_of_stay") == 2


def test_beds_are_counted_at_midnight() -> None:
    found = table(ADMISSIONS, days=10)
    midnights = 5 + 3 + 1
    assert value(found, "acute_beds_occupied") == pytest.approx(midnights / 10)
    assert value(found, "acute_occupancy") == pytest.approx(midnights / 20)
    assert value(found, "emergency_bed_days") == pytest.approx(8 * 365 / 10)
    assert value(found, "acute_beds_occupied", group="85+") == pytest.approx(3 / 10)
    assert value(found, "acute_beds_occupied", period="week 1") == pytest.approx(8 / 7)


def test_beds_by_hour_and_time_full() -> None:
    rows = [stay("acute", 0.25, 0.25, 2.25, 2.25, pathway=0), stay("acute", 0.5, 0.5, 1.5, 1.5, person=1, pathway=0)]
    found = table(rows, days=4)
    assert value(found, "occupied_at_hour", of="0") == pytest.approx(3 / 4)
    assert value(found, "occupied_at_hour", of="6") == pytest.approx(3 / 4)
    assert value(found, "occupied_at_hour", of="12") == pytest.approx(3 / 4)
    assert value(found, "pool_occupied", of="acute_beds") == pytest.approx((48 + 24) / 96)
    assert value(found, "pool_occupancy", of="acute_beds") == pytest.approx((48 + 24) / 192)
    assert value(found, "pool_full_share", of="acute_beds") == pytest.approx(24 / 96)
    assert value(found, "pool_capacity", of="acute_beds") == 2


def test_a_pool_without_limit_has_no_occupancy() -> None:
    found = table([stay("care_home", 1.0, 1.0)], days=4)
    assert value(found, "pool_occupied", of="homes") == pytest.approx(3 / 4)
    assert not ((found["measure"] == "pool_occupancy") & (found["of"] == "homes")).any()


def test_slots_are_counted_by_day() -> None:
    rows = [stay("gp", 1.3, 1.4, 1.41, 1.41, person=person, severity="minor") for person in range(2)]
    found = table(rows, days=4)
    assert value(found, "pool_occupied", of="gp_slots") == pytest.approx(2 / 4)
    assert value(found, "pool_occupancy", of="gp_slots") == pytest.approx(2 / 8)
    assert value(found, "pool_full_share", of="gp_slots") == pytest.approx(1 / 4)


def test_length_of_stay_counts_zero_days_and_not_background() -> None:
    found = table(ADMISSIONS, days=730)
    assert value(found, "mean_length_of_stay") == pytest.approx((5 + 0 + 5) / 3)
    assert value(found, "mean_length_of_stay", group="18-64") == 5


def test_a_same_day_stay_over_midnight_is_still_0_days() -> None:
    found = table([stay("same_day", 1.8, 1.8, 2.2, 2.2)], days=10)
    assert value(found, "mean_length_of_stay") == 0


def test_a_stay_already_begun_when_the_clock_starts_has_no_known_length() -> None:
    rows = [stay("acute", -10.0, -10.0, 1.0, 1.5, pathway=0, flags=FLAGS["prefilled"])]
    found = table(rows, days=10, cuts=(minute(1),))
    assert not has(found, "mean_length_of_stay")
    assert value(found, "emergency_admissions") == 0
    assert value(found, "acute_beds_occupied") == pytest.approx(2 / 10)
    assert value(found, "discharges_by_pathway", of="P0") == pytest.approx(365 / 10)


DELAYS = [
    stay("acute", 1.0, 1.0, 4.0, 9.0, pathway=1, process=1 * DAY, sourcing=2 * DAY),
    stay("acute", 1.0, 1.0, 2.5, 2.75, pathway=0, person=1),
    stay("acute", 1.0, 1.0, 3.25, 5.25, pathway=3, person=2, process=5 * DAY, sourcing=DAY),
    stay("acute", 1.0, 1.0, 6.0, 8.0, pathway=2, person=3, outcome="died"),
    stay("step_down", 1.0, 1.0, 3.5, 5.5, person=4),
]


def test_delays() -> None:
    found = table(DELAYS, days=10)
    assert value(found, "delayed_overnight") == pytest.approx((5 + 0 + 2 + 2) / 10)
    assert value(found, "delayed_overnight", of="P1") == pytest.approx(5 / 10)
    assert value(found, "delay_days", of="P1") == pytest.approx(5)
    assert value(found, "delay_days", of="P0") == pytest.approx(0.25)
    assert value(found, "delay_days") == pytest.approx((5 + 0.25 + 2) / 3)
    elapsed = (0 + 1 + 2 + 3 + 4) + (0.75 + 1.75) + (0 + 1)
    assert value(found, "elapsed_delay_of_those_delayed") == pytest.approx(elapsed / 9)
    assert value(found, "community_delayed_share") == pytest.approx(2 / 5)


def test_delays_are_of_all_who_stay_overnight_and_need_no_emergency() -> None:
    rows = [stay("planned_bed", 1.0, 1.0, 2.5, 4.5, pathway=1, severity="planned")]
    rows += [stay("acute", 1.0, 1.0, 2.5, 4.5, pathway=1, severity="other", person=900)]
    for cuts in ((), (minute(3.5),)):
        found = table(rows, days=10, cuts=cuts)
        assert value(found, "delayed_overnight", of="P1") == pytest.approx(4 / 10)
        assert value(found, "delay_days", of="P1") == pytest.approx(2)


def test_delay_by_reason_cuts_drawn_parts_off_at_leaving() -> None:
    found = table(DELAYS, days=10)
    shares = {
        reason: value(found, "delay_share_by_reason", of=reason) for reason in ("process", "sourcing", "capacity")
    }
    assert shares == {
        "process": pytest.approx(3 / 7),
        "sourcing": pytest.approx(2 / 7),
        "capacity": pytest.approx(2 / 7),
    }
    assert value(found, "delay_share_by_reason", of="P1 capacity") == pytest.approx(0.4)
    assert value(found, "delay_share_by_reason", of="P3 process") == pytest.approx(1)


def test_discharges_by_pathway() -> None:
    found = table(DELAYS, days=10)
    assert value(found, "discharges_by_pathway") == pytest.approx(3 * 36.5)
    assert value(found, "discharges_by_pathway", of="P2") == 0
    assert value(found, "discharge_share_by_pathway", of="P3") == pytest.approx(1 / 3)


def test_community_beds() -> None:
    found = table(DELAYS, days=10)
    assert value(found, "community_beds_occupied") == pytest.approx(5 / 10)
    assert value(found, "community_occupancy") == pytest.approx(5 / 10)
    assert value(found, "total_bed_days", of="community") == pytest.approx(5 * 36.5)
    nights = 8 + 2 + 5 + 7
    assert value(found, "total_bed_days", of="acute") == pytest.approx(nights * 36.5)


WAITS = [
    stay("acute", 1.0, 1.5, 2.0, 2.0, came_from="a_and_e", pathway=0),
    stay("acute", 1.0, 2.5, 3.0, 3.0, person=1, pathway=0),
    stay("acute", 2.0, None, None, 3.0, person=2, outcome="escalated"),
    stay("acute", 8.0, person=3),
    stay("acute", -1.0, 1.0, 2.0, 2.0, person=4, pathway=0),
]


def test_waits_include_those_never_seen_and_those_still_waiting() -> None:
    found = table(WAITS, days=10)
    assert value(found, "wait_mean", of="acute") == pytest.approx(24 * (0.5 + 1.5 + 1 + 2) / 4)
    assert value(found, "wait_95th", of="acute") == pytest.approx(48, rel=0.04)


def test_people_waiting_are_charged_to_the_pool_they_wait_for() -> None:
    found = table(WAITS, days=10)
    assert value(found, "waiting", of="acute_beds") == pytest.approx((0.5 + 1.5 + 1 + 2 + 1) / 10)
    assert value(found, "waiting_after_another_stage", of="acute_beds") == pytest.approx(0.5 / 10)


def test_a_and_e() -> None:
    rows = [
        stay("a_and_e", 1.0, 1.01, 1.1, 1.1),
        stay("a_and_e", 1.0, 1.01, 1.1, 1.0 + 240 / DAY, person=1),
        stay("a_and_e", 1.0, 1.01, 1.1, 1.7, person=2, goes_to="acute", outcome="moved"),
        stay("a_and_e", 1.0, 1.01, 1.1, 1.7, person=3),
        stay("a_and_e", 2.0, 2.01, 2.1, 2.3, person=4, goes_to="same_day", outcome="moved"),
        stay("a_and_e", 9.9, person=5),
    ]
    found = table(rows, days=10)
    assert value(found, "a_and_e_attendances") == pytest.approx(6 * 36.5)
    assert value(found, "four_hour_share") == pytest.approx(2 / 5)
    assert value(found, "twelve_hour_waits") == pytest.approx(1 * 36.5)


def test_calendar() -> None:
    january, july = 285, 100
    days = [january, january + 7, january + 14, july, july + 7]
    rows = [stay("same_day", day + 0.5, day + 0.5, day + 0.6, day + 0.6, person=day) for day in days]
    rows.append(stay("acute", 30.5, 30.5, 60.5, 60.5, pathway=0, person=1000))
    found = table(rows, days=365)
    weekday = (dt.date(2026, 4, 1) + dt.timedelta(days=january)).strftime("%a").lower()
    assert value(found, "admissions_by_weekday", of=weekday) == pytest.approx(3 / 6)
    assert value(found, "winter_over_summer") == pytest.approx((3 / 90) / (2 / 92))
    assert value(found, "monthly_occupancy", of="may") == pytest.approx(30 / 62)
    assert value(found, "monthly_occupancy", of="jul") == 0
    shares = np.array([0.5] * 30 + [0.0] * 335)
    assert value(found, "spread_of_occupancy") == pytest.approx(shares.std())


def test_what_gives_first() -> None:
    def run(queue: int) -> pd.DataFrame:
        rows = [stay("home_care", 40.0, person=person, came_from="acute") for person in range(queue)]
        rows += [stay("acute", 5.0, 5.5 + 0.5 * person, 70.0, 70.0, person=50 + person) for person in range(2)]
        return table(rows, days=91)

    found = what_gives_first(run(queue=5), run(queue=1))
    first = found.iloc[0]
    assert first["pool"] == "packages"
    assert first["waiting"] == pytest.approx(5 * 51 / 91)
    assert first["more_waiting"] == pytest.approx(4 * 51 / 91)
    assert first["waiting_after_another_stage"] == pytest.approx(5 * 51 / 91)
    assert first["first_month"] == "2026-05"
    acute = found.set_index("pool").loc["acute_beds"]
    assert acute["first_month"] == ""
    assert acute["full_share"] == pytest.approx(64 / 91)
    assert what_gives_first(run(1), run(1))["first_month"].eq("").all()


def test_every_measure_is_defined() -> None:
    for name, measure in MEASURES.items():
        assert name == measure.name
        assert measure.definition.endswith(".")
        assert all((measure.title, measure.unit, measure.source_of_definition))
