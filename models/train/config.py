"""A training run in one file: its kind and its options, as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import Field, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from models.errors import UsageError
from models.train.tiers import Tier, tier

_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Config:
    """What is trained, and how; ``options`` are of the tier's type."""

    tier: Tier
    options: Any


def shipped_config(kind: str) -> Path:
    """The file that the shipped checkpoint of ``kind`` was trained by. Raises UsageError for an unknown kind."""
    return Path(str(resources.files("models"))) / "train" / "configs" / f"{tier(kind).kind}.toml"


def read_config(path: Path | None, kind: str | None, changes: Sequence[str] = ()) -> Config:
    """The configuration in ``path``, or the shipped one of ``kind``, with ``changes`` such as "epochs=2" made to it.

    Raises UsageError for a file that is none, a kind that is not its own, an option that the kind has not, or a value out
    of bounds.
    """
    path = path or shipped_config(kind or "diff-transformer")
    values = _values(path)
    own = values.pop("kind", None)
    if not isinstance(own, str):
        raise UsageError(f'Expected {path} to name its kind, such as kind = "bag"; add that line.')
    if kind is not None and kind != own:
        raise UsageError(f"{path} is for the kind {own}, but --kind is {kind}; pass one of the two.")
    chosen = tier(own)
    known: dict[str, Field[Any]] = {field.name: field for field in fields(chosen.options)}
    for change in changes:
        name, mark, text = change.partition("=")
        if not mark:
            raise UsageError(f"Expected --set NAME=VALUE, but got {change!r}.")
        values[name] = _read(text)
    options = {name: _typed(name, value, known, chosen) for name, value in values.items()}
    return Config(chosen, chosen.options(**options))


def _values(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The configuration {path} could not be read ({error.strerror}); pass another file.") from error
    except ValueError as error:
        raise UsageError(f"{path} is no TOML ({error}); mend it, or pass another file.") from error


def _read(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _typed(name: str, value: Any, known: dict[str, Field[Any]], chosen: Tier) -> Any:
    if name not in known:
        raise UsageError(f"The kind {chosen.kind} has no option {name!r}; it has {', '.join(known)}.")
    wanted = type(known[name].default)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise UsageError(f"Expected {name} to be of type {wanted.__name__}, but got {value!r}.")
    return value
