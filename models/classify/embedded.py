"""What a classifier promises that can say what it makes of a whole change, before it judges it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from models.change.types import Diff
from models.classify.protocol import Classifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@runtime_checkable
class Embedding(Classifier, Protocol):
    """A classifier whose network turns a change into one vector: changes that it reads alike have vectors of one direction."""

    def vectors(self, diffs: Sequence[Diff]) -> NDArray[np.float32]:
        """One vector a diff, shape (diffs, width), float32; a diff's vector does not depend on its neighbours beyond rounding."""
        ...
