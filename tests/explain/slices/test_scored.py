"""Metrics of scored rows against scikit-learn and models.evaluate, and their influences against leaving rows out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from explain.slices import influence, scored
from explain.slices.calibration import Bins, _reaches, between, calibration_bins
from explain.slices.influence import Measured, Sample
from models.evaluate.bootstrap import once
from models.evaluate.calibrate import calibration_error
from models.evaluate.effort import least, recall_at_effort
from models.evaluate.gating import gate_curve

SCORERS: dict[str, Callable[[Sample], scored.Interval]] = {
    "auc": scored.auc,
    "average precision": scored.average_precision,
    "brier": scored.brier,
    "calibration error": scored.calibration_error,
    "caught": lambda sample: scored.caught(sample, 10),
    "recall at effort": lambda sample: scored.recall_at_effort(sample, 20),
}
INFLUENCES: dict[str, Callable[[Sample], Measured]] = {
    "auc": influence.auc,
    "average precision": influence.average_precision,
    "brier": influence.brier,
}


def a_sample(rows: int = 300, seed: int = 1, ties: bool = False, weights: bool = False) -> Sample:
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.3).astype(float)
    scores = np.clip(0.3 * labels + 0.7 * random.random(rows), 0, 1)
    scores = np.round(scores, 1) if ties else scores
    own = random.integers(1, 4, rows).astype(float) if weights else np.ones(rows)
    return Sample(labels, scores, own, None, np.rint(np.exp(random.normal(3, 1, rows))))


def ints(sample: Sample) -> np.ndarray:
    return sample.labels.astype(np.int64)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("rows", [7, 60, 900])
def test_values_are_those_of_scikit_learn(rows: int, ties: bool, weights: bool) -> None:
    sample = a_sample(rows, rows, ties, weights)
    given = {"sample_weight": sample.weights}
    assert scored.auc(sample)[0] == pytest.approx(roc_auc_score(sample.labels, sample.scores, **given))
    theirs = average_precision_score(sample.labels, sample.scores, **given)
    assert scored.average_precision(sample)[0] == pytest.approx(theirs)
    assert scored.brier(sample)[0] == pytest.approx(brier_score_loss(sample.labels, sample.scores, **given))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("rows", [7, 60, 900])
def test_values_are_those_of_the_evaluation(rows: int, ties: bool) -> None:
    sample = a_sample(rows, rows, ties)
    assert sample.lines is not None
    assert scored.calibration_error(sample)[0] == pytest.approx(calibration_error(ints(sample), sample.scores))
    gate = gate_curve(ints(sample), sample.scores)(once(rows))[0]
    effort = least(sample.lines)
    found = recall_at_effort(ints(sample), sample.scores / effort, effort)(once(rows))[0]
    assert scored.recall_at_effort(sample, 20)[0] == pytest.approx(found)
    for percent in (0, 1, 5, 20, 50, 100):
        assert scored.caught(sample, percent)[0] == pytest.approx(gate[percent])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", INFLUENCES)
def test_an_influence_is_what_a_little_more_weight_does(name: str, ties: bool) -> None:
    sample, step = a_sample(40, 3, ties, weights=True), 1e-5
    found = INFLUENCES[name](sample)
    for row in range(40):
        ends = []
        for sign in (1, -1):
            weights = sample.weights.copy()
            weights[row] += sign * step
            ends.append(INFLUENCES[name](Sample(sample.labels, sample.scores, weights)).value)
        slope = (ends[0] - ends[1]) / (2 * step) * sample.weights.sum()
        assert found.influence[row] == pytest.approx(slope, abs=1e-6)
    assert sample.weights @ found.influence == pytest.approx(0, abs=1e-9)


def delong(sample: Sample) -> float:
    """DeLong's variance from all pairs."""
    ups, downs = (sample.scores[sample.labels == label] for label in (1, 0))
    pairs = (ups[:, None] > downs[None]) + 0.5 * (ups[:, None] == downs[None])
    return float(pairs.mean(axis=1).var(ddof=1) / len(ups) + pairs.mean(axis=0).var(ddof=1) / len(downs))


@pytest.mark.parametrize("ties", [False, True])
def test_the_variance_of_the_auc_is_delongs(ties: bool) -> None:
    sample = a_sample(2000, 4, ties)
    variance, _ = scored.spread(sample, influence.auc(sample).influence)
    assert variance == pytest.approx(delong(sample), rel=2e-3)


@pytest.mark.parametrize("name", ["average precision", "recall at effort", "caught", "brier", "auc"])
def test_intervals_of_many_rows_agree_with_drawing_the_rows_again(name: str) -> None:
    sample, random = a_sample(1500, 5), np.random.default_rng(6)
    assert sample.lines is not None
    values = []
    for _ in range(400):
        rows = random.integers(0, 1500, 1500)
        drawn = Sample(sample.labels[rows], sample.scores[rows], np.ones(1500), None, sample.lines[rows])
        values.append(SCORERS[name](drawn)[0])
    _, low, high = SCORERS[name](sample)
    assert (high - low) / (3.92 * np.std(values)) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("name", SCORERS)
def test_rows_in_copies_of_a_cluster_count_as_one(name: str) -> None:
    single, copies = a_sample(200, 7), 3
    assert single.lines is not None
    places = np.repeat(np.arange(200), copies)
    arrays = [one[places] for one in (single.labels, single.scores, single.weights)]
    alone = Sample(*arrays, None, single.lines[places])
    tied = Sample(*arrays, places, single.lines[places])
    plain, doubted, once_each = (SCORERS[name](one) for one in (alone, tied, single))
    assert doubted[0] == plain[0]
    assert doubted[2] - doubted[1] > 1.2 * (plain[2] - plain[1])
    assert doubted[2] - doubted[1] == pytest.approx(once_each[2] - once_each[1], rel=0.25)


def test_the_interval_of_a_perfect_ranking_ends_at_one_and_shrinks() -> None:
    widths = []
    for rows in (4, 20, 100):
        labels = np.repeat([0.0, 1.0], rows // 2)
        value, low, high = scored.auc(Sample(labels, np.arange(rows) / rows, np.ones(rows)))
        assert (value, high) == (1, 1)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert 0 < widths[-1] < widths[0] < 1


def test_scores_that_are_right_on_average_have_a_small_calibration_error_in_their_interval() -> None:
    random = np.random.default_rng(8)
    scores = random.random(4000)
    for rows in (30, 300, 4000):
        right = Sample((random.random(rows) < scores[:rows]).astype(float), scores[:rows], np.ones(rows))
        value, low, _ = scored.calibration_error(right)
        assert low < 0.01 < value
    wrong = Sample((random.random(4000) < scores / 2).astype(float), scores, np.ones(4000))
    value, low, high = scored.calibration_error(wrong)
    assert 0.2 < low < 0.25 < high < 0.3


def test_an_observation_is_accepted_by_likelihood_ratio_with_95_percent_whatever_the_truth() -> None:
    """Feldman and Cousins 1998: a normal mean that cannot be negative, ordered by likelihood ratio as defined."""
    observed = np.linspace(-8, 14, 22001)
    for true in (0.0, 0.3, 1.0, 1.7, 3.0):
        law = np.exp(-((observed - true) ** 2) / 2) / np.sqrt(2 * np.pi) * 0.001
        best = np.exp(-((observed - np.maximum(observed, 0)) ** 2) / 2)
        order = np.argsort(-np.exp(-((observed - true) ** 2) / 2) / best, kind="stable")
        accepted = observed[order[: int(np.searchsorted(np.cumsum(law[order]), 0.95))]]
        places, reach = _reaches()
        above = float(np.interp(true, places, reach))
        assert accepted.max() == pytest.approx(true + above, abs=0.01)


def test_an_error_that_is_known_exactly_has_a_point_for_an_interval() -> None:
    assert between(Bins(np.ones(1), np.array([1e-9]), 0.25)) == pytest.approx((0.25, 0.25), abs=1e-2)


def test_bins_of_equal_weights_are_those_of_none() -> None:
    sample = a_sample(100, 9)
    doubled = Sample(sample.labels, sample.scores, 2 * sample.weights)
    one, two = calibration_bins(sample), calibration_bins(doubled)
    np.testing.assert_allclose([one.shares, one.errors], [two.shares, two.errors])
