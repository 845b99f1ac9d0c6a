"""Which rows of the tidy table are wanted, and what has to be counted for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

from sim.measures.definitions import CLAIMABLE, MEASURES
from sim.measures.derived import counted_for
from sim.measures.measure import PER_1000, PER_DAY, PER_YEAR
from sim.measures.parts import MARKS, PARTS, WAIT_BINS
from sim.scenario import ALL, Claim

SNAPSHOTS, REGISTERS = "snapshots", "registers"
"""What is looked at once a piece: the people alive, and the conditions that are followed."""
EVERYTHING = frozenset({*PARTS, *MARKS, WAIT_BINS, SNAPSHOTS, REGISTERS})
"""All that can be counted or looked at."""

FOLLOWED_UP = ("discharges_followed", "readmitted")
BEFORE_DEATH = ("deaths_after_three", "admissions_before_death")
OF_MEMBERS = ("member_admissions", "member_planned")
"""Counts that need a person's past (see ``histories.py``)."""

OF_THE_LIVING = ("frailty", "care_plan_coverage", "coordination", "self_management")
"""Measures of what is only known of the people alive."""
OF_REGISTERS = (
    "people_with_condition", "register", "recognised_share", "managed_share", "symptom_days", "attendance",
)  # fmt: skip
"""Measures of the conditions that are followed."""
OF_PROGRAMMES = frozenset(name for name, divided in CLAIMABLE.items() if "<programme>" in divided.parts)
"""Measures of each programme; in the baseline, of whom it would have enrolled."""

_NEEDS = {
    **dict.fromkeys(FOLLOWED_UP, ("discharges", "admissions")),
    **dict.fromkeys((*BEFORE_DEATH, "member_admissions"), ("admissions",)),
    "member_planned": ("planned",),
}
"""What else has to be counted for a count."""
_WITHOUT_FORMULA = {
    "wait_95th": (WAIT_BINS,),
    "winter_over_summer": ("admissions",),
    "spread_of_occupancy": ("acute_pools_used", "acute_pools_capacity"),
    "two_or_more_share": ("admissions",),
    **dict.fromkeys(OF_THE_LIVING, (SNAPSHOTS,)),
    **dict.fromkeys(OF_REGISTERS, (REGISTERS, "members")),
}
"""What a measure without formula is made of; nothing of a run that is simulated is needed for one of money."""


@dataclass(frozen=True)
class Wanted:
    """Some rows of the tidy table, those of weeks and months never among them."""

    measures: frozenset[str]
    words: frozenset[str]
    """Groups, localities and periods."""

    @classmethod
    def by(cls, claims: Iterable[Claim], further: Collection[str]) -> Self:
        """What claims are about and further measures: of everybody, and by what the claims ask for."""
        claims = tuple(claims)
        words = {ALL} | {word for each in claims for word in (each.group, each.locality)}
        words |= {word for each in claims for word in (each.period, each.period_before)}
        return cls(frozenset({*further, *(each.measure for each in claims)}), frozenset(words))

    def counts(self) -> frozenset[str]:
        """What has to be counted or looked at, of EVERYTHING."""
        made_of = {count for name in self.measures for count in _made_of(name)}
        counted = {each for count in made_of for each in counted_for(count)}
        return frozenset(counted.union(*(_NEEDS.get(each, ()) for each in counted)))


def _made_of(measure: str) -> tuple[str, ...]:
    formula = MEASURES[measure].formula
    if formula is None:
        return _WITHOUT_FORMULA.get(measure, ())
    below = {PER_YEAR: (), PER_DAY: (), PER_1000: ("resident_days",)}.get(formula.over, (formula.over,))
    return (formula.tally, *below)
