"""The library: what interventions come with carepath, how good the evidence for each is, and what each says in full."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sim.files.reading import load_intervention
from sim.files.shipped import shipped
from sim.interventions import Intervention, Lever
from sim.pages.explain import LEVERS, intervention_in_words, more_or_less, titles_in
from sim.system import Place

GRADES = (
    "RCT meta-analysis",
    "RCT",
    "matched control",
    "meta-analysis of mixed designs",
    "systematic review",
    "observational",
    "simulation",
    "before-after",
    "descriptive",
    "opinion",
)
"""Kinds of evidence, the best first: how far a design rules out that people would have got better anyway."""


@dataclass(frozen=True)
class Entry:
    """One intervention in short."""

    name: str
    """Its file, without .yaml: what a scenario names it by."""
    title: str
    """Name on screen."""
    what: str
    """What it is."""
    grade: str
    """Best kind of evidence behind any of its levers."""
    strongest: str
    """Its strongest lever, in words."""
    how_sure: str
    """How sure anybody can be of its effect."""


def library() -> tuple[Entry, ...]:
    """Every intervention that comes with carepath, by name."""
    return tuple(entry(file.stem, load_intervention(file)) for file in files())


def files() -> list[Path]:
    """The files of the library, by name."""
    return sorted(shipped("scenarios", "interventions").glob("*.yaml"))


def entry(name: str, each: Intervention) -> Entry:
    """An intervention in short."""
    levers = _levers(each)
    return Entry(name, each.name, each.what, best_grade(levers.values()), strongest(levers), each.how_sure)


def best_grade(levers: Iterable[Lever]) -> str:
    """The best kind of evidence that a lever rests on; levers marked as assumptions rest on none."""
    each = list(levers)
    if not each:
        return "no lever: what it does follows from the places, routes and hours it changes"
    measured = {lever.grade for lever in each if lever.source and not lever.assumption}
    if not measured:
        return "assumption"
    return min(measured, key=lambda grade: GRADES.index(grade) if grade in GRADES else len(GRADES))


def strongest(levers: dict[str, Lever]) -> str:
    """The lever farthest from no effect, or with the widest range if none has an effect; empty without levers."""
    if not levers:
        return ""
    name = max(levers, key=lambda key: (_size(levers[key].ratio), _width(levers[key])))
    lever = levers[name]
    span = f" ({more_or_less(lever.low)} to {more_or_less(lever.high)})" if lever.low and lever.high else ""
    return f"{_in_words(name)}: {more_or_less(lever.ratio)}{span}"


def in_words(each: Intervention, place: Place) -> list[str]:
    """Everything an intervention does, a sentence or two each; services are named as in a place."""
    return list(intervention_in_words(each, titles_in(place, each)))


def known_of(each: Intervention) -> list[str]:
    """What is known of each of its levers, figures that were not used included, and its own sources."""
    notes = [(_in_words(name), lever.note) for name, lever in _levers(each).items() if lever.note]
    return [*(f"{what[0].upper()}{what[1:]}: {note}" for what, note in notes), *each.sources]


def _levers(each: Intervention) -> dict[str, Lever]:
    """What it moves on purpose and by mistake, by name."""
    by_condition = {f"needs caused by {name}": lever for name, lever in each.needs_by_condition.items()}
    return {**dict(each.levers.items()), **by_condition, **dict(each.unintended.items())}


def _in_words(lever: str) -> str:
    return LEVERS.get(lever, lever.replace("_", " "))


def _size(ratio: float) -> float:
    return abs(math.log(ratio))


def _width(lever: Lever) -> float:
    return math.log((lever.high or lever.ratio) / (lever.low or lever.ratio))
