"""The answer in three sentences: does it hold, what gives first, what decides it.

Each is plain where the results are plain, and says "cannot tell" where an interval includes what is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pandas as pd

from sim.experiments.claims import digits, share_of_futures
from sim.files.provenance import Given, assumptions
from sim.measures.definitions import MEASURES
from sim.pages.explain import LEVERS, more_or_less
from sim.pages.flows import duration, rounded
from sim.pages.what_gives_first import Gives, what_gives
from sim.quantities import AGES
from sim.results import BASELINE, PLAN, Results, paired, shown
from sim.scenario import Scenario
from sim.space import MONEY

Standing = Literal["holds", "does not hold", "cannot tell"]

BED_WORDS = ("bed", "occup", "delay", "waiting", "length_of_stay", "twelve_hour", "four_hour")
"""Parts of the names of measures that depend on how full beds are."""
BY_DESIGN = {
    "capacity_share": "the share of delay that is for want of places",
    "substitution": "the share of community-bed patients who would otherwise be in an acute bed",
    "threshold_slope": "how many more minor A&E attendances are admitted for each 1% of beds that are free",
}
"""Shares that decide every claim about beds, whatever a run shows."""
OWN_WORDS = {
    "mean_days": "the length of stay, in days, in",
    "at_share_of_stay": "how early in their stay people move to",
    "caseload_per_wte": "the caseload of each worker in",
}
"""Numbers of an intervention named where it has no levers."""
LEVERS_NAMED = 2
LONGEST = 170
"""Characters of a claim's text on the first screen."""


QUESTIONS = ("Does it hold?", "What gives first?", "What decides it?")
"""What the three sentences answer, in their order."""


@dataclass(frozen=True)
class Headline:
    """Three sentences a chief executive can act on."""

    verdict: str
    """Yes, No, Cannot tell, or No claim."""
    holds: str
    """Does it hold?"""
    gives: str
    """What gives first?"""
    decides: str
    """What decides it?"""

    @property
    def sentences(self) -> tuple[str, str, str]:
        """The three sentences in order."""
        return self.holds, self.gives, self.decides


def headline(results: Results) -> Headline:
    """The answer of a run."""
    verdict, holds = _holds(results)
    return Headline(verdict, f"{verdict}: {holds}", _gives(results), _decides(results))


# -- does it hold --------------------------------------------------------------------------------------------------


def standing(row: Mapping[Any, Any]) -> Standing:
    """How a row of the table of claims stands: it holds only if the whole interval lies beyond what is claimed.

    Where uncertain numbers were drawn it holds if it does in most futures, beyond doubt from their number.
    """
    if row.get("uncertain"):
        low, high = share_of_futures(row["holds_in"], row["replications"]) if row["replications"] else (0.0, 1.0)
        return "holds" if low > 0.5 else "does not hold" if high < 0.5 else "cannot tell"
    claimed, low, high = (float(row[name]) for name in ("claimed_value", "modelled_low", "modelled_high"))
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot tell"
    if low == high == claimed:  # every replication found exactly this, as where nothing can change
        return "holds"
    if low <= claimed <= high:
        return "cannot tell"
    return "holds" if (high < claimed) == _is_upper_limit(row) else "does not hold"


def _is_upper_limit(row: Mapping[Any, Any]) -> bool:
    """True if less than what is claimed is as good."""
    if row["kind"] in ("at_most", "at_least"):
        return bool(row["kind"] == "at_most")
    rising = row["claimed_value"] > 0 or (
        row["claimed_value"] == 0 and MEASURES[row["measure"]].lower_is_better is False
    )
    return not rising


def _holds(results: Results) -> tuple[str, str]:
    rows = results.claims.to_dict("records")
    if not rows:
        return "No claim", _effect(results)
    stands = [standing(row) for row in rows]
    for verdict, decisive in (("No", "does not hold"), ("Cannot tell", "cannot tell"), ("Yes", "holds")):
        if decisive in stands:
            lead = rows[stands.index(decisive)]
            return verdict, f"{_tally(stands)}; {_claimed_and_found(lead, _measured(results))}{_futures(results, lead)}"
    raise AssertionError("every claim stands in one of three ways")


def _tally(stands: list[Standing]) -> str:
    """How many claims stand how."""
    n, holding, failing = len(stands), stands.count("holds"), stands.count("does not hold")
    unclear = n - holding - failing
    if n == 1:
        return {"holds": "the claim holds", "does not hold": "the claim does not hold"}.get(
            stands[0], "the interval includes what is claimed, or there is none"
        )
    if len(set(stands)) == 1:
        return {
            "holds": f"all {n} claims hold",
            "does not hold": f"none of the {n} claims holds",
            "cannot tell": f"none of the {n} claims can be settled",
        }[stands[0]]
    counts = [
        (failing, "not hold", "does", "do"),
        (holding, "", "holds", "hold"),
        (unclear, "be settled", "cannot", "cannot"),
    ]
    parts = [f"{number} {one if number == 1 else many} {rest}".strip() for number, rest, one, many in counts if number]
    return f"of {n} claims {' and '.join(parts) if len(parts) < 3 else f'{parts[0]}, {parts[1]} and {parts[2]}'}"


def _futures(results: Results, row: Mapping[Any, Any]) -> str:
    """Where uncertain numbers were drawn: what the figure is, and in how many of the futures the claim holds."""
    if not results.provenance.get("uncertain"):
        return ""
    holds = f"the claim holds in {row['holds_in']} of {row['replications']} futures"
    return f" That is the middle, and 95%, of what {_drawn(results)} uncertain numbers may bring; {holds}."


def _drawn(results: Results) -> int:
    """Uncertain numbers drawn in each replication; 0 if all were held fixed."""
    return int((results.provenance.get("uncertain") or {"numbers": 0})["numbers"])


def _measured(results: Results) -> str:
    return duration(365 * float(results.provenance["scenario"]["run"]["years"]))


def _claimed_and_found(row: Mapping[Any, Any], measured: str) -> str:
    text = str(row["text"]).strip().rstrip(".")
    text = text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]}…"
    when = f"over {measured}" if row["period"] == "all" else f"in {row['period']}"
    return f"“{text}” is claimed, and {when} the model finds {found_in_words(row)}."


def found_in_words(row: Mapping[Any, Any]) -> str:
    """What the model finds for a claim, as a fall, a rise, no clear change, or a level."""
    value, low, high = (float(row[f"modelled_{end}"]) for end in ("value", "low", "high"))
    unit = str(row["modelled"]).partition(") ")[2]
    show = partial(shown, significant=digits(bool(row.get("uncertain"))))
    if not math.isfinite(value):
        return "nothing to measure"
    is_share = MEASURES[row["measure"]].kind == "share" or row["kind"] == "on_days"
    if is_share and row["kind"] != "change_per_cent":
        value, low, high = (100 * each for each in (value, low, high))
    if row["kind"] in ("at_most", "at_least", "on_days"):
        return with_unit(show(value, low, high), unit)
    if high < 0:
        return f"a fall of {with_unit(show(-value, -high, -low), unit)}"
    if low > 0:
        return f"a rise of {with_unit(show(value, low, high), unit)}"
    unclear = "no clear change" if math.isfinite(low) else "a change" if value else "no change"
    return f"{unclear}, {with_unit(show(value, low, high), unit)}"


def with_unit(number: str, unit: str) -> str:
    """A number and its interval with their unit; a sign of per cent goes with the numbers."""
    if unit.startswith("per cent"):
        mean, _, ends = number.partition(" (")
        number = f"{mean}% ({ends}" if "no interval" in ends else f"{mean}% ({ends.rstrip(')')}%)"
        unit = unit.removeprefix("per cent").strip()
    return f"{proper(number)} {unit}".strip()


def proper(number: str) -> str:
    """A number with a real minus sign."""
    return number.replace("-", "\N{MINUS SIGN}")


def _effect(results: Results) -> str:
    """Without a claim: what the plan does to the beds in use, or that there is no plan."""
    if not (results.measures["arm"] == PLAN).any():
        return "this is the place as it is, without any plan."
    table = results.measures
    rows = table[(table["period"] == "all") & (table["group"] == "all") & (table["locality"] == "all")]
    found = paired(Results(rows, results.claims, results.provenance))
    for name in ("acute_beds_occupied", "emergency_admissions", "waiting"):
        effect = found[(found["measure"] == name) & (found["of"] == "all")]
        if len(effect):
            change = shown(*(float(effect.iloc[0][f"difference{end}"]) for end in ("", "_low", "_high")))
            title = MEASURES[name].title.lower()
            return f"nothing was claimed; with the plan, {title} change by {proper(change)} {MEASURES[name].unit}."
    return "nothing was claimed, and nothing was measured that says what the plan does."


# -- what gives first ----------------------------------------------------------------------------------------------


def _gives(results: Results) -> str:
    found = what_gives(results)
    if not found:
        return _gives_today(results)
    worst, clear = found[0], [each for each in found if each.is_clear]
    if clear:
        first = clear[0]
        month = f", from {_month(first.first_month)} on" if first.first_month else ""
        others = [f"“{each.title}”" for each in clear[1:3]]
        also = f" Next: {' and '.join(others)}." if others else ""
        return f"“{first.title}”: {_waiting(first)}{month}{_fullness(results, first)}.{also}"
    if not math.isfinite(worst.low):
        return f"Cannot tell what gives first from one replication; the largest rise in waiting is for “{worst.title}”."
    if worst.more >= 1:
        size = f"{_change(worst)} people, but the largest of {len(found)} such changes may be luck"
        if worst.low <= 0:
            ends = (proper(shown(end, worst.low, worst.high).split(" (")[0]) for end in (worst.low, worst.high))
            size = f"but with an interval from {' to '.join(ends)} people that may be luck"
        return f"Cannot tell what gives first: most is added to the wait for “{worst.title}”, {size}."
    return f"Nothing gives beyond what gives today: {_tightest(found)}."


def _waiting(each: Gives) -> str:
    return f"{_people(each.waiting)} wait for it on an average day, {_change(each)} more than without the plan"


def _fullness(results: Results, each: Gives) -> str:
    """How often beds are full; for appointments, whose queue stands while they are closed, that it does."""
    if _pool(results, each.pool).get("kind") == "slots":
        return " (counted day and night, weekends included)"
    return f"; it is full {each.full_share:.0%} of the time"


def _pool(results: Results, name: str) -> Mapping[str, Any]:
    """A pool of the place or of an intervention, as kept with the results; empty if there is none."""
    scenario = results.provenance["scenario"]
    holders = (scenario["place"], *scenario["interventions"])
    return next((holder["pools"][name] for holder in holders if name in holder["pools"]), {})


def _people(number: float) -> str:
    return f"{rounded(number)} {'person' if rounded(number) == '1' else 'people'}"


def _change(each: Gives) -> str:
    return proper(shown(each.more, each.low, each.high))


def _tightest(found: Iterable[Gives]) -> str:
    most = max(found, key=lambda each: each.waiting)
    if most.waiting < 0.5:
        return "hardly anybody waits for anything"
    return f"the most people, {rounded(most.waiting)} on an average day, wait for “{most.title}”"


def _gives_today(results: Results) -> str:
    """Without a plan: what people wait for as things are."""
    table = results.measures
    chosen = (table["measure"] == "waiting") & (table["period"] == "all") & (table["arm"] == BASELINE)
    waiting = table[chosen & (table["group"] == "all") & (table["locality"] == "all")].groupby("of")["value"].mean()
    if waiting.empty or waiting.max() < 0.5:
        return "Nothing gives: hardly anybody waits for anything."
    pools = results.provenance["scenario"]["place"]["pools"]
    title = pools.get(waiting.idxmax(), {}).get("title") or str(waiting.idxmax()).replace("_", " ")
    return f"There is no plan to give way; today the most people, {rounded(waiting.max())}, wait for “{title}”."


def _month(text: str) -> str:
    return f"{pd.Timestamp(text):%B %Y}"


# -- what decides it -----------------------------------------------------------------------------------------------


def _decides(results: Results) -> str:
    named = deciders(Scenario.model_validate(results.provenance["scenario"]), _about_beds(results.claims))
    if not named:
        return "Not known: every number was held fixed, and none of them states its range."
    held = f"{drawn} numbers were drawn together" if (drawn := _drawn(results)) else "this run held every number fixed"
    return f"Not tested, since {held}. By design these decide most: {_listed(named)}."


def _about_beds(claims: pd.DataFrame) -> bool:
    """True if any claim is about how full beds are, or nothing is claimed."""
    return claims.empty or any(word in str(name) for name in claims["measure"] for word in BED_WORDS)


def deciders(scenario: Scenario, about_beds: bool) -> list[str]:
    """The assumed numbers that matter by design, each with its range."""
    numbers = [each for each in assumptions(scenario) if not any(part in each.path for part in MONEY)]
    found = [_by_design(numbers, name, words) for name, words in BY_DESIGN.items()] if about_beds else []
    found += [_own(scenario, number) for number in _widest_of_each(numbers)[:LEVERS_NAMED]]
    if not any(found):
        widest = sorted((each for each in numbers if each.is_assumption and _span(each) > 1), key=_span, reverse=True)
        found = [f"{label_of(each.path)} ({_range(each)})" for each in widest[:3]]
    return [words for words in found if words]


def _widest_of_each(numbers: Iterable[Given]) -> list[Given]:
    """The lever (or, without levers, the number) with the widest range of each intervention, widest first."""
    own = [each for each in numbers if each.path.startswith("interventions.") and _span(each) > 1]
    named = [each for each in own if _is_lever(each) or (_field(each) in OWN_WORDS and ".delay." not in each.path)]
    by_width = sorted(named, key=lambda each: (_is_lever(each), _span(each)), reverse=True)
    widest: dict[str, Given] = {}
    for number in by_width:
        widest.setdefault(number.path.split(".")[1], number)
    return [*widest.values()]


def _is_lever(number: Given) -> bool:
    return number.path.split(".")[2] in ("levers", "unintended")


def _field(number: Given) -> str:
    """The field a number stands in, whatever age it is for."""
    return next(part for part in reversed(number.path.split(".")) if part not in ("all", *AGES))


def _by_design(numbers: Iterable[Given], name: str, words: str) -> str:
    """A number that decides claims about beds, with its range over all places it stands in; empty if there is none."""
    values = [each for each in numbers if each.path.endswith(f".{name}")]
    ends = [end for each in values for end in (each.low, each.high, each.value) if isinstance(end, float | int)]
    return f"{words} ({100 * min(ends):g}% to {100 * max(ends):g}%)" if ends else ""


def _span(number: Given) -> float:
    """How wide a range is, as a ratio of its ends; 1 if there is none."""
    if not number.low or not number.high or number.low <= 0:
        return 1.0
    return number.high / number.low


def _own(scenario: Scenario, number: Given) -> str:
    parts = number.path.split(".")
    name = scenario.interventions[int(parts[1])].name
    if _is_lever(number):
        what = LEVERS.get(parts[3], parts[3].replace("_", " "))
        span = " to ".join(more_or_less(end) for end in (number.low, number.high) if end)
        return f"what “{name}” does to {what} ({span})"
    return f"{OWN_WORDS[_field(number)]} “{name}” ({_range(number)})"


def _range(number: Given) -> str:
    return f"{number.low:g} to {number.high:g}"


def label_of(path: str) -> str:
    """A path in words: the last two parts that say something."""
    silent = {
        "all",
        "value",
        "ratio",
        "levers",
        "interventions",
        "place",
        "stages",
        "pools",
        "people",
        "routes",
        "delay",
    }
    words = [part.replace("_", " ") for part in path.split(".") if part not in silent and not part.isdigit()]
    return ", ".join(words[-3:])


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{'; '.join(parts[:-1])}; and {parts[-1]}"
