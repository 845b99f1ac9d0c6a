"""People a year from stage to stage, expected from the file without any queue, and in words.

Drawing them is ``diagram.py``.
"""

from __future__ import annotations

import math

from sim.expected.flows import expected_flows, plain_entries
from sim.expected.routes import ROUTED_AS, Routing
from sim.system import HOME, Place, Stage

NEED = "need"
"""Where new needs come from."""
DIED = "died"
"""Where those who die in a stage go."""
CUT_SHORT = "cut short"
"""Where those go whose stay at home is ended by another need or a death."""

Flows = dict[tuple[str, str], float]


def flows_between(place: Place) -> Flows:
    """People a year from stage to stage, from ``NEED`` to stages, and from stages to ``home`` and other ends."""
    net = expected_flows(place).net
    entries = dict(net.entries) if net is not None else {}
    entries["other"] = plain_entries(place)
    routing = net.routing if net is not None else Routing(place, {})
    found: Flows = {}

    def add(source: str, to: str, people: float) -> None:
        found[source, to] = found.get((source, to), 0.0) + people

    for label, by_stage in entries.items():
        severity = ROUTED_AS.get(label, label)
        for name, per_year in by_stage.items():
            add(_giver(place, name) if label == "diverted" else NEED, name, float(per_year.sum()))
        for name, per_year in routing.visits(severity, by_stage).items():
            stage = place.stages[name]
            if stage.residence is not None:
                continue
            onward = routing.alive[name]
            end = CUT_SHORT if stage.at_home else DIED
            add(name, end, float((per_year * (1 - onward)).sum()))
            for resolved in routing.routes(severity)[name]:
                add(name, resolved.route.to, float((per_year * onward * resolved.share).sum()))
    return {pair: people for pair, people in found.items() if people > 0}


def _giver(place: Place, name: str) -> str:
    """The stage whose people come here when they are not seen."""
    givers = [own for own, stage in place.stages.items() if stage.gives_up and stage.gives_up.divert_to == name]
    return givers[0] if givers else NEED


def in_words(place: Place) -> list[str]:
    """Where people go from each stage, most first, one sentence for each."""
    between = flows_between(place)
    sentences = []
    for name, stage in place.stages.items():
        out = sorted(((n, to) for (source, to), n in between.items() if source == name), reverse=True)
        parts = [f"{rounded(n)} {_destination(place, to)}" for n, to in out if n >= 0.5]
        if parts:
            sentences.append(f"{title_of(name, stage)}, people a year: {', '.join(parts)}.")
    return sentences


def _destination(place: Place, to: str) -> str:
    ends = {HOME: "go home", DIED: "die", CUT_SHORT: "have it cut short by another need"}
    return ends[to] if to in ends else f"to {title_of(to, place.stages[to])}"


def title_of(name: str, stage: Stage) -> str:
    """A stage's name on screen."""
    return stage.title or name.replace("_", " ").capitalize()


def rounded(people: float) -> str:
    """Two digits and no more: 46,321 is 46,000."""
    if people < 1:
        return "under 1"
    return f"{round(people, 1 - math.floor(math.log10(people))):,.0f}"


def duration(days: float) -> str:
    """A time in its natural unit."""
    if days >= 360:
        years = round(days / 365, 2)
        return f"{years:g} year{'s' * (years != 1)}"
    if days >= 1.5:
        return f"{days:.0f} days" if days >= 9.5 else f"{days:.1f} days"
    hours = 24 * days
    return f"{hours:.0f} hours" if hours >= 1.5 else f"{60 * hours:.0f} minutes"
