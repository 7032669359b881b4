"""Which edits look promising before anything is scored: from one backward pass, or the model's own sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from explain.attribution.grid import Part
from explain.attribution.options import AttributionOptions
from models.change.types import Diff, Level, Unit
from models.classify.additive import Additive
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier

Order = Callable[[Sequence[Unit]], Sequence[float]]
"""Gives every unit (line, token or file) of a diff a value in logits; positive pushes towards flagged."""


def first_order(diff: Diff, classifier: Classifier) -> Order | None:
    """The first-order value of masking each unit (as in HotFlip, Ebrahimi et al. 2018), or None where the model has none.

    Costs one scoring with a backward pass, or one of a model that is a sum. It decides in which order single edits are tried,
    never what is claimed of them.
    """
    values = _values(diff, classifier)
    if values is None:
        return None
    by_line: dict[Unit, list[tuple[int, int, float]]] = {}
    by_file: dict[Unit, float] = {}
    for unit, _, value in values:
        if unit is not None:
            by_line.setdefault(unit.at(Level.LINE), []).append((unit.start, unit.end, value))
            by_file[unit.at(Level.FILE)] = by_file.get(unit.at(Level.FILE), 0.0) + value

    def worth(unit: Unit) -> float:
        if unit.level is Level.FILE:
            return by_file.get(unit, 0.0)
        parts = by_line.get(unit.at(Level.LINE), [])
        inside = (part for part in parts if unit.start < 0 or part[0] < 0 or (part[0] < unit.end and part[1] > unit.start))
        return sum(part[2] for part in inside)

    return lambda units: [worth(unit) for unit in units]


def _values(diff: Diff, classifier: Classifier) -> list[Part] | None:
    """What every token is worth; None where nothing cheap tells, or outputs are not finite: the search itself will say so."""
    if isinstance(classifier, Additive):
        values: list[Part] = [(part.unit, part.side, part.value) for part in classifier.contributions(diff).parts]
    elif isinstance(classifier, Differentiable):
        from explain.attribution.gradient import slopes  # needs torch, which a model that is a sum does without

        values = slopes(diff, classifier, AttributionOptions())
    else:
        return None
    return values if all(isfinite(value) for *_, value in values) else None
