"""Each measure of people's lives and care outside hospital on a hand-made log, checked with a pencil."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.system import SEVERITIES
from tests.made_logs import event, has, minute, stay, table, value

READMISSIONS = [
    stay("acute", 1.0, 1.0, 5.0, 5.0, pathway=0),
    stay("acute", 34.9, 34.9, 36.0, 36.0, pathway=0),
    stay("acute", 67.0, 67.0, 70.0, 70.0, pathway=0),
    stay("acute", 5.0, 5.0, 6.0, 6.0, person=1, pathway=0, outcome="died"),
    stay("acute", 8.0, 8.0, 9.0, 9.0, person=1, generation=1, pathway=0),
    stay("planned_bed", 20.0, 20.0, 21.0, 21.0, person=2, pathway=0, severity="planned"),
    stay("same_day", 50.9, 50.9, None, None, person=2),
]


def test_readmissions_within_30_days_of_the_same_life() -> None:
    found = table(READMISSIONS, days=100)
    assert value(found, "readmission_30_day_share") == pytest.approx(2 / 4)
    assert value(found, "readmission_30_day_share", period="month 2026-04") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "cuts", [(minute(20),), (minute(35), minute(50.95)), tuple(minute(d) for d in range(0, 100, 7))]
)
def test_readmissions_do_not_depend_on_pieces(cuts: tuple[int, ...]) -> None:
    found = table(READMISSIONS, days=100, cuts=cuts)
    assert value(found, "readmission_30_day_share") == pytest.approx(2 / 4)


def test_only_discharges_with_30_days_left_are_followed_up() -> None:
    assert value(table(READMISSIONS, days=66), "readmission_30_day_share") == pytest.approx(2 / 3)
    assert value(table(READMISSIONS, days=67), "readmission_30_day_share") == pytest.approx(2 / 4)
    assert not has(table(READMISSIONS, days=30), "readmission_30_day_share")


def test_general_practice() -> None:
    rows = [
        stay("gp", 1.25, 1.5, 1.51, 1.51, severity="minor"),
        stay("gp", 1.25, 2.25, 2.26, 2.26, person=1, severity="minor"),
        stay("gp", 1.25, None, None, 1.75, person=2, severity="minor", outcome="diverted", goes_to="a_and_e"),
        stay("gp", 1.25, None, None, 1.75, person=3, severity="minor", outcome="gave_up"),
    ]
    found = table(rows, [event("gp_shed", 3.0, 90)], days=10)
    assert value(found, "gp_unseen_share") == 0.5
    assert value(found, "gp_unseen_share", of="diverted") == 0.25
    assert value(found, "gp_wait") == pytest.approx((6 + 24 + 12 + 12) / 4)
    assert value(found, "gp_minutes_shed") == pytest.approx(90 * 36.5)


def test_residence() -> None:
    rows = [
        stay("care_home", 1.0, 2.5, age=3, severity="request"),
        stay("home_care", -5.0, -4.0, 6.0, 6.0, person=1, severity="request", age=3, outcome="ended"),
        stay("home_care", 3.0, 3.5, person=2, severity="request", flags=0),
    ]
    found = table(rows, days=10)
    assert value(found, "care_home_entries") == pytest.approx(36.5)
    assert value(found, "home_care_starts") == pytest.approx(36.5)
    assert value(found, "residents", of="care_home") == pytest.approx(7 / 10)
    assert value(found, "residents", of="home_with_care", group="85+") == pytest.approx(6 / 10)
    assert value(found, "residents") == 1340
    assert value(found, "residents", of="own_home", group="85+") == pytest.approx(40 - 1.3)


def test_deaths_and_the_admissions_before_them() -> None:
    def admitted(day: float, person: int, generation: int = 0) -> dict[str, int]:
        return stay("same_day", day, day, day + 0.2, day + 0.2, person=person, generation=generation)

    rows = [admitted(day, 0) for day in (105, 112, 195)] + [admitted(day, 1) for day in (100, 150, 190)]
    rows += [admitted(199, 1, generation=1)]
    events = [
        event("death", 200, 2, person=0),
        event("death", 196, 0, person=1),
        event("death", 50, 1, person=3, age=3),
        event("death", -1, 1, person=4),
    ]
    for cuts in ((), (minute(110), minute(151), minute(196))):
        found = table(rows, events, days=365, cuts=cuts)
        assert value(found, "deaths") == 3
        assert value(found, "deaths_per_1000", group="85+") == pytest.approx(1000 / 40)
        assert value(found, "place_of_death_share", of="care_home") == pytest.approx(1 / 3)
        assert value(found, "admissions_in_last_100_days") == pytest.approx((3 + 3 + 0) / 3)
        share = "deaths_with_3_emergency_admissions_in_last_90_days"
        assert value(found, share) == 0
    events[0] = event("death", 195.01, 2, person=0)
    assert value(table(rows, events, days=365), share) == 0
    events[0] = event("death", 195, 2, person=0)
    assert value(table(rows, events, days=365), share) == pytest.approx(1 / 3)


def test_programmes_and_needs() -> None:
    events = [
        event("enrolled", -2.0),
        event("enrolled", 2.5, age=2),
        event("left_programme", 5.5),
        event("would_be_enrolled", 3.0),
        event("need_avoided", 3.0, SEVERITIES.index("minor")),
        event("dropped_need", 3.0, SEVERITIES.index("acute")),
    ]
    found = table([], events, days=10)
    assert value(found, "enrolled", of="case_management") == pytest.approx(36.5)
    assert value(found, "would_be_enrolled") == pytest.approx(36.5)
    assert value(found, "members") == pytest.approx((6 + 7) / 10)
    assert value(found, "needs_avoided", of="minor") == pytest.approx(36.5)
    assert value(found, "needs_avoided", of="acute") == 0
    assert value(found, "dropped_needs", of="acute") == pytest.approx(36.5)


def test_nobody_is_a_member_of_a_programme_without_funding() -> None:
    events = [event("enrolled", -2.0), event("enrolled", 2.5, age=2), event("left_programme", 8.5)]
    assert value(table([], events, days=10), "members") == pytest.approx((9 + 7) / 10)
    assert value(table([], events, days=10, funded=5), "members") == pytest.approx((5 + 2) / 10)
    assert value(table([], events, days=10, funded=-3), "members") == 0


def test_outpatient_attendances_of_members_last_until_they_are_worked_out_again() -> None:
    kind = "outpatients_of_members"
    events = [event(kind, day, detail, person=-1, age=age) for day, detail, age in ((-3, 1500, 2), (25, 500, 3))]
    events.append(event("outpatients", 25, 9000, person=-1))
    found = table([], events, days=73)
    assert value(found, kind, of="case_management") == pytest.approx(5 * (25 * 1.5 + 28 * 0.5))
    assert value(found, kind, of="case_management", group="85+") == pytest.approx(5 * 28 * 0.5)
    assert value(found, "outpatients") == pytest.approx(5 * 28 * 9)


def test_people_admitted_again_and_again() -> None:
    def admitted(day: float, person: int, age: int = 3, generation: int = 0) -> dict[str, int]:
        return stay("same_day", day, day, day + 0.1, day + 0.1, person=person, age=age, generation=generation)

    rows = [admitted(day, 0) for day in (10, 20, 400)] + [admitted(day, 1) for day in (30, 31, 32)]
    rows += [
        admitted(50, 2),
        admitted(500, 2),
        admitted(600, 1, generation=1),
        admitted(1, 7, age=0),
        admitted(2, 7, age=0),
    ]
    rows += [admitted(100, 3, age=1)]
    for cuts in ((), (minute(31.05), minute(365), minute(450))):
        found = table(rows, days=730, cuts=cuts)
        assert value(found, "two_or_more_share", of="year 0", period="year 1") == pytest.approx(5 / 7)
        assert value(found, "two_or_more_share", of="year 0", period="year 1", group="85+") == pytest.approx(5 / 6)
        assert value(found, "two_or_more_share", of="year 1", period="year 1") == pytest.approx(1 / 7)
        assert value(found, "two_or_more_share", of="year 0", period="year 2") == 0
        assert value(found, "two_or_more_share", of="year 0") == pytest.approx(5 / 10)
        assert value(found, "two_or_more_share", of="year 1") == pytest.approx(1 / 7)


def people(**given: list[int]) -> dict[str, Any]:
    count = len(next(iter(given.values())))
    known = ("age", "frailty", "locality", "residence", "end_of_life", "care_plan")
    return {name: np.array(given.get(name, [0] * count), dtype=np.int64) for name in known}


def test_proxies_and_care_plans() -> None:
    alive = people(age=[0, 3, 3, 3], care_plan=[0, 1, 1, 0], end_of_life=[0, 1, 0, 1], frailty=[0, 3, 3, 3])
    found = table([], days=10, people=alive)
    assert value(found, "care_plan_coverage") == 0.5
    assert value(found, "care_plan_coverage", group="85+") == pytest.approx(2 / 3)
    assert value(found, "care_plan_coverage", of="end_of_life") == 0.5
    assert value(found, "coordination", group="18-64") < value(found, "coordination", group="85+")
    assert value(found, "self_management", group="18-64") > value(found, "self_management", group="85+")


def test_health_status_falls_with_care_homes_and_acute_beds() -> None:
    empty = value(table([], days=10), "eq5d", group="85+")
    assert empty == pytest.approx(0.675)
    in_bed = value(table([stay("acute", -1.0, -1.0, age=3)], days=10), "eq5d", group="85+")
    in_home = value(table([stay("care_home", -1.0, -1.0, age=3)], days=10), "eq5d", group="85+")
    assert empty - in_bed == pytest.approx(0.10 / 40)
    assert empty - in_home == pytest.approx(0.15 / 40)
