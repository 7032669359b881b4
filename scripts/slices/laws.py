"""Made-up predictions whose true metrics are known: normal logits of two classes, scores that err in a known way."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from explain.slices.counts import Counters, count
from explain.slices.influence import Sample
from explain.slices.types import Table

AUC = 0.8
_APART = float(np.sqrt(2) * norm.ppf(AUC))


def law(rows: int, base: float, random: np.random.Generator) -> Table:
    """So many independent predictions: AUC 0.8, scores too sure and a little too high, changed lines log-normal.

    Flagged is what has a score of 0.45 or more with a base rate of 0.2, and of 0.6 or more with one of 0.5.
    """
    labels = (random.random(rows) < base).astype(np.uint8)
    evidence = _APART * (random.normal(size=rows) + (labels - 0.5) * _APART)
    scores = expit(1.3 * evidence + logit(base) + 0.3)
    lines = np.maximum(1.0, np.rint(np.exp(random.normal(3, 1.1, rows) + 0.4 * labels)))
    return Table("law", labels, scores, scores >= (0.45 if base < 0.35 else 0.6), lines=lines)


def sample(table: Table) -> Sample:
    """All rows of ``table``."""
    return Sample(table.labels.astype(np.float64), table.scores, np.ones(table.rows), None, table.lines)


def shares(table: Table) -> np.ndarray:
    """The shares of the four states, shape (4,)."""
    counters: Counters = count(table)
    return np.asarray(counters.rows[0] / table.rows, dtype=np.float64)
