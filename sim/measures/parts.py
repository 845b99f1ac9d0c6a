"""What is counted, and the words for the parts it is counted by: all a check of a file needs to know of measures."""

from __future__ import annotations

from sim.plans.plan import Names
from sim.system import RESIDENCES, SEVERITIES, WEEKDAYS

PATHWAYS = ("P0", "P1", "P2", "P3")
REASONS = ("process", "sourcing", "capacity")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
PARTS: dict[str, str] = {
    "admissions": "one",
    "admissions_through_a_and_e": "one",
    "ambulatory_care_sensitive": "one",
    "pilot_admissions": "one",
    "referrals": "one",
    "first_appointments": "way",
    "operations_decided": "way",
    "appointments_told_apart": "way",
    "appointments_needless": "way",
    "clinic_seen": "one",
    "clinic_managed": "one",
    "clinic_benefit_seen": "one",
    "clinic_benefit_missed": "one",
    "planned": "one",
    "outpatients": "one",
    "cancelled": "one",
    "attendances": "one",
    "a_and_e_left": "one",
    "within_four_hours": "one",
    "twelve_hours": "one",
    "gp_requests": "one",
    "gp_unseen": "unseen",
    "gp_minutes_shed": "one",
    "home_care_starts": "one",
    "care_home_entries": "one",
    "residents": "residence",
    "acute_hours": "one",
    "community_at_midnight": "one",
    "community_delayed": "one",
    "emergency_nights": "one",
    "nights_of_stays_ended": "one",
    "emergency_stays_ended": "one",
    "delayed": "pathway_or_none",
    "delayed_since": "one",
    "discharges": "pathway",
    "delays": "pathway",
    "delay_minutes": "pathway",
    "delay_parts": "pathway_reason",
    "discharges_followed": "one",
    "readmitted": "one",
    "pool_hours": "pool",
    "slots_used": "pool",
    "waiting_minutes": "pool",
    "waiting_after_minutes": "pool",
    "waits": "stage",
    "wait_minutes": "stage",
    "deaths": "place_of_death",
    "deaths_after_three": "one",
    "admissions_before_death": "one",
    "enrolled": "programme",
    "would_be_enrolled": "programme",
    "members": "programme",
    "member_admissions": "programme",
    "member_planned": "programme",
    "member_outpatients": "programme",
    "needs_avoided": "severity",
    "dropped_needs": "severity",
    "recognitions": "condition",
    "management_starts": "condition",
    "condition_needs": "condition",
    "condition_admissions": "condition",
    "condition_referrals": "condition",
    "complications": "complication",
}
"""What is counted, and the kind of parts it is counted by."""

DERIVED_PARTS: dict[str, str] = {
    "resident_days": "one",
    "acute_by_hour": "hour",
    "acute_at_midnight": "one",
    "bed_nights": "bed",
    "pool_used": "pool",
    "pool_at_midnight": "pool",
    "pool_capacity": "pool",
    "pool_full": "pool",
    "pool_open": "pool",
    "acute_pools_used": "one",
    "acute_pools_capacity": "one",
    "community_pools_used": "one",
    "community_pools_capacity": "one",
    "acute_used_by_month": "month",
    "acute_capacity_by_month": "month",
    "admissions_by_weekday": "weekday",
    "season": "one",
    "delay_by_reason": "reason",
    "delay_over": "reason",
    "delayed_now": "one",
    "elapsed_minutes": "one",
    "gp_waits": "one",
    "gp_wait_minutes": "one",
    "utility": "one",
}
"""What ``derived.py`` works out of it, and the kind of parts."""

WHOLE = frozenset({"pool_hours", "slots_used", "gp_minutes_shed"})
"""Counted for the whole place only, not by age and locality."""
HOURLY = frozenset({"acute_hours", "pool_hours"})
"""Counted on each hour instead of each day."""

WAIT_BINS = "wait_bins"
"""Counted by stage, age and locality, year and length of wait."""
MARKS = ("acute_pools", "community_pools")
"""Which pools are of acute and of community beds: found from who is in them."""

CHANGES = frozenset(
    {
        "residents", "acute_hours", "community_at_midnight", "community_delayed", "emergency_nights", "delayed",
        "delayed_since", "pool_hours", "waiting_minutes", "waiting_after_minutes", "members",
    }
)  # fmt: skip
"""Counted as changes from one day (or hour) to the next, which add up to the count."""

_BY_PATHWAY = tuple(f"{pathway} {reason}" for pathway in PATHWAYS for reason in REASONS)
LABELS: dict[str, tuple[str, ...]] = {
    "one": ("all",),
    "pathway": PATHWAYS,
    "pathway_or_none": (*PATHWAYS, "none"),
    "pathway_reason": _BY_PATHWAY,
    "reason": (*REASONS, *_BY_PATHWAY),
    "residence": RESIDENCES,
    "severity": SEVERITIES,
    "place_of_death": ("home", "care_home", "hospital", "other"),
    "unseen": ("gave_up", "diverted"),
    "bed": ("acute", "community"),
    "hour": tuple(str(hour) for hour in range(24)),
    "month": MONTHS,
    "weekday": WEEKDAYS,
    "way": ("direct", "after_a_clinic"),
}
"""The words for the parts of each kind that is the same everywhere; stages, pools and programmes are the place's."""


def part_labels(names: Names) -> dict[str, tuple[str, ...]]:
    """The words for the parts of each kind."""
    of_place = {"stage": names.stages, "pool": names.pools, "programme": names.programmes}
    return LABELS | of_place | {"condition": names.conditions, "complication": names.complications}
