"""A diff as the ordered pieces of text that a model may read: the message, paths, hunk sections and lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.change.trailers import is_trailer
from models.change.types import MESSAGE_FILE, Diff, Hunk, LineKind, Unit, clean
from models.encode.types import Side

_SIDES = {LineKind.ADDED: Side.ADDED, LineKind.REMOVED: Side.REMOVED, LineKind.CONTEXT: Side.CONTEXT}


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of text with its place. ``near`` is false for what is never read: context too far from any change, trailers."""

    unit: Unit
    side: Side
    text: str
    near: bool = True


def pieces(diff: Diff, context: int) -> Iterator[Piece]:
    """Yield the pieces of ``diff`` in reading order; context lines within ``context`` of a change are near."""
    for n, line in enumerate(clean(diff.message).split("\n") if diff.message else ()):
        if line.strip():
            yield Piece(Unit(MESSAGE_FILE, -1, n), Side.MESSAGE, line, not is_trailer(line))
    for f, file in enumerate(diff.files):
        yield Piece(Unit(f), Side.PATH, clean(file.path))
        for h, hunk in enumerate(file.hunks):
            yield Piece(Unit(f, h), Side.CONTEXT, clean(hunk.section))
            near = _near(hunk, context)
            for m, one in enumerate(hunk.lines):
                yield Piece(Unit(f, h, m), _SIDES[one.kind], clean(one.text), near[m])


def _near(hunk: Hunk, context: int) -> list[bool]:
    near = [line.changed for line in hunk.lines]
    for n, line in enumerate(hunk.lines):
        if line.changed:
            for m in range(max(0, n - context), min(len(near), n + context + 1)):
                near[m] = True
    return near
