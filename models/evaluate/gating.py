"""What a gate buys: how many of the positives are among the riskiest x %, and how many changes need no second look.

Equal scores are taken at their worst: among them the negatives count as riskier, so that no figure owes anything to luck.
"""

from __future__ import annotations

import math

import numpy as np

from models.evaluate.bootstrap import Floats, Ints, Measure

PERCENT = np.arange(101)
"""The shares of all changes, in percent, at which the curve is given."""


def riskiest_first(labels: Ints, scores: Floats) -> Ints:
    """The places of the rows in the order of a gate, ties at their worst."""
    return np.lexsort((labels, -scores))


def gate_curve(labels: Ints, scores: Floats) -> Measure:
    """The share of the positives among the riskiest x % of the changes (rounded down), for every x of ``PERCENT``.

    NaN when there are no positives.
    """
    order = riskiest_first(labels, scores)
    flags = labels[order].astype(float)

    def measure(counts: Floats) -> Floats:
        drawn = counts[:, order]
        return np.stack([_caught(one, flags) for one in drawn])

    return measure


def _caught(drawn: Floats, flags: Floats) -> Floats:
    """The curve of one replicate; ``drawn`` and ``flags`` in the order of the gate."""
    seen, hits = np.cumsum(drawn), np.cumsum(drawn * flags)
    if not hits[-1]:
        return np.full(len(PERCENT), np.nan)
    gated = PERCENT * int(seen[-1]) // 100
    whole = np.searchsorted(seen, gated, side="right")  # rows wholly inside; the next one may be inside in part
    before = np.r_[0.0, seen][whole]
    last = np.minimum(whole, len(drawn) - 1)
    caught = np.r_[0.0, hits][whole] + (gated - before) * flags[last]
    return np.asarray(caught / hits[-1], dtype=np.float64)


def filtered_out(labels: Ints, scores: Floats, recall: float) -> Measure:
    """The largest share of changes that can be left out, least risky first, keeping at least ``recall`` of the positives.

    A random order that keeps a share r of the positives leaves out 1 - r of the changes on average, so the gain over
    chance is this figure divided by (1 - r): 0.43 at 99 % recall would be 43 times better than chance. (Beller et al.
    2022 report "up to 43 %" and "45x"; how they counted the latter is not spelled out, so figures compare only roughly.)
    NaN when there are no positives.
    """
    order = riskiest_first(labels, scores)
    flags = labels[order].astype(float)

    def one(drawn: Floats) -> float:
        seen, hits = np.cumsum(drawn), np.cumsum(drawn * flags)
        if not hits[-1]:
            return math.nan
        needed = needed_of(recall, hits[-1])
        at = int(np.searchsorted(hits, needed, side="left"))
        kept = seen[at] - (hits[at] - needed)  # copies of the last positive that are not needed
        return float(1 - kept / seen[-1])

    def measure(counts: Floats) -> Floats:
        return np.array([one(drawn) for drawn in counts[:, order]])

    return measure


def needed_of(recall: float, positives: float) -> int:
    """The least whole number of positives that is at least ``recall`` of them; rounding of the product is forgiven."""
    return max(1, math.ceil(recall * positives - 1e-9))


def times_better(filtered: float, recall: float) -> float:
    """How many times more changes are filtered out than by a random order at this recall."""
    return filtered / (1 - recall)
