"""Syntax colours of hunks: character runs with a small class id, made on the server by pygments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType
from pygments.util import ClassNotFound

from models.change.types import FileDiff, Hunk, LineKind, clean

CLASSES = ("", "keyword", "string", "comment", "number", "name")
_KINDS = ((Comment, 3), (Keyword, 1), (String, 2), (Number, 4), (Name.Function, 5), (Name.Class, 5), (Name.Decorator, 5))
_LONGEST_LINE = 1000
_MOST_LINES = 4000

Runs = tuple[tuple[int, int], ...]
"""(length in characters, index into ``CLASSES``) one after the other."""


def colours(file: FileDiff) -> tuple[tuple[Runs, ...], ...]:
    """For every hunk and line of ``file`` its runs; () for a line without colours.

    The old side gives removed lines their colours, the new side all others. Very long files and lines stay plain,
    because lexers are slow and a hostile line can make them slower.
    """
    lexer = _lexer(file.path.rsplit("/", 1)[-1])
    if lexer is None or sum(len(hunk.lines) for hunk in file.hunks) > _MOST_LINES:
        return tuple(tuple(() for _ in hunk.lines) for hunk in file.hunks)
    return tuple(_hunk(lexer, hunk) for hunk in file.hunks)


@lru_cache(maxsize=256)
def _lexer(name: str) -> Lexer | None:
    try:
        found: Lexer = get_lexer_for_filename(clean(name), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return found


def _hunk(lexer: Lexer, hunk: Hunk) -> tuple[Runs, ...]:
    texts = [clean(line.text) for line in hunk.lines]
    new = iter(_side(lexer, [t for t, line in zip(texts, hunk.lines, strict=True) if line.kind is not LineKind.REMOVED]))
    old = iter(_side(lexer, [t for t, line in zip(texts, hunk.lines, strict=True) if line.kind is not LineKind.ADDED]))
    return tuple(_of_kind(line.kind, old, new) for line in hunk.lines)


def _of_kind(kind: LineKind, old: Iterable[Runs], new: Iterable[Runs]) -> Runs:
    before = next(iter(old)) if kind is not LineKind.ADDED else ()
    after = next(iter(new)) if kind is not LineKind.REMOVED else ()
    return before if kind is LineKind.REMOVED else after


def _side(lexer: Lexer, texts: Sequence[str]) -> list[Runs]:
    """The runs of every line of one side, lexed as one text."""
    lines: list[list[tuple[int, int]]] = [[]]
    for kind, value in lexer.get_tokens("\n".join(map(_lexable, texts))):
        first, *rest = value.split("\n")
        lines[-1].append((len(first), _class(kind)))
        for part in rest:
            lines.append([(len(part), _class(kind))])
    if len(lines) < len(texts):
        return [()] * len(texts)
    return [_fitting(tuple(run for run in runs if run[0]), text) for runs, text in zip(lines, texts, strict=False)]


def _lexable(text: str) -> str:
    """``text`` with the same length, without what lexers drop or take for a line end."""
    return "" if len(text) > _LONGEST_LINE else text.replace("\r", " ").replace("\ufeff", " ")


def _fitting(runs: Runs, text: str) -> Runs:
    """``runs``, or nothing where the lexer changed the length of the line or saw nothing in it."""
    return runs if sum(length for length, _ in runs) == len(text) and any(kind for _, kind in runs) else ()


def _class(kind: _TokenType) -> int:
    return next((number for parent, number in _KINDS if kind in parent), 0)
