"""How far two rankings agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's rank correlation of two rows of numbers, ties by their mean rank; 0 where one side is constant."""
    x, y = (rankdata(np.asarray(one)) - (np.size(one) + 1) / 2 for one in (first, second))
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm else 0.0
