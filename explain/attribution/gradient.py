"""First-order mask value: what the logit would lose, were it linear, if a token became the baseline's. Needs torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from explain.attribution.grid import balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.path import Path, path_between
from explain.attribution.types import Attribution
from models.change.types import Diff
from models.classify.differentiable import Differentiable

NAME = "gradient"


def gradient(diff: Diff, classifier: Differentiable, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield one attribution: sum over the width of (e - e_baseline) times the gradient of the logit at the input.

    Gradient times input (Shrikumar et al. 2016) taken from the baseline instead of from zero. Exact for a linear
    model; elsewhere the completeness gap holds the curvature, and nothing bounds it.
    Guarantee: parameters, their ``grad`` and hooks are left alone. Three queries, one of them with a backward pass.
    """
    path = path_between(NAME, diff, classifier, options)
    yield replace(balanced(path.start, path.parts(_slope(path, classifier)), 1), converged=True)


def _slope(path: Path, classifier: Differentiable) -> Tensor:
    """Values of shape (1, length, width), float64."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = path.x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(classifier.logit_of_embeddings(leaf, path.encoded.ids).sum(), leaf)
        return slope.double() * (path.x.double() - path.b.double())
