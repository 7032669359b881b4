"""What the runs of the light tiers share: rows read in parallel, records of what was done."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from typing import TypeVar

import pandas as pd

from models.data.splits import TRAIN
from models.errors import DataError

Row = tuple[int, str, str]
"""Position among the rows, text of the diff, commit message."""
Made = TypeVar("Made")
STATE = "state.json"
_WORTH_A_POOL = 4000


def train_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``frame`` to learn from, numbered from 0. Raises DataError where a label lacks."""
    rows = frame[frame["split"] == TRAIN].reset_index(drop=True)
    if rows["label"].nunique() < 2:
        raise DataError(f"The dataset has {len(rows):,} train rows without both labels; mark rows of each with split 'train'.")
    return rows


def each(rows: pd.DataFrame, make: Callable[[Row], Made], jobs: int) -> Iterator[Made]:
    """``make`` of every row, in order, by ``jobs`` processes (0: one a core) where that pays; none is kept."""
    tasks: Iterator[Row] = zip(range(len(rows)), rows["diff"], rows["message"], strict=True)
    if len(rows) < _WORTH_A_POOL or jobs == 1:
        yield from map(make, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs or None) as pool:
        yield from pool.imap(make, tasks, chunksize=64)
