"""Bytes, a file, standard input or a git revision to a ``Diff``, with one clear sentence for what cannot be read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from models.change.git import STAGED, show, staged
from models.change.limits import MAX_BYTES
from models.change.parse import parse
from models.change.types import Diff
from models.errors import InputError, NotADiffError, UnknownRevisionError

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,32}[mK]")
_MOST_SHOWN = 200
_HEADS = re.compile(r"^(?:diff --git |@@ -\d|--- )", re.MULTILINE)


def read_bytes(data: bytes, message: str | None = None) -> Diff:
    """Read a diff from the bytes of a file, an upload or a pipe; ``message`` replaces what the text says.

    Bytes that are no UTF-8 are kept as ``surrogateescape``. Where a whole diff was coloured for a terminal the colours
    are removed, and a byte order mark is; ``Diff.notes`` says so. Raises InputError or one of its kinds.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"The diff has more than {MAX_BYTES // 1_000_000} MB, which is the most that is read; pass fewer files or commits."
        )
    if not data.strip():
        raise NotADiffError("Expected a unified diff, but the input is empty; pass the output of git diff or git show.")
    if data.startswith(_UTF16) or _looks_utf16(data):
        raise NotADiffError(
            "Expected a diff in UTF-8, but the input is UTF-16 (as Windows PowerShell writes it); "
            "convert it with iconv -f UTF-16 -t UTF-8, or use git diff --output=FILE."
        )
    text, notes = _cleaned(data)
    try:
        diff = parse(text, message)
    except NotADiffError as error:
        if b"\0" in data:
            raise NotADiffError(
                "Expected a unified diff, but the input is a binary file; pass the output of git diff or git show."
            ) from error
        raise
    return replace(diff, notes=notes) if notes else diff


def read_input(argument: str, repo: Path, stdin: BinaryIO) -> Diff:
    """Read what a command line names: "-" is standard input, an existing file is a patch, all else a revision of ``repo``.

    ":staged" is what ``git commit`` would record, also where a file has that name: a gate must not be led elsewhere by one.
    """
    if argument == "-":
        return read_bytes(stdin.read(MAX_BYTES + 1))
    if argument == STAGED:
        return staged(repo)
    path = Path(argument)
    name = argument if len(argument) <= _MOST_SHOWN else argument[:_MOST_SHOWN] + "…"
    try:
        if path.exists() and not path.is_dir():
            with path.open("rb") as file:
                return read_bytes(file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{name} could not be read ({reason}); check the file.") from error
    try:
        return show(repo, argument)
    except UnknownRevisionError as error:
        what = f"{name} is a folder, not a patch file" if path.is_dir() else f"There is no file {name!r}"
        raise UnknownRevisionError(f"{what}, and {error}") from error


def _looks_utf16(data: bytes) -> bool:
    """Whether every second byte of the beginning is zero: UTF-16 text without a byte order mark."""
    head = data[:64]
    return len(head) > 8 and (not any(head[1::2]) or not any(head[::2])) and any(head)


def _cleaned(data: bytes) -> tuple[str, tuple[str, ...]]:
    notes: list[str] = []
    if data.startswith(_BOM):
        data = data.removeprefix(_BOM)
        notes.append("A byte order mark was removed.")
    text = data.decode("utf-8", "surrogateescape")
    # Colours inside a diff whose own headers are plain belong to the changed files and stay.
    if "\x1b[" in text and not _HEADS.search(text):
        plain = _COLOUR.sub("", text)
        if _HEADS.search(plain):
            text = plain
            notes.append("Terminal colours were removed.")
    return text, tuple(notes)
