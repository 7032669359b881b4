"""Edits looked up by place: which rows a counterfactual takes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.change.types import Unit


@dataclass(frozen=True, slots=True)
class Marks:
    """The units that are taken back: lines, hunks or files."""

    units: frozenset[Unit]

    def covers(self, unit: Unit) -> bool:
        """Whether the line at ``unit`` is taken back, itself or with its hunk or file."""
        return not self.units.isdisjoint((unit, Unit(unit.file, unit.hunk), Unit(unit.file)))

    def in_file(self, file: int) -> bool:
        """Whether anything of the file is taken back."""
        return any(unit.file == file for unit in self.units)

    def in_hunk(self, file: int, hunk: int) -> bool:
        """Whether anything of the hunk is taken back."""
        return any(unit.file == file and unit.hunk in {-1, hunk} for unit in self.units)


NO_MARKS = Marks(frozenset())


def marks_of(units: Iterable[Unit]) -> Marks:
    """The marks of the edits at ``units``."""
    return Marks(frozenset(units))
