"""Which edits look promising before anything is scored: from one backward pass, or the model's own sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from explain.attribution.registry import METHODS
from explain.attribution.run import answer, attribute
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Classifier
from models.errors import ModelError

Order = Callable[[Sequence[Unit]], Sequence[float]]
"""Gives every unit (line, token or file) of a diff a value in logits; positive pushes towards flagged."""
_CHEAP = ("exact", "gradient")
"""Methods of at most one backward pass, the better one first."""


def first_order(diff: Diff, classifier: Classifier) -> Order | None:
    """The first-order value of masking each unit (as in HotFlip, Ebrahimi et al. 2018), or None where the model has none.

    Costs about three scorings. It decides in which order single edits are tried, never what is claimed of them.
    """
    name = next((name for name in _CHEAP if METHODS[name].fits(classifier)), None)
    if name is None:
        return None
    try:
        tokens = answer(attribute(diff, classifier, name)).tokens
    except ModelError:  # outputs that are not finite: the search itself will say so
        return None
    by_line: dict[Unit, list[tuple[int, int, float]]] = {}
    by_file: dict[Unit, float] = {}
    for token in tokens:
        by_line.setdefault(token.unit.at(Level.LINE), []).append((token.unit.start, token.unit.end, token.value))
        by_file[token.unit.at(Level.FILE)] = by_file.get(token.unit.at(Level.FILE), 0.0) + token.value

    def value(unit: Unit) -> float:
        if unit.level is Level.FILE:
            return by_file.get(unit, 0.0)
        parts = by_line.get(unit.at(Level.LINE), [])
        inside = (part for part in parts if unit.start < 0 or part[0] < 0 or (part[0] < unit.end and part[1] > unit.start))
        return sum(part[2] for part in inside)

    return lambda units: [value(unit) for unit in units]
