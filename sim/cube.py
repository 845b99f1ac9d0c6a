"""Levels of a tidy table as one array, and back: what is worked out from several measures at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

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

    def rows(self, measure: str, of: Sequence[str], levels: Floats, *, total: bool = True) -> pd.DataFrame:
        """``levels[replication, arm, period, cut, part]`` as rows of a tidy table, with their sum if wanted."""
        if total:
            everything = np.where(np.isnan(levels).all(axis=-1), np.nan, np.nansum(levels, axis=-1))
            of, levels = (*of, ALL), np.concatenate((levels, everything[..., None]), axis=-1)
        known = np.nonzero(np.isfinite(levels))
        axes = (self.replications, self.arms, self.periods, range(len(self.cuts)), of)
        replication, arm, period, cut, part = (np.array(axis)[index] for axis, index in zip(axes, known, strict=True))
        group, locality = np.array(self.cuts)[cut].T
        return pd.DataFrame(
            {
                "measure": measure,
                "period": period,
                "group": group,
                "locality": locality,
                "of": part,
                "value": levels[known],
                "arm": arm,
                "replication": replication,
            }
        )


def cube(table: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> Cube:
    """The levels of measures and their parts out of a table of runs with both arms, or with the baseline alone."""
    columns = tuple(dict.fromkeys(columns))
    yearly = (table["period"] == ALL) | table["period"].str.startswith("year ")
    one_cut = (table["group"] == ALL) | (table["locality"] == ALL)
    rows = table[table["measure"].isin({measure for measure, _ in columns}) & yearly & one_cut]
    found: dict[str, tuple[Any, ...]] = {
        "replication": tuple(sorted(set(rows["replication"]))),
        "arm": tuple(arm for arm in ARMS if (rows["arm"] == arm).any()),
        "period": tuple(dict.fromkeys((ALL, *rows["period"]))),
        "cut": tuple(dict.fromkeys(((ALL, ALL), *zip(rows["group"], rows["locality"], strict=True)))),
        "column": columns,
    }
    keys = {name: pd.Index(rows[name]) for name in ("replication", "arm", "period")}
    keys |= {"cut": pd.MultiIndex.from_frame(rows[["group", "locality"]])}
    keys |= {"column": pd.MultiIndex.from_frame(rows[["measure", "of"]])}
    places = np.stack([_index(axis).get_indexer(keys[name]) for name, axis in found.items()])
    known = (places >= 0).all(axis=0)
    values = np.full([len(axis) for axis in found.values()], np.nan)
    values[:, :, :, 0] = 0.0
    values[tuple(places[:, known])] = rows["value"].to_numpy()[known]
    return Cube(found["replication"], found["arm"], found["period"], found["cut"], columns, values)


def _index(axis: Sequence[Any]) -> pd.Index:
    return pd.MultiIndex.from_tuples(axis) if isinstance(axis[0], tuple) else pd.Index(axis)
