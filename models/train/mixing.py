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
"""Rows of each label without which two factors are not worth fitting."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Factors of the two parts: logit = network * n + linear * l."""

    network: float = 1.0
    linear: float = 1.0


def fit_mix(network: Floats, linear: Floats, labels: NDArray[np.int64], weights: Floats) -> Mix:
    """Stacking by logistic regression (Wolpert 1992) of what both parts say, in logits, shape (rows,); neither counts negatively.

    A part that would is left out. With fewer than 50 rows of a label, or when nothing is left, both count as they were trained.
    """
    if np.bincount(labels, minlength=2).min() < _LEAST:
        return Mix()

    def factors(*columns: Floats) -> list[float]:
        model = LogisticRegression(C=1.0).fit(np.column_stack(columns), labels, sample_weight=weights)
        return [float(one) for one in model.coef_[0]]

    a, b = factors(network, linear)
    if min(a, b) <= 0:
        a, b = (factors(network)[0], 0.0) if b <= a else (0.0, factors(linear)[0])
    return Mix(a, b) if max(a, b) > 0 else Mix()


def mixed(network: DiffNetwork, linear: Linear, mix: Mix) -> Linear:
    """Put the factors into the weights: the network's logit plus the returned linear part is then the mixed logit.

    The linear part's weights are rounded to what float16 holds, as they are stored.
    """
    with torch.no_grad():
        for tensor in (network.outer.weight, network.outer.bias):
            tensor.mul_(mix.network)
    weights = (linear.weights * mix.linear).astype(np.float16).astype(np.float32)
    return replace(linear, weights=weights, bias=linear.bias * mix.linear)
