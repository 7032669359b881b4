"""What to do about a weak slice, by a stated rule from what its rows show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explain.slices.metrics import sample_of
from explain.slices.scored import Interval, auc
from explain.slices.types import Table

ACTIONS = {
    "data": "fix the data",
    "threshold": "another threshold",
    "people": "route to people",
    "model": "fix the model",
}
LEAST_ROWS, LEAST_CLASS = 100, 20
"""With fewer rows, or fewer of a class, a slice is too small to say what is wrong with it but that there is little of it."""
_OFF = 2.0
_RANKED = 200_000
"""More rows than this are thinned evenly before they are ranked: the interval is narrow enough."""


def advise(table: Table, inside: NDArray[np.bool_]) -> tuple[str, str]:
    """(a key of ``ACTIONS``, the reason as a sentence) for the rows ``inside``, shape (rows,), beside all others.

    In this order. Data: fewer than 100 changes, or fewer than 20 of a class. Threshold: inside, the model ranks as well as
    outside (the intervals of the two areas under the ROC curve overlap), and its scores are off on average (by more than two
    standard errors). People: inside, it ranks no better than chance (the interval holds 0.5), or as well as outside with scores
    that are right on average: other shares are defective here, and one threshold errs more. Model: it ranks, but worse than
    outside.
    """
    positives = int(table.labels[inside].sum())
    rows = int(inside.sum())
    fewest = min(positives, rows - positives)
    if rows < LEAST_ROWS or fewest < LEAST_CLASS:
        return "data", (
            f"Only {rows:,} changes, {positives:,} of them defective: gather more like these and check their labels first."
        )
    own, other = _ranking(table, inside), _ranking(table, ~inside)
    ranked = f"area under the ROC curve {own[0]:.2f} [{own[1]:.2f}, {own[2]:.2f}], elsewhere {other[0]:.2f}"
    if own[2] >= other[1] and own[1] > 0.5:
        errors = table.scores[inside] - table.labels[inside]
        off = float(errors.mean())
        if abs(off) <= _OFF * float(errors.std()) / rows**0.5:
            return "people", (
                f"The model ranks these as well as others ({ranked}), and its scores are right on average. Defective are "
                f"{positives / rows:.0%} of them, elsewhere {float(table.labels[~inside].mean()):.0%}, so that one threshold for "
                "all errs more here: let people look at those near it."
            )
        way = f"too {'high' if off > 0 else 'low'} by {abs(off):.2f} on average"
        return (
            "threshold",
            f"The model ranks these as well as others ({ranked}); its scores are {way}: set a threshold of their own.",
        )
    if own[1] <= 0.5:
        return "people", f"The model ranks these no better than chance ({ranked}): let people look at them."
    return "model", f"The model ranks these worse than others ({ranked}): train on more of them, or on what tells them apart."


def _ranking(table: Table, inside: NDArray[np.bool_]) -> Interval:
    rows = np.flatnonzero(inside)
    return auc(sample_of(table, rows[:: 1 + len(rows) // _RANKED]))
