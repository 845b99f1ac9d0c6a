"""Work spread over threads, processes and a cluster: the same results, also when a worker is lost."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache

import pandas as pd
import pytest

from sim.errors import InputError, RunError
from sim.experiments import spread as spreading
from sim.experiments.runner import Arms, arms_of, replication
from sim.experiments.spread import Spread, spread
from sim.files.reading import load_scenario

TIMES = 12


@cache
def stroke() -> Arms:
    return arms_of(load_scenario("stroke_units", {"run.years": "0.1", "run.warm_up_days": "14"}))


def jobs(times: int, by: str = "simpy") -> list[tuple[Arms, int, tuple[str, ...], str]]:
    return [(stroke(), number, stroke().names, by) for number in range(times)]


def alone(times: int) -> list[pd.DataFrame]:
    return [replication(*job) for job in jobs(times)]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def missing() -> None:
    raise ModuleNotFoundError("No module named 'sim'")


def test_either_engine_in_threads_or_processes_gives_the_same_as_one_after_the_other() -> None:
    expected = alone(4)
    ways = [("simpy", 2), ("fast", 1), ("fast", 2), ("fast", 4)]
    for by, workers in ways:
        found = dict(spread(replication, jobs(4, by), Spread(workers, engine=by)))
        for number, table in enumerate(expected):
            pd.testing.assert_frame_equal(found[number], table, check_exact=True)


def test_who_is_told_hears_of_each_piece_of_work() -> None:
    told: list[tuple[int, int]] = []
    found = spread(divmod, [(7, 2), (9, 4)], Spread(1, progress=lambda done, of: told.append((done, of))))
    assert dict(found) == {0: (3, 1), 1: (2, 1)}
    assert told == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_a_process_ended_by_the_system_is_explained() -> None:
    with pytest.raises(RunError, match="fewer --workers"):
        list(spread(die, [(), ()], Spread(workers=2, engine="simpy")))


def test_an_engine_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="choose one of fast, simpy"):
        list(spread(divmod, [(7, 2)], Spread(engine="steam")))


def test_a_cluster_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(spreading, "CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError, match="no cluster answers"):
        list(spread(divmod, [(7, 2)], Spread(cluster="tcp://127.0.0.1:9")))


def test_a_cluster_of_another_version_is_refused() -> None:
    """A worker in this process, whose function asks for code it does not have."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        pytest.raises(InputError, match="another version of carepath"),
    ):
        list(spread(missing, [()], Spread(cluster=cluster.scheduler_address)))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_a_cluster_gives_the_same_when_one_of_its_workers_is_killed() -> None:
    distributed = pytest.importorskip("distributed")
    local = {"n_workers": 3, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        found = {}
        for number, table in spread(replication, jobs(TIMES), Spread(cluster=cluster.scheduler_address)):
            found[number] = table
            if len(found) == 2:
                os.kill(pids[0], signal.SIGKILL)
        assert pids[0] not in client.run(os.getpid).values()
    assert sorted(found) == list(range(TIMES))
    for number, expected in enumerate(alone(TIMES)):
        pd.testing.assert_frame_equal(found[number], expected, check_exact=True)
