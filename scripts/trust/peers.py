"""Other explainers on the same model: Captum's layer integrated gradients as it is called, and SHAP's partition explainer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import torch
from captum.attr import LayerIntegratedGradients
from numpy.typing import NDArray
from torch import Tensor, nn

from explain.attribution.options import AttributionOptions
from explain.attribution.path import ends
from explain.trust.removal import Curve
from models.change.types import Diff
from models.classify.differentiable import Differentiable
from models.errors import UsageError

STEPS, EVALUATIONS = 50, 500
"""The defaults of Captum and of SHAP's text explainer."""


class _Layered(nn.Module):
    """A classifier as a network with a layer to hook into: its input embeddings."""

    def __init__(self, classifier: Differentiable, ids: tuple[int, ...]) -> None:
        super().__init__()
        self.embeddings = nn.Identity()
        self._classifier, self._ids = classifier, ids

    def forward(self, embedded: Tensor) -> Tensor:
        return self._classifier.logit_of_embeddings(self.embeddings(embedded), self._ids)


def layer_integrated_gradients(diff: Diff, classifier: Differentiable, batch: int) -> tuple[list[float], float]:
    """(values by position, relative gap) of a plain call with 50 steps from the same masked baseline."""
    encoded, x, b, _ = ends(diff, classifier, AttributionOptions())
    network = _Layered(classifier, encoded.ids)
    values, delta = LayerIntegratedGradients(network, network.embeddings).attribute(
        x, baselines=b, n_steps=STEPS, internal_batch_size=batch, return_convergence_delta=True
    )
    with torch.no_grad():
        output, baseline_output = classifier.logit_of_embeddings(torch.cat((x, b)), encoded.ids).tolist()
    return values.sum(-1).flatten().tolist(), abs(float(delta)) / max(abs(output - baseline_output), 0.05)


def load_shap() -> Any:
    """SHAP as installed; raises UsageError where it or something that it imports is missing."""
    try:
        return import_module("shap")
    except ImportError as error:
        raise UsageError(
            f"Expected SHAP to compare with, but it cannot be imported ({error}); install it with `pip install shap`."
        ) from error


def partition(shap: Any, curve: Curve) -> list[float]:
    """SHAP's values of the parts of ``curve``, masked as it masks, over a balanced tree; 500 evaluations at most."""
    n = len(curve.game.units)

    def scores(kept: NDArray[np.float64]) -> NDArray[np.float64]:
        removed: Sequence[Collection[int]] = [np.flatnonzero(~(row > 0)).tolist() for row in kept]
        return np.array(curve.game.logits(removed))

    if n < 2:
        return [1.0] * n
    masker = shap.maskers.Partition(np.zeros((1, n)), clustering=balanced(n))
    explainer = shap.explainers.Partition(scores, masker)
    found = explainer(np.ones((1, n)), max_evals=EVALUATIONS, batch_size=16, silent=True)
    return [float(value) for value in found.values[0]]


def balanced(n: int) -> NDArray[np.float64]:
    """A binary tree over ``n`` leaves that joins neighbours, in SciPy's linkage form, shape (n - 1, 4)."""
    level, rows, number = [(leaf, 1) for leaf in range(n)], list[tuple[int, int, int, int]](), n
    while len(level) > 1:
        joined = []
        for (a, in_a), (b, in_b) in zip(level[::2], level[1::2], strict=False):
            rows.append((a, b, max(in_a, in_b), in_a + in_b))
            joined.append((number, in_a + in_b))
            number += 1
        level = joined + level[2 * len(joined) :]
    return np.array(rows, dtype=np.float64)
