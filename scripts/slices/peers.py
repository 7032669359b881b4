"""Others that slice predictions, where they are installed: fairlearn's MetricFrame and the sliceline package."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from explain.slices.counts import FN, FP, states
from explain.slices.types import Column, Table


def load(name: str) -> Any:
    """The module ``name``, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def metric_frame(fairlearn: Any, table: Table, by: tuple[str, ...]) -> Any:
    """Accuracy, precision, recall, false-positive rate, F1 and MCC by groups, without bootstrap and so without intervals."""
    import pandas as pd
    from sklearn import metrics

    def correlation(labels: Any, flags: Any) -> float:
        return float(metrics.matthews_corrcoef(labels, flags))

    chosen = {
        "accuracy": metrics.accuracy_score,
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "fpr": fairlearn.false_positive_rate,
        "f1": metrics.f1_score,
        "mcc": correlation,
    }
    frame = pd.DataFrame({name: table.column(name).codes for name in by})
    flags = table.flagged.astype(np.int64)
    return fairlearn.MetricFrame(metrics=chosen, y_true=table.labels, y_pred=flags, sensitive_features=frame).by_group


def sliceline(package: Any, table: Table, conditions: int) -> Any:
    """Its twenty slices by the score of the paper (Sagadeeva and Boehm 2021)."""
    codes = np.column_stack([one.codes for one in table.columns if isinstance(one, Column)]).astype(np.int64) + 1
    errors = np.isin(states(table), (FP, FN)).astype(np.float64)
    finder = package.Slicefinder(alpha=0.99, k=20, max_l=conditions, min_sup=max(30, table.rows // 1000), verbose=False)
    return finder.fit(codes, errors)
