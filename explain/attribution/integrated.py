"""Integrated gradients on input embeddings, with steps doubled until the values add up. Needs torch and captum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from explain.attribution.grid import balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.path import Path, path_between
from explain.attribution.schedule import doublings
from explain.attribution.types import Attribution
from models.change.types import Diff
from models.classify.differentiable import Differentiable

NAME = "integrated-gradients"


def integrated_gradients(diff: Diff, classifier: Differentiable, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield an attribution for 8, 16, 32, … steps; the last one is the answer.

    The integral of the gradient of the logit difference from the baseline to the input, times their difference
    (Sundararajan, Taly and Yan 2017), by Gauss-Legendre quadrature. Ends as soon as ``relative_gap`` is at most
    ``options.tolerance`` (converged) or ``options.max_steps`` is reached (not converged).
    Against a background the mean over its draws, each with the same steps.
    Guarantee: tokens that the baseline keeps get exactly 0; parameters, their ``grad`` and hooks are left alone.
    Costs at most 2 + 8 + 16 + … + max_steps queries for every draw, all but two with a backward pass.
    """
    path = path_between(NAME, diff, classifier, options)
    for steps in doublings(options.max_steps):
        values = _integral(path, classifier, steps, options.batch)
        result = balanced(path.start, path.parts(values), steps)
        result = replace(result, converged=result.relative_gap <= options.tolerance)
        yield result
        if result.converged:
            return


def _integral(path: Path, classifier: Differentiable, steps: int, batch: int) -> Tensor:
    """Values of shape (1, length, width), the mean over the rows of the baseline."""

    def logit(embeddings: Tensor) -> Tensor:
        return classifier.logit_of_embeddings(embeddings, path.encoded.ids)

    with torch.inference_mode(False):
        found = [
            IntegratedGradients(logit).attribute(
                path.x, baselines=path.b[n : n + 1], n_steps=steps, method="gausslegendre", internal_batch_size=batch
            )
            for n in range(len(path.b))
        ]
    return torch.cat(found).mean(dim=0, keepdim=True)
