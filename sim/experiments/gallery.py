"""The claims of every question that comes with carepath, put to the test one after the other and kept.

What is found of each scenario is kept in a file of its own as soon as it is done, so that a gallery that was stopped
goes on where it was. The page is made from these files (``pages/gallery.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import InputError, Problem
from sim.experiments.answers import Answers, read_answers
from sim.experiments.ask import asked_together
from sim.experiments.evaluate import Evaluation, read_kept
from sim.experiments.futures import families
from sim.experiments.spread import HERE, Progress, Spread
from sim.files.fields import suggestion
from sim.files.reading import load_scenario
from sim.files.shipped import shipped
from sim.identity import engine_hash, resolved_hash
from sim.scenario import Scenario

FUTURES = 200
"""Futures of each scenario unless asked for otherwise."""
SCALE = 0.2
"""Share of people and capacities simulated unless asked for otherwise."""
TWICE = 20
"""Futures run twice: enough to say whether luck or ignorance is most of what differs."""
TRIED = 25
"""Futures run at each value tried for what is enough, where that is asked for."""
DIGITS = 5
"""Significant digits of the value of each future in the gallery that comes with carepath."""


def questions(only: Sequence[str] = (), scale: float | None = None) -> dict[str, Scenario]:
    """The scenarios that come with carepath and claim something, by name, at a scale.

    ``only`` picks some of them. A pathway without people is run as it is. Raises InputError for a name there is not.
    """
    names = sorted(path.stem for path in shipped("scenarios").glob("*.yaml"))
    lost = [name for name in only if name not in names]
    if lost:
        raise InputError([Problem("--only", f"there is no scenario {lost[0]}; {suggestion(lost[0], names, 'names')}")])
    found = {}
    for name in only or names:
        scenario = load_scenario(name)
        if scale is not None and scenario.place.people:
            scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update={"scale": scale})})
        if scenario.claims:
            found[name] = scenario
    if not found:
        raise InputError([Problem("--only", "none of these scenarios claims anything")])
    return found


def hang(
    scenarios: Mapping[str, Scenario], folder: Path, futures: int = FUTURES, how: Spread = HERE, command: str = "",
    tried: int = 0,
) -> dict[str, Answers]:  # fmt: skip
    """What is found of the claims of each scenario, by name; kept in ``folder/NAME.json`` and read from there if it is.

    What is enough is looked for in the first ``tried`` futures. What was kept is used again if scenario, code, seed and
    number of futures are the same. Interrupted from the keyboard it keeps what is done and raises KeyboardInterrupt:
    the same command goes on from there.
    """
    before = {name: _kept(folder / f"{name}.json", scenarios[name], futures, tried) for name in scenarios}
    found = {name: kept for name, kept in before.items() if kept}
    whole = len(scenarios) * futures
    for names in families({name: scenario for name, scenario in scenarios.items() if name not in found}):
        several = {name: scenarios[name] for name in names}
        telling = replace(how, progress=_part(how.progress, len(found) * futures, len(names) * futures, whole))
        if how.progress:
            how.progress(len(found) * futures, whole)
        try:
            each = asked_together(tuple(several.values()), futures, TWICE, telling, command, tried)
        except KeyboardInterrupt:
            done = f"{len(found)} of {len(scenarios)} scenarios are done and kept in {folder}"
            raise KeyboardInterrupt(done) from None
        for name, answers in zip(several, each, strict=True):
            answers.write(folder / f"{name}.json")
            found[name] = answers
    if how.progress:
        how.progress(whole, whole)
    return {name: found[name] for name in scenarios}


def _part(tell: Progress | None, before: int, share: int, whole: int) -> Progress | None:
    """Progress of some scenarios as part of all of them; the last step is told when they are kept."""
    return (lambda done, of: tell(min(before + done * share // max(of, 1), whole - 1), whole)) if tell else None


def _kept(path: Path, scenario: Scenario, futures: int, tried: int) -> Answers | None:
    """What was found before, if it would be found again."""
    if not path.exists():
        return None
    try:
        kept = read_answers(path)
    except InputError:
        return None
    made = kept.provenance
    is_same = (
        made.get("engine_sha256") == engine_hash()
        and made.get("scenario_sha256") == resolved_hash(scenario.model_dump(mode="json"))
        and made.get("seed") == scenario.run.seed
        and kept.looks == (futures,)
        and not (tried and any(each.claim.break_even and not each.enough for each in kept.answers))
    )
    return kept if is_same else None


# -- the gallery that comes with carepath --------------------------------------------------------------------------


def shipped_gallery() -> Path:
    """Where the gallery that comes with carepath is kept."""
    return shipped("scenarios", "gallery.json")


def keep(found: Mapping[str, Answers], path: Path) -> None:
    """Write a gallery as one file, without the scenarios themselves, which come with carepath."""
    entries = {}
    for name, answers in found.items():
        entry = answers.model_dump(mode="json")
        entry["provenance"].pop("scenario", None)
        for answer in entry["answers"]:
            answer["by_future"] = [float(f"{value:.{DIGITS}g}") for value in answer["by_future"]]
        entries[name] = entry
    path.write_text(json.dumps(entries, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_gallery(path: Path) -> dict[str, Answers]:
    """A gallery written by ``keep``, the scenarios read in again; InputError if it is none.

    A scenario that has been taken out since is left out; one whose claims were changed still shows what was asked.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        there = {each.stem for each in shipped("scenarios").glob("*.yaml")}
        found = {}
        for name, entry in entries.items():
            if name in there:
                entry["provenance"]["scenario"] = load_scenario(name).model_dump(mode="json")
                found[name] = Answers.model_validate(entry)
    except (OSError, ValueError, ValidationError, AttributeError, KeyError, TypeError) as error:
        what = f"is not a gallery ({error}): make it again with `carepath gallery`"
        raise InputError([Problem(str(path), what)]) from error
    return found


def evaluations(names: Iterable[str]) -> dict[str, tuple[Evaluation, dict[str, Any]]]:
    """What studies of a programme of these questions would have reported, where carepath comes with it; provenance."""
    files = {name: shipped("scenarios", "evaluations", f"{name}.json") for name in names}
    return {name: read_kept(path) for name, path in files.items() if path.exists()}
