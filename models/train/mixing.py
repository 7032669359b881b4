"""How much a diff transformer's parts count in its score: fitted on rows that none of them has seen. Needs torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.classify.linear import Linear
from models.classify.network import DiffNetwork

Floats = NDArray[np.float64]
_LEAST = 50
"""Rows of each label without which three factors are not worth fitting."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Factors of the network's two outputs and of the linear part; logit = first * o1 + second * o2 + linear * l + constant."""

    first: float = 1.0
    second: float = 0.0
    linear: float = 1.0

    def of(self, outputs: Floats, offsets: Floats) -> Floats:
        """The mixed logits, shape (rows,), of outputs (rows, 2) and of what the linear part says (rows,)."""
        return self.first * outputs[:, 0] + self.second * outputs[:, 1] + self.linear * offsets


def fit_mix(outputs: Floats, offsets: Floats, labels: NDArray[np.int64], weights: Floats) -> Mix:
    """Stacking by logistic regression (Wolpert 1992); no part counts negatively.

    Parts that would are left out, the one with the lowest factor first. With fewer than 50 rows of a label, or when
    nothing is left, the parts count as they were trained.
    """
    columns = np.column_stack([outputs, offsets])
    used = [0, 1, 2]
    if np.bincount(labels, minlength=2).min() < _LEAST:
        return Mix()
    while used:
        model = LogisticRegression(C=1.0).fit(columns[:, used], labels, sample_weight=weights)
        factors = model.coef_[0]
        if factors.min() > 0:
            found = dict(zip(used, map(float, factors), strict=True))
            return Mix(*(found.get(i, 0.0) for i in range(3)))
        used.pop(int(np.argmin(factors)))
    return Mix()


def mixed(network: DiffNetwork, linear: Linear, mix: Mix) -> Linear:
    """Put the factors into the weights: the network's first output plus the returned linear part is then the mixed logit.

    The second output stays what it is. The linear part's weights are rounded to what float16 holds, as they are stored.
    """
    with torch.no_grad():
        for tensor in (network.outer.weight, network.outer.bias):
            tensor[0] = mix.first * tensor[0] + mix.second * tensor[1]
    weights = (linear.weights * mix.linear).astype(np.float16).astype(np.float32)
    return replace(linear, weights=weights, bias=linear.bias * mix.linear)
