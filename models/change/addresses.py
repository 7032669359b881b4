"""Units of a diff as people find them: path and line number."""

from __future__ import annotations

from models.change.types import MESSAGE_FILE, METRICS_FILE, Diff, Unit, clean

Numbers = tuple[int | None, int | None]


class Addresses:
    """Where the units of one diff are."""

    def __init__(self, diff: Diff, names: tuple[str, ...] = ()) -> None:
        """``names``: what each number taken of the change as a whole is."""
        self.diff = diff
        self._names = names
        self._numbers: dict[tuple[int, int], list[Numbers]] = {}

    def numbers(self, unit: Unit) -> Numbers:
        """(old, new) line number; for a hunk where it starts; None on a side where the unit does not stand."""
        if unit.file < 0 or unit.hunk < 0:
            return None, None
        hunk = self.diff.files[unit.file].hunks[unit.hunk]
        if unit.line < 0:
            return hunk.old_start, hunk.new_start
        key = unit.file, unit.hunk
        if key not in self._numbers:
            self._numbers[key] = [(old, new) for old, new, _ in hunk.numbered()]
        return self._numbers[key][unit.line]

    def path(self, unit: Unit) -> str | None:
        """The path of the unit's file, None for the message and the size."""
        return clean(self.diff.files[unit.file].path) if unit.file >= 0 else None

    def label(self, unit: Unit) -> str:
        """The place in words, such as "src/a.py:12" or "message"; not yet safe to print."""
        if unit.file < 0:
            named = unit.file == METRICS_FILE and 0 <= unit.line < len(self._names)
            return "message" if unit.file == MESSAGE_FILE else "the whole change" if named else "size of the change"
        old, new = self.numbers(unit)
        path = self.path(unit) or ""
        if new is None and old is None:
            return path
        return f"{path}:{new}" if new is not None else f"{path}:{old} (old)"
