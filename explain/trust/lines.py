"""Which lines of a change rank, and which of them are known to be at fault: the truth's lines found again in the parsed diff.

The truth names a file and a text, not a place. So what ranks are the different texts that a change adds to a file:
copies of one text in one file are one line with several places, for whoever ranks and for the truth alike. Blanks at the ends
and how many stand between words do not tell texts apart (nor does a carriage return). Blank lines do not rank; removed lines,
context, paths and the message do not either, nor do files that are no code, as in the literature on just-in-time prediction.
Comments and tests do rank; since they cannot be what breaks a program, they are marked, for rankings that put them last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.change.types import Diff, LineKind, Unit, clean
from models.data.faulty import FaultyRow
from models.mine.code import is_code, may_hold_defects, silent_lines

ADDED = "added"


@dataclass(frozen=True, slots=True)
class RankedLine:
    """A line that ranks: its text without blanks at the ends, its places (copies in the same file), whether it is at fault.

    ``code``: at one of its places, at least, it is more than a comment, and its file is no test, example or documentation.
    """

    text: str
    units: tuple[Unit, ...]
    faulty: bool
    code: bool


@dataclass(frozen=True, slots=True)
class LineCase:
    """One bad change. Of the lines that the truth names, ``named`` are different added ones, ``missing`` were not found again.

    ``unranked`` counts those that are not added lines, and so cannot rank. ``cut``: the dataset holds the beginning of the
    diff only, so that lines may be missing for that reason.
    """

    id: str
    project: str
    diff: Diff
    lines: tuple[RankedLine, ...]
    named: int
    missing: int
    unranked: int
    cut: bool

    @property
    def faulty(self) -> int:
        """How many of the lines are at fault; without one no figure of the change is defined."""
        return sum(line.faulty for line in self.lines)


def line_case(row: FaultyRow) -> LineCase | None:
    """The change of a row with its lines, in reading order; None where the diff cannot be read.

    A path of the truth is the one after the change, or, where no file has that, the one before (of a renamed file).
    """
    if row.diff is None:
        return None
    places: dict[tuple[int, str], list[Unit]] = {}
    for unit, text in added_lines(row.diff):
        places.setdefault((unit.file, text), []).append(unit)
    named = {(one.path, same(one.text)) for one in row.named if one.change == ADDED}
    found = {key: set(_keys(row.diff, *key)) & places.keys() for key in named}
    at_fault = frozenset().union(*found.values())
    code = frozenset(_code(row.diff))
    lines = tuple(RankedLine(key[1], tuple(units), key in at_fault, not code.isdisjoint(units)) for key, units in places.items())
    missing = sum(not keys for keys in found.values())
    unranked = sum(one.change != ADDED for one in row.named)
    return LineCase(row.id, row.project, row.diff, lines, len(named), missing, unranked, row.cut)


def _keys(diff: Diff, path: str, text: str) -> Iterator[tuple[int, str]]:
    after = [n for n, file in enumerate(diff.files) if clean(file.path) == path]
    before = [n for n, file in enumerate(diff.files) if clean(file.old_path) == path]
    yield from ((n, text) for n in after or before)


def added_lines(diff: Diff) -> Iterator[tuple[Unit, str]]:
    """Every added line of a code file that is not blank, with its text as it is compared, in reading order."""
    code = [is_code(file.path) for file in diff.files]
    for unit, line in diff.lines():
        if line.kind is LineKind.ADDED and code[unit.file] and (text := same(clean(line.text))):
            yield unit, text


def _code(diff: Diff) -> Iterator[Unit]:
    """The added lines that can be what breaks a program."""
    for f, file in enumerate(diff.files):
        if not may_hold_defects(file.path):
            continue
        for h, hunk in enumerate(file.hunks):
            after = [n for n, line in enumerate(hunk.lines) if line.kind is not LineKind.REMOVED]
            silent = silent_lines(file.path, [clean(hunk.lines[n].text) for n in after])
            yield from (Unit(f, h, n) for place, n in enumerate(after) if place not in silent and hunk.lines[n].changed)


def same(text: str) -> str:
    """``text`` as it is compared: words parted by one blank."""
    return " ".join(text.split())
