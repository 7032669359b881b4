"""What can be set about an attribution; the command line's flags and the page's form are made from the metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from models.bounds import validate

MASK: Final = "mask"
PAD: Final = "pad"
REVERTED: Final = "reverted"


@dataclass(frozen=True, slots=True)
class AttributionOptions:
    """Settings of every attribution method; a method reads those that concern it.

    The metadata of a field holds ``help`` and either ``choices`` or ``min`` and ``max`` (inclusive).
    Raises UsageError for a value outside them.
    """

    baseline: str = field(
        default=MASK,
        metadata={"help": "token that stands in for the content of the change in the baseline", "choices": (MASK, PAD)},
    )
    tolerance: float = field(
        default=0.02,
        metadata={"help": "largest share of the output's change that may stay unexplained", "min": 1e-6, "max": 1.0},
    )
    max_steps: int = field(
        default=128, metadata={"help": "most points of the integration path before giving up", "min": 1, "max": 4096}
    )
    batch: int = field(default=16, metadata={"help": "inputs scored at once", "min": 1, "max": 1024})

    def __post_init__(self) -> None:
        validate(self)
