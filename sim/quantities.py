"""Values as people write them: a number with its range and source, tables by age, lengths of time.

Nothing here knows about care. Any number may be plain (``5.2``) or carry what is known about it:
``{value: 1.09, low: 0.98, high: 1.21, source: "Roland 2012"}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Age = Literal["18-64", "65-74", "75-84", "85+"]
Frailty = Literal["fit", "mild", "moderate", "severe"]
Distribution = Literal["lognormal", "logit_normal", "normal", "uniform"]

AGES: tuple[Age, ...] = ("18-64", "65-74", "75-84", "85+")
FRAILTIES: tuple[Frailty, ...] = ("fit", "mild", "moderate", "severe")


class Described(BaseModel):
    """Base of everything read from a file: frozen, no unknown fields, field docstrings are the documentation."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, validate_default=True
    )


class Provenance(Described):
    """Where a number comes from. Without a source it is an assumption and is reported as one."""

    source: str = ""
    """Publication, data file or person the number comes from."""
    note: str = ""
    """Definition, scope, or why this figure and not another."""
    assumption: bool = False
    """True if nobody has measured this number, or it was only recalled."""
    borrowed_from: str = ""
    """Name of the place this number was scaled or copied from, if it is not this place's own."""

    @property
    def is_assumption(self) -> bool:
        """True if the number is marked as an assumption or has no source."""
        return self.assumption or not self.source


class Quantity(Provenance):
    """A number, with its range and source if known."""

    value: float
    """The number itself, in the unit of the field that holds it."""
    low: float | None = None
    """Lower end of what is plausible: 95% of what the number may be lies from low to high."""
    high: float | None = None
    """Upper end of what is plausible."""
    distribution: Distribution | None = None
    """Shape of the range. Left out: logit_normal for shares, normal if it may be negative, lognormal otherwise. With
    uniform all of what the number may be lies from low to high."""

    @model_validator(mode="after")
    def _ordered(self) -> Quantity:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"low <= value <= high must hold, not {low:g} <= {self.value:g} <= {high:g}")
        return self

    def __float__(self) -> float:
        return self.value


def _plain_number(given: Any) -> Any:
    return {"value": given} if isinstance(given, int | float) and not isinstance(given, bool) else given


Number = Annotated[Quantity, BeforeValidator(_plain_number)]


class AgeTable(Provenance):
    """One number for each age band, or one for all of them (``all``)."""

    model_config = ConfigDict(populate_by_name=True)

    all: Number | None = None
    """The number for every age band that is not given on its own."""
    age_18_64: Number | None = Field(default=None, alias="18-64")
    """The number for people aged 18 to 64."""
    age_65_74: Number | None = Field(default=None, alias="65-74")
    """The number for people aged 65 to 74."""
    age_75_84: Number | None = Field(default=None, alias="75-84")
    """The number for people aged 75 to 84."""
    age_85: Number | None = Field(default=None, alias="85+")
    """The number for people aged 85 and over."""

    @property
    def values(self) -> tuple[float, float, float, float]:
        """The four numbers, youngest age band first."""
        every = 0.0 if self.all is None else self.all.value
        return (
            every if self.age_18_64 is None else self.age_18_64.value,
            every if self.age_65_74 is None else self.age_65_74.value,
            every if self.age_75_84 is None else self.age_75_84.value,
            every if self.age_85 is None else self.age_85.value,
        )

    @model_validator(mode="after")
    def _complete(self) -> AgeTable:
        four = (self.age_18_64, self.age_65_74, self.age_75_84, self.age_85)
        missing = [age for age, own in zip(AGES, four, strict=True) if own is None]
        if missing and self.all is None:
            raise ValueError(f"no number for {', '.join(missing)}: give each age band, or all")
        return self


def _plain_table(given: Any) -> Any:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"all": given}
    if isinstance(given, Mapping) and "value" in given:
        return {"all": dict(given)}
    return given


ByAge = Annotated[AgeTable, BeforeValidator(_plain_table)]


class Series(Provenance):
    """A short list of numbers with one source, such as twelve months or seven days."""

    values: tuple[float, ...]
    """The numbers, in the order the field says."""


def _plain_series(given: Any) -> Any:
    return {"values": given} if isinstance(given, list | tuple) else given


Numbers = Annotated[Series, BeforeValidator(_plain_series)]
