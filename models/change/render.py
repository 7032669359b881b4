"""A ``Diff`` back to text; the inverse of ``models.change.parse.parse``."""

from __future__ import annotations

from models.change.types import Diff, FileDiff, Hunk


def render_hunk(hunk: Hunk) -> str:
    """The hunk with its header, every line ended by a line feed."""
    parts = [hunk.header, "\n"]
    for line in hunk.lines:
        parts += [line.marker, line.text, "\n"]
        if line.no_newline:
            parts += [line.no_newline, "\n"]
    return "".join(parts)


def render_file(file: FileDiff) -> str:
    """The file with what leads it, its header, hunks and trailer."""
    return "".join((file.lead, file.header, *map(render_hunk, file.hunks), file.trailer))


def render(diff: Diff) -> str:
    """The text of the diff; encode with ``surrogateescape`` to have the bytes it was read from."""
    text = "".join((diff.preamble, *map(render_file, diff.files), diff.epilogue))
    return text if diff.final_newline else text.removesuffix("\n")
