"""How well scores rank the positives before the negatives: ROC-AUC and average precision, pooled and within projects.

All take counts (how often each row was drawn) and sort once; a tie between a positive and a negative counts as half for
the AUC, and equal scores are one step of the precision-recall curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.evaluate.bootstrap import Floats, Ints, Measure, divided


@dataclass(frozen=True, slots=True)
class Sorted:
    """Rows from the lowest score to the highest: ``order`` their places, ``starts`` where runs of equal scores begin."""

    order: Ints
    starts: Ints
    labels: Floats


def by_score(labels: Ints, scores: Floats, places: Ints | None = None) -> Sorted:
    """The rows at ``places`` (all, by default), sorted."""
    places = np.arange(len(labels)) if places is None else places
    order = places[np.argsort(scores[places], kind="stable")]
    values = scores[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return Sorted(order, starts, labels[order].astype(float))


def auc(rows: Sorted) -> Measure:
    """The area under the ROC curve: the share of pairs of a positive and a negative that are ranked rightly."""

    def measure(counts: Floats) -> Floats:
        positives, negatives = _runs(rows, counts)
        below = np.cumsum(negatives, axis=1) - negatives
        right = (positives * (below + negatives / 2)).sum(axis=1)
        return divided(right, positives.sum(axis=1) * negatives.sum(axis=1))

    return measure


def average_precision(rows: Sorted) -> Measure:
    """The precisions at each positive, averaged: the area under the precision-recall steps."""

    def measure(counts: Floats) -> Floats:
        positives, negatives = (one[:, ::-1] for one in _runs(rows, counts))
        hits, misses = np.cumsum(positives, axis=1), np.cumsum(negatives, axis=1)
        precision = hits / np.maximum(hits + misses, 1)
        whole = divided((positives * precision).sum(axis=1), positives.sum(axis=1))
        return np.where(misses[:, -1] > 0, whole, np.nan)  # of one class only, any order is as good

    return measure


def within(kind: Callable[[Sorted], Measure], labels: Ints, scores: Floats, groups: Ints) -> Measure:
    """The mean over the projects that have both classes; NaN when none has.

    A model can gain on pooled rows by recognising the project; here it cannot.
    """
    each = [kind(by_score(labels, scores, np.flatnonzero(groups == group))) for group in two_classes(labels, groups)]

    def measure(counts: Floats) -> Floats:
        if not each:
            return np.full(len(counts), np.nan)
        values = np.stack([one(counts) for one in each])
        known = np.isfinite(values)
        return divided(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0).astype(float))

    return measure


def two_classes(labels: Ints, groups: Ints) -> Ints:
    """The groups that have both classes."""
    return np.intersect1d(groups[labels == 1], groups[labels == 0])


def _runs(rows: Sorted, counts: Floats) -> tuple[Floats, Floats]:
    """Drawn positives and negatives in each run of equal scores, shape (replicates, runs)."""
    drawn = counts[:, rows.order]
    positives = drawn * rows.labels
    negatives = drawn - positives
    if len(rows.starts) == len(rows.order):
        return positives, negatives
    return np.add.reduceat(positives, rows.starts, axis=1), np.add.reduceat(negatives, rows.starts, axis=1)
