"""Who gains and who pays: each scheme against arithmetic by hand, the law that payments cancel, and break-even."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import cli
from sim.errors import InputError
from sim.expected.flows import expected_flows
from sim.experiments.claims import claims_table
from sim.files.reading import load_scenario
from sim.money.accounts import Account, account
from sim.money.bill import Rates, bill_of, price_of, rates_of
from sim.money.ledger import COSTS, PAYMENTS, Change, change_of, ledger, ledgers, sides_of, smallest_fall
from sim.money.payment import Scheme, read_schemes
from sim.pages.money import money_page
from sim.pages.money_words import answer, break_even_table, ledger_in_words
from sim.prices import ORGANISATIONS, Prices
from sim.results import BASELINE, PLAN, Results, provenance, save
from sim.scenario import Scenario
from tests.test_money import PRICES, price, programme, table

COMMUNITY, ACUTE, GP, COUNCIL, COMMISSIONER = (
    ORGANISATIONS.index(name)
    for name in ("community_provider", "acute_trust", "general_practice", "council", "commissioner")
)

LINES = Prices(
    price_year="made up",
    activity={
        "admission": price(500, 0.5, 3000, measure="emergency_admissions"),
        "attendance": price(200, 0.25, measure="a_and_e_attendances"),
        "home_care": price(40, 1, pools=("packages*",)).model_copy(update={"provider": "council", "payer": "council"}),
    },
    ward=PRICES.ward,
)
RATES, SIDES = rates_of(LINES), sides_of(LINES)
BEFORE, AFTER = np.array([1000.0, 2000.0, 365.0]), np.array([990.0, 2040.0, 365.0 + 73])
COST = 12_000.0
"""Cost of the plan, borne by the community provider; ten admissions fewer, forty attendances and 73 days more."""


def programme_cost(gbp: float = COST) -> np.ndarray:
    cost = np.zeros(len(ORGANISATIONS))
    cost[COMMUNITY] = gbp
    return cost


CHANGE = Change(BEFORE, AFTER, programme_cost(), np.array(50.0))


def net(scheme: Scheme, change: Change = CHANGE) -> dict[int, float]:
    """What each organisation gains in all."""
    return dict(enumerate(ledger(change, RATES, SIDES, scheme).sum(axis=0).tolist()))


def scheme(**coefficients: object) -> Scheme:
    return Scheme.model_validate({"title": "made up", "what": "", **coefficients})


CARE = 10 * 250 - 40 * 50
"""What the acute trust no longer spends: half of 500 for an admission, a quarter of 200 for an attendance."""


# -- each scheme by hand -------------------------------------------------------------------------------------------


def test_block() -> None:
    found = net(scheme())
    assert found == {ACUTE: CARE, COMMUNITY: 0, GP: 0, COUNCIL: -73 * 40, COMMISSIONER: -COST}


def test_tariff() -> None:
    paid = -10 * 3000 + 40 * 200
    found = net(scheme(tariff_share=1))
    assert found == {ACUTE: CARE + paid, COMMUNITY: 0, GP: 0, COUNCIL: -73 * 40, COMMISSIONER: -COST - paid}


def test_half_of_the_tariff() -> None:
    assert net(scheme(tariff_share=0.5))[COMMISSIONER] == -COST + 0.5 * 22_000


def test_marginal_emergency_tariff() -> None:
    below = scheme(tariff_share=1, emergency_rate=0.3, base_line=0.9)
    assert net(below)[COMMISSIONER] == pytest.approx(-COST + 0.3 * 10 * 3000 - 40 * 200)
    across = scheme(tariff_share=1, emergency_rate=0.3, base_line=0.995)
    assert net(across)[COMMISSIONER] == pytest.approx(-COST + 5 * 3000 + 0.3 * 5 * 3000 - 40 * 200)
    more = Change(AFTER, BEFORE, programme_cost(0), np.array(0.0))
    assert net(scheme(tariff_share=1, emergency_rate=0.7), more)[COMMISSIONER] == pytest.approx(
        -0.7 * 10 * 3000 + 40 * 200
    )


def test_bundled_payment() -> None:
    found = net(
        scheme(tariff_share=1, holder="general_practice", held_share=0.25, programme_paid_by="general_practice")
    )
    assert found[GP] == 0.25 * 22_000 - COST
    assert found[COMMISSIONER] == 0.75 * 22_000
    assert found[ACUTE] == CARE - 22_000
    assert found[COMMUNITY] == 0


def test_pay_for_coordination() -> None:
    found = net(scheme(gbp_per_member_year=60))
    assert found[GP] == 3000
    assert found[COMMISSIONER] == -COST - 3000


def test_pay_for_performance_pays_for_fewer_and_takes_nothing_for_more() -> None:
    paid = scheme(gbp_per_admission_avoided=500)
    assert net(paid)[GP] == 5000
    assert net(paid, Change(AFTER, BEFORE, programme_cost(), np.array(50.0)))[GP] == 0


def test_capitation_with_shared_savings() -> None:
    shares = {"acute_trust": 0.25, "general_practice": 0.25}
    given = scheme(tariff_share=1, holder="community_provider", held_share=1, savings_to=shares, programme_paid_share=0)
    found = net(given)
    assert found[COMMISSIONER] == 0
    assert found[GP] == 0.25 * 22_000
    assert found[ACUTE] == CARE - 22_000 + 0.25 * 22_000
    assert found[COMMUNITY] == 0.5 * 22_000 - COST
    losing = net(given, Change(AFTER, BEFORE, programme_cost(0), np.array(0.0)))
    assert losing[GP] == 0
    assert losing[COMMUNITY] == -22_000


def test_a_blend_is_the_weighted_sum() -> None:
    schemes = {"a": scheme(), "b": scheme(tariff_share=1), "c": scheme(blend={"a": 0.25, "b": 0.75})}
    found = ledgers(CHANGE, RATES, SIDES, schemes)
    assert np.allclose(found["c"], 0.25 * found["a"] + 0.75 * found["b"])
    assert found["c"].sum(axis=0)[COMMISSIONER] == -COST + 0.75 * 22_000


# -- laws ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", read_schemes())
def test_payments_cancel_and_what_is_left_is_what_it_really_costs(name: str) -> None:
    random = np.random.default_rng(7)
    before, after = random.uniform(0, 1000, (2, 40, 3))
    cost, members = random.uniform(0, 1e5, (40, len(ORGANISATIONS))), random.uniform(0, 100, 40)
    found = ledgers(Change(before, after, cost, members), RATES, SIDES, read_schemes())[name]
    assert found.shape == (40, len(PAYMENTS) + len(COSTS), len(ORGANISATIONS))
    assert np.allclose(found[:, : len(PAYMENTS)].sum(axis=-1), 0, atol=1e-6)
    real = ((before - after) * RATES.marginal).sum(axis=-1) - cost.sum(axis=-1)
    assert np.allclose(found.sum(axis=(-1, -2)), real)


@pytest.mark.parametrize("name", read_schemes())
def test_without_a_change_nothing_changes_hands(name: str) -> None:
    still = Change(BEFORE, BEFORE, programme_cost(0), np.array(0.0))
    assert not ledgers(still, RATES, SIDES, read_schemes())[name].any()


def test_many_draws_of_prices_give_what_each_gives_alone() -> None:
    draws = Rates(RATES.names, *(np.stack([each, 2 * each]) for each in (RATES.cost, RATES.tariff)), RATES.varies)
    both = ledger(
        Change(BEFORE[None], AFTER[None], programme_cost()[None], np.array([50.0])),
        draws,
        SIDES,
        scheme(tariff_share=1),
    )
    assert np.allclose(both[0], ledger(CHANGE, RATES, SIDES, scheme(tariff_share=1)))
    assert both[1].sum(axis=0)[COMMISSIONER] == -COST + 2 * 22_000


# -- break-even ----------------------------------------------------------------------------------------------------


def test_the_smallest_fall() -> None:
    falls = np.linspace(0, 1, 101)
    assert smallest_fall(falls - 0.375, falls) == pytest.approx(0.375)
    assert smallest_fall(falls + 1, falls) == 0
    assert smallest_fall(falls - 2, falls) == np.inf
    steps = np.floor(falls / 0.3 + 1e-9) - 1
    assert smallest_fall(steps, falls, by_steps=True) == pytest.approx(0.30)


@cache
def pilot(tariff: float, replications: int = 4) -> Results:
    """The pilot as published: 10,000 admissions at 75 and over, each of 5 bed days; 0 to 2% fewer with the plan."""
    fixed = {
        "place.prices.activity.emergency_admission.tariff": str(tariff),
        "place.prices.activity.emergency_admission.cost": "0",
        "place.prices.activity.acute_bed_day.cost": "400",
        "place.prices.activity.acute_bed_day.varies_share": "0.25",
        "place.prices.ward.beds": "30",
        "place.prices.ward.occupied_share": "0.9",
        "place.prices.ward.cost_per_bed_day": "300",
        "interventions.0.takes.start_up_years": "5",
    }
    ends = {f"{path}.{end}": value for path, value in fixed.items() for end in ("low", "high") if "years" not in path}
    scenario = load_scenario("nwl_pilot", fixed | ends)
    parts = []
    for replication in range(replications):
        fall = 1 - 0.005 * replication
        for group, size in (("all", 3), ("75-84,85+", 1)):
            levels = {
                ("emergency_admissions", "all"): (10_000.0 * size, 10_000.0 * (size - 1 + fall)),
                ("emergency_bed_days", "all"): (50_000.0 * size, 50_000.0 * (size - 1 + fall)),
            }
            parts.append(table(levels, group=group, replication=replication))
        pools = {("pool_occupied", f"acute_{site}"): (150.0, 150.0) for site in ("st_marys", "ealing")}
        pools |= {("pool_occupied", f"acute_{site}"): (100.0, 100.0) for site in ("charing_cross", "west_middlesex")}
        parts.append(table(pools, replication=replication))
    measures = pd.concat(parts, ignore_index=True)
    made = provenance(scenario, "by hand", 1, replications, "carepath money by_hand")
    return Results(measures, claims_table(scenario, measures), made)


@cache
def accounted(tariff: float) -> Account:
    return account(pilot(tariff), read_schemes())


def at(found: Account, group: str, cost: str, worth: str) -> float:
    rows = found.break_even
    chosen = rows[(rows["group"] == group) & (rows["cost"] == cost) & (rows["worth"] == worth)]
    return float(chosen["mean"].iloc[0])


@pytest.mark.parametrize(("saved", "running", "everything"), [(12e6, 8.75, 11.6), (10e6, 10.5, 13.92)])
def test_break_even_of_the_pilot_as_published(saved: float, running: float, everything: float) -> None:
    """10 to 12 million for 30%; 3.5 million a year, 5.7 million once over five years."""
    found = accounted(saved / 0.3 / 10_000)
    assert at(found, "75-84,85+", "running", "tariff_value") == pytest.approx(running)
    assert at(found, "75-84,85+", "all", "tariff_value") == pytest.approx(everything)
    assert at(found, "all", "running", "tariff_value") == pytest.approx(running / 3)
    assert at(found, "75-84,85+", "all", "tariff") == pytest.approx(everything)


def test_break_even_of_the_pilot_in_what_varies_and_in_cash() -> None:
    found = accounted(3500)
    assert at(found, "75-84,85+", "running", "marginal_value") == pytest.approx(100 * 3.5e6 / (50_000 * 100))
    # two wards of 27 patients, each 2.96 million: where 3 of 10 patients are, 27 of the 137 that all emergencies fill
    patients = 50_000 / 365
    assert at(found, "75-84,85+", "running", "cash_released") == pytest.approx(100 * 27 / (0.3 * patients), abs=0.1)


def test_break_even_of_the_shipped_pilot_agrees_with_what_was_published() -> None:
    """At today's prices and rates of admission 1% of those at 75 and over is worth what 2011's was: 0.33 to 0.40 m."""
    scenario = load_scenario("nwl_pilot")
    flows, rates = expected_flows(scenario.place), rates_of(scenario.place.prices)  # type: ignore[arg-type]
    admissions = (flows.stays["same_day_care"] + flows.stays["acute_bed"])[2:].sum()
    tariff = float(rates.tariff[rates.names.index("emergency_admission")])
    assert 330_000 < 0.01 * admissions * tariff < 400_000
    bill = bill_of(scenario)
    assert bill is not None
    costs = [price_of(each, bill.starts, 365) for each in bill.interventions]
    assert sum(float(each.running) for each in costs) == 3_500_000
    assert sum(float(each.starting) for each in costs) == pytest.approx(1_140_000)
    assert sum(float(each.per_member) for each in costs) == 0
    assert 0.0875 < 3_500_000 / (admissions * tariff) < 0.105


def test_under_the_marginal_tariff_the_commissioner_needs_a_greater_fall() -> None:
    found = accounted(4000)
    # 4.64 million: a fall of a tenth of all 30,000 at 30% saves 3.6 million, the rest 1.04 million at full tariff
    assert at(found, "all", "all", "marginal_30") == pytest.approx(100 * (0.1 + 1.04e6 / (30_000 * 4000)))
    assert at(found, "all", "all", "block") == np.inf


def test_intervals_hold_luck_and_prices() -> None:
    lucky = accounted(4000).worth
    row = lucky[(lucky["measure"] == "tariff_value") & (lucky["of"] == "all")].iloc[0]
    falls = 10_000 * 4000 * 0.005 * np.arange(4)
    assert row["mean"] == pytest.approx(falls.mean())
    assert row["high"] - row["mean"] == pytest.approx(3.182446 * falls.std(ddof=1) / 2, rel=1e-5)
    results = pilot(4000)
    scenario = Scenario.model_validate(results.provenance["scenario"])
    lines = scenario.place.prices.activity  # type: ignore[union-attr]
    dear = lines["emergency_admission"].tariff.model_copy(update={"low": 2000.0, "high": 9000.0})  # type: ignore[union-attr]
    lines["emergency_admission"] = lines["emergency_admission"].model_copy(update={"tariff": dear})
    wider = account(
        Results(results.measures, results.claims, {**results.provenance, "scenario": scenario.model_dump(mode="json")}),
        read_schemes(),
    )
    wide = wider.worth[(wider.worth["measure"] == "tariff_value") & (wider.worth["of"] == "all")].iloc[0]
    price_half = 75 * 5000
    assert wide["mean"] == pytest.approx(row["mean"])
    assert wide["high"] - wide["mean"] == pytest.approx(np.hypot(row["high"] - row["mean"], price_half), rel=0.03)


def test_of_a_run_that_drew_its_numbers_it_is_the_middle_future_and_the_range_of_95_per_cent() -> None:
    results = pilot(4000)
    drawn = Results(results.measures, results.claims, {**results.provenance, "uncertain": {"numbers": 3}})
    worth = account(drawn, read_schemes()).worth
    row = worth[(worth["measure"] == "tariff_value") & (worth["of"] == "all")].iloc[0]
    futures = 10_000 * 4000 * 0.005 * np.arange(4)
    low, mid, high = np.quantile(futures, [0.025, 0.5, 0.975])
    assert (row["low"], row["mean"], row["high"]) == pytest.approx((low, mid, high))


def test_cash_needs_a_ward_beyond_doubt() -> None:
    found = accounted(4000).worth
    assert found[found["measure"] == "cash_released"]["mean"].eq(0).all()
    emptied = pilot(4000)
    measures = emptied.measures.copy()
    site = (measures["of"] == "acute_ealing") & (measures["arm"] == PLAN)
    measures.loc[site, "value"] = 150 - np.array([60, 62, 58, 61])
    sure = account(Results(measures, emptied.claims, emptied.provenance), read_schemes()).worth
    cash = sure[sure["measure"] == "cash_released"].set_index("of")["mean"]
    assert cash["acute_ealing"] == cash["all"] == pytest.approx(2 * 27 * 365 * 300)
    measures.loc[site, "value"] = 150 - np.array([60, 2, 58, 30])
    doubtful = account(Results(measures, emptied.claims, emptied.provenance), read_schemes()).worth
    assert doubtful[doubtful["measure"] == "cash_released"]["mean"].eq(0).all()


# -- files, words, page, command -----------------------------------------------------------------------------------


def test_a_file_of_schemes_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "schemes.yaml"
    file.write_text("schemes:\n  a: {title: A, what: x, tarif_share: 1}\n  b: {title: B, what: x, tariff_share: 2}\n")
    with pytest.raises(InputError) as error:
        read_schemes(file)
    assert "did you mean `tariff_share`" in str(error.value)
    assert "less than or equal to 1" in str(error.value) or "1 or less" in str(error.value)
    file.write_text("schemes:\n  a: {title: A, what: x, blend: {b: 1}}\n")
    with pytest.raises(InputError, match="a blends `b`, which is no scheme"):
        read_schemes(file)
    file.write_text("schemes:\n  a: {title: A, what: x, savings_to: {council: 0.7, acute_trust: 0.7}}\n")
    with pytest.raises(InputError, match=r"add up to 1\.4"):
        read_schemes(file)


def test_what_is_said() -> None:
    results, schemes, found = pilot(4000), read_schemes(), accounted(4000)
    said = answer(found)
    assert said[0] == "The plan costs 4.64 million GBP a year."
    assert said[1].startswith("At tariff it saves 0.30 (")
    assert "it costs more than it saves" in said[1]
    lines = ledger_in_words(found, schemes)
    assert lines[0].startswith("Block contract: pays commissioner 4.64")
    assert "all together pay 4.6" in lines[-1]
    shown = break_even_table(found)
    row = shown[(shown["emergency admissions"] == "at 75-84 and 85+")].iloc[0]
    assert row["at tariff"].startswith("11.6%")
    page = money_page(results, found, schemes)
    assert "Marginal emergency tariff, 30%" in page
    assert "<script" not in page


def test_a_run_without_prices_or_plan_is_refused() -> None:
    results = pilot(4000)
    alone = results.measures[results.measures["arm"] == BASELINE]
    with pytest.raises(InputError, match="there is no plan"):
        account(Results(alone, results.claims, results.provenance), read_schemes())
    with pytest.raises(InputError, match="year 3 was not measured"):
        account(results, read_schemes(), "year 3")
    bare = {**results.provenance["scenario"], "place": {**results.provenance["scenario"]["place"], "prices": None}}
    with pytest.raises(InputError, match="has no prices: give a section `prices`"):
        account(Results(results.measures, results.claims, {**results.provenance, "scenario": bare}), read_schemes())


def test_the_command_prints_keeps_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(pilot(4000), tmp_path / "kept")
    page = tmp_path / "money.html"
    assert cli.main(["money", str(tmp_path / "kept"), "--html", str(page)]) == cli.FINE
    said = capsys.readouterr().out
    assert "The plan costs 4.64 million GBP a year." in said
    assert "Capitation with shared savings" in said
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert cli.main(["money", str(tmp_path / "kept"), "--json"]) == cli.FINE
    assert '"break_even"' in capsys.readouterr().out
    assert cli.main(["money", str(tmp_path / "kept"), "--years", "2"]) == cli.BAD_INPUT


def test_money_of_a_run_that_was_interrupted_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = pilot(4000)
    cut = {**whole.provenance, "cut_short": "interrupted after 2 of 9 replications"}
    save(Results(whole.measures, whole.claims, cut), tmp_path / "kept")
    assert cli.main(["money", str(tmp_path / "kept")]) == cli.FINE
    assert "Interrupted after 2 of 9 replications: the answer rests on those." in capsys.readouterr().out


def test_the_cost_of_a_plan_is_borne_by_who_runs_it() -> None:
    teams = [programme(name, takes={"run_by": name}) for name in ("council", "acute_trust")]
    change = change_of(BEFORE, AFTER, np.array([100.0, 7.0]), teams, np.array([3.0, 4.0]))
    assert (change.programme[COUNCIL], change.programme[ACUTE], change.programme.sum()) == (100, 7, 107)
    assert change.members == 7
