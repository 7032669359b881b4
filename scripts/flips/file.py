"""What was measured as JSON lines, so that a run can be continued: ids and figures, never text of a diff."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.flips.measure import Outcome, Record, Settings


def write(file: Path, settings: Settings, kind: str, values: Mapping[str, Any]) -> None:
    """Add one line of ``kind``; ``values`` name their ``row``."""
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps({"kind": kind, "settings": asdict(settings), **values}) + "\n")


def read_lines(file: Path, settings: Settings, kind: str) -> dict[str, dict[str, Any]]:
    """The lines of ``kind`` that were measured with ``settings``, by row; lines that were cut off are left out."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = [one for line in text.split("\n") for one in _line(line)]
    return {one["row"]: one for one in lines if one["kind"] == kind and one["settings"] == asdict(settings)}


def _line(line: str) -> list[dict[str, Any]]:
    try:
        return [json.loads(line)]
    except json.JSONDecodeError:
        return []


def record_of(values: Mapping[str, Any]) -> Record:
    """A record from its line."""
    outcomes = {key: Outcome(**{**one, "members": tuple(one["members"])}) for key, one in values["outcomes"].items()}
    fields = {name: values[name] for name in ("row", "language", "n", "exhausted", "optimum")}
    return Record(**fields, outcomes=outcomes)
