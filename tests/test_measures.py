"""Each measure on a hand-made log of a few stays, checked with a pencil; and one piece against several."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import RunError
from sim.log import COUNT_COLUMNS, EVENTS, FLAGS, OUTCOMES, STAY_COLUMNS, StayLog
from sim.measures import MEASURES
from sim.plan import Names
from sim.system import SEVERITIES
from sim.tables import what_gives_first
from sim.tally import Tally

DAY = 1440
WARM_UP = 10
STAGES = ("gp", "a_and_e", "same_day", "acute", "planned_bed", "step_down", "home_care", "care_home")
POOLS = ("gp_slots", "cubicles", "assessment", "acute_beds", "community_beds", "packages", "homes")
POOL_OF = (0, 1, 2, 3, 3, 4, 5, 6)
CAPACITY = (2, 10, 5, 2, 1, 10, -1)


def names(days: int = 731, scale: float = 1.0) -> Names:
    def flags(*stages: str) -> tuple[bool, ...]:
        return tuple(stage in stages for stage in STAGES)

    return Names(
        stages=STAGES,
        pools=POOLS,
        localities=("north", "south"),
        programmes=("case_management",),
        stage_titles=STAGES,
        pool_titles=POOLS,
        acute=flags("acute", "planned_bed"),
        emergency_admission=flags("same_day", "acute"),
        overnight=flags("acute", "planned_bed"),
        residence=(0, 0, 0, 0, 0, 0, 1, 2),
        a_and_e=1,
        gp=0,
        slots=(True, False, False, False, False, False, False),
        capacity=tuple((capacity,) * (WARM_UP + days) for capacity in CAPACITY),
        residents=((600, 400), (100, 100), (60, 40), (20, 20)),
        first_day=dt.date(2026, 3, 22),
        warm_up_minutes=WARM_UP * DAY,
        end_minute=(WARM_UP + days) * DAY,
        scale=scale,
        community_bed=flags("step_down"),
    )


def minute(day: float | None) -> int:
    """Minute of a measured day: day 0 is the first, earlier ones are warm-up."""
    return -1 if day is None else round((WARM_UP + day) * DAY)


def stay(
    stage: str, asked: float, started: float | None = None, ready: float | None = None, left: float | None = None,
    *, came_from: str = "", goes_to: str = "", outcome: str = "home", severity: str = "acute", **other: int,
) -> dict[str, int]:  # fmt: skip
    """One stay, times in measured days; left out times have not come."""
    row = dict.fromkeys(STAY_COLUMNS, 0) | {"pathway": -1, "stage": STAGES.index(stage), "came_from": -1, "goes_to": -1}
    row |= {"pool": POOL_OF[STAGES.index(stage)], "severity": SEVERITIES.index(severity)}
    row |= {"asked": minute(asked), "started": minute(started), "ready": minute(ready), "left": minute(left)}
    if came_from:
        row["came_from"] = STAGES.index(came_from)
    if goes_to:
        row["goes_to"] = STAGES.index(goes_to)
    row["outcome"] = OUTCOMES.index("open" if left is None else outcome)
    return row | other


def event(kind: str, day: float, detail: int = 0, **other: int) -> dict[str, int]:
    row = dict.fromkeys(COUNT_COLUMNS, 0)
    return row | {"kind": EVENTS.index(kind), "minute": minute(day), "detail": detail} | other


def columns(rows: list[dict[str, int]], wanted: dict[str, str]) -> dict[str, Any]:
    return {
        name: np.array([row[name] for row in rows], dtype=np.uint64 if name == "need" else np.int64) for name in wanted
    }


def piece(
    rows: list[dict[str, int]], events: list[dict[str, int]], first: int, until: int, people: Any = None
) -> StayLog:
    """What is known of the stays and events from minute ``first`` to minute ``until``."""
    ended = [row for row in rows if row["left"] != -1 and first < row["left"] <= until]
    still = [row for row in rows if row["asked"] < until and (row["left"] == -1 or row["left"] > until)]
    hidden = ("started", "ready", "left")
    census = [
        row | {time: -1 for time in hidden if row[time] >= until} | {"outcome": 0, "left": -1, "pathway": -1}
        for row in still
    ]
    now = [row for row in events if first <= row["minute"] < until]
    return StayLog(
        first, until, columns(ended, STAY_COLUMNS), columns(census, STAY_COLUMNS), columns(now, COUNT_COLUMNS),
        people or {},
    )  # fmt: skip


def table(
    rows: list[dict[str, int]], events: list[dict[str, int]] | None = None, *, days: int = 731,
    cuts: tuple[int, ...] = (), scale: float = 1.0, groups: tuple[str, ...] = (), people: Any = None,
) -> pd.DataFrame:  # fmt: skip
    """The table of a run cut into pieces at the minutes ``cuts``."""
    words = names(days, scale)
    tally = Tally(words, groups)
    bounds = (0, *cuts, words.end_minute)
    for first, until in pairwise(bounds):
        tally.add(piece(rows, events or [], first, until, people))
    return tally.table()


def value(
    found: pd.DataFrame, measure: str, of: str = "all", period: str = "all", group: str = "all", locality: str = "all"
) -> float:
    assert measure in MEASURES
    wanted = {"measure": measure, "of": of, "period": period, "group": group, "locality": locality}
    chosen = found[np.logical_and.reduce([found[name] == word for name, word in wanted.items()])]
    assert len(chosen) == 1, f"{len(chosen)} rows for {wanted}"
    return float(chosen["value"].iloc[0])


def has(found: pd.DataFrame, measure: str) -> bool:
    return bool((found["measure"] == measure).any())


ADMISSIONS = [
    stay("a_and_e", 1.0, 1.0, 1.1, 1.15, goes_to="acute", outcome="moved"),
    stay("acute", 1.1, 1.15, 4.5, 6.5, came_from="a_and_e", pathway=1, process=DAY, sourcing=DAY // 2),
    stay("same_day", 400.2, 400.2, 400.4, 400.4, age=3, locality=1, person=1, severity="ambulatory_care_sensitive"),
    stay("acute", -2.5, -2.5, -2.0, 2.5, person=2, age=3, pathway=0),
    stay("acute", 8.0, 8.0, 9.0, 9.0, person=900, severity="other", pathway=0),
    stay("planned_bed", 20.0, 20.0, 22.0, 22.0, person=3, severity="planned", pathway=0),
    stay("planned_bed", 30.0, None, None, 30.5, person=3, severity="planned", outcome="cancelled"),
]


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


def test_counts_are_scaled_up_and_shares_are_not() -> None:
    whole, half = table(ADMISSIONS, days=730), table(ADMISSIONS, days=730, scale=0.5)
    for measure in ("emergency_admissions", "acute_beds_occupied", "emergency_bed_days"):
        assert value(half, measure) == 2 * value(whole, measure)
    for measure in ("share_of_admissions_through_a_and_e", "acute_occupancy", "mean_length_of_stay"):
        assert value(half, measure) == value(whole, measure)


def test_several_age_bands_can_be_asked_for_together() -> None:
    found = table(ADMISSIONS, days=365, groups=("18-64,85+", "65-74,75-84"))
    assert value(found, "emergency_admissions", group="18-64,85+") == 1
    assert value(found, "emergency_admissions", group="65-74,75-84") == 0


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


def test_asking_for_the_table_twice_counts_nobody_twice() -> None:
    words = names(10)
    tally = Tally(words)
    tally.add(piece(WAITS, [], 0, words.end_minute))
    pd.testing.assert_frame_equal(tally.table(), tally.table())


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


def test_a_stay_from_warm_up_to_the_end_counts_for_measured_time_only() -> None:
    for cuts in ((), (minute(-4), minute(0), minute(3.3))):
        found = table([stay("acute", -8.0, -7.0, -2.0, None, pathway=1)], days=10, cuts=cuts)
        assert value(found, "acute_beds_occupied") == 1
        assert value(found, "delayed_overnight") == 1
        assert value(found, "elapsed_delay_of_those_delayed") == pytest.approx(np.mean(np.arange(2, 12)))
        assert value(found, "emergency_admissions") == 0


def some_stays() -> st.SearchStrategy[list[dict[str, int]]]:
    """A few stays anywhere in the run, times in whole hours so that many coincide with cuts."""

    @st.composite
    def one(draw: st.DrawFn) -> dict[str, int]:
        asked = draw(st.integers(-9 * 24, 60 * 24 - 1)) / 24
        steps = [draw(st.integers(0, 400)) / 24 for _ in range(3)]
        times: list[float | None] = [asked, asked + steps[0], asked + sum(steps[:2]), asked + sum(steps) + 1 / 24]
        stage = draw(st.sampled_from(STAGES))
        fate = draw(st.sampled_from(["seen", "seen", "seen", "never"]))
        if fate == "never":
            times[1:3] = [None, None]
        outcome = draw(st.sampled_from(["gave_up", "diverted"] if fate == "never" else ["home", "moved", "died"]))
        return stay(
            stage, asked, *times[1:], outcome=outcome, severity=draw(st.sampled_from(SEVERITIES)),
            came_from=draw(st.sampled_from(["", "a_and_e", "acute"])), pathway=draw(st.integers(-1, 3)),
            person=draw(st.integers(0, 3)), age=draw(st.integers(0, 3)), locality=draw(st.integers(0, 1)),
            process=draw(st.integers(0, 3000)), sourcing=draw(st.integers(0, 3000)),
        )  # fmt: skip

    return st.lists(one(), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=some_stays(), cuts=st.lists(st.integers(1, 69 * 24), max_size=4, unique=True))
def test_any_cuts_give_the_same_table(rows: list[dict[str, int]], cuts: list[int]) -> None:
    deaths = [event("death", 40.0, 2, person=1), event("enrolled", 3.0), event("left_programme", 9.0)]
    minutes = tuple(sorted(hour * 60 for hour in cuts))
    one, several = table(rows, deaths, days=60), table(rows, deaths, days=60, cuts=minutes)
    pd.testing.assert_frame_equal(one, several)


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


def test_a_run_without_measured_days_says_so() -> None:
    tally = Tally(names(days=0))
    with pytest.raises(RunError, match="nothing to measure"):
        tally.table()


def test_every_measure_is_defined() -> None:
    for name, measure in MEASURES.items():
        assert name == measure.name
        assert measure.definition.endswith(".")
        assert all((measure.title, measure.unit, measure.source_of_definition))
