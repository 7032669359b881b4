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
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from models.classify.linear import Linear
from models.encode.ngrams import feature_count, ngrams, present
from models.encode.segments import Marks, lay_out
from models.files import write_whole
from models.train.prepare import Ragged

Floats = NDArray[np.float64]
_LENGTH = 1 << 20
"""Longer than any row: the sides of tokens do not depend on how it is cut."""


@dataclass(frozen=True, slots=True)
class LinearOptions:
    """``c``: inverse strength of the penalty; ``least``: rows in which a feature must occur; the rest as in ``Linear``."""

    vocabulary: int
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
            present(ngrams(ids, lay_out(ids, marks, _LENGTH).sides, marks, options.vocabulary, options.bits)).astype(np.int32)
        )
    starts = np.cumsum([0, *(len(one) for one in found)])
    shape = (len(rows), feature_count(options.vocabulary, options.bits))
    return csr_matrix((np.ones(starts[-1], dtype=np.float32), np.concatenate(found), starts), shape=shape)


def fit(table: csr_matrix, labels: NDArray[np.int64], weights: Floats, options: LinearOptions) -> Linear:
    """Logistic regression with an L2 penalty over the features that occur in enough rows (Fan et al. 2008, LIBLINEAR).

    The weights are rounded to what float16 holds: that is how they are stored.
    """
    used = np.flatnonzero(np.asarray(table.sum(axis=0)).ravel() >= options.least)
    model = LogisticRegression(C=options.c, solver="liblinear", random_state=options.seed)
    model.fit(table[:, used], labels, sample_weight=weights)
    dense = np.zeros(table.shape[1], dtype=np.float32)
    dense[used] = model.coef_[0].astype(np.float16)
    return Linear(dense, float(model.intercept_[0]), options.vocabulary, options.bits)


def blocks(times: NDArray[np.int64], groups: NDArray[np.str_], count: int) -> NDArray[np.int64]:
    """A number below ``count`` for every row: which run of time of its group it is in, so that near twins stay together."""
    out = np.zeros(len(times), dtype=np.int64)
    for group in np.unique(groups):
        mine = np.flatnonzero(groups == group)
        order = mine[np.argsort(times[mine], kind="stable")]
        out[order] = np.arange(len(order)) * count // len(order)
    return out


@dataclass(frozen=True, slots=True)
class Stacked:
    """Linear parts for stacking.

    ``parts[0]`` was fitted on all rows; ``of_row``: shape (rows,), which other one was fitted without a row (and without its
    neighbours in time), and ``offsets`` what it says of the row, in logits.
    """

    parts: tuple[Linear, ...]
    of_row: NDArray[np.int64]
    offsets: Floats


def stack(
    table: csr_matrix, labels: NDArray[np.int64], weights: Floats, block: NDArray[np.int64], options: LinearOptions, cache: Path
) -> Stacked:
    """One linear part for all rows, then one for every block above 0, fitted without that block and block 0.

    ``block``: shape (rows,); block 0 are rows that no stacking may learn from: its own part is fitted on all others.
    The parts are kept in the file ``cache``, one as soon as it is fitted, and read back the next time.
    """
    kept = _kept(cache, _digest(table, labels, weights, block, options), options)
    for number in range(len(kept), int(block.max()) + 2):
        used = np.ones(len(labels), dtype=bool) if number == 0 else (block > 0) & (block != number - 1)
        kept.append(fit(table[used], labels[used], weights[used], options))
        _keep(cache, _digest(table, labels, weights, block, options), kept)
    scores = table @ np.stack([part.weights for part in kept]).T.astype(np.float64) + np.array([part.bias for part in kept])
    of_row = block + 1
    return Stacked(tuple(kept), of_row, scores[np.arange(len(labels)), of_row])


def given(table: csr_matrix, linear: Linear) -> Stacked:
    """One linear part for all rows, which has seen none of them."""
    rows = table.shape[0]
    offsets = np.asarray(table @ linear.weights.astype(np.float64)).ravel() + linear.bias
    return Stacked((linear,), np.zeros(rows, dtype=np.int64), offsets)


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


def _kept(cache: Path, key: str, options: LinearOptions) -> list[Linear]:
    if not cache.exists():
        return []
    with safe_open(cache, framework="np") as stored:
        if stored.metadata()["key"] != key:
            return []
        weights, bias = stored.get_tensor("weights").astype(np.float32), stored.get_tensor("bias")
    return [Linear(row, float(one), options.vocabulary, options.bits) for row, one in zip(weights, bias, strict=True)]
