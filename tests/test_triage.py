"""Conversion to surgery comes out of who would benefit, whom a clinic sends on and whom a surgeon operates on."""

from __future__ import annotations

from math import sqrt

import pytest

from sim import rules
from sim.engines import fast_engine
from sim.expected.net_rates import net_rates
from sim.files.reading import load_scenario
from sim.measures.definitions import MEASURES
from sim.measures.tally import Tally
from sim.plans.compile import compile_plan
from sim.rules import DAY, PLANNED, PLANNED_OPERATION
from sim.scenario import Scenario

BENEFIT, SENSITIVITY, FALSE_ALARM, TO_CLINIC = 0.28, 0.75, 0.15, 0.5
OPERATED, OPERATED_ANYHOW = 0.95, 0.0274
CLINIC = "interventions.interface_clinic"


@pytest.mark.parametrize(
    ("u", "height", "severity"),
    [(0.29, 1.0, PLANNED), (0.27, 1.0, PLANNED_OPERATION), (0.27, 2.3, PLANNED), (0.27, 2.2, PLANNED_OPERATION)],
)
def test_who_would_benefit(u: float, height: float, severity: int) -> None:
    """The rate is 2.25, drawn up by a fifth to 2.7: a referral between the two is a simple problem."""
    assert rules.referred_for(u, BENEFIT, height, 2.7, 1.2) == severity


def triage(**changes: str) -> Scenario:
    """A year of the clinic at a tenth of the place, nobody drawn to it, slots enough for everybody."""
    settled = {
        "run.scale": "0.1", "run.warm_up_days": "30", f"{CLINIC}.ramp.half_time_months": "0",
        f"{CLINIC}.unintended.simple_referrals.ratio": "1", f"{CLINIC}.unintended.deskilling.ratio": "1",
        f"{CLINIC}.pools.interface_clinic.changes.0.capacity": "400", "place.pools.outpatient_clinic.capacity": "500",
    }  # fmt: skip
    return load_scenario("interface_clinic", settled | changes)


def measured(scenario: Scenario) -> dict[tuple[str, str], float]:
    plan = compile_plan(scenario)
    tally = Tally(plan.names)
    tally.add(fast_engine.advance(fast_engine.start(plan, 7, 0), plan, plan.days * DAY))
    table = tally.table()
    chosen = table[(table["period"] == "all") & (table["group"] == "all") & (table["locality"] == "all")]
    return {(row.measure, row.of): row.value for row in chosen.itertuples()}


def test_conversion_follows_from_sensitivity_and_specificity() -> None:
    found = measured(triage())
    sent_on = BENEFIT * SENSITIVITY + (1 - BENEFIT) * FALSE_ALARM
    of_those = BENEFIT * SENSITIVITY / sent_on  # Bayes
    expected = {
        ("conversion", "after_a_clinic"): of_those * OPERATED + (1 - of_those) * OPERATED_ANYHOW,
        ("conversion", "direct"): BENEFIT * OPERATED + (1 - BENEFIT) * OPERATED_ANYHOW,
        ("needless_appointments", "after_a_clinic"): 1 - of_those,
        ("needless_appointments", "direct"): 1 - BENEFIT,
        ("managed_in_clinic", "all"): 1 - sent_on,
        ("benefit_missed", "all"): 1 - SENSITIVITY,
    }
    assert expected["conversion", "after_a_clinic"] == pytest.approx(0.6367, abs=1e-4)
    referrals = found["referrals", "all"] * 0.1
    seen = {"after_a_clinic": referrals * TO_CLINIC * sent_on, "direct": referrals * (1 - TO_CLINIC)}
    seen["all"] = referrals * TO_CLINIC * BENEFIT
    for (measure, of), share in expected.items():
        error = sqrt(share * (1 - share) / seen[of])
        assert found[measure, of] == pytest.approx(share, abs=3.5 * error), (measure, of)
    appointments = found["first_appointments", "all"] * 0.1
    assert appointments == pytest.approx(seen["direct"] + seen["after_a_clinic"], abs=4 * sqrt(referrals))


def test_referrals_drawn_by_a_clinic_are_simple_problems() -> None:
    plain = measured(triage())
    drawn = measured(triage(**{f"{CLINIC}.unintended.simple_referrals.ratio": "1.5"}))
    extra = drawn["referrals", "all"] / plain["referrals", "all"]
    assert extra == pytest.approx(1.5, abs=0.05)
    assert drawn["needless_appointments", "direct"] == pytest.approx(1 - BENEFIT / extra, abs=0.05)
    assert drawn["conversion", "after_a_clinic"] < plain["conversion", "after_a_clinic"]


def test_all_operations_of_today_are_found_again() -> None:
    place = triage().place
    net = net_rates(place)
    assert place.planned_care is not None
    entries = [net.entries[name][place.planned_care.referral_stage] for name in ("planned", "planned_operation")]
    assert entries[1] / sum(entries) == pytest.approx(BENEFIT)
    operated = BENEFIT * OPERATED + (1 - BENEFIT) * OPERATED_ANYHOW
    assert operated == pytest.approx(1 / 3.5, abs=2e-4)


def test_where_they_are_not_told_apart_nobody_is_called_needless() -> None:
    scenario = load_scenario("england_baseline", {"run.scale": "0.02", "run.years": "0.3", "run.warm_up_days": "30"})
    found = measured(scenario)
    assert "needless_appointments" in MEASURES
    assert not {measure for measure, _ in found} & {"needless_appointments", "benefit_missed", "managed_in_clinic"}
    assert not {measure for measure, _ in found} & {"pilot_admissions", "pilot_admissions_per_1000"}
    assert found["conversion", "direct"] == pytest.approx(0.2857, abs=0.15)


def test_the_pilots_own_count() -> None:
    """142 per 1,000 at 75 and over, a part of the 421 there are."""
    scenario = load_scenario("nwl_pilot", {"run.scale": "0.1", "run.years": "1", "run.warm_up_days": "90"})
    plan = compile_plan(scenario, with_interventions=False)
    tally = Tally(plan.names, ("75-84,85+",))
    tally.add(fast_engine.advance(fast_engine.start(plan, 7, 0), plan, plan.days * DAY))
    table = tally.table().set_index(["period", "group", "locality", "measure", "of"])["value"].sort_index()
    of_pilot, of_all = (
        table["all", "75-84,85+", "all", name, "all"]
        for name in ("pilot_admissions_per_1000", "emergency_admissions_per_1000")
    )
    people = 28_000 * 0.1 / 1000
    assert of_pilot / of_all == pytest.approx(0.337, abs=3 * sqrt(0.337 * 0.663 / (of_all * people)))
    assert of_pilot == pytest.approx(142, abs=4 * sqrt(142 / people))
    assert table["all", "18-64", "all", "pilot_admissions_per_1000", "all"] == 0
