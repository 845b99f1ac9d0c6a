"""Places, interventions and scenarios from YAML files and back, with everything wrong reported at once.

What is allowed in a field stands in the models; checks that compare fields are in ``checks.py``.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from sim.errors import InputError, Problem
from sim.files.checks import check_intervention, check_place, check_readiness, check_scenario
from sim.files.documents import Document, Origin, read
from sim.files.fields import Shape, listed, shown, suggestion
from sim.files.overrides import lay_over, remove, set_value, value_of_text, with_lender
from sim.files.shipped import shipped
from sim.files.wording import add_problems, unknown_fields
from sim.files.writing import dump
from sim.interventions import Intervention
from sim.readiness import Readiness
from sim.scenario import Divided, Scenario, ScenarioFile, UsedIntervention
from sim.system import Place

__all__ = [
    "Loaded",
    "Template",
    "dump",
    "load_any",
    "load_intervention",
    "load_place",
    "load_readiness",
    "load_scenario",
    "read_any",
    "read_intervention",
    "read_place",
    "read_scenario",
    "read_template",
]

Kind = Literal["place", "intervention", "scenario", "readiness"]
FOLDERS: dict[Kind, str] = {"place": "places", "intervention": "interventions", "scenario": "", "readiness": ""}
"""Where files of each kind are in the shipped scenarios folder."""

NAMED_BY: dict[Kind, str] = {"place": "place:", "intervention": "- use:", "readiness": "readiness:"}
"""How a scenario names a file of each kind."""

Model = TypeVar("Model", bound=BaseModel)
Check = Callable[[Any], tuple[list[Problem], list[Problem]]]


@dataclass(frozen=True)
class Loaded(Generic[Model]):
    """What a file says, and what about it deserves a second look."""

    model: Model
    """The place, intervention or scenario."""
    warnings: tuple[Problem, ...]
    """Warnings, each with file and line."""


@dataclass(frozen=True)
class Template:
    """A scenario file read once, from which scenarios with other values are made."""

    document: bytes
    """What was read, as a value that can be sent to another process."""
    changes: tuple[tuple[str, str], ...]
    """Changes made in all of them."""
    measures: tuple[tuple[str, Divided], ...]
    """Measures claims may be about, and how finely each is known; any if there are none."""

    def scenario(self, values: Mapping[str, str] = {}) -> Scenario:
        """The scenario with values as text by path; InputError if it makes no sense."""
        document, changes = pickle.loads(self.document), {**dict(self.changes), **values}
        return _finished(document, Scenario, lambda model: check_scenario(model, dict(self.measures)), changes).model

    def astray(self, values: Mapping[str, str], option: str) -> list[Problem]:
        """Problems with paths that lead nowhere, given with an option such as ``--grid``."""
        document: Document = pickle.loads(self.document)
        known = len(document.problems)
        for path, text in values.items():
            set_value(document, Scenario, path, value_of_text(text), Origin("", 0, said=f"{option} {path}"))
        return document.problems[known:]

    def addresses(self, values: Mapping[str, str]) -> list[str]:
        """Paths with the number of each item of a list in place of its name, as ``space`` names numbers."""
        document: Document = pickle.loads(self.document)
        origin = Origin("", 0)
        return [
            ".".join(set_value(document, Scenario, path, value_of_text(text), origin)) for path, text in values.items()
        ]


def load_place(path: str | Path, changes: Mapping[str, str] = {}) -> Place:
    """The place in a file, complete (laid over the place it is based on)."""
    return read_place(path, changes).model


def load_intervention(path: str | Path, changes: Mapping[str, str] = {}) -> Intervention:
    """The intervention in a file."""
    return read_intervention(path, changes).model


def load_readiness(path: str | Path) -> Readiness:
    """The answers about readiness in a file."""
    return read_readiness(path).model


def load_scenario(path: str | Path, changes: Mapping[str, str] = {}) -> Scenario:
    """The scenario in a file with its place and interventions read in.

    ``changes`` maps paths to values as text, as after ``--set`` on the command line: ``place.pools.acute.capacity``,
    ``run.seed``, ``interventions.0.strength`` or ``interventions.case_management.strength``.
    """
    return read_scenario(path, changes).model


def load_any(path: str | Path, changes: Mapping[str, str] = {}) -> Place | Intervention | Readiness | Scenario:
    """What is in a file, by its ``kind``."""
    return read_any(path, changes).model


def read_place(path: str | Path, changes: Mapping[str, str] = {}) -> Loaded[Place]:
    """The place in a file, with warnings."""
    return _finished(_place(_given(path, "place"), ()), Place, check_place, changes)


def read_intervention(path: str | Path, changes: Mapping[str, str] = {}) -> Loaded[Intervention]:
    """The intervention in a file, with warnings."""
    return _finished(_opened(_given(path, "intervention"), "intervention"), Intervention, check_intervention, changes)


def read_scenario(
    path: str | Path, changes: Mapping[str, str] = {}, measures: Mapping[str, Divided] = {}
) -> Loaded[Scenario]:
    """The scenario in a file, with warnings; claims must be about one of ``measures``, if any are given."""
    document = _scenario(_given(path, "scenario"))
    return _finished(document, Scenario, lambda model: check_scenario(model, measures), changes)


def read_template(path: str | Path, changes: Mapping[str, str] = {}, measures: Mapping[str, Divided] = {}) -> Template:
    """The scenario in a file, to be made many times with other values."""
    document = _scenario(_given(path, "scenario"))
    return Template(pickle.dumps(document), tuple(changes.items()), tuple(measures.items()))


def read_readiness(path: str | Path, changes: Mapping[str, str] = {}) -> Loaded[Readiness]:
    """The answers about readiness in a file, with warnings."""
    return _finished(_opened(_given(path, "readiness"), "readiness"), Readiness, check_readiness, changes)


def read_any(
    path: str | Path, changes: Mapping[str, str] = {}, measures: Mapping[str, Divided] = {}
) -> Loaded[Place] | Loaded[Intervention] | Loaded[Readiness] | Loaded[Scenario]:
    """What is in a file, by its ``kind``, with warnings."""
    found = _given(path, "scenario", "place", "intervention")
    document = read(*found)
    kind = document.data.get("kind") if isinstance(document.data, dict) else None
    if kind == "place":
        return read_place(path, changes)
    if kind == "intervention":
        return read_intervention(path, changes)
    if kind == "readiness":
        return read_readiness(path, changes)
    if kind is not None or document.problems or not isinstance(document.data, dict):
        return read_scenario(path, changes, measures)
    raise InputError([Problem("kind", f"is missing: give one of {listed(FOLDERS)}", found[1], 1)])


def _finished(document: Document, model: type[Model], check: Check, changes: Mapping[str, str]) -> Loaded[Model]:
    """The document as a model, once changed and checked; InputError with everything wrong."""
    whole = not document.was_reported(())
    for path, text in changes.items() if whole else ():
        set_value(document, model, path, value_of_text(text), Origin("", 0, said=f"--set {path}"))
    if whole:
        try:
            value = model.model_validate(_unchanging(document.data), strict=True)
        except ValidationError as error:
            add_problems(document, error, model)
        else:
            problems, warnings = check(value)
            document.problems += _located(document, problems)
            if not document.problems:
                return Loaded(value, tuple(_located(document, warnings)))
    raise InputError(_by_line(document.problems))


def _located(document: Document, problems: list[Problem]) -> list[Problem]:
    addresses = [_as_written(document.data, problem.where) for problem in problems]
    return [
        document.origin(address).problem(address, problem.what)
        for address, problem in zip(addresses, problems, strict=True)
    ]


def _as_written(data: Any, path: str) -> tuple[str, ...]:
    """The address of a path; the part `all` of a table by age is left out where it was written as one number."""
    address = tuple(path.split(".")) if path else ()
    for part in address[:-1]:
        data = data[int(part)] if isinstance(data, list) else data.get(part) if isinstance(data, dict) else None
    return address[:-1] if address[-1:] == ("all",) and not (isinstance(data, dict) and "all" in data) else address


def _by_line(problems: list[Problem]) -> list[Problem]:
    files = list(dict.fromkeys(problem.file for problem in problems))
    return sorted(dict.fromkeys(problems), key=lambda problem: (files.index(problem.file), problem.line))


def _unchanging(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unchanging(inner) for name, inner in value.items()}
    return tuple(_unchanging(inner) for inner in value) if isinstance(value, list) else value


def _opened(found: tuple[Path, str], kind: Kind) -> Document:
    """A file that must be of one kind; its whole is reported if it is not."""
    document = read(*found)
    if document.was_reported(()):
        return document
    data = document.data
    if not isinstance(data, dict):
        document.complain((), f"must be a block of lines such as `name: value`, not {shown(data)}", absent=True)
    elif not isinstance(given := data.get("kind", kind), str) or given not in FOLDERS:
        document.complain(("kind",), f"cannot be {shown(given)}; {suggestion(str(given), FOLDERS, 'choices')}")
        document.reported.add(())
    elif given != kind:
        document.complain(("kind",), f"this file is of kind {given}, but one of kind {kind} is needed here")
        document.reported.add(())
    return document


def _place(found: tuple[Path, str], above: tuple[Path, ...]) -> Document:
    """A place laid over the one it is based on; ``above`` are the files that are based on it."""
    document = _opened(found, "place")
    above = (*above, found[0].resolve())
    based_on = document.data.pop("based_on", "") if not document.was_reported(()) else ""
    if based_on == "":
        return document
    document.incomplete.add(())
    base_file = _referred(document, ("based_on",), based_on, "place")
    if base_file is None:
        return document
    if base_file[0].resolve() in above:
        document.complain(("based_on",), "goes round in a circle: a place cannot be based on itself")
        return document
    base = _place(base_file, above)
    if base.was_reported(()):
        document.problems += base.problems
        return document
    base.data = with_lender(base.data, Shape(model=Place), str(base.data.get("name", base_file[1])))
    remove(base, document, document.data.pop("without", []))
    base.origins[()] = document.origins[()]
    lay_over(base, document, Shape(model=Place))
    base.problems = document.problems + base.problems
    base.reported |= document.reported
    return base


def _scenario(found: tuple[Path, str]) -> Document:
    """A scenario with its place and interventions grafted in and its own changes made."""
    document = _opened(found, "scenario")
    if document.was_reported(()):
        return document
    unknown_fields(document, ScenarioFile)
    document.data.pop("kind", None)
    changes = document.data.pop("changes", {})
    place = document.data.get("place")
    if place is not None and not isinstance(place, dict):
        file = _referred(document, ("place",), place, "place")
        _graft(document, ("place",), _place(file, ()) if file else None)
    readiness = document.data.get("readiness")
    if isinstance(readiness, str):
        file = _referred(document, ("readiness",), readiness, "readiness")
        _graft(document, ("readiness",), _opened(file, "readiness") if file else None)
    given = document.data.get("interventions", [])
    for index, item in enumerate(given if isinstance(given, list) else []):
        if isinstance(item, dict) and "use" in item:
            _use(document, index, item)
    if not document.was_reported(("place",)):
        _make_changes(document, Scenario, changes, document, ("changes",), "place.")
    return document


def _graft(document: Document, address: tuple[str, ...], other: Document | None) -> None:
    """Put another file's document at an address; nothing there if it could not be read."""
    readable = other is not None and not other.was_reported(())
    holder: Any = document.data
    for part in address[:-1]:
        holder = holder[part]
    key: Any = int(address[-1]) if isinstance(holder, list) else address[-1]
    holder[key] = other.data if other is not None and readable else {}
    if other is not None:
        document.graft(address, other)
    if not readable:
        document.reported.add(address)


def _use(document: Document, index: int, item: dict[str, Any]) -> None:
    """Read in the intervention a scenario uses, with the changes it makes to it."""
    address = ("interventions", str(index))
    for name in [name for name in item if name not in UsedIntervention.model_fields]:
        remedy = f"to change a field of the intervention write `changes: {{{name}: ...}}`"
        document.complain((*address, name), f"cannot stand beside `use`; {remedy}")
    file = _referred(document, (*address, "use"), item["use"], "intervention")
    other = _opened(file, "intervention") if file else None
    if file and other and not other.was_reported(()):
        document.called[address] = file[0].stem
        _make_changes(other, Intervention, item.get("changes", {}), document, (*address, "changes"), "")
    _graft(document, address, other)


def _make_changes(
    document: Document, model: type[BaseModel], changes: Any, writer: Document, address: tuple[str, ...], prefix: str
) -> None:
    """Make the changes written at ``address`` in the document ``writer``."""
    if not isinstance(changes, dict):
        writer.complain(address, f"must be a block of lines such as `path: value`, not {shown(changes)}")
        return
    for path, value in changes.items():
        here = (*address, path)
        if isinstance(value, dict):
            writer.complain(here, "a change gives one value: write the path of one number, word or date")
            continue
        line = writer.origin(here)
        set_value(document, model, prefix + path, value, Origin(line.file, line.line, said=".".join(here)))


def _given(path: str | Path, *kinds: Kind) -> tuple[Path, str]:
    """The file a user asks for and what to call it; InputError if there is none."""
    found, near = _found(str(path), Path(), kinds)
    if found is None:
        raise InputError([Problem("", _missing(str(path), near, kinds), str(path) or "(no name)")])
    return found


def _missing(path: str, near: list[str], kinds: tuple[Kind, ...]) -> str:
    """Why no file of these kinds was found, and what to give instead."""
    if path and Path(path).is_dir():
        return "is a folder; give a file in it, such as my_question.yaml"
    for kind, other in NAMED_BY.items():
        if kind not in kinds and _found(path, Path(), (kind,))[0]:
            wanted = " or ".join(kinds)
            return f"is {_one(kind)}, but {_one(wanted)} is needed here; name it in a scenario, with `{other} {path}`"
    return f"there is no such file; {_near(path, near)}"


def _one(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def _referred(document: Document, address: tuple[str, ...], path: Any, kind: Kind) -> tuple[Path, str] | None:
    """The file another file refers to; None, and a problem, if there is none."""
    if not isinstance(path, str):
        document.complain(address, f"must be the path of a file of kind {kind}, not {shown(path)}", absent=True)
        return None
    found, near = _found(path, Path(document.origin(address).file).parent, (kind,))
    if found is None:
        where = f"there is no file {shown(path)} beside this file or among those that come with carepath"
        document.complain(address, f"{where}; {_near(path, near)}", absent=True)
    return found


def _found(path: str, folder: Path, kinds: tuple[Kind, ...]) -> tuple[tuple[Path, str] | None, list[str]]:
    """The file and what to call it, first as given, then among those shipped; and the names there are."""
    own = shipped("scenarios")
    inside = path.removeprefix("scenarios/")
    folders = [own / FOLDERS[kind] for kind in kinds]
    candidates = [folder / path, *(each / inside for each in folders), own / inside]
    for candidate in candidates:
        for file in (candidate, candidate.with_name(candidate.name + ".yaml") if candidate.name else candidate):
            if _is_file(file):
                return (file, _called(file)), []
    beside = folder / Path(path).parent
    near = [file.stem for each in (beside, *folders) if each.is_dir() for file in sorted(each.glob("*.yaml"))]
    return None, list(dict.fromkeys(near))


def _near(path: str, names: list[str]) -> str:
    meant, _, known = suggestion(Path(path).stem, names, "names known").partition("? (")
    return f"{meant}?" if known else meant


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _called(file: Path) -> str:
    """What to call a file in messages: as given, or from the current folder if it is in there."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
