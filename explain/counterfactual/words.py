"""The words of a change that may be deleted or renamed, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from models.change.keywords import KEYWORDS
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


MOST_NAMES = 120
"""Names of a change for which others are looked for, in reading order."""


def replaceable(diff: Diff) -> list[Unit]:
    """The names of added lines that are no keywords of common languages, the first ``MOST_NAMES`` of them."""
    named = (
        Unit(line.file, line.hunk, line.line, *match.span())
        for line, text in rewritable(diff)
        if line.file != MESSAGE_FILE
        for match in _own(text)
    )
    return list(islice(named, MOST_NAMES))


def neighbours(diff: Diff) -> Mapping[Unit, tuple[str, ...]]:
    """For each of ``replaceable`` the nearest other name of its sort before it and the nearest after it, in the whole diff.

    Names that a bracket follows are of one sort (they are called), all others of the other.
    """
    standing = [
        (Unit(line.file, line.hunk, line.line, *match.span()), match[0], text[match.end() : match.end() + 1] == "(")
        for line, text in ((unit, clean(line.text)) for unit, line in diff.lines())
        for match in _own(text)
    ]
    wanted = set(replaceable(diff))
    found: dict[Unit, tuple[str, ...]] = {}
    for n, (unit, name, called) in enumerate(standing):
        if unit in wanted:
            sides = (reversed(standing[:n]), standing[n + 1 :])
            others = (next((other for _, other, sort in side if sort is called and other != name), None) for side in sides)
            found[unit] = tuple(dict.fromkeys(other for other in others if other))
    return found


def _own(text: str) -> Iterator[re.Match[str]]:
    """Names of more than one character that are no keywords."""
    for match in _WORD.finditer(text):
        if len(match[0]) > 1 and not match[0][0].isdecimal() and match[0].lower() not in KEYWORDS:
            yield match


def _names(text: str) -> Iterator[str]:
    return (word for word in _WORD.findall(text) if not word[0].isdecimal())


def neutral(diff: Diff, names: Iterable[str]) -> Iterator[str]:
    """For each of ``names`` one that says nothing, in its style; all different, and none that stands in ``diff``."""
    taken = {word for _, line in diff.lines() for word in _WORD.findall(clean(line.text))}
    number = 0
    for name in names:
        plain = "NAME" if name.isupper() else "Name" if name[:1].isupper() else "name"
        number += 1
        while f"{plain}{number}" in taken:
            number += 1
        yield f"{plain}{number}"
