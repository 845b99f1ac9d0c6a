"""What is found of the claims of a scenario over many futures: plain values that can be written as JSON and read again.

How they are found is in ``ask.py``; how they are told, in ``pages/claim_words.py`` and ``pages/claim.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from sim.errors import InputError, Problem
from sim.quantities import Described
from sim.scenario import Claim

Verdict = Literal["supported", "not supported", "cannot tell"]
Settled = Literal["runs", "data", "luck", "close", "nothing"]


class Share(Described):
    """In how many futures something is so."""

    holds_in: float
    """Futures in which it is; not whole where luck was taken out."""
    futures: int
    """Futures in which there was something to measure."""
    share: float | None
    """Share of futures, 0 to 1; None if there were none."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""


class Range(Described):
    """A value over all futures."""

    mean: float | None
    """Its mean: the expected value."""
    mean_low: float | None
    """Lower end of the 95% interval of the mean."""
    mean_high: float | None
    """Upper end of the 95% interval of the mean."""
    middle: float | None
    """The middle future."""
    low: float | None
    """95% of futures lie above this and below the next."""
    high: float | None
    """Upper end of 95% of futures."""


class Luck(Described):
    """How much of what differs between futures is luck, and not numbers that nobody knows."""

    share: float
    """Share of the variance, 0 to 1."""
    low: float
    """Lower end of its 95% interval."""
    high: float
    """Upper end of its 95% interval."""
    futures: int
    """Futures run twice to find it."""


class Decider(Described):
    """An uncertain number and how strongly the modelled value goes with it."""

    path: str
    """The number, by its path."""
    correlation: float
    """Rank correlation with the modelled value, -1 to 1."""
    is_beyond_noise: bool
    """True if no number without any influence reaches so much in 95 of 100 such experiments."""
    low: float
    """Lower end of its range."""
    high: float
    """Upper end of its range."""
    source: str
    """Where the number comes from."""
    is_assumption: bool
    """True if it is somebody's judgement."""


class Edge(Described):
    """One side of a region: a number within limits."""

    path: str
    """The number, by its path."""
    low: float | None
    """It is at least this; None if there is no limit below."""
    high: float | None
    """It is at most this; None if there is no limit above."""
    p: float
    """Chance of so dense a region if this side did not matter (Bryant and Lempert 2010)."""


class Region(Described):
    """Where among the uncertain numbers a claim mostly fails (or, if it mostly fails, holds)."""

    where: Literal["fails", "holds"]
    """What it does there."""
    edges: tuple[Edge, ...]
    """Its sides; all of them hold together."""
    coverage: float
    """Share of all futures in which it does so that lie in the region."""
    density: float
    """Share of the futures in the region in which it does so."""
    futures: int
    """Futures in the region."""
    elsewhere: float
    """Share of all futures in which it does so."""


class Enough(Described):
    """The value of a number that planners choose at which a claim holds in half of all futures."""

    lever: str
    """The number, by its path."""
    low: float
    """Lowest value tried."""
    high: float
    """Highest value tried."""
    stated: float
    """As the scenario states it."""
    value: float | None
    """The value at which it holds in half of futures; None if no value tried does it or none fails to."""
    value_low: float | None
    """Lower end of its 95% interval; None if that lies below the values tried."""
    value_high: float | None
    """Upper end of its 95% interval; None if that lies above the values tried."""
    shares: tuple[tuple[float, float], ...]
    """Each value tried, and the share of futures in which the claim holds there."""
    futures: int
    """Futures run at each value."""


class Answer(Described):
    """What is found of one claim."""

    number: int
    """Its place in the scenario, from 1."""
    claim: Claim
    """The claim as it stands in the file."""
    kind: Literal["change_per_cent", "change", "at_most", "at_least", "on_days"]
    """What was claimed: the values below are of this kind."""
    claimed_value: float
    """What was claimed."""
    is_upper_limit: bool
    """True if less than what is claimed is as good."""
    holds: Share
    """In how many futures it holds."""
    confidence: float
    """Confidence of that interval: more than 95% where it was looked at several times."""
    verdict: Verdict
    """Supported if it holds in a share of futures clearly above the claim's `certainty`."""
    settled_by: Settled | None
    """What would decide it where that cannot be told: more runs, data on the deciding numbers, or nothing but luck."""
    futures_needed: int | None
    """About how many futures would decide it, if more runs can."""
    modelled: Range
    """What is claimed, as modelled."""
    effect: Range
    """What the plan changes: level with it less level without it, in the measure's own unit."""
    better: Share | None
    """In how many futures the plan is better than the same years without it; None where neither direction is good."""
    without_plan: Share | None
    """In how many futures the claimed level is met without the plan; None for a change."""
    baseline: float | None
    """Mean level of what it is set against."""
    plan: float | None
    """Mean level with the plan."""
    luck: Luck | None
    """How much of what differs between futures is luck; None if too few were run twice."""
    deciders: tuple[Decider, ...]
    """The uncertain numbers that the modelled value goes with most, strongest first."""
    region: Region | None
    """Where it fails or holds; None if no region stands out."""
    enough: Enough | None
    """The value of the chosen number that is enough; None if none was chosen."""
    naive: str
    """The figure that would mislead; empty if none is known."""
    by_future: tuple[float, ...]
    """The modelled value in each future."""


class Answers(Described):
    """What is found of the claims of a scenario."""

    scenario: str
    """Name of the scenario."""
    question: str
    """The question it answers."""
    place: str
    """Name of the place."""
    simulated: str
    """How many people, how long and how many futures were simulated, in words."""
    answers: tuple[Answer, ...]
    """One for each claim."""
    numbers: int
    """Uncertain numbers drawn in each future; 0 if none has a range."""
    drawn_again: int
    """Draws that contradicted themselves and were drawn again."""
    looks: tuple[int, ...]
    """Numbers of futures at which was looked whether the claims are settled."""
    cut_short: str
    """What was left undone when it was interrupted; empty if nothing was."""
    provenance: dict[str, Any]
    """What is needed to get the same numbers again."""

    def write(self, path: Path) -> None:
        """Write it as JSON; InputError if it cannot be written there."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(
                [Problem(str(path), f"cannot be written here ({error.strerror}): choose another")]
            ) from error


def read_answers(path: Path) -> Answers:
    """What ``Answers.write`` wrote; InputError if it is something else."""
    try:
        return Answers.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        what = "not the answers that `carepath claim` keeps, or of another version: ask again"
        raise InputError([Problem(str(path), what)]) from error
