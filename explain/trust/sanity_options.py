"""What can be set about sanity checks; the command line's flags are made from the metadata. Loads nothing large."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.bounds import validate

PART = "sanity"
"""The name of the figures in a model card."""


@dataclass(frozen=True, slots=True)
class SanityOptions:
    """How much is tried. Raises UsageError for a value out of bounds."""

    rows: int = field(default=8, metadata={"help": "changes on which rankings are compared", "min": 2, "max": 10_000})
    learn: int = field(
        default=3000, metadata={"help": "made-up changes that a planted model learns from", "min": 20, "max": 100_000}
    )
    ask: int = field(default=40, metadata={"help": "made-up changes that are explained for each rule", "min": 2, "max": 10_000})
    minutes: float = field(default=1.0, metadata={"help": "most minutes of one training", "min": 0.01, "max": 1000.0})
    seed: int = field(default=1, metadata={"help": "seed of all that is drawn", "min": 0, "max": 2**31 - 1})

    def __post_init__(self) -> None:
        validate(self)
