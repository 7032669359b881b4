"""What training measures of a classifier on labelled rows: its AUC, and the threshold with the highest F1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from models.evaluate.bootstrap import once
from models.evaluate.ranking import auc, by_score

Floats = NDArray[np.float64]


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
