"""The two ends of the line in embedding space along which gradient methods look. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from explain.attribution.background import blanks
from explain.attribution.baseline import started
from explain.attribution.grid import Part
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff
from models.classify.differentiable import Differentiable
from models.encode.types import EncodedDiff


@dataclass(frozen=True, slots=True)
class Path:
    """``x`` and ``b``: float32 embeddings of the input, (1, length, width), and of the rows that the baseline is the mean of,

    (rows, length, width), with no gradient. They are equal, bit by bit, at every token that the baseline leaves as it is.
    """

    encoded: EncodedDiff
    x: Tensor
    b: Tensor
    start: Attribution

    def parts(self, values: Tensor) -> list[Part]:
        """One part a token from per-dimension values (1, length, width), summed over the width in float64."""
        return parts_of(self.encoded, values)


def parts_of(encoded: EncodedDiff, values: Tensor) -> list[Part]:
    """One part a token of ``encoded``; ``values`` as of ``Path.parts``."""
    sums: list[float] = values.detach().double().sum(dim=-1).flatten().tolist()
    return list(zip(encoded.units, encoded.sides, sums, strict=True))


def ends(diff: Diff, classifier: Differentiable, options: AttributionOptions) -> tuple[EncodedDiff, Tensor, Tensor, str]:
    """``diff`` encoded, the two ends ``x`` and ``b`` of its path, and the name of the baseline; no query."""
    encoded = classifier.encode(diff)
    blank = blanks(classifier, encoded, options)
    with torch.no_grad():
        b = torch.cat([classifier.embed(row) for row in blank.rows])
        return encoded, classifier.embed(encoded.ids), b, blank.name


def path_between(method: str, diff: Diff, classifier: Differentiable, options: AttributionOptions) -> Path:
    """Encode ``diff`` and score both ends; a query, and one a row of the baseline.

    The caller's autograd mode does not matter and is kept.
    """
    encoded, x, b, name = ends(diff, classifier, options)
    with torch.no_grad():
        both, size = torch.cat((x, b)), max(2, options.batch)
        parts = [both[i : i + size] for i in range(0, len(both), size)]
        scores = torch.cat([classifier.logit_of_embeddings(part, encoded.ids) for part in parts]).double().tolist()
    output, baseline_output = scores[0], fmean(scores[1:])
    return Path(encoded, x, b, started(method, name, (output, baseline_output), encoded.unread))


def logits_by_embeddings(classifier: Differentiable, rows: Sequence[tuple[int, ...]]) -> list[float]:
    """The logits of ``rows`` of ids of one length and structure, every token embedded and in its place, also padding."""
    with torch.no_grad():
        embedded = torch.cat([classifier.embed(row) for row in rows])
        logits: list[float] = classifier.logit_of_embeddings(embedded, rows[0]).double().tolist()
    return logits
