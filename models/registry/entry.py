"""What the registry knows of a checkpoint beside its files: ``registry.json`` in the checkpoint's own folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from models.classify.checkpoint import read_json
from models.errors import ModelError, UsageError
from models.files import write_json

RECORD = "registry.json"
SCHEMA = "whydiff/registry/1"
DEFAULT = "default"
"""The name of the shipped model; no other may bear it."""

SOON = 30
"""Days before its last day from which on a model is said to expire soon."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{16}")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_LONGEST_REASON = 1000
_LONGEST_DAYS = 36_500


class State(StrEnum):
    """How a model stands; the first of "retired", "not validated", "expired" and "expires soon" that holds, else "ok"."""

    OK = "ok"
    SOON = "expires soon"
    EXPIRED = "expired"
    UNCHECKED = "not validated"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Entry:
    """One checkpoint. ``digest`` is ``digest_folder`` of its files, ``validated`` the digest at which it was validated.

    ``tokenizer`` is the SHA-256 of its ``tokenizer.json`` ("" where it has none), ``parent`` the digest of the checkpoint it
    was trained from and ``data`` that of the dataset, "" where unknown. ``expires`` is its last day.
    """

    name: str
    digest: str
    kind: str
    tokenizer: str = ""
    validated: str = ""
    validated_on: date | None = None
    parent: str = ""
    data: str = ""
    added: date | None = None
    expires: date | None = None
    last_used: date | None = None
    retired: date | None = None
    reason: str = ""

    def state(self, today: date) -> State:
        """How the model stands on the day ``today``."""
        if self.retired:
            return State.RETIRED
        if self.validated != self.digest:
            return State.UNCHECKED
        if self.expires is None or self.expires > today + timedelta(SOON):
            return State.OK
        return State.EXPIRED if self.expires < today else State.SOON

    def warnings(self, today: date) -> tuple[str, ...]:
        """What whoever uses the model on the day ``today`` must be told, a sentence each."""
        said = []
        if self.retired:
            why = f" ({self.reason.strip().rstrip('.')})" if self.reason.strip() else ""
            said.append(f"The model {self.name} was retired on {self.retired}{why}; choose another one.")
        if self.expires and self.expires < today:
            said.append(f"The model {self.name} expired on {self.expires}; train or add a newer one.")
        return tuple(said)


def read_entry(folder: Path) -> Entry:
    """The entry of a registered folder; raises ModelError for a record that is missing or broken."""
    data = read_json(folder / RECORD)
    try:
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema is {str(data.get('schema'))[:60]!r}, expected {SCHEMA!r}")
        entry = Entry(**{field.name: _value(field.type, data.get(field.name)) for field in fields(Entry)})
        check_name(entry.name)
        if not is_hash(entry.digest) or entry.digest != folder.name:
            raise ValueError(f"it is about {entry.digest[:60]!r}, not about this folder")
    except (TypeError, ValueError, UsageError) as error:
        raise ModelError(f"{folder / RECORD} is broken ({error}); delete that folder and add the model again.") from error
    return entry


def _value(kind: Any, value: Any) -> Any:
    if kind == "str":
        if not isinstance(value, str):
            raise ValueError(f"expected text, got {str(value)[:60]!r}")
        return value[:_LONGEST_REASON]
    return None if value is None else date.fromisoformat(value)


def write_entry(folder: Path, entry: Entry) -> None:
    """Write the record of ``entry`` into its folder, whole or not at all."""
    write_json(folder / RECORD, {"schema": SCHEMA, **as_json(entry)})


def as_json(entry: Entry) -> dict[str, str | None]:
    """The fields of ``entry``, dates as ISO 8601."""
    values = {field.name: getattr(entry, field.name) for field in fields(Entry)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def is_hash(text: str) -> bool:
    """Whether ``text`` is a whole content hash."""
    return _HASH.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether ``text`` can be the digest of a checkpoint or a dataset, ours or that of others."""
    return _DIGEST.fullmatch(text) is not None


def check_name(name: str) -> None:
    """Raise UsageError unless ``name`` can be that of a registered model."""
    if not _NAME.fullmatch(name) or name == DEFAULT:
        raise UsageError(
            f"Expected a name of 1 to 64 letters, digits, dots, hyphens and underscores, not beginning with a dot or hyphen and "
            f"not {DEFAULT}, but got {name[:80]!r}; name the model with --name."
        )


def expiry(text: str, today: date) -> date:
    """The last day of a model: a date (ISO 8601) or a number of days from ``today``; raises UsageError for neither."""
    try:
        day = today + timedelta(min(int(text), _LONGEST_DAYS)) if text.strip().isdecimal() else date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"Expected a date such as 2030-12-31 or a number of days, but got {text[:80]!r}.") from error
    if day < today:
        raise UsageError(f"Expected a day that is not over yet, but got {day}; pass a later one.")
    return day
