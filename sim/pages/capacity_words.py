"""What a search for a capacity, or a map of two, has found, in sentences for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from sim.experiments.capacity import Answer, Found, Tried, left_aside, pool_matches
from sim.experiments.capacity_map import Cheapest, Map
from sim.experiments.standards import DEFINITIONS, Standard
from sim.pages.explain import titles_of
from sim.results import Interval, shown
from sim.scenario import Scenario

TOLD = 3
"""Pools named where people wait."""
WORTH_TELLING = 0.5
"""People waiting from which on a pool is named."""
OF_LUCK = (
    "Intervals are of luck alone, over replications with the same numbers in each: how unsure the numbers are is not "
    "in them (add --uncertain)."
)
OF_BOTH = "Intervals are over replications, each with its own luck and its own draw of the uncertain numbers."
SMALL = (
    "Fewer people share fewer places at a scale below 1, and small pools need more spare places than large ones: look "
    "at full scale before you quote a number."
)
ENOUGH = 10
"""Replications from which on a range found by resampling them is trusted."""
OFTEN = 0.05
"""Share of resampled maps from which on it is said that the cheapest pair may lie outside."""


def named(scenario: Scenario, name: str) -> str:
    """A pool by its title, or several by what their titles have in common and what they were called by."""
    titles = [title for pool, title in titles_of(scenario).pools.items() if pool_matches(pool, name)]
    if len(titles) == 1:
        return f"“{titles[0]}”"
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*titles, strict=False))
    shared = "".join(letters[0] for letters in alike).rstrip(" ,(")
    return f"“{shared}” ({name})" if shared else name


def about(found: Found, scenario: Scenario) -> list[str]:
    """The pool and its capacity today, what of the plan is left aside, and what the steps are."""
    lines = [f"{named(scenario, found.pools)}: capacity {found.today:,.4g} in the file."]
    if aside := left_aside(scenario, found.pools):
        lines.append(f"Left aside, since the capacity is what is asked: {'; '.join(aside)}.")
    if found.step > 1:
        lines.append(f"Tried in steps of {found.step:g}.")
    return lines


def answered(found: Found, answer: Answer, scenario: Scenario) -> list[str]:
    """The answer for one standard: the smallest capacity and its interval, or that none meets it and why."""
    standard = answer.standard
    lines = [f"{standard}", f"  ({DEFINITIONS[standard.what]})"]
    if answer.smallest is None:
        return [*lines, *_nobody(found, standard, scenario)]
    tried, today = found.at(answer.smallest), found.at(found.today)
    lines.append(f"  Smallest capacity: {_smallest(found, answer)}, {_against_today(answer.smallest - found.today)}.")
    lines.append(f"  With {answer.smallest:,.0f}: {_reached(tried, standard)}.")
    if answer.smallest != found.today:
        lines.append(f"  With the {found.today:,.4g} in the file: {_reached(today, standard)}.")
    return lines


def _smallest(found: Found, answer: Answer) -> str:
    """The smallest capacity with its interval, ends that were not found said in words."""
    smallest = f"{answer.smallest:,.0f}"
    if answer.low is None:
        return f"{smallest} (one replication, so no interval)"
    if answer.high is None:
        return f"{smallest} (95% interval from {answer.low:,.0f} to beyond {found.up_to:,.0f})"
    return f"{smallest} (95% interval {answer.low:,.0f} to {answer.high:,.0f})"


def _against_today(more: float) -> str:
    if more == 0:
        return "as many as in the file"
    return f"{abs(more):,.4g} {'more' if more > 0 else 'fewer'} than in the file"


def _reached(tried: Tried, standard: Standard) -> str:
    found = tried.meets(standard)
    if math.isnan(found.level):
        return found.in_words(standard)
    by_itself = f"{found.met_in} of {found.value.n} replications meet it by themselves"
    return f"{found.in_words(standard)}; {by_itself}"


def _nobody(found: Found, standard: Standard, scenario: Scenario) -> list[str]:
    """That no capacity meets a standard, and what to look at instead."""
    last = found.tried[-1]
    lines = [f"  No capacity up to {last.capacity:,.0f} meets it: {_reached(last, standard)}."]
    titles = titles_of(scenario).pools
    others = [(pool, people) for pool, people in last.waiting.items() if not pool_matches(pool, found.pools)]
    told = [f"“{titles[pool]}” ({people:,.3g})" for pool, people in others[:TOLD] if people >= WORTH_TELLING]
    if not told:
        return [*lines, "  Nobody there waits for another service, so the length of stay or the need decides."]
    if last.ready >= WORTH_TELLING:
        lines.append(f"  The beds fill with people who cannot leave: {last.ready:,.3g} acute beds on an average night.")
    look = f"carepath capacity FILE {others[0][0]}"
    return [*lines, f"  People in an old place wait for {', '.join(told)}. Look at those, for example: {look}"]


def caveats(scenario: Scenario, uncertain: bool) -> list[str]:
    """What to know before a number is quoted."""
    lines = [OF_BOTH if uncertain else OF_LUCK]
    return [*lines, SMALL] if scenario.run.scale < 1 else lines


# -- maps ----------------------------------------------------------------------------------------------------------


def map_in_words(drawn: Map, scenario: Scenario) -> list[str]:
    """Which pairs just meet the standard, and which of them costs least."""
    cells = drawn.cells
    met = sum(tried.meets(cells.standard).is_met for row in cells.tried for tried in row)
    pairs = len(cells.up.capacities) * len(cells.across.capacities)
    up, across = named(scenario, cells.up.pools), named(scenario, cells.across.pools)
    lines = [f"{cells.standard}: met by {met} of {pairs} pairs of {up} and {across}."]
    if not drawn.lines:
        which = "every" if met == pairs else "no"
        return [*lines, f"It is met by {which} pair of the map, so there is no line along which it is just met."]
    for row in drawn.band.to_dict("records"):
        lines.append(f"  With {row['across']:,.0f} of {cells.across.pools}: {needed_in_words(drawn, row)}")
    if scenario.run.replications < ENOUGH:
        lines.append(f"With fewer than {ENOUGH} replications to resample the ranges of a map are too narrow.")
    return [*lines, *_cost(drawn)]


def needed_in_words(drawn: Map, row: Mapping[Any, Any]) -> str:
    """What a row of the band of a map says: the capacity needed with its interval, or that it lies outside the map."""
    pools, capacities = drawn.cells.up.pools, drawn.cells.up.capacities
    need, low, high = (float(row[name]) for name in ("needed", "low", "high"))
    if need == math.inf:
        return f"more than the {capacities[-1]:,.0f} of {pools} on the map"
    if need == -math.inf:
        return f"{capacities[0]:,.0f} of {pools} or fewer do"
    ends = [
        f"below {capacities[0]:,.0f}" if low == -math.inf else f"{low:,.0f}",
        f"above {capacities[-1]:,.0f}" if high == math.inf else f"{high:,.0f}",
    ]
    return f"{need:,.0f} of {pools} ({' to '.join(ends)})"


def _cost(drawn: Map) -> list[str]:
    cells, best = drawn.cells, drawn.cheapest
    missing = [side.pools for side in (cells.up, cells.across) if side.cost is None]
    if missing:
        return [f"No cost: the place has no price for a day of {' or '.join(missing)}; give --cost or --against-cost."]
    if best is None:
        return []
    unit = " and ".join(
        f"£{side.cost.value:,.4g} a day for {side.pools}" for side in (cells.up, cells.across) if side.cost
    )
    where = f"{_plain(best.up)} of {cells.up.pools} with {_plain(best.across)} of {cells.across.pools}"
    lines = [f"Cheapest pair that just meets it: {where}; £{_millions(best.cost)} million a year ({unit})."]
    return [*lines, *_doubts(best)]


def _plain(found: Interval) -> str:
    """A capacity with its range, in whole places."""
    return f"{found.mean:,.0f} ({found.low:,.0f} to {found.high:,.0f})"


def _millions(cost: Interval) -> str:
    return shown(cost.mean / 1e6, cost.low / 1e6, cost.high / 1e6, significant=2)


def _doubts(best: Cheapest) -> list[str]:
    lines = []
    if best.at_an_end >= OFTEN:
        share = f"{100 * best.at_an_end:.0f}%"
        lines.append(
            f"In {share} of resampled runs and costs it lies at an end of the line: it may lie outside the map."
        )
    if best.without_a_line >= OFTEN:
        lines.append(f"In {100 * best.without_a_line:.0f}% of resampled runs no pair of the map just meets it.")
    lines.append("An average cost: a bed that is not needed saves this much only when its whole ward closes.")
    return lines
