"""Rows of ids as a diff transformer learns from them: the message and a few of the segments, drawn anew each time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.encode.segments import Ints, Layout, Marks, lay_out, spread
from models.train.prepare import Ragged


@dataclass(frozen=True, slots=True)
class Sampled:
    """A row cut down to the segments that were drawn, as a row of its own with its layout."""

    ids: Ints
    layout: Layout


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """Encoded rows of which at most ``most`` segments of hunks are learnt from at a time, each of at most ``length`` tokens.

    ``reach`` is the most of them that are read when a row is scored.
    """

    rows: Ragged
    marks: Marks
    length: int
    most: int
    reach: int

    def lengths(self) -> NDArray[np.int64]:
        """About how many tokens of every row are read at a time."""
        return np.minimum(self.rows.lengths(), self.length * (self.most + 1))

    def sample(self, row: int, random: np.random.Generator) -> Sampled:
        """The message's segment and ``most`` of the others, drawn without replacement, in the order of the diff."""
        ids = self.rows.row(row).astype(np.int64)
        layout = lay_out(ids, self.marks, self.length)
        rest = np.arange(1, len(layout.segments))
        if len(rest) > self.most:
            rest = np.sort(random.choice(rest, self.most, replace=False))
        return _cut_down(ids, layout, [0, *rest.tolist()])

    def whole(self, row: int) -> Sampled:
        """The row as it is scored."""
        ids = self.rows.row(row).astype(np.int64)
        return Sampled(ids, spread(lay_out(ids, self.marks, self.length), self.reach))


def _cut_down(ids: Ints, layout: Layout, chosen: list[int]) -> Sampled:
    segments = [layout.segments[i] for i in chosen]
    at = np.concatenate([layout.metrics, *segments])
    ends = np.cumsum([len(layout.metrics), *(len(segment) for segment in segments)])
    ranges = tuple(np.arange(start, end) for start, end in pairwise(ends))
    cut = Layout(layout.sides[at], layout.files[at], layout.hunks[at], np.arange(len(layout.metrics)), ranges)
    return Sampled(ids[at], cut)


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
