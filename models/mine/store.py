"""What a run leaves beside its output, so that the next one reads new commits only and a killed one goes on.

``DATASET.parquet.state/`` holds ``state.json`` (options, an id that the dataset bears too) and a folder for each project:
``facts-*.parquet`` (``models.mine.facts``, some hundred commits each), ``traces.jsonl`` (``models.mine.szz``, a line a fix)
and ``view/`` (``models.mine.clone``). Files appear whole or not at all; a line that a killed run left half is dropped.
Neither names nor addresses of authors are in there, hashed or not: git is asked for them each time. Deleting the folder
costs nothing but the time of the first run, and the dataset must then be written anew.
"""

from __future__ import annotations

import fcntl
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError, UsageError
from models.files import PART, write_whole
from models.mine.facts import SCHEMA
from models.mine.options import MineOptions
from models.mine.szz import Outcome, Trace

VERSION = "whydiff/mine-state/1"
"""Rises whenever the same commit would give other facts or traces than before, so that the two are never mixed."""

METADATA = b"whydiff/mine"


@dataclass(frozen=True, slots=True)
class Store:
    """The state beside one dataset."""

    folder: Path
    id: str

    def project(self, name: str) -> ProjectStore:
        """The state of one project."""
        folder = self.folder / quote(name, safe="")
        folder.mkdir(exist_ok=True)
        return ProjectStore(folder)


@contextmanager
def opened(output: Path, options: MineOptions) -> Iterator[Store]:
    """The state beside ``output``, for this process alone.

    Raises UsageError when ``output`` is no dataset of ours, was made with other options, or is being written by another run.
    """
    target = output.resolve()
    folder = target.with_name(target.name + ".state")
    known = folder / "state.json"
    if output.exists() and not known.exists():
        what = "its state is gone" if dataset_id(output) else "it was not made by whydiff mine"
        raise UsageError(f"{output} exists and cannot be added to, because {what}; name another file for -o, or delete this one.")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise UsageError(f"{folder} could not be written ({error.strerror or error}); choose another place for -o.") from error
    with lock:
        _take(lock.fileno(), output)
        for part in folder.rglob(f"*{PART}"):
            part.unlink()
        yield Store(folder, _identified(output, known, options))


def dataset_id(output: Path) -> str:
    """The id that mining wrote into a dataset; "" for any other file."""
    try:
        metadata = pq.read_schema(output).metadata or {}
        return str(json.loads(metadata.get(METADATA, b"{}")).get("id", ""))
    except (OSError, ValueError, pa.ArrowException):
        return ""


def _take(lock: int, output: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"Another run is writing {output}; wait for it, or name another file for -o.") from error


def _identified(output: Path, known: Path, options: MineOptions) -> str:
    """The id of the state, after checking that it belongs to ``output`` and ``options``; a new one where there is none."""
    asked = {"labels": str(options.labels), "max_deleted": options.max_deleted, "min_share": options.min_share}
    if not known.exists():
        state = {"version": VERSION, "id": secrets.token_hex(16), "options": asked}
        _replace(known, json.dumps(state, indent=1).encode())
        return str(state["id"])
    try:
        state = json.loads(known.read_bytes())
        version, ours, before = state["version"], str(state["id"]), dict(state["options"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{known} is broken; delete {known.parent} and {output} to mine anew.") from error
    clash = [name for name in asked if before.get(name) != asked[name]]
    if version != VERSION or (output.exists() and dataset_id(output) != ours):
        raise UsageError(f"{known.parent} belongs to another dataset or version; delete it and {output} to mine anew.")
    if clash:
        flags = ", ".join(f"--{name.replace('_', '-')} {before.get(name)}" for name in clash)
        raise UsageError(f"{output} was begun with {flags}; use the same again, or name another file for -o.")
    return ours


def _replace(path: Path, content: bytes) -> None:
    write_whole(path, lambda part: part.write_bytes(content))


@dataclass(frozen=True, slots=True)
class ProjectStore:
    """The state of one project, in ``folder``."""

    folder: Path

    @property
    def view(self) -> Path:
        """The folder of the borrowed repository."""
        return self.folder / "view"

    @property
    def passed_over(self) -> Path:
        """The file that lists for git the commits which blame looks through."""
        return self.folder / "passed-over"

    def facts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The facts read so far, a table for each time they were written, in that order."""
        for path in sorted(self.folder.glob("facts-*.parquet")):
            try:
                yield pq.read_table(path, columns=list(columns), schema=SCHEMA)
            except (OSError, pa.ArrowException) as error:
                raise DataError(f"{path} is broken; delete {self.folder} to read this project anew.") from error

    def add_facts(self, records: Sequence[dict[str, Any]]) -> None:
        """Keep the facts of some commits."""
        number = 1 + max((int(path.stem.rpartition("-")[2]) for path in self.folder.glob("facts-*.parquet")), default=0)
        table = pa.Table.from_pylist(list(records), schema=SCHEMA)
        write_whole(self.folder / f"facts-{number:06}.parquet", lambda part: pq.write_table(table, part, compression="zstd"))

    def traces(self, key: str) -> dict[str, Trace]:
        """The fixes traced so far, by hash; forgotten when they were traced under another ``key``."""
        path = self.folder / "traces.jsonl"
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        if not lines or lines[0] != _header(key):
            _replace(path, _header(key) + b"\n")
            return {}
        if lines[-1]:
            _replace(path, b"\n".join([*lines[:-1], b""]))
        return {trace.fix: trace for trace in map(_trace, lines[1:-1])}

    def add_traces(self, traces: Sequence[Trace]) -> None:
        """Keep some traces."""
        with (self.folder / "traces.jsonl").open("ab") as file:
            file.write(b"".join(_line(trace) for trace in traces))


def _header(key: str) -> bytes:
    return json.dumps({"key": key}).encode()


def _line(trace: Trace) -> bytes:
    return json.dumps([trace.fix, trace.outcome.name, trace.culprits, trace.passed]).encode() + b"\n"


def _trace(line: bytes) -> Trace:
    fix, outcome, culprits, passed = json.loads(line)
    return Trace(fix, Outcome[outcome], {one: [(path, text) for path, text in some] for one, some in culprits.items()}, passed)
