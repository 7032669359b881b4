"""95 % intervals of metrics of scored rows, from the influences of the rows (``explain.slices.influence``).

Each takes one sample and gives (value, low, high), NaN where undefined; every interval holds its value.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, expit, logit, stdtrit

from explain.slices import influence
from explain.slices.calibration import between, calibration_bins
from explain.slices.influence import Sample
from explain.slices.intervals import LEAST_CLUSTERS, Z
from explain.slices.types import Floats

Interval = tuple[float, float, float]
UNDEFINED: Interval = (math.nan, math.nan, math.nan)
_SMALL_CLASS = 20
"""With fewer rows of a class than this, their spread says too little of the variance of the AUC."""
_EDGE, _TINY = 0.02, 1e-9


def auc(sample: Sample) -> Interval:
    """The area under the ROC curve with Wilson's interval on so many trials as have the variance of DeLong et al. (1988).

    With fewer than 20 rows of a class, the score interval of Newcombe (2006, method 5) with their effective numbers.
    """
    found = influence.auc(sample)
    if math.isnan(found.value):
        return UNDEFINED
    variance, freedom = spread(sample, found.influence)
    classes = [kish(sample.weights[sample.labels == label]) for label in (0, 1)]
    if min(classes) >= _SMALL_CLASS and variance > 0:
        return _held(found.value, _wilson(found.value, variance, _quantile(freedom)))
    alone = _independent(sample.weights, found.influence)
    design = max(1.0, variance / alone) if alone > 0 else 1.0
    return _held(found.value, _newcombe(found.value, *(one / design for one in classes)))


def average_precision(sample: Sample) -> Interval:
    """Average precision with an interval of its logit (Boyd et al. 2013), its optimism in few rows taken out by half.

    Every positive raises the precision at its own place; half of that is left out of the centre. t quantile with twice as
    many degrees of freedom as there are positives: the widths are those that were measured to cover.
    """
    found = influence.average_precision(sample)
    if math.isnan(found.value):
        return UNDEFINED
    variance, freedom = spread(sample, found.influence)
    positives = kish(sample.weights[sample.labels == 1])
    t = _quantile(min(freedom, 2 * positives))
    if not 0 < found.value < 1 or not variance > 0:
        return _held(found.value, _score(found.value, positives, t))
    centre = min(max(found.value - (1 - found.value) * _own(sample) / 2, _EDGE), 1 - _EDGE)
    error = t * math.sqrt(variance) / (found.value * (1 - found.value))
    return _held(found.value, tuple(expit([logit(centre) - error, logit(centre) + error]).tolist()))


def _own(sample: Sample) -> float:
    """The mean share, over positives, that a row has of the rows ranked no lower."""
    order = np.argsort(-sample.scores, kind="stable")
    own = sample.weights[order]
    ups = own * sample.labels[order]
    return float((ups * own / np.cumsum(own)).sum() / ups.sum())


def brier(sample: Sample) -> Interval:
    """The mean squared error of the scores; Wilson's on so many trials as have its variance, one worst row added."""
    found = influence.brier(sample)
    if math.isnan(found.value):
        return UNDEFINED
    rows = kish(sample.weights)
    variance, freedom = spread(sample, found.influence)
    centre = (rows * found.value + 1) / (rows + 1)
    added = variance + (1 - found.value) ** 2 / (rows * (rows + 1))
    return _held(found.value, _wilson(centre, max(added, 1e-12), _quantile(freedom)))


def caught(sample: Sample, percent: float) -> Interval:
    """The share of the positives among the riskiest ``percent`` of the changes (rounded down); Jeffreys' interval.

    It is Jeffreys' (Brown, Cai and DasGupta 2001) on so many trials as have the variance of the share, border included.
    """
    found = influence.caught(sample, percent / 100)
    if math.isnan(found.value):
        return UNDEFINED
    variance, _ = spread(sample, found.influence)
    trials = _as_trials(found.value, variance, kish(sample.weights[sample.labels == 1]))
    ends = betaincinv(trials * found.value + 0.5, trials * (1 - found.value) + 0.5, [0.025, 0.975])
    return _held(found.value, (float(ends[0]), float(ends[1])))


def recall_at_effort(sample: Sample, percent: float) -> Interval:
    """Recall at ``percent`` of all changed lines; Wilson's on so many trials as have its variance, border included.

    The centre counts the part of the change at the border that the effort pays for: in few rows it else lies too low.
    """
    found, part = influence.recall_at_effort(sample, percent / 100)
    if math.isnan(found.value):
        return UNDEFINED
    variance, freedom = spread(sample, found.influence)
    positives = kish(sample.weights[sample.labels == 1])
    centre = min(found.value + part, 1.0)
    trials = _as_trials(centre, variance, positives)
    return _held(found.value, _score(centre, trials, _quantile(freedom)))


def calibration_error(sample: Sample) -> Interval:
    """The calibration error over 15 bins of equal count; see ``explain.slices.calibration`` for its interval."""
    if not sample.rows:
        return UNDEFINED
    bins, design = calibration_bins(sample), 1.0
    if sample.clusters is not None:
        off = sample.scores - sample.labels
        (together, freedom), alone = spread(sample, off), _independent(sample.weights, off)
        design = max(1.0, together / alone if alone > 0 else 1.0) * (_quantile(freedom) / Z) ** 2
    return _held(bins.value, between(bins, design))


def spread(sample: Sample, moved: Floats) -> tuple[float, float]:
    """(the variance of a metric whose rows have the influence ``moved``, its degrees of freedom; 0 and 1 for one row).

    Between clusters where there are at least 8, but never less than between rows.
    """
    alone = _independent(sample.weights, moved)
    if sample.clusters is None:
        return alone, max(1.0, sample.rows - 1.0)
    known, places = np.unique(sample.clusters, return_inverse=True)
    many = len(known)
    if many < LEAST_CLUSTERS:
        return alone, max(1.0, sample.rows - 1.0)
    sums = np.bincount(places, sample.weights * moved)
    together = float(sums @ sums) / float(sample.weights.sum()) ** 2 * many / (many - 1)
    return max(alone, together), many - 1.0


def _independent(weights: Floats, moved: Floats) -> float:
    rows = len(weights)
    if rows < 2:
        return 0.0
    parts = weights * moved
    return float(parts @ parts) / float(weights.sum()) ** 2 * rows / (rows - 1)


def kish(weights: Floats) -> float:
    """The effective number of rows (Kish 1965)."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _quantile(freedom: float) -> float:
    return -float(stdtrit(max(freedom, 1.0), 0.025))


def _as_trials(value: float, variance: float, otherwise: float) -> float:
    """How many trials give a share this variance; ``otherwise`` where that says nothing."""
    return value * (1 - value) / variance if variance > 0 and 0 < value < 1 else max(otherwise, 1e-9)


def _wilson(value: float, variance: float, t: float) -> tuple[float, float]:
    return _score(value, value * (1 - value) / variance, t) if 0 < value < 1 else (value, value)


def _score(value: float, trials: float, t: float) -> tuple[float, float]:
    square = t * t / trials
    centre = (value + square / 2) / (1 + square)
    half = math.sqrt(max(value * (1 - value), 0.0) * square + square * square / 4) / (1 + square)
    return centre - half, centre + half


def _newcombe(value: float, negatives: float, positives: float) -> tuple[float, float]:
    """Where the distance to ``value`` is 1.96 standard errors, by the variance that Hanley and McNeil (1982) give."""
    mean = (negatives + positives) / 2

    def beyond(at: float) -> float:
        grown = 1 + (mean - 1) * ((1 - at) / (2 - at) + at / (1 + at))
        return (at - value) ** 2 - Z * Z * at * (1 - at) * grown / (negatives * positives)

    # At 0 and 1 the variance is 0 too, so there the value itself is a root that is not meant.
    low = brentq(beyond, 0.0, min(value, 1 - _TINY)) if value > 0 else 0.0
    high = brentq(beyond, max(value, _TINY), 1.0) if value < 1 else 1.0
    return float(low), float(high)


def _held(value: float, ends: tuple[float, ...]) -> Interval:
    return value, max(0.0, min(ends[0], value)), min(1.0, max(ends[1], value))
