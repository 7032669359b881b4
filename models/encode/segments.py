"""A long row of token ids as the segments that a diff transformer reads one by one: the message, then runs of hunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.encode.types import Side
from models.encode.vocabulary import CLS, HUNK, MARKERS, MASK, PAD, SEP, special_tokens, token_id

Ints = NDArray[np.int64]

SIDES = (Side.SPECIAL, Side.MESSAGE, Side.PATH, Side.ADDED, Side.REMOVED, Side.CONTEXT, Side.METRICS)
"""What a side's number stands for, where tensors need numbers."""
METRICS = SIDES.index(Side.METRICS)
ORDINALS = 4
"""Files, and hunks of a file, are told apart up to this many; later ones count as the last."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The ids that give a row its structure. ``sides`` maps the marker of a line, path or section to its side's number.

    ``structure`` holds all ids that are never masked: with any content masked, a row keeps its layout.
    """

    pad: int
    cls: int
    sep: int
    mask: int
    file: int
    hunk: int
    sides: Mapping[int, int]
    structure: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where every token of a row stands. ``sides``, ``files``, ``hunks``: one number a token, shape (length,), int64.

    ``segments`` are indexes into the row, each of at most the length asked for. The first is the message (with [CLS]
    alone when there is none); the others are runs of hunks, each begun by [CLS] and the path of its file. Size tokens are in
    no segment; ``metrics`` are their places. Nor is what a message has beyond its segment. Every other token except [SEP]
    is in one segment or, for [CLS] and paths, in several.
    """

    sides: Ints
    files: Ints
    hunks: Ints
    metrics: Ints
    segments: tuple[Ints, ...]


_Run = tuple[int, int]
"""The first place and the one after the last."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What stays in one segment where it fits: the lines of a hunk, with the path of its file."""

    path: _Run
    runs: list[_Run]


def marks_of(tokenizer: Tokenizer) -> Marks:
    """The marks of a vocabulary of ``train_tokenizer``; raises ModelError where one is missing."""
    ids = {name: token_id(tokenizer, name) for name in (PAD, CLS, SEP, MASK, HUNK)}
    sides = {token_id(tokenizer, token): SIDES.index(side) for side, token in MARKERS.items()}
    sides[ids[HUNK]] = SIDES.index(Side.CONTEXT)
    structure = tuple(sorted({ids[PAD], ids[CLS], ids[SEP], ids[MASK], *sides}))
    return Marks(ids[PAD], ids[CLS], ids[SEP], ids[MASK], token_id(tokenizer, MARKERS[Side.PATH]), ids[HUNK], sides, structure)


def first_content_id() -> int:
    """The first id that is no special token: structure and sizes come before it."""
    return len(special_tokens())


def lay_out(ids: Ints, marks: Marks, length: int) -> Layout:
    """The layout of a row of ids (shape (tokens,), [CLS] first) in segments of at most ``length`` tokens.

    A function of the structure alone: rows that differ in content only have the same layout.
    """
    code = np.full(len(ids), -1, dtype=np.int64)
    for mark, side in marks.sides.items():
        code[ids == mark] = side
    code[(ids == marks.cls) | (ids == marks.sep)] = 0
    starts = np.flatnonzero(code >= 0)
    first = next((int(i) for i in starts if i), len(ids))
    code[1:first] = METRICS
    last = np.maximum.accumulate(np.where(code >= 0, np.arange(len(ids)), 0))
    is_file, is_hunk = ids == marks.file, ids == marks.hunk
    files, hunks = np.cumsum(is_file), np.cumsum(is_hunk)
    hunks -= np.maximum.accumulate(np.where(is_file, hunks, 0))
    runs = np.append(starts[starts >= first], len(ids)).tolist()
    parts = _parts(ids, list(pairwise(runs)), marks)
    segments = tuple(np.concatenate([np.arange(start, end) for start, end in runs]) for runs in _segments(parts, length))
    return Layout(code[last], np.minimum(files, ORDINALS - 1), np.minimum(hunks, ORDINALS - 1), np.arange(1, first), segments)


def spread(layout: Layout, most: int) -> Layout:
    """``layout`` with the message and at most ``most`` of the other segments, evenly over the change, the first and the
    last among them."""
    rest = len(layout.segments) - 1
    if rest <= most:
        return layout
    chosen = np.unique(np.linspace(1, rest, most).round().astype(int))
    return replace(layout, segments=(layout.segments[0], *(layout.segments[i] for i in chosen)))


def _parts(ids: Ints, runs: list[_Run], marks: Marks) -> list[_Part]:
    """The message first, then one part a hunk; a file without hunks is a part of its path alone."""
    parts = [_Part((0, 1), [])]
    path = (0, 1)
    for run in runs:
        mark = int(ids[run[0]])
        if mark == marks.file:
            path = run
            parts.append(_Part(path, []))
        elif mark == marks.hunk and parts[-1].runs:
            parts.append(_Part(path, [run]))
        elif mark != marks.sep:
            parts[-1].runs.append(run)
    return parts


def _segments(parts: list[_Part], length: int) -> Iterator[list[_Run]]:
    """Runs of token places: the message alone, then whole parts while they fit; what is too long is cut between lines."""
    cls = (0, 1)
    yield [cls, *_head(parts[0].runs, length - 1)]
    segment, path = [cls], cls
    for part in parts[1:]:
        head = [part.path] if part.path != path else []
        if len(segment) > 1 and _size([*segment, *head, *part.runs]) > length:
            yield segment
            segment, head = [cls], [part.path]
        segment += head
        path = part.path
        for run in _pieces(part.runs, length - _size([cls, path])):
            if _size(segment) + _size([run]) > length:
                yield segment
                segment = [cls, path]
            segment.append(run)
    if len(segment) > 1:
        yield segment


def _size(runs: list[_Run]) -> int:
    return sum(end - start for start, end in runs)


def _head(runs: list[_Run], most: int) -> Iterator[_Run]:
    """The first ``most`` tokens of ``runs``."""
    for start, end in runs:
        if most > 0:
            yield start, min(end, start + most)
        most -= end - start


def _pieces(runs: list[_Run], most: int) -> Iterator[_Run]:
    """``runs``, each in pieces of at most ``most`` tokens."""
    for start, end in runs:
        yield from ((at, min(at + most, end)) for at in range(start, end, most))
