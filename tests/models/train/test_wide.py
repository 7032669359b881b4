"""The linear part: what tells by itself is trusted sooner, rows apart are spoken for by a part that has not seen them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tokenizers import Tokenizer
from tokenizers.models import BPE

from models.encode.ngrams import feature_count
from models.encode.spelling import spelling_of
from models.train import wide
from models.train.wide import LinearOptions, fit, fit_part, given

OPTIONS = LinearOptions(spelling_of(Tokenizer(BPE()), 1), 4, 0.01, 2, 1)
FEATURES = feature_count(1, 4)
RANDOM = np.random.default_rng(2)
LABELS = RANDOM.integers(0, 2, 400)
ONES = np.ones(400)


def table(strengths: dict[int, float]) -> csr_matrix:
    """Rows in which feature f occurs with the probability .5, more by half of its strength where the label is 1."""
    dense = np.zeros((400, FEATURES), dtype=np.float32)
    for feature, strength in strengths.items():
        dense[:, feature] = RANDOM.random(400) < 0.5 + (LABELS - 0.5) * strength
    return csr_matrix(dense)


def test_the_strong_feature_gets_more_than_its_share_of_the_weight():
    linear = fit(table({3: 0.8, 5: 0.1, 6: 0.0}), LABELS, ONES, OPTIONS)
    assert linear.weights[3] > 10 * abs(linear.weights[6])
    assert linear.weights[3] > 5 * abs(linear.weights[5])
    assert np.count_nonzero(linear.weights) <= 3


def test_what_occurs_in_too_few_rows_has_no_weight():
    rare = table({3: 0.8, 5: 0.8}).tolil()
    rare[:, 5] = 0
    rare[7, 5] = 1
    linear = fit(rare.tocsr(), LABELS, ONES, OPTIONS)
    assert linear.weights[5] == 0
    assert linear.weights[3] != 0


def test_rows_apart_are_spoken_for_by_a_part_that_has_not_seen_them(tmp_path: Path):
    features = table({3: 0.8, 5: 0.4})
    apart = np.arange(400) >= 300
    part = fit_part(features, LABELS, ONES, apart, OPTIONS, tmp_path / "linear.safetensors")
    others = fit(features[:300], LABELS[:300], ONES[:300], OPTIONS)
    assert part.offsets[300:] == pytest.approx(given(features, others).offsets[300:])
    assert np.isnan(part.offsets[:300]).all()
    assert part.linear.weights.tolist() == fit(features, LABELS, ONES, OPTIONS).weights.tolist()


def test_parts_are_read_back_only_for_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    features, apart, cache = table({3: 0.8}), np.arange(400) >= 300, tmp_path / "linear.safetensors"
    first = fit_part(features, LABELS, ONES, apart, OPTIONS, cache)
    other = fit_part(features, 1 - LABELS, ONES, apart, OPTIONS, cache)
    assert other.linear.weights[3] == pytest.approx(-first.linear.weights[3], abs=1e-3)
    monkeypatch.setattr(wide, "fit", None)  # not called: what is kept is enough
    again = fit_part(features, 1 - LABELS, ONES, apart, OPTIONS, cache)
    assert again.linear.weights.tolist() == other.linear.weights.tolist()
    assert again.offsets[300:] == pytest.approx(other.offsets[300:], abs=1e-6)
