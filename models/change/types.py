"""The change itself: immutable files, hunks and lines that render back to the text they were read from.

Every class keeps the text it was read from verbatim (headers, markers, line ends), so that
``render(parse(text)) == text`` byte for byte; editing (``models.change.edit``) recomputes what an edit makes stale.
Text that is not UTF-8 is held with ``surrogateescape``; ``clean`` gives what may be shown or tokenised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum, auto

NO_NEWLINE = "\\ No newline at end of file"


class LineKind(StrEnum):
    """What a line of a hunk is; the value is the word used in every output."""

    ADDED = "added"
    REMOVED = "removed"
    CONTEXT = "context"


class FileStatus(StrEnum):
    """What happened to a file."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"
    COPIED = "copied"


class Level(StrEnum):
    """The granularity of a ``Unit``."""

    FILE = auto()
    HUNK = auto()
    LINE = auto()
    TOKEN = auto()


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """Where a thing is in a diff: the one coordinate system of attribution, edits, pages and exports.

    ``file``, ``hunk`` and ``line`` are indexes into ``Diff.files``, ``FileDiff.hunks`` and ``Hunk.lines``.
    ``file`` is -1 for the commit message, whose ``line`` is then the index of the message's line, and -2 for
    inputs that are no text of the diff (its size). ``hunk`` and ``line`` are -1 where the unit is coarser.
    ``start`` and ``end`` are character offsets within what ``clean`` makes of the line's text (of the path for a file
    unit, of the section for a hunk unit, of the message's line): there, several bytes that are no UTF-8 may be one character.
    """

    file: int
    hunk: int = -1
    line: int = -1
    start: int = -1
    end: int = -1

    @property
    def level(self) -> Level:
        """The granularity, derived from which parts of the address are set."""
        if self.start >= 0:
            return Level.TOKEN
        if self.line >= 0:
            return Level.LINE
        return Level.HUNK if self.hunk >= 0 else Level.FILE

    def at(self, level: Level) -> Unit:
        """This unit, coarsened to ``level`` (a unit that is already coarser is returned unchanged)."""
        if level is Level.TOKEN:
            return self
        if level is Level.LINE:
            return Unit(self.file, self.hunk, self.line)
        return Unit(self.file, self.hunk) if level is Level.HUNK else Unit(self.file)


MESSAGE_FILE = -1
METRICS_FILE = -2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk.

    ``text`` has neither marker nor line end (a carriage return before the line feed is part of ``text``).
    ``marker`` is the character as read: an empty context line whose blank was stripped has marker "".
    ``no_newline`` holds the text of the "no newline at end of file" remark that follows the line, or "".
    """

    kind: LineKind
    text: str
    marker: str = ""
    no_newline: str = ""

    @property
    def changed(self) -> bool:
        """Whether the line is added or removed."""
        return self.kind is not LineKind.CONTEXT


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of lines of one file; ``header`` is the "@@" line as read, without its line feed."""

    header: str
    old_start: int
    new_start: int
    section: str
    lines: tuple[Line, ...]

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(line.kind is LineKind.ADDED for line in self.lines)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(line.kind is LineKind.REMOVED for line in self.lines)

    def numbered(self) -> Iterator[tuple[int | None, int | None, Line]]:
        """Yield (old line number, new line number, line); a side on which the line does not stand is None."""
        old, new = self.old_start, self.new_start
        for line in self.lines:
            in_old, in_new = line.kind is not LineKind.ADDED, line.kind is not LineKind.REMOVED
            yield (old if in_old else None), (new if in_new else None), line
            old, new = old + in_old, new + in_new


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a change does to one file.

    ``lead`` is text before this file that belongs to no file (the header of the next mail), ``header`` the
    lines from "diff --git" to "+++" with their line feeds, ``trailer`` what follows the hunks (a binary payload).
    ``path`` and ``old_path`` are unquoted, without the "a/" and "b/" prefixes.
    """

    path: str
    old_path: str
    status: FileStatus
    header: str
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False
    lead: str = ""
    trailer: str = ""

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(hunk.added for hunk in self.hunks)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(hunk.removed for hunk in self.hunks)


@dataclass(frozen=True, slots=True)
class Diff:
    """One change. ``preamble`` is the text before the first file, ``message`` the commit message found in it
    (or given apart, for a row of a dataset), ``epilogue`` the text after the last file."""

    files: tuple[FileDiff, ...]
    preamble: str = ""
    epilogue: str = ""
    message: str = ""
    final_newline: bool = True
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def added(self) -> int:
        """Number of added lines."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Number of removed lines."""
        return sum(file.removed for file in self.files)

    @property
    def id(self) -> str:
        """The first 16 hexadecimal digits of SHA-256 over the rendered bytes and the message."""
        from models.change.render import render

        body = render(self).encode("utf-8", "surrogateescape")
        message = self.message.encode("utf-8", "surrogateescape")
        return hashlib.sha256(body + b"\0" + message).hexdigest()[:16]

    def lines(self) -> Iterator[tuple[Unit, Line]]:
        """Yield every line of every hunk with its unit, in order."""
        for f, file in enumerate(self.files):
            for h, hunk in enumerate(file.hunks):
                for n, line in enumerate(hunk.lines):
                    yield Unit(f, h, n), line

    def line(self, unit: Unit) -> Line:
        """The line at ``unit`` (a line or token unit inside a file)."""
        return self.files[unit.file].hunks[unit.hunk].lines[unit.line]


def clean(text: str) -> str:
    """``text`` as valid Unicode: bytes that were not UTF-8 become the replacement character."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
