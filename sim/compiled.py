"""Functions compiled by Numba, and the folder that keeps what was compiled: one for each state of their source.

Numba does not notice when a function that a compiled one calls has changed. So what is compiled is kept in a folder
named by a hash of every module that compiled code is made from: a changed rule never meets old code.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.extending import register_jitable
from platformdirs import user_cache_path

from sim.compiled_parts import Part, PartCompiler, WholeCompiler

_settings: Any = numba.config
_HERE = Path(__file__).resolve().parent
SOURCES = (
    "compiled.py", "compiled_parts.py", "normal.py", "rules.py", "draws.py", "decisions.py", "log.py", "plans/plan.py",
    "system.py", "courses.py", "population.py", "engines", "measures/counting.py", "measures/counting_of_conditions.py",
)  # fmt: skip
"""Modules and packages of this package that compiled code is made from."""

Function = TypeVar("Function", bound=Callable[..., Any])


def source_hash() -> str:
    """Hash of everything compiled code is made from: our source, Numba and Python."""
    found = hashlib.sha256(f"numba {numba.__version__} python {platform.python_version()}".encode())
    for source in SOURCES:
        path = _HERE / source
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            found.update(f"\0{file.relative_to(_HERE).as_posix()}\0".encode() + file.read_bytes())
    return found.hexdigest()[:16]


def cache_folder() -> Path | None:
    """Folder for compiled code, made if need be; None where none can be written: then each start compiles again.

    The environment variable CAREPATH_CACHE names another place than the user's own cache folder.
    """
    named = os.environ.get("CAREPATH_CACHE")
    folder = (Path(named) if named else user_cache_path("carepath", appauthor=False)) / source_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f"probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return None
    return folder


CACHE = cache_folder()


def is_compiled(function: str) -> bool:
    """True if a compiled function, such as ``fast_run.run``, is kept from an earlier start."""
    return CACHE is not None and any(CACHE.rglob(f"{function}-*.nbc"))


_NAMING_FOLDER = threading.RLock()
"""Held while Numba is told the folder, which it keeps in a global: two threads may load modules at the same time."""


def compiled(signature: str | None = None) -> Callable[[Function], Function]:
    """Decorator: the function compiled, without the GIL; at once for a signature, otherwise when first called.

    Places in arrays count from the first: there is no ``rows[-1]``. With the environment variable NUMBA_DISABLE_JIT=1
    the function stays Python, in which whole numbers wrap as silently.
    """

    def decorate(function: Function) -> Function:
        if _settings.DISABLE_JIT:
            return np.errstate(over="ignore")(function)
        with _NAMING_FOLDER:
            usual = _settings.CACHE_DIR
            try:
                _settings.CACHE_DIR = str(CACHE or "")
                njit: Any = numba.njit
                options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
                made = njit(signature, cache=CACHE is not None, pipeline_class=WholeCompiler, **options)(function)
            finally:
                _settings.CACHE_DIR = usual
        return cast(Function, made)

    return decorate


def part(function: Function) -> Function:
    """Decorator: a part of larger compiled code, which keeps it; Python calls it only where nothing is compiled."""
    made: Any = function if _settings.DISABLE_JIT else Part(function)
    return cast(Function, made)


def rule(function: Function) -> Function:
    """Decorator: plain Python when Python calls it, and part of the compiled code that calls it."""
    made: Function = register_jitable(pipeline_class=PartCompiler, no_cfunc_wrapper=True)(function)
    return made
