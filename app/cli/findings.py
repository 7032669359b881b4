"""What a review tool is told of an explanation: findings, each at lines of the new side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from app.cli.explanation import TOP, Explanation
from app.hidden import visible
from models.change.types import Diff, FileDiff, FileStatus, Hunk, Level, Unit, clean

RULE = "whydiff/attribution"


@dataclass(frozen=True, slots=True)
class Finding:
    """What pushes towards flagged by ``value`` logits, in lines ``start`` to ``end`` of ``path`` as it is after the change.

    ``text`` is the line, the hunk's header or the path, not yet safe to print. ``mark`` knows the finding again: it is made
    of the path and of the changed text, not of line numbers or of other lines (but for a count of lines that are the same).
    """

    unit: Unit
    path: str
    start: int
    end: int
    text: str
    mark: str
    value: float = 0.0

    @property
    def message(self) -> str:
        """The finding in one line that is safe to print."""
        where = f"Lines {self.start} to {self.end} push" if self.unit.line >= 0 and self.end > self.start else "Pushes"
        return f"{where} the model towards flagged by {self.value:+.3f} logits: {visible(self.text.strip(), 200)}"


def findings(explanation: Explanation) -> list[Finding]:
    """The lines, hunks or files (by the explanation's level; tokens count as their lines) that push the most, at most ``TOP``.

    A finding stands in the new side and pushes towards flagged.
    """
    level = Level.LINE if explanation.level is Level.TOKEN else explanation.level
    values = {one.unit: one.value for one in explanation.attribution.at(level)}
    found = [replace(one, value=values[one.unit]) for one in _standing(explanation.diff, level) if values.get(one.unit, 0.0) > 0]
    return _strongest(found)[:TOP]


def joined(found: Iterable[Finding]) -> list[Finding]:
    """``found`` with lines that follow one another as one finding: their values add up, and the strongest is quoted."""
    runs: list[list[Finding]] = []
    for one in sorted(found, key=lambda one: (one.unit.file, one.start)):
        last = runs[-1][-1] if runs and one.unit.line >= 0 else None
        if last is not None and (last.unit.file, last.end + 1) == (one.unit.file, one.start):
            runs[-1].append(one)
        else:
            runs.append([one])
    return _strongest(map(_whole, runs))


def _whole(run: list[Finding]) -> Finding:
    return replace(_strongest(run)[0], start=run[0].start, end=run[-1].end, value=sum(one.value for one in run))


def _strongest(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: -one.value)


def _standing(diff: Diff, level: Level) -> Iterator[Finding]:
    """Every line, hunk or file that stands in the new side, in reading order, without a value."""
    seen: Counter[str] = Counter()
    for f, file in enumerate(diff.files):
        if file.status is FileStatus.DELETED:
            continue
        for unit, start, end, text, content in _parts(f, file, level):
            mark = hashlib.sha256("\0".join((level, clean(file.path), content)).encode()).hexdigest()[:32]
            seen[mark] += 1
            yield Finding(unit, clean(file.path), max(1, start), max(1, end), clean(text), f"{mark}:{seen[mark]}")


_Part = tuple[Unit, int, int, str, str]
"""Unit, first and last line, the text to quote, the content to be known again by."""


def _parts(f: int, file: FileDiff, level: Level) -> Iterator[_Part]:
    if level is Level.FILE:
        new = [number for hunk in file.hunks for number in _new(hunk)]
        yield Unit(f), min(new, default=1), max(new, default=1), file.path, ""
        return
    for h, hunk in enumerate(file.hunks):
        if level is Level.LINE:
            yield from _lines(f, h, hunk)
        elif new := _new(hunk):
            changed = "\n".join(f"{line.kind} {clean(line.text).strip()}" for line in hunk.lines if line.changed)
            yield Unit(f, h), min(new), max(new), hunk.header, changed


def _lines(f: int, h: int, hunk: Hunk) -> Iterator[_Part]:
    for n, (_, new, line) in enumerate(hunk.numbered()):
        if new is not None:
            yield Unit(f, h, n), new, new, line.text, f"{line.kind} {clean(line.text).strip()}"


def _new(hunk: Hunk) -> list[int]:
    """The line numbers of a hunk's new side."""
    return [new for _, new, _ in hunk.numbered() if new is not None]
