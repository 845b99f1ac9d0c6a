"""Running a scenario: pairing of the arms, replications, workers."""

from __future__ import annotations

import datetime as dt
import signal
from functools import cache

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.experiments.loops import loops
from sim.experiments.runner import arms_of, replication, replications, run, simulated
from sim.experiments.spread import Spread
from sim.files.reading import load_scenario
from sim.interventions import Intervention
from sim.measures.measure import SAVINGS
from sim.results import BASELINE, PLAN, Results
from sim.scenario import Scenario

KEYS = ["measure", "period", "group", "locality", "of"]
SMALL = {"run.scale": "0.005", "run.years": "1", "run.warm_up_days": "91", "run.replications": "2"}
ALONE = Spread(workers=1)
ENROLMENT = {"enrolled", "would_be_enrolled", "members"}


@cache
def stroke_units() -> Results:
    return run(stroke(), ALONE)


def stroke(years: str = "0.75", replications: int = 3) -> Scenario:
    changes = {"run.years": years, "run.replications": str(replications), "run.warm_up_days": "91"}
    return load_scenario("stroke_units", changes)


def with_interventions(scenario: Scenario, *interventions: Intervention) -> Scenario:
    return scenario.model_copy(update={"interventions": interventions})


def arm(table: pd.DataFrame, name: str) -> pd.Series[float]:
    return table[table["arm"] == name].set_index(["replication", *KEYS])["value"].sort_index()


def test_the_number_of_workers_does_not_change_the_table() -> None:
    one = stroke_units()
    for two in (run(stroke(), Spread(workers=2)), run(stroke(), Spread(workers=2, in_processes=True))):
        pd.testing.assert_frame_equal(one.measures, two.measures, check_exact=True)
        pd.testing.assert_frame_equal(one.claims, two.claims, check_exact=True)


def test_a_replication_alone_is_the_one_of_the_batch() -> None:
    arms = arms_of(stroke())
    alone = replication(arms, 2, arms.names)
    batch = stroke_units().measures
    of_batch = batch[batch["replication"] == 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, of_batch, check_exact=True)


@pytest.mark.usefixtures("keyboard")
def test_an_interrupt_leaves_the_replications_that_are_done() -> None:
    def interrupt(done: int, of: int) -> None:
        if done == 2:
            signal.raise_signal(signal.SIGINT)

    cut = run(stroke(), Spread(1, progress=interrupt))
    assert cut.provenance["cut_short"] == "interrupted after 1 of 3 replications"
    assert cut.provenance["replications"] == 1
    whole = stroke_units().measures
    pd.testing.assert_frame_equal(cut.measures, whole[whole["replication"] == 0], check_exact=True)


@pytest.mark.usefixtures("keyboard")
def test_an_interrupt_before_anything_is_done_ends_it() -> None:
    def interrupt(done: int, of: int) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="the same command begins again"):
        run(stroke(), Spread(1, progress=interrupt))


def test_one_arm_alone_is_the_one_of_the_pair() -> None:
    arms = arms_of(stroke())
    alone = replication(arms, 0, (PLAN,))
    pair = stroke_units().measures
    of_pair = pair[(pair["replication"] == 0) & (pair["arm"] == PLAN)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, of_pair, check_exact=True)


def test_replications_have_luck_of_their_own_and_the_plan_does_something() -> None:
    table = stroke_units().measures
    beds = arm(table[table["measure"] == "acute_beds_occupied"], BASELINE)
    assert beds.loc[0].to_numpy() != pytest.approx(beds.loc[1].to_numpy())
    assert not arm(table, BASELINE).equals(arm(table, PLAN))


def test_the_arms_are_equal_until_the_plan_begins() -> None:
    scenario = stroke()
    (given,) = scenario.interventions
    later = dt.date(2026, 10, 1)
    beds = tuple(step.model_copy(update={"from_date": later}) for step in given.beds)
    plan = given.model_copy(update={"ramp": given.ramp.model_copy(update={"starts": later}), "beds": beds})
    arms = arms_of(with_interventions(scenario, plan))
    table = replication(arms, 0, arms.names)
    weeks = table["period"].str.startswith("week ")
    week = table["period"].where(weeks, "week 0").str[5:].astype(int)
    baseline, with_plan = (arm(table[weeks & (week <= 26)], name) for name in arms.names)
    pd.testing.assert_series_equal(baseline, with_plan, check_exact=True)
    after = (arm(table[weeks & (week > 26)], name) for name in arms.names)
    assert not next(after).equals(next(after))


def test_a_plan_that_begins_after_the_run_changes_nothing() -> None:
    scenario = stroke()
    (given,) = scenario.interventions
    never = given.model_copy(
        update={"ramp": given.ramp.model_copy(update={"starts": dt.date(2040, 1, 1)}), "beds": given.beds[:0]}
    )
    arms = arms_of(with_interventions(scenario, never))
    assert arms.part_minute == arms.baseline.names.end_minute
    table = replication(arms, 0, arms.names)
    pd.testing.assert_series_equal(arm(table, BASELINE), arm(table, PLAN), check_exact=True)


def test_strength_nought_has_exactly_no_effect() -> None:
    changes = SMALL | {
        "interventions.0.strength": "0",
        "interventions.1.strength": "0",
        "interventions.2.strength": "0",
    }
    changes |= {f"interventions.{n}.takes.gp_minutes_per_person_month": "0" for n in range(3)}
    changes |= {"interventions.0.care_plan": "false", "interventions.1.care_plan": "false"}
    changes |= {"interventions.2.care_plan": "false"}
    arms = arms_of(load_scenario("nwl_pilot", changes))
    table = replication(arms, 0, arms.names)
    table = table[~table["measure"].isin({*ENROLMENT, "programme_cost", *SAVINGS.values()})]  # it costs as much
    pd.testing.assert_series_equal(arm(table, BASELINE), arm(table, PLAN), check_exact=True)
    assert (table["measure"] == "emergency_admissions").any()


def test_more_need_shows_from_the_first_day_on() -> None:
    """Also in the middle of a quarter, whose needs were read before the plan began."""
    begins = dt.date(2026, 5, 13)
    wave = Intervention.model_validate(
        {
            "name": "A wave",
            "what": "Six times the need.",
            "ramp": {"starts": begins},
            "needs": (
                {"severity": ("minor", "acute"), "ratio": 6.0, "from_date": begins, "until": dt.date(2026, 6, 10)},
            ),
        }
    )
    arms = arms_of(with_interventions(load_scenario("england_baseline", SMALL), wave))
    table = replication(arms, 0, arms.names)
    arrivals = table[(table["measure"] == "a_and_e_attendances") & table["period"].str.startswith("week ")]
    wide = arrivals.pivot_table(index="period", columns="arm", values="value")
    before, during = [f"week {n}" for n in range(1, 7)], [f"week {n}" for n in range(7, 11)]
    assert (wide.loc[before, PLAN] == wide.loc[before, BASELINE]).all()
    assert (wide.loc[during, PLAN] > 2 * wide.loc[during, BASELINE]).all()


def test_a_scenario_without_plan_has_one_arm() -> None:
    arms = arms_of(with_interventions(stroke()))
    assert arms.names == (BASELINE,)
    assert set(replication(arms, 0, arms.names)["arm"]) == {BASELINE}


def test_progress_is_told_from_none_to_all() -> None:
    arms = arms_of(stroke())
    told: list[tuple[int, int]] = []
    replications(
        [(arms, n, (BASELINE,)) for n in range(3)], Spread(1, progress=lambda done, of: told.append((done, of)))
    )
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_the_first_line_says_scale_and_horizon() -> None:
    assert simulated(load_scenario("england_baseline", {"run.scale": "0.2"})) == (
        "people and capacities at scale 0.2, 2 years measured after 1 year of warm-up, 4 replications"
    )
    assert simulated(stroke("0.5", 1)).endswith("182 days measured after 91 days of warm-up, 1 replication")


def test_a_feedback_switched_off_shows_in_its_measure() -> None:
    switched_off = {name: "0" for name in ("gp_access", "pressure", "deconditioning", "programme_time", "case_finding")}
    changes = SMALL | {"run.years": "0.25", "run.warm_up_days": "0"}
    changes |= {f"place.loops.{name}": value for name, value in switched_off.items()}
    table = loops(load_scenario("england_baseline", changes), ALONE).set_index(["loop", "measure"])
    blocked = table.loc[("exit_block", "four_hour_share")]
    assert blocked["difference"] == pytest.approx(blocked["with_loop"] - blocked["without_loop"])
    assert blocked["difference"] < 0
    off = table.loc[("gp_access", "a_and_e_attendances")]
    assert (off["shows"], off["difference"]) == ("off", 0)
    assert np.isfinite(table["with_loop"]).all()


def test_a_place_without_people_has_no_feedbacks_to_switch_off() -> None:
    with pytest.raises(InputError, match="no feedbacks"):
        loops(stroke(), ALONE)
