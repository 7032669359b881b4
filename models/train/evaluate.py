"""Figures of a classifier on labelled rows: pooled AUC, mean within-project AUC, calibration, the threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score

from models.classify.checkpoint import Calibration
from models.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """AUC over all rows and the mean of the AUCs within each project that has both classes, with the number of rows."""

    pooled: float
    within: float
    rows: int
    projects: int


def figures(labels: NDArray[np.int64], scores: Floats, projects: pd.Series[str]) -> Figures:
    """The figures of one model."""
    each = [
        float(roc_auc_score(labels[mask], scores[mask]))
        for mask in ((projects == project).to_numpy() for project in sorted(projects.unique()))
        if len(np.unique(labels[mask])) == 2
    ]
    return Figures(float(roc_auc_score(labels, scores)), float(np.mean(each)), len(labels), len(each))


def calibrate(labels: NDArray[np.int64], logits: Floats) -> Calibration:
    """Platt scaling fitted by maximum likelihood without penalty.

    Raises DataError when higher logits do not go with label 1: such a model has nothing to calibrate.
    """
    model = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), labels)
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        raise DataError("The model ranks the valid rows no better than chance; train it longer, or check the labels.")
    return Calibration(slope, float(model.intercept_[0]))


def held_out_error(labels: NDArray[np.int64], logits: Floats) -> float:
    """The calibration error of a Platt scaling fitted on one half of the rows, measured on the other.

    Halves are every second row of each label, so that both labels are in both.
    """
    fitted = np.zeros(len(labels), dtype=bool)
    for label in (0, 1):
        fitted[np.flatnonzero(labels == label)[::2]] = True
    half = calibrate(labels[fitted], logits[fitted])
    return calibration_error(labels[~fitted], np.array([half.score(x) for x in logits[~fitted]]))


def calibration_error(labels: NDArray[np.int64], scores: Floats, bins: int = 10) -> float:
    """Expected calibration error over bins of equal count: mean distance of score and share of positives."""
    parts = np.array_split(np.argsort(scores, kind="stable"), bins)
    return float(sum(abs(scores[part].mean() - labels[part].mean()) * len(part) for part in parts) / len(scores))


def best_threshold(labels: NDArray[np.int64], scores: Floats) -> float:
    """A score at which F1 (harmonic mean of precision and recall) is highest, halfway between those of two rows.

    No row's score is the threshold itself, so that rounding cannot turn its verdict.
    """
    precision, recall, cuts = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(np.argmax(f1[:-1]))
    return float((cuts[best] + (cuts[best - 1] if best else 0.0)) / 2)
