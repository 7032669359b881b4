"""What can be set about datasets; the command line's flags are made from the metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from models.bounds import validate
from models.errors import UsageError

DIMENSIONS = ("project", "split", "language", "component", "year", "label_kind")
"""What rows can be counted by. A component is "project: folder"; a row counts in each that it touches."""


class By(StrEnum):
    """What a split keeps apart."""

    TIME = "time"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class DescribeOptions:
    """What rows are counted by. Raises UsageError for what they cannot be counted by."""

    by: tuple[str, ...] = field(default=DIMENSIONS, metadata={"help": "What rows are counted by.", "choices": DIMENSIONS})

    def __post_init__(self) -> None:
        unknown = [name for name in self.by if name not in DIMENSIONS]
        if unknown:
            raise UsageError(f"Expected by to name some of {', '.join(DIMENSIONS)}, but got {unknown[0]}.")


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Shares of the splits "train" and "valid"; the rest is "test". Raises UsageError for shares beyond 1 together."""

    by: By = field(default=By.TIME, metadata={"help": "By time within each project, or by whole projects."})
    train: float = field(default=0.8, metadata={"help": "Share of the split train.", "min": 0, "max": 1})
    valid: float = field(default=0.1, metadata={"help": "Share of the split valid; the rest is test.", "min": 0, "max": 1})
    seed: int = field(default=1, metadata={"help": "Seed of a split by project.", "min": 0, "max": 2**31 - 1})
    held_out: tuple[str, ...] = field(
        default=(), metadata={"help": "Projects that are the split test, by commas; the others are train and valid."}
    )

    def __post_init__(self) -> None:
        validate(self)
        if sum(self.shares) > 1:
            raise UsageError(f"Expected shares of train and valid of at most 1 together, but got {self.train} and {self.valid}.")

    @property
    def shares(self) -> tuple[Fraction, Fraction]:
        """The shares of train and valid as the decimal numbers that they are written as, so that borders are exact."""
        return Fraction(str(self.train)), Fraction(str(self.valid))


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """How many rows are wanted. Raises UsageError for a value out of bounds."""

    rows: int = field(metadata={"help": "Rows of the split train that are kept.", "min": 2, "max": 1_000_000_000})
    positives: float = field(default=1.0, metadata={"help": "Share of the positives that is kept.", "min": 0.001, "max": 1})
    seed: int = field(default=1, metadata={"help": "Seed of which rows are kept.", "min": 0, "max": 2**31 - 1})

    def __post_init__(self) -> None:
        validate(self)
