"""From what a user calls a model to its folder: a folder, a registered name, or the beginning of a content hash."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models.classify.load import shipped
from models.errors import ModelError, UsageError
from models.registry.entry import DEFAULT, Entry, is_digest
from models.registry.examine import content_hash
from models.registry.folder import Registry

_PREFIX = re.compile(r"[0-9a-f]{4,16}")
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A model's folder, and its entry if it is a registered one."""

    folder: Path
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """A model's folder, and what whoever uses it must be told, a sentence each."""

    folder: Path
    warnings: tuple[str, ...] = ()


def find(text: str, registry: Registry | None = None) -> Found:
    """The model called ``text``; "" is the shipped one. Nothing is read but the registry's records.

    An existing folder wins over a name, a name over the beginning of a hash (4 hexadecimal digits at least), and "default"
    is the shipped model. Raises UsageError for a beginning that several have, ModelError when nothing is called so.
    """
    if not text or (text == DEFAULT and not Path(text).is_dir()):
        return Found(shipped())
    if os.sep in text or _is(Path.is_dir, text):
        return Found(Path(text))
    registry = registry or Registry()
    entries = registry.entries()
    named = [one for one in entries if one.name == text]
    begun = [one for one in entries if _PREFIX.fullmatch(text) and one.digest.startswith(text)]
    matching = named or begun
    if len(matching) > 1:
        several = ", ".join(f"{one.digest} ({one.name})" for one in matching[:_NAMED])
        raise UsageError(f"Expected one model called {text}, but several are: {several}; write more of the hash.")
    if not matching and _is(Path.exists, text):
        return Found(Path(text))  # a file, as loading will say
    if not matching:
        known = ", ".join([DEFAULT, *(one.name for one in entries[:_NAMED])])
        raise ModelError(
            f"The model folder {text[:200]} does not exist, and no registered model has that name or hash (there are: {known}); "
            "whydiff models list tells more."
        )
    return Found(registry.folder(matching[0]), matching[0])


def _is(asked: Callable[[Path], bool], text: str) -> bool:
    """What ``asked`` says of the path ``text``; what the system takes for no path is none."""
    try:
        return asked(Path(text))
    except (OSError, ValueError):
        return False


def resolve(text: str, registry: Registry | None = None) -> Path:
    """The folder of the model called ``text``, see ``find``.

    Raises ModelError for a registered model whose files are not what was validated.
    """
    return _checked(find(text, registry), registry)


def use(text: str, today: date, registry: Registry | None = None) -> Used:
    """``resolve`` for a model that is about to answer: with what must be told, and the day noted in its record."""
    found = find(text, registry)
    folder = _checked(found, registry)
    if found.entry is None:
        return Used(folder)
    (registry or Registry()).touch(found.entry, today)
    return Used(folder, found.entry.warnings(today))


def digest_of(text: str, registry: Registry | None = None) -> str:
    """The content hash of the model called ``text``; a digest that nothing here has is taken as it is.

    Raises ModelError when nothing is called so and it is no digest.
    """
    try:
        found = find(text, registry)
    except ModelError:
        if is_digest(text):
            return text
        raise
    return found.entry.digest if found.entry else content_hash(found.folder)


def warnings(text: str, today: date, registry: Registry | None = None) -> tuple[str, ...]:
    """What whoever uses the model called ``text`` must be told, without reading its weights."""
    entry = find(text, registry).entry
    return entry.warnings(today) if entry else ()


def _checked(found: Found, registry: Registry | None) -> Path:
    entry = found.entry
    if entry is None:
        return found.folder
    (registry or Registry()).check_content(entry)
    if entry.validated != entry.digest:
        raise ModelError(f"The model {entry.name} was not validated; run whydiff models validate {entry.name} first.")
    return found.folder
