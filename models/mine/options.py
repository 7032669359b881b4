"""What can be set about mining."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from models.bounds import validate


class Labels(StrEnum):
    """Where labels come from; see ``models.mine.declared`` and ``models.mine.szz``."""

    DECLARED = "declared"
    SZZ = "szz"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class MineOptions:
    """Two guards against fixes that are tangled with other work (Herzig, Zeller 2013, "The impact of tangled code changes").

    ``max_deleted`` bounds the code lines that a fix may delete. Of those, a commit must have written the share
    ``min_share`` to be blamed: a fix that also tidies up touches a line or two of many commits. Measured on 361 fixes of
    iproute2 whose developers name the culprit: without a share 54 % of the blamed commits are the named ones and 77 % of
    the named ones are blamed; with a quarter 67 and 73 %, with a half 73 and 70 %.
    """

    labels: Labels = field(
        default=Labels.SZZ,
        metadata={
            "help": "Positives: declared by a later commit; szz: last to touch what a fix deletes; performance: both, "
            "for performance fixes only."
        },
    )
    max_deleted: int = field(
        default=200,
        metadata={"help": "Most code lines that a fix may delete; a larger one is left out.", "min": 1, "max": 100_000},
    )
    min_share: float = field(
        default=0.5,
        metadata={"help": "Least share of the lines that a fix deletes which a commit must have written.", "min": 0, "max": 1},
    )
    jobs: int = field(
        default=0, metadata={"help": "Most git processes at once; 0 is one for each processor.", "min": 0, "max": 256}
    )

    def __post_init__(self) -> None:
        """Raise UsageError for a value out of bounds."""
        validate(self)
