"""The benchmark runs, measures what it says, and can be put into the README; no time is asserted."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli import main
from sim.engines import fast_engine
from sim.experiments import bench, bench_heap, bench_queues, bench_replication
from sim.pages import bench_words

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What the command prints for another program."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["bench", "--quick", "--json"]) == 0
    told: dict[str, Any] = json.loads(printed.getvalue())
    return told


def test_everything_is_measured(found: dict[str, Any]) -> None:
    assert set(found) == {"machine", "starts", "replication", "simpy", "threads", "growth", "queues"}
    assert found["machine"]["cores"] >= 1
    replication = found["replication"]
    assert set(replication["parts"]) >= {*bench_replication.INSIDE, "people, and stages filled", "log", "counting"}
    assert sum(part["share"] for part in replication["parts"].values()) == pytest.approx(1)
    assert all(part["seconds"] > 0 for part in replication["parts"].values())
    assert 0 < replication["engine_seconds"] < replication["seconds"]
    assert replication["floor"]["events"] == replication["floor"]["points"] + replication["stays"] > 1000
    assert [row["threads"] for row in found["threads"]] == [1, 2]
    assert len({row["people"] for row in found["growth"]}) == len({row["years"] for row in found["growth"]}) == 2
    assert found["starts"]["later_seconds"] > 0
    assert found["starts"]["main_seconds"] > 0
    for row in found["growth"]:
        assert row["counted_megabytes"] is None or row["counted_megabytes"] <= row["peak_megabytes"]
    for row in (*found["growth"], found["simpy"]["compiled"], found["simpy"]["simpy"]):
        assert row["peak_megabytes"] is None or row["peak_megabytes"] >= row["before_megabytes"] > 10


def test_both_engines_do_the_same_whole_replication(found: dict[str, Any]) -> None:
    simpy = found["simpy"]
    assert simpy["same_stays"]
    assert simpy["compiled"]["stays"] == simpy["simpy"]["stays"] == found["replication"]["stays"] > 50
    assert simpy["times_faster"] == pytest.approx(simpy["simpy"]["seconds"] / simpy["compiled"]["seconds"])


def test_what_is_watched_in_the_engine_is_put_back(found: dict[str, Any]) -> None:
    kept = {name: getattr(fast_engine, name) for names in bench_replication.INSIDE.values() for name in names}
    with bench_replication.Stopwatch().watching(bench_replication.INSIDE):
        assert all(getattr(fast_engine, name) is not function for name, function in kept.items())
    assert all(getattr(fast_engine, name) is function for name, function in kept.items())


def test_a_part_is_timed_without_what_is_inside_it() -> None:
    watch = bench_replication.Stopwatch()
    with watch.part("outer"), watch.part("inner"):
        sum(range(2_000_000))
    assert watch.seconds["outer"] < 0.1 * watch.seconds["inner"]


def test_the_bare_heap_takes_events_in_order() -> None:
    """Each event that is taken is put back later than all the others, so that all are taken once."""
    draw = np.random.default_rng(1)
    events = draw.permutation(50)
    heap = np.sort(events)
    last = [bench_heap.push_and_pop(heap.copy(), np.full(1, 1000), times) for times in range(1, 51)]
    assert last == list(range(50))
    ahead = draw.integers(1, 40, 200)
    heap, pending = np.arange(20), list(range(20))
    for step in ahead:
        first = min(pending)
        pending.remove(first)
        pending.append(first + step)
    bench_heap.push_and_pop(heap, ahead, len(ahead))
    assert sorted(heap) == sorted(pending)


def test_all_programs_find_the_same_wait() -> None:
    pytest.importorskip("ciw")
    rows = bench_queues.side_by_side(bench_queues.queue("tandem", 100), 8)
    assert len(rows) == 4
    for row in rows:
        error = (row.standard_error**2 + rows[0].standard_error ** 2) ** 0.5
        assert abs(row.wait_minutes - rows[0].wait_minutes) < 3.5 * error
        assert row.people == pytest.approx(1600, rel=0.05)
        assert row.seconds_to_precision == pytest.approx(rows[0].seconds_to_precision * row.seconds / rows[0].seconds)
    assert rows[0].wait_minutes == rows[1].wait_minutes


def test_a_program_that_is_not_installed_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_queues, "find_spec", lambda name: None)
    table = bench.queues_found(bench.QUICK)
    assert not any("Ciw" in row["program"] for row in table["rows"])
    assert table["not_run"] == [bench_queues.NOT_INSTALLED]


def test_what_falls_short_is_told_with_how_much(found: dict[str, Any]) -> None:
    replication, simpy = found["replication"], found["simpy"]
    slow = found | {
        "replication": replication | {"seconds": 6.0, "scale": 1.0},
        "simpy": simpy | {"times_faster": 40.0},
        "starts": found["starts"] | {"later_seconds": 2.9, "first_seconds": None},
    }
    told = {aim.what: aim.verdict for aim in bench_words.aims(slow)}
    assert told["a replication, with counting (1 s hoped for)"] == "missed: 4 times as much"
    assert told["compiled engine, times SimPy engine"] == "missed: only 0.8 times that"
    assert (told["later start"], told["first start ever"]) == ("met", "not measured")
    missed = sum(verdict.startswith("missed") for verdict in told.values())
    assert f"{missed} of {len(told)} missed." in bench_words.markdown(slow)
    assert "its verdicts say nothing" in bench_words.markdown(found)


def test_a_busy_machine_is_told(found: dict[str, Any]) -> None:
    for load, told in ((0.2, False), (5.0, True), (None, False)):
        machine = found["machine"] | {"cores": 2, "load_before": load}
        assert ("busy" in bench_words.machine_in_words({"machine": machine})) is told


def test_the_section_of_the_readme_is_replaced(found: dict[str, Any], tmp_path: Path) -> None:
    section = bench_words.markdown(found)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    once = bench_words.put_into(text, section)
    assert section in once
    assert bench_words.put_into(once, section) == once
    bare = tmp_path / "bare.md"
    bare.write_text("no marks", encoding="utf-8")
    assert main(["bench", "--quick", "--into", str(bare)]) == 2
