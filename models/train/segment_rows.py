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
