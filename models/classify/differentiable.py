"""What gradient attributions need of a classifier beyond scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from models.change.types import Diff
from models.classify.protocol import Classifier
from models.encode.types import EncodedDiff

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Differentiable(Classifier, Protocol):
    """A classifier whose logit can be differentiated with respect to its input embeddings.

    No hooks and no state: safe to call from several threads over one model.
    """

    @property
    def mask_id(self) -> int | None:
        """The id of the mask token, or None when the tokenizer has none."""
        ...

    @property
    def pad_id(self) -> int:
        """The id of the padding token."""
        ...

    def encode(self, diff: Diff) -> EncodedDiff:
        """The ids that ``predict`` reads for this diff."""
        ...

    def embed(self, ids: tuple[int, ...]) -> Tensor:
        """Float32 input embeddings of shape (1, len(ids), width), detached."""
        ...

    def logit_of_embeddings(self, embeddings: Tensor, ids: tuple[int, ...]) -> Tensor:
        """Logit differences, flagged against not, shape (batch,), of embeddings (batch, len(ids), width), no padding.

        ``ids``: a row whose structure (markers of lines, paths, hunks) all the embeddings share; its content may differ.
        """
        ...

    def logits_of_ids(self, rows: list[tuple[int, ...]]) -> list[float]:
        """Raw logit differences of rows of token ids (any lengths), batched, float32."""
        ...
