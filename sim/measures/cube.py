"""Levels of a tidy table as one array, and back: what is worked out from several measures at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALL = "all"
ARMS = ("baseline", "plan")


@dataclass(frozen=True)
class Cube:
    """Levels ``[replication, arm, period, cut, column]`` over all measured time and by year."""

    replications: tuple[int, ...]
    arms: tuple[str, ...]
    """baseline, and plan if there is one."""
    periods: tuple[str, ...]
    """all, then each measured year."""
    cuts: tuple[tuple[str, str], ...]
    """Group and locality: everybody, then each age group of the place and each locality."""
    columns: tuple[tuple[str, str], ...]
    """Measure and part."""
    values: Floats
    """NaN where a group or locality has no level; nought where everybody has none."""

    @property
    def has_plan(self) -> bool:
        """True if there is a plan to set against the baseline."""
        return len(self.arms) > 1

    @property
    def nought(self) -> Floats:
        """Nothing at all, ``[replication, arm, period, cut]``."""
        return np.zeros(self.values.shape[:-1])

    def of(self, measure: str, part: str) -> Floats:
        """The levels of one part of a measure, ``[replication, arm, period, cut]``."""
        found: Floats = self.values[..., self.columns.index((measure, part))]
        return found

    def fewer(self, levels: Floats) -> Floats:
        """How much less than in the baseline of the same replication, in the same shape (arm is the second axis)."""
        return levels[:, :1] - levels

    def table(self, measures: Mapping[str, tuple[Sequence[str], Floats]]) -> pd.DataFrame:
        """The tidy table of measures, each given as its parts and ``levels[replication, arm, period, cut, part]``.

        A measure with parts also has a row all, with their sum.
        """
        names, words, values = [], [], []
        for name, (own, levels) in measures.items():
            of, whole = (own, levels) if tuple(own) == (ALL,) else ((*own, ALL), _with_total(levels))
            known = np.nonzero(np.isfinite(whole))
            names.append(np.full(len(known[0]), name, dtype=object))
            words.append((*known[:-1], np.array(of, dtype=object)[known[-1]]))
            values.append(whole[known])
        replication, arm, period, cut, part = (np.concatenate(each) for each in zip(*words, strict=True))
        group, locality = np.array(self.cuts, dtype=object)[cut].T
        columns = {
            "measure": np.concatenate(names),
            "period": np.array(self.periods, dtype=object)[period],
            "group": group,
            "locality": locality,
            "of": part,
            "value": np.concatenate(values),
            "arm": np.array(self.arms, dtype=object)[arm],
            "replication": np.array(self.replications)[replication],
        }
        return pd.DataFrame(columns)


def _with_total(levels: Floats) -> Floats:
    """Parts, and their sum over those that have a level."""
    whole = np.where(np.isnan(levels).all(axis=-1), np.nan, np.nansum(levels, axis=-1))
    return np.concatenate((levels, whole[..., None]), axis=-1)


def cube(table: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> Cube:
    """The levels of measures and their parts out of a table of runs with both arms, or with the baseline alone."""
    columns = tuple(dict.fromkeys(columns))
    rows = table[table["measure"].isin({measure for measure, _ in columns})]
    yearly = (rows["period"] == ALL) | rows["period"].str.startswith("year ")
    rows = rows[yearly & ((rows["group"] == ALL) | (rows["locality"] == ALL))]
    keys = [_numbered(rows[name]) for name in ("replication", "arm", "period")]
    keys += [_pairs(rows["group"], rows["locality"]), _pairs(rows["measure"], rows["of"])]
    replications, arms, periods, cuts, _ = (words for _, words in keys)
    axes = (
        tuple(sorted(replications)),
        tuple(arm for arm in ARMS if arm in arms),
        tuple(dict.fromkeys((ALL, *periods))),
        tuple(dict.fromkeys(((ALL, ALL), *cuts))),
        columns,
    )
    places = np.stack([_places(axis, words)[numbers] for axis, (numbers, words) in zip(axes, keys, strict=True)])
    known = (places >= 0).all(axis=0)
    values = np.full([len(axis) for axis in axes], np.nan)
    values[:, :, :, 0] = 0.0
    values[tuple(places[:, known])] = rows["value"].to_numpy()[known]
    return Cube(*axes, values)


def _numbered(column: pd.Series) -> tuple[Ints, list[Any]]:
    """The number of each row's word, and the words in the order they appear."""
    numbers, words = pd.factorize(column)
    return numbers, words.tolist()


def _pairs(first: pd.Series, second: pd.Series) -> tuple[Ints, list[Any]]:
    """The number of each row's pair of words, and the pairs in the order they appear."""
    (one, ones), (other, others) = _numbered(first), _numbered(second)
    numbers, found = pd.factorize(one * len(others) + other)
    return numbers, [(ones[pair // len(others)], others[pair % len(others)]) for pair in found.tolist()]


def _places(axis: Sequence[Any], words: Sequence[Any]) -> Ints:
    """Where on an axis words are, -1 for one that is not on it."""
    place = {word: number for number, word in enumerate(axis)}
    return np.array([place.get(word, -1) for word in words], dtype=np.int64)
