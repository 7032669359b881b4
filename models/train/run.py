"""``whydiff train``: from datasets to a checkpoint folder with its card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from models.classify.checkpoint import digest_folder
from models.data.dataset import read
from models.errors import DataError, UsageError
from models.train.claim import Beginning, claim, digest_rows
from models.train.config import Config
from models.train.curves import CURVES, recorded
from models.train.finish import finish
from models.train.report import Report


def train_checkpoint(datasets: Sequence[Path], config: Config, folder: Path, init: Path | None = None) -> Iterator[Report]:
    """Train on the train rows of ``datasets``, calibrate and measure on their valid rows.

    ``init``: a checkpoint whose weights the run starts from. Yields progress, which is kept in ``curves.jsonl`` too. Run
    again with the same folder it goes on. Raises UsageError for a folder that holds something else, DataError for rows that
    nothing can be learnt from.
    """
    if init is not None and not config.tier.starts:
        raise UsageError(f"The kind {config.tier.kind} does not start from another checkpoint; leave --init out.")
    frame = read(datasets)
    _check(frame)
    claim(folder, config.options, Beginning(config.tier.kind, digest_rows(frame), None if init is None else digest_folder(init)))
    yield from recorded(config.tier.train(frame, config.options, folder, init), folder / CURVES)
    settings = config.tier.settings(folder, config.options)
    finish(frame, folder, lambda: config.tier.load(folder, settings), settings, lambda what, done: None)


def _check(frame: pd.DataFrame) -> None:
    for split in ("train", "valid"):
        counts = frame.loc[frame["split"] == split, "label"].value_counts()
        if len(counts) < 2 or counts.min() < 2:
            raise DataError(
                f"The dataset needs two or more rows of each label with split {split!r}, to learn and to measure; mark some so."
            )
