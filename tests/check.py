"""The one check before a commit: format, habits, types, direction of imports, tests.

Run ``python tests/check.py``; whatever follows is handed to pytest, for example ``-m slow``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = {
    "format": ["-m", "ruff", "format", "--check", "."],
    "habits": ["-m", "ruff", "check", "."],
    "types": ["-m", "mypy"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
    "tests": ["-m", "pytest"],
}
"""Each check as what Python is asked to run."""


def main(for_pytest: list[str]) -> int:
    """Run every check in turn; the exit code of the first that fails, or 0."""
    for name, command in CHECKS.items():
        extra = for_pytest if name == "tests" else []
        print(f"== {name}", flush=True)
        started = time.perf_counter()
        done = subprocess.run([sys.executable, *command, *extra], cwd=ROOT, check=False)
        if done.returncode:
            print(f"== {name}: failed", flush=True)
            return done.returncode
        print(f"== {name}: fine ({time.perf_counter() - started:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
