"""Whether a slice errs more than the rest: quickly for all slices, exactly for few, and adjusted for how many were tested."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, ndtr, ndtri, stdtr
from scipy.stats import hypergeom

from explain.slices.counts import Ints
from explain.slices.intervals import Z, wilson
from explain.slices.types import Estimate, Floats

_LIKELY = 2.0
"""Only above so many standard errors the binomial tail is asked for too."""


def adjusted(p: ArrayLike) -> Floats:
    """p-values adjusted by Benjamini and Hochberg (1995); NaN, where nothing was tested, stays and does not count.

    As ``scipy.stats.false_discovery_control`` has them, in a third of the time.
    """
    raw = np.asarray(p, dtype=np.float64)
    many = np.count_nonzero(~np.isnan(raw))
    order = np.argsort(raw)  # NaN last
    scaled = raw[order]
    scaled[:many] *= many / np.arange(1, many + 1)
    scaled[:many] = np.minimum(np.minimum.accumulate(scaled[:many][::-1])[::-1], 1.0)
    result = np.empty(len(raw))
    result[order] = scaled
    return result


def evidence(errors: Ints, trials: Ints, all_errors: int, all_trials: int) -> Floats:
    """How many standard errors each slice is worse than the rest; -inf where a slice or its rest is empty.

    The lesser of two: the pooled two-proportion test, which overstates small slices, and the mid-p tail of a binomial law
    with the error rate of the rest, which overstates large ones.
    """
    rest, others = all_trials - trials, all_errors - errors
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = all_errors / all_trials if all_trials else math.nan
        spread = np.sqrt(pooled * (1 - pooled) * (1 / trials + 1 / rest))
        z = (errors / trials - others / rest) / spread
    z = np.where((trials > 0) & (rest > 0) & np.isfinite(z), z, -np.inf)
    likely = np.flatnonzero(z > _LIKELY)
    if len(likely):
        base = (others[likely] + 0.5) / (rest[likely] + 1)
        z[likely] = np.minimum(z[likely], -ndtri(_binomial(errors[likely], trials[likely], base)))
    return np.asarray(z)


def _binomial(errors: Ints, trials: Ints, rate: Floats) -> Floats:
    """The mid-p probability of so many errors or more."""
    reached = np.where(errors > 0, betainc(np.maximum(errors, 1), trials - errors + 1, rate), 1.0)
    beyond = np.where(errors < trials, betainc(errors + 1, np.maximum(trials - errors, 1), rate), 0.0)
    return np.asarray((reached + beyond) / 2)


def one_sided(z: Floats) -> Floats:
    """The p-values of so many standard errors."""
    return np.asarray(ndtr(-z))


def mid_p(errors: int, trials: int, others: int, rest: int) -> float:
    """Fisher's exact test (1935) that ``errors`` of ``trials`` are no more than chance beside ``others`` of ``rest``, mid-p."""
    law = hypergeom(trials + rest, errors + others, trials)
    return float(law.sf(errors) + law.pmf(errors) / 2)


def clustered_p(inside: np.ndarray, wrong: np.ndarray, clusters: Ints) -> float:
    """One-sided p-value that the error rate inside is no higher than outside, from the variance between clusters.

    ``inside`` and ``wrong`` are bool, shape (rows,). The variance is that of Liang and Zeger (1986) for a difference of means;
    t law with the clusters inside, or outside where they are fewer, less one degrees of freedom.
    """
    sides = [inside, ~inside]
    rates = [float(wrong[side].mean()) for side in sides]
    moved = np.zeros(len(wrong))
    for side, rate, sign in zip(sides, rates, (1, -1), strict=True):
        moved[side] = sign * (wrong[side] - rate) / side.sum()
    known, places = np.unique(clusters, return_inverse=True)
    sums = np.bincount(places, moved)
    many = len(known)
    fewest = min(len(np.unique(clusters[side])) for side in sides)
    error = math.sqrt(float(sums @ sums) * many / (many - 1))
    difference = rates[0] - rates[1]
    if not error:
        return 0.0 if difference > 0 else 1.0
    return float(stdtr(max(fewest - 1, 1), -difference / error))


def share_of(errors: int, trials: int) -> Estimate:
    """A share of errors with Wilson's interval."""
    if not trials:
        return Estimate(None, None, None, 0)
    low, high = wilson(np.array([errors / trials]), np.array([float(trials)]))
    return Estimate(errors / trials, float(low[0]), float(high[0]), trials)


def difference(one: Estimate, other: Estimate) -> Estimate:
    """The difference of two shares with Newcombe's interval (1998, method 10, from Wilson's of both)."""
    ends = _ends(one, other)
    if ends is None:
        return Estimate(None, None, None, one.n)
    (a, low, high), (b, least, most) = ends
    down, up = math.hypot(a - low, most - b), math.hypot(high - a, b - least)
    return Estimate(a - b, a - b - down, a - b + up, one.n)


def ratio(one: Estimate, other: Estimate) -> Estimate:
    """The ratio of two shares with the interval of its logarithm (Katz et al. 1978), half an error more on both sides.

    None where the other is 0.
    """
    ends = _ends(one, other)
    if ends is None or not other.value:
        return Estimate(None, None, None, one.n)
    value = ends[0][0] / other.value
    errors = [(each.value or 0.0) * each.n + 0.5 for each in (one, other)]
    spread = math.sqrt(sum(1 / part - 1 / (each.n + 0.5) for part, each in zip(errors, (one, other), strict=True)))
    middle = errors[0] / (one.n + 0.5) / (errors[1] / (other.n + 0.5))
    low, high = (middle * math.exp(sign * Z * spread) for sign in (-1, 1))
    return Estimate(value, min(low, value), max(high, value), one.n)


def _ends(one: Estimate, other: Estimate) -> list[tuple[float, float, float]] | None:
    found = [
        (each.value, each.low, each.high)
        for each in (one, other)
        if each.value is not None and each.low is not None and each.high is not None
    ]
    return found if len(found) == 2 else None
