"""Streaming ``git log``: message, touched files and diff of given commits, one process for many."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from models.change.git_process import PATCH
from models.mine.clone import View

AT_ONCE = 256
"""Commits that one process reads: their hashes fit into a pipe before anyone reads from it."""

_MOST = 32_000_000
_BLOCK = 1 << 16
_ZERO = re.compile("0+")
_GITLINK = "160000"


@dataclass(frozen=True, slots=True)
class Touched:
    """One file of a commit. ``status`` is git's letter: A, C, D, M, R or T.

    ``added`` and ``deleted`` count lines and are None for binary files. Blobs are full hashes, "" where there is none
    (and for a submodule, which is a commit elsewhere).
    """

    path: str
    old_path: str
    status: str
    old_blob: str
    new_blob: str
    added: int | None
    deleted: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit as git tells it; ``patch`` is the diff as bytes."""

    id: str
    message: str
    files: tuple[Touched, ...]
    patch: bytes


def read_log(view: View, commits: Sequence[str], most: int, *flags: str) -> Iterator[Entry]:
    """Every commit of ``commits`` (full hashes of no merges, at most ``AT_ONCE``), in that order; ``flags`` change the diff.

    A patch is cut after ``most`` bytes.

    Records are framed by a random word that no text of the repository can hold, so messages and file contents forge
    nothing; a patch may hold any byte.
    """
    token = secrets.token_hex(16)
    arguments = ("log", "--no-walk=unsorted", "--stdin", "--root", "-z", "--raw", "--numstat", "--no-abbrev", *PATCH, *flags,
                 f"--format={token}%x00%H%x00%B%x00")  # fmt: skip
    with view.running(*arguments, feed="".join(f"{one}\n" for one in commits).encode()) as process:
        assert process.stdout
        for record in _records(process.stdout, token.encode()):
            yield _entry(record, most)


def _records(stream: IO[bytes], token: bytes) -> Iterator[bytes]:
    """What stands between the tokens, each cut at ``_MOST`` bytes."""
    held, tail, started = bytearray(), b"", False
    while block := stream.read(_BLOCK):
        *whole, last = (tail + block).split(token)
        for part in whole:
            held += part[: max(0, _MOST - len(held))]
            if started:
                yield bytes(held)
            started = True
            held.clear()
        # The end may be the beginning of a token.
        body, tail = last[: 1 - len(token)], last[1 - len(token) :]
        held += body[: max(0, _MOST - len(held))]
    if started:
        yield bytes(held + tail)


def _entry(record: bytes, most: int) -> Entry:
    _, commit, message, rest = record.split(b"\0", 3)
    head, _, patch = rest.lstrip(b"\0\n").partition(b"\0\0")
    return Entry(commit.decode("ascii"), _text(message).strip(), tuple(_files(head)), patch.removesuffix(b"\0")[:most])


def _files(head: bytes) -> Iterator[Touched]:
    """The files of the ``--raw`` part, with their counts from the ``--numstat`` part."""
    raw: list[list[str]] = []
    counts: dict[str, tuple[int | None, int | None]] = {}
    fields = iter(_text(head).split("\0"))
    for field in fields:
        if field.startswith(":"):
            details = field[1:].split(" ")
            old_path = next(fields)
            raw.append([*details, old_path, next(fields) if details[4][0] in "RC" else old_path])
        elif field:
            added, deleted, path = field.split("\t", 2)
            if not path:
                next(fields)
                path = next(fields)
            counts[path] = (None, None) if added == "-" else (int(added), int(deleted))
    for old_mode, new_mode, old, new, status, old_path, path in raw:
        yield Touched(path, old_path, status[0], _blob(old_mode, old), _blob(new_mode, new), *counts.get(path, (0, 0)))


def _blob(mode: str, blob: str) -> str:
    return "" if mode == _GITLINK or _ZERO.fullmatch(blob) else blob


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
