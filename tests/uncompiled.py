"""The two engines compared where nothing is compiled: the functions of the compiled one run as the Python they are.

Run with NUMBA_DISABLE_JIT=1 as ``python -m tests.uncompiled few`` (or ``many``); it fails where they are not equal, and
where a place in an array is negative, which compiled code would look up in the memory before it.
"""

from __future__ import annotations

import sys

import numpy as np

from sim.engines import fast_run
from sim.engines.fast_memory import read_alike
from tests import test_cases
from tests.made_places import DAY
from tests.made_plans import Made, arms_of, lumpy_plans, smooth_plans
from tests.test_engines_agree import agree, agree_on_case, each_of, shipped_arms

SIZES = {"few": (2, 12, 0.0005), "many": (20, 40, 0.002)}
"""Made plans of each kind, days of each scenario and its scale."""
SCENARIOS = ("stroke_units", "nwl_pilot")


def check(made: Made) -> None:
    agree(arms_of(made | {"days": 12}), [5000])


def main(size: str) -> None:
    """Compare cases worked by hand, scenarios that are shipped, and made plans."""
    if type(fast_run.run).__name__ != "function":
        raise SystemExit("it is compiled: set NUMBA_DISABLE_JIT=1")
    try:
        read_alike(np.arange(3))[-1]
    except IndexError:
        pass
    else:
        raise SystemExit("a place before the first is not refused")
    plans, days, scale = SIZES[size]
    for path in test_cases.CASES:
        agree_on_case(path)
    for name in SCENARIOS:
        agree(shipped_arms(name, days // 2, scale), [777, days * DAY // 3 + 1], days)
    for kind in (lumpy_plans, smooth_plans):
        each_of(kind, plans, check)


if __name__ == "__main__":
    main(sys.argv[1])
