"""What can be set about training the two kinds of transformer; help and bounds are in the metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.bounds import validate
from models.encode.encoder import EncodeOptions
from models.errors import UsageError
from models.train.pace import Pace

_PATH = 48
"""Most tokens of a path: deep ones end with what tells most, the name of the file."""
_SEGMENTS_OF_A_MESSAGE, _SEGMENTS_OF_A_LINE = 4, 2
"""How many segments' worth of tokens is read of a message and of a line. The network reads one of a message."""


def _of(default: Any, text: str, least: float, most: float) -> Any:
    return field(default=default, metadata={"help": text, "min": least, "max": most})


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """What both kinds share. Raises UsageError for a value out of bounds.

    ``minutes`` bounds the learning with labels: the learning rate then reaches zero when the time is over, however many rows
    were seen. ``mask_share`` of the rows have a uniformly drawn share of their content and size tokens masked (Madsen et al.
    2023, faithfulness measurable models), so that explanations by masking stay on inputs the model knows. ``tune_share``: the
    newest rows of each project that are not learnt from; when to stop, and which weights to keep, is decided on them.
    ``bfloat16`` multiplies matrices in that format (weights stay float32) where a probe finds it faster: machines that lack it in
    hardware are slower with it.
    """

    vocabulary: int = _of(8192, "tokens of the vocabulary", 320, 65_536)
    width: int = _of(256, "width of the encoder", 8, 4096)
    layers: int = _of(4, "layers of the encoder", 1, 64)
    heads: int = _of(4, "attention heads; the width is a multiple of twice their number", 1, 64)
    inner: int = _of(384, "inner width of each layer", 8, 16_384)
    epochs: float = _of(1.0, "passes over the train rows with labels", 1e-3, 1000.0)
    minutes: float = _of(120.0, "most minutes with labels", 0.01, 100_000.0)
    learning_rate: float = _of(4e-4, "highest learning rate with labels", 1e-7, 1.0)
    batch_tokens: int = _of(8192, "tokens of a batch", 64, 1_000_000)
    warmup: float = _of(0.08, "share of the run in which the learning rate rises", 0.0, 1.0)
    weight_decay: float = _of(0.02, "weight decay", 0.0, 10.0)
    average: float = _of(0.995, "decay of the averaged weights", 0.0, 1.0)
    patience: int = _of(6, "checkpoints without a better measure after which learning stops; 0: never", 0, 1000)
    mask_share: float = _of(0.2, "share of the rows in which tokens are masked", 0.0, 1.0)
    tune_share: float = _of(0.03, "share of the newest train rows that decide when to stop", 0.001, 0.5)
    bfloat16: bool = field(default=False, metadata={"help": "multiply matrices in bfloat16 where that is faster on this machine"})
    seed: int = _of(1, "seed of weights and order", 0, 2**31 - 1)
    checkpoint_minutes: float = _of(5.0, "minutes between two checkpoints", 0.01, 10_000.0)

    def __post_init__(self) -> None:
        validate(self)
        if self.width % (2 * self.heads):
            raise UsageError(f"Expected width to be a multiple of twice the heads, but got {self.width} and {self.heads}.")

    def pace(self) -> Pace:
        """How the labels are gone through."""
        return Pace(
            epochs=self.epochs,
            minutes=self.minutes,
            learning_rate=self.learning_rate,
            warmup=self.warmup,
            weight_decay=self.weight_decay,
            average=self.average,
            patience=self.patience,
            bfloat16=self.bfloat16,
            checkpoint_minutes=self.checkpoint_minutes,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True)
class TransformerOptions(NetworkOptions):
    """Training of a transformer of a usual architecture.

    ``train_length`` is the length most rows are cut to (never above ``max_length``) and ``long_share`` the share of rows
    read at the model's full ``max_length``, so that long changes are in distribution at a fraction of their cost.
    """

    max_length: int = _of(512, "most tokens that the model reads", 32, 8192)
    train_length: int = _of(256, "most tokens of the rows that are cut short", 32, 8192)
    long_share: float = _of(0.15, "share of the rows that are read at the model's full length", 0.0, 1.0)

    def encode(self) -> EncodeOptions:
        """How rows are read."""
        return EncodeOptions(max_length=self.max_length)


@dataclass(frozen=True, slots=True)
class DiffTransformerOptions(NetworkOptions):
    """Training of a diff transformer: masked tokens first, then labels.

    Rows are read at ``max_length`` tokens, cut to segments of at most ``segment``; while learning, at most ``segments`` of
    them beside the message, drawn anew each time. The linear part counts the tokens and hashes runs of them,
    names and paths to 2 ** ``bits`` buckets each.
    """

    metrics: bool = field(default=True, metadata={"help": "read the size of the change"})
    max_length: int = _of(2048, "most tokens that the model reads", 64, 8192)
    segment: int = _of(128, "most tokens of a segment", 32, 2048)
    segments: int = _of(4, "most segments of hunks that are read at a time while learning", 1, 256)
    reach: int = _of(16, "most segments of hunks that the network reads when a change is scored", 1, 4096)
    bits: int = _of(18, "the linear part has 2 to the power of this many buckets for each kind of n-gram", 4, 24)
    c: float = _of(0.004, "inverse strength of the penalty on the linear part", 1e-6, 1e3)
    least: int = _of(10, "rows in which a feature of the linear part must occur", 1, 1_000_000)
    pretrain_epochs: float = _of(0.8, "passes over the train rows with masked tokens", 0.0, 1000.0)
    pretrain_minutes: float = _of(50.0, "most minutes with masked tokens", 0.01, 100_000.0)
    pretrain_rate: float = _of(1e-3, "highest learning rate with masked tokens", 1e-7, 1.0)
    hidden: float = _of(0.3, "share of the tokens that are hidden with masked tokens", 0.01, 0.9)

    def encode(self) -> EncodeOptions:
        """How rows are read: a path never fills more than half a segment, and messages and lines may take several."""
        return EncodeOptions(
            max_length=self.max_length,
            metrics=self.metrics,
            message_length=_SEGMENTS_OF_A_MESSAGE * self.segment,
            path_length=min(_PATH, self.segment // 2),
            line_length=_SEGMENTS_OF_A_LINE * self.segment,
        )
