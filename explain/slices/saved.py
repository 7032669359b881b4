"""Slices by name: expressions in a JSON file of the user's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.errors import UsageError
from models.files import write_json

SCHEMA = "whydiff/slices/1"
MOST_NAMES, MOST_LETTERS = 1000, 80


def read_saved(file: Path) -> dict[str, str]:
    """The expressions in ``file`` by name; none where there is no such file. Raises UsageError for what is no such list."""
    try:
        data: Any = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file} could not be read as a list of slices ({error}); name another file.") from error
    slices = data.get("slices") if isinstance(data, Mapping) and data.get("schema") == SCHEMA else None
    if not isinstance(slices, Mapping) or not all(isinstance(one, str) for one in slices.values()):
        raise UsageError(f"{file} is no list of slices ({SCHEMA}); name another file.")
    return dict(slices)


def saved(file: Path, name: str) -> str:
    """The expression called ``name``. Raises UsageError, with the names there are."""
    known = read_saved(file)
    if name not in known:
        raise UsageError(f"{file} holds no slice {name!r:.80}, only {', '.join(sorted(known))[:400] or 'none'}.")
    return known[name]


def save(file: Path, name: str, expression: str) -> None:
    """Put ``expression`` into ``file`` as ``name``, in place of one that was called so; the file appears whole or not at all.

    Two that save at the same moment may lose one of the two. Raises UsageError for a name that none can be called.
    """
    if not name.strip() or len(name) > MOST_LETTERS or not name.isprintable():
        raise UsageError(f"Expected a name of at most {MOST_LETTERS} letters for the slice, but got {name!r:.120}.")
    known = read_saved(file) | {name: expression}
    if len(known) > MOST_NAMES:
        raise UsageError(f"{file} holds {MOST_NAMES:,} slices already; save into another file.")
    try:
        write_json(file, {"schema": SCHEMA, "slices": dict(sorted(known.items()))})
    except OSError as error:
        raise UsageError(f"{file} could not be written ({error.strerror or error}); choose another place.") from error
