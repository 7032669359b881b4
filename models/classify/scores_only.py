"""A transformer that takes ids and nothing else: it scores changes, and what asks for its inside finds none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.change.types import Diff
from models.classify.checkpoint import Settings
from models.classify.protocol import Prediction
from models.classify.settled import Settled

Predict = Callable[[Sequence[Diff]], tuple[Prediction, ...]]


class ScoresOnly(Settled):
    """A classifier that is not ``Differentiable``, whatever ``predict`` belongs to: methods that score variants explain it."""

    def __init__(self, settings: Settings, digest: str, predict: Predict) -> None:
        super().__init__(settings, digest)
        self._predict = predict

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order."""
        return self._predict(diffs)
