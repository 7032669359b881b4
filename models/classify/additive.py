"""What a classifier promises whose logit is a sum of parts of the change: a linear model, or trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from models.change.types import Diff, Unit
from models.classify.protocol import Classifier
from models.encode.types import Side

EMPTY: Final = "empty change"
AVERAGE: Final = "average change"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one place of the change adds to the logit; positive pushes towards flagged.

    A number taken of the change as a whole has ``Unit(METRICS_FILE, -1, n)``, n being its place in ``Contributions.names``.
    """

    unit: Unit
    side: Side
    value: float


@dataclass(frozen=True, slots=True)
class Contributions:
    """``base``, the logit that the parts start from, and the parts in reading order: all sum to the raw logit.

    ``baseline`` says what has the logit ``base``: "empty change" (the score of no change) or "average change" (the mean
    output over the rows the model was trained on).
    ``names`` says what each number taken of the change as a whole is, with its value ("lines added: 12").
    """

    baseline: str
    base: float
    parts: tuple[Contribution, ...]
    names: tuple[str, ...] = ()


@runtime_checkable
class Additive(Classifier, Protocol):
    """A classifier that takes its own logit apart, exactly (to the rounding of float32)."""

    def contributions(self, diff: Diff) -> Contributions:
        """The parts of the logit of ``diff``."""
        ...

    def recounted(self, diff: Diff) -> Contributions:
        """The same by another way, for checks: shares no code with ``contributions``, is slower, has lines for words."""
        ...
