"""What a network made of segments, remembered: edited versions of one diff share almost all of them. Needs torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.classify.network import DiffNetwork, batch_of, padded
from models.encode.segments import Ints, Layout

_REMEMBERED = 20_000
"""Segments, a vector each."""


class SegmentMemory:
    """Logits and features of rows by a frozen network that reads every different segment once.

    Exact but for rounding: a segment is read by itself, and what the network makes of it is a function of its tokens and of
    where they stand. Bounded, and threads may share it: what one forgets another reads again.
    """

    def __init__(self, network: DiffNetwork) -> None:
        self._network = network
        self._known: dict[bytes, Tensor] = {}

    def logits(self, rows: Sequence[Ints], layouts: Sequence[Layout]) -> NDArray[np.float64]:
        """The network's logit of every row of ids, shape (rows,)."""
        with torch.inference_mode():
            return self._network.judge(*self._rows(rows, layouts)).double().numpy()

    def features(self, rows: Sequence[Ints], layouts: Sequence[Layout]) -> NDArray[np.float32]:
        """What the network's last layer reads of every row of ids, shape (rows, width)."""
        with torch.inference_mode():
            return self._network.features(*self._rows(rows, layouts)).numpy()

    def _rows(self, rows: Sequence[Ints], layouts: Sequence[Layout]) -> tuple[Tensor, Tensor, Tensor]:
        """Segments' vectors, each row's segments among them, and its size, as the network judges them."""
        keys = [[_key(row, layout, segment) for segment in layout.segments] for row, layout in zip(rows, layouts, strict=True)]
        places = {
            key: (row, layout, segment)
            for row, layout, mine in zip(rows, layouts, keys, strict=True)
            for key, segment in zip(mine, layout.segments, strict=True)
        }
        held = self._known
        known = {key: held[key] for key in places if key in held}
        new = [key for key in places if key not in known]
        if new:
            known.update(zip(new, self._read([places[key] for key in new]), strict=True))
            self._keep({key: known[key] for key in new})
        numbers = {key: n for n, key in enumerate(places)}
        vectors = torch.stack([known[key] for key in places])
        members = padded([np.array([numbers[key] for key in mine]) for mine in keys])
        table = self._network.embeddings
        sizes = [table(torch.from_numpy(row[layout.metrics])).sum(0) for row, layout in zip(rows, layouts, strict=True)]
        return vectors, members, torch.stack(sizes)

    def _read(self, segments: Sequence[tuple[Ints, Layout, Ints]]) -> list[Tensor]:
        """A vector for every segment, in order: all of them as one row of segments."""
        ids = np.concatenate([row[segment] for row, _, segment in segments])
        ends = np.cumsum([len(segment) for _, _, segment in segments])
        sides, files, hunks = (
            np.concatenate([getattr(layout, name)[segment] for _, layout, segment in segments])
            for name in ("sides", "files", "hunks")
        )
        runs = tuple(np.arange(end - len(segment), end) for end, (_, _, segment) in zip(ends, segments, strict=True))
        words = self._network.embeddings(torch.from_numpy(ids))
        batch = batch_of(words, [Layout(sides, files, hunks, np.arange(0), runs)])
        return list(self._network.vectors(batch)[batch.members[0]])

    def _keep(self, new: dict[bytes, Tensor]) -> None:
        if len(self._known) + len(new) > _REMEMBERED:
            self._known = {}
        self._known.update(new)


def _key(row: Ints, layout: Layout, segment: Ints) -> bytes:
    """A digest of the tokens of a segment and of where they stand."""
    total = hashlib.blake2b(digest_size=16)
    for values in (row, layout.sides, layout.files, layout.hunks):
        total.update(np.ascontiguousarray(values[segment]).tobytes())
    return total.digest()
