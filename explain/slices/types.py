"""What slices are made of: predictions as columns of codes, conditions on them, and metrics with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.unsignedinteger]
"""The places of values in a tuple of texts; uint8, uint16 or uint32."""
MISSING = ""
"""The text of a value that is not known; people are shown ``NOT_KNOWN``."""
NOT_KNOWN = "(not known)"
OTHER, MOST_VALUES = "(other)", 256
"""Of an attribute with more values than so many the rare ones are put together as ``OTHER``, which is never told as a slice."""


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute with one value a row: ``codes``, shape (rows,), are places in ``values``, which are distinct."""

    name: str
    values: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True, slots=True)
class Labels:
    """An attribute with any number of distinct values a row, such as languages.

    Those of row i are ``codes[offsets[i] : offsets[i + 1]]``, places in ``values``.
    """

    name: str
    values: tuple[str, ...]
    offsets: NDArray[np.int64]
    codes: Codes


@dataclass(frozen=True, slots=True)
class Table:
    """Predictions of one model on labelled changes, arrays of shape (rows,).

    ``labels`` are 0 or 1 (uint8), ``scores`` in [0, 1], ``flagged`` what the model flags. ``weights``: what a row stands for;
    None: 1 each. ``clusters``: whole numbers from 0, rows of one cluster are not independent of each other; None: all are.
    ``lines``: how many lines a change adds and deletes, for what depends on the effort of reading; None: not known.
    """

    model: str
    labels: NDArray[np.uint8]
    scores: Floats
    flagged: NDArray[np.bool_]
    columns: tuple[Column | Labels, ...] = ()
    weights: Floats | None = None
    clusters: NDArray[np.int64] | None = None
    lines: Floats | None = None

    @property
    def rows(self) -> int:
        """How many changes."""
        return len(self.labels)

    def column(self, name: str) -> Column | Labels:
        """The attribute called ``name``. Raises KeyError."""
        return {one.name: one for one in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes there are."""
        return tuple(one.name for one in self.columns)


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """That an attribute has, or among others has, a value."""

    column: str
    value: str


Slice = tuple[Condition, ...]
"""The rows that meet all conditions, which are sorted and of different columns; () is all rows."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its 95 % interval; ``n`` rows it was counted on. None where it is undefined, which is never 0."""

    value: float | None
    low: float | None
    high: float | None
    n: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """A metric of many slices, arrays of shape (slices,); NaN where it is undefined."""

    value: Floats
    low: Floats
    high: Floats
    n: Floats

    def at(self, place: int) -> Estimate:
        """That of one slice."""
        value, low, high = (_known(float(one[place])) for one in (self.value, self.low, self.high))
        return Estimate(value, low, high, float(self.n[place]))


@dataclass(frozen=True, slots=True)
class SliceReport:
    """A slice with its metrics by name. ``share``: of all rows, or of their weight. ``few``: under 20 trials of the first one."""

    slice: Slice
    rows: int
    share: float
    estimates: Mapping[str, Estimate]
    few: bool


@dataclass(frozen=True, slots=True)
class WeakSlice:
    """A slice that is worse than the rest, by rows that had no part in finding it.

    ``rows`` of all the table are in it. ``rate`` and ``rest``: the share of errors in it and outside, with their trials;
    ``difference`` and ``ratio`` of the two; ``p``: of the test that it is no worse, adjusted for all slices that were tested.
    ``parent``: the weak slice that it is part of and worse than, which then is what ``p`` and the other figures compare it
    with. ``action`` is one of the keys of ``explain.slices.actions.ACTIONS``, ``reason`` a sentence.
    """

    slice: Slice
    rows: int
    rate: Estimate
    rest: Estimate
    difference: Estimate
    ratio: Estimate
    p: float
    parent: Slice | None
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """Weak slices, the surest first, of ``screened`` that had enough rows; ``candidates`` of them were tested on the other half.

    ``kind`` of error, ``level`` of false discoveries; ``rows`` with which they were found and ``confirming`` with which tested.
    """

    kind: str
    level: float
    screened: int
    candidates: int
    rows: int
    confirming: int
    found: tuple[WeakSlice, ...]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
