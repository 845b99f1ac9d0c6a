"""The pathway of a place as one picture: stages as boxes by setting, people a year as arrows, in SVG without a library.

Flows are the expected ones of ``expected/flows.py``, without queues; nothing is simulated here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from sim.expected.flows import ExpectedFlows, expected_flows
from sim.expected.net_rates import YEAR_DAYS
from sim.pages.flows import DIED, NEED, Flows, duration, flows_between, in_words, rounded, title_of
from sim.system import HOME, Place

COMMUNITY, HOSPITAL, AFTER, LIVING = "In the community", "In hospital", "After hospital, or instead", "Living with care"
COLOURS = {COMMUNITY: "#00735a", HOSPITAL: "#005eb8", AFTER: "#b35900", LIVING: "#7a3e8e"}
"""Settings from top to bottom, each with a dark colour that the colour-blind can tell from the others."""

WIDTH = 360
BOX_LEFT, BOX_WIDTH = 50, 166
ARCS_LEFT = BOX_LEFT + BOX_WIDTH
LINE, PAD, GAP = 14, 7, 12
WIDEST, NARROWEST = 13.0, 1.2
LEAST_SHARE = 0.0015
"""Flows below this share of all new needs are left out, unless nothing else leads to their stage."""
TEXT, QUIET = "#212b32", "#425563"


@dataclass
class _Box:
    """A stage in the picture; lengths in pixels."""

    name: str
    setting: str
    lines: list[str]
    top: float = 0.0
    height: float = 0.0
    into: list[_Arrow] = field(default_factory=list)
    out: list[_Arrow] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass
class _Arrow:
    """A flow between two boxes; lengths in pixels."""

    source: _Box
    target: _Box
    people: float
    width: float
    starts: float = 0.0
    ends: float = 0.0


def pathway_svg(place: Place, *, heading: str = "") -> str:
    """The picture as an SVG element 360 pixels wide that scales, legible at that width."""
    flows = expected_flows(place)
    between = flows_between(place)
    boxes = _boxes(place, flows, between)
    arrows = _arrows(boxes, between)
    height = _lay_out(boxes, top=26.0 if heading else 4.0)
    parts = [*_bands(boxes), *_drawn_arrows(arrows, boxes), *_entries(boxes, between)]
    parts += [part for box in boxes for part in _drawn_box(box)]
    parts += _labels(arrows)
    title = heading or f"People a year through {place.name}"
    top = [_text(8, 16, heading, 13, "bold")] if heading else []
    key = "Expected from the file, before any queue. Numbers rounded."
    more = "On arrows: people a year. From the left: new needs."
    parts = [
        *top,
        *parts,
        _text(8, height + 12, more, 10.5, colour=QUIET),
        _text(8, height + 26, key, 10.5, colour=QUIET),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 34:.0f}" role="img" '
        f'font-family="Arial, Helvetica, sans-serif"><title>{escape(title)}</title>'
        f'<desc>{escape(" ".join(in_words(place)))}</desc><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>"
    )


def write_picture(place: Place, path: Path) -> None:
    """Write the picture of a place to a file of its own."""
    path.write_text(pathway_svg(place, heading=place.name) + "\n", encoding="utf-8")


def setting(place: Place, name: str) -> str:
    """Where a stage happens, as far as its flags and routes tell."""
    stage = place.stages[name]
    if stage.residence is not None:
        return LIVING
    if _in_hospital(place, name):
        return HOSPITAL
    before = [own for own in place.stages if any(route.to == name for route in place.stages[own].routes)]
    if stage.community_bed or any(_in_hospital(place, own) for own in before):
        return AFTER
    return COMMUNITY


def _in_hospital(place: Place, name: str) -> bool:
    stage, urgent = place.stages[name], place.urgent_needs
    is_a_and_e = urgent is not None and urgent.a_and_e_stage == name
    return is_a_and_e or stage.acute or stage.emergency_admission or stage.decides_admission


def _boxes(place: Place, flows: ExpectedFlows, between: Flows) -> list[_Box]:
    """Boxes in order of setting, then of the file; stages nobody comes to are left out."""
    boxes = []
    for name, stage in place.stages.items():
        stays, present = float(flows.stays[name].sum()), float(flows.in_place[name].sum())
        if stays + present <= 0:
            continue
        lines = _wrapped(title_of(name, stage), 22)
        if stage.residence is not None:
            lines += ["", f"{rounded(present)} people", f"{rounded(stays)} new a year"]
        else:
            lines += ["", f"{rounded(stays)} a year, {duration(present * YEAR_DAYS / stays)}"]
            ends = ((HOME, "home"), (DIED, "die"))
            leave = [f"{rounded(between[name, to])} {word}" for to, word in ends if between.get((name, to), 0) >= 1]
            lines += [", ".join(leave)] if leave else []
        boxes.append(_Box(name, setting(place, name), lines))
    order = list(COLOURS)
    return sorted(boxes, key=lambda box: order.index(box.setting))


def _wrapped(text: str, width: int) -> list[str]:
    """A title on at most two lines; what does not fit is cut with an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > 2:
        lines = [lines[0], f"{lines[1]}…"]
    return [line if len(line) <= width + 2 else f"{line[: width + 1]}…" for line in lines]


def _arrows(boxes: list[_Box], between: Flows) -> list[_Arrow]:
    """Arrows between boxes, widest first; the small ones only where they are the largest way in."""
    by_name = {box.name: box for box in boxes}
    within = {pair: n for pair, n in between.items() if pair[0] in by_name and pair[1] in by_name}
    needs = sum(n for (source, _), n in between.items() if source == NEED)
    largest_in = {to: max(n for (_, own), n in within.items() if own == to) for _, to in within}
    most = max(within.values(), default=1.0)
    arrows = []
    for (source, to), people in sorted(within.items(), key=lambda item: -item[1]):
        if people < LEAST_SHARE * needs and people < largest_in[to]:
            continue
        width = max(NARROWEST, WIDEST * math.sqrt(people / most))
        arrow = _Arrow(by_name[source], by_name[to], people, width)
        arrow.source.out.append(arrow)
        arrow.target.into.append(arrow)
        arrows.append(arrow)
    return arrows


def _lay_out(boxes: list[_Box], top: float) -> float:
    """Give every box and arrow its place from top to bottom; the height used."""
    place_of = {box.name: index for index, box in enumerate(boxes)}
    before = ""
    for box in boxes:
        top += (24 if before else 20) if box.setting != before else GAP
        before = box.setting
        ports = sum(arrow.width + 3 for arrow in (*box.into, *box.out))
        box.top, box.height = top, max(PAD * 2 + LINE * sum(map(bool, box.lines)) + 3, ports + 6)
        top = box.bottom
    for box in boxes:
        nearest_first = sorted(box.into, key=lambda arrow: -place_of[arrow.source.name])
        farthest_first = sorted(box.out, key=lambda arrow: -place_of[arrow.target.name])
        _give_ports(box, nearest_first, farthest_first)
    return top + 10


def _give_ports(box: _Box, into: list[_Arrow], out: list[_Arrow]) -> None:
    """Where arrows touch the right side: those coming in above, those going out below."""
    at = box.top + 3.0
    for arrow in into:
        arrow.ends = at + arrow.width / 2
        at += arrow.width + 3
    at = box.bottom - 3.0 - sum(arrow.width + 3 for arrow in out)
    for arrow in out:
        arrow.starts = at + arrow.width / 2
        at += arrow.width + 3


def _bands(boxes: list[_Box]) -> Iterator[str]:
    for name, colour in COLOURS.items():
        inside = [box for box in boxes if box.setting == name]
        if not inside:
            continue
        top, bottom = inside[0].top - 18, inside[-1].bottom + 5
        yield _rect(3, top, WIDTH - 6, bottom - top, f'rx="6" fill="{colour}" opacity=".07"')
        yield _text(9, top + 13, name, 11.5, "bold", colour)


def _drawn_box(box: _Box) -> Iterator[str]:
    colour, lines = COLOURS[box.setting], [line for line in box.lines if line]
    yield _rect(BOX_LEFT, box.top, BOX_WIDTH, box.height, f'rx="4" fill="#fff" stroke="{colour}"')
    yield _rect(BOX_LEFT, box.top, 5, box.height, f'fill="{colour}"')
    titles = box.lines.index("")
    at = box.top + (box.height - LINE * len(lines)) / 2 + 11
    for number, line in enumerate(lines):
        bold = number < titles
        yield _text(BOX_LEFT + 11, at, line, 12 if bold else 11, "bold" if bold else "", TEXT if bold else QUIET)
        at += LINE


def _drawn_arrows(arrows: list[_Arrow], boxes: list[_Box]) -> Iterator[str]:
    longest = max((abs(arrow.ends - arrow.starts) for arrow in arrows), default=1.0)
    for arrow in arrows:
        x, colour = ARCS_LEFT + 4 / 3 * _reach(arrow, longest), COLOURS[arrow.source.setting]
        head = max(5.0, arrow.width / 2 + 3)
        yield (
            f'<path d="M{ARCS_LEFT} {arrow.starts:.1f}C{x:.1f} {arrow.starts:.1f} {x:.1f} {arrow.ends:.1f} '
            f'{ARCS_LEFT + head:.1f} {arrow.ends:.1f}" fill="none" stroke="{colour}" stroke-opacity=".45" '
            f'stroke-width="{arrow.width:.1f}"/><path d="M{ARCS_LEFT + 1} {arrow.ends:.1f}l{head:.1f} {-head / 1.6:.1f}'
            f'v{head * 1.25:.1f}z" fill="{colour}"/>'
        )


def _reach(arrow: _Arrow, longest: float) -> float:
    """How far to the right an arrow swings."""
    return 20 + (WIDTH - ARCS_LEFT - 34) * math.sqrt(abs(arrow.ends - arrow.starts) / longest)


def _entries(boxes: list[_Box], between: Flows) -> Iterator[str]:
    """New needs, as arrows from the left."""
    most = max([n for (source, _), n in between.items() if source == NEED] or [1.0])
    for box in boxes:
        people = between.get((NEED, box.name), 0.0)
        if people < 0.5:
            continue
        y, width = box.top + box.height / 2 + 4, max(NARROWEST, WIDEST * math.sqrt(people / most))
        head = max(5.0, width / 2 + 3)
        yield (
            f'<path d="M6 {y:.1f}H{BOX_LEFT - head:.1f}" stroke="{QUIET}" stroke-opacity=".5" '
            f'stroke-width="{width:.1f}"/>'
            f'<path d="M{BOX_LEFT - 1} {y:.1f}l{-head:.1f} {-head / 1.6:.1f}v{head * 1.25:.1f}z" fill="{QUIET}"/>'
        )
        yield _text(6, y - width / 2 - 4, rounded(people), 11, colour=TEXT, halo=True)


def _labels(arrows: list[_Arrow]) -> Iterator[str]:
    """Numbers on arrows, the largest first, each where it covers no other; those without room stay in the text."""
    longest = max((abs(arrow.ends - arrow.starts) for arrow in arrows), default=1.0)
    taken: list[tuple[float, float, float, float]] = []
    for arrow in arrows:
        label = rounded(arrow.people)
        for along in (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75):
            x, y = _point(arrow, longest, along)
            wide = 6.2 * len(label) + 2
            left = min(x - wide / 2, WIDTH - wide - 3)
            spot = (left, y - 7, left + wide, y + 6)
            if left > ARCS_LEFT + 3 and not any(_overlap(spot, other) for other in taken):
                taken.append(spot)
                yield _text(left, y + 4, label, 11, colour=TEXT, halo=True)
                break


def _point(arrow: _Arrow, longest: float, along: float) -> tuple[float, float]:
    """A point of an arrow's curve, from 0 at its start to 1 at its end."""
    back = 1 - along
    x = ARCS_LEFT + 4 / 3 * _reach(arrow, longest) * 3 * back * along
    y = arrow.starts * (back**3 + 3 * back**2 * along) + arrow.ends * (along**3 + 3 * back * along**2)
    return x, y


def _overlap(one: Iterable[float], other: Iterable[float]) -> bool:
    (a, b, c, d), (e, f, g, h) = one, other
    return a < g and e < c and b < h and f < d


def _rect(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'


def _text(
    x: float, y: float, words: str, size: float, weight: str = "", colour: str = TEXT, *, halo: bool = False
) -> str:
    style = f' font-weight="{weight}"' if weight else ""
    style += ' paint-order="stroke" stroke="#fff" stroke-width="3" stroke-linejoin="round"' if halo else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{style}>{escape(words)}</text>'
