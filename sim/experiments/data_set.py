"""A data set written part by part in a folder: each part whole or not at all, and known again by its content.

    sweep.json      what the data set is made of, and with what
    points.csv      the values of each point
    data/           the parts, Parquet files of one schema that any reader takes as one table
    manifest.jsonl  one line a part: key, file, rows, checksum, failures, seconds
    failures.csv    points that could not be run, and why

A part is written under a temporary name, made safe on disk, and renamed. If that was the last thing a machine did, the
line of the manifest is made again from the part, which names its own key.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import InputError, Problem

ABOUT, POINTS, DATA, MANIFEST, FAILURES = "sweep.json", "points.csv", "data", "manifest.jsonl", "failures.csv"
OURS = b"carepath"
"""Name of what a part says of itself."""
FAILURE = ("point", "replication", "what")
"""Columns of the table of failures that come with each; the point's values are put beside them."""

Failure = dict[str, Any]


@dataclass(frozen=True)
class DataSet:
    """A folder with a data set; see the module's docstring."""

    folder: Path
    schema: pa.Schema
    """Columns of every part."""

    def open(self, about: Mapping[str, Any], points: pd.DataFrame) -> None:
        """Make the folder, or go on with one that is made of the same; InputError if it holds another data set.

        What a data set is made of stands in ``about["made_of"]``.
        """
        try:
            (self.folder / DATA).mkdir(parents=True, exist_ok=True)
            for leftover in self.folder.rglob(".writing-*"):
                leftover.unlink()
            if (self.folder / ABOUT).exists():
                self._refuse_another(about["made_of"])
                return
            _write(self.folder / POINTS, points.to_csv(index=False).encode())
            _write(self.folder / ABOUT, json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False).encode())
        except OSError as error:
            what = f"a sweep cannot be kept here ({error.strerror}): choose another folder with --out"
            raise InputError([Problem(str(self.folder), what)]) from error

    def _refuse_another(self, made_of: Mapping[str, Any]) -> None:
        try:
            found = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))["made_of"]
        except (ValueError, KeyError, TypeError):
            found = {}
        differs = [name for name in made_of if found.get(name) != made_of[name]]
        if differs:
            what = (
                f"holds another sweep (different: {', '.join(differs)}): choose another folder with --out, or delete it"
            )
            raise InputError([Problem(str(self.folder), what)])

    def kept(self, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
        """Lines of the manifest, by key, of the wanted parts that are there and have not changed since."""
        lines = self._lines()
        found = {}
        for key in wanted:
            file = self._file(key)
            if not file.exists():
                continue
            if key not in lines and (adopted := self._read_again(key)) is not None:
                self._append(adopted)
                lines[key] = adopted
            if key in lines and _checksum(file.read_bytes()) == lines[key]["checksum"]:
                found[key] = lines[key]
        return found

    def keep(
        self, key: str, table: pd.DataFrame, failures: Sequence[Failure], seconds: Sequence[float]
    ) -> dict[str, Any]:
        """Write a part, and its line of the manifest, which is returned. ``seconds`` are those of each run."""
        said = json.dumps({"key": key, "failures": [*failures]}, ensure_ascii=False, sort_keys=True)
        rows = pa.Table.from_pandas(table, self.schema, preserve_index=False)
        sink = pa.BufferOutputStream()
        pq.write_table(rows.replace_schema_metadata({OURS: said.encode()}), sink, compression="zstd")
        content = sink.getvalue().to_pybytes()
        _write(self._file(key), content)
        line = _line(key, len(table), content, len(failures), seconds)
        self._append(line)
        return line

    def close(self, wanted: Collection[str], points: pd.DataFrame) -> pd.DataFrame:
        """Leave the wanted parts alone in the folder, write the table of their failures, and return it."""
        files = {self._file(key) for key in wanted}
        for other in set((self.folder / DATA).glob("part-*.parquet")) - files:
            other.unlink()
        failures = [failure for key in wanted for failure in (self._said(key) or {}).get("failures", [])]
        table = pd.DataFrame(failures, columns=[*FAILURE]).sort_values(["point", "replication"], ignore_index=True)
        table = points.merge(table, on="point", how="right") if len(table) else table
        _write(self.folder / FAILURES, table.to_csv(index=False).encode())
        return table

    def _file(self, key: str) -> Path:
        return self.folder / DATA / f"part-{key[:32]}.parquet"

    def _lines(self) -> dict[str, dict[str, Any]]:
        """The manifest by key; a line cut short by the end of a machine is passed over."""
        path, lines = self.folder / MANIFEST, {}
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
            try:
                line = json.loads(text)
                lines[line["key"]] = line
            except (ValueError, KeyError, TypeError):
                continue
        return lines

    def _append(self, line: Mapping[str, Any]) -> None:
        with (self.folder / MANIFEST).open("a+b") as manifest:
            end = manifest.seek(0, os.SEEK_END)
            manifest.seek(max(0, end - 1))
            cut_short = manifest.read(1) not in (b"", b"\n")
            manifest.write(b"\n" * cut_short + json.dumps(line).encode() + b"\n")
            manifest.flush()
            os.fsync(manifest.fileno())

    def _read_again(self, key: str) -> dict[str, Any] | None:
        """The line of a part that was written when its line was not; None if the part is not what its name says."""
        said, content = self._said(key), self._file(key).read_bytes()
        if said is None or said["key"] != key:
            return None
        rows = pq.read_metadata(self._file(key)).num_rows
        return _line(key, rows, content, len(said["failures"]), [])

    def _said(self, key: str) -> dict[str, Any] | None:
        """What a part says of itself."""
        try:
            said: dict[str, Any] = json.loads(pq.read_schema(self._file(key)).metadata[OURS])
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            return None
        return said


def read(folder: Path) -> pd.DataFrame:
    """A data set as one table, sorted by everything but the value."""
    if not (folder / ABOUT).is_file():
        what = "is not a folder of a sweep: give the folder that `carepath sweep --out` wrote"
        raise InputError([Problem(str(folder), what)])
    table = pd.read_parquet(folder / DATA)
    words = [str(name) for name in table.columns if name != "value"]
    return table.sort_values(words, kind="stable", ignore_index=True)


def _line(key: str, rows: int, content: bytes, failed: int, seconds: Sequence[float]) -> dict[str, Any]:
    """A line of the manifest; a part that was written without its line has lost its times."""
    times = {"seconds": round(sum(seconds), 4), "seconds_a_run": round(min(seconds), 4)} if seconds else {}
    return {"key": key, "rows": rows, "checksum": _checksum(content), "failed": failed, **times}


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """A file whole or not at all."""
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
