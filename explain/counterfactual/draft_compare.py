"""Two versions of a draft side by side: which lines differ, and the change that leads from the one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from explain.counterfactual.draft import Draft, Version
from models.change.rewrite import rewrite, spliced
from models.change.types import MESSAGE_FILE, Diff, FileDiff, FileStatus, Hunk, Level, Line, LineKind, Unit

MESSAGE_PATH = "the commit message"
_CONTEXT = 3
_MARKERS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two versions of a draft differ.

    ``units``: the lines of the original (and of its message) that the two versions do not leave alike, and files of which
    one alone leaves the rename, the mode or the binary content. ``diff``: the change from the files as ``first`` leaves them
    to those as ``second`` leaves them, with the message as one more file; for people, it is no patch of the repository.
    """

    first: Version
    second: Version
    units: tuple[Unit, ...]
    diff: Diff


def compare(draft: Draft, first: int, second: int) -> Comparison:
    """The versions of these numbers, compared. Raises UsageError for a number that there is not."""
    pair = draft.version(first), draft.version(second)
    sides = _Side(draft.original, pair[0]), _Side(draft.original, pair[1])
    units = pair[0].effect.reverted ^ pair[1].effect.reverted
    units |= {unit.at(Level.LINE) for unit, _ in pair[0].effect.words ^ pair[1].effect.words}
    files = [_message(sides), *(_file(draft.original, f, sides) for f in range(len(draft.original.files)))]
    return Comparison(*pair, tuple(sorted(units)), Diff(tuple(file for file in files if file.hunks)))


class _Side:
    """What one version leaves, line by line of the original."""

    def __init__(self, original: Diff, version: Version) -> None:
        self.message = _message_lines(original.message, version)
        self._back = version.effect.reverted
        self._said = rewrite(original, dict(version.effect.words))

    def text(self, unit: Unit, line: Line) -> str | None:
        """The line in the file that the version leaves, None where it does not stand there."""
        if line.kind is LineKind.CONTEXT:
            return line.text
        stands = (line.kind is LineKind.REMOVED) == (unit in self._back)
        return self._said.line(unit).text if stands else None


_Sides = tuple[_Side, _Side]


def _file(original: Diff, f: int, sides: _Sides) -> FileDiff:
    file = original.files[f]
    shift = [0, 0]
    hunks: list[Hunk] = []
    for h, hunk in enumerate(file.hunks):
        units = [(Unit(f, h, n), line) for n, line in enumerate(hunk.lines)]
        texts = [(sides[0].text(unit, line), sides[1].text(unit, line)) for unit, line in units]
        old = len(hunk.lines) - hunk.added
        start = hunk.old_start + (old == 0)  # a side without lines is numbered by the line before it
        hunks += _hunks(list(_rows(texts)), (start + shift[0], start + shift[1]), hunk.section)
        for n in (0, 1):
            shift[n] += sum(pair[n] is not None for pair in texts) - old
    return _named(file.path, hunks)


def _rows(texts: Sequence[tuple[str | None, str | None]]) -> Iterator[Line]:
    """The lines of both sides as one hunk; of a run that differs, the first side's come first."""
    for same, group in groupby(texts, key=lambda pair: pair[0] == pair[1]):
        run = list(group)
        if same:
            yield from (_line(LineKind.CONTEXT, text) for text, _ in run if text is not None)
            continue
        yield from (_line(LineKind.REMOVED, text) for text, _ in run if text is not None)
        yield from (_line(LineKind.ADDED, text) for _, text in run if text is not None)


def _line(kind: LineKind, text: str) -> Line:
    return Line(kind, text, _MARKERS[kind])


def _hunks(rows: Sequence[Line], starts: tuple[int, int], section: str) -> Iterator[Hunk]:
    """The parts of ``rows`` near what differs, the rows of which begin at ``starts`` in the two files."""
    changed = [n for n, line in enumerate(rows) if line.changed]
    near = {n for at in changed for n in range(at - _CONTEXT, at + _CONTEXT + 1)}
    old, new = starts
    for wanted, group in groupby(enumerate(rows), key=lambda one: one[0] in near):
        lines = tuple(line for _, line in group)
        olds, news = (sum(line.kind is not kind for line in lines) for kind in (LineKind.ADDED, LineKind.REMOVED))
        if wanted:
            first, second = old - (olds == 0), new - (news == 0)
            yield Hunk(f"@@ -{first},{olds} +{second},{news} @@ {section}".rstrip(), first, second, section, lines)
        old, new = old + olds, new + news


def _message_lines(message: str, version: Version) -> list[str | None]:
    """The lines of the original message as the version has them; None for those at the ends that it leaves out as blank."""
    words: dict[int, dict[Unit, str]] = {}
    for unit, text in version.effect.words:
        if unit.file == MESSAGE_FILE:
            words.setdefault(unit.line, {})[unit] = text
    lines = [spliced(line, words.get(n, {})) for n, line in enumerate(message.split("\n"))]
    if not words:
        return [*lines] if message else []
    said = [n for n, line in enumerate(lines) if line.strip()]
    if not said:
        return [None] * len(lines)
    lines[said[0]] = lines[said[0]].lstrip()
    lines[said[-1]] = lines[said[-1]].rstrip()
    return [line if said[0] <= n <= said[-1] else None for n, line in enumerate(lines)]


def _message(sides: _Sides) -> FileDiff:
    pairs = list(zip(sides[0].message, sides[1].message, strict=True))
    return _named(MESSAGE_PATH, list(_hunks(list(_rows(pairs)), (1, 1), "")))


def _named(path: str, hunks: Sequence[Hunk]) -> FileDiff:
    return FileDiff(path, path, FileStatus.MODIFIED, f"--- a/{path}\n+++ b/{path}\n", tuple(hunks))


def touches(comparison: Comparison) -> tuple[int, int]:
    """How many lines (of files and message) differ, and of how many files only one version leaves more than the lines."""
    files = sum(unit.level is Level.FILE for unit in comparison.units)
    return len(comparison.units) - files, files
