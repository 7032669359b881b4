"""What a classifier promises whose parameters can be replaced, part by part, in a copy: for tests of what explains it."""

from __future__ import annotations

import hashlib
from typing import Protocol, runtime_checkable

from models.classify.protocol import Classifier


@runtime_checkable
class Layered(Classifier, Protocol):
    """A classifier that gives copies of itself with random parameters (Adebayo et al. 2018, Sanity Checks for Saliency Maps)."""

    @property
    def stages(self) -> tuple[str, ...]:
        """What its parameters are parted into, from the output down to the input; every parameter is in one stage."""
        ...

    def randomised(self, stages: int, seed: int) -> Classifier:
        """A copy in which the parameters of the first ``stages`` stages are random; the classifier itself is left alone.

        Random means: the values of every tensor (of every group of weights) change places among themselves, so that they keep
        their distribution and lose their meaning. A copy with more stages has the same random values in those that it shares
        with one of fewer, for the same seed. Raises ValueError for a number of stages that there is not.
        """
        ...


def check_stages(stages: int, most: int) -> None:
    """Raise ValueError unless ``stages`` is a number from 0 to ``most``."""
    if not 0 <= stages <= most:
        raise ValueError(f"Expected 0 to {most} stages to be randomised, but got {stages}.")


def copy_digest(digest: str, stages: int, seed: int) -> str:
    """The digest of a randomised copy of the classifier with ``digest``: its answers are others."""
    return hashlib.sha256(f"{digest} {stages} {seed}".encode()).hexdigest()[:16] if stages else digest
