"""What was found of claims over many futures, in sentences for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.experiments.answers import Answer, Answers, Decider, Edge, Enough, Range, Share
from sim.experiments.tested import claimed_in_words, on_screen, unit
from sim.interventions import Intervention
from sim.measures.definitions import MEASURES
from sim.measures.measure import SAVINGS, VALUES
from sim.pages.explain import LEVERS, evidence_in_words, measured_in_words, more_or_less
from sim.pages.headline import label_of, proper, with_unit
from sim.results import shown
from sim.scenario import Claim, Scenario

WHICH = {
    "realised_year": "what a future really brings, its luck included",
    "expectation": "what a future would bring on average over luck",
}
"""Which of two probabilities is meant."""
_AGAINST_NO_PLAN = frozenset({"programme_cost", *VALUES, *SAVINGS.values()})
"""Measures that are differences with no plan already, so that those of two years may be set side by side."""
DECIDERS_TOLD = 2
SIDES_TOLD = 3


# -- whole ---------------------------------------------------------------------------------------------------------


def in_words(found: Answers) -> list[str]:
    """Everything found, as lines to print."""
    scenario = scenario_of(found)
    lines: list[str] = []
    for answer in found.answers:
        lines += [f"{answer.number}. {answer.claim.text}", *(f"   {line}" for line in told(answer, scenario)), ""]
    return [*lines, *caveats(found)]


def scenario_of(found: Answers) -> Scenario:
    """The scenario that was asked about, as it was resolved."""
    return Scenario.model_validate(found.provenance["scenario"])


def told(answer: Answer, scenario: Scenario) -> list[str]:
    """One claim: the verdict first, then claimed beside modelled, and what stands behind it."""
    lines = [f"{held(answer)}: {verdict(answer, scenario)}."]
    lines += [f"{label}: {words}" for label, words in numbers(answer)]
    lines += [f"{label}: {words}" for label, words in behind(answer, scenario) if words]
    return lines


def numbers(answer: Answer) -> list[tuple[str, str]]:
    """Claimed, modelled and its interval, always beside each other; and what the plan changes, three ways."""
    found = [("Claimed", proper(claimed_in_words(answer.claim))), ("Modelled", modelled(answer))]
    if answer.effect.mean is not None and answer.better is not None:
        found.append(("Effect of the plan", effect(answer)))
    if answer.without_plan is not None and answer.without_plan.share is not None:
        found.append(("Without the plan", f"met {of_futures(answer.without_plan)}"))
    return found


def behind(answer: Answer, scenario: Scenario) -> list[tuple[str, str]]:
    """What decides it, where it fails, what would be enough, what others found, and what exactly was asked."""
    return [
        ("What decides it", decided_by(answer, scenario)),
        ("Where", where(answer, scenario)),
        ("Break-even", enough(answer, scenario)),
        ("Evidence", " ".join(evidence(answer.claim, scenario))),
        ("Beware", answer.naive),
        ("Tested as", tested(answer)),
    ]


def caveats(found: Answers) -> list[str]:
    """What has to be said of all of it."""
    drawn = (
        f"Each future draws the {found.numbers} numbers that have a range, each by itself, and has its own luck; the "
        "same with the plan and without. Numbers without a range, and what planners choose, were held fixed."
        if found.numbers
        else "No number of this scenario has a range, so futures differ by luck alone: how unsure its numbers are is "
        "not included."
    )
    again = f" {found.drawn_again} draws contradicted themselves and were drawn again." if found.drawn_again else ""
    cut_short = [f"{found.cut_short.capitalize()}: the answer rests on what was done."] if found.cut_short else []
    return [*cut_short, f"{drawn}{again}"]


# -- how often it holds --------------------------------------------------------------------------------------------


def held(answer: Answer) -> str:
    """In how many futures it holds: ``Holds in 3 of 200 futures (0.5 to 4%)``."""
    if answer.holds.share is None:
        return "There was nothing to measure"
    if answer.claim.which == "expectation":
        return f"Holds on average over luck {of_futures(answer.holds)}"
    return f"Holds {of_futures(answer.holds)}"


def of_futures(share: Share) -> str:
    """A share of futures with its interval, in words."""
    if share.share is None or share.low is None or share.high is None:
        return "in no future that could be measured"
    low, high = ends(share.low, share.high)
    return f"in {share.holds_in:,.0f} of {share.futures:,} futures ({low} to {high}%)"


def ends(low: float, high: float) -> tuple[str, str]:
    """Two shares in per cent, with a decimal below 1% and above 99%."""

    def of(share: float) -> str:
        per_cent = 100 * share
        return f"{per_cent:.1f}" if 0.05 <= per_cent < 1 or 99 < per_cent < 99.95 else f"{per_cent:.0f}"

    return of(low), of(high)


def verdict(answer: Answer, scenario: Scenario) -> str:
    """The verdict, and what would settle it if it cannot be told."""
    if answer.settled_by == "runs":
        return f"cannot tell yet; {settled_by(answer, scenario)}"
    settled = settled_by(answer, scenario)
    return f"{answer.verdict}; {settled}" if settled else answer.verdict


def settled_by(answer: Answer, scenario: Scenario) -> str:
    """What would settle a claim that cannot be told; empty if it can be."""
    match answer.settled_by:
        case "runs":
            return f"about {answer.futures_needed:,} futures would settle it (`--futures`)"
        case "data":
            data = " and ".join(number_in_words(each.path, scenario) for each in named(answer))
            return f"more runs would not settle it, only better data{f' on {data}' if data else ''}"
        case "luck":
            return "most of what differs is luck, so neither more runs nor better data would settle it"
        case "close":
            return "it lies so near the border that more runs would hardly settle it"
        case _:
            return ""


# -- sizes ---------------------------------------------------------------------------------------------------------


def modelled(answer: Answer) -> str:
    """The middle future, the range of 95% of futures, and the expected value with its interval."""
    found, claim, kind = answer.modelled, answer.claim, answer.kind
    if found.middle is None:
        return "nothing to measure"
    middle = _sized(claim, kind, found.middle, found.low, found.high, 2)
    return f"{middle} (the middle future, and 95% of them); expected {_expected(answer, found, kind)}"


def effect(answer: Answer) -> str:
    """What the plan changes: expected with its interval, over futures, and in how many it is better."""
    kind = "on_days" if answer.kind == "on_days" else "change"
    found, better = answer.effect, answer.better
    against = "before" if answer.claim.against == "before" else "without the plan"
    words = f"expected {_expected(answer, found, kind)}; 95% of futures {_span(answer.claim, kind, found)}"
    return f"{words}; better than {against} {of_futures(better)}" if better else words


def _expected(answer: Answer, found: Range, kind: str) -> str:
    return _sized(answer.claim, kind, found.mean, found.mean_low, found.mean_high, 1)


def _span(claim: Claim, kind: str, found: Range) -> str:
    whole = _sized(claim, kind, found.middle, found.low, found.high, 2)
    return whole.partition(" (")[2].partition(")")[0]


def _sized(
    claim: Claim, kind: str, value: float | None, low: float | None, high: float | None, significant: int
) -> str:
    """A value with its ends and unit, no more digits than they bear."""
    if value is None:
        return "no value"
    shown_ends = [math.nan if end is None else on_screen(claim, kind, end) for end in (value, low, high)]
    own = "percentage points of days" if kind == "on_days" and low is not None and value < 0 else unit(claim, kind)
    return with_unit(shown(*shown_ends, significant=significant), own)


# -- what stands behind it -----------------------------------------------------------------------------------------


def named(answer: Answer) -> list[Decider]:
    """The uncertain numbers that decide it: those that stand out, at most two."""
    return [each for each in answer.deciders if each.is_beyond_noise][:DECIDERS_TOLD]


def decided_by(answer: Answer, scenario: Scenario) -> str:
    """The uncertain numbers that decide it, and how much is luck."""
    luck = answer.luck
    share = (
        f"Luck is {100 * luck.share:.0f}% ({100 * luck.low:.0f} to {100 * luck.high:.0f}%) of what differs."
        if luck
        else ""
    )
    deciders = named(answer)
    if not deciders:
        return f"no uncertain number stands out of the noise of {answer.holds.futures:,} futures. {share}".strip()
    said = "; ".join(decider(each, answer, scenario) for each in deciders)
    also = " No other stands out of the noise." if len(deciders) < DECIDERS_TOLD else ""
    return f"{said}.{also} {share}".strip()


def decider(each: Decider, answer: Answer, scenario: Scenario) -> str:
    """An uncertain number, its range, where it comes from, and how the claim goes with it."""
    origin = "an assumption" if each.is_assumption else each.source
    way = "further from" if (each.correlation > 0) == answer.is_upper_limit else "nearer to"
    numbers = f"{each.low:.3g} to {each.high:.3g}, {origin}".rstrip(", ")
    size = f"rank correlation {abs(each.correlation):.2f}"
    return f"{number_in_words(each.path, scenario)} ({numbers}): the more, the {way} holding ({size})"


def where(answer: Answer, scenario: Scenario) -> str:
    """The region where it fails or holds, or that there is none."""
    region, share = answer.region, answer.holds.share
    if region is None:
        if share in (0, 1):
            return f"it {'holds' if share else 'fails'} in every future, so there is nothing that tells them apart"
        return "no region of the uncertain numbers stands out in which it fails more often than elsewhere"
    sides = " and ".join(edge(each, scenario) for each in region.edges[:SIDES_TOLD])
    verb = "fails" if region.where == "fails" else "holds"
    return (
        f"it {verb} in {100 * region.density:.0f}% of the {region.futures} futures in which {sides} "
        f"({100 * region.elsewhere:.0f}% of all); {100 * region.coverage:.0f}% of all in which it {verb} lie there"
    )


def edge(each: Edge, scenario: Scenario) -> str:
    """One side of a region."""
    label = number_in_words(each.path, scenario)
    if each.low is None:
        return f"{label} is at most {each.high:.3g}"
    if each.high is None:
        return f"{label} is at least {each.low:.3g}"
    return f"{label} is {each.low:.3g} to {each.high:.3g}"


def enough(answer: Answer, scenario: Scenario) -> str:
    """The value of the chosen number at which it holds in half of futures; empty if none was chosen."""
    found, asked = answer.enough, answer.claim.break_even
    if found is None:
        label = number_in_words(asked.lever, scenario) if asked else ""
        return f"not looked for here; `carepath claim` finds the value of {label} that is enough" if asked else ""
    label, told = number_in_words(found.lever, scenario), _told_as(found)
    tried = f"{label} between {told(found.low)} and {told(found.high)}"
    if not found.shares:
        return f"could not be looked for: at no value of {label} could futures be run"
    if found.value is None:
        most, least = (100 * end([share for _, share in found.shares]) for end in (max, min))
        if most < 50:
            return f"no value of {tried} is enough: it holds in at most {most:.0f}% of {found.futures} futures"
        return f"every value of {tried} is enough: it holds in at least {least:.0f}% of {found.futures} futures"
    low, high = (
        f"beyond {told(limit)}" if end is None else told(end)
        for end, limit in ((found.value_low, found.low), (found.value_high, found.high))
    )
    value, stated = told(found.value), told(found.stated)
    return (
        f"it holds in half of {found.futures} futures where {label} is {value} ({low} to {high}); the plan has {stated}"
    )


def _told_as(found: Enough) -> Callable[[float], str]:
    """How a value is told: of a lever as more or less of what it moves, of any other number as it stands."""
    if found.lever.endswith(".ratio"):
        return lambda value: more_or_less(float(f"{value:.3g}"))
    return lambda value: f"{value:.3g}"


def evidence(claim: Claim, scenario: Scenario) -> list[str]:
    """What others found; where nobody studied the claim itself, what the effects put in for the plan rest on."""
    if claim.evidence:
        return evidence_in_words(claim)
    return ["No evidence found for this claim itself.", *(_rests_on(each) for each in scenario.interventions)]


def _rests_on(each: Intervention) -> str:
    """What the effects put in for an intervention rest on, in a sentence or two."""
    levers = [*each.levers.values(), *each.needs_by_condition.values()]
    measured = [lever for lever in levers if lever.source and not lever.assumption]
    if measured:
        sources = dict.fromkeys(", ".join(part for part in (one.grade, one.source) if part) for one in measured)
        return f"What is put in for “{each.name}” rests on: {'; '.join(sources)}."
    assumed = "no effect is put in but the places, routes and hours it changes" if not levers else "effects are assumed"
    return f"“{each.name}”: {each.how_sure or f'{assumed}, without a source.'}"


def tested(answer: Answer) -> str:
    """What exactly was measured, against what, and which probability is meant."""
    claim = answer.claim
    naive = "" if claim.measure in _AGAINST_NO_PLAN else " (the naive figure)"
    before = f"the same days of the year before{naive}"
    against = before if claim.against == "before" else "the same time without the plan"
    set_against = f", against {against}" if answer.kind.startswith("change") else ""
    certain = f"supported from {100 * claim.certainty:.0f}% of futures on"
    return f"{measured_in_words(claim)}{set_against}; {WHICH[claim.which]}; {certain}"


# -- names of numbers ----------------------------------------------------------------------------------------------


def number_in_words(path: str, scenario: Scenario) -> str:
    """A number by its path, in words: what a programme does, or which number of which stage."""
    parts = path.split(".")
    if parts[0] != "interventions":
        return f"“{label_of('.'.join(_routes_named(parts, scenario)))}”"
    if parts[1] == "*":
        return f"the {label_of(parts[-1])} of all programmes together"
    found = [each for number, each in enumerate(scenario.interventions) if parts[1] == str(number)]
    name = f"“{found[0].name}”" if found else label_of(parts[1])
    if parts[2] in ("levers", "unintended"):
        return f"what {name} does to {LEVERS.get(parts[3], parts[3].replace('_', ' '))}"
    if parts[2] == "beds" and found and parts[3].isdecimal():
        return f"what {name} adds to {label_of(found[0].beds[int(parts[3])].pool.rstrip('_*'))}"
    return f"{label_of('.'.join(parts[2:]))} of {name}"


def _routes_named(parts: list[str], scenario: Scenario) -> list[str]:
    """A path with the number of a route told by where it leads."""
    if parts[:2] != ["place", "stages"] or "routes" not in parts or parts[2] not in scenario.place.stages:
        return parts
    at = parts.index("routes") + 1
    routes = scenario.place.stages[parts[2]].routes
    if at < len(parts) and parts[at].isdecimal() and int(parts[at]) < len(routes):
        return [*parts[:at], f"to_{routes[int(parts[at])].to}", *parts[at + 1 :]]
    return parts


def title(claim: Claim) -> str:
    """The measure a claim is about, as on screen."""
    return MEASURES[claim.measure].title
