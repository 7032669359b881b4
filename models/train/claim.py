"""A run's folder, and what it says about its beginnings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from models.classify.checkpoint import SETTINGS
from models.errors import ModelError, UsageError
from models.files import write_json

RECORD = "train.json"
_MAY_CHANGE = {
    "epochs",
    "pretrain_epochs",
    "minutes",
    "pretrain_minutes",
    "patience",
    "checkpoint_minutes",
    "jobs",
}
"""Options that decide when a run ends and how long it takes, not what it does on the way."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run starts from:

    Its kind, a digest of the rows it learns from, the digest of the checkpoint it was begun with or None.
    """

    kind: str
    data: str
    parent: str | None = None


def digest_rows(frame: pd.DataFrame) -> str:
    """A digest of ids, labels and splits of a dataset (16 hexadecimal digits); texts are told apart by their ids."""
    total = hashlib.sha256()
    for name in ("id", "label", "split"):
        total.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return total.hexdigest()[:16]


def claim(folder: Path, options: Any, beginning: Beginning) -> None:
    """Make ``folder`` the run's own: ``train.json`` records how it began.

    Raises UsageError when the folder holds a finished checkpoint, somebody's weights, or a run that began otherwise.
    """
    path = folder / RECORD
    if (folder / SETTINGS).exists():
        raise UsageError(f"{folder} holds a checkpoint already; choose another folder for -o.")
    if not path.exists() and any(folder.glob("*.safetensors")):
        raise UsageError(f"{folder} holds weights of something else; choose another folder for -o.")
    given = {**asdict(beginning), "options": asdict(options)}
    if path.exists():
        _same(folder, _flat(_stored(path)), _flat(given))
    write_json(path, given)


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} could not be read ({error}); choose another folder for -o.") from error
    if not (isinstance(stored, dict) and isinstance(stored.get("options"), dict)):
        raise ModelError(f"{path} is no record of a run; choose another folder for -o.")
    return stored


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in record.items() if name != "options"}, **record["options"]}


def _same(folder: Path, stored: dict[str, Any], given: dict[str, Any]) -> None:
    for name in sorted(set(given) - _MAY_CHANGE):
        if stored.get(name) != given[name]:
            raise UsageError(
                f"The run in {folder} was begun with {name} {stored.get(name)}, but got {given[name]}; "
                "pass the same to go on, or choose another folder for -o."
            )
