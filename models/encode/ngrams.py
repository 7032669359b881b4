"""What the linear part of a diff transformer counts: which tokens, pairs of neighbours and beginnings of paths occur, by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.encode.segments import SIDES, Ints, Marks
from models.encode.types import Side

_COUNTED = tuple(SIDES.index(side) for side in (Side.MESSAGE, Side.PATH, Side.ADDED, Side.REMOVED, Side.METRICS))
_PATH, _METRICS = SIDES.index(Side.PATH), SIDES.index(Side.METRICS)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2 to the power of 64 over the golden ratio: multiplicative hashing (Knuth, The Art of Computer Programming, 6.4)."""
_BASE = np.uint64(1_000_003)
"""What a path's hash is multiplied by before the next token is added."""


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The features of one row of ids, each of shape (length,), -1 where a place has none. Numbers are below ``feature_count``.

    ``single``: each token with its side, for content and sizes (context, masks and structure have none). ``pair``: a token
    with the one before it on the same line. ``path``: the path up to and with the token, so that folders and files are
    features of their own.
    """

    single: Ints
    pair: Ints
    path: Ints


def feature_count(vocabulary: int, bits: int) -> int:
    """How many features there are for a vocabulary and 2 ** ``bits`` buckets, for pairs and for paths each."""
    return len(SIDES) * vocabulary + (2 << bits)


def ngrams(ids: Ints, sides: Ints, marks: Marks, vocabulary: int, bits: int) -> Ngrams:
    """The features of a row; pairs and paths are hashed to 2 ** ``bits`` buckets each.

    ``ids`` and ``sides``: shape (length,), as of ``lay_out``.
    """
    counted = np.isin(sides, _COUNTED) & ~np.isin(ids, marks.structure)
    single = np.where(counted, sides * vocabulary + ids, -1)
    before = np.concatenate([[0], ids[:-1]])
    paired = counted & np.concatenate([[False], counted[:-1]]) & (sides != _METRICS)
    first = len(SIDES) * vocabulary
    pair = np.where(paired, first + _bucket((before * vocabulary + ids) * len(SIDES) + sides, bits), -1)
    path = np.where(counted & (sides == _PATH), first + (1 << bits) + _bucket(_beginnings(ids, sides, marks), bits), -1)
    return Ngrams(single, pair, path)


def _bucket(values: NDArray[np.generic], bits: int) -> Ints:
    return ((values.astype(np.uint64) * _MULTIPLIER) >> np.uint64(64 - bits)).astype(np.int64)


def _beginnings(ids: Ints, sides: Ints, marks: Marks) -> NDArray[np.uint64]:
    """For every token of a path a hash of the path up to it."""
    out = np.zeros(len(ids), dtype=np.uint64)
    at = np.flatnonzero(sides == _PATH)
    at = at[ids[at] != marks.file]
    depth = at - np.maximum.accumulate(np.where(ids == marks.file, np.arange(len(ids)), 0))[at]
    mixed = (ids.astype(np.uint64) + np.uint64(1)) * _MULTIPLIER
    for step in range(1, int(depth.max(initial=0)) + 1):
        here = at[depth == step]
        out[here] = out[here - 1] * _BASE + mixed[here]
    return out


def present(row: Ngrams) -> Ints:
    """The distinct features of a row, ascending: a bag counts each once."""
    features = np.concatenate([row.single, row.pair, row.path])
    return np.unique(features[features >= 0])


def shares(row: Ngrams, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each token adds: shape (length,); the sum is that of ``weights`` over ``present(row)``, to rounding.

    A feature's weight is shared evenly by the places where it occurs, a pair's by its two tokens; a path's
    beginning stands at its last token.
    """
    values = np.zeros(len(row.single), dtype=np.float64)
    for features, places in ((row.single, (0,)), (row.pair, (0, -1)), (row.path, (0,))):
        at = np.flatnonzero(features >= 0)
        _, inverse, counts = np.unique(features[at], return_inverse=True, return_counts=True)
        each = weights[features[at]].astype(np.float64) / counts[inverse] / len(places)
        for shift in places:
            np.add.at(values, at + shift, each)
    return values.astype(np.float32)
