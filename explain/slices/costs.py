"""What thresholds cost when a miss costs so many times what a needless flag does, with intervals.

A change is flagged when its score is at or above the threshold. The cost of a change is ``ratio`` if it is a miss, 1 if it is
a needless flag, else 0. If scores are calibrated, the threshold of least expected cost is 1 / (1 + ratio) (Elkan 2001).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from explain.slices.counts import FN, FP, TN, TP, count
from explain.slices.intervals import share, wilson
from explain.slices.types import Estimate, Floats, Table

Bools = NDArray[np.bool_]
Share = tuple[Floats, Floats, Floats]
"""(value, low, high), arrays of one shape."""
NOTHING = math.nextafter(1.0, 2.0)
"""The threshold that flags nothing: no score reaches it. 0 flags everything."""
_ALL = (TP, FP, FN, TN)


@dataclass(frozen=True, slots=True)
class Steps:
    """What every threshold that matters does, fewest flags first, arrays of shape (steps,): sums of weights out of ``total``.

    The first flags nothing, the last everything; the others lie halfway between neighbouring scores.
    """

    thresholds: Floats
    flags: Floats
    needless: Floats
    misses: Floats
    total: float
    effective: float

    def cost(self, ratio: float) -> Floats:
        """The cost of each, shape (steps,), in needless flags."""
        return ratio * self.misses + self.needless

    def least(self, ratio: float) -> int:
        """The place of the threshold that costs least; of several the one with the fewest flags."""
        return int(np.argmin(self.cost(ratio)))


@dataclass(frozen=True, slots=True)
class CostCurve:
    """What thresholds do for 100 changes, arrays of shape (points,), thresholds falling; ``low`` and ``high`` of the cost.

    The 95 % intervals hold for each point by itself. ``best`` is the place of the least cost.
    """

    ratio: float
    thresholds: Floats
    flags: Floats
    misses: Floats
    cost: Floats
    low: Floats
    high: Floats
    best: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a choice of flags does in one ``unit``, "week" or "100 changes"; the cost in needless flags. n: rows counted on."""

    unit: str
    flags: Estimate
    needless: Estimate
    misses: Estimate
    cost: Estimate


def steps(table: Table) -> Steps:
    """All thresholds that part the rows of ``table``, one at least, in different ways."""
    weights = np.ones(table.rows) if table.weights is None else table.weights
    order = np.argsort(-table.scores, kind="stable")
    ranked, own = table.scores[order], weights[order]
    ends = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]))
    flags, found = (np.concatenate([[0.0], np.cumsum(one)[ends]]) for one in (own, own * table.labels[order]))
    high, low = ranked[ends[:-1]], ranked[ends[:-1] + 1]
    middle = (high + low) / 2
    cuts = np.where(middle > low, middle, high)
    thresholds = np.concatenate([[NOTHING], cuts, [0.0]])
    total = float(weights.sum())
    effective = total * total / float(weights @ weights)
    return Steps(thresholds, flags, flags - found, found[-1] - found, total, effective)


def curve(table: Table, ratio: float, points: int = 200) -> CostCurve:
    """The cost of about ``points`` thresholds, evenly spread over the changes that they flag, the cheapest of all among them."""
    every = steps(table)
    best = every.least(ratio)
    asked = np.linspace(0, every.flags[-1], points)
    places = np.unique([*np.searchsorted(every.flags, asked).clip(max=len(every.flags) - 1), best])
    needless, misses = (one[places] / every.total for one in (every.needless, every.misses))
    trials = np.full(len(places), every.effective)
    cost, low, high = combined((ratio, (misses, *wilson(misses, trials))), (1.0, (needless, *wilson(needless, trials))))
    flags = every.flags[places] / every.total
    at = int(np.searchsorted(places, best))
    flags, misses, cost, low, high = (100 * one for one in (flags, misses, cost, low, high))
    return CostCurve(ratio, every.thresholds[places], flags, misses, cost, low, high, at)


def effect(table: Table, flagged: Bools, ratio: float, weeks: float | None = None) -> Effect:
    """What the flags ``flagged``, shape (rows,), do to the rows of ``table``, which came in so many ``weeks``.

    A week: counts are taken as Poisson's with Garwood's exact interval (1936), with weights that of Fay and Feuer (1997); the
    clusters of rows are not heeded. Without weeks, for 100 changes: Wilson's, on the effective number of rows. The cost's
    interval is put together from those of misses and needless flags (Zou and Donner 2008).
    """
    positive = table.labels == 1
    if weeks is not None:
        rates = [_rate(table, rows, weeks) for rows in (flagged, flagged & ~positive, ~flagged & positive)]
        return _effect("week", rates, ratio, table.rows, related=False)
    counters = count(replace(table, flagged=flagged), (), table.clusters is not None)
    shares = [share(counters, states, _ALL) for states in ((TP, FP), (FP,), (FN,))]
    return _effect("100 changes", [(one.value, one.low, one.high) for one in shares], ratio, table.rows, related=True)


def _effect(unit: str, found: list[Share], ratio: float, rows: int, related: bool) -> Effect:
    flags, needless, misses = found
    cost = combined((ratio, misses), (1.0, needless), related)
    times = 100 if related else 1
    return Effect(unit, *(_estimate(one, times, rows) for one in (flags, needless, misses, cost)))


def _estimate(found: Share, times: float, rows: int) -> Estimate:
    value, low, high = (float(one[0]) * times for one in found)
    return Estimate(value, low, high, rows) if math.isfinite(value) else Estimate(None, None, None, rows)


def _rate(table: Table, events: Bools, weeks: float) -> Share:
    weights = np.ones(table.rows) if table.weights is None else table.weights
    own = weights[events]
    largest = float(weights.max(initial=1.0)) if table.weights is not None else 1.0
    low, high = poisson(float(own.sum()), float(own @ own), largest)
    return np.array([own.sum() / weeks]), np.array([low / weeks]), np.array([high / weeks])


def poisson(total: float, squares: float, largest: float = 1.0) -> tuple[float, float]:
    """The ends for a sum ``total`` of the weights of Poisson events, with the sum of their squares and the largest there is.

    With weights of 1 these are Garwood's (1936), exact; else the gamma interval of Fay and Feuer (1997).
    """
    low = squares / total * float(gammaincinv(total * total / squares, 0.025)) if total else 0.0
    mean, variance = total + largest, squares + largest * largest
    return low, variance / mean * float(gammaincinv(mean * mean / variance, 0.975))


def combined(one: tuple[float, Share], other: tuple[float, Share], related: bool = True) -> Share:
    """A weighted sum of two shares of the same trials (``related``), or of two independent figures, with its interval.

    By the distances of the ends of both (MOVER, Zou and Donner 2008); two states of one row exclude each other, which
    gives their correlation. Weights may be negative.
    """
    (a, (p, *p_ends)), (b, (q, *q_ends)) = one, other
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = -np.sqrt(p * q / ((1 - p) * (1 - q))) if related else np.zeros_like(p)
    rho = np.where(np.isfinite(rho), np.maximum(rho, -1), -1.0 if related else 0.0)
    value = a * p + b * q

    def reach(up: bool) -> Floats:
        first = a * np.abs(p_ends[up == (a > 0)] - p)
        second = b * np.abs(q_ends[up == (b > 0)] - q)
        return np.sqrt(np.maximum(first**2 + second**2 + 2 * rho * first * second, 0))

    return value, value - reach(False), value + reach(True)
