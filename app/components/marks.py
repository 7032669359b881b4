"""Edits looked up by place: which rows a counterfactual takes back, and which words it replaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.change.types import Level, Unit


@dataclass(frozen=True, slots=True)
class Marks:
    """The units that are taken back: lines, hunks or files; and ``words``: by line, (start, end, text in place) in order."""

    units: frozenset[Unit]
    words: Mapping[Unit, tuple[tuple[int, int, str], ...]] = field(default_factory=dict)

    def covers(self, unit: Unit) -> bool:
        """Whether the line at ``unit`` is taken back, itself or with its hunk or file."""
        return not self.units.isdisjoint((unit, Unit(unit.file, unit.hunk), Unit(unit.file)))

    def in_file(self, file: int) -> bool:
        """Whether anything of the file (or of the message, file -1) is edited."""
        return any(unit.file == file for unit in (*self.units, *self.words))

    def in_hunk(self, file: int, hunk: int) -> bool:
        """Whether anything of the hunk is edited."""
        return any(unit.file == file and unit.hunk in {-1, hunk} for unit in (*self.units, *self.words))


NO_MARKS = Marks(frozenset())


def marks_of(units: Iterable[Unit], words: Iterable[tuple[Unit, str]] = ()) -> Marks:
    """The marks of edits that take back ``units`` and put text in place of ``words`` (token units)."""
    lines: dict[Unit, list[tuple[int, int, str]]] = {}
    for unit, text in sorted(words):
        lines.setdefault(unit.at(Level.LINE), []).append((unit.start, unit.end, text))
    return Marks(frozenset(units), {line: tuple(some) for line, some in lines.items()})
