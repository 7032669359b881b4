"""Files that appear whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PART = ".part"
"""How the name of a file ends that is still being written."""


def write_whole(path: Path, fill: Callable[[Path], Any]) -> None:
    """Let ``fill`` write a file beside ``path`` that takes its place when it is done; its folder is made where it lacks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    try:
        fill(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a JSON object that people may read, whole or not at all."""
    text = json.dumps(data, indent=1) + "\n"
    write_whole(path, lambda place: place.write_text(text, encoding="utf-8"))
