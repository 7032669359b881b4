"""What the linear part of a diff transformer counts: tokens, runs of two and three, names, beginnings of paths, by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.encode.segments import SIDES, Ints, Marks
from models.encode.spelling import Spelling
from models.encode.types import Side

_COUNTED = tuple(SIDES.index(side) for side in (Side.MESSAGE, Side.PATH, Side.ADDED, Side.REMOVED, Side.METRICS))
_MESSAGE, _PATH, _METRICS = (SIDES.index(side) for side in (Side.MESSAGE, Side.PATH, Side.METRICS))
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2 to the power of 64 over the golden ratio: multiplicative hashing (Knuth, The Art of Computer Programming, 6.4)."""
_BASE = np.uint64(1_000_003)
"""What a path's hash is multiplied by before the next token is added."""
_HASHED = 4
"""Kinds of features that are hashed: pairs, triples, names, paths."""

Hashes = NDArray[np.uint64]
Item = TypeVar("Item", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The features of one row of ids, each of shape (length,), -1 where a place has none. Numbers are below ``feature_count``.

    ``single``: each token with its side, for content and sizes (context, masks and structure have none). ``pair``, ``triple``:
    a token with the one or two before it on the same line. ``word``: a name of letters, digits and underscores, at its last
    token, however the vocabulary cuts it (in lower case in the message); ``begin`` says where it begins. ``path``: the path up
    to and with the token, so that folders and files are features of their own.
    """

    single: Ints
    pair: Ints
    triple: Ints
    word: Ints
    begin: Ints
    path: Ints

    def families(self) -> Iterator[tuple[Ints, Ints]]:
        """(features, first place of each) of every kind, both of shape (length,); a feature's last place is where it stands."""
        here = np.arange(len(self.single))
        yield from (
            (self.single, here),
            (self.pair, here - 1),
            (self.triple, here - 2),
            (self.word, self.begin),
            (self.path, here),
        )


def feature_count(vocabulary: int, bits: int) -> int:
    """How many features there are for a vocabulary and 2 ** ``bits`` buckets for every kind that is hashed."""
    return len(SIDES) * vocabulary + (_HASHED << bits)


def ngrams(ids: Ints, sides: Ints, marks: Marks, spelling: Spelling, bits: int) -> Ngrams:
    """The features of a row; all but single tokens are hashed, each kind to its own 2 ** ``bits`` buckets.

    ``ids`` and ``sides``: shape (length,), as of ``lay_out``.
    """
    vocabulary = len(spelling.word)
    counted = np.isin(sides, _COUNTED) & ~np.isin(ids, marks.structure)

    def hashed(kind: int, where: NDArray[np.bool_], values: NDArray[np.generic]) -> Ints:
        bucket = ((values.astype(np.uint64) * _MULTIPLIER) >> np.uint64(64 - bits)).astype(np.int64)
        return np.where(where, len(SIDES) * vocabulary + (kind << bits) + bucket, -1)

    before, earlier = _shifted(ids, 1), _shifted(ids, 2)
    paired = counted & _shifted(counted, 1) & (sides != _METRICS)
    tripled = paired & _shifted(paired, 1)
    last, begin, names = _names(ids, sides, counted, spelling)
    return Ngrams(
        single=np.where(counted, sides * vocabulary + ids, -1),
        pair=hashed(0, paired, (before * vocabulary + ids) * len(SIDES) + sides),
        triple=hashed(1, tripled, ((earlier * vocabulary + before) * vocabulary + ids) * len(SIDES) + sides),
        word=hashed(2, last, names * np.uint64(len(SIDES)) + sides.astype(np.uint64)),
        begin=begin,
        path=hashed(3, counted & (sides == _PATH), _beginnings(ids, sides, marks)),
    )


def _shifted(values: NDArray[Item], places: int) -> NDArray[Item]:
    """``values`` moved to the right, zeros before them."""
    return np.concatenate([np.zeros(places, dtype=values.dtype), values])[: len(values)]


def _names(ids: Ints, sides: Ints, counted: NDArray[np.bool_], spelling: Spelling) -> tuple[NDArray[np.bool_], Ints, Hashes]:
    """(whether a name ends here, where it begins, the hash of its characters up to here), each of shape (length,)."""
    word = counted & spelling.word[ids]
    joins = word & spelling.joins[ids] & _shifted(word, 1)
    begin = np.maximum.accumulate(np.where(word & ~joins, np.arange(len(ids)), 0))
    spelt = np.where(sides == _MESSAGE, spelling.lower[ids], spelling.exact[ids])
    hashes = _composed(np.flatnonzero(word), begin, spelt, spelling.power[ids])
    return word & ~np.append(joins[1:], False), begin, hashes


def _beginnings(ids: Ints, sides: Ints, marks: Marks) -> Hashes:
    """For every token of a path a hash of the path up to it."""
    at = np.flatnonzero((sides == _PATH) & (ids != marks.file))
    begin = 1 + np.maximum.accumulate(np.where(ids == marks.file, np.arange(len(ids)), 0))
    return _composed(at, begin, (ids.astype(np.uint64) + np.uint64(1)) * _MULTIPLIER, np.full(len(ids), _BASE))


def _composed(at: Ints, begin: Ints, values: Hashes, powers: Hashes) -> Hashes:
    """At the places ``at`` a hash of the values from ``begin`` on: hash(before) * power + value; 0 elsewhere. Shape (length,)."""
    out = np.zeros(len(values), dtype=np.uint64)
    depth = at - begin[at]
    for step in range(int(depth.max(initial=-1)) + 1):
        here = at[depth == step]
        out[here] = (out[here - 1] * powers[here] if step else np.uint64(0)) + values[here]
    return out


def present(row: Ngrams) -> Ints:
    """The distinct features of a row, ascending: a bag counts each once."""
    features = np.concatenate([features for features, _ in row.families()])
    return np.unique(features[features >= 0])


def shares(row: Ngrams, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each token adds: shape (length,); the sum is that of ``weights`` over ``present(row)``, to rounding.

    A feature's weight is shared evenly by the places where it occurs, and there by its tokens; a path's beginning stands
    at its last token.
    """
    values = np.zeros(len(row.single), dtype=np.float64)
    for features, first in row.families():
        at = np.flatnonzero(features >= 0)
        _, inverse, counts = np.unique(features[at], return_inverse=True, return_counts=True)
        lengths = at - first[at] + 1
        each = weights[features[at]].astype(np.float64) / counts[inverse] / lengths
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        np.add.at(values, np.repeat(first[at], lengths) + offsets, np.repeat(each, lengths))
    return values.astype(np.float32)
