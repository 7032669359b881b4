"""The linear part of a diff transformer: logistic regression over n-grams, and what it says of rows it has not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression

from models.classify.linear import Linear
from models.encode.ngrams import feature_count, ngrams, present
from models.encode.segments import Marks, lay_out
from models.encode.spelling import Spelling
from models.files import write_whole
from models.train.prepare import Ragged

Floats = NDArray[np.float64]
_LENGTH = 1 << 20
"""Longer than any row: the sides of tokens do not depend on how it is cut."""


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """``c``: inverse strength of the penalty; ``least``: rows in which a feature must occur; the rest as in ``Linear``."""

    spelling: Spelling
    bits: int
    c: float
    least: int
    seed: int


def features_of(rows: Ragged, marks: Marks, options: LinearOptions) -> csr_matrix:
    """Which features occur in which rows, shape (rows, features), 0 or 1, float32."""
    found = []
    for i in range(len(rows)):
        ids = rows.row(i).astype(np.int64)
        found.append(
            present(ngrams(ids, lay_out(ids, marks, _LENGTH).sides, marks, options.spelling, options.bits)).astype(np.int32)
        )
    starts = np.cumsum([0, *(len(one) for one in found)])
    shape = (len(rows), feature_count(len(options.spelling.word), options.bits))
    return csr_matrix((np.ones(starts[-1], dtype=np.float32), np.concatenate(found), starts), shape=shape)


def fit(table: csr_matrix, labels: NDArray[np.int64], weights: Floats, options: LinearOptions) -> Linear:
    """Logistic regression with an L2 penalty over the features that occur in enough rows (Fan et al. 2008, LIBLINEAR).

    Features that tell the labels apart by themselves are penalised less (``_telling``). The weights are rounded to what
    float16 holds: that is how they are stored.
    """
    used = np.flatnonzero(np.asarray(table.sum(axis=0)).ravel() >= options.least)
    some = table[:, used]
    scale = _telling(some, labels, weights)
    model = LogisticRegression(C=options.c, solver="liblinear", random_state=options.seed)
    model.fit((some @ diags(scale)).tocsr(), labels, sample_weight=weights)
    dense = np.zeros(table.shape[1], dtype=np.float32)
    dense[used] = (model.coef_[0] * scale).astype(np.float16)
    return Linear(dense, float(model.intercept_[0]), options.spelling, options.bits)


def _telling(table: csr_matrix, labels: NDArray[np.int64], weights: Floats) -> NDArray[np.float32]:
    """What every feature is multiplied by before the fit, shape (features,): half of 1, half of how much it tells by itself.

    That is the size of its naive Bayes log-ratio, add-one smoothed, over the mean of all (Wang and Manning 2012, Baselines
    and bigrams). The result is a linear model as any other.
    """
    counts = [np.asarray(table.T @ (weights * (labels == label))).ravel() + 1 for label in (0, 1)]
    totals = [weights[labels == label].sum() + 2 for label in (0, 1)]
    ratio = np.abs(np.log(counts[1] / totals[1]) - np.log(counts[0] / totals[0]))
    scale: NDArray[np.float32] = (0.5 + 0.5 * ratio / max(float(ratio.mean()), 1e-12)).astype(np.float32)
    return scale


@dataclass(frozen=True, slots=True)
class LinearPart:
    """The linear part, fitted on all rows, and what one that has not seen a row says of it.

    ``offsets``: shape (rows,), in logits; NaN for rows that every part was fitted on.
    """

    linear: Linear
    offsets: Floats


def fit_part(
    table: csr_matrix, labels: NDArray[np.int64], weights: Floats, apart: NDArray[np.bool_], options: LinearOptions, cache: Path
) -> LinearPart:
    """The linear part of all rows, and one fitted without the rows ``apart`` (shape (rows,)) that speaks for those.

    Both are kept in the file ``cache`` and read back the next time.
    """
    key = _digest(table, labels, weights, apart, options)
    kept = _kept(cache, key, options)
    if kept is None:
        kept = fit(table, labels, weights, options), fit(table[~apart], labels[~apart], weights[~apart], options)
        _keep(cache, key, kept)
    every, others = kept
    return LinearPart(every, np.where(apart, _logits(table, others), np.nan))


def given(table: csr_matrix, linear: Linear) -> LinearPart:
    """A linear part that has seen none of the rows."""
    return LinearPart(linear, _logits(table, linear))


def _logits(table: csr_matrix, linear: Linear) -> Floats:
    return np.asarray(table @ linear.weights.astype(np.float64)).ravel() + linear.bias


def _digest(*what: object) -> str:
    total = hashlib.sha256()
    for one in what:
        for part in (one.data, one.indices, one.indptr) if isinstance(one, csr_matrix) else (one,):
            total.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return total.hexdigest()


def _keep(cache: Path, key: str, parts: Sequence[Linear]) -> None:
    arrays = {
        "weights": np.stack([part.weights for part in parts]).astype(np.float16),
        "bias": np.array([part.bias for part in parts]),
    }
    write_whole(cache, lambda path: save_file(arrays, path, metadata={"key": key}))


def _kept(cache: Path, key: str, options: LinearOptions) -> tuple[Linear, Linear] | None:
    if not cache.exists():
        return None
    with safe_open(cache, framework="np") as stored:
        if stored.metadata()["key"] != key:
            return None
        weights, bias = stored.get_tensor("weights").astype(np.float32), stored.get_tensor("bias")
    first, second = (Linear(row, float(one), options.spelling, options.bits) for row, one in zip(weights, bias, strict=True))
    return first, second
