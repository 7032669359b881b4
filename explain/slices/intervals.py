"""95 % intervals of what confusion counters say: of shares (Wilson), and of metrics that follow from several.

Which form a metric takes was chosen by measured coverage, ``python -m scripts.slices.coverage``. Every interval holds its
value. Undefined is NaN.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from explain.slices.counts import FN, FP, TN, TP, Clustered, Counters, Ints, Numbers
from explain.slices.types import Estimates, Floats

Z = NormalDist().inv_cdf(0.975)
LEAST_CLUSTERS = 8
"""In fewer clusters than this, rows count as independent."""
States = tuple[int, ...]


def wilson(value: Floats, trials: Floats, z: Floats | float = Z) -> tuple[Floats, Floats]:
    """The ends of Wilson's interval (1927) of shares ``value`` of so many effective ``trials``; NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        square = z * z / trials
        centre = (value + square / 2) / (1 + square)
        half = np.sqrt(np.maximum(value * (1 - value), 0) * square + square * square / 4) / (1 + square)
    low, high = np.maximum(centre - half, 0), np.minimum(centre + half, 1)
    return np.where(value <= 0, 0.0 * low, np.minimum(low, value)), np.where(value >= 1, 1.0 + 0 * high, np.maximum(high, value))


def share(counters: Counters, hits: States, trials: States) -> Estimates:
    """The share that the states ``hits`` have of the states ``trials``.

    Wilson's on the effective number of trials: (sum w)^2 / sum w^2 (Kish 1965) with weights; with clusters, in a slice with
    at least 8, no more than give the variance of a ratio between clusters (Taylor expansion, t of the clusters less one).
    """
    rows = _sum(counters.rows, trials)
    if counters.weight is counters.rows and counters.clustered is None:
        value = _ratio(_sum(counters.rows, hits), rows)
        return Estimates(value, *wilson(value, rows), rows)
    value = _ratio(_sum(counters.weight, hits), _sum(counters.weight, trials))
    return Estimates(value, *wilson(value, *_trials(counters, hits, trials, value)), rows)


def _trials(counters: Counters, hits: States, trials: States, value: Floats) -> tuple[Floats, Floats]:
    """(the effective number of trials of a share, the quantile to take), shape (slices,)."""
    effective = _ratio(_sum(counters.weight, trials) ** 2, _sum(counters.squares, trials))
    z = np.full(len(value), Z)
    if counters.clustered is not None:
        variance, many = _between(counters.clustered, hits, trials, value)
        enough = many >= LEAST_CLUSTERS
        z[enough] = -stdtrit(many[enough] - 1, 0.025)
        own = _ratio(value * (1 - value), variance)
        effective = np.where(enough & (own > 0) & (own < effective), own, effective)
    return effective, z


def _between(clustered: Clustered, hits: States, trials: States, value: Floats) -> tuple[Floats, Floats]:
    """(the variance of the share between clusters, how many clusters have trials), shape (slices,)."""
    size = len(value)
    part, whole = _sum(clustered.weight, hits), _sum(clustered.weight, trials)
    off = np.where(whole > 0, part - value[clustered.slices] * whole, 0.0)
    many, sums, weight = (_added(clustered.slices, one, size) for one in (whole > 0, off * off, whole))
    return _ratio(sums * many, (many - 1) * weight * weight), many


def f1(counters: Counters) -> Estimates:
    """2 J / (1 + J) of the share J = tp / (tp + fp + fn), and the ends of its interval likewise, as that rises with J."""
    found = share(counters, (TP,), (TP, FP, FN))
    value, low, high = (2 * one / (1 + one) for one in (found.value, found.low, found.high))
    return Estimates(value, low, high, found.n)


def mcc(counters: Counters) -> Estimates:
    """Matthews' correlation (1975): Fisher's z around it, both and the delta variance taken with half a row more a state.

    Weights and clusters enter by the effective number of rows, which is that of the accuracy.
    """
    weight = np.asarray(counters.weight, dtype=np.float64)
    total = weight.sum(axis=1)
    value = _correlation(weight)
    effective, t = total, np.full(len(total), Z)
    if counters.weight is not counters.rows or counters.clustered is not None:
        right, every = (TP, TN), (TP, FP, FN, TN)
        effective, t = _trials(counters, right, every, _ratio(_sum(counters.weight, right), total))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (weight * (effective / total)[:, None] + 0.5) / (effective + 2)[:, None]
        centre = _correlation(shares)
        error = np.sqrt(_delta(shares, centre) / effective) / (1 - centre**2)
        middle = np.arctanh(centre)
        low, high = np.tanh(middle - t * error), np.tanh(middle + t * error)
    known = np.isfinite(value)
    low, high = (np.where(known, one, np.nan) for one in (np.minimum(low, value), np.maximum(high, value)))
    return Estimates(value, low, high, np.asarray(counters.rows.sum(axis=1), dtype=np.float64))


def _correlation(counts: Floats) -> Floats:
    tp, fp, fn, tn = counts.T
    sides = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return np.asarray(np.clip(_ratio(tp * tn - fp * fn, np.sqrt(sides)), -1, 1))


def _delta(shares: Floats, value: Floats) -> Floats:
    """The variance of the correlation for one row: that of its gradient over the four states."""
    tp, fp, fn, tn = shares.T
    flagged, positive, negative, passed = tp + fp, tp + fn, tn + fp, tn + fn
    root = np.sqrt(flagged * positive * negative * passed)
    a, b, c, d = (value / 2 / one for one in (flagged, positive, negative, passed))
    slope = np.stack([tn / root - a - b, -fn / root - a - c, -fp / root - b - d, tp / root - c - d], axis=1)
    mean = (slope * shares).sum(axis=1)
    return np.asarray(np.maximum((slope * slope * shares).sum(axis=1) - mean * mean, 0))


def _added(slices: Ints, values: Floats | NDArray[np.bool_], size: int) -> Floats:
    return np.bincount(slices, values, size).astype(np.float64)


def _sum(counts: Numbers, wanted: States) -> Floats:
    return np.asarray(sum(counts[:, one] for one in wanted), dtype=np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where ``whole`` is not positive: undefined."""
    result = np.full(len(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
