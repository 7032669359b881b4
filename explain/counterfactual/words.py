"""The words of a change that may be deleted or renamed, with their places."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from models.change.rewrite import rewritable
from models.change.types import MESSAGE_FILE, Diff, LineKind, Unit, clean

_WORD = re.compile(r"[^\W\d]\w*|\d[\w.]*")
"""A name, or a number with what belongs to it."""
_SAID = re.compile(r"\S+")
"""A word of a message."""
_SHORT = 3
"""Names of fewer characters are mostly loop variables and keywords: not worth a name of their own."""


def removable(diff: Diff) -> Iterator[Unit]:
    """Every word of the message and every name and number of the added lines, with a blank beside it, in reading order."""
    for line, text in rewritable(diff):
        pattern = _SAID if line.file == MESSAGE_FILE else _WORD
        for match in pattern.finditer(text):
            start, end = match.span()
            # Of two blanks one goes, or the words beside would stand further apart than before.
            if start and text[start - 1] == " " and text[end : end + 1] in {"", " "}:
                start -= 1
            yield Unit(line.file, line.hunk, line.line, start, end)


def own_names(diff: Diff) -> Mapping[str, tuple[Unit, ...]]:
    """The names that stand in added lines only, each with all its places, in order of appearance.

    A name that context or removed lines have too is not the change's own: renamed in the added lines alone it would mean
    something else.
    """
    known = {name for _, line in diff.lines() if line.kind is not LineKind.ADDED for name in _names(clean(line.text))}
    places: dict[str, list[Unit]] = {}
    for line, text in rewritable(diff):
        if line.file == MESSAGE_FILE:
            continue
        for match in _WORD.finditer(text):
            if len(match[0]) >= _SHORT and not match[0][0].isdecimal() and match[0] not in known:
                places.setdefault(match[0], []).append(Unit(line.file, line.hunk, line.line, *match.span()))
    return {name: tuple(units) for name, units in places.items()}


def _names(text: str) -> Iterator[str]:
    return (word for word in _WORD.findall(text) if not word[0].isdecimal())


def neutral(names: Collection[str]) -> Iterator[str]:
    """For each of ``names`` one that says nothing, in its style; all different, and none of them among ``names``."""
    number = 0
    for name in names:
        plain = "NAME" if name.isupper() else "Name" if name[:1].isupper() else "name"
        number += 1
        while f"{plain}{number}" in names:
            number += 1
        yield f"{plain}{number}"
