"""Charts of claims in Altair: what the futures bring beside what is claimed, and how often it holds at other values.

Each is readable at 360 pixels and without colour. Writing them into a page is ``claim.py``.
"""

from __future__ import annotations

import math

import altair as alt
import numpy as np
import pandas as pd

from sim.experiments.answers import Answer
from sim.experiments.tested import on_screen, unit
from sim.pages.plots import COLOURS, NARROW, Width, finished

HOLDS, FAILS = "It holds", "It does not"
SHADES = (COLOURS[1], "#b9c4cc")
"""Blue and pale grey, far apart in brightness."""
DARK = "#212b32"
BINS = 24
"""Most bins; fewer where there are few futures."""
WIDEST = 0.01
"""Share of futures at each end that may be put into the last bin, so that a few do not hide the rest."""


def futures_chart(answer: Answer, width: Width = "container") -> alt.LayerChart | None:
    """How many futures bring which value, those in which the claim holds apart, and what is claimed as a line."""
    if not answer.by_future:
        return None
    bins = _binned(answer)
    narrow = isinstance(width, int) and width < NARROW
    words = unit(answer.claim, answer.kind)
    axis = alt.Axis(tickCount=4 if narrow else 8, grid=False)
    x = alt.X("low:Q", title=words[0].upper() + words[1:], axis=axis, scale=alt.Scale(zero=False, nice=True))
    legend = alt.Legend(title=None, orient="top", symbolType="square")
    colour = alt.Color("what:N", scale=alt.Scale(domain=[HOLDS, FAILS], range=list(SHADES)), legend=legend)
    bars = (
        alt.Chart(bins)
        .mark_bar(stroke="#fff", strokeWidth=0.5)
        .encode(
            x,
            alt.X2("high:Q"),
            alt.Y("futures:Q", title="Futures", axis=alt.Axis(tickCount=4, tickMinStep=1)),
            alt.Y2(datum=0),
            colour,
        )
    )
    claimed = pd.DataFrame({"at": [on_screen(answer.claim, answer.kind, answer.claimed_value)], "word": ["claimed"]})
    base = alt.Chart(claimed).encode(alt.X("at:Q"))
    line = base.mark_rule(strokeDash=[6, 4], strokeWidth=2, color=DARK)
    word = base.mark_text(align="left", dx=4, y=8, fontSize=12, color=DARK).encode(text="word:N")
    return finished(bars + line + word, width, 200)


def _binned(answer: Answer) -> pd.DataFrame:
    """Futures by value and by whether the claim holds: low, high, what, futures. The claim is a border of bins."""
    values = np.array([on_screen(answer.claim, answer.kind, value) for value in answer.by_future])
    claimed = on_screen(answer.claim, answer.kind, answer.claimed_value)
    ends = np.quantile(values, [WIDEST, 1 - WIDEST])
    bins = min(BINS, 2 * math.isqrt(len(values)) + 2)
    width = float(np.ptp(ends)) / bins or abs(claimed) / bins or 1.0
    steps = (values - claimed) / width
    place = np.ceil(steps) - 1 if answer.is_upper_limit else np.floor(steps)
    first, last = np.floor((ends - claimed) / width)
    place = np.where(place < 0, np.maximum(place, min(first, -1)), np.minimum(place, max(last, 0)))
    there, futures = np.unique(place, return_counts=True)
    holds = (there < 0) == answer.is_upper_limit
    return pd.DataFrame(
        {
            "low": claimed + there * width,
            "high": claimed + (there + 1) * width,
            "what": np.where(holds, HOLDS, FAILS),
            "futures": futures,
        }
    )


def enough_chart(answer: Answer, width: Width = "container") -> alt.LayerChart | None:
    """In how many futures the claim holds at each value tried, and the value that is enough with its interval."""
    found = answer.enough
    if found is None or not found.shares:
        return None
    rows = pd.DataFrame([{"value": value, "share": 100 * share} for value, share in found.shares])
    x = alt.X("value:Q", title="Value", axis=alt.Axis(tickCount=5), scale=alt.Scale(zero=False, nice=False))
    y = alt.Y("share:Q", title="Per cent of futures", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5))
    base = alt.Chart(rows)
    line = base.mark_line(strokeWidth=2.4, color=COLOURS[1]).encode(x, y)
    points = base.mark_point(filled=True, size=50, color=COLOURS[1]).encode(x, y)
    half = alt.Chart(pd.DataFrame({"half": [50.0]})).mark_rule(strokeDash=[6, 4], color=COLOURS[0]).encode(y="half:Q")
    layers = line + points + half
    if found.value is not None:
        first = found.low if found.value_low is None else found.value_low
        last = found.high if found.value_high is None else found.value_high
        band = alt.Chart(pd.DataFrame({"low": [first], "high": [last]})).mark_rect(opacity=0.15, color=COLOURS[1])
        layers = band.encode(alt.X("low:Q"), alt.X2("high:Q")) + layers
    return finished(layers, width, 200)
