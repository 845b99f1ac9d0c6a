"""YAML text to plain values, each with the file and line it came from.

Nothing here knows what the values mean. Every fault of the text itself (syntax, tags, nulls, repeated names) is
collected, not raised, so that a reader hears of all of them at once.
"""

from __future__ import annotations

import codecs
import copy
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver

from sim.errors import Problem

LARGEST_BYTES = 2_000_000
"""Largest file that is read."""
DEEPEST = 40
"""Deepest nesting that is read."""
MOST_VALUES = 200_000
"""Most values a file may stand for, repeated ones (`*name`) counted each time."""

Address = tuple[str, ...]
"""Parts of a dotted path; the items of a list are "0", "1" ..."""

REMEDIES = {
    "mapping values are not allowed": "a colon is not allowed here: put text that holds `: ` in quotes, or check the "
    "indentation",
    "could not find expected ':'": "a name without a colon: write `name: value`",
    "expected <block end>": "the indentation does not match the lines above",
    "cannot start any token": "a character that cannot begin a value: use spaces, not tabs, and put text that begins "
    "with a sign such as % or @ in quotes",
    "expected ',' or '}'": "a `{` without its `}`, or a comma is missing",
    "expected ',' or ']'": "a `[` without its `]`, or a comma is missing",
    "while scanning a quoted scalar": "a quotation mark without its partner",
    "found unexpected end of stream": "a quotation mark without its partner",
    "special characters are not allowed": "a character that is not text: save the file as plain UTF-8 text",
}
"""What to do about the commonest slips, by words of the YAML reader's own message."""


UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How a file begins that Windows saved as "Unicode"."""
OFFICE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of office programs begin, new and old."""
TAKEN_DIFFERENTLY = "\t\x85\u2028\u2029\ufeff"
"""Tabs, rare ends of lines and byte order marks: what they mean inside a text differs between readers of YAML."""


class Origin(NamedTuple):
    """Where a value was written."""

    file: str
    """File as shown to the user; empty for an option of the command line."""
    line: int
    """Line from 1; 0 if there is none."""
    root: int = 0
    """Number of leading parts of an address that are not in that file."""
    said: str = ""
    """How the user called the value, where it is not its address."""

    def problem(self, address: Address, what: str) -> Problem:
        """A problem with the value at ``address`` that was written here."""
        return Problem(self.said or ".".join(address[self.root :]), what, self.file, self.line)


@dataclass
class Document:
    """The values of one or more files as one tree, and where each was written."""

    data: Any = None
    """Dictionaries, lists, text, numbers, dates and booleans."""
    origins: dict[Address, Origin] = field(default_factory=dict)
    """Where values were written; a value without an entry was written where its parent was."""
    problems: list[Problem] = field(default_factory=list)
    """Everything found wrong so far."""
    reported: set[Address] = field(default_factory=set)
    """Addresses that hold nothing because what was written there is among the problems."""
    incomplete: set[Address] = field(default_factory=set)
    """Addresses of blocks that lack what could not be read; what is missing in them is not reported."""
    called: dict[Address, str] = field(default_factory=dict)
    """Second names of items of lists, such as the file an intervention was read from."""

    def origin(self, address: Address) -> Origin:
        """Where the value at ``address`` was written, or its nearest parent."""
        for end in range(len(address), -1, -1):
            if address[:end] in self.origins:
                return self.origins[address[:end]]
        return Origin("", 0)

    def complain(self, address: Address, what: str, *, absent: bool = False) -> None:
        """Add a problem with the value at ``address``; ``absent`` if the tree now holds nothing there."""
        self.problems.append(self.origin(address).problem(address, what))
        if absent:
            self.reported.add(address)

    def was_reported(self, address: Address) -> bool:
        """True if the value at ``address``, or one it is part of, is absent because it was reported already."""
        return any(address[:end] in self.reported for end in range(len(address) + 1))

    def may_miss(self, address: Address) -> bool:
        """True if a missing value at ``address`` follows from what could not be read."""
        return self.was_reported(address) or any(address[: len(part)] == part for part in self.incomplete)

    def move(self, address: Address, origin: Origin) -> None:
        """Note that the value at ``address`` and all its parts now come from ``origin``."""
        for known in [known for known in self.origins if known[: len(address)] == address]:
            del self.origins[known]
        self.origins[address] = origin

    def graft(self, address: Address, other: Document) -> None:
        """Take over what ``other`` knows of its values, for a tree now found at ``address``."""
        for known, origin in other.origins.items():
            self.origins[address + known] = origin._replace(root=origin.root + len(address))
        self.problems.extend(other.problems)
        self.reported.update(address + known for known in other.reported)
        self.incomplete.update(address + known for known in other.incomplete)


def read(path: Path, shown: str) -> Document:
    """The values of a file, called ``shown`` in messages."""
    document = Document(origins={(): Origin(shown, 0)})
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        document.complain((), f"cannot be read ({reason}); give the path of a YAML file", absent=True)
        return document
    if len(content) > LARGEST_BYTES:
        document.complain((), "is larger than 2 MB; a file of this kind is far smaller", absent=True)
        return document
    try:
        text = content.decode("utf-16" if content[:2] in UTF_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        document.complain((), _not_text(content, error.start), absent=True)
        return document
    return parse(text, shown)


def _not_text(content: bytes, byte: int) -> str:
    """Why a file cannot be read as text, and what to do."""
    if content[:4] in OFFICE:
        return "is an Excel or Word file or an archive, not text; write it in a text editor such as Notepad"
    line = content[:byte].count(b"\n") + 1
    return f"is not plain text: line {line} has a character that is not UTF-8; save it again with the encoding UTF-8"


def parse(text: str, shown: str) -> Document:
    """The values of YAML text, called ``shown`` in messages. Never raises for what the text holds."""
    return _read_by_libyaml(text, shown) or _read_by_ruamel(text, shown)


def _read_by_libyaml(text: str, shown: str) -> Document | None:
    """The values of a text without faults, in a sixth of the time; None for any other, or where there is no libyaml."""
    if any(character in text for character in TAKEN_DIFFERENTLY):
        return None
    document = Document(origins={(): Origin(shown, 0)})
    try:
        document.data = _Reader(document, yaml.parse(text, Loader=yaml.CLoader)).whole()
    except (yaml.YAMLError, ValueError, AttributeError, _TooMuch):
        return None
    return None if document.problems else document


def _read_by_ruamel(text: str, shown: str) -> Document:
    """The values of a text, and what is wrong with it."""
    document = Document(origins={(): Origin(shown, 0)})
    reader = _Reader(document, YAML(typ="safe", pure=True).parse(text))
    try:
        document.data = reader.whole()
    except MarkedYAMLError as error:
        _syntax(document, shown, str(error.problem or error.context), str(error.context), error.problem_mark)
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError) as error:
        # the YAML library raises these too on some malformed texts (bad escapes, broken directives)
        _syntax(document, shown, str(error), "", None)
    except _TooMuch as error:
        document.problems.append(Problem("", str(error), shown, error.line))
        document.reported.add(())
    return document


def plain_scalar(text: str) -> Any:
    """The value of unquoted text by the rules of YAML 1.2: a number, date, boolean, None or the text itself."""
    tag = str(_RESOLVER.resolve(ScalarNode, text, (True, False))).rpartition(":")[2]
    match tag:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" | "float":
            return _number(text)
        case "timestamp" if len(text) == len("2026-04-01"):
            return _date(text)
    return text


def _number(text: str) -> int | float | str:
    clean = text.replace("_", "").lower()
    try:
        whole = int(clean, 0) if clean.lstrip("+-")[:2] in ("0x", "0o", "0b") else int(clean)
        return whole if abs(whole) < 2**64 else float(whole)
    except (ValueError, OverflowError):
        pass
    try:
        return float(clean.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text


def _date(text: str) -> dt.date | str:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


_RESOLVER = VersionedResolver(version="1.2", loader=YAML(typ="safe", pure=True))


def _syntax(document: Document, shown: str, said: str, context: str, mark: Any) -> None:
    remedy = next((fix for words, fix in REMEDIES.items() if words in said or words in context), "")
    line = 1 + mark.line if mark is not None else 0
    first_line = said.strip().splitlines()[0] if said.strip() else "it cannot be understood"
    document.problems.append(Problem("", f"not readable as YAML: {remedy or first_line}", shown, line))
    document.reported.add(())


class _TooMuch(Exception):
    """The text is nested too deeply or stands for too many values."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


class _Reader:
    """Builds values from the events of a YAML text, within the limits of depth and number."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self.document = document
        self.events = events
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0
        self.shown = document.origins[()].file

    def whole(self) -> Any:
        """The value of the first document; a second one is a problem."""
        value: Any = None
        documents = 0
        for event in self.events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                documents += 1
                if documents == 2:
                    self._fault((), event, "only one document is read from a file: remove the second `---`")
                    break
            elif name not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                value = self._value(event, ())
        if value is None and not self.document.problems:
            self.document.complain((), "is empty: there is nothing to read", absent=True)
        return value

    def _fault(self, address: Address, event: Any, what: str) -> None:
        line = 1 + event.start_mark.line
        self.document.problems.append(Problem(".".join(address), what, self.shown, line))
        self.document.reported.add(address)

    def _value(self, event: Any, address: Address) -> Any:
        line = 1 + event.start_mark.line
        before = self.count
        self._room(1, len(address), line)
        self.document.origins[address] = Origin(self.shown, line)
        if getattr(event, "tag", None) is not None:
            self._fault(address, event, f"tags such as `{_short_tag(str(event.tag))}` are not read: remove it")
        match type(event).__name__:
            case "AliasEvent":
                return self._repeated(event, address, line)
            case "SequenceStartEvent":
                value: Any = self._list(address)
            case "MappingStartEvent":
                value = self._mapping(address)
            case _:
                value = self._scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before)
        return value

    def _room(self, more: int, depth: int, line: int) -> None:
        self.count += more
        if depth > DEEPEST:
            raise _TooMuch(f"nested more than {DEEPEST} levels deep: check brackets and indentation", line)
        if self.count > MOST_VALUES:
            raise _TooMuch(f"stands for more than {MOST_VALUES:,} values: check the repeated ones (`*name`)", line)

    def _scalar(self, event: Any) -> Any:
        return plain_scalar(event.value) if event.implicit[0] else event.value

    def _repeated(self, event: Any, address: Address, line: int) -> Any:
        if event.anchor not in self.anchors:
            self._fault(address, event, f"`*{event.anchor}` repeats a value that is not marked `&{event.anchor}` above")
            return None
        value, size = self.anchors[event.anchor]
        self._room(size, len(address), line)
        return copy.deepcopy(value)

    def _list(self, address: Address) -> list[Any]:
        values: list[Any] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            here = (*address, str(len(values)))
            value = self._value(event, here)
            if value is None:
                self._null(here, event)
            else:
                values.append(value)
        return values

    def _mapping(self, address: Address) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while type(key := next(self.events)).__name__ != "MappingEndEvent":
            name = key.value if type(key).__name__ == "ScalarEvent" else None
            here = (*address, name or "?")
            line = 1 + key.start_mark.line
            if name is None:
                self._value(key, here)
                self._fault(address, key, "a list or block cannot be a name: write `name: value`")
            value_event = next(self.events)
            value = self._value(value_event, here)
            if name is None:
                continue
            if name in lines:
                self._fault(here, key, f"given twice, first in line {lines[name]}: keep one of them")
            elif value is None:
                self._null(here, value_event)
            else:
                values[name] = value
            lines.setdefault(name, line)
            self.document.origins[here] = Origin(self.shown, line)
        return values

    def _null(self, address: Address, event: Any) -> None:
        if address not in self.document.reported:
            self._fault(address, event, "has no value: give one, or remove the line if there is nothing to say")


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!") if tag.startswith("tag:") else tag
