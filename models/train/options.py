"""What can be set about a training run; the command line's flags are made from the metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.bounds import validate
from models.errors import UsageError


def _of(default: Any, text: str, least: float, most: float) -> Any:
    return field(default=default, metadata={"help": text, "min": least, "max": most})


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Training of our transformer from scratch.

    ``train_length`` is the length most rows are cut to (never above ``max_length``) and ``long_share`` the share of rows
    read at the model's full ``max_length``, so that long changes are in distribution at a fraction of their cost.
    ``mask_share`` of the rows have a uniformly drawn share of their content and size tokens masked (Madsen et al. 2023,
    faithfulness measurable models), so that explanations by masking stay on inputs the model knows. ``minutes`` bounds
    the run: the learning rate then reaches zero when the time is over, however many rows were seen. ``bfloat16``
    multiplies matrices in that format (weights stay float32); it pays only on machines that have it in hardware.
    Raises UsageError for a value out of bounds.
    """

    max_length: int = _of(512, "most tokens that the model reads", 32, 8192)
    train_length: int = _of(256, "most tokens of the rows that are cut short", 32, 8192)
    long_share: float = _of(0.15, "share of the rows that are read at the model's full length", 0.0, 1.0)
    vocabulary: int = _of(8192, "tokens of the vocabulary", 320, 65_536)
    width: int = _of(256, "width of the encoder", 8, 4096)
    layers: int = _of(4, "layers of the encoder", 1, 64)
    heads: int = _of(4, "attention heads; the width is a multiple of twice their number", 1, 64)
    inner: int = _of(384, "inner width of each layer", 8, 16_384)
    epochs: float = _of(1.0, "passes over the train rows", 1e-3, 1000.0)
    minutes: float = _of(180.0, "most minutes of training", 0.01, 100_000.0)
    batch_tokens: int = _of(8192, "tokens of a batch, padding included", 64, 1_000_000)
    learning_rate: float = _of(4e-4, "highest learning rate", 1e-7, 1.0)
    warmup: float = _of(0.08, "share of the run in which the learning rate rises", 0.0, 1.0)
    weight_decay: float = _of(0.02, "weight decay", 0.0, 10.0)
    mask_share: float = _of(0.2, "share of the rows in which tokens are masked", 0.0, 1.0)
    bfloat16: bool = field(default=False, metadata={"help": "multiply matrices in bfloat16"})
    seed: int = _of(1, "seed of weights and order", 0, 2**31 - 1)
    checkpoint_minutes: float = _of(5.0, "minutes between two checkpoints", 0.01, 10_000.0)
    valid_rows: int = _of(1500, "valid rows that are scored at each checkpoint", 2, 1_000_000)

    def __post_init__(self) -> None:
        validate(self)
        if self.width % (2 * self.heads):
            raise UsageError(f"Expected width to be a multiple of twice the heads, but got {self.width} and {self.heads}.")
