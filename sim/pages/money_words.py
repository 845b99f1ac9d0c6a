"""The money of a run in words and tables for the screen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from sim.measures.cube import ALL
from sim.measures.measure import SAVINGS, VALUES
from sim.money.accounts import Account
from sim.money.payment import Scheme
from sim.prices import ORGANISATIONS
from sim.results import shown

MILLION = 1e6
DIGITS = 2
"""Digits shown of half a width: most of it is a range of prices."""
NOTHING = 500.0
"""GBP a year below which an amount is nothing."""
WORTH = {"tariff_value": "at tariff", "marginal_value": "in what varies", "cash_released": "in cash, by whole wards"}
COST = {"all": "everything it costs", "running": "its running cost alone"}
PAYMENTS_CANCEL = (
    "Payments only move money: whatever the scheme, all together {all}, which is what care and the plan really cost."
)


def organisation(name: str) -> str:
    """An organisation on screen."""
    return name.replace("_", " ")


def amount(row: Mapping[Any, Any]) -> str:
    """A row's mean with its interval, in millions."""
    mean, low, high = (float(row[end]) / MILLION for end in ("mean", "low", "high"))
    if max(abs(end) for end in (mean, low, high) if math.isfinite(end)) < NOTHING / MILLION:
        return "0"
    if low == high or high - low < 1e-9:
        return f"{mean:,.3g}"
    return shown(mean, low, high, significant=DIGITS)


def fall(row: Mapping[Any, Any]) -> str:
    """A fall in per cent with its interval; in words where it takes more than all there is."""
    mean, low, high = (float(row[end]) for end in ("mean", "low", "high"))
    if math.isinf(mean):
        return "no fall pays" if math.isinf(low) else f"none, or {low:.0f}% and more"
    if mean == 0 and high == 0:
        return "no fall needed"
    if math.isinf(high):
        return f"{mean:.0f}% ({low:.0f}% or more)"
    if low == high:
        return f"{mean:.3g}%"
    return with_per_cent(shown(mean, low, high, significant=DIGITS))


def values_table(found: Account, every_part: bool = False) -> pd.DataFrame:
    """What the plan is worth and costs, in millions; with every part or only those that come to something."""
    rows = found.worth
    size = rows[["mean", "low", "high"]].abs().max(axis=1)
    kept = rows[(rows["of"] == ALL) | every_part | (size >= NOTHING)]
    first = ~kept["title"].duplicated()
    return pd.DataFrame(
        {
            "": [title if new else "" for title, new in zip(kept["title"], first, strict=True)],
            "of": ["in all" if of == ALL else part for of, part in zip(kept["of"], kept["part"], strict=True)],
            "GBP million a year": [amount(row) for row in kept.to_dict("records")],
        }
    )


def break_even_table(found: Account) -> pd.DataFrame:
    """The fall in emergency admissions at which the plan pays, by who falls and what has to be met."""
    rows = found.break_even[found.break_even["worth"].isin(VALUES)]
    falls = {row["group"]: row for row in found.falls.to_dict("records")}
    return pd.DataFrame(
        [
            {
                "emergency admissions": group_in_words(str(group)),
                "to pay for": COST[str(cost)],
                **{WORTH[row["worth"]]: fall(row) for row in own.to_dict("records")},
                "the model finds": modelled(falls[group]),
            }
            for (group, cost), own in rows.groupby(["group", "cost"], sort=False)
        ]
    )


def modelled(row: Mapping[Any, Any]) -> str:
    """The fall that the model finds, a rise, or that neither is clear."""
    mean, low, high = (float(row[end]) for end in ("mean", "low", "high"))
    if low > 0:
        return with_per_cent(shown(mean, low, high))
    if high < 0:
        return f"a rise of {with_per_cent(shown(-mean, -high, -low))}"
    return with_per_cent(shown(mean, low, high)) + (", no clear fall" if math.isfinite(low) else "")


def with_per_cent(number: str) -> str:
    """A number and its interval, each with its sign of per cent."""
    mean, _, ends = number.partition(" (")
    return f"{mean}% (no interval)" if "no interval" in ends else f"{mean}% ({ends.rstrip(')')}%)"


def group_in_words(group: str) -> str:
    """An age group on screen."""
    return "of everybody" if group == ALL else f"at {group.replace(',', ' and ')}"


def ledger_table(found: Account, schemes: Mapping[str, Scheme]) -> pd.DataFrame:
    """What a year brings each organisation, in millions: a row a scheme, a column an organisation."""
    rows = found.ledger[found.ledger["entry"] == ALL]
    return pd.DataFrame(
        [
            {"": schemes[str(name)].title}
            | {organisation(row["organisation"]): amount(row) for row in own.to_dict("records")}
            for name, own in rows.groupby("scheme", sort=False)
        ]
    )


def ledger_in_words(found: Account, schemes: Mapping[str, Scheme]) -> list[str]:
    """Who gains, who pays and of whom one cannot tell, a line a scheme; and when the commissioner breaks even."""
    rows = found.ledger[found.ledger["entry"] == ALL]
    lines = []
    for name, own in rows.groupby("scheme", sort=False):
        by = [row for row in own.to_dict("records") if row["organisation"] in ORGANISATIONS]
        parts = [_those("gains", (row for row in by if row["low"] > 0), 1)]
        parts.append(_those("pays", (row for row in by if row["high"] < 0), -1))
        unclear = [row for row in by if row["low"] <= 0 <= row["high"] and abs(row["mean"]) >= NOTHING]
        parts.append(_those("cannot tell:", unclear, 1))
        text = "; ".join(part for part in parts if part) or "nothing changes hands"
        lines.append(f"{schemes[str(name)].title}: {text}.")
    total = rows[rows["organisation"] == ALL].to_dict("records")[0]
    verb, sign = ("pay", -1) if total["mean"] < 0 else ("gain", 1)
    lines.append(PAYMENTS_CANCEL.format(all=f"{verb} {amount(_times(total, sign))}"))
    return lines


def _those(what: str, rows: Iterable[Mapping[Any, Any]], sign: int) -> str:
    named = [f"{organisation(row['organisation'])} {amount(_times(row, sign))}" for row in rows]
    return f"{what} {', '.join(named)}" if named else ""


def _times(row: Mapping[Any, Any], sign: int) -> dict[str, float]:
    """A row of the other sign if wanted, its ends in order."""
    ends = sorted(sign * float(row[end]) for end in ("low", "high"))
    return {"mean": sign * float(row["mean"]), "low": ends[0], "high": ends[1]}


def commissioner_table(found: Account, schemes: Mapping[str, Scheme]) -> pd.DataFrame:
    """The fall in emergency admissions at which the commissioner does not lose, by scheme and group."""
    rows = found.break_even[found.break_even["worth"].isin(schemes)]
    return pd.DataFrame(
        [
            {"": schemes[str(name)].title}
            | {f"emergency admissions {group_in_words(row['group'])}": fall(row) for row in own.to_dict("records")}
            for name, own in rows.groupby("worth", sort=False)
        ]
    )


def answer(found: Account) -> list[str]:
    """The answer in a few sentences: what the plan costs, what it saves three ways, and whether it pays."""
    whole = {row["measure"]: row for row in found.worth.to_dict("records") if row["of"] == ALL}
    lines = [f"The plan costs {amount(whole['programme_cost'])} million GBP a year."]
    for name in VALUES:
        net = whole[SAVINGS[name]]
        pays = "it saves more than it costs" if net["low"] > 0 else "it costs more than it saves"
        unclear = not (net["low"] > 0 or net["high"] < 0)
        verdict = "cannot tell whether it pays" if unclear else pays
        how, sign = WORTH[name][0].upper() + WORTH[name][1:], -1 if whole[name]["mean"] < 0 else 1
        saves = "it adds to the cost of care" if sign < 0 else "it saves"
        lines.append(f"{how} {saves} {amount(_times(whole[name], sign))} million: {verdict}, net {amount(net)}.")
    return lines


def caveats(found: Account, made: Mapping[str, Any]) -> list[str]:
    """What has to be said beside the figures of a run with this provenance."""
    futures = f"95% of {made['replications']} futures, each with its own draw of the uncertain numbers,"
    luck = futures if made.get("uncertain") else "luck"
    cut_short = [f"{made['cut_short'].capitalize()}: the answer rests on those."] if made.get("cut_short") else []
    return [
        *cut_short,
        f"Prices of {found.price_year}. Intervals hold {luck} and what the prices may be.",
        "At tariff every admission avoided counts as cash; what varies is what goes without closing anything. A ward "
        "is free only where fewer people are in the beds of one site, by a whole ward and beyond doubt.",
        "Doctors' time that a programme takes counts in what varies, also where the cost of the plan pays for it.",
        "That a scheme changes what people do is not assumed.",
    ]
