"""How a network is trained: how long, how fast, and what of it is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How a task is gone through.

    ``epochs`` and ``minutes``: the run ends with whichever comes first, and the learning rate with it. ``average``: decay of
    the exponential moving average of the weights, which is what is measured and kept (Polyak and Juditsky 1992).
    ``patience``: checkpoints without a better measure after which the run stops; 0: never.
    """

    epochs: float
    minutes: float
    learning_rate: float
    warmup: float
    weight_decay: float
    average: float
    patience: int
    bfloat16: bool
    checkpoint_minutes: float
    seed: int
