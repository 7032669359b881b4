"""The answer of an attribution method: signed values over the units of a diff that sum to the same at every level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.change.types import Level, Unit
from models.encode.types import Side

TARGET: Final = "logit: flagged minus not"
SMALLEST_CHANGE: Final = 0.05
"""Logits. A change of the output below it is measured against it, or rounding noise would read as a gap of 100 %."""


@dataclass(frozen=True, slots=True)
class UnitValue:
    """What one unit adds to the output, in logits; positive pushes towards flagged.

    ``side`` is the part of the change that the unit belongs to; CONTEXT where a hunk or file mixes several.
    """

    unit: Unit
    value: float
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Signed values of one method for one diff and one classifier, in logits.

    ``output`` is f(x), ``baseline_output`` f(baseline), both of ``target``; ``baseline`` is "mask" or "pad" (the token
    that stands in for all content), "background of N unflagged changes" (the mean over rows drawn from them), "reverted" (the
    change without its changed lines), "empty change" or "average change" (what an additive model starts from: the score of
    no change, or its mean output over the rows it learnt from).
    ``tokens`` is in reading order, one value a token (one a line for methods that stop there, one a token that has no
    text of its own); ``special`` is the sum over tokens of no unit, such as [CLS]. ``steps`` counts points of the
    integration path or variants scored so far. ``standard_errors``, of sampled methods, says of each part that was taken
    away (a line, or what the method says) how far its value may be off, in logits; () where that is not known. ``unread``
    lists what the model never saw and what therefore has no value. ``names`` says what the unit (-2, -1, n), a number taken
    of the change as a whole, is, with its value ("lines added: 12").

    Guarantee (``grid.balanced`` sees to it): every number is a multiple of one power of two, so that in float64, in
    any order and at any level, ``total + completeness_gap == output - baseline_output`` holds exactly.
    ``converged`` means that the method kept what it promises: a gap within tolerance for integrated gradients (a
    small gap is necessary for a right answer, not sufficient), every unit measured for occlusion, leave one out and erasure,
    every order walked for sampled methods, always for the exact method; the gradient promises nothing about its gap. A
    partial result is not converged.
    """

    method: str
    baseline: str
    output: float
    baseline_output: float
    target: str = TARGET
    tokens: tuple[UnitValue, ...] = ()
    special: float = 0.0
    completeness_gap: float = 0.0
    steps: int = 0
    converged: bool = False
    standard_errors: tuple[tuple[Unit, float], ...] = ()
    unread: tuple[Unit, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """The sum of all values, special tokens included; logits."""
        return sum((token.value for token in self.tokens), self.special)

    @property
    def relative_gap(self) -> float:
        """|gap| / |f(x) - f(baseline)|, a share; the divisor is at least ``SMALLEST_CHANGE``."""
        return abs(self.completeness_gap) / max(abs(self.output - self.baseline_output), SMALLEST_CHANGE)

    def at(self, level: Level) -> tuple[UnitValue, ...]:
        """The values summed by unit of ``level``, in reading order, with the same total as ``tokens``.

        Tokens of one span (the bytes of a character) are one unit. What is coarser than ``level`` stays as it is: a
        path is a file unit also among lines, and so are the message (file -1) and the size of the change (-2).
        """
        groups: dict[Unit, list[UnitValue]] = {}
        for token in self.tokens:
            groups.setdefault(token.unit.at(level), []).append(token)
        return tuple(UnitValue(unit, sum((part.value for part in parts), 0.0), _side(parts)) for unit, parts in groups.items())


def _side(parts: list[UnitValue]) -> Side:
    sides = {part.side for part in parts}
    sides = sides - {Side.SPECIAL} or sides
    return sides.pop() if len(sides) == 1 else Side.CONTEXT
