"""Metrics of scored rows, each with the influence of every row on it, from which its variance follows.

The influence of a row is how fast the metric changes when the row gets more weight, times the sum of all weights; weighted
by the rows they add up to 0. The variance of the metric is the sum of (weight * influence)^2 over the squared sum of weights
(the infinitesimal jackknife, Efron 1982), or that of their sums in each cluster. For the area under the ROC curve this is
the variance of DeLong et al. (1988). No row is drawn again, so an interval costs about as much as the metric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.slices.types import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows of one slice, arrays of shape (rows,); ``weights`` are 1 where rows have none."""

    labels: Floats
    scores: Floats
    weights: Floats
    clusters: Ints | None = None
    lines: Floats | None = None

    @property
    def rows(self) -> int:
        """How many changes."""
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of a sample, NaN where it is undefined, with the influence of every row, shape (rows,)."""

    value: float
    influence: Floats


UNDEFINED = Measured(float("nan"), np.zeros(0))


def both(sample: Sample) -> bool:
    """Whether rows of both classes carry weight."""
    positive = float(sample.weights @ sample.labels)
    return positive > 0 and float(sample.weights.sum()) > positive


def auc(sample: Sample) -> Measured:
    """The area under the ROC curve: the share of pairs of a positive and a negative that are ranked rightly, ties as half."""
    if not both(sample):
        return UNDEFINED
    positive = sample.weights * sample.labels
    negative = sample.weights - positive
    runs = _Runs.of(sample.scores)
    ups, downs = runs.sums(positive), runs.sums(negative)
    up, down = float(ups.sum()), float(downs.sum())
    below = ((np.cumsum(downs) - downs / 2) / down)[runs.place]
    above = (1 - (np.cumsum(ups) - ups / 2) / up)[runs.place]
    value = float(positive @ below) / up
    placed = np.where(sample.labels > 0, (below - value) / up, (above - value) / down)
    return Measured(value, placed * (up + down))


def average_precision(sample: Sample) -> Measured:
    """The precisions at each positive, averaged; rows of one score are one step of the precision-recall curve."""
    if not both(sample):
        return UNDEFINED
    runs = _Runs.of(-sample.scores)
    ups = runs.sums(sample.weights * sample.labels)
    hits, seen = np.cumsum(ups), np.cumsum(runs.sums(sample.weights))
    ratio = np.divide(ups, seen, out=np.zeros(len(ups)), where=seen > 0)
    precision = np.divide(hits, seen, out=np.zeros(len(ups)), where=seen > 0)
    value = float(ups @ precision) / hits[-1]
    gain, loss = (np.cumsum(one[::-1])[::-1][runs.place] for one in (ratio, ratio * precision))
    moved = sample.labels * (precision[runs.place] + gain - value) - loss
    return Measured(value, moved * (seen[-1] / hits[-1]))


def brier(sample: Sample) -> Measured:
    """The mean squared distance of score and label."""
    whole = float(sample.weights.sum())
    if not whole > 0:
        return UNDEFINED
    squares = (sample.scores - sample.labels) ** 2
    value = float(sample.weights @ squares) / whole
    return Measured(value, squares - value)


def caught(sample: Sample, share: float) -> Measured:
    """The share of the positives among the riskiest ``share`` of the changes, ties at their worst; whole changes only."""
    return _border(sample, np.lexsort((sample.labels, -sample.scores)), np.ones(sample.rows), share)[0]


def recall_at_effort(sample: Sample, share: float) -> tuple[Measured, float]:
    """The share of the positives found when ``share`` of all lines is read, by the score for a line; ties at their worst.

    As ``models.evaluate.effort.recall_at_effort``: a change counts once it is read to its end. Beside it, what the part of
    the next change that could be read would add.
    """
    assert sample.lines is not None
    effort = np.maximum(sample.lines, 1.0)
    order = np.lexsort((-effort * sample.labels, sample.labels, -sample.scores / effort))
    return _border(sample, order, effort, share)


def _border(sample: Sample, order: Ints, effort: Floats, share: float) -> tuple[Measured, float]:
    """The share of the positives in the first ``share`` of the effort; a row is inside with all of its weight or not at all.

    Besides the rows inside, the border moves: by so much as the rows around it, a window of sqrt(rows) on each side, bring
    positives for effort.
    """
    flags, cost = sample.labels[order], effort[order]
    own = sample.weights[order]
    hits, spent = np.cumsum(own * flags), np.cumsum(own * cost)
    if not len(hits) or not hits[-1] > 0:
        return UNDEFINED, 0.0
    whole = int(np.searchsorted(spent, share * float(spent[-1]) * (1 + 1e-12), side="right"))
    value, part = (float(hits[whole - 1]) if whole else 0.0) / float(hits[-1]), 0.0
    if whole < len(order):
        left = share * float(spent[-1]) - (float(spent[whole - 1]) if whole else 0.0)
        part = max(0.0, left / float(cost[whole])) * float(flags[whole]) / float(hits[-1])
    reach = max(1, int(np.sqrt(len(order))))
    near = slice(max(0, whole - reach), whole + reach)
    rate = float(own[near] @ flags[near]) / float(own[near] @ cost[near])
    inside = np.arange(len(order)) < whole
    moved = np.empty(len(order))
    moved[order] = flags * (inside - value) - rate * cost * (inside - share)
    return Measured(value, moved * (float(own.sum()) / float(hits[-1]))), part


@dataclass(frozen=True, slots=True)
class _Runs:
    """Rows in ascending order of a value; ``place`` is the run of equal values that each row of the sample is in."""

    order: Ints
    starts: Ints
    place: Ints

    @classmethod
    def of(cls, values: Floats) -> _Runs:
        order = np.argsort(values, kind="stable")
        ranked = values[order]
        first = np.concatenate([[True], ranked[1:] != ranked[:-1]])
        place = np.empty(len(values), dtype=np.int64)
        place[order] = np.cumsum(first) - 1
        return cls(order, np.flatnonzero(first), place)

    def sums(self, values: Floats) -> Floats:
        """The sum of ``values``, shape (rows,), over each run."""
        return np.add.reduceat(values[self.order], self.starts)
