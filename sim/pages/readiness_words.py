"""The readiness questionnaire to fill in, and what the answers are taken to mean, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import fill

from sim.readiness import (
    DOMAINS,
    Domain,
    Readiness,
    answers,
    checklist_share,
    domains,
    fidelity,
    half_time_ratio,
    level,
    missing,
    weakest,
)

WIDTH = 100
EXAMPLE_MONTHS = 12
"""Stated half-time that the answer is explained with."""
ASSUMPTIONS = ("slow_down", "weakest_holds_back_share", "left_share_without_mechanism")

HEADING = """\
How ready is the place for the programme? Give every score (0 to 5) and answer every question with true or false; a
line of a checklist may be removed where nobody knows. Then `carepath readiness THIS_FILE` says what the answers are
taken to mean, and `carepath run SCENARIO --readiness THIS_FILE` applies them.
Nobody has published how a score turns into an effect. The three numbers that do it are assumptions with wide ranges:
add `slow_down`, `weakest_holds_back_share` or `left_share_without_mechanism` to this file to give your own."""


def questionnaire(name: str) -> str:
    """The text of an empty questionnaire: every question above its line."""
    lines = [_comment(HEADING, ""), "kind: readiness", f'name: "{name}"']
    for field in (*DOMAINS, "mechanisms"):
        model = Readiness.model_fields[field].annotation
        assert isinstance(model, type)
        lines += ["", _comment(model.__doc__ or "", ""), f"{field}:"]
        for question, shape in getattr(model, "model_fields", {}).items():
            lines += [_comment(shape.description or "", "  "), f"  {question}:"]
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str) -> str:
    return fill(" ".join(text.split()), WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def readiness_in_words(readiness: Readiness) -> list[str]:
    """What the answers are taken to mean for a programme: how fast, how much, and what holds the rest back."""
    return [
        _score(readiness),
        _half_time(readiness),
        _fidelity(readiness),
        *_gate(readiness),
        *_weakest(readiness),
        "All of this is an assumption: nobody has published how such scores turn into effects. The ranges enter the "
        "uncertain numbers of every claim.",
    ]


def as_numbers(readiness: Readiness) -> dict[str, object]:
    """The same for another program."""
    low, high = _range(readiness, half_time_ratio)
    least, most = _range(readiness, fidelity)
    return {
        "name": readiness.name,
        "level": level(readiness),
        "checklist_share": checklist_share(readiness),
        "half_time_ratio": {"value": half_time_ratio(readiness), "low": low, "high": high},
        "fidelity": {"value": fidelity(readiness), "low": least, "high": most},
        "missing_mechanisms": missing(readiness),
        "weakest_domains": weakest(readiness),
        "assumption": True,
    }


def _range(readiness: Readiness, of: Callable[[Readiness], float]) -> tuple[float, float]:
    """Lowest and highest of a number with every assumption at one end of its range or the other."""
    found = [readiness]
    for name in ASSUMPTIONS:
        number = getattr(readiness, name)
        ends = [number.value if end is None else end for end in (number.low, number.high)]
        found = [
            each.model_copy(update={name: number.model_copy(update={"value": end})}) for each in found for end in ends
        ]
    values = [of(each) for each in found]
    return min(values), max(values)


def _score(readiness: Readiness) -> str:
    total = sum(domain.score for _, domain in domains(readiness))
    given = [answer for _, domain in domains(readiness) for answer in answers(domain).values()]
    open_items = sum(answer is None for answer in given)
    share = checklist_share(readiness)
    checklist = "no item of the checklist is answered" if share is None else f"{share:.0%} of the checklist is in place"
    unknown = f" ({open_items} of {len(given)} items not answered)" if open_items and share is not None else ""
    return f"{readiness.name}: {total} of {5 * len(DOMAINS)} points in eight domains, and {checklist}{unknown}."


def _half_time(readiness: Readiness) -> str:
    low, high = _range(readiness, half_time_ratio)
    usual, months = EXAMPLE_MONTHS, EXAMPLE_MONTHS * half_time_ratio(readiness)
    return (
        f"How fast: a programme said to reach half of its effect in {usual} months is taken to need {months:.0f} here "
        f"(plausible: {usual * low:.0f} to {usual * high:.0f})."
    )


def _fidelity(readiness: Readiness) -> str:
    low, high = _range(readiness, fidelity)
    return (
        f"How much: {fidelity(readiness):.0%} of the stated effect is reached in the end (plausible: {low:.0%} to "
        f"{high:.0%})."
    )


def _gate(readiness: Readiness) -> Iterator[str]:
    lacking = missing(readiness)
    if lacking:
        are = "is" if len(lacking) == 1 else "are"
        yield (
            f"Of the five mechanisms {_listed(lacking)} {are} missing. General practice pilots needed all five: a new "
            "contract alone changed nothing (Campbell 2004). So little or no effect is taken to be left."
        )
        whole = readiness.mechanisms.model_copy(update=dict.fromkeys(lacking, True))
        mended = fidelity(readiness.model_copy(update={"mechanisms": whole}))
        yield f"With all five in place {mended:.0%} of the effect would be reached."


def _weakest(readiness: Readiness) -> Iterator[str]:
    lowest = weakest(readiness)
    score = getattr(readiness, lowest[0]).score
    if score == 5:
        yield "No domain holds the others back."
        return
    titles = [DOMAINS[name] for name in lowest]
    lifted = readiness.model_copy(update={name: _one_more(getattr(readiness, name)) for name in lowest})
    gain = f" With one point more: {fidelity(lifted):.0%} instead of {fidelity(readiness):.0%} of the effect."
    more = gain if fidelity(lifted) > fidelity(readiness) else ""
    yield f"What holds back the rest: {_listed(titles)}, with {score} of 5 points.{more}"
    for name in lowest:
        model = type(getattr(readiness, name))
        wanting = [item for item, answer in answers(getattr(readiness, name)).items() if answer is False]
        if wanting:
            questions = " ".join(" ".join((model.model_fields[item].description or "").split()) for item in wanting)
            yield f"Not yet in {DOMAINS[name]}: {questions}"


def _one_more(domain: Domain) -> Domain:
    return domain.model_copy(update={"score": domain.score + 1})


def _listed(names: list[str]) -> str:
    words = [name.replace("_", " ") for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
