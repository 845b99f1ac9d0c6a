"""The measures of planned care: referrals, triage, first appointments and operations; see ``definitions.py``."""

from __future__ import annotations

from sim.measures.measure import PER_YEAR, Formula, Measure

_OWN = "this model"

# fmt: off
PLANNED_CARE = (
    Measure(
        "first_appointments", "First hospital appointments", "appointments a year", "count",
        "First appointments with a specialist in hospital after a planned referral: `direct`, or `after_a_clinic` "
        "ahead of it that sent the person on.",
        _OWN, None, False, Formula("first_appointments", PER_YEAR),
    ),
    Measure(
        "conversion", "Operations decided for each first appointment", "share of first appointments", "share",
        "First hospital appointments after which an operation was decided, over all of them; by the way people came.",
        _OWN, None, False, Formula("operations_decided", "first_appointments", fine=False),
    ),
    Measure(
        "needless_appointments", "First appointments of people who would not benefit", "share of first appointments",
        "share",
        "First hospital appointments of people who would not benefit from an operation, over all of them; only where "
        "they are told apart (`planned_care.operation_share`).",
        _OWN, True, False, Formula("appointments_needless", "appointments_told_apart", fine=False),
    ),
    Measure(
        "managed_in_clinic", "Managed by a clinic ahead of hospital", "share of those seen there", "share",
        "Referred people who went home from a clinic ahead of hospital, over all it saw first.",
        _OWN, None, False, Formula("clinic_managed", "clinic_seen", fine=False),
    ),
    Measure(
        "benefit_missed", "Would benefit from an operation and were not sent on", "share of those seen there", "share",
        "People who would benefit from an operation and went home from a clinic ahead of hospital, over all such "
        "people it saw first (1 less its sensitivity).",
        _OWN, True, False, Formula("clinic_benefit_missed", "clinic_benefit_seen", fine=False),
    ),
    Measure(
        "referrals", "Planned referrals", "referrals a year", "count",
        "New referrals for planned care, to a hospital or to a clinic ahead of it, counted when they are made.",
        _OWN, None, False, Formula("referrals", PER_YEAR),
    ),
    Measure(
        "outpatients", "Outpatient attendances", "attendances a year", "count",
        "All outpatient attendances, first appointments included: the published rate of each age, moved for those whom "
        "programmes reach; worked out every four weeks, not lived one by one.",
        "Hospital Episode Statistics, outpatients", None, False, Formula("outpatients", PER_YEAR, 1 / 1000),
    ),
    Measure(
        "outpatients_of_members", "Outpatient attendances of members", "attendances a year", "count",
        "Those of `outpatients` that are of people while they are members of a programme; without the plan, of those "
        "who would be. Worked out every four weeks, so from up to four weeks after joining.",
        _OWN, None, False, Formula("member_outpatients", PER_YEAR, 1 / 1000, total=False, fine=False),
    ),
    Measure(
        "planned_admissions", "Planned overnight admissions", "admissions a year", "count",
        "Starts of an overnight acute stage for a planned need.",
        "NHS Data Dictionary, admission method 11 to 13", False, True, Formula("planned", PER_YEAR),
    ),
    Measure(
        "cancellations", "Planned admissions cancelled", "cancellations a year", "count",
        "Planned admissions cancelled for want of a bed; each is rebooked.",
        "NHS England, cancelled elective operations", True, False, Formula("cancelled", PER_YEAR),
    ),
)
# fmt: on
"""In the order of reports."""
