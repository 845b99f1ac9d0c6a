"""Measures of the course of long-term conditions: registers, crises, complications, days limited by symptoms."""

from __future__ import annotations

from sim.measures.measure import PER_YEAR, Formula, Measure

_QOF = "NHS England, Quality and Outcomes Framework, disease registers"
_OWN = "this model"

# fmt: off
OF_CONDITIONS = (
    Measure(
        "people_with_condition", "People with the condition", "people", "stock",
        "People alive who have the condition, recognised or not, when last looked at.",
        _OWN, None, False,
    ),
    Measure(
        "register", "People on the register", "people", "stock",
        "People alive in whom the condition is recognised when last looked at; only conditions whose course is "
        "followed.",
        _QOF, None, False,
    ),
    Measure(
        "recognised_share", "Recognised", "share of people with the condition", "share",
        "People in whom the condition is recognised over people who have it, when last looked at.",
        _OWN, False, False,
    ),
    Measure(
        "managed_share", "Managed", "share of people on the register", "share",
        "People with a completed plan of care for the condition over those on its register, when last looked at.",
        _QOF, False, False,
    ),
    Measure(
        "recognitions", "Conditions recognised", "people a year", "count",
        "People put on the register of a condition.",
        _OWN, None, False, Formula("recognitions", PER_YEAR, total=False),
    ),
    Measure(
        "management_starts", "Plans of care begun", "people a year", "count",
        "People on the register of a condition who begin to be managed.",
        _OWN, None, False, Formula("management_starts", PER_YEAR, total=False),
    ),
    Measure(
        "condition_needs", "Crises by condition", "needs a year", "count",
        "Urgent needs that a condition causes, counted when the person first asks for care.",
        _OWN, True, False, Formula("condition_needs", PER_YEAR, total=False),
    ),
    Measure(
        "condition_admissions", "Emergency admissions by condition", "admissions a year", "count",
        "Emergency admissions, readmissions included, for urgent needs that a condition causes.",
        _OWN, True, False, Formula("condition_admissions", PER_YEAR, total=False),
    ),
    Measure(
        "condition_referrals", "Referrals for the condition", "referrals a year", "count",
        "Planned referrals made because a condition was recognised or came to be managed, such as to rehabilitation.",
        _OWN, None, False, Formula("condition_referrals", PER_YEAR, total=False),
    ),
    Measure(
        "complications", "Complications", "complications a year", "count",
        "Complications of the conditions followed, such as amputations.",
        _OWN, True, False, Formula("complications", PER_YEAR, total=False),
    ),
    Measure(
        "symptom_days", "Days limited by symptoms", "days a month", "mean",
        "Days a month on which symptoms limit what people do, mean over people who have the condition, recognised or "
        "not, when last looked at: the days stated for each state, and what programmes do to them.",
        _OWN, True, False,
    ),
    Measure(
        "attendance", "Taking part", "share of those invited", "share",
        "Members of a programme for a condition over people of its ages in whom one of its conditions is recognised, "
        "when last looked at.",
        _OWN, False, False,
    ),
)
# fmt: on

OF_STATES = ("people_with_condition", "register", "recognised_share", "managed_share", "symptom_days")
"""Those that are known by condition from looking at people."""
