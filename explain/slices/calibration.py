"""The calibration error of scores with an interval that knows how much error a perfect model would show in so few rows.

The error over bins is never 0 in finite rows and the larger the fewer they are. So the interval holds every true error under
which the observed one is not out of the ordinary: the observed error is compared with its mean and variance under that truth,
bins erring by normal noise, and at the border 0 by the likelihood
ratio of Feldman and Cousins (1998), so that it neither ends up empty nor too wide. The true errors of bins are taken to be
spread evenly between 0 and twice their mean. In few rows the observed error can lie above all of these; the interval is then
drawn out to hold it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from explain.slices.influence import Sample
from explain.slices.types import Floats

BINS = 15
_GRID = np.concatenate([np.linspace(0, 0.2, 41), np.linspace(0.21, 1, 80)])
_SPREAD = (2 * np.arange(BINS) + 1) / BINS
_FAR = 4.0


@dataclass(frozen=True, slots=True)
class Bins:
    """Shares of the weight and standard errors of the bins, shape (bins,), and the calibration error over them."""

    shares: Floats
    errors: Floats
    value: float


def calibration_bins(sample: Sample) -> Bins:
    """Bins of equal count by ascending score, as ``models.evaluate.calibrate`` has them; weights count inside."""
    order = np.argsort(sample.scores, kind="stable")
    starts = np.concatenate([[0], np.cumsum(_sizes(len(order)))[:-1]])
    own, scores, labels = sample.weights[order], sample.scores[order], sample.labels[order]
    weight = np.add.reduceat(own, starts)
    distance = np.abs(np.add.reduceat(own * (scores - labels), starts))
    noise = own * own * scores * (1 - scores)
    square = float((own * own) @ (scores - labels) ** 2)
    scale = float((own * own).mean())
    worse = (square + scale) / (float(noise.sum()) + scale)
    whole = float(weight.sum())
    errors = np.sqrt(np.add.reduceat(noise, starts) * worse) / weight
    return Bins(weight / whole, np.maximum(errors, 1e-9), float(distance.sum()) / whole)


def _sizes(rows: int) -> NDArray[np.int64]:
    """As ``numpy.array_split`` parts them: the first bins have one row more."""
    many = min(rows, BINS)
    return np.full(many, rows // many) + (np.arange(many) < rows % many)


def between(bins: Bins, design: float = 1.0) -> tuple[float, float]:
    """The ends of the interval; ``design``: how many times larger the variance is than of independent rows."""
    means, deviations = _under(bins.shares, bins.errors * math.sqrt(design))
    off, true = (bins.value - means[0]) / deviations, (means - means[0]) / deviations
    places, reach = _reaches()
    above = np.interp(true, places, reach)
    below = np.where(true >= above, true - above, (true * true - above * above) / (2 * np.maximum(true, 1e-9)))
    return _crossing(true + above - off), _crossing(below - off)


def _crossing(rising: Floats) -> float:
    """The true error of the grid from which ``rising`` is no longer negative, between points by a straight line."""
    negative = np.flatnonzero(rising < 0)
    if not len(negative):
        return 0.0
    last = int(negative[-1])
    return 1.0 if last == len(_GRID) - 1 else float(np.interp(0, rising[last : last + 2], _GRID[last : last + 2]))


def _under(shares: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the observed error under every true one of the grid (folded normal laws)."""
    true = _GRID[:, None, None] * _SPREAD[None, :, None]
    ratio = true / errors
    folded = errors * math.sqrt(2 / math.pi) * np.exp(-ratio * ratio / 2) + true * (1 - 2 * ndtr(-ratio))
    variance = np.maximum(true * true + errors * errors - folded * folded, 0)
    return folded.mean(axis=1) @ shares, np.sqrt(variance.mean(axis=1) @ (shares * shares))


@cache
def _reaches() -> tuple[Floats, Floats]:
    """(true means that cannot be negative, in standard deviations; how far above one an observation is still accepted)."""
    places = np.linspace(0, _FAR, 81)
    return places, np.array([brentq(_too_likely, 1.5, 2.0, args=(place,)) for place in places])


def _too_likely(reach: float, true: float) -> float:
    below = true - reach if true >= reach else (true * true - reach * reach) / (2 * true) if true > 0 else -math.inf
    return float(ndtr(reach) - ndtr(below - true)) - 0.95
