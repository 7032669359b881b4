"""Training of the bag of words: logistic regression over which words stand where, and the size of the change."""

from __future__ import annotations

import json
import math
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from models.bounds import validate
from models.classify.bag import WORDS
from models.classify.checkpoint import WEIGHTS
from models.data.dataset import to_diff
from models.data.weights import training_weights
from models.encode.words import reading, sizes
from models.errors import DataError
from models.files import write_json, write_whole
from models.train.light import STATE, Row, each, train_rows
from models.train.report import Report

_READING = 0.8
"""The share of a run's time that reading the rows takes, for the progress bar."""


@dataclass(frozen=True, slots=True)
class BagOptions:
    """Training of a bag of words. Raises UsageError for a value out of bounds."""

    c: float = field(default=0.02, metadata={"help": "inverse strength of the L2 penalty", "min": 1e-6, "max": 1e6})
    min_df: int = field(default=10, metadata={"help": "train rows that a word must occur in", "min": 1, "max": 1_000_000})
    max_features: int = field(default=150_000, metadata={"help": "most words of the vocabulary", "min": 1, "max": 1_000_000})
    weighted: bool = field(default=True, metadata={"help": "heed the column weight, which keeps the natural base rate"})
    seed: int = field(default=1, metadata={"help": "seed of the solver", "min": 0, "max": 2**31 - 1})
    jobs: int = field(default=0, metadata={"help": "processes that read the rows, 0 for one a core", "min": 0, "max": 1024})

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class _Read:
    """The readable rows: their positions, the numbers of each row's words in one run, and log sizes, shape (rows, 3)."""

    rows: NDArray[np.int64]
    flat: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.float64]
    words: list[str]


def train_bag(frame: pd.DataFrame, options: BagOptions, folder: Path) -> Iterator[Report]:
    """Fit on the rows with split "train" of ``frame`` (Fan et al. 2008, liblinear), yielding progress.

    Leaves ``words.json``, ``state.json`` and, last, ``model.safetensors`` in ``folder``. The same rows and options give the
    same weights. Raises DataError for rows that nothing can be learnt from.
    """
    started = time.monotonic()
    rows = train_rows(frame)
    found = _Found()
    for position, (names, size) in enumerate(each(rows, _words_of, options.jobs), 1):
        if size is not None:
            found.add(position - 1, names, size)
        if position % 1000 == 0:
            spent = time.monotonic() - started
            share = _READING * position / len(rows)
            yield Report(share, position, math.nan, math.nan, spent / share * (1 - share))
    read = found.done(len(rows))
    vocabulary, inputs = _inputs(read, options)
    labels = rows["label"].to_numpy(dtype=np.int64)[read.rows]
    weights = training_weights(rows.iloc[read.rows]) if options.weighted else np.ones(len(labels))
    model = LogisticRegression(C=options.c, solver="liblinear", random_state=options.seed).fit(inputs, labels, weights)
    loss = float(log_loss(labels, model.predict_proba(inputs)[:, 1], sample_weight=weights))
    write_json(folder / STATE, {"rows": len(labels), "features": len(vocabulary) + 3, "seconds": time.monotonic() - started})
    _export(folder, vocabulary, model)
    yield Report(1.0, len(rows), loss, math.nan, 0.0)


def _words_of(row: Row) -> tuple[str, tuple[float, float, float] | None]:
    """(the features of a row, one a line, and its log sizes), or None in their place for a row that cannot be read."""
    diff = to_diff(row[1], row[2])
    return ("", None) if diff is None else ("\n".join(sorted(reading(diff).features)), sizes(diff))


class _Found:
    """Gathers rows as numbers: each different word is held once, so memory stays far below that of the texts."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows, self._flat, self._starts = array("q"), array("i"), array("q", [0])
        self._sizes = array("d")

    def add(self, position: int, names: str, size: tuple[float, float, float]) -> None:
        """Add the row at ``position`` with its features, one a line."""
        numbers = self._numbers
        self._flat.extend([numbers.setdefault(name, len(numbers)) for name in names.split("\n") if name])
        self._rows.append(position)
        self._starts.append(len(self._flat))
        self._sizes.extend(size)

    def done(self, asked: int) -> _Read:
        """All that was added; raises DataError when it is nothing."""
        if not self._rows:
            raise DataError(f"None of the {asked:,} rows holds a diff that can be read; look at the column diff.")
        shaped = np.array(self._sizes).reshape(-1, 3)
        return _Read(np.array(self._rows), np.array(self._flat), np.array(self._starts), shaped, list(self._numbers))


def _inputs(read: _Read, options: BagOptions) -> tuple[list[str], csr_matrix]:
    """The vocabulary, in the order of the alphabet, and the matrix (rows, words + 3): 1 where a word occurs, log sizes."""
    often = np.bincount(read.flat, minlength=len(read.words))
    enough = sorted((n for n in range(len(read.words)) if often[n] >= options.min_df), key=lambda n: (-often[n], read.words[n]))
    vocabulary = sorted(read.words[n] for n in enough[: options.max_features])
    place = {word: n for n, word in enumerate(vocabulary)}
    column = np.array([place.get(word, -1) for word in read.words], dtype=np.int32)[read.flat]
    kept = column >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[read.starts]
    ones = np.ones(int(kept.sum()), dtype=np.float64)
    words = csr_matrix((ones, column[kept], starts), shape=(len(read.rows), len(vocabulary)))
    words.sort_indices()
    return vocabulary, hstack([words, csr_matrix(read.sizes)]).tocsr()


def _export(folder: Path, vocabulary: list[str], model: LogisticRegression) -> None:
    """Write vocabulary and weights, the weights last."""
    text = json.dumps({"words": vocabulary}, ensure_ascii=False) + "\n"
    write_whole(folder / WORDS, lambda path: path.write_text(text, encoding="utf-8"))
    values = model.coef_[0].astype(np.float32)
    tensors = {"words": values[:-3], "sizes": values[-3:], "bias": model.intercept_.astype(np.float32)}
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    write_whole(folder / WEIGHTS, lambda path: save_file(tensors, path, metadata={"format": "np"}))
