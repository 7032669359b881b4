"""First-order mask value: what the logit would lose, were it linear, if a token became the baseline's. Needs torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from explain.attribution.grid import Part, balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.path import ends, parts_of, path_between
from explain.attribution.types import Attribution
from models.change.types import Diff
from models.classify.differentiable import Differentiable

NAME = "gradient"


def gradient(diff: Diff, classifier: Differentiable, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield one attribution: sum over the width of (e - e_baseline) times the gradient of the logit at the input.

    Gradient times input (Shrikumar et al. 2016) taken from the baseline instead of from zero. Exact for a linear
    model; elsewhere the completeness gap holds the curvature, and nothing bounds it.
    Guarantee: parameters, their ``grad`` and hooks are left alone. Three queries, one of them with a
    backward pass; against a background one more for every further draw.
    """
    path = path_between(NAME, diff, classifier, options)
    yield replace(balanced(path.start, path.parts(_slope(path.x, path.b, path.encoded.ids, classifier)), 1), converged=True)


def slopes(diff: Diff, classifier: Differentiable, options: AttributionOptions) -> list[Part]:
    """The values of ``gradient`` without their completeness gap: a single query, with a backward pass. May not be finite."""
    encoded, x, b, _ = ends(diff, classifier, options)
    return parts_of(encoded, _slope(x, b, encoded.ids, classifier))


def slopes_between(ids: tuple[int, ...], blank: tuple[int, ...], classifier: Differentiable) -> list[float]:
    """By position, what the logit of ``ids`` would lose, were it linear, if the token became that of ``blank``; one query."""
    with torch.no_grad():
        x, b = classifier.embed(ids), classifier.embed(blank)
    values: list[float] = _slope(x, b, ids, classifier).sum(dim=-1).flatten().tolist()
    return values


def _slope(x: Tensor, b: Tensor, ids: tuple[int, ...], classifier: Differentiable) -> Tensor:
    """Values of shape (1, length, width), float64; of several rows of the baseline the mean."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(classifier.logit_of_embeddings(leaf, ids).sum(), leaf)
        return slope.double() * (x.double() - b.double().mean(dim=0, keepdim=True))
