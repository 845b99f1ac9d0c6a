"""The page of the money of a run: what the plan costs and is worth, break-even, and the ledger under each scheme."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from sim.measures.cube import ALL
from sim.measures.definitions import MEASURES
from sim.money.accounts import Account
from sim.money.payment import Scheme
from sim.pages.money_words import (
    amount,
    answer,
    break_even_table,
    caveats,
    commissioner_table,
    ledger_in_words,
    ledger_table,
    organisation,
    values_table,
)
from sim.pages.page import Section, bullets, document, small, table_of
from sim.results import Results


def money_page(results: Results, found: Account, schemes: Mapping[str, Scheme]) -> str:
    """The page as HTML; it needs no internet."""
    scenario = results.provenance["scenario"]
    first = f"<h1>{escape(scenario['name'])}: money</h1>{bullets(answer(found))}"
    sections: list[Section] = [
        (
            "worth",
            "What the plan costs and is worth",
            _html(values_table(found, every_part=True)) + _definitions(found),
        ),
        ("break-even", "How far emergency admissions would have to fall", _break_even(found, schemes)),
        ("ledger", "Who gains and who pays", _ledger(found, schemes)),
        ("schemes", "The payment schemes", _schemes(schemes)),
        ("prices", "The prices", _prices(scenario["place"]["prices"])),
        ("caution", "How to read this", bullets(caveats(found, results.provenance))),
    ]
    return document(f"{scenario['name']}: money", first, sections)


def _html(table: pd.DataFrame) -> str:
    return table_of(table.columns, ([escape(str(cell)) for cell in row] for row in table.itertuples(index=False)))


def _definitions(found: Account) -> str:
    names = dict.fromkeys(found.worth["measure"])
    return bullets(f"{MEASURES[name].title}: {MEASURES[name].definition}" for name in names)


def _break_even(found: Account, schemes: Mapping[str, Scheme]) -> str:
    heading = "<h3>For the commissioner, under each scheme</h3>"
    return _html(break_even_table(found)) + heading + _html(commissioner_table(found, schemes))


def _ledger(found: Account, schemes: Mapping[str, Scheme]) -> str:
    """Sentences, the table, and the entries behind it."""
    parts = [
        bullets(ledger_in_words(found, schemes)),
        "<p>GBP million a year:</p>",
        _html(ledger_table(found, schemes)),
    ]
    for name, own in found.ledger.groupby("scheme", sort=False):
        rows = [
            [escape("in all" if entry == ALL else str(entry)), *(amount(row) for row in each.to_dict("records"))]
            for entry, each in own.groupby("entry", sort=False)
        ]
        heads = ["", *(organisation(who) for who in own["organisation"].drop_duplicates())]
        parts.append(f"<details><summary>{escape(schemes[str(name)].title)}</summary>{table_of(heads, rows)}</details>")
    return "".join(parts)


def _schemes(schemes: Mapping[str, Scheme]) -> str:
    rows = (
        [escape(each.title), escape(each.what), small(f"{each.source}. {each.note}".strip(". "))]
        for each in schemes.values()
    )
    return table_of(["scheme", "what it is", "source and assumptions"], rows)


def _prices(prices: Mapping[str, Any]) -> str:
    """Every price with its range and source."""
    rows = []
    for name, line in prices["activity"].items():
        tariff = _number(line["tariff"] or line["cost"])
        said = " ".join(f"{line[each]['source']} {line[each]['note']}".strip() for each in ("cost", "varies_share"))
        title = line["title"] or name
        rows.append([escape(title), tariff, _number(line["cost"]), _number(line["varies_share"]), small(said)])
    heads = ["", "paid for one, GBP", "costs, GBP", "share that varies", "source"]
    return table_of(heads, rows)


def _number(number: Mapping[str, Any]) -> str:
    ends = [number[end] for end in ("low", "high") if number[end] is not None]
    span = f" ({' to '.join(f'{end:,g}' for end in ends)})" if len(ends) == 2 else ""
    return f"{number['value']:,g}{span}"
