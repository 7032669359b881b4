"""The rows of an explained diff, before they take a form: every line with its value, what was not read folded up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.cli.explanation import Explanation
from app.cli.places import MARKERS
from models.change.types import FileDiff, Hunk, LineKind, Unit, clean

ORANGE, PURPLE = "#d9730d", "#8250df"
"""Pushes towards flagged, pushes away: neither red nor green, which the diff itself has."""
BLOCKS = " ▏▎▍▌▋▊▉█"
BAR = 4
MOST_UNREAD = 20
"""Files of which nothing was read that are named one by one."""


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


def rows(explanation: Explanation) -> Iterator[Row]:
    """Every file with its hunks and lines; what was not read is one row a hunk or file, and a count after some files."""
    read = {unit.file for unit in explanation.lines}
    if not explanation.prediction.unread:
        read = set(range(len(explanation.diff.files)))
    unread = [f for f in range(len(explanation.diff.files)) if f not in read]
    hidden = frozenset(unread[MOST_UNREAD:])
    for f, file in enumerate(explanation.diff.files):
        if f not in hidden:
            yield _file_row(file, explanation.lines.get(Unit(f)), f in read)
        if f in read:
            for h, hunk in enumerate(file.hunks):
                yield from _hunk_rows(explanation, Unit(f, h), hunk)
    if hidden:
        yield Row(f"… and {len(hidden):,} more files, none of them read", unread=True, is_file=True)


def _file_row(file: FileDiff, value: float | None, read: bool) -> Row:
    name = file.path if file.old_path == file.path else f"{file.old_path} → {file.path}"
    status = f"{file.status}, binary" if file.binary else str(file.status)
    rest = "" if read else f"  … {sum(len(hunk.lines) for hunk in file.hunks):,} lines, none of them read"
    return Row(f"{clean(name)} ({status}){rest}", value=value, unread=not read, is_file=True)


def _hunk_rows(explanation: Explanation, unit: Unit, hunk: Hunk) -> Iterator[Row]:
    units = [Unit(unit.file, unit.hunk, n) for n in range(len(hunk.lines))]
    header = clean(hunk.header)
    if explanation.prediction.unread and not any(one in explanation.lines for one in units):
        yield Row(f"{header}  … {len(units):,} lines, none of them read", unread=True)
        return
    yield Row(header, value=explanation.lines.get(unit))
    for one, (old, new, line) in zip(units, hunk.numbered(), strict=True):
        value = explanation.lines.get(one)
        yield Row(clean(line.text), line.kind, value, old, new, one in explanation.unread)


def bar(value: float | None, largest: float) -> str:
    """The size of a value in eighths of a block, ``BAR`` blocks wide."""
    eighths = round(8 * BAR * min(1.0, abs(value or 0.0) / largest))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(BAR)
