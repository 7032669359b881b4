"""The folder of registered checkpoints: what is in it, adding to it, retiring from it.

Every entry is a folder named by its content hash. It is filled under another name and renamed when it is whole, so that
what a kill leaves is never listed; the next ``add`` clears it. Whatever writes holds one lock, which ends with its process.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from models.classify.checkpoint import digest_folder
from models.errors import ModelError, UsageError
from models.registry import PLACE_VARIABLE
from models.registry.entry import RECORD, Entry, check_name, is_digest, is_hash, read_entry, write_entry
from models.registry.examine import Examined, content_hash, examine, tokenizer_hash

_LOCK = ".lock"
_UNFINISHED = ".unfinished-"
_SUFFIXES = {".json", ".safetensors", ".md", ".txt"}
_NAMES = {"LICENSE", "NOTICE"}
_LINEAGE = ("whydiff.json", "train.json", "state.json")
_MOST_LINEAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class AddOptions:
    """What is told of a checkpoint when it is added; "" is not told. ``parent`` and ``data`` are hexadecimal digests."""

    name: str = ""
    parent: str = ""
    data: str = ""
    expires: date | None = None


def place() -> Path:
    """The registry's folder: $WHYDIFF_MODELS, else ``whydiff/models`` in $XDG_DATA_HOME, else in ``~/.local/share``."""
    if os.environ.get(PLACE_VARIABLE):
        return Path(os.environ[PLACE_VARIABLE])
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path(os.path.expanduser("~/.local/share"))
    return base / "whydiff" / "models"


class Registry:
    """The checkpoints in one folder, by default that of ``place``; a folder that does not exist holds none."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or place()

    def entries(self) -> tuple[Entry, ...]:
        """Every whole entry, by name."""
        return tuple(sorted((one for one in self._read() if isinstance(one, Entry)), key=lambda one: one.name))

    def broken(self) -> tuple[str, ...]:
        """What is wrong with the entries that cannot be read, a sentence each."""
        return tuple(str(one) for one in self._read() if isinstance(one, ModelError))

    def _read(self) -> Iterator[Entry | ModelError]:
        try:
            folders = sorted(path for path in self.root.iterdir() if is_hash(path.name) and path.is_dir())
        except OSError:
            return
        for folder in folders:
            try:
                yield read_entry(folder)
            except ModelError as error:
                yield error

    def folder(self, entry: Entry) -> Path:
        """Where the checkpoint of ``entry`` lies."""
        return self.root / entry.digest

    def add(self, source: Path, options: AddOptions, today: date) -> tuple[Entry, bool]:
        """Copy the checkpoint in ``source`` here once it is validated; returns its entry and whether it is new.

        Content that is here already stays as it is, under its first name. Raises ModelError for what validation refuses,
        UsageError for a name that is none or taken.
        """
        if options.name:
            check_name(options.name)
        self.root.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._clear()
            found = examine(source)
            here = self.root / found.digest
            if here.is_dir():
                return read_entry(here), False
            entry = self._entry(source, found, options, today)
            unfinished = self.root / f"{_UNFINISHED}{secrets.token_hex(4)}"
            try:
                _copy(source, unfinished, found.digest)
                write_entry(unfinished, entry)
                unfinished.rename(here)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            return entry, True

    def _entry(self, source: Path, found: Examined, options: AddOptions, today: date) -> Entry:
        name = options.name or _tidied(found.name)
        check_name(name)
        other = next((one for one in self.entries() if one.name == name), None)
        if other is not None:
            raise UsageError(f"The name {name} is that of the model {other.digest}; choose another one with --name.")
        told = lineage(source)
        return Entry(
            name=name,
            digest=found.digest,
            kind=found.kind,
            tokenizer=found.tokenizer,
            validated=found.digest,
            validated_on=today,
            parent=options.parent or told["parent"],
            data=options.data or told["data"],
            added=today,
            expires=options.expires,
        )

    def validate(self, entry: Entry, today: date) -> Examined:
        """Validate a registered checkpoint again and record it; raises ModelError when it is not what was added, or is bad."""
        folder = self.folder(entry)
        if tokenizer_hash(folder) != entry.tokenizer:
            raise ModelError(
                f"The tokenizer of the model {entry.name} is not the one that was registered with it; delete {folder} and add "
                "the model again."
            )
        self.check_content(entry)
        found = examine(folder)
        with self._locked():
            write_entry(folder, replace(read_entry(folder), validated=found.digest, validated_on=today))
        return found

    def check_content(self, entry: Entry) -> None:
        """Raise ModelError when the files of ``entry`` are not those that were added."""
        folder = self.folder(entry)
        if content_hash(folder) != entry.digest:
            raise ModelError(
                f"The files of the model {entry.name} were changed since it was added; delete {folder} and add the model again."
            )

    def retire(self, entry: Entry, reason: str, today: date, now: bool) -> Entry:
        """Mark ``entry`` as retired, or with ``now`` delete one that is marked already; raises UsageError when it is not."""
        folder = self.folder(entry)
        with self._locked():
            entry = read_entry(folder)
            if now and not entry.retired:
                raise UsageError(
                    f"The model {entry.name} is in use, so it is not deleted; retire it first without --now, so that its users "
                    "are warned."
                )
            if now:
                gone = folder.rename(self.root / f"{_UNFINISHED}{secrets.token_hex(4)}")
                shutil.rmtree(gone)
                return entry
            marked = replace(entry, retired=entry.retired or today, reason=reason or entry.reason)
            write_entry(folder, marked)
            return marked

    def touch(self, entry: Entry, today: date) -> None:
        """Note that ``entry`` was used ``today``: one write a day at most, and none where that is impossible."""
        if entry.last_used == today:
            return
        try:
            with self._locked(wait=False):
                write_entry(self.folder(entry), replace(read_entry(self.folder(entry)), last_used=today))
        except (OSError, ModelError):
            return  # a registry that cannot be written to, or is being written to, still scores

    @contextmanager
    def _locked(self, wait: bool = True) -> Iterator[None]:
        """Hold the lock of all who write; raises BlockingIOError without ``wait`` when another one has it."""
        with (self.root / _LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield

    def _clear(self) -> None:
        """Remove what killed processes left; whoever holds the lock knows that nobody still works on it."""
        for path in self.root.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(path, ignore_errors=True)


def lineage(folder: Path) -> dict[str, str]:
    """The digests "parent" and "data" that the files of a trained checkpoint tell, "" where they tell none."""
    told = {"parent": "", "data": ""}
    for file in (folder / name for name in _LINEAGE):
        try:
            stored = json.loads(file.read_text("utf-8")) if file.stat().st_size <= _MOST_LINEAGE else {}
        except (OSError, ValueError, RecursionError):
            continue
        for name, known in told.items():
            value = stored.get(name) if isinstance(stored, dict) else None
            if not known and isinstance(value, str) and is_digest(value):
                told[name] = value
    return told


def _tidied(name: str) -> str:
    """``name`` with what no registered name may hold made hyphens."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:64] or "model"


def _copy(source: Path, to: Path, digest: str) -> None:
    """Copy what belongs to a checkpoint; raises ModelError when that is not all that its answers depend on."""
    to.mkdir()
    for path in sorted(source.iterdir()):
        belongs = path.suffix in _SUFFIXES or path.name in _NAMES
        if belongs and path.is_file() and path.name != RECORD and not path.name.startswith("."):
            shutil.copyfile(path, to / path.name)
    if digest_folder(to) != digest:
        raise ModelError(f"The files of {source} changed while they were copied; add the folder again when nobody writes to it.")
