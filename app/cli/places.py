"""Units of a diff in words and in the JSON of the contract."""

from __future__ import annotations

from typing import Any

from models.change.addresses import Addresses
from models.change.render import render_file, render_hunk
from models.change.types import MESSAGE_FILE, METRICS_FILE, Diff, Level, LineKind, Unit, clean

MARKERS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}
MOST = 10_000
"""Characters of one text in JSON; a remark at the end says how many more there are."""


def shortened(text: str) -> str:
    """``text``, or its first ``MOST`` characters and how many follow."""
    return text if len(text) <= MOST else f"{text[:MOST]} … {len(text) - MOST:,} more characters"


class Places(Addresses):
    """Where the units of one diff are, in file names and line numbers, and what stands there."""

    def __init__(self, diff: Diff, names: tuple[str, ...] = ()) -> None:
        """``names``: what each number taken of the change as a whole is (``Attribution.names``)."""
        super().__init__(diff, names)
        self._message = clean(diff.message).split("\n")

    def kind(self, unit: Unit) -> str:
        """added, removed or context for a line; else what the unit is: message, metrics, path, hunk or file."""
        if unit.file < 0:
            return "message" if unit.file == MESSAGE_FILE else "metrics"
        if unit.line >= 0:
            return self.diff.line(unit).kind.value
        return unit.level.value if unit.level is not Level.TOKEN else ("path" if unit.hunk < 0 else "section")

    def text(self, unit: Unit) -> str:
        """The text of the unit, as the model got it: bytes that were no UTF-8 replaced."""
        whole = self._whole(unit)
        return whole[unit.start : unit.end] if unit.start >= 0 else whole

    def excerpt(self, unit: Unit) -> str:
        """The text of the unit, cut for JSON: a model reads the beginning of a line of megabytes, if any of it."""
        return shortened(self.text(unit))

    def _whole(self, unit: Unit) -> str:
        if unit.file == METRICS_FILE and 0 <= unit.line < len(self._names):
            return self._names[unit.line]
        if unit.file == METRICS_FILE:
            return f"{len(self.diff.files)} files, {self.diff.added} lines added, {self.diff.removed} deleted"
        if unit.file == MESSAGE_FILE:
            return self._message[unit.line] if 0 <= unit.line < len(self._message) else clean(self.diff.message)
        if unit.line >= 0:
            return clean(self.diff.line(unit).text)
        file = self.diff.files[unit.file]
        if unit.hunk < 0:
            return clean(file.path)
        hunk = file.hunks[unit.hunk]
        return clean(hunk.section if unit.start >= 0 else hunk.header)

    def payload(self, unit: Unit) -> dict[str, Any]:
        """The address of the contract; tokens have their character span besides."""
        old, new = self.numbers(unit)
        data: dict[str, Any] = {
            "level": unit.level.value,
            "file": unit.file if unit.file >= 0 else None,
            "path": self.path(unit),
            "hunk": unit.hunk if unit.hunk >= 0 else None,
            "line": unit.line if unit.line >= 0 else None,
            "kind": self.kind(unit),
            "old_line": old,
            "new_line": new,
        }
        return data | ({"start": unit.start, "end": unit.end} if unit.start >= 0 else {})

    def source(self, unit: Unit) -> str:
        """What stands in the patch at a unit, cut for JSON; the words of a token unit."""
        if unit.start >= 0:
            return shortened(self.text(unit))
        file = self.diff.files[unit.file]
        if unit.line >= 0:
            line = self.diff.line(unit)
            return MARKERS[line.kind] + shortened(clean(line.text))
        return shortened(clean(render_hunk(file.hunks[unit.hunk]) if unit.hunk >= 0 else render_file(file)))
