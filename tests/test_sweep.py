"""Sweeps: what is kept, and that a sweep stopped at any moment ends with the table of one left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import cli
from sim.errors import InputError, RunError
from sim.experiments import sweep as sweeping
from sim.experiments.data_set import DATA, MANIFEST, read
from sim.experiments.design import grid
from sim.experiments.runner import arms_of, replication
from sim.experiments.spread import Spread
from sim.experiments.sweep import Stopped, Sweep, Swept, Wanted, sweep, wanted_of
from sim.files.reading import Template, load_scenario, read_template
from sim.identity import Run, engine_hash, fingerprint, scenario_hash

ROOT = Path(__file__).resolve().parent.parent
BEDS = "place.pools.rehab_north.capacity"
SHORT = {"run.years": "0.05", "run.warm_up_days": "14", "run.replications": "2"}
WANTED = Wanted(("acute_beds_occupied", "delayed_overnight"))
ALONE = Spread(workers=1)
OPTIONS = ["--years", "0.05", "--set", "run.warm_up_days=14", "--workers", "1", "--grid", f"{BEDS}=11,13"]


@cache
def stroke() -> Template:
    return read_template("stroke_units", SHORT)


def small(folder: Path, given: str = f"{BEDS}=12,14", how: Spread = ALONE) -> Swept:
    return sweep(Sweep(stroke(), grid([given]), WANTED, folder), how)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("sweep") / "kept").folder


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / MANIFEST).read_text().splitlines()]


def parts(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / DATA).iterdir()}


def copied(swept: Path, folder: Path) -> Path:
    for file in swept.rglob("*"):
        if file.is_file():
            (folder / file.relative_to(swept)).parent.mkdir(parents=True, exist_ok=True)
            (folder / file.relative_to(swept)).write_bytes(file.read_bytes())
    return folder


def test_a_row_is_that_of_the_run_alone(swept: Path) -> None:
    found = read(swept)
    arms = arms_of(load_scenario("stroke_units", SHORT | {BEDS: "14"}))
    alone = WANTED.of(replication(arms, 1, arms.names))
    rows = found[(found["point"] == 1) & (found["replication"] == 1)]
    assert set(rows[BEDS]) == {14.0}
    name = Run(engine_hash(), scenario_hash(stroke().scenario()), fingerprint({BEDS: "14"}), 1, 1)
    assert set(rows["run"]) == {name.key}
    keys = ["arm", "measure", "period", "group", "locality", "of"]
    pd.testing.assert_series_equal(
        rows.set_index(keys)["value"].sort_index(), alone.set_index(keys)["value"].sort_index(), check_exact=True
    )


def test_only_what_was_asked_for_is_kept_and_never_a_missing_value(swept: Path) -> None:
    found = read(swept)
    assert set(found["measure"]) == set(WANTED.measures)
    assert set(found["period"]) == {"all"}
    assert set(found["arm"]) == {"baseline", "plan"}
    assert sorted(set(zip(found["point"], found["replication"], strict=True))) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert np.isfinite(found["value"]).all()
    assert pd.read_csv(swept / "failures.csv").empty
    assert pd.read_csv(swept / "points.csv")[BEDS].tolist() == [12, 14]


def test_the_table_does_not_depend_on_workers_or_on_how_the_work_is_cut(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "TASK_SECONDS", 0.0)
    monkeypatch.setattr(sweeping, "FIRST_RUNS", 1)
    done = small(tmp_path / "other", how=Spread(workers=2))
    assert len(parts(done.folder)) == 4 > len(parts(swept))
    pd.testing.assert_frame_equal(read(done.folder), read(swept), check_exact=True)


def test_a_finished_sweep_is_not_done_again(swept: Path, tmp_path: Path) -> None:
    folder = copied(swept, tmp_path / "copy")
    before, manifest = parts(folder), lines(folder)
    done = small(folder)
    assert (done.done_before, done.runs) == (4, 4)
    assert (parts(folder), lines(folder)) == (before, manifest)


def test_what_was_lost_or_spoilt_is_done_again_and_nothing_else(swept: Path, tmp_path: Path) -> None:
    folder = copied(swept, tmp_path / "copy")
    before = parts(folder)
    *_, last = lines(folder)
    spoilt = folder / DATA / f"part-{str(last['key'])[:32]}.parquet"
    spoilt.write_bytes(before[spoilt.name][:-9])
    (folder / DATA / ".writing-1-part-x.parquet").write_bytes(b"half")
    done = small(folder)
    assert done.done_before == 2
    assert parts(folder) == before


def test_a_part_without_its_line_is_taken_as_it_is(swept: Path, tmp_path: Path) -> None:
    folder = copied(swept, tmp_path / "copy")
    first, second = (folder / MANIFEST).read_text().splitlines()
    (folder / MANIFEST).write_text(first + "\n" + second[:40])
    done = small(folder)
    assert done.done_before == 4
    assert parts(folder) == parts(swept)
    *_, again = (folder / MANIFEST).read_text().splitlines()
    assert json.loads(again)["checksum"] == json.loads(second)["checksum"]


def test_a_point_that_cannot_be_run_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    done = small(tmp_path / "kept", f"{BEDS}=12,-3")
    assert done.failures[["point", "replication", BEDS]].to_numpy().tolist() == [[1, 0, -3], [1, 1, -3]]
    assert done.failures["what"].str.contains("capacity").all()
    assert set(read(done.folder)["point"]) == {0}
    pd.testing.assert_frame_equal(pd.read_csv(done.folder / "failures.csv"), done.failures, check_dtype=False)
    assert small(tmp_path / "kept", f"{BEDS}=12,-3").done_before == 4


def test_a_sweep_of_which_nothing_can_be_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no point could be run; the first: .*capacity"):
        small(tmp_path / "kept", f"{BEDS}=-3")


def test_another_sweep_is_not_mixed_in(swept: Path, tmp_path: Path) -> None:
    folder = copied(swept, tmp_path / "copy")
    with pytest.raises(InputError, match=r"another sweep \(different: points\): choose another folder"):
        small(folder, f"{BEDS}=12,15")
    assert parts(folder) == parts(swept)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("place.pools.rehab_nort.capacity", "did you mean `rehab_north`"),
        ("run.replications", "give --replications"),
        ("run.seed", "give --seed"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_before_anything_is_run(path: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        small(tmp_path / "kept", f"{path}=1,2")
    assert not (tmp_path / "kept").exists()


def test_measures_are_those_asked_for_or_of_the_claims_and_a_short_list() -> None:
    assert wanted_of(stroke(), ["deaths"], ["months"]) == (("deaths",), ("months",))
    assert wanted_of(stroke()).measures[:2] == ("delayed_overnight", "acute_beds_occupied")
    with pytest.raises(InputError, match="did you mean `deaths`"):
        wanted_of(stroke(), ["death"])


def test_an_interrupt_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path, swept: Path) -> None:
    def interrupt(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    folder = tmp_path / "kept"
    with pytest.raises(Stopped, match=r"2 of 4 runs are kept in .*; the same command goes on from there"):
        small(folder, how=Spread(workers=1, progress=interrupt))
    assert small(folder).done_before == 2
    pd.testing.assert_frame_equal(read(folder), read(swept), check_exact=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "one of three ways, not 0"),
        (["--grid", f"{BEDS}=1,2", "--range", f"{BEDS}=1:2"], "one of three ways, not 2"),
        (["--grid", f"{BEDS}=1,2", "--points", "3"], "goes with --range"),
        (["--design", "nothing.csv"], "cannot be read"),
        (["--range", f"{BEDS}=1:2", "--measure", "beds"], "there is no 'beds'"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sweep", "stroke_units", *arguments]) == cli.BAD_INPUT
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_lines_of_the_readme_read_the_data_set(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Many points at once")[1].split("\n## ")[0]
    blocks = {block.split("\n", 1)[0]: block.split("\n", 1)[1] for block in section.split("```")[1::2]}
    command = blocks["sh"].strip().split()
    monkeypatch.chdir(tmp_path)
    short = ["--years", "0.05", "--replications", "2", "--set", "run.warm_up_days=14", "--workers", "1"]
    assert cli.main([*command[1:], *short]) == cli.FINE
    assert "8 of 8 runs kept" in capsys.readouterr().out
    by_pandas = {}
    exec(blocks["python"], by_pandas)
    by_duckdb = duckdb.sql(blocks["sql"]).df()
    assert len(by_duckdb) == 4
    assert by_duckdb.iloc[:, 1].to_numpy() == pytest.approx(by_pandas["beds"].to_numpy())


@pytest.mark.slow
def test_a_cluster_that_loses_its_workers_keeps_the_same_table(swept: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    local = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())

        def kill(done: int, of: int) -> None:
            for _ in range(len(pids) if 0 < done < of else 0):
                os.kill(pids.pop(), signal.SIGKILL)

        how = Spread(cluster=cluster.scheduler_address, progress=kill)
        done = small(tmp_path / "kept", how=how)
    assert not pids, "both were killed half-way, and others took their place"
    pd.testing.assert_frame_equal(read(done.folder), read(swept), check_exact=True)


# -- killed --------------------------------------------------------------------------------------------------------


def asked(folder: Path, replications: int) -> list[str]:
    return ["sweep", "stroke_units", *OPTIONS, "--replications", str(replications), "--out", str(folder)]


def start(folder: Path, replications: int) -> subprocess.Popen[bytes]:
    """The sweep in a process of its own, once it has said that it begins."""
    code = "import sys; from sim.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *asked(folder, replications)]
    begun = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert begun.stdout
    assert begun.stdout.readline()
    return begun


def ended(begun: subprocess.Popen[bytes]) -> int:
    begun.communicate()
    return begun.returncode


def kept(folder: Path) -> int:
    return len((folder / MANIFEST).read_text().splitlines()) if (folder / MANIFEST).exists() else 0


def killed_and_left_alone(times: int, replications: int, seed: int, folder: Path) -> None:
    """Checks both; of so many replications that there is work left at each kill."""
    killed, undisturbed = folder / "killed", folder / "undisturbed"
    random = np.random.default_rng(seed)
    for more in random.permutation(1 - np.arange(times) % 2).tolist():
        begun, until = start(killed, replications), kept(killed) + more
        while kept(killed) < until and begun.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 0.5))
        begun.kill()
        assert ended(begun) == -signal.SIGKILL, "it had ended before it was killed: give it more to do"
    before = kept(killed)
    assert ended(start(killed, replications)) == cli.main(asked(undisturbed, replications)) == cli.FINE
    assert read(killed).to_csv().encode() == read(undisturbed).to_csv().encode()
    assert len(read(killed).groupby(["point", "replication"])) == 2 * replications
    keys = [line["key"] for line in lines(killed) if "seconds" in line]
    assert 0 < before < len(keys) == len(set(keys)), "something was lost or done twice"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_killed_at_work_it_ends_with_the_table_of_one_left_alone(tmp_path: Path) -> None:
    killed_and_left_alone(1, 40, 5, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_killed_ten_times_it_ends_with_the_table_of_one_left_alone(tmp_path: Path) -> None:
    killed_and_left_alone(10, 80, 7, tmp_path)
