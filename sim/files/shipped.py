"""Where the files that come with carepath are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(*parts: str) -> Path:
    """Path of a file or folder that comes with carepath, such as ``shipped("scenarios", "places")``.

    In a checkout scenarios/, calibration/ and app.py lie beside this package; in an installed wheel inside it.
    """
    installed = (_PACKAGE / "scenarios").is_dir()
    root = _PACKAGE if installed else _PACKAGE.parent
    return root.joinpath(*parts)
