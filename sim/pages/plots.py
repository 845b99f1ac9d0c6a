"""Charts of results in Altair: occupancy and delay over time, and what gives first.

Each is readable at 360 pixels and tells its lines apart without colour. Writing them into a page is ``report.py``.
"""

from __future__ import annotations

import datetime as dt
from textwrap import wrap
from typing import Literal

import altair as alt
import pandas as pd

from sim.pages.what_gives_first import what_gives
from sim.results import BASELINE, PLAN, Results

Width = int | Literal["container"]

ARMS = {BASELINE: "Without the plan", PLAN: "With the plan"}
"""Arms as they are called on screen."""
COLOURS = ("#4c6272", "#005eb8")
"""Grey and blue, apart in brightness too."""
FONT = "Arial, Helvetica, sans-serif"
ENOUGH = 10
"""Replications from which the middle 80% of them says more than the lowest and highest."""
POOLS_SHOWN = 8
MORE, FEWER = "More people wait", "Fewer people wait"
LINE_BREAK = "|"
NARROW = 480
"""Below this width there is one date in six months and no title beside an axis."""


def band_over(replications: int) -> str:
    """What the band of the charts over time shows."""
    if replications < 2:
        return "One repetition, so no band."
    if replications < ENOUGH:
        return f"Line: mean of {replications} repetitions; band: lowest to highest of them."
    return f"Line: mean of {replications} repetitions; band: the middle 80% of them."


def weekly(results: Results, measure: str) -> pd.DataFrame:
    """Mean and band of a measure by week and arm, whole place.

    Returns
    -------
    pandas.DataFrame
        Columns week (date of its first day), arm (as on screen), low, mid, high; empty if there is no such measure.
    """
    table = results.measures
    everybody = (table["group"] == "all") & (table["locality"] == "all") & (table["of"] == "all")
    weeks = table[everybody & (table["measure"] == measure) & table["period"].str.startswith("week ")]
    by_week = weeks.assign(number=weeks["period"].str.removeprefix("week ").astype(int)).groupby(["number", "arm"])
    replications = table["replication"].nunique()
    ends = (0.1, 0.9) if replications >= ENOUGH else (0.0, 1.0)
    values = by_week["value"]
    found = pd.DataFrame({"low": values.quantile(ends[0]), "mid": values.mean(), "high": values.quantile(ends[1])})
    found = found.reset_index()
    starts = dt.date.fromisoformat(str(results.provenance["scenario"]["run"]["starts"]))
    found["week"] = pd.to_datetime([starts + dt.timedelta(days=7 * (number - 1)) for number in found["number"]])
    return found.assign(arm=found["arm"].map(ARMS)).loc[:, ["week", "arm", "low", "mid", "high"]]


def occupancy_chart(results: Results, width: Width = "container") -> alt.LayerChart | None:
    """Acute bed occupancy in per cent by week; None if the place has no acute beds."""
    rows = weekly(results, "acute_occupancy")
    if rows.empty:
        return None
    rows[["low", "mid", "high"]] *= 100
    return _over_time(rows, "Per cent of acute beds", width, from_zero=False)


def delayed_chart(results: Results, width: Width = "container") -> alt.LayerChart | None:
    """People delayed overnight by week; None if there is no overnight stage."""
    rows = weekly(results, "delayed_overnight")
    return None if rows.empty else _over_time(rows, "People", width, from_zero=True)


def _over_time(rows: pd.DataFrame, title: str, width: Width, *, from_zero: bool) -> alt.LayerChart:
    narrow = isinstance(width, int) and width < NARROW
    arms = [arm for arm in ARMS.values() if arm in set(rows["arm"])]
    span = (rows["week"].max() - rows["week"].min()).days / 30
    months = next((each for each in (1, 2, 3, 6, 12, 24, 60) if span / each <= (4 if narrow else 9)), 120)
    axis = alt.Axis(format="%b %Y", tickCount={"interval": "month", "step": months}, labelOverlap=True, grid=False)
    x = alt.X("week:T", title=None, axis=axis)
    scale = alt.Scale(zero=from_zero, nice=True)
    legend = alt.Legend(title=None, orient="top", symbolSize=600, symbolStrokeWidth=3)
    colour = alt.Color("arm:N", scale=alt.Scale(domain=arms, range=list(COLOURS)), legend=legend)
    dash = alt.StrokeDash("arm:N", scale=alt.Scale(domain=arms, range=[[6, 4], [1, 0]]), legend=legend)
    base = alt.Chart(rows)
    band = base.mark_area(opacity=0.18, aria=False).encode(
        x, alt.Y("low:Q", title=title, scale=scale), alt.Y2("high:Q"), alt.Color("arm:N", legend=None)
    )
    line = base.mark_line(strokeWidth=2.4).encode(x, alt.Y("mid:Q", title=title, scale=scale), colour, dash)
    both: alt.LayerChart = alt.layer(band, line).resolve_legend(color="independent", strokeDash="independent")
    return finished(both, width, 210)


def gives_chart(results: Results, width: Width = "container") -> alt.LayerChart | None:
    """How many more people wait for each pool with the plan, with 95% intervals; None where nothing differs."""
    found = [each for each in what_gives(results) if max(abs(each.low), abs(each.high), abs(each.more)) >= 0.05]
    if not found:
        return None
    largest = sorted(found, key=lambda each: -abs(each.more))[:POOLS_SHOWN]
    narrow = isinstance(width, int) and width < NARROW
    rows = pd.DataFrame([each for each in found if each in largest])
    rows["name"] = [LINE_BREAK.join(wrap(title, 22 if narrow else 40)[:2]) for title in rows["title"]]
    rows["direction"] = [FEWER if more < 0 else MORE for more in rows["more"]]
    rows["said"] = [_signed(more) for more in rows["more"]]
    rows["end"] = rows[["more", "high"]].max(axis=1).clip(lower=0)
    axis = alt.Axis(labelExpr=f"split(datum.label, '{LINE_BREAK}')", labelLimit=300, domain=False, ticks=False)
    y = alt.Y("name:N", sort=list(rows["name"]), title=None, axis=axis)
    x = alt.X(
        "more:Q",
        title="Difference in people waiting",
        axis=alt.Axis(tickCount=4),
        scale=alt.Scale(padding=36),
    )
    legend = alt.Legend(title=None, orient="top", columns=1 if narrow else 2)
    colour = alt.Color(
        "direction:N", scale=alt.Scale(domain=[MORE, FEWER], range=["#b35900", "#005eb8"]), legend=legend
    )
    base = alt.Chart(rows)
    bars = base.mark_bar(height=14).encode(x, y, colour)
    ends = base.mark_rule(strokeWidth=1.5, aria=False).encode(alt.X("low:Q"), alt.X2("high:Q"), y)
    words = base.mark_text(align="left", dx=5, fontSize=11, aria=False).encode(alt.X("end:Q"), y, text="said:N")
    return finished(bars + ends + words, width, alt.Step(34))


def _signed(more: float) -> str:
    """A difference with its sign, none if it rounds to nought."""
    said = f"{more:+,.0f}" if abs(more) >= 9.5 else f"{more:+.1f}"
    return "0" if float(said.replace(",", "")) == 0 else said.replace("-", "−")  # noqa: RUF001


def finished(chart: alt.LayerChart, width: Width, height: int | alt.Step) -> alt.LayerChart:
    """The chart at its size, axes included, in the fonts and quiet lines of every chart."""
    dark, quiet = "#212b32", "#e4e8ea"
    fitted = alt.AutoSizeParams(type="fit-x", contains="padding")
    styled: alt.LayerChart = (
        chart.properties(width=width, height=height, background="#fff", autosize=fitted)
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, titleFontSize=12, labelColor=dark, titleColor=dark, gridColor=quiet)
        .configure_legend(labelFontSize=12, labelColor=dark, labelLimit=300)
    )
    return styled
