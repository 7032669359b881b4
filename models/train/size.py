"""Training of the size tier: boosted trees over the metrics of a change."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from models.bounds import validate
from models.classify.features import NAMES, measure
from models.classify.size import TREES
from models.data.dataset import to_diff
from models.data.weights import training_weights
from models.errors import DataError
from models.files import write_json, write_whole
from models.train.light import STATE, Row, each, train_rows
from models.train.report import Report

Floats = NDArray[np.float64]
_READING = 0.8
_TOLD = 20


@dataclass(frozen=True, slots=True)
class SizeOptions:
    """Training of boosted trees over change metrics. Raises UsageError for a value out of bounds.

    The newest ``held_out`` of the train rows decide when to stop: after ``patience`` rounds without a lower loss on them.
    The trees are then fitted on all train rows, with as many rounds as were best.
    """

    rounds: int = field(default=1000, metadata={"help": "most trees", "min": 1, "max": 5000})
    depth: int = field(default=4, metadata={"help": "depth of a tree", "min": 1, "max": 10})
    learning_rate: float = field(default=0.05, metadata={"help": "weight of a tree", "min": 1e-4, "max": 1.0})
    subsample: float = field(default=0.8, metadata={"help": "share of the rows that a tree sees", "min": 0.01, "max": 1.0})
    child_weight: float = field(default=20.0, metadata={"help": "least weight of the rows in a leaf", "min": 0.0, "max": 1e9})
    held_out: float = field(
        default=0.1, metadata={"help": "share of the newest train rows that decide when to stop", "min": 0.01, "max": 0.5}
    )
    patience: int = field(default=50, metadata={"help": "rounds without a lower loss before stopping", "min": 1, "max": 5000})
    weighted: bool = field(default=True, metadata={"help": "heed the column weight, which keeps the natural base rate"})
    seed: int = field(default=1, metadata={"help": "seed of which rows a tree sees", "min": 0, "max": 2**31 - 1})
    jobs: int = field(default=0, metadata={"help": "processes that read the rows, 0 for one a core", "min": 0, "max": 1024})

    def __post_init__(self) -> None:
        validate(self)


def train_size(frame: pd.DataFrame, options: SizeOptions, folder: Path) -> Iterator[Report]:
    """Fit on the rows with split "train" of ``frame`` (Chen and Guestrin 2016), yielding progress.

    Leaves ``state.json`` and, last, ``trees.json`` (the form xgboost saves) in ``folder``. The same rows and
    options give the same trees. Raises DataError for rows that nothing
    can be learnt from.
    """
    started = time.monotonic()
    rows = train_rows(frame)
    found: dict[int, tuple[float, ...]] = {}
    for position, values in enumerate(each(rows, _measured, options.jobs)):
        found |= {} if values is None else {position: values}
        if (position + 1) % 1000 == 0:
            share, spent = _READING * (position + 1) / len(rows), time.monotonic() - started
            yield Report(share, position + 1, math.nan, math.nan, spent / share * (1 - share))
    if not found:
        raise DataError(f"None of the {len(rows):,} rows holds a diff that can be read; look at the column diff.")
    kept = rows.iloc[list(found)].reset_index(drop=True)
    inputs = np.array(list(found.values()), dtype=np.float32)
    weights = training_weights(kept) if options.weighted else np.ones(len(kept))
    labels = kept["label"].to_numpy(dtype=np.float64)
    best, loss = 1, math.inf
    for rounds, lowest, done in _search(inputs, labels, weights, _newest(kept, options), options):
        best, loss = rounds, lowest
        yield Report(_READING + done * (1 - _READING) / 2, round(done * options.rounds), loss, math.nan, math.nan)
    booster = xgboost.train(_settings(options, labels, weights), _matrix(inputs, labels, weights), best)
    seconds = time.monotonic() - started
    write_json(
        folder / STATE, {"rows": len(kept), "features": len(NAMES), "trees": best, "held_out_loss": loss, "seconds": seconds}
    )
    text = booster.save_raw("json")
    write_whole(folder / TREES, lambda path: path.write_bytes(text))
    yield Report(1.0, best, loss, math.nan, 0.0)


def _measured(row: Row) -> tuple[float, ...] | None:
    diff = to_diff(row[1], row[2])
    return None if diff is None else measure(diff)


def _newest(rows: pd.DataFrame, options: SizeOptions) -> NDArray[np.bool_]:
    """Which rows decide when to stop: the newest by ``author_date``, at least one; a row without a date is an old one."""
    dates = pd.to_datetime(rows["author_date"], utc=True, errors="coerce")
    order = np.argsort(dates.fillna(pd.Timestamp(0, tz="UTC")).to_numpy(), kind="stable")
    newest = np.zeros(len(rows), dtype=bool)
    newest[order[-max(1, round(options.held_out * len(rows))) :]] = True
    return newest


def _search(
    inputs: NDArray[np.float32], labels: Floats, weights: Floats, newest: NDArray[np.bool_], options: SizeOptions
) -> Iterator[tuple[int, float, float]]:
    """Yield (best number of rounds so far, its loss on the ``newest`` rows, share of the rounds done)."""
    old = ~newest
    seen, held = _matrix(inputs[old], labels[old], weights[old]), _matrix(inputs[newest], labels[newest], weights[newest])
    booster = xgboost.Booster(_settings(options, labels[old], weights[old]), [seen, held])
    best, lowest = 1, math.inf
    for done in range(1, options.rounds + 1):
        booster.update(seen, done - 1)
        loss = float(booster.eval(held).rsplit(":", 1)[1])
        best, lowest = (done, loss) if loss < lowest else (best, lowest)
        late = done - best >= options.patience
        if late or done % _TOLD == 0 or done == options.rounds:
            yield best, lowest, 1.0 if late else done / options.rounds
        if late:
            return


def _matrix(inputs: NDArray[np.float32], labels: Floats, weights: Floats) -> xgboost.DMatrix:
    return xgboost.DMatrix(inputs, labels, weight=weights, feature_names=list(NAMES))


def _settings(options: SizeOptions, labels: Floats, weights: Floats) -> dict[str, object]:
    """Parameters of xgboost; the trees start from the weighted base rate."""
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "max_depth": options.depth,
        "eta": options.learning_rate,
        "subsample": options.subsample,
        "min_child_weight": options.child_weight,
        "base_score": float(np.clip(np.average(labels, weights=weights), 1e-6, 1 - 1e-6)),
        "seed": options.seed,
        "nthread": 1,
    }
