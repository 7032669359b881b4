"""Percentile bootstrap (Efron 1979) over how often each row was drawn, so that nothing is sorted twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Measure = Callable[[Floats], Floats]
"""From how often each row was drawn, shape (replicates, rows), to (replicates,) or (replicates, points); NaN is undefined."""

_CHUNK, _CELLS = 100, 4_000_000
"""Most replicates that are counted at once, and most counts: 32 MB."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; None where it is undefined, which is never 0."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def resamples(groups: Ints, replicates: int, seed: int) -> Iterator[Floats]:
    """Yield ``replicates`` draws with replacement as counts, shape (up to 100, rows), in parts of bounded size.

    Rows are drawn within each group (project), as many as it has: the projects stay as they are, and an interval speaks
    of other changes to the same projects, not of other projects.
    """
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    most = max(1, min(_CHUNK, _CELLS // max(1, len(groups))))
    for start in range(0, replicates, most):
        size = min(most, replicates - start)
        counts = np.zeros((size, len(groups)))
        for rows in members:
            drawn = random.integers(0, len(rows), size=(size, len(rows)))
            flat = (drawn + np.arange(size)[:, None] * len(rows)).ravel()
            counts[:, rows] = np.bincount(flat, minlength=size * len(rows)).reshape(size, len(rows))
        yield counts


def once(rows: int) -> Floats:
    """The counts of the rows as they are, shape (1, rows)."""
    return np.ones((1, rows))


def estimate(value: float, drawn: Floats) -> Estimate:
    """``value`` between the 2.5th and the 97.5th percentile of ``drawn``, shape (replicates,), the undefined left out.

    Without interval when half of the replicates or more are undefined. Intervals of average precision lie a little high,
    because rows that are drawn twice are neighbours in every ranking.
    """
    if not np.isfinite(value):
        return Estimate(None)
    known = drawn[np.isfinite(drawn)]
    if 2 * len(known) <= len(drawn):
        return Estimate(float(value))
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))


def divided(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where ``whole`` is 0: the figure is undefined there."""
    result = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=result, where=np.broadcast_to(whole, result.shape) > 0)
    return result
