"""The parts of a diff transformer are mixed by what they are worth, and the mix is in the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE

from models.classify.linear import Linear
from models.classify.network import DiffNetwork, Shape
from models.encode.spelling import spelling_of
from models.train.mixing import Mix, fit_mix, mixed

RANDOM = np.random.default_rng(4)
LABELS = RANDOM.integers(0, 2, 4000)
SIGNAL = LABELS * 2.0 - 1 + RANDOM.normal(size=4000)
NOISE = RANDOM.normal(size=4000)
ONES = np.ones(4000)
SPELLING = spelling_of(Tokenizer(BPE()), 0)


def test_a_part_that_knows_nothing_does_not_count():
    mix = fit_mix(NOISE, SIGNAL, LABELS, ONES)
    assert mix.linear == pytest.approx(2.0, abs=0.2)  # the log-odds of two unit normals at -1 and 1 rise by 2
    assert abs(mix.network) < 0.1


def test_a_part_that_would_count_negatively_is_left_out():
    wrong = NOISE - 0.5 * LABELS
    assert fit_mix(wrong, SIGNAL, LABELS, ONES) == Mix(0.0, fit_mix(NOISE * 0, SIGNAL, LABELS, ONES).linear)
    assert fit_mix(SIGNAL, wrong, LABELS, ONES).linear == 0
    assert fit_mix(-SIGNAL, -SIGNAL, LABELS, ONES) == Mix()


def test_equal_parts_share_the_weight():
    other = LABELS * 2.0 - 1 + RANDOM.normal(size=4000)
    mix = fit_mix(SIGNAL, other, LABELS, ONES)
    assert mix.network == pytest.approx(2.0, abs=0.3)
    assert mix.linear == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("positives", [0, 49])
def test_few_rows_of_a_label_leave_the_parts_as_they_are(positives: int):
    labels = (np.arange(4000) < positives).astype(np.int64)
    assert fit_mix(NOISE, SIGNAL, labels, ONES) == Mix(1.0, 1.0)


def test_the_mix_is_in_the_weights():
    torch.manual_seed(1)
    network = DiffNetwork(Shape(60, 8, 1, 1, 8, 16, 4))
    torch.nn.init.normal_(network.outer.weight)
    features = torch.randn(5, 8)
    before = network.outer(features).double().detach().numpy()
    linear = Linear(np.array([0.5, -1.0], dtype=np.float32), 0.25, SPELLING, 1)
    scaled = mixed(network, linear, Mix(0.5, 3.0))
    after = network.outer(features).double().detach().numpy()
    assert after == pytest.approx(0.5 * before, abs=1e-5)
    assert (scaled.weights.tolist(), scaled.bias) == ([1.5, -3.0], 0.75)
