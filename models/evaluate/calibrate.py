"""Calibration of raw logits: fitted, chosen by measurement on rows that the fit did not see, and described."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from models.classify.bands import wilson
from models.classify.calibration import MOST_KNOTS, AnyCalibration, Calibration, Isotonic
from models.errors import DataError
from models.evaluate.bootstrap import Floats, Ints

BINS = 15
_BLEND = 1e-4
"""Share of a straight rise that is blended into the steps of an isotonic fit, so that it has an inverse."""
_FOLDS, _REPEATS = 5, 5
_LEAST = 1e-15
_WEAK, _MOST_STEPS, _STEPS = 1e6, 100, tuple(0.5**n for n in range(30))


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on rows that its fits did not see, averaged: log loss, Brier score, expected calibration error."""

    method: str
    log_loss: float
    brier: float
    error: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The calibration chosen, fitted on all rows, and how each method that could be fitted did."""

    calibration: AnyCalibration
    trials: tuple[Trial, ...]

    @property
    def trial(self) -> Trial | None:
        """The trial of the method that was chosen; None where there were too few rows to try."""
        return next((one for one in self.trials if one.method == self.calibration.method), None)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of neighbouring scores: mean score, how many they are and how many were positive, Wilson's 95 % interval."""

    score: float
    rows: int
    positives: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """The observed share of positives."""
        return self.positives / self.rows


def fit_platt(labels: Ints, logits: Floats) -> Calibration:
    """Platt scaling by maximum likelihood (see ``_slope_and_intercept``).

    Raises DataError when higher logits do not go with label 1: such a model has nothing to calibrate.
    """
    return Calibration(*_slope_and_intercept(labels, np.stack([logits, np.ones_like(logits)])))


def fit_temperature(labels: Ints, logits: Floats) -> Calibration:
    """Temperature scaling by maximum likelihood: a slope without intercept. Raises DataError like ``fit_platt``."""
    return Calibration(*_slope_and_intercept(labels, logits[None]))


def _slope_and_intercept(labels: Ints, columns: Floats) -> list[float]:
    """The coefficients of ``columns``, shape (1 or 2, rows), by Newton's method with halved steps.

    The objective is that of sklearn's LogisticRegression with C = 1e6, a hundred times faster for so few coefficients;
    its faint penalty keeps the slope finite where the classes do not overlap.
    """
    penalty = np.diag([1 / _WEAK, 0.0][: len(columns)])

    def loss(at: Floats) -> float:
        margin = np.where(labels == 1, 1, -1) * (at @ columns)
        return float(np.logaddexp(0, -margin).sum() + at @ penalty @ at / 2)

    at = np.zeros(len(columns))
    for _ in range(_MOST_STEPS):
        score = 0.5 * (1 + np.tanh(at @ columns / 2))
        slope = columns @ (score - labels) + penalty @ at
        bend = (columns * (score * (1 - score))) @ columns.T + penalty + 1e-12 * np.eye(len(columns))
        step, now = np.linalg.solve(bend, slope), loss(at)
        size = next((one for one in _STEPS if loss(at - one * step) <= now), 0.0)
        at = at - size * step
        if size * float(np.abs(step).max()) <= 1e-10 * (1 + float(np.abs(at).max())):
            break
    if not 0 < at[0] < np.inf:
        raise DataError("The model ranks the valid rows no better than chance; train it longer, or check the labels.")
    return [float(one) for one in at]


def fit_isotonic(labels: Ints, logits: Floats) -> Isotonic:
    """Isotonic regression, made strictly increasing: off 0 and 1 by half a row, with one part in 10,000 of a straight rise.

    At most 1,000 of its knots are kept. Raises DataError when all logits are equal.
    """
    fitted = IsotonicRegression().fit(logits, labels.astype(float))
    knots, rates = (np.asarray(one, dtype=np.float64) for one in (fitted.X_thresholds_, fitted.y_thresholds_))
    if len(knots) < 2 or knots[-1] <= knots[0]:
        raise DataError("The model gives every valid row the same logit; train it longer, or check the data.")
    edge = 0.5 / (len(labels) + 1)
    scores = (1 - _BLEND) * np.clip(rates, edge, 1 - edge) + _BLEND * (knots - knots[0]) / (knots[-1] - knots[0])
    kept = _strictly_rising(knots, np.clip(scores, edge / 2, 1 - edge / 2))
    if len(kept) > MOST_KNOTS:
        kept = kept[np.linspace(0, len(kept) - 1, MOST_KNOTS).astype(int)]
    return Isotonic(tuple(knots[kept].tolist()), tuple(scores[kept].tolist()))


def _strictly_rising(knots: Floats, scores: Floats) -> Ints:
    """The places of knots at which both coordinates have risen since the place before."""
    kept = [0]
    for place in range(1, len(knots)):
        if knots[place] > knots[kept[-1]] and scores[place] > scores[kept[-1]]:
            kept.append(place)
    return np.array(kept)


METHODS: dict[str, Callable[[Ints, Floats], AnyCalibration]] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}
"""Every method, the simplest first."""


def apply(calibration: AnyCalibration, logits: Floats) -> Floats:
    """The calibrated scores of ``logits``, shape (rows,)."""
    return np.array([calibration.score(one) for one in logits.tolist()])


def choose(labels: Ints, logits: Floats, seed: int = 1) -> Choice:
    """The method with the least log loss on rows it was not fitted on: 5 folds, repeated 5 times, the same for all.

    A simpler method is taken unless the loss of the best one is lower by more than one standard error of the difference
    over rows (Breiman et al. 1984). Raises DataError when higher logits do not go with label 1.
    """
    platt = fit_platt(labels, logits)
    losses, trials = {}, []
    for method in METHODS:
        scores = cross_fitted(labels, logits, method, seed)
        if scores is not None:
            losses[method] = _log_losses(labels, scores).mean(axis=0)
            trials.append(_trial(method, labels, scores))
    if not trials:
        return Choice(platt, ())
    best = min(losses, key=lambda method: float(losses[method].mean()))
    chosen = next(method for method, loss in losses.items() if _as_good(loss, losses[best]))
    return Choice(METHODS[chosen](labels, logits), tuple(trials))


def _as_good(loss: Floats, best: Floats) -> bool:
    difference = loss - best
    return float(difference.mean()) <= float(difference.std() / np.sqrt(len(difference)))


def _trial(method: str, labels: Ints, scores: Floats) -> Trial:
    error = float(np.mean([calibration_error(labels, one) for one in scores]))
    brier = float(np.mean((scores - labels) ** 2))
    return Trial(method, float(_log_losses(labels, scores).mean()), brier, error)


def cross_fitted(labels: Ints, logits: Floats, method: str, seed: int = 1) -> Floats | None:
    """Scores of every row by fits of ``method`` on other rows, shape (5, rows); None where a fit is not possible."""
    scores = np.empty((_REPEATS, len(labels)))
    try:
        for repeat in range(_REPEATS):
            for held in _folds(labels, seed + repeat):
                scores[repeat, held] = apply(METHODS[method](labels[~held], logits[~held]), logits[held])
    except (DataError, ValueError):  # one class only, or ranked backwards in some fold
        return None
    return scores


def _folds(labels: Ints, seed: int) -> Iterator[np.ndarray]:
    """Masks of held-out rows; both classes are spread evenly over the folds."""
    random = np.random.default_rng(seed)
    fold = np.empty(len(labels), dtype=np.int64)
    for label in (0, 1):
        rows = random.permutation(np.flatnonzero(labels == label))
        fold[rows] = np.arange(len(rows)) % _FOLDS
    for one in range(_FOLDS):
        yield fold == one


def _log_losses(labels: Ints, scores: Floats) -> Floats:
    likelihood = np.clip(np.where(labels == 1, scores, 1 - scores), _LEAST, 1.0)
    return np.asarray(-np.log(likelihood), dtype=np.float64)


def log_loss(labels: Ints, scores: Floats) -> float:
    """The mean negative log-likelihood, in nats."""
    return float(_log_losses(labels, scores).mean())


def brier(labels: Ints, scores: Floats) -> float:
    """The mean squared distance of score and label (Brier 1950)."""
    return float(np.mean((scores - labels) ** 2))


def calibration_error(labels: Ints, scores: Floats, bins: int = BINS) -> float:
    """Expected calibration error over bins of equal count: mean distance of score and share of positives."""
    parts = _parts(scores, bins)
    return float(sum(abs(scores[part].mean() - labels[part].mean()) * len(part) for part in parts) / len(scores))


def reliability(labels: Ints, scores: Floats, bins: int = BINS) -> tuple[Bin, ...]:
    """The reliability curve: bins of equal count, by ascending score."""
    return tuple(_bin(labels[part], scores[part]) for part in _parts(scores, bins))


def _bin(labels: Ints, scores: Floats) -> Bin:
    low, high = wilson(int(labels.sum()), len(labels))
    return Bin(float(scores.mean()), len(labels), int(labels.sum()), low, high)


def _parts(scores: Floats, bins: int) -> list[Ints]:
    return [part for part in np.array_split(np.argsort(scores, kind="stable"), bins) if len(part)]
