"""How the workbench is started: the one command line that turns Streamlit into a private, quiet server."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODEL_VARIABLE = "WHYDIFF_MODEL"
"""Environment variable that names the checkpoint's folder; unset or empty: the shipped one."""


def options() -> dict[str, Any]:
    """Streamlit's options by dotted name, as ``app/streamlit.toml`` sets them."""
    return dict(_flat("", tomllib.loads((HERE / "streamlit.toml").read_text(encoding="utf-8"))))


def command(overrides: Mapping[str, Any] | None = None) -> list[str]:
    """The command that serves the workbench; ``overrides`` are further options by dotted name, e.g. "server.port"."""
    chosen = {**options(), **(overrides or {})}
    flags = [flag for name, value in chosen.items() for flag in _flags(name, value)]
    return [sys.executable, "-m", "streamlit", "run", str(HERE / "main.py"), *flags]


def environment(model: Path | None = None) -> dict[str, str]:
    """The environment for ``command``: this one, with the packages importable and ``model`` chosen."""
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    chosen = {} if model is None else {MODEL_VARIABLE: str(model.resolve())}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **chosen}


def chosen_model() -> Path | None:
    """The checkpoint's folder that the server was started with; None is the shipped one."""
    named = os.environ.get(MODEL_VARIABLE, "")
    return Path(named) if named else None


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value


def _flags(name: str, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [f"--{name}={str(one).lower() if isinstance(one, bool) else one}" for one in values]
