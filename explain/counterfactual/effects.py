"""What edits come to: which units are taken back, and what stands in place of which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.change.edit import revert, says_more_than_lines
from models.change.rewrite import rewrite
from models.change.types import Diff, FileDiff, FileStatus, Level, Unit

_LEAVES = (FileStatus.DELETED, FileStatus.RENAMED)
_TAKES = (FileStatus.ADDED, FileStatus.RENAMED, FileStatus.COPIED)


@dataclass(frozen=True, slots=True)
class Effect:
    """Two sets of edits with the same effect give the same diff.

    ``reverted``: changed lines that are taken back, and files where more than their lines is. ``words``: (token unit, text
    in its place), of lines that stay.
    """

    reverted: frozenset[Unit] = frozenset()
    words: frozenset[tuple[Unit, str]] = frozenset()

    @property
    def lines(self) -> frozenset[Unit]:
        """Every line and file that is touched."""
        return self.reverted | {unit.at(Level.LINE) for unit, _ in self.words}

    def covers(self, other: Effect) -> bool:
        """Whether this does all that ``other`` does, or takes back the lines where it does it."""
        rest = other.words - self.words
        return other.reverted <= self.reverted and all(unit.at(Level.LINE) in self.reverted for unit, _ in rest)

    def size(self, diff: Diff) -> tuple[int, int]:
        """(lines and files touched, characters touched): by this counterfactuals are compared, the smallest first."""
        touched = sum(len(diff.line(unit).text) for unit in self.reverted if unit.level is Level.LINE)
        return len(self.lines), touched + sum(max(unit.end - unit.start, len(text)) for unit, text in self.words)


def together(effects: Iterable[Effect]) -> Effect | None:
    """The effect of all of them; words of a line that is taken back do not matter. None where two contradict each other."""
    parts = tuple(effects)
    reverted = frozenset().union(*(one.reverted for one in parts))
    words = frozenset(
        (unit, text) for one in parts for unit, text in one.words if not {unit.at(Level.LINE), unit.at(Level.FILE)} & reverted
    )
    places = sorted(unit for unit, _ in words)
    if any(one.at(Level.LINE) == other.at(Level.LINE) and one.end > other.start for one, other in pairwise(places)):
        return None
    return Effect(reverted, words)


def realise(diff: Diff, effect: Effect) -> Diff:
    """``diff`` with ``effect``; ``diff`` itself is left as it is."""
    if not effect.words:
        return revert(diff, effect.reverted)
    return revert(rewrite(diff, dict(effect.words)), effect.reverted)


def whole_file(diff: Diff, number: int) -> frozenset[Unit]:
    """What leaving a file out takes back: its changed lines; and itself, where its header says more or it has no lines."""
    file: FileDiff = diff.files[number]
    lines = frozenset(unit for h in range(len(file.hunks)) for unit in changed_lines(diff, Unit(number, h)))
    return lines if lines and not says_more_than_lines(file) else lines | {Unit(number)}


def changed_lines(diff: Diff, hunk: Unit) -> Sequence[Unit]:
    """The changed lines of a hunk, in order."""
    lines = diff.files[hunk.file].hunks[hunk.hunk].lines
    return [Unit(hunk.file, hunk.hunk, n) for n, line in enumerate(lines) if line.changed]


def closing(diff: Diff) -> Callable[[frozenset[Unit]], frozenset[Unit]]:
    """Gives what has to be taken back with some lines and files, these included.

    Where one file takes the place that another leaves (``f`` is renamed or deleted, and made anew), the other cannot be
    kept and the one be made all the same: taken back together, the change still applies.
    """
    takers = {file.path: f for f, file in enumerate(diff.files) if file.status in _TAKES}
    left = {f: takers[file.old_path] for f, file in enumerate(diff.files) if file.status in _LEAVES and file.old_path in takers}

    def closed(units: frozenset[Unit]) -> frozenset[Unit]:
        for f, taker in left.items() if left else ():
            kept = Unit(f) in units or (diff.files[f].status is FileStatus.DELETED and any(unit.file == f for unit in units))
            wanted = whole_file(diff, taker) if kept and taker != f else frozenset()
            if not wanted <= units:
                return closed(units | wanted)
        return units

    return closed
