"""The parts of a diff transformer are mixed by what they are worth, and the mix is in the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.classify.linear import Linear
from models.classify.network import DiffNetwork, Shape
from models.train.mixing import Mix, fit_mix, mixed

RANDOM = np.random.default_rng(4)
LABELS = RANDOM.integers(0, 2, 4000)
SIGNAL = LABELS * 2.0 - 1 + RANDOM.normal(size=4000)
NOISE = RANDOM.normal(size=4000)
ONES = np.ones(4000)


def test_a_part_that_knows_nothing_does_not_count():
    mix = fit_mix(np.column_stack([NOISE, SIGNAL]), np.zeros(4000), LABELS, ONES)
    assert mix.second == pytest.approx(2.0, abs=0.2)  # the log-odds of two unit normals at -1 and 1 rise by 2
    assert abs(mix.first) < 0.1
    assert fit_mix(np.column_stack([-SIGNAL, NOISE * 0]), SIGNAL, LABELS, ONES).first == 0


def test_equal_parts_share_the_weight():
    other = LABELS * 2.0 - 1 + RANDOM.normal(size=4000)
    mix = fit_mix(np.column_stack([SIGNAL, NOISE * 0]), other, LABELS, ONES)
    assert mix.first == pytest.approx(2.0, abs=0.3)
    assert mix.linear == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("positives", [0, 49])
def test_few_rows_of_a_label_leave_the_parts_as_they_are(positives: int):
    labels = (np.arange(4000) < positives).astype(np.int64)
    assert fit_mix(np.column_stack([NOISE, NOISE]), SIGNAL, labels, ONES) == Mix(1.0, 0.0, 1.0)


def test_the_mix_is_in_the_weights():
    torch.manual_seed(1)
    network = DiffNetwork(Shape(60, 8, 1, 1, 8, 16, 4))
    torch.nn.init.normal_(network.outer.weight)
    features = torch.randn(5, 8)
    before = network.outer(features).double().detach().numpy()
    linear = Linear(np.array([0.5, -1.0], dtype=np.float32), 0.25, 1, 1)
    mix = Mix(0.5, 2.0, 3.0)
    scaled = mixed(network, linear, mix)
    after = network.outer(features).double().detach().numpy()
    assert after[:, 0] == pytest.approx(0.5 * before[:, 0] + 2.0 * before[:, 1], abs=1e-5)
    assert after[:, 1] == pytest.approx(before[:, 1])
    assert (scaled.weights.tolist(), scaled.bias) == ([1.5, -3.0], 0.75)
    assert mix.of(before, np.full(5, 0.25)) == pytest.approx(after[:, 0] + scaled.bias, abs=1e-5)
