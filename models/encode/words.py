"""A diff as words that know their places: what a bag of words is filled with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from models.change.trailers import is_trailer
from models.change.types import MESSAGE_FILE, Diff, LineKind, Unit, clean
from models.encode.types import Side

WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[^\sA-Za-z_0-9]")
"""A name, or one character that is neither blank nor of a name nor a digit: what counts as a word."""
MARKS: Mapping[Side, str] = MappingProxyType({Side.ADDED: "+", Side.REMOVED: "-", Side.PATH: "p", Side.MESSAGE: "m"})
"""The first character of a feature: where the word stands."""
LONGEST = 60
"""Characters of a word that count; what is longer is data, not a name."""
LINE = 20_000
"""Characters of a line (or path) that are read; the rest of a longer one is unread."""
_SIDES = {LineKind.ADDED: Side.ADDED, LineKind.REMOVED: Side.REMOVED}


@dataclass(frozen=True, slots=True)
class Word:
    """One occurrence: ``feature`` is the word behind a mark for its side, ``unit`` its place, to the character."""

    feature: str
    unit: Unit
    side: Side


@dataclass(frozen=True, slots=True)
class Reading:
    """The features that occur in a diff, how many words were read of how many, and where reading stopped short."""

    features: frozenset[str]
    read: int
    total: int
    unread: tuple[Unit, ...]


def texts(diff: Diff) -> Iterator[tuple[Unit, Side, str]]:
    """The message without its trailers, the paths and the changed lines, in reading order, whole; context is none of it."""
    yield from ((unit, Side.MESSAGE, line) for unit, line in _message(diff) if not is_trailer(line))
    for f, file in enumerate(diff.files):
        yield Unit(f), Side.PATH, _clean(file.path)
        for h, hunk in enumerate(file.hunks):
            for n, one in enumerate(hunk.lines):
                if one.kind is not LineKind.CONTEXT:
                    yield Unit(f, h, n), _SIDES[one.kind], _clean(one.text)


def _message(diff: Diff) -> Iterator[tuple[Unit, str]]:
    for n, line in enumerate(_clean(diff.message).split("\n") if diff.message else ()):
        yield Unit(MESSAGE_FILE, -1, n), line


def words(diff: Diff) -> Iterator[Word]:
    """Every word that is read, in reading order; words of the message in lower case."""
    for unit, side, text in texts(diff):
        for match in WORD.finditer(text[:LINE]):
            place = Unit(unit.file, unit.hunk, unit.line, match.start(), match.end())
            yield Word(feature(side, match[0]), place, side)


def feature(side: Side, word: str) -> str:
    """What a word counts as where it stands on ``side``."""
    return MARKS[side] + (word.lower() if side is Side.MESSAGE else word)[:LONGEST]


def reading(diff: Diff) -> Reading:
    """What ``words`` comes to, without its places: faster, and in memory that grows with different words only."""
    found: set[str] = set()
    left_out = [(unit, line) for unit, line in _message(diff) if is_trailer(line)]
    read, rest, unread = 0, sum(_count(line) for _, line in left_out), [unit for unit, _ in left_out]
    for unit, side, text in texts(diff):
        known = WORD.findall(text[:LINE])
        read += len(known)
        found.update(feature(side, word) for word in set(known))
        if len(text) > LINE:
            rest += _count(text[LINE:])
            unread.append(Unit(unit.file, unit.hunk, unit.line, LINE, len(text)))
    return Reading(frozenset(found), read, read + rest, tuple(unread))


SIZES = ("lines added", "lines removed", "files")
"""What the numbers of ``sizes`` are of."""


def counts(diff: Diff) -> tuple[int, int, int]:
    """Lines added, lines removed and files of ``diff``."""
    return diff.added, diff.removed, len(diff.files)


def sizes(diff: Diff) -> tuple[float, float, float]:
    """log(1 + n) of ``counts``, in nats."""
    added, removed, files = counts(diff)
    return math.log1p(added), math.log1p(removed), math.log1p(files)


@lru_cache(maxsize=8)
def _count(text: str) -> int:
    """The words of a long text; edited versions of one diff share it."""
    return sum(1 for _ in WORD.finditer(text))


def _clean(text: str) -> str:
    return text if text.isascii() else clean(text)
