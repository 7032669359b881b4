"""Figures of a classifier on labelled rows while it is trained: pooled AUC, mean within-project AUC, the threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from models.evaluate.bootstrap import once
from models.evaluate.ranking import auc, by_score, two_classes, within

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """AUC over all rows and the mean of the AUCs within each project that has both classes, with the number of rows.

    NaN where it is undefined, for want of one class.
    """

    pooled: float
    within: float
    rows: int
    projects: int


def figures(labels: NDArray[np.int64], scores: Floats, projects: pd.Series[str]) -> Figures:
    """The figures of one model."""
    groups = pd.factorize(projects, sort=True)[0].astype(np.int64)
    rows = once(len(labels))
    pooled = auc(by_score(labels, scores))(rows)[0]
    inside = within(auc, labels, scores, groups)(rows)[0]
    return Figures(float(pooled), float(inside), len(labels), len(two_classes(labels, groups)))


def area(labels: NDArray[np.int64], scores: Floats) -> float:
    """The area under the ROC curve; NaN for want of one class."""
    return float(auc(by_score(labels, scores))(once(len(labels)))[0])


def best_threshold(labels: NDArray[np.int64], scores: Floats) -> float:
    """A score at which F1 (harmonic mean of precision and recall) is highest, halfway between those of two rows.

    No row's score is the threshold itself, so that rounding cannot turn its verdict.
    """
    precision, recall, cuts = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(np.argmax(f1[:-1]))
    return float((cuts[best] + (cuts[best - 1] if best else 0.0)) / 2)
