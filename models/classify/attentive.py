"""What a classifier promises that can show where its attention goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from models.classify.differentiable import Differentiable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Attention:
    """Where the places of one row of ids look.

    ``weights``: shape (layers, heads, length, length), float32; ``weights[l, h, i]`` is what place i takes from every place in
    head h of layer l, from the layer of the input up, and sums to 1. ``read``: shape (length,), sums to 1: what the head of the
    classifier takes from every place of the last layer.
    """

    weights: NDArray[np.float32]
    read: NDArray[np.float32]


@runtime_checkable
class Attentive(Differentiable, Protocol):
    """A classifier that reads all of a change as one row, layer by layer, by attention alone."""

    @property
    def attends(self) -> bool:
        """Whether its attention can be had; of a class of models, not all may have any."""
        ...

    def attention(self, ids: tuple[int, ...]) -> Attention:
        """The attention over ``ids``, as ``logits_of_ids`` reads them. The model itself is left alone."""
        ...
