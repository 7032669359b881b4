"""What can be set about an attribution; the command line's flags and the page's form are made from the metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from models.bounds import validate

MASK: Final = "mask"
PAD: Final = "pad"
REVERTED: Final = "reverted"
BACKGROUND: Final = "background"
"""A baseline that has content, see ``background.AgainstBackground``: it takes more than a name."""
BASELINES: Final = (MASK, PAD, REVERTED)


@dataclass(frozen=True, slots=True)
class AttributionOptions:
    """Settings of every attribution method; a method reads those that concern it.

    The metadata of a field holds ``help`` and either ``choices`` or ``min`` and ``max`` (inclusive).
    Raises UsageError for a value outside them.
    """

    baseline: str = field(
        default=MASK,
        metadata={
            "help": "what the change is compared with: one token in place of its content, or the change with lines taken back",
            "choices": BASELINES,
        },
    )
    tolerance: float = field(
        default=0.02,
        metadata={"help": "largest share of the output's change that may stay unexplained", "min": 1e-6, "max": 1.0},
    )
    max_steps: int = field(
        default=128, metadata={"help": "most points of the integration path before giving up", "min": 1, "max": 4096}
    )
    orders: int = field(
        default=4,
        metadata={"help": "pairs of orders in which shapley and owen take parts away", "min": 1, "max": 10_000},
    )
    budget: int = field(
        default=2000,
        metadata={
            "help": "most queries of shapley, owen and erasure, which take coarser parts to keep it",
            "min": 1,
            "max": 10**6,
        },
    )
    order_seed: int = field(
        default=1,
        metadata={
            "help": "seed of the orders of shapley and owen, and of those that trust is measured by",
            "min": 0,
            "max": 2**31 - 1,
        },
    )
    batch: int = field(default=16, metadata={"help": "inputs scored at once", "min": 1, "max": 1024})

    def __post_init__(self) -> None:
        validate(self)
