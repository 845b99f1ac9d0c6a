"""Results of a run: tidy tables of both arms, where they came from, saving and loading, and paired intervals.

What a measure means is in ``measures/definitions.py``; here a measure is a name and a number.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import platform
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import csv
from scipy.special import stdtrit

from sim import __version__
from sim.errors import InputError, Problem
from sim.identity import engine_hash, resolved_hash
from sim.scenario import Scenario

Floats = npt.NDArray[np.float64]

BASELINE, PLAN = "baseline", "plan"
"""The two arms."""
KEYS = ["measure", "period", "group", "locality", "of"]
LIBRARIES = ("numba", "numpy", "pandas", "pyarrow", "pydantic", "pyyaml", "ruamel.yaml", "scipy", "simpy")
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Results:
    """Everything kept of a run."""

    measures: pd.DataFrame
    """Columns measure, period, group, locality, of, value, arm (baseline or plan) and replication."""
    claims: pd.DataFrame
    """Each claim beside its modelled value; empty if the scenario claims nothing."""
    provenance: dict[str, Any]
    """What is needed to get the same numbers again."""


def provenance(scenario: Scenario, engine: str, seed: int, replications: int, command: str = "") -> dict[str, Any]:
    """What was run, with what, when; the scenario resolved; and the hashes that name the runs (see ``Run``)."""
    resolved = scenario.model_dump(mode="json")
    return {
        "carepath": __version__,
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": command,
        "engine": engine,
        "seed": seed,
        "replications": replications,
        "scale": scenario.run.scale,
        "engine_sha256": engine_hash(),
        "scenario_sha256": resolved_hash(resolved),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {library: _version(library) for library in LIBRARIES},
        "scenario": resolved,
    }


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def refuse_unwritable(folder: Path) -> None:
    """InputError if results could not be written in a folder: better known before a run than after it."""
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise InputError([Problem(str(folder), "results need a folder, and this is a file: choose another with --out")])
    if not os.access(nearest, os.W_OK):
        what = f"results cannot be written here ({nearest} is read-only): choose another with --out"
        raise InputError([Problem(str(folder), what)])


def save(results: Results, folder: Path) -> None:
    """Write measures.parquet, measures.csv, claims.csv and provenance.json, all of them or none.

    They are written in a folder of their own first and renamed at the end. Earlier results are replaced; every other
    file of the folder is left alone.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        inside = folder if folder.is_dir() else folder.parent
        with tempfile.TemporaryDirectory(dir=inside, prefix=".results-") as temporary:
            new, old = Path(temporary, "new"), Path(temporary, "old")
            new.mkdir()
            old.mkdir()
            _write(results, new)
            if folder.is_dir():
                _replace_files(new, folder, old)
            else:
                new.rename(folder)
    except OSError as error:
        what = f"results cannot be written here ({error.strerror}): choose another folder"
        raise InputError([Problem(str(folder), what)]) from error


def _write(results: Results, folder: Path) -> None:
    results.measures.to_parquet(folder / "measures.parquet", index=False)
    # a million rows: Arrow writes them in a tenth of pandas' time
    csv.write_csv(pa.Table.from_pandas(results.measures, preserve_index=False), folder / "measures.csv")
    results.claims.to_csv(folder / "claims.csv", index=False)
    text = json.dumps(results.provenance, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "provenance.json").write_text(text + "\n", encoding="utf-8")


def _replace_files(new: Path, folder: Path, old: Path) -> None:
    """Move the files of ``new`` into ``folder``; if one cannot be moved, put back those that were there."""
    names = [path.name for path in new.iterdir()]
    try:
        for name in names:
            if (folder / name).exists():
                (folder / name).rename(old / name)
            (new / name).rename(folder / name)
    except OSError:
        for path in old.iterdir():
            path.replace(folder / path.name)
        raise


def load(folder: Path) -> Results:
    """Read what ``save`` wrote."""
    try:
        measures = pd.read_parquet(folder / "measures.parquet")
        text = (folder / "claims.csv").read_text(encoding="utf-8")
        claims = pd.read_csv(folder / "claims.csv") if text.strip() else pd.DataFrame()
        found = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError([Problem(str(folder), _not_results(folder, error))]) from error
    return Results(measures, claims, found)


def _not_results(folder: Path, error: Exception) -> str:
    """Why a folder cannot be read as results, and what to give instead."""
    kept = Path("results", folder.name)
    if (folder / "measures.parquet").exists():
        return f"these results are damaged ({error}): run the scenario again"
    if kept != folder and kept.is_dir():
        return f"not a folder of results; did you mean `{kept}`?"
    return "not a folder of results; give a folder that `carepath run` wrote"


class Interval(NamedTuple):
    """A mean with its 95% interval."""

    mean: float
    low: float
    """Lower end; NaN if there is no interval."""
    high: float
    """Upper end; NaN if there is no interval."""
    n: int
    """Replications it rests on."""

    def __str__(self) -> str:
        return shown(self.mean, self.low, self.high)


def interval(values: npt.ArrayLike) -> Interval:
    """Mean of independent replications with its 95% interval from Student's t with n - 1 degrees of freedom.

    With fewer than two values there is no interval: its ends are NaN and it prints as "no interval". For very skewed
    measures (the wait of the worst 5%) a t-interval from few replications is too narrow.
    """
    given = np.asarray(values, dtype=float).reshape(1, -1)
    mean, half = _mean_and_half_width(given)
    return Interval(float(mean[0]), float(mean[0] - half[0]), float(mean[0] + half[0]), int(np.isfinite(given).sum()))


def _mean_and_half_width(values: Floats) -> tuple[Floats, Floats]:
    """Mean and half-width of the t-interval of each row, over its finite values."""
    known = np.isfinite(values)
    n = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0).sum(axis=1) / n
        squares = np.where(known, (values - mean[:, None]) ** 2, 0).sum(axis=1)
        half = np.where(n > 1, _t(n) * np.sqrt(squares / (n - 1) / n), np.nan)
    return mean, half


def _t(n: npt.NDArray[np.int64]) -> Floats:
    quantile: Floats = stdtrit(np.maximum(n - 1, 1), (1 + CONFIDENCE) / 2)
    return quantile


def paired(results: Results) -> pd.DataFrame:
    """Baseline, plan and their paired difference, over replications that share their luck.

    Returns
    -------
    pandas.DataFrame
        By measure, period, group, locality and of: means of ``baseline`` and ``plan`` with 95% intervals (``_low``,
        ``_high``), ``difference`` (plan less baseline) with the interval of the paired t, ``change_per_cent`` (ratio of
        the means less 1) with the interval of the jackknife over replications, and ``n``, the replications with both
        arms. With one replication the intervals are NaN.
    """
    keys, baseline, plan = _by_replication(results.measures)
    columns: dict[str, Floats] = {}
    for name, values in ((BASELINE, baseline), (PLAN, plan), ("difference", plan - baseline)):
        mean, half = _mean_and_half_width(values)
        columns |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
    ratio, half = ratio_of_means(baseline, plan)
    columns |= {"change_per_cent": 100 * (ratio - 1)}
    columns |= {"change_per_cent_low": 100 * (ratio - half - 1), "change_per_cent_high": 100 * (ratio + half - 1)}
    return keys.assign(**columns, n=np.isfinite(plan - baseline).sum(axis=1))


def _by_replication(measures: pd.DataFrame) -> tuple[pd.DataFrame, Floats, Floats]:
    """Keys in order of appearance, and the values of each arm ``[key, replication]``, NaN where there is none."""
    row = measures.groupby(KEYS, sort=False, observed=True).ngroup().to_numpy()
    replications, column = np.unique(measures["replication"].to_numpy(), return_inverse=True)
    keys = measures.loc[~measures.duplicated(KEYS), KEYS].reset_index(drop=True)
    arms = []
    for arm in (BASELINE, PLAN):
        values = np.full((len(keys), len(replications)), np.nan)
        chosen = (measures["arm"] == arm).to_numpy()
        values[row[chosen], column[chosen]] = measures["value"].to_numpy()[chosen]
        arms.append(values)
    return keys, arms[0], arms[1]


def ratio_of_means(baseline: Floats, plan: Floats) -> tuple[Floats, Floats]:
    """Ratio of the means of plan and baseline by row, and the half-width of its jackknife interval."""
    both = np.isfinite(baseline) & np.isfinite(plan)
    n = both.sum(axis=1)
    above, below = np.where(both, plan, 0), np.where(both, baseline, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(below.sum(axis=1) != 0, above.sum(axis=1) / below.sum(axis=1), np.nan)
        without = (above.sum(axis=1)[:, None] - above) / (below.sum(axis=1)[:, None] - below)
        centre = np.where(both, without, 0).sum(axis=1) / n
        squares = np.where(both, (without - centre[:, None]) ** 2, 0).sum(axis=1)
        half = np.where(n > 1, _t(n) * np.sqrt(squares * (n - 1) / n), np.nan)
    return ratio, half


def shown(value: float, low: float = math.nan, high: float = math.nan, *, significant: int = 1) -> str:
    """A number with its interval for the screen, with no more digits than the interval bears.

    Rounded to the leading digit (or more, if they are ``significant``) of half the interval's width: ``1,240 (1,180 to
    1,300)``. Without an interval three digits are shown, and that there is none.
    """
    if not math.isfinite(value):
        return "no value"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{_rounded(value, _digits(value, 3))} (no interval)"
    half = (high - low) / 2
    digits = _digits(half, significant) if half > 0 else _digits(value, 3)
    return f"{_rounded(value, digits)} ({_rounded(low, digits)} to {_rounded(high, digits)})"


def _digits(size: float, significant: int) -> int:
    """Decimals (negative: tens, hundreds) that show so many significant digits of a number of this size."""
    return significant - 1 - math.floor(math.log10(abs(size))) if size else 0


def _rounded(value: float, digits: int) -> str:
    """The number rounded, with thousands separated, and never a negative nought."""
    return f"{round(value, digits) + 0.0:,.{max(digits, 0)}f}"
