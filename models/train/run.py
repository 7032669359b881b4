"""``whydiff train``: from datasets to a checkpoint folder with its card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from models.data.dataset import read
from models.encode.encoder import EncodeOptions
from models.errors import DataError, UsageError
from models.train.card import finish
from models.train.options import TrainOptions
from models.train.transformer import Report, train

KINDS = ("transformer",)


def train_checkpoint(datasets: Sequence[Path], kind: str, options: TrainOptions, folder: Path) -> Iterator[Report]:
    """Train a model of ``kind`` on the train rows, calibrate and measure it on the valid rows of ``datasets``.

    Yields progress. Run again with the same folder it resumes. Raises UsageError for an unknown kind.
    """
    if kind not in KINDS:
        raise UsageError(f"Expected --kind to be one of {', '.join(KINDS)}, got {kind!r}.")
    frame = read(datasets)
    for split in ("train", "valid"):
        counts = frame.loc[frame["split"] == split, "label"].value_counts()
        if len(counts) < 2 or counts.min() < 2:
            raise DataError(
                f"The dataset needs two or more rows of each label with split {split!r}, to learn and to measure; mark some so."
            )
    yield from train(frame, options, folder)
    finish(frame, folder, EncodeOptions(max_length=options.max_length), folder.resolve().name, lambda what, done: None)
