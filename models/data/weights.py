"""Fewer rows that stand for all: negatives are thinned, and weights keep the natural base rate of every project."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.data.options import SampleOptions
from models.data.splits import TRAIN
from models.errors import DataError, UsageError

Floats = NDArray[np.float64]
Stratum = tuple[str, int]
"""A project and a label."""


def row_weights(frame: pd.DataFrame) -> Floats:
    """What every row stands for, shape (rows,): the column ``weight``; 1 where it is empty or there is no such column.

    Raises DataError for a weight that is no number, not finite or not above 0.
    """
    if "weight" not in frame:
        return np.ones(len(frame))
    column = frame["weight"]
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column.notna() & ~(np.isfinite(numbers) & (numbers > 0))
    if wrong.any():
        came = column[wrong].iloc[0]
        raise DataError(f"The column weight holds {came!r}, expected a finite number above 0, or nothing for 1; mend such rows.")
    return np.where(column.isna(), 1.0, numbers.to_numpy(dtype=np.float64))


def training_weights(frame: pd.DataFrame) -> Floats:
    """The weights of the rows for a loss, shape (rows,), with mean 1; see ``row_weights`` for what is read and refused."""
    weights = row_weights(frame)
    return weights / weights.mean() if len(weights) else weights


def sample(frame: pd.DataFrame, options: SampleOptions) -> pd.Series[float]:
    """Which rows are kept, by their index in ``frame`` (in its order), and the new weight of each: the rows it stands for.

    ``frame`` has ``id``, ``project``, ``label`` and, where the dataset has them, ``split`` and ``weight``. Rows of the split
    "train" (all rows where there is no such column) are thinned to ``options.rows``; the others stay as they are, because
    what is measured on keeps its natural base rate. Of every project its share of positives is kept, and of the negatives as
    many as fit, at an equal rate everywhere, at least one of each. The weights of each project's positives and negatives
    add up to what they did before, so the weighted base rates are the natural ones, up to rounding. A hash of the seed and
    the id draws, so the order of the rows does not matter. Raises UsageError when so few rows cannot hold every project,
    DataError for a broken weight.
    """
    weights = pd.Series(row_weights(frame), index=frame.index)
    thinned = frame["split"] == TRAIN if "split" in frame else pd.Series(True, index=frame.index)
    lots = frame["id"].map(lambda name: _lot(options.seed, str(name)))
    strata: dict[Stratum, pd.Index[int]] = dict(frame[thinned].groupby(["project", "label"]).groups)  # type: ignore[arg-type]
    wanted = _wanted({key: len(index) for key, index in strata.items()}, options)
    kept = [weights[~thinned]]
    for key, index in strata.items():
        drawn = lots[index].sort_values().index[: wanted[key]]
        kept.append(weights[drawn] * (weights[index].sum() / weights[drawn].sum()))
    return pd.concat(kept).reindex(frame.index).dropna()


def _wanted(sizes: dict[Stratum, int], options: SampleOptions) -> dict[Stratum, int]:
    """Rows to keep of each (project, label): first the positives, then one negative a project, the rest in proportion."""
    wanted = {key: max(1, round(options.positives * size)) for key, size in sizes.items() if key[1] == 1}
    negatives = {key: size for key, size in sizes.items() if key[1] != 1}
    budget = min(options.rows - sum(wanted.values()), sum(negatives.values()))
    if budget < len(negatives):
        least = sum(wanted.values()) + len(negatives)
        raise UsageError(
            f"Expected --rows of at least {least:,}, for {sum(wanted.values()):,} positives and a negative of each project, "
            f"but got {options.rows:,}; ask for more rows or a smaller share with --positives."
        )
    return wanted | _apportioned(negatives, budget)


def _apportioned(sizes: dict[Stratum, int], total: int) -> dict[Stratum, int]:
    """``total`` by largest remainder in proportion to ``sizes``, at least 1 and at most its size for each."""
    free, rest = total - len(sizes), sum(sizes.values()) - len(sizes)
    shares = {key: divmod(free * (size - 1), rest) if rest else (0, 0) for key, size in sizes.items()}
    left = free - sum(whole for whole, _ in shares.values())
    first = set(sorted(shares, key=lambda key: (-shares[key][1], key))[:left])
    return {key: 1 + whole + (key in first) for key, (whole, _) in shares.items()}


def _lot(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
