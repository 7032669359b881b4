"""A diff and what is painted on it as compact columns of JSON, for ``diff_view.js``.

Every text is data: nothing here is HTML, and the component builds its elements with ``textContent``. Lengths and
offsets are counted in UTF-16 units, as JavaScript counts them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from app.components.colours import CLASSES, Runs, colours
from app.components.heat import NO_HEAT, Heat
from app.components.marks import NO_MARKS, Marks
from explain.counterfactual.effects import whole_file
from models.change.rewrite import rewritable
from models.change.types import MESSAGE_FILE, METRICS_FILE, Diff, FileDiff, Hunk, Line, LineKind, Unit, clean

SHOWN_ROWS = 20_000
SHOWN_CHARACTERS = 2_000
_AROUND = 5
_SIGNS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}
_RANGE = re.compile(r"@@ [^@]{0,200}@@")


@dataclass(frozen=True, slots=True)
class Strip:
    """What an editor says of the version that it shows: scores in [0, 1], the same in words, and what went wrong last.

    ``turn`` is another one after every step, also one that changed nothing, so that the browser hears of it.
    """

    before: float
    now: float
    threshold: float
    flagged: bool
    words: str
    problem: str
    undo: bool
    redo: bool
    turn: int


@dataclass(frozen=True, slots=True)
class View:
    """What the component shows: a diff, values painted on it, edits marked in it.

    ``unread`` are the units that the model never saw. ``folded`` is the number of lines from which on a file starts
    folded. ``only_marked`` leaves out the hunks in which nothing is marked, and of others what is far from a mark.
    With a ``strip`` the diff can be edited.
    """

    diff: Diff
    heat: Heat = NO_HEAT
    unread: tuple[Unit, ...] = ()
    marks: Marks = NO_MARKS
    folded: int = 400
    only_marked: bool = False
    strip: Strip | None = None


def payload(view: View) -> dict[str, Any]:
    """The data of one mounted component; see ``_Rows`` for the columns."""
    unread = {_bare(unit): max(unit.start, 0) for unit in view.unread}
    builder = _Builder(view, unread)
    message = None if view.only_marked and not view.marks.in_file(MESSAGE_FILE) else builder.message()
    files = [builder.file(f, file) for f, file in enumerate(view.diff.files)]
    data = {
        "classes": CLASSES,
        "level": str(view.heat.level),
        "scale": view.heat.scale,
        "bars": view.heat.bar_scale,
        "painted": view.heat is not NO_HEAT,
        "meaning": asdict(view.heat.meaning),
        "marked": view.marks is not NO_MARKS,
        "folded": view.folded,
        "metrics": None if view.only_marked else _metrics(view),
        "message": message,
        "files": [file for file in files if file is not None],
        "cut": builder.cut,
        "unread": bool(view.unread),
        "strip": asdict(view.strip) if view.strip else None,
    }
    digest = hashlib.sha256(json.dumps(data, separators=(",", ":")).encode()).hexdigest()
    return {**data, "version": digest[:16]}


def _fits_a_field(text: str) -> bool:
    """Whether a line is not empty, is shown whole, and holds no carriage return but at its end: fields of browsers have none."""
    line = text.removesuffix("\r")
    return 0 < len(line) <= SHOWN_CHARACTERS and "\r" not in line


def _bare(unit: Unit) -> Unit:
    return Unit(unit.file, unit.hunk, unit.line)


def _metrics(view: View) -> dict[str, Any]:
    diff, count = view.diff, len(view.diff.files)
    value = view.heat.of(Unit(METRICS_FILE))
    return {"text": f"{diff.added} added, {diff.removed} removed, {count} file{'' if count == 1 else 's'}", "value": value}


def _utf16(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


class _Rows:
    """Columns, one item a row: signs, texts, segments, values, bars, first unread offset (-1: all read), marks; the
    words of a row that are replaced: (row, list of (start, end, text in place)); and in an editor the rows that can be reworded.

    A row's segments are a flat list of (length, class, value or null); [] means one plain segment.
    """

    def __init__(self) -> None:
        self.signs: list[str] = []
        self.texts: list[str] = []
        self.segments: list[list[float | int | None]] = []
        self.values: list[float | None] = []
        self.bars: list[float | None] = []
        self.unread: list[int] = []
        self.marks: list[int] = []
        self.words: list[tuple[int, list[tuple[int, int, str]]]] = []
        self.ends: list[int] = []
        self.rewordable: list[int] = []
        self.hunks: list[tuple[int, int, str]] = []

    def data(self) -> dict[str, Any]:
        columns: dict[str, Any] = {name: getattr(self, name) for name in ("texts", "segments", "values", "bars", "unread")}
        return {
            **columns,
            "signs": "".join(self.signs),
            "marks": self.marks,
            "words": self.words,
            "ends": self.ends,
            "rewordable": self.rewordable,
            "hunks": self.hunks,
        }


class _Builder:
    """Makes the parts of one payload and counts rows, so that a huge diff is cut and says so."""

    def __init__(self, view: View, unread: Mapping[Unit, int]) -> None:
        self.view = view
        self.unread = unread
        self.rewritable = dict(rewritable(view.diff)) if view.strip else {}
        self.left = SHOWN_ROWS
        self.cut = 0

    def message(self) -> dict[str, Any] | None:
        if not self.view.diff.message:
            return None
        rows = _Rows()
        for n, text in enumerate(clean(self.view.diff.message).split("\n")):
            self._row(rows, "m", text, Unit(MESSAGE_FILE, -1, n))
        return {"value": self.view.heat.of(Unit(MESSAGE_FILE)), **rows.data()}

    def file(self, f: int, file: FileDiff) -> dict[str, Any] | None:
        if self.view.only_marked and not self.view.marks.in_file(f):
            return None
        rows = _Rows()
        for h, (hunk, runs) in enumerate(zip(file.hunks, self._colours(file), strict=True)):
            if not self.view.only_marked or self.view.marks.in_hunk(f, h):
                self._hunk(rows, Unit(f, h), hunk, runs)
        return {**self._head(f, file), **rows.data()}

    def _colours(self, file: FileDiff) -> Sequence[tuple[Runs, ...]]:
        return colours(file) if self.left > 0 else [tuple(() for _ in hunk.lines) for hunk in file.hunks]

    def _head(self, f: int, file: FileDiff) -> dict[str, Any]:
        unit = Unit(f)
        path = clean(file.path)
        return {
            "path": path,
            "pathSegments": _segments(path, (), self.view.heat.spans(unit)),
            "from": clean(file.old_path) if file.old_path not in {file.path, "", "/dev/null"} else "",
            "status": str(file.status),
            "binary": file.binary,
            "added": file.added,
            "removed": file.removed,
            "value": self.view.heat.of(unit),
            "pathUnread": unit in self.unread,
            "dropped": unit in self.view.marks.units,
            "back": self.view.strip is not None and whole_file(self.view.diff, f) <= self.view.marks.units,
        }

    def _hunk(self, rows: _Rows, unit: Unit, hunk: Hunk, runs: tuple[Runs, ...]) -> None:
        found = _RANGE.match(clean(hunk.header))
        old, new, last = hunk.old_start, hunk.new_start, -1
        near = self._near(unit, hunk)
        for n, line in enumerate(hunk.lines):
            if self.left <= 0:
                self.cut += len(hunk.lines) - n
                return
            if n in near:
                if last < n - 1 or n == 0:
                    rows.hunks.append((old, new, (found[0] if found else "@@") if n == 0 else "…"))
                    self._row(rows, "@", clean(hunk.section) if last < 0 else "", unit)
                self._line(rows, Unit(unit.file, unit.hunk, n), line, runs[n])
                last = n
            old += line.kind is not LineKind.ADDED
            new += line.kind is not LineKind.REMOVED

    def _near(self, unit: Unit, hunk: Hunk) -> Container[int]:
        """The lines of a hunk that are drawn: all, or those around its marks."""
        lines, marks = range(len(hunk.lines)), self.view.marks
        if not self.view.only_marked or marks.covers(unit):
            return lines
        at = [n for n in lines if marks.covers(one := Unit(unit.file, unit.hunk, n)) or one in marks.words]
        return {n for mark in at for n in range(mark - _AROUND, mark + _AROUND + 1)}

    def _line(self, rows: _Rows, unit: Unit, line: Line, runs: Runs) -> None:
        if line.changed and self.view.marks.covers(unit):
            rows.marks.append(len(rows.texts))
        if line.no_newline:
            rows.ends.append(len(rows.texts))
        self._row(rows, _SIGNS[line.kind], clean(line.text), unit, runs)

    def _row(self, rows: _Rows, sign: str, text: str, unit: Unit, runs: Runs = ()) -> None:
        self.left -= 1
        shown = text[:SHOWN_CHARACTERS]
        rows.signs.append(sign)
        rows.texts.append(shown if len(shown) == len(text) else f"{shown} … {len(text) - len(shown)} more characters")
        if _fits_a_field(self.rewritable.get(unit, "")):
            rows.rewordable.append(len(rows.texts) - 1)
        words = [(a, b, put) for a, b, put in self.view.marks.words.get(unit, ()) if b <= len(shown)]
        if words:
            rows.words.append((len(rows.texts) - 1, [(_utf16(text[:a]), _utf16(text[:b]), put) for a, b, put in words]))
        rows.segments.append(_segments(shown, runs, self.view.heat.spans(unit), [n for a, b, _ in words for n in (a, b)]))
        rows.values.append(self.view.heat.of(unit))
        rows.bars.append(self.view.heat.bar(unit))
        start = self.unread.get(unit, -1)
        rows.unread.append(_utf16(text[:start]) if start > 0 else start)


def _segments(
    text: str, runs: Runs, spans: Iterable[tuple[int, int, float]], cuts: Iterable[int] = ()
) -> list[float | int | None]:
    """``text`` cut at every border of a colour or a value and at ``cuts``, as a flat list of (length, class, value)."""
    kinds = [kind for length, kind in runs for _ in range(length)][: len(text)]
    kinds += [0] * (len(text) - len(kinds))
    values: list[float | None] = [None] * len(text)
    for start, end, value in spans:
        values[start:end] = [value] * len(values[start:end])
    starts = {min(start, len(text)) for start, _, _ in spans} | {min(end, len(text)) for _, end, _ in spans}
    starts |= set(cuts)
    if not starts and not any(kinds):
        return []
    borders = {n for n in range(1, len(text)) if kinds[n] != kinds[n - 1]} | starts | {0, len(text)}
    flat: list[float | int | None] = []
    ordered = sorted(borders)
    for start, end in pairwise(ordered):
        flat += [_utf16(text[start:end]), kinds[start], values[start]]
    return flat
