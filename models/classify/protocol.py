"""What every classifier of changes promises, whatever is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from models.change.types import Diff, Unit


@dataclass(frozen=True, slots=True)
class Prediction:
    """The verdict on one diff.

    ``logit`` is the raw output, flagged against not (natural log-odds before calibration); ``score`` the calibrated
    probability of "flagged" in [0, 1]; ``margin`` is ``logit`` less the logit at the threshold: the diff is flagged
    exactly when ``margin >= 0``. ``unread`` lists the units that the model never saw.
    """

    logit: float
    score: float
    threshold: float
    margin: float
    tokens_read: int
    tokens_total: int
    unread: tuple[Unit, ...] = ()

    @property
    def flagged(self) -> bool:
        """Whether the model flags the diff."""
        return self.margin >= 0


@runtime_checkable
class Classifier(Protocol):
    """Anything that flags diffs. ``name`` says which checkpoint, ``digest`` changes when any answer may change."""

    @property
    def name(self) -> str:
        """A short name for people."""
        ...

    @property
    def digest(self) -> str:
        """A hexadecimal digest of all that the answers depend on."""
        ...

    @property
    def threshold(self) -> float:
        """The calibrated score from which on a diff is flagged."""
        ...

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order; the answer for a diff does not depend on its neighbours beyond rounding."""
        ...
