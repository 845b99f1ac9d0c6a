"""Every number a run is asked for: its name, unit, definition, and which tallies it is made of.

The counting is in ``counting.py`` and ``histories.py``, the tidy table in ``tables.py``.
"""

from __future__ import annotations

from sim.measures.definitions_of_conditions import OF_CONDITIONS, OF_STATES
from sim.measures.definitions_of_planned_care import PLANNED_CARE
from sim.measures.measure import PER_1000, PER_DAY, PER_YEAR, SAVINGS, Formula, Measure
from sim.measures.parts import DERIVED_PARTS, LABELS, PARTS
from sim.scenario import ALL, Divided

_AE = "NHS England, A&E attendances and emergency admissions"
_KH03 = "NHS England, KH03 bed availability and occupancy (midnight)"
_SITREP = "NHS England, acute discharge situation report"
_EOLC = "OHID, palliative and end of life care profiles"
_NHSOF = "NHS Outcomes Framework"
_OWN = "this model"
_PRICES = "this model, with the prices of the place file"

# fmt: off
_ALL = (
    Measure(
        "emergency_admissions", "Emergency admissions", "admissions a year", "count",
        "Starts of an emergency admission stage with an urgent need, same-day stays included; a move from one such "
        "stage to the next is not a new admission.",
        "NHS Data Dictionary, admission method 21 to 28 and 2A to 2D", True, True, Formula("admissions", PER_YEAR),
    ),
    Measure(
        "emergency_admissions_per_1000",
        "Emergency admissions per 1,000", "admissions per 1,000 residents a year", "count",
        "Emergency admissions over residents of the group and locality.",
        _OWN, True, True, Formula("admissions", PER_1000, fine=False),
    ),
    Measure(
        "a_and_e_attendances", "A&E attendances", "attendances a year", "count",
        "Arrivals at A&E (type 1), counted when they arrive.",
        _AE, True, True, Formula("attendances", PER_YEAR),
    ),
    Measure(
        "a_and_e_attendances_per_1000", "A&E attendances per 1,000", "attendances per 1,000 residents a year", "count",
        "A&E attendances over residents of the group and locality.",
        _OWN, True, True, Formula("attendances", PER_1000, fine=False),
    ),
    Measure(
        "share_of_admissions_through_a_and_e", "Emergency admissions through A&E", "share", "share",
        "Emergency admissions whose stage before was A&E, over all emergency admissions.",
        _AE, None, True, Formula("admissions_through_a_and_e", "admissions"),
    ),
    Measure(
        "ambulatory_care_sensitive_admissions",
        "Admissions for ambulatory-care-sensitive needs", "admissions a year", "count",
        "Emergency admissions for needs that good care in the community may prevent.",
        f"{_NHSOF} 2.3.i and 3a", True, False, Formula("ambulatory_care_sensitive", PER_YEAR),
    ),
    Measure(
        "pilot_admissions", "Emergency admissions a pilot counts", "admissions a year", "count",
        "The part of emergency admissions that a pilot counts as its own, such as non-elective medical ones: a share "
        "of needs, the same ones with the plan and without (`urgent_needs.counted_by_pilot_share`).",
        _OWN, True, False, Formula("pilot_admissions", PER_YEAR),
    ),
    Measure(
        "pilot_admissions_per_1000", "Emergency admissions a pilot counts, per 1,000",
        "admissions per 1,000 residents a year", "count",
        "Emergency admissions a pilot counts over residents of the group and locality.",
        _OWN, True, False, Formula("pilot_admissions", PER_1000, fine=False),
    ),
    *PLANNED_CARE,
    Measure(
        "admissions_by_weekday", "Emergency admissions by weekday", "share of the week's admissions", "share",
        "Emergency admissions started on each weekday over all of them.",
        _OWN, None, True, Formula("admissions_by_weekday", "admissions", total=False, of_total=True, fine=False),
    ),
    Measure(
        "winter_over_summer", "Winter over summer admissions", "ratio", "mean",
        "Emergency admissions a day in December to February over June to August.",
        _OWN, None, True,
    ),
    Measure(
        "acute_beds_occupied", "Acute beds occupied", "beds", "stock",
        "People in an acute stage at midnight, mean over the midnights at which the days begin.",
        _KH03, None, True, Formula("acute_at_midnight", PER_DAY),
    ),
    Measure(
        "occupied_at_hour", "Acute beds occupied by hour", "beds", "stock",
        "People in an acute stage on each hour of the day.",
        _OWN, None, False, Formula("acute_by_hour", PER_DAY, total=False, fine=False),
    ),
    Measure(
        "acute_occupancy", "Acute bed occupancy", "share", "share",
        "People at midnight in pools that serve overnight acute stages over the capacity of these pools.",
        f"{_KH03}; adult general and acute", True, True,
        Formula("acute_pools_used", "acute_pools_capacity", whole=True),
    ),
    Measure(
        "monthly_occupancy", "Acute bed occupancy by month", "share", "share",
        "Acute bed occupancy in each month of the calendar.",
        _KH03, True, True,
        Formula("acute_used_by_month", "acute_capacity_by_month", total=False, whole=True, fine=False),
    ),
    Measure(
        "spread_of_occupancy", "Spread of daily acute occupancy", "share (standard deviation)", "mean",
        "Standard deviation of acute bed occupancy over the midnights of the period.",
        _OWN, True, True,
    ),
    Measure(
        "emergency_bed_days", "Emergency bed days", "bed days a year", "count",
        "Midnights spent in acute emergency admission stages by people with an urgent need.",
        _KH03, True, True, Formula("emergency_nights", PER_YEAR),
    ),
    Measure(
        "emergency_bed_days_per_1000", "Emergency bed days per 1,000", "bed days per 1,000 residents a year", "count",
        "Emergency bed days over residents of the group and locality.",
        _OWN, True, True, Formula("emergency_nights", PER_1000, fine=False),
    ),
    Measure(
        "total_bed_days", "Bed days in acute and community beds", "bed days a year", "count",
        "Midnights spent in acute stages and in community bed stages.",
        _KH03, True, False, Formula("bed_nights", PER_YEAR),
    ),
    Measure(
        "mean_length_of_stay", "Mean length of emergency stay", "days", "mean",
        "Midnights in acute stages from admission to leaving, delay included, over emergency stays that ended, dead or "
        "alive; stays in a same-day stage that is not acute count as 0 days.",
        "Hospital Episode Statistics, length of stay", True, True,
        Formula("nights_of_stays_ended", "emergency_stays_ended"),
    ),
    Measure(
        "delayed_overnight", "Delayed overnight", "patients", "stock",
        "People in an overnight acute stage at midnight who were ready to leave by then, also those who only wait for "
        "an open door; parts by pathway, `none` for those who leave by none or had not left when the run ended.",
        f"{_SITREP}: no criteria to reside, not discharged", True, True, Formula("delayed", PER_DAY),
    ),
    Measure(
        "delay_days", "Mean delay", "days", "mean",
        "Ready to left, over live discharges from overnight acute stages, by pathway; the wait for an "
        "open door included.",
        f"{_SITREP}, by Little's law", True, True, Formula("delay_minutes", "delays", 1 / 1440),
    ),
    Measure(
        "delay_share_by_reason", "Delay by reason", "share of delay", "share",
        "Share of the time of delay on discharge that was process, sourcing or capacity: drawn parts cut off at "
        "leaving; capacity is the rest on pathways 1 to 3, pathway 0's rest is the wait for the door and left out.",
        f"{_SITREP}, reasons for delay", None, True,
        Formula("delay_by_reason", "delay_over", total=False, fine=False),
    ),
    Measure(
        "elapsed_delay_of_those_delayed", "Days already delayed", "days", "mean",
        "Midnight less ready, mean over those delayed overnight.",
        f"{_SITREP}, days since ready", True, True, Formula("elapsed_minutes", "delayed_now", 1 / 1440),
    ),
    Measure(
        "community_delayed_share", "Community-bed patients delayed", "share", "share",
        "Those ready to leave at midnight over all people in community beds at midnight.",
        "NHS England, community discharge situation report", True, True,
        Formula("community_delayed", "community_at_midnight"),
    ),
    Measure(
        "discharges_by_pathway", "Live overnight discharges", "discharges a year", "count",
        "People leaving an overnight stage alive by a discharge pathway.",
        _SITREP, None, True, Formula("discharges", PER_YEAR),
    ),
    Measure(
        "discharge_share_by_pathway", "Discharges by pathway", "share of live overnight discharges", "share",
        "Live overnight discharges on each pathway over all of them.",
        _SITREP, None, True, Formula("discharges", "discharges", total=False, of_total=True, fine=False),
    ),
    Measure(
        "readmission_30_day_share", "Readmitted within 30 days", "share of live overnight discharges", "share",
        "Live overnight discharges of residents followed by an emergency admission within 30 days for any reason, "
        "over those with 30 days left in the run.",
        f"{_NHSOF} 3b", True, True, Formula("readmitted", "discharges_followed"),
    ),
    Measure(
        "wait_mean", "Mean wait", "hours", "mean",
        "Asked to started by stage, over everybody who asked in the period; those never seen count until they left "
        "the queue, those still waiting until the end of the run.",
        _OWN, True, False, Formula("wait_minutes", "waits", 1 / 60, total=False, fine=False),
    ),
    Measure(
        "wait_95th", "Wait of the worst 5%", "hours", "mean",
        "95th percentile of the waits of `wait_mean`, to within 4%.",
        _OWN, True, False,
    ),
    Measure(
        "four_hour_share", "A&E within four hours", "share of attendances", "share",
        "A&E attendances that left (admission and the wait for its bed included) within 240 minutes of arriving.",
        _AE, False, False, Formula("within_four_hours", "a_and_e_left"),
    ),
    Measure(
        "twelve_hour_waits", "Twelve-hour waits", "waits a year", "count",
        "Admissions through A&E that waited more than 12 hours from the decision to admit (ready in A&E) to a bed.",
        _AE, True, False, Formula("twelve_hours", PER_YEAR),
    ),
    Measure(
        "gp_unseen_share", "Urgent requests general practice did not see", "share of requests", "share",
        "Urgent requests that ended without an appointment: went elsewhere (`diverted`) or dropped out "
        "(`gave_up`).",
        _OWN, True, False, Formula("gp_unseen", "gp_requests", of_total=True),
    ),
    Measure(
        "gp_wait", "Wait for an urgent GP appointment", "hours", "mean",
        "Asked to started, as `wait_mean`, for the urgent general practice stage.",
        _OWN, True, False, Formula("gp_wait_minutes", "gp_waits", 1 / 60),
    ),
    Measure(
        "gp_minutes_shed", "Routine GP time shed", "minutes a year", "count",
        "Minutes of routine work deferred beyond the backlog and given up.",
        _OWN, True, False, Formula("gp_minutes_shed", PER_YEAR, whole=True),
    ),
    Measure(
        "community_beds_occupied", "Community beds occupied", "beds", "stock",
        "People in a community bed stage at midnight.",
        _KH03, None, True, Formula("community_at_midnight", PER_DAY),
    ),
    Measure(
        "community_occupancy", "Community bed occupancy", "share", "share",
        "People at midnight in pools that serve community bed stages over the capacity of these pools.",
        _KH03, None, True, Formula("community_pools_used", "community_pools_capacity", whole=True),
    ),
    Measure(
        "pool_capacity", "Capacity", "places, or slots a day", "stock",
        "Capacity of the pool, mean over the days.",
        _OWN, None, False, Formula("pool_capacity", PER_DAY, total=False, whole=True, fine=False),
    ),
    Measure(
        "pool_occupied", "Places in use", "places, or slots a day", "stock",
        "People in the pool, counted each hour on the hour; for slots the number used each day.",
        _OWN, None, False, Formula("pool_used", PER_DAY, total=False, whole=True),
    ),
    Measure(
        "pool_occupancy", "Occupancy", "share", "share",
        "Places in use over capacity; pools without limit are left out.",
        _OWN, None, False, Formula("pool_used", "pool_capacity", total=False, whole=True),
    ),
    Measure(
        "pool_full_share", "Time full", "share of the time", "share",
        "Share of hours (for slots: of days) with capacity on which as much or more is in use.",
        _OWN, True, False, Formula("pool_full", "pool_open", total=False, whole=True),
    ),
    Measure(
        "waiting", "People waiting", "people", "stock",
        "People who asked for a stage of this pool and have not started, mean over time to the minute.",
        _OWN, True, False, Formula("waiting_minutes", PER_DAY, 1 / 1440, total=False),
    ),
    Measure(
        "waiting_after_another_stage", "People waiting who come from another stage", "people", "stock",
        "Those of `waiting` who come from a stage, most of them keeping their old place meanwhile.",
        _OWN, True, False, Formula("waiting_after_minutes", PER_DAY, 1 / 1440, total=False),
    ),
    Measure(
        "care_home_entries", "Care-home entries", "entries a year", "count",
        "Starts of a stage that makes a care home the residence.",
        "ASCOF 2A", True, False, Formula("care_home_entries", PER_YEAR),
    ),
    Measure(
        "home_care_starts", "Home-care starts", "starts a year", "count",
        "Starts of a stage that makes home with care the residence.",
        _OWN, None, False, Formula("home_care_starts", PER_YEAR),
    ),
    Measure(
        "residents", "Residents by residence", "people", "stock",
        "People holding a care-home place or a home-care package at midnight, also while in hospital; the rest "
        "live in their own home without care.",
        _OWN, None, True, Formula("residents", PER_DAY, fine=False),
    ),
    Measure(
        "deaths", "Deaths", "deaths a year", "count",
        "Deaths of residents, all places; parts by place of death.",
        "ONS, deaths registered", True, True, Formula("deaths", PER_YEAR),
    ),
    Measure(
        "deaths_per_1000", "Deaths per 1,000", "deaths per 1,000 residents a year", "count",
        "Deaths over residents of the group and locality.",
        "ONS, deaths registered", True, True, Formula("deaths", PER_1000, fine=False),
    ),
    Measure(
        "place_of_death_share", "Place of death", "share of deaths", "share",
        "Deaths in each place over all deaths; hospice counts with home.",
        _EOLC, None, True, Formula("deaths", "deaths", total=False, of_total=True, fine=False),
    ),
    Measure(
        "deaths_with_3_emergency_admissions_in_last_90_days",
        "Dying after three or more admissions", "share of deaths", "share",
        "Deaths with three or more emergency admissions in the last 90 days of life.",
        _EOLC, True, True, Formula("deaths_after_three", "deaths", of_total=True, fine=False),
    ),
    Measure(
        "admissions_in_last_100_days", "Emergency admissions in the last 100 days", "admissions per death", "mean",
        "Emergency admissions in the last 100 days of life per death.",
        _OWN, True, False, Formula("admissions_before_death", "deaths", of_total=True, fine=False),
    ),
    Measure(
        "enrolled", "Enrolled", "people a year", "count",
        "Enrolments in each programme.",
        _OWN, None, False, Formula("enrolled", PER_YEAR),
    ),
    Measure(
        "would_be_enrolled", "Would have been enrolled", "people a year", "count",
        "People each programme would have enrolled had it been running.",
        _OWN, None, False, Formula("would_be_enrolled", PER_YEAR),
    ),
    Measure(
        "members", "Members of programmes", "people", "stock",
        "People enrolled at midnight, until the funding ends.",
        _OWN, None, False, Formula("members", PER_DAY),
    ),
    Measure(
        "admissions_of_members", "Emergency admissions of members", "admissions a year", "count",
        "Emergency admissions of people from the day they join a programme, also after they leave it; without the "
        "plan, from the day they would have joined.",
        _OWN, True, False, Formula("member_admissions", PER_YEAR, total=False, fine=False),
    ),
    Measure(
        "planned_admissions_of_members", "Planned admissions of members", "admissions a year", "count",
        "Planned overnight admissions of people from the day they join a programme, counted likewise.",
        _OWN, None, False, Formula("member_planned", PER_YEAR, total=False, fine=False),
    ),
    Measure(
        "needs_avoided", "Needs avoided", "needs a year", "count",
        "Needs of the baseline that programmes kept from happening, by severity.",
        _OWN, False, False, Formula("needs_avoided", PER_YEAR),
    ),
    Measure(
        "dropped_needs", "Needs that came while in care", "needs a year", "count",
        "Needs of somebody already in urgent care or a bed; not acted on.",
        _OWN, None, False, Formula("dropped_needs", PER_YEAR, fine=False),
    ),
    Measure(
        "two_or_more_share", "Admissions of people with two or more", "share of the index year's admissions", "share",
        "People 65+ with two or more emergency admissions in the index year (the period): their admissions in that "
        "year (`year 0`) and n years later (`year n`) over all admissions of their age group in the index year. "
        "The dead count as 0, their successors do not count.",
        "Roland and others 2005, BMJ 330:289", None, True,
    ),
    Measure(
        "frailty", "Mean frailty", "steps (0 fit, 1 mild, 2 moderate, 3 severe)", "mean",
        "Mean step of frailty of people alive when last looked at.",
        _OWN, True, False,
    ),
    Measure(
        "care_plan_coverage", "People with a care plan", "share of people", "share",
        "People alive with a care plan when last looked at; `end_of_life`: of those nearing the end of life.",
        _OWN, False, False,
    ),
    Measure(
        "programme_gp_minutes", "Doctors' time for programmes", "minutes a year", "count",
        "Doctors' minutes a month for each member of a programme, times members and months.",
        _OWN, None,
    ),
    Measure(
        "programme_cost", "Cost of the plan", "GBP a year", "count",
        "What interventions state that they cost: by member, by year and once, the last spread evenly over the years "
        "given; doctors' time not included. For everybody together only.",
        _OWN, True,
    ),
    Measure(
        "care_cost", "Cost of care", "GBP a year", "count",
        "Activity times its average cost, by kind of activity as the place prices it; the cost of the plan, and places "
        "that it adds and pays for, not included. In a group or locality: the kinds that are counted by it.",
        _PRICES, True,
    ),
    Measure(
        "tariff_value", "Value at tariff", "GBP a year", "count",
        "Activity less than without the plan times what is paid for one; negative if there is more.",
        _PRICES, False,
    ),
    Measure(
        "marginal_value", "Value of what varies", "GBP a year", "count",
        "Activity less than without the plan times its cost and the share of the cost that goes with it, "
        "without closing anything; negative if there is more.",
        _PRICES, False,
    ),
    Measure(
        "cash_released", "Cash released in whole wards", "GBP a year", "count",
        "Whole wards that the fall in people in acute beds empties at each site (negative: wards more), times what a "
        "closed ward saves. A part of a ward releases nothing.",
        _PRICES, False,
    ),
    Measure(
        "net_saving_at_tariff", "Net saving at tariff", "GBP a year", "count",
        "Value at tariff less the cost of the plan.",
        _PRICES, False,
    ),
    Measure(
        "net_saving_at_marginal_cost", "Net saving in what varies", "GBP a year", "count",
        "Value of what varies less the cost of the plan.",
        _PRICES, False,
    ),
    Measure(
        "net_saving_in_cash", "Net saving in cash", "GBP a year", "count",
        "Cash released in whole wards less the cost of the plan.",
        _PRICES, False,
    ),
    Measure(
        "eq5d", "Health status (proxy)", "EQ-5D utility", "mean",
        "PROXY, not measured: general-population utility by age, less a decrement for care-home residents and for "
        "people in an acute bed, mean over residents (see calibration/proxies.yaml).",
        "Ara and Brazier 2010; decrements assumed", False, False, Formula("utility", "resident_days"),
    ),
    Measure(
        "coordination", "Experience of coordination (proxy)", "share of people", "share",
        "PROXY, not measured: share expected to find their care well coordinated, by care plan (see "
        "calibration/proxies.yaml).",
        "assumption", False, False,
    ),
    Measure(
        "self_management", "Ability to self-manage (proxy)", "share of people", "share",
        "PROXY, not measured: share expected to be confident, by frailty and care plan (see calibration/proxies.yaml).",
        "assumption", False, False,
    ),
)
# fmt: on

MEASURES: dict[str, Measure] = {measure.name: measure for measure in (*_ALL, *OF_CONDITIONS)}
"""Every measure by name, in the order of reports."""


# -- what claims may be about --------------------------------------------------------------------------------------

_KIND = {**PARTS, **DERIVED_PARTS}
_OF_THE_PLACE = ("stage", "pool", "programme", "condition", "complication")
_OTHER_PARTS = {
    **dict.fromkeys(OF_STATES, ("<condition>",)),
    "attendance": ("<programme>",),
    "wait_95th": ("<stage>",),
    "care_plan_coverage": (ALL, "end_of_life"),
    "two_or_more_share": tuple(f"year {since}" for since in range(20)),
    **dict.fromkeys(("care_cost", "tariff_value", "marginal_value"), ("<activity>", ALL)),
    "cash_released": ("<pool>", ALL),
    "programme_cost": ("<intervention>", ALL),
}
"""Parts of the measures that are not one tally over another; of the rest only all."""
_UNDIVIDED = ("spread_of_occupancy", "cash_released", "programme_cost", *SAVINGS.values())
"""Of those, what is known for the whole place only."""


def _divided(measure: Measure) -> Divided:
    formula = measure.formula
    if formula is None:
        return Divided(_OTHER_PARTS.get(measure.name, (ALL,)), by_day=False, by_group=measure.name not in _UNDIVIDED)
    kind = _KIND[formula.tally]
    parts = (f"<{kind}>",) if kind in _OF_THE_PLACE else LABELS[kind]
    total = (ALL,) if formula.total and parts != (ALL,) else ()
    return Divided((*parts, *total), by_day=True, by_group=not formula.whole)


CLAIMABLE: dict[str, Divided] = {name: _divided(measure) for name, measure in MEASURES.items()}
"""What claims may be about, by measure."""
