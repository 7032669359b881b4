"""What all classifiers that come from a folder share: a name, a digest, and the way from a logit to a verdict."""

from __future__ import annotations

from models.change.types import Unit
from models.classify.checkpoint import Settings
from models.classify.protocol import Prediction


class Settled:
    """A classifier with settings; immutable once built, so that threads may share it."""

    def __init__(self, settings: Settings, digest: str) -> None:
        self._settings, self._digest = settings, digest
        self._cut = settings.calibration.logit(settings.threshold)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self._settings.name

    @property
    def digest(self) -> str:
        """Digest over all files that decide the answers."""
        return self._digest

    @property
    def threshold(self) -> float:
        """The calibrated score from which on a diff is flagged."""
        return self._settings.threshold

    @property
    def settings(self) -> Settings:
        """What ``whydiff.json`` says."""
        return self._settings

    def verdict(self, logit: float, read: int, total: int, unread: tuple[Unit, ...] = ()) -> Prediction:
        """The prediction with the raw ``logit``, of a change with ``read`` of ``total`` words or tokens read."""
        return Prediction(logit, self._settings.calibration.score(logit), self.threshold, logit - self._cut, read, total, unread)
