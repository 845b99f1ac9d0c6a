"""Work spread over threads, processes or a cluster; what is worked out does not depend on it.

An engine that lets other threads go on is spread over threads, another over processes, and so is work that is as much
Python's as the engine's; all of it over the workers of a Dask cluster, where the work of a worker that is lost is given
to another.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sim.engines import DEFAULT, about
from sim.errors import InputError, Problem, RunError
from sim.identity import engine_hash

if TYPE_CHECKING:
    from distributed import Client

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Told how many pieces of work are done, and of how many: at the start, and after each."""
AHEAD = 3
"""Pieces of work each worker of a cluster is given ahead."""
CONNECT_SECONDS = 15


@dataclass(frozen=True)
class Spread:
    """How work is done: by which engine, where, and who is told how far it is."""

    workers: int | None = None
    """Pieces of work at one time; one a core if left out. A cluster has its own number."""
    engine: str = DEFAULT
    """Name of the engine."""
    cluster: str = ""
    """Address of the scheduler of a Dask cluster; this machine if empty."""
    progress: Progress | None = None
    """Told how far it is."""
    in_processes: bool = False
    """True for processes whatever the engine: each needs its own memory and seconds to begin, and none waits for
    another's Python."""


HERE = Spread()
"""On every core of this machine, telling nobody."""


def spread(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], how: Spread, keys: Sequence[str] = ()
) -> Iterator[tuple[int, Result]]:
    """What the function gives for each job, with the job's number, as they are done.

    Parameters
    ----------
    function
        A pure function at the top level of a module.
    jobs
        Its arguments, once for each piece of work.
    how
        Where the work is done.
    keys
        A name for each job made from its content, so that a cluster does the same work once.

    Raises RunError if workers are lost, InputError if there is no cluster at the address.
    """
    tell = how.progress or (lambda done, of: None)
    tell(0, len(jobs))
    pieces = _on_cluster(function, jobs, how, keys) if how.cluster else _here(function, jobs, how)
    for done, piece in enumerate(pieces, 1):
        tell(done, len(jobs))
        yield piece


def _here(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], how: Spread
) -> Iterator[tuple[int, Result]]:
    backend = "threading" if about(how.engine).releases_gil and not how.in_processes else "loky"
    if min(how.workers or len(jobs), len(jobs)) <= 1:
        yield from (_numbered(function, number, job) for number, job in enumerate(jobs))
        return
    from joblib import Parallel, cpu_count, delayed  # noqa: PLC0415 - slow to load, and not needed for one at a time
    from joblib.externals.loky.process_executor import TerminatedWorkerError  # noqa: PLC0415 - as above

    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")  # it had grown; another goes on
    at_once = min(how.workers or cpu_count(), len(jobs))
    parallel = Parallel(n_jobs=at_once, backend=backend, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    try:
        yield from parallel(delayed(_numbered)(function, number, job) for number, job in enumerate(jobs))
    except TerminatedWorkerError:
        raise RunError(
            "a worker process was ended by the system, most often for want of memory: use fewer --workers or a smaller "
            "--scale"
        ) from None


def _numbered(function: Callable[..., Result], number: int, job: tuple[Any, ...]) -> tuple[int, Result]:
    """One piece of work. An interrupt from the keyboard reaches every process; the first one answers for all."""
    if multiprocessing.parent_process() is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return number, function(*job)


# -- a cluster -----------------------------------------------------------------------------------------------------


def _on_cluster(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], how: Spread, keys: Sequence[str]
) -> Iterator[tuple[int, Result]]:
    try:
        from distributed import KilledWorker, as_completed  # noqa: PLC0415 - only who has a cluster needs it
    except ImportError:
        what = 'needs the package "distributed": install carepath with its extra, pip install "carepath[cluster]"'
        raise InputError([Problem("--cluster", what)]) from None
    with _client(how.cluster) as client:
        left = iter(range(len(jobs)))

        def submit(number: int) -> Any:
            key = {"key": f"carepath-{keys[number]}"} if keys else {}
            job = (_by_the_same_code, engine_hash(), function, number, jobs[number])
            return client.submit(*job, pure=bool(keys), **key)

        ahead = AHEAD * max(1, sum(client.nthreads().values()))
        running = as_completed([submit(number) for number in islice(left, ahead)], loop=client.loop)
        for future in running:
            try:
                yield future.result()
            except KilledWorker:
                raise RunError(
                    "the same work ended several workers of the cluster, most often for want of memory: give each "
                    "more, or use a smaller --scale"
                ) from None
            except ImportError as error:
                raise _another_version(str(error)) from None
            future.release()
            if (number := next(left, None)) is not None:
                running.add(submit(number))


def _client(address: str) -> Client:
    """A client of a cluster that has workers."""
    from distributed import Client  # noqa: PLC0415 - only who has a cluster needs it

    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        what = f"no cluster answers at {address!r} ({error}): give the address `dask scheduler` prints, such as "
        raise InputError([Problem("--cluster", f"{what}tcp://10.0.0.1:8786")]) from None
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except OSError:
        client.close()
        what = f"the cluster at {address!r} has no workers: start some with `dask worker {address}`"
        raise InputError([Problem("--cluster", what)]) from None
    return client


def _by_the_same_code(
    wanted: str, function: Callable[..., Result], number: int, job: tuple[Any, ...]
) -> tuple[int, Result]:
    """One piece of work, refused by a worker whose numbers could be others."""
    if engine_hash() != wanted:
        raise _another_version("other code")
    return number, function(*job)


def _another_version(found: str) -> InputError:
    what = f"a worker runs another version of carepath ({found}): start `dask worker` where this one is installed"
    return InputError([Problem("--cluster", what)])
