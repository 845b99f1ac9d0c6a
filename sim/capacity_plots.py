"""Charts of capacities in Altair: how well each meets a standard, and the map of one pool against another.

Each is readable at 360 pixels and without colour. Writing them into a page is ``capacity_page.py``.
"""

from __future__ import annotations

import math

import altair as alt
import numpy as np
import pandas as pd

from sim.experiments.capacity import Found
from sim.experiments.capacity_map import Map, cells_table, line_table
from sim.experiments.standards import Standard
from sim.plots import COLOURS, Width, finished

MET, NOT_MET = "Meets the standard", "Does not"
JUST, TODAY, CHEAPEST = "Just meets it", "Today", "Cheapest"
SHADES = ("#f6d5b0", "#cfe3f5")
"""Pale orange and pale blue behind cells that do not meet the standard and that do."""


def compared_unit(standard: Standard) -> str:
    """What the table of capacities shows for a standard."""
    if standard.days is not None:
        return "Per cent of days under the limit"
    return {"%": f"{standard.what.capitalize()}, per cent"}.get(standard.unit, f"{standard.what}, {standard.unit}")


def capacity_chart(found: Found, standard: Standard, width: Width = "container") -> alt.LayerChart:
    """What each capacity tried reaches, with 95% intervals, the standard as a line and the answer as a band."""
    rows = found.table()
    rows = rows[(rows["standard"] == str(standard)) & rows["value"].notna()]
    answer = next(each for each in found.answers if each.standard == standard)
    scale = alt.Scale(zero=False, nice=True)
    x = alt.X("capacity:Q", title="Capacity", scale=scale, axis=alt.Axis(tickCount=6, tickMinStep=1))
    title = compared_unit(standard)
    base = alt.Chart(rows)
    bars = base.mark_rule(strokeWidth=1.5, color=COLOURS[1]).encode(
        x, alt.Y("low:Q", title=title, scale=scale), alt.Y2("high:Q")
    )
    points = base.mark_point(filled=True, size=50, color=COLOURS[1]).encode(x, alt.Y("value:Q", scale=scale))
    aim = standard.days if standard.days is not None else standard.limit
    limit = alt.Chart(pd.DataFrame({"aim": [aim]})).mark_rule(strokeDash=[6, 4], color=COLOURS[0])
    layers = [bars, points, limit.encode(alt.Y("aim:Q"))]
    if answer.low is not None and answer.smallest is not None:
        ends = pd.DataFrame({"low": [answer.low], "high": [answer.high or found.up_to]})
        band = alt.Chart(ends).mark_rect(opacity=0.15, color=COLOURS[1])
        layers.insert(0, band.encode(alt.X("low:Q", scale=scale), alt.X2("high:Q")))
    return finished(_layered(*layers), width, 240)


def map_chart(drawn: Map, titles: tuple[str, str], width: Width = "container") -> alt.LayerChart:
    """The map: cells with the level they reach, the line of the standard with its band, today and the cheapest pair.

    ``titles`` are those of the pools across and up the map.
    """
    cells = drawn.cells
    x, y, bounds = _axes(drawn, titles)
    layers = [*_shades(drawn, bounds), *_lines(drawn, bounds, x, y), *_marks(drawn, x, y)]
    names = alt.Chart(_today(drawn)).mark_text(align="left", dx=8, dy=-8, fontSize=12)
    layers.append(names.encode(x, y, text="what:N"))
    narrow = isinstance(width, int) and width < 480
    numbers = alt.Chart(_levels(drawn)).mark_text(fontSize=9 if narrow else 11, color="#425563", dy=10)
    layers.insert(1, numbers.encode(x, y, text="said:N"))
    return finished(_layered(*layers), width, 360 if len(cells.up.capacities) > 4 else 280)


def _axes(drawn: Map, titles: tuple[str, str]) -> tuple[alt.X, alt.Y, pd.DataFrame]:
    """Both axes over the capacities tried, and the rectangle around each cell."""
    across, up = drawn.cells.across.capacities, drawn.cells.up.capacities
    left, right = _edges(across)
    below, above = _edges(up)
    rows = cells_table(drawn.cells)
    column = rows["across"].map({each: n for n, each in enumerate(across)}).to_numpy()
    line = rows["up"].map({each: n for n, each in enumerate(up)}).to_numpy()
    bounds = rows.assign(left=left[column], right=right[column], below=below[line], above=above[line])
    spans = [
        alt.Scale(domain=[float(low[0]), float(high[-1])], nice=False) for low, high in ((left, right), (below, above))
    ]
    x = alt.X("across:Q", title=titles[0], scale=spans[0], axis=alt.Axis(values=[*across], grid=False))
    y = alt.Y("up:Q", title=titles[1], scale=spans[1], axis=alt.Axis(values=[*up], grid=False))
    return x, y, bounds


def _edges(capacities: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of each cell, half way to its neighbours."""
    given = np.array(capacities)
    between = (given[1:] + given[:-1]) / 2
    ends = 2 * given[0] - between[0], 2 * given[-1] - between[-1]
    return np.concatenate(([ends[0]], between)), np.concatenate((between, [ends[1]]))


def _shades(drawn: Map, bounds: pd.DataFrame) -> list[alt.Chart]:
    rows = bounds.assign(verdict=np.where(bounds["met"], MET, NOT_MET))
    legend = alt.Legend(title=None, orient="top")
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=[NOT_MET, MET], range=[*SHADES]), legend=legend)
    edges = (alt.X("left:Q"), alt.X2("right:Q"), alt.Y("below:Q"), alt.Y2("above:Q"))
    return [alt.Chart(rows).mark_rect(stroke="#fff").encode(*edges, colour)]


def _levels(drawn: Map) -> pd.DataFrame:
    """What each cell reaches, as it is written in it."""
    rows = cells_table(drawn.cells)
    largest = rows["level"].abs().max()
    said = [_said(level, largest) for level in rows["level"]]
    return rows.assign(said=said)


def _said(level: float, largest: float) -> str:
    return "stuck" if math.isnan(level) else f"{level:,.0f}" if largest >= 100 else f"{level:.3g}"


def _lines(drawn: Map, bounds: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """The line of the standard and its band; what lies outside the map ends at its edge."""
    floor, roof = float(bounds["below"].min()), float(bounds["above"].max())
    band = drawn.band.assign(**{end: drawn.band[end].clip(floor, roof) for end in ("low", "high")})
    area = alt.Chart(band).mark_area(opacity=0.25, color=COLOURS[1]).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    points = line_table(drawn)
    line = alt.Chart(points.assign(order=range(len(points)))).mark_line(strokeWidth=2.6, color=COLOURS[1])
    return [area, line.encode(x, y, detail="line:N", order="order:Q")]


def _today(drawn: Map) -> pd.DataFrame:
    """Today's pair and the cheapest that just meets the standard."""
    cells = drawn.cells
    rows = [{"what": TODAY, "across": cells.across.today, "up": cells.up.today}]
    if drawn.cheapest:
        rows.append({"what": CHEAPEST, "across": drawn.cheapest.point.across, "up": drawn.cheapest.point.up})
    return pd.DataFrame(rows)


def _marks(drawn: Map, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    shape = alt.Shape("what:N", scale=alt.Scale(domain=[TODAY, CHEAPEST], range=["circle", "diamond"]), legend=None)
    return [alt.Chart(_today(drawn)).mark_point(filled=True, size=120, color="#212b32", opacity=1).encode(x, y, shape)]


def cost_chart(drawn: Map, title: str, width: Width = "container") -> alt.LayerChart | None:
    """Cost a year along the line of the standard in millions, with its band; None if a unit cost is not known."""
    line = line_table(drawn)
    if drawn.cheapest is None or line.empty:
        return None
    line = line.assign(order=range(len(line)), cost=line["cost"] / 1e6)
    scale = alt.Scale(zero=False, nice=True)
    x = alt.X("across:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6, tickMinStep=1, grid=False))
    y = alt.Y("cost:Q", title="£ million a year, both together", scale=scale)
    inside = drawn.band[np.isfinite(drawn.band[["cost_low", "cost_high"]]).all(axis=1)]
    ends = inside.assign(cost_low=inside["cost_low"] / 1e6, cost_high=inside["cost_high"] / 1e6)
    bars = alt.Chart(ends).mark_rule(strokeWidth=1.5, color=COLOURS[0])
    point = pd.DataFrame({"across": [drawn.cheapest.point.across], "cost": [drawn.cheapest.point.cost / 1e6]})
    mark = alt.Chart(point).mark_point(filled=True, shape="diamond", size=120, color="#212b32", opacity=1)
    curve = alt.Chart(line).mark_line(strokeWidth=2.4, color=COLOURS[1]).encode(x, y, detail="line:N", order="order:Q")
    layers = (bars.encode(x, alt.Y("cost_low:Q", scale=scale), alt.Y2("cost_high:Q")), curve, mark.encode(x, y))
    return finished(_layered(*layers), width, 210)


def _layered(*layers: alt.Chart) -> alt.LayerChart:
    return alt.LayerChart(layer=[*layers])
