"""What can be set about a training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Training of our transformer from scratch.

    ``train_length`` is the length most rows are cut to and ``long_share`` the share of rows read at the model's full
    ``max_length``, so that long changes are in distribution at a fraction of their cost. ``mask_share`` of the rows
    have a uniformly drawn share of their content and size tokens masked (Madsen et al. 2023, faithfulness measurable
    models), so that explanations by masking stay on inputs the model knows. ``minutes`` bounds the run: the learning
    rate then reaches zero when the time is over, however many rows were seen. ``bfloat16`` multiplies matrices in
    that format (weights stay float32); it pays only on machines that have it in hardware.
    """

    max_length: int = 512
    train_length: int = 256
    long_share: float = 0.15
    vocabulary: int = 8192
    width: int = 256
    layers: int = 4
    heads: int = 4
    inner: int = 384
    epochs: float = 1.0
    minutes: float = 180.0
    batch_tokens: int = 8192
    learning_rate: float = 4e-4
    warmup: float = 0.08
    weight_decay: float = 0.02
    mask_share: float = 0.2
    bfloat16: bool = False
    seed: int = 1
    checkpoint_minutes: float = 5.0
    valid_rows: int = 1500
