"""Where the files that come with carepath are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_BESIDE_THIS_MODULE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Path of a file or folder that comes with carepath, such as ``shipped("scenarios", "places")``.

    In a checkout scenarios/, calibration/ and app.py lie beside this package; in an installed wheel inside it.
    """
    installed = (_BESIDE_THIS_MODULE / "scenarios").is_dir()
    root = _BESIDE_THIS_MODULE if installed else _BESIDE_THIS_MODULE.parent
    return root.joinpath(*parts)
