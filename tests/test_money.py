"""Money: activity times prices, whole wards, what a plan costs, and the rows a run adds; all worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.experiments.claims import claims_table
from sim.experiments.runner import run
from sim.experiments.spread import Spread
from sim.files.reading import load_place, load_scenario, read_scenario
from sim.files.shipped import shipped
from sim.interventions import CapacityStep, Intervention, Ramp, Takes
from sim.measures.definitions import CLAIMABLE
from sim.money.bill import Bill, Ward, bill_of, cash_released, price_of, whole_wards, with_money
from sim.prices import Price, Prices
from sim.prices import Ward as WardPrices
from sim.quantities import Quantity
from sim.scenario import Claim
from sim.space import quantile, unknown

STARTS = dt.date(2026, 4, 1)
YEAR = dt.timedelta(days=365)


def number(value: float) -> Quantity:
    return Quantity(value=value, source="made up")


def price(cost: float, varies: float, tariff: float | None = None, **counted_by: object) -> Price:
    return Price.model_validate(
        {
            "provider": "acute_trust",
            "payer": "commissioner",
            "cost": cost,
            "varies_share": varies,
            **({} if tariff is None else {"tariff": tariff}),
            **counted_by,
        }
    )


PRICES = Prices(
    price_year="made up",
    activity={
        "admission": price(500, 0.5, 3000, measure="emergency_admissions"),
        "bed_day": price(400, 0.25, 0, measure="acute_beds_occupied"),
        "home_care": price(40, 1, pools=("packages*",)),
        "doctor_minute": price(4, 1, 0, measure="programme_gp_minutes"),
    },
    ward=WardPrices(pools=("acute*",), beds=number(28), occupied_share=number(0.92), cost_per_bed_day=number(300)),
)
POOLS = {name: "" for name in ("packages_north", "packages_south", "acute_a", "acute_b", "clinic")}


def programme(name: str = "Team", **fields: object) -> Intervention:
    return Intervention.model_validate({"name": name, "what": "", "ramp": {"starts": STARTS}, **fields})


def bill(*interventions: Intervention, days: int = 365) -> Bill:
    return Bill(PRICES, POOLS, interventions, STARTS, days)


Levels = Mapping[tuple[str, str], tuple[float, float]]
"""By measure and part: the level without the plan and with it."""


def table(levels: Levels, periods: Sequence[str] = ("all",), group: str = "all", replication: int = 0) -> pd.DataFrame:
    rows = [
        (measure, period, group, "all", of, value, arm, replication)
        for (measure, of), both in levels.items()
        for arm, value in zip(("baseline", "plan"), both, strict=True)
        for period in periods
    ]
    columns = ["measure", "period", "group", "locality", "of", "value", "arm", "replication"]
    return pd.DataFrame(rows, columns=columns)


def value(
    found: pd.DataFrame, measure: str, of: str = "all", arm: str = "plan", period: str = "all", group: str = "all"
) -> float:
    wanted = {"measure": measure, "of": of, "arm": arm, "period": period, "group": group, "locality": "all"}
    chosen = found[np.logical_and.reduce([found[name] == word for name, word in wanted.items()])]
    assert len(chosen) == 1, f"{len(chosen)} rows for {wanted}"
    return float(chosen["value"].iloc[0])


TEN_FEWER: Levels = {("emergency_admissions", "all"): (1000, 990), ("acute_beds_occupied", "all"): (20, 19.9)}


# -- values --------------------------------------------------------------------------------------------------------


def test_ten_admissions_fewer() -> None:
    found = with_money(table(TEN_FEWER), bill(programme(takes=Takes(gbp_per_year=number(12_000)))))
    assert value(found, "care_cost", "admission") == 990 * 500
    assert value(found, "care_cost", "bed_day", "baseline") == 20 * 365 * 400
    assert value(found, "tariff_value", "admission") == 30_000
    assert value(found, "tariff_value") == 30_000
    assert value(found, "marginal_value", "admission") == 10 * 500 * 0.5
    assert value(found, "marginal_value", "bed_day") == pytest.approx(0.1 * 365 * 400 * 0.25)
    assert value(found, "cash_released") == 0
    assert value(found, "programme_cost") == 12_000
    assert value(found, "net_saving_at_tariff") == 18_000
    assert value(found, "net_saving_at_marginal_cost") == pytest.approx(2500 + 3650 - 12_000)
    assert value(found, "net_saving_in_cash") == -12_000


def test_the_baseline_saves_and_costs_nothing() -> None:
    found = with_money(table(TEN_FEWER), bill(programme(takes=Takes(gbp_per_year=number(12_000)))))
    for measure in ("tariff_value", "marginal_value", "cash_released", "programme_cost", "net_saving_at_tariff"):
        assert value(found, measure, arm="baseline") == 0


def test_the_rows_of_the_run_stay_as_they_are() -> None:
    before = table(TEN_FEWER)
    pd.testing.assert_frame_equal(with_money(before, bill()).iloc[: len(before)], before)
    place = load_scenario("stroke_units")
    assert bill_of(place) is None
    assert with_money(before, None) is before


def test_a_price_without_a_tariff_is_paid_at_its_cost() -> None:
    found = with_money(
        table({("pool_occupied", "packages_north"): (10, 12), ("emergency_admissions", "all"): (1, 1)}), bill()
    )
    assert value(found, "tariff_value", "home_care") == -2 * 365 * 40


def test_age_groups_have_what_is_counted_by_age() -> None:
    everybody = TEN_FEWER | {("pool_occupied", "packages_north"): (10, 12)}
    both = pd.concat([table(everybody), table({("emergency_admissions", "all"): (100, 97)}, group="85+")])
    found = with_money(both, bill(programme(takes=Takes(gbp_per_year=number(5)))))
    assert value(found, "tariff_value", "admission", group="85+") == 9000
    assert value(found, "tariff_value", group="85+") == 9000
    old = found[found["group"] == "85+"]
    assert set(old.loc[old["measure"] == "tariff_value", "of"]) == {"admission", "doctor_minute", "all"}
    assert not set(old["measure"]) & {"programme_cost", "net_saving_at_tariff", "cash_released"}


def test_a_locality_has_what_is_counted_by_locality() -> None:
    borough = table({("emergency_admissions", "all"): (400, 396)}).assign(locality="North")
    found = with_money(pd.concat([table(TEN_FEWER), borough]), bill())
    rows = found[(found["locality"] == "North") & (found["measure"] == "tariff_value") & (found["arm"] == "plan")]
    assert dict(zip(rows["of"], rows["value"], strict=True)) == {"admission": 12_000, "doctor_minute": 0, "all": 12_000}


def test_doctors_time_is_what_varies_and_nobody_is_paid_for_it() -> None:
    team = programme(takes=Takes(gp_minutes_per_person_month=10))
    found = with_money(table({("members", "Team"): (0, 50), ("emergency_admissions", "all"): (1, 1)}), bill(team))
    assert value(found, "programme_gp_minutes") == 50 * 10 * 12
    assert value(found, "marginal_value", "doctor_minute") == -4 * 6000
    assert value(found, "tariff_value") == 0
    assert value(found, "programme_cost") == 0


# -- wards ---------------------------------------------------------------------------------------------------------


def test_a_part_of_a_ward_releases_nothing_in_either_direction() -> None:
    ward = Ward(patients=np.array(25.0), gbp=np.array(1e6))
    fewer = np.array([24.9, 25.0, 49.9, 50.0, 0.0, -24.9, -25.0])
    assert whole_wards(fewer, ward).tolist() == [0, 1, 1, 2, 0, 0, -1]
    assert cash_released(fewer, ward).tolist() == [0, 1e6, 1e6, 2e6, 0, 0, -1e6]


def test_a_ward_has_to_be_free_at_one_site() -> None:
    patients = 28 * 0.92
    spread_out: Levels = {
        ("pool_occupied", "acute_a"): (400, 400 - 0.6 * patients),
        ("pool_occupied", "acute_b"): (400, 400 - 0.6 * patients),
    }
    in_one: Levels = {
        ("pool_occupied", "acute_a"): (400, 400 - 1.2 * patients),
        ("pool_occupied", "acute_b"): (400, 400),
    }
    assert value(with_money(table(spread_out), bill()), "cash_released") == 0
    found = with_money(table(in_one), bill())
    assert value(found, "cash_released") == pytest.approx(patients * 365 * 300)
    assert value(found, "cash_released", "acute_a") == pytest.approx(patients * 365 * 300)


# -- what a plan costs ---------------------------------------------------------------------------------------------


def cost(
    first: dt.date = STARTS, days: int = 365, members: float = 0, ends: dt.date | None = None, **takes: object
) -> float:
    ramp = Ramp(starts=STARTS, ends=ends)
    given = programme(takes=takes).model_copy(update={"ramp": ramp})
    return float(price_of(given, first, days).cost(np.array(members)))


def test_starting_up_is_spread_over_years() -> None:
    assert cost(gbp_start_up=5_000_000) == 1_000_000
    assert cost(gbp_start_up=5_000_000, start_up_years=2) == 2_500_000
    assert cost(STARTS + 2 * YEAR, gbp_start_up=5_000_000, start_up_years=2) == 0
    assert cost(days=5 * 365, gbp_start_up=5_000_000, start_up_years=2) == 1_000_000


def test_running_costs_begin_and_end_with_the_funding() -> None:
    assert cost(gbp_per_year=1000) == 1000
    assert cost(STARTS - YEAR, gbp_per_year=1000) == 0
    assert cost(STARTS - YEAR, days=730, gbp_per_year=1000) == 500
    assert cost(days=730, ends=STARTS + YEAR, gbp_per_year=1000) == 500
    assert cost(members=30, gbp_per_person_year=100, gbp_per_year=-500) == 2500


def test_each_measured_year_has_its_own_cost() -> None:
    team = programme(takes=Takes(gbp_start_up=number(300), start_up_years=1, gbp_per_year=number(70)))
    found = with_money(table(TEN_FEWER, ("all", "year 1", "year 2")), bill(team, days=730))
    costs = [value(found, "programme_cost", "Team", period=period) for period in ("all", "year 1", "year 2")]
    assert costs == [220, 370, 70]


def test_places_a_plan_pays_for_by_the_year_are_not_priced_again() -> None:
    levels: Levels = {
        ("pool_occupied", "packages_north"): (100, 118),
        ("pool_capacity", "packages_north"): (100, 120),
        ("emergency_admissions", "all"): (1, 1),
    }
    step = CapacityStep(pool="packages*", add=20, from_date=STARTS)
    paid = programme(beds=(step,), takes=Takes(gbp_per_year=number(300_000)))
    free = programme(beds=(step,))
    assert value(with_money(table(levels), bill(free)), "tariff_value") == -18 * 365 * 40
    assert value(with_money(table(levels), bill(paid)), "tariff_value") == 2 * 365 * 40


# -- in files and runs ---------------------------------------------------------------------------------------------


def test_ranges_of_prices_and_costs_are_drawn_too() -> None:
    scenario = load_scenario("nwl_pilot", {"interventions.1.takes.gbp_per_year.low": "2500000"})
    drawn = unknown(scenario)
    prices = [".prices." in each.name or ".takes.gbp" in each.name for each in drawn]
    assert sum(prices) > 30
    names = {each.name: each for each in drawn}
    assert "interventions.1.takes.gbp_per_year" in names
    tariff = names["place.prices.activity.emergency_admission.tariff"]
    assert quantile(tariff, 0.025) == pytest.approx(1600)
    assert names["place.prices.activity.acute_bed_day.varies_share"].distribution == "logit_normal"


def test_a_price_says_what_is_wrong_with_it() -> None:
    with pytest.raises(InputError, match="there is no pool") as error:
        load_place("england_500k", {"prices.ward.pools": "[acute_norht]"})
    assert "did you mean `acute_north`" in str(error.value)
    with pytest.raises(InputError, match="varies_share"):
        load_place("england_500k", {"prices.activity.home_care_day.varies_share": "1.2"})
    with pytest.raises(InputError, match="give either measure or pools"):
        load_place("england_500k", {"prices.activity.home_care_day.measure": "referrals"})


def test_a_claim_about_money_is_tested_like_any_other() -> None:
    scenario = load_scenario("nwl_pilot")
    claim = Claim(text="Saves 10 million.", measure="tariff_value", change=10_000_000)
    found = with_money(table(TEN_FEWER), bill())
    row = claims_table(scenario.model_copy(update={"claims": (claim,)}), found).iloc[0]
    assert row["modelled_value"] == 30_000
    assert row["holds_in"] == 0


def test_claims_about_money_are_checked(tmp_path: Path) -> None:
    claims = [
        "{text: a, measure: tariff_value, of: emergency_admission, group: '75-84,85+', at_least: 1}",
        "{text: b, measure: tariff_value, locality: Ealing, change: 8000000}",
        "{text: c, measure: programme_cost, of: Care planning, at_most: 1}",
        "{text: d, measure: net_saving_in_cash, at_least: 0, year: 1}",
    ]
    pilot = shipped("scenarios", "nwl_pilot.yaml").read_text(encoding="utf-8")
    file = tmp_path / "claims.yaml"
    begin, _, rest = pilot.partition("claims:\n")
    begin = begin.replace("places/", f"{shipped('scenarios')}/places/")
    begin = begin.replace("use: interventions/", f"use: {shipped('scenarios')}/interventions/")
    run = rest[rest.index("run:") :]
    file.write_text(f"{begin}claims: [{', '.join(claims)}]\n{run}", encoding="utf-8")
    assert len(read_scenario(file, measures=CLAIMABLE).model.claims) == 4
    wrong = file.read_text(encoding="utf-8").replace("of: emergency_admission", "of: emergency_admissio")
    file.write_text(wrong.replace("of: Care planning", "of: Care plannin"), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_scenario(file, measures=CLAIMABLE)
    assert "did you mean `emergency_admission`" in str(error.value)
    assert "did you mean `Care planning`" in str(error.value)


def test_a_run_of_the_pilot_has_its_cost() -> None:
    short = {"run.scale": "0.01", "run.years": "1", "run.warm_up_days": "0", "run.replications": "1"}
    found = run(load_scenario("nwl_pilot", short), Spread(workers=1)).measures
    assert value(found, "programme_cost") == pytest.approx(3_500_000 + 5_700_000 / 5)
    parts = found[(found["measure"] == "tariff_value") & (found[["group", "locality", "period"]] == "all").all(axis=1)]
    by_part = parts[parts["arm"] == "plan"].set_index("of")["value"]
    assert by_part["all"] == pytest.approx(by_part.drop("all").sum())
    net = value(found, "net_saving_at_tariff")
    assert net == pytest.approx(by_part["all"] - value(found, "programme_cost"))
