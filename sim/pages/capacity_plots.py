"""Charts of capacities in Altair: how well each meets a standard, and the map of one pool against another.

Each is readable at 360 pixels and without colour. Writing them into a page is ``capacity.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sim.experiments.capacity import Found
from sim.experiments.capacity_map import Map, Point, cells_table, line_table
from sim.experiments.standards import Standard
from sim.pages.plots import COLOURS, NARROW, Width, finished

MET, NOT_MET = "Meets the standard", "Does not"
TODAY, CHEAPEST = "Today", "Cheapest"
SHADES = ("#f6d5b0", "#cfe3f5")
"""Pale orange and pale blue behind cells that do not meet the standard and that do."""
DARK = "#212b32"


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
    """The map: cells with the level they reach, the line of the standard with its ends, today and the cheapest pair.

    ``titles`` are those of the pools across and up the map.
    """
    narrow = isinstance(width, int) and width < NARROW
    rows, marks = _cells(drawn), _marks(drawn)
    x, y = _axis(rows, "left", "right", titles[0]), _axis(rows, "below", "above", titles[1])
    legend = alt.Legend(title=None, orient="top")
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=[NOT_MET, MET], range=[*SHADES]), legend=legend)
    shades = alt.Chart(rows).mark_rect(stroke="#fff")
    numbers = alt.Chart(rows).mark_text(fontSize=9 if narrow else 11, color="#425563", dy=12)
    across, up = x("across"), y("up")
    shape = alt.Shape("what:N", scale=alt.Scale(domain=[TODAY, CHEAPEST], range=["circle", "diamond"]), legend=None)
    points = alt.Chart(marks).mark_point(filled=True, size=120, color=DARK, opacity=1)
    words = alt.Chart(marks).mark_text(align="left", dx=9, dy=-9, fontSize=12, fontWeight="bold", color=DARK)
    layers = (
        shades.encode(x("left"), alt.X2("right:Q"), y("below"), alt.Y2("above:Q"), colour),
        numbers.encode(across, up, text="said:N"),
        _line(drawn.ends, 1.4, [5, 4]).encode(across, up, detail="line:N", order="order:Q"),
        _line(drawn.lines, 2.6, [1, 0]).encode(across, up, detail="line:N", order="order:Q"),
        points.encode(across, up, shape),
        words.encode(across, up, text="what:N"),
    )
    return finished(_layered(*layers), width, max(240, 55 * len(drawn.cells.up.capacities)))


def _axis(rows: pd.DataFrame, low: str, high: str, title: str) -> Callable[[str], Any]:
    """The encoding of a column along one side of the map, whose ends are those of the outermost cells."""
    of = {"left": (alt.X, "across"), "below": (alt.Y, "up")}
    encoding, capacities = of[low]
    scale = alt.Scale(domain=[float(rows[low].min()), float(rows[high].max())], nice=False, zero=False)
    axis = alt.Axis(values=sorted(set(rows[capacities])), grid=False)
    return lambda column: encoding(f"{column}:Q", title=title, scale=scale, axis=axis)


def _cells(drawn: Map) -> pd.DataFrame:
    """Each cell with the rectangle around it, its verdict, and what it reaches as it is written in it."""
    rows = cells_table(drawn.cells)
    for column, low, high in (("across", "left", "right"), ("up", "below", "above")):
        given = np.array(sorted(set(rows[column])))
        between = (given[1:] + given[:-1]) / 2
        ends = np.concatenate(([2 * given[0] - between[0]], between, [2 * given[-1] - between[-1]]))
        place = np.searchsorted(given, rows[column])
        rows = rows.assign(**{low: ends[place], high: ends[place + 1]})
    largest = rows["level"].abs().max()
    said = [_said(level, largest) for level in rows["level"]]
    return rows.assign(verdict=np.where(rows["met"], MET, NOT_MET), said=said)


def _said(level: float, largest: float) -> str:
    return "stuck" if math.isnan(level) else f"{level:,.0f}" if largest >= 1000 else f"{level:.3g}"


def _line(lines: tuple[tuple[Point, ...], ...], stroke: float, dash: list[int]) -> alt.Chart:
    points = line_table(lines)
    points = points.assign(order=range(len(points)))
    drawn: alt.Chart = alt.Chart(points).mark_line(strokeWidth=stroke, strokeDash=dash, color=COLOURS[1])
    return drawn


def _marks(drawn: Map) -> pd.DataFrame:
    """Today's pair, if it is on the map, and the cheapest that just meets the standard."""
    up, across = drawn.cells.up, drawn.cells.across
    rows = []
    if all(side.capacities[0] <= side.today <= side.capacities[-1] for side in (up, across)):
        rows.append({"what": TODAY, "across": across.today, "up": up.today})
    if drawn.cheapest:
        rows.append({"what": CHEAPEST, "across": drawn.cheapest.point.across, "up": drawn.cheapest.point.up})
    return pd.DataFrame(rows, columns=["what", "across", "up"])


def cost_chart(drawn: Map, title: str, width: Width = "container") -> alt.LayerChart | None:
    """Cost a year along the line of the standard in millions, with its band; None if a unit cost is not known."""
    line = line_table(drawn.lines)
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
    mark = alt.Chart(point).mark_point(filled=True, shape="diamond", size=120, color=DARK, opacity=1)
    curve = alt.Chart(line).mark_line(strokeWidth=2.4, color=COLOURS[1]).encode(x, y, detail="line:N", order="order:Q")
    layers = (bars.encode(x, alt.Y("cost_low:Q", scale=scale), alt.Y2("cost_high:Q")), curve, mark.encode(x, y))
    return finished(_layered(*layers), width, 210)


def _layered(*layers: alt.Chart) -> alt.LayerChart:
    return alt.LayerChart(layer=[*layers])
