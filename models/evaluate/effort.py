"""How many defects are found for how much reading: effort-aware figures of just-in-time defect prediction.

The effort of a change is the number of its changed lines (added and deleted), at least 1. Changes are read in the order
of predicted defect density, the score divided by the effort (Kamei et al. 2013, "A large-scale empirical study of
just-in-time quality assurance"; Pornprasit and Tantithamthavorn 2021, JITLine). That order favours small changes, and
reading the smallest first, without any model, is a strong baseline (Yang et al. 2016): give it beside every figure.
Equal densities are taken at their worst: negatives first, then large positives before small ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from models.evaluate.bootstrap import Floats, Ints, Measure
from models.evaluate.gating import needed_of

SHARE = 0.2


def least(lines: Floats) -> Floats:
    """The effort of changes with so many changed lines: at least 1, as opening a change costs something."""
    return np.maximum(lines, 1.0)


def densest_first(labels: Ints, densities: Floats, effort: Floats) -> Ints:
    """The places of the rows in the order of reading, ties at their worst."""
    return np.lexsort((-effort * labels, labels, -densities))


def recall_at_effort(labels: Ints, densities: Floats, effort: Floats, share: float = SHARE) -> Measure:
    """Recall@20%Effort: the share of the positives found when ``share`` of all effort is spent.

    A change counts once it is read to its end. NaN when there are no positives.
    """
    order = densest_first(labels, densities, effort)
    flags, cost = labels[order].astype(float), effort[order]

    def one(drawn: Floats) -> float:
        spent, hits = np.cumsum(drawn * cost), np.cumsum(drawn * flags)
        if not hits[-1]:
            return math.nan
        budget = share * spent[-1] * (1 + 1e-12)
        whole = int(np.searchsorted(spent, budget, side="right"))
        if whole == len(drawn):
            return 1.0
        copies = math.floor((budget - (spent[whole - 1] if whole else 0.0)) / cost[whole])
        found = (hits[whole - 1] if whole else 0.0) + copies * flags[whole]
        return float(found / hits[-1])

    return _each(one, order)


def effort_at_recall(labels: Ints, densities: Floats, effort: Floats, share: float = SHARE) -> Measure:
    """Effort@20%Recall: the share of all effort after which ``share`` of the positives are found; lower is better.

    NaN when there are no positives.
    """
    order = densest_first(labels, densities, effort)
    flags, cost = labels[order].astype(float), effort[order]

    def one(drawn: Floats) -> float:
        spent, hits = np.cumsum(drawn * cost), np.cumsum(drawn * flags)
        if not hits[-1]:
            return math.nan
        needed = needed_of(share, hits[-1])
        at = int(np.searchsorted(hits, needed, side="left"))
        return float((spent[at] - (hits[at] - needed) * cost[at]) / spent[-1])

    return _each(one, order)


def _each(one: Callable[[Floats], float], order: Ints) -> Measure:
    def measure(counts: Floats) -> Floats:
        return np.array([one(drawn) for drawn in counts[:, order]])

    return measure
