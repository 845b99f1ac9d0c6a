"""Parts of a page that needs no network, no script and no other file: skeleton, tables, pictures, and writing it.

What stands in a page is the business of ``report.py`` and its like.
"""

from __future__ import annotations

import base64
import importlib.resources
import os
import re
import tempfile
from collections.abc import Callable, Container, Iterable, Sequence
from html import escape
from pathlib import Path

import altair as alt
import vl_convert

from sim.errors import InputError, Problem

WIDE, NARROW = 700, 350
"""Pixels of each chart, for laptop and paper and for a phone."""
Section = tuple[str, str, str]
"""Key for links, heading, and content as HTML; left out of the page if there is no content."""


def write_page(text: str, path: Path) -> None:
    """Write a page, whole or not at all; InputError if it cannot be written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".page-", suffix=".html", delete=False, encoding="utf-8"
        ) as new:
            new.write(text)
        Path(new.name).chmod(0o666 & ~_umask())
        Path(new.name).replace(path)
    except OSError as error:
        what = f"the page cannot be written here ({error.strerror}): choose another with --out"
        raise InputError([Problem(str(path), what)]) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def document(title: str, first_screen: str, sections: Sequence[Section], linked: Container[str] = ()) -> str:
    """A page as HTML: its first screen, links to its sections but those it has ``linked`` itself, and the sections."""
    shown = [section for section in sections if section[2]]
    body = "".join(
        f'<section id="{key}"><h2>{escape(heading)}</h2>{content}</section>' for key, heading, content in shown
    )
    contents = " ".join(f'<a href="#{key}">{escape(heading)}</a>' for key, heading, _ in shown if key not in linked)
    style = (importlib.resources.files("sim.pages") / "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f'<header>{first_screen}<nav aria-label="On this page">{contents}</nav></header>'
        f"<main>{body}</main></body></html>\n"
    )


def with_code(text: str) -> str:
    """Text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def table_of(heads: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "") -> str:
    """A table of ready HTML cells; on a phone each row becomes a block with its headings beside the cells."""
    names = [*heads]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{cell}</th>' if column == 0 else f'<td data-head="{escape(names[column])}">{cell}</td>'
            for column, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def small(text: object) -> str:
    """Text in small letters; nothing if there is none."""
    return f"<small>{escape(text)}</small>" if isinstance(text, str) and text else ""


def bullets(items: Iterable[str]) -> str:
    """A list of texts."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def picture(maker: Callable[[int], alt.TopLevelMixin | None], words: str) -> str:
    """A chart drawn for a laptop and again for a phone, of which the browser shows one; nothing if there is none."""
    images = []
    for width, kind in ((WIDE, "wide"), (NARROW, "narrow")):
        chart = maker(width)
        if chart is None:
            return ""
        svg = vl_convert.vegalite_to_svg(chart.to_dict())
        data = base64.b64encode(svg.encode()).decode()
        images.append(f'<img class="{kind}" alt="{escape(words)}" src="data:image/svg+xml;base64,{data}">')
    return "".join(images)


def figure(heading: str, drawn: str, note: str) -> str:
    """A picture with its heading and what to know of it."""
    return f"<figure><h3>{escape(heading)}</h3>{drawn}<figcaption>{escape(note)}</figcaption></figure>"
