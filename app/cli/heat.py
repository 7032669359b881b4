"""The rows of an explained diff, before they take a form: every line with its value, what was not read folded up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.cli.places import MARKERS
from models.change.types import Diff, FileDiff, Hunk, LineKind, Unit, clean

ORANGE, PURPLE = "#d9730d", "#8250df"
"""Pushes towards flagged, pushes away: neither red nor green, which the diff itself has."""
BLOCKS = " ▏▎▍▌▋▊▉█"
BAR = 4
MOST_UNREAD = 20
"""Files of which nothing was read that are named one by one."""


class Heated(Protocol):
    """A change whose lines have values: an explanation, or two compared."""

    @property
    def diff(self) -> Diff:
        """The change."""

    @property
    def lines(self) -> Mapping[Unit, float]:
        """Value by line unit (and by coarser unit for what is no line)."""

    @property
    def unread(self) -> frozenset[Unit]:
        """Lines (and coarser units) that no model saw, or not to their end."""

    @property
    def largest(self) -> float:
        """The largest absolute value of a line, above 0."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the explained diff; ``kind`` None is a heading (file, hunk, or a remark on what was not read)."""

    text: str
    kind: LineKind | None = None
    value: float | None = None
    old: int | None = None
    new: int | None = None
    unread: bool = False
    is_file: bool = False

    @property
    def marker(self) -> str:
        """The sign of a patch."""
        return MARKERS[self.kind] if self.kind else ""

    @property
    def number(self) -> str:
        """The value with three digits, empty where there is none."""
        if self.value is None:
            return "unread" if self.unread else ""
        return f"{self.value:+.3f}" if abs(self.value) >= 0.0005 else "0"


def rows(heated: Heated) -> Iterator[Row]:
    """Every file with its hunks and lines; what was not read is one row a hunk or file, and a count after some files."""
    read = {unit.file for unit in heated.lines}
    if not heated.unread:
        read = set(range(len(heated.diff.files)))
    unread = [f for f in range(len(heated.diff.files)) if f not in read]
    hidden = frozenset(unread[MOST_UNREAD:])
    for f, file in enumerate(heated.diff.files):
        if f not in hidden:
            yield _file_row(file, heated.lines.get(Unit(f)), f in read)
        if f in read:
            for h, hunk in enumerate(file.hunks):
                yield from _hunk_rows(heated, Unit(f, h), hunk)
    if hidden:
        yield Row(f"… and {len(hidden):,} more files, none of them read", unread=True, is_file=True)


def _file_row(file: FileDiff, value: float | None, read: bool) -> Row:
    name = file.path if file.old_path == file.path else f"{file.old_path} → {file.path}"
    status = f"{file.status}, binary" if file.binary else str(file.status)
    rest = "" if read else f"  … {sum(len(hunk.lines) for hunk in file.hunks):,} lines, none of them read"
    return Row(f"{clean(name)} ({status}){rest}", value=value, unread=not read, is_file=True)


def _hunk_rows(heated: Heated, unit: Unit, hunk: Hunk) -> Iterator[Row]:
    units = [Unit(unit.file, unit.hunk, n) for n in range(len(hunk.lines))]
    header = clean(hunk.header)
    if heated.unread and not any(one in heated.lines for one in units):
        yield Row(f"{header}  … {len(units):,} lines, none of them read", unread=True)
        return
    yield Row(header, value=heated.lines.get(unit))
    for one, (old, new, line) in zip(units, hunk.numbered(), strict=True):
        value = heated.lines.get(one)
        yield Row(clean(line.text), line.kind, value, old, new, one in heated.unread)


def bar(value: float | None, largest: float) -> str:
    """The size of a value in eighths of a block, ``BAR`` blocks wide."""
    eighths = round(8 * BAR * min(1.0, abs(value or 0.0) / largest))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(BAR)
