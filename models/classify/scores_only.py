"""A transformer that takes ids and nothing else: it scores changes, and what asks for its inside finds none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.change.types import Diff
from models.classify.protocol import Prediction
from models.classify.settled import Settled

if TYPE_CHECKING:
    from models.classify.transformer import TransformerClassifier


class ScoresOnly(Settled):
    """A classifier that scores as ``inner`` does and is not ``Differentiable``: methods that score variants explain it."""

    def __init__(self, inner: TransformerClassifier) -> None:
        super().__init__(inner.settings, inner.digest)
        self._inner = inner

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """As ``inner``."""
        return self._inner.predict(diffs)
