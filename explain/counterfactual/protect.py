"""What no edit may touch: patterns of the user, as units of a diff."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from models.change.types import MESSAGE_FILE, Diff, FileDiff, Unit, clean
from models.errors import UsageError

_MESSAGE = "message"
_LINES = re.compile(r"(?P<path>.+):(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?")


def protected_units(diff: Diff, patterns: Iterable[str]) -> frozenset[Unit]:
    """The lines (and files as a whole) that ``patterns`` name.

    ``message`` is the commit message; ``PATH`` a file with its name and mode; ``PATH:LINE`` and ``PATH:FIRST-LAST`` its
    changed lines of these numbers, an added line by its new and a removed one by its old number. In a path ``*``, ``?`` and
    ``[…]`` match as in a shell, over slashes too. Raises UsageError for a pattern that names nothing in ``diff``.
    """
    found: set[Unit] = set()
    for pattern in patterns:
        units = set(_named(diff, pattern))
        if not units:
            raise UsageError(
                f"Expected something of this change to protect, but {pattern!r} names none of it; write message, PATH, PATH:LINE "
                "or PATH:FIRST-LAST with a path as in the diff and the numbers of changed lines."
            )
        found |= units
    return frozenset(found)


def _named(diff: Diff, pattern: str) -> Iterator[Unit]:
    if pattern == _MESSAGE:
        yield from (Unit(MESSAGE_FILE, -1, n) for n, _ in enumerate(diff.message.split("\n") if diff.message else ()))
    lines = _LINES.fullmatch(pattern)
    for f, file in enumerate(diff.files):
        if _matches(file, pattern):
            yield Unit(f)
            yield from (unit for unit, _ in _changed(file, f))
        elif lines and _matches(file, lines["path"]):
            first, last = int(lines["first"]), int(lines["last"] or lines["first"])
            yield from (unit for unit, number in _changed(file, f) if first <= number <= last)


def _matches(file: FileDiff, pattern: str) -> bool:
    return any(fnmatchcase(clean(path), pattern) for path in (file.path, file.old_path))


def _changed(file: FileDiff, f: int) -> Iterator[tuple[Unit, int]]:
    """Every changed line with its number on its own side."""
    for h, hunk in enumerate(file.hunks):
        for n, (old, new, line) in enumerate(hunk.numbered()):
            number = old if new is None else new
            if line.changed and number is not None:
                yield Unit(f, h, n), number
