"""Rows in batches: of a bounded number of tokens, and even in length and in label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_CHUNK = 2048
"""Rows that are sorted by length together."""


def even_batches(order: Ints, lengths: Ints, labels: Ints, cut: Callable[[Ints, Ints], list[Ints]]) -> list[Ints]:
    """Batches of the rows ``order``, chunk by chunk; ``cut(rows, lengths)`` says where one ends."""
    found: list[Ints] = []
    for chunk in np.array_split(order, max(1, len(order) // _CHUNK)):
        found += cut(stratified(chunk, lengths, labels), lengths)
    return found


def by_length(order: Ints, lengths: Ints, budget: int) -> list[Ints]:
    """Cut ``order`` into runs of at most about ``budget`` tokens."""
    ends = np.cumsum(lengths[order]) // budget
    return np.split(order, np.flatnonzero(np.diff(ends)) + 1)


def stratified(chunk: Ints, lengths: Ints, labels: Ints) -> Ints:
    """The rows ordered by their rank of length within their class, so that batches are even in length and in label.

    Plain sorting gives batches of short, mostly harmless changes and of long, mostly risky ones: the loss then
    drives the bias up and down instead of teaching anything.
    """
    rank = np.zeros(len(chunk))
    for label in np.unique(labels[chunk]):
        mine = np.flatnonzero(labels[chunk] == label)
        by_size = mine[np.argsort(lengths[chunk[mine]], kind="stable")]
        rank[by_size] = (np.arange(len(mine)) + 0.5) / len(mine)
    return chunk[np.argsort(rank, kind="stable")]


def by_padded_length(order: Ints, lengths: Ints, budget: int) -> list[Ints]:
    """Cut ``order`` into runs whose padded size, longest row times rows, is at most ``budget``."""
    batches, start, longest = [], 0, 0
    for end, row in enumerate(order):
        longest = max(longest, int(lengths[row]))
        if end > start and longest * (end + 1 - start) > budget:
            batches.append(order[start:end])
            start, longest = end, int(lengths[row])
    return [*batches, order[start:]]
