"""What is kept of one commit: its row of the dataset as far as it never changes, and what labels and metrics need of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from models.change.language import language
from models.change.trailers import without_trailers
from models.mine.code import is_code, shape
from models.mine.declared import named
from models.mine.history import Commit
from models.mine.log import Entry, Touched
from models.mine.messages import judge

LONGEST_DIFF, LONGEST_MESSAGE, MOST_FILES = 24_000, 2_000, 100

_COUNTS = [("lines_added", pa.int32()), ("lines_deleted", pa.int32())]
_FILE = pa.struct([("path", pa.string()), ("language", pa.string()), ("status", pa.string()), *_COUNTS])
ROW = [
    ("id", pa.string()), ("project", pa.string()), ("commit", pa.string()), ("author_date", pa.timestamp("ms", tz="UTC")),
    ("language", pa.string()), ("message", pa.string()), ("lines_added", pa.int32()), ("lines_deleted", pa.int32()),
    ("files_changed", pa.int32()), ("files", pa.list_(_FILE)), ("diff", pa.string()), ("diff_truncated", pa.bool_()),
]  # fmt: skip
"""The columns of the dataset that depend on the commit alone."""

_TOUCHED = pa.struct([("path", pa.string()), ("old_path", pa.string()), ("status", pa.string()), ("added", pa.int32()),
                      ("deleted", pa.int32()), ("lines_before", pa.int32())])  # fmt: skip
KEPT = [
    ("is_row", pa.bool_()), ("is_fix", pa.bool_()), ("is_performance", pa.bool_()), ("is_revert", pa.bool_()),
    ("is_formatting", pa.bool_()), ("names", pa.list_(pa.string())), ("touched", pa.list_(_TOUCHED)),
]  # fmt: skip
"""What labels and metrics need besides. ``is_row``: the commit changes a line of code, so it is a row of the dataset."""

SCHEMA = pa.schema([*ROW, *KEPT])

_ADDRESS = re.compile(r"<?\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+>?")
MOST_BYTES = 4 * LONGEST_DIFF + 1
"""Bytes of a patch that can matter: a character has four at most."""


def fact(project: str, commit: Commit, entry: Entry, lines_before: Sequence[int]) -> dict[str, Any]:
    """The record of one commit, with the columns of ``SCHEMA``."""
    said = judge(entry.message)
    diff, truncated = cut(entry.patch)
    spoken = _spoken(entry.files)
    is_row = bool(spoken and diff)
    return {
        "id": f"{project}@{commit.id}",
        "project": project,
        "commit": commit.id,
        "author_date": commit.written * 1000,
        "language": spoken,
        "message": clean_message(entry.message)[:LONGEST_MESSAGE] if is_row else "",
        "lines_added": sum(file.added or 0 for file in entry.files),
        "lines_deleted": sum(file.deleted or 0 for file in entry.files),
        "files_changed": len(entry.files),
        "files": [_file(file) for file in entry.files[:MOST_FILES]] if is_row else [],
        "diff": diff if is_row else "",
        "diff_truncated": truncated,
        "is_row": is_row,
        "is_fix": said.fix,
        "is_performance": said.performance,
        "is_revert": said.revert,
        "is_formatting": is_row and only_formats(diff),
        "names": list(named(entry.message)),
        "touched": [_touched(file, before) for file, before in zip(entry.files, lines_before, strict=True)],
    }


def cut(patch: bytes) -> tuple[str, bool]:
    """(the diff without its last line feed, whether it was cut): at most 24,000 characters, cut at a line end."""
    text = patch[:MOST_BYTES].decode("utf-8", "replace")
    if len(patch) < MOST_BYTES and len(text) <= LONGEST_DIFF:
        return text.removesuffix("\n"), False
    return text[:LONGEST_DIFF].rpartition("\n")[0], True


def clean_message(message: str) -> str:
    """``message`` without trailers ("Signed-off-by: …") and without addresses."""
    text = _ADDRESS.sub("<address>", without_trailers(message))
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def only_formats(diff: str) -> bool:
    """Whether nearly all blocks of changed lines say the same before and after, but for blanks, line breaks, quotes, commas.

    Such a commit (a formatter's run) is never a culprit, and blame looks through it. Fewer than five blocks say nothing: a
    semicolon that was missing is a fix. Judged on the diff as it was cut.
    """
    same = changed = 0
    for kind, lines in groupby(diff.split("\n"), key=_changes):
        if kind:
            block = list(lines)
            old, new = (shape([line[1:] for line in block if line[:1] == sign]) for sign in "-+")
            same += old == new and bool(old)
            changed += bool(old or new)
    return changed >= 5 and same >= 0.9 * changed


def _changes(line: str) -> bool:
    return line[:1] in {"-", "+"} and not line.startswith(("--- ", "+++ "))


def _spoken(files: Sequence[Touched]) -> str:
    """The programming language of most changed lines; "" when no line of code changes."""
    lines: Counter[str] = Counter()
    for file in files:
        if is_code(file.path):
            lines[language(file.path)] += (file.added or 0) + (file.deleted or 0)
    name, most = max(lines.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    return name if most else ""


def _file(file: Touched) -> dict[str, Any]:
    return {
        "path": _valid(file.path),
        "language": language(file.path),
        "status": file.status,
        "lines_added": file.added or 0,
        "lines_deleted": file.deleted or 0,
    }


def _touched(file: Touched, before: int) -> dict[str, Any]:
    return {
        "path": _valid(file.path),
        "old_path": _valid(file.old_path),
        "status": file.status,
        "added": file.added or 0,
        "deleted": file.deleted or 0,
        "lines_before": before,
    }


def _valid(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
