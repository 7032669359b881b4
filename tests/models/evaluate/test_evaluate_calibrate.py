"""Calibration: planted truths are found, the choice is made on unseen rows, isotonic is that of sklearn; and risk bands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from models.classify.calibration import Isotonic
from models.errors import DataError
from models.evaluate.bands import fit_bands, in_first_half
from models.evaluate.calibrate import (
    apply,
    brier,
    calibration_error,
    choose,
    cross_fitted,
    fit_isotonic,
    fit_platt,
    fit_temperature,
    log_loss,
    reliability,
)

Floats = np.ndarray


def planted(truth: str, rows: int = 4000) -> tuple[Floats, Floats]:
    """(labels, logits) whose true probability of label 1 is a known function of the logit."""
    random = np.random.default_rng(0)
    logits = random.normal(size=rows) * 2
    probability = {
        "temperature": 1 / (1 + np.exp(-0.5 * logits)),
        "platt": 1 / (1 + np.exp(-(1.5 * logits - 2))),
        "isotonic": np.where(logits < -1, 0.02, np.where(logits < 1.5, 0.3, 0.6)),
    }[truth]
    return (random.random(rows) < probability).astype(np.int64), logits


@pytest.mark.parametrize("truth", ["temperature", "platt", "isotonic"])
def test_the_method_that_fits_the_truth_is_chosen(truth: str) -> None:
    choice = choose(*planted(truth))
    assert choice.calibration.method == truth
    assert choice.trial is not None
    assert choice.trial.error < 0.04
    assert [one.method for one in choice.trials] == ["temperature", "platt", "isotonic"]


def test_planted_coefficients_are_recovered() -> None:
    labels, logits = planted("platt", 20_000)
    fitted = fit_platt(labels, logits)
    assert (fitted.slope, fitted.intercept) == (pytest.approx(1.5, abs=0.1), pytest.approx(-2, abs=0.1))
    labels, logits = planted("temperature", 20_000)
    assert fit_temperature(labels, logits).slope == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("truth", ["temperature", "platt", "isotonic"])
@pytest.mark.parametrize("scale", [0.01, 1.0, 50.0])
def test_the_fit_is_that_of_sklearn(truth: str, scale: float) -> None:
    labels, logits = planted(truth, 500)
    fitted = [fit_platt(labels, logits * scale), fit_temperature(labels, logits * scale)]
    for ours, intercept in zip(fitted, (True, False), strict=True):
        theirs = LogisticRegression(C=1e6 * scale**2, fit_intercept=intercept, tol=1e-10, max_iter=1000).fit(
            logits[:, None], labels
        )
        assert ours.slope * scale == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
        assert ours.intercept == pytest.approx(float(theirs.intercept_[0]) if intercept else 0.0, rel=1e-3, abs=1e-6)


def test_classes_that_do_not_overlap_have_a_finite_slope() -> None:
    labels, logits = np.array([0, 0, 0, 1, 1, 1]), np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    assert 3 < fit_platt(labels, logits).slope < 100
    assert choose(np.repeat(labels, 5), np.repeat(logits, 5)).calibration.score(2.0) > 0.99


def test_isotonic_is_that_of_sklearn_but_strictly_rising() -> None:
    labels, logits = planted("isotonic")
    ours = apply(fit_isotonic(labels, logits), logits)
    theirs = IsotonicRegression().fit(logits, labels).predict(logits)
    assert ours == pytest.approx(theirs, abs=3e-4)
    ranked = ours[np.argsort(logits)]
    assert all(a < b for a, b in pairwise(ranked))
    fitted = fit_isotonic(labels, logits)
    assert [fitted.logit(score) for score in ours] == pytest.approx(logits, abs=1e-9)


def test_isotonic_keeps_a_bounded_number_of_knots_and_bears_ties() -> None:
    labels = np.tile([0, 1], 3000)
    logits = np.sort(np.random.default_rng(1).normal(size=6000))
    labels = np.where(np.arange(6000) % 7 < np.arange(6000) / 1000, 1, labels * 0)
    assert 2 <= len(fit_isotonic(labels, logits).logits) <= 1000
    tied = fit_isotonic(np.array([0, 1, 0, 1, 1]), np.array([1.0, 1.0, 1.0, 2.0, 2.0]))
    assert isinstance(tied, Isotonic)
    assert tied.score(1.0) < tied.score(2.0)
    with pytest.raises(DataError, match="same logit"):
        fit_isotonic(np.array([0, 1]), np.zeros(2))


def test_a_model_that_ranks_backwards_is_not_calibrated() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1] * 10)
    with pytest.raises(DataError, match="no better than chance"):
        choose(labels, -labels + np.linspace(0, 0.1, 60))


def test_the_simpler_method_wins_a_tie() -> None:
    labels, logits = planted("temperature", 400)
    choice = choose(labels, logits)
    assert choice.calibration.method == "temperature"
    assert choice == choose(labels, logits)


def test_few_rows_are_calibrated_by_what_can_be_fitted() -> None:
    labels, logits = np.array([0, 0, 1, 1]), np.array([0.1, 0.9, 0.5, 1.4])
    assert choose(labels, logits).calibration.score(2.0) > 0.5


def test_cross_fitting_never_scores_a_row_by_a_fit_that_saw_it() -> None:
    """Labels are pure noise, one a logit: a fit that saw the row would know its label."""
    random = np.random.default_rng(2)
    labels, logits = random.permutation(np.arange(300) % 2), np.arange(300.0)
    scores = cross_fitted(labels, logits, "isotonic")
    assert scores is not None
    assert scores.shape == (5, 300)
    own = log_loss(labels, apply(fit_isotonic(labels, logits), logits))
    assert log_loss(labels, scores.mean(axis=0)) > own + 0.02


def test_planted_miscalibration_is_found() -> None:
    labels, logits = planted("platt", 20_000)
    right, wrong = 1 / (1 + np.exp(-(1.5 * logits - 2))), 1 / (1 + np.exp(-logits))
    assert calibration_error(labels, right) < 0.015
    assert calibration_error(labels, wrong) > 0.1
    assert calibration_error(labels, np.full(20_000, 0.9)) == pytest.approx(0.9 - labels.mean(), abs=0.02)
    assert log_loss(labels, right) < log_loss(labels, wrong)
    held = reliability(labels, wrong)
    assert sum(one.low <= one.score <= one.high for one in held) < 4
    assert sum(one.low <= one.score <= one.high for one in reliability(labels, right)) >= 12


def test_losses_are_those_of_sklearn_and_bins_add_up() -> None:
    labels, logits = planted("isotonic", 500)
    scores = 1 / (1 + np.exp(-logits))
    assert brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores))
    assert log_loss(labels, scores) == pytest.approx(sklearn_log_loss(labels, scores))
    bins = reliability(labels, scores)
    assert (len(bins), sum(one.rows for one in bins), sum(one.positives for one in bins)) == (15, 500, labels.sum())
    assert sum(abs(one.rate - one.score) * one.rows for one in bins) / 500 == pytest.approx(calibration_error(labels, scores))
    assert len(reliability(labels[:4], scores[:4])) == 4


def test_bands_are_chosen_on_one_half_and_counted_on_the_other() -> None:
    random = np.random.default_rng(5)
    scores = random.random(6000)
    labels = (random.random(6000) < np.where(scores < 0.4, 0.03, np.where(scores < 0.8, 0.15, 0.6))).astype(np.int64)
    ids = [f"p@{n}" for n in range(6000)]
    found = fit_bands(ids, labels, scores)
    assert found.notes == ()
    assert [one.name for one in found.bands] == ["low", "elevated", "high"]
    assert [one.start for one in found.bands] == pytest.approx([0, 0.4, 0.8], abs=0.03)
    counted = np.array([not in_first_half(one) for one in ids])
    assert sum(one.rows for one in found.bands) == counted.sum()
    low = found.bands[0]
    inside = counted & (scores < found.bands[1].start)
    assert (low.rows, low.positives) == (inside.sum(), labels[inside].sum())
    assert 2500 < counted.sum() < 3500
    flipped = np.where(counted, labels, 1 - labels)  # other labels in the choosing half: other borders
    assert fit_bands(ids, flipped, scores).bands != found.bands


def test_bands_that_have_too_few_rows_are_left_out_and_this_is_said() -> None:
    random = np.random.default_rng(6)
    scores = random.random(3000)
    ids = [str(n) for n in range(3000)]
    flat = fit_bands(ids, (random.random(3000) < 0.2).astype(np.int64), scores)
    assert [one.name for one in flat.bands] == ["elevated"]
    assert len(flat.notes) == 2
    assert "fewer than 100 changes" in flat.notes[0]
    common = fit_bands(ids, (random.random(3000) < 0.3 + 0.6 * scores).astype(np.int64), scores)
    assert "high" not in {one.name for one in common.bands}
    few = fit_bands(ids[:150], np.arange(150) % 2, scores[:150])
    assert (few.bands, len(few.notes)) == ((), 1)
