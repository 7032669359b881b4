"""Makes sums exact: every number of an attribution becomes a multiple of one power of two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from explain.attribution.types import Attribution, UnitValue
from models.change.types import Unit
from models.encode.types import Side
from models.errors import ModelError

FINEST = -40
"""Exponent of the grid: 2**-40 logits (1e-12), coarser only where the values sum to more than 2**11 logits."""

Part = tuple[Unit | None, Side, float]
"""A token's unit (None for a special token), its side and its value in logits."""


def balanced(start: Attribution, parts: Sequence[Part], steps: int) -> Attribution:
    """``start`` (which knows output and baseline) with the values of ``parts``, and the rest as completeness gap.

    Values and outputs are rounded to the grid, by at most 2**-41 logits; the remainders are part of the gap. Sums of
    multiples of 2**k below 2**(k + 53) are exact in float64, hence the guarantee of ``Attribution``.
    Raises ModelError where a value or output is not finite.
    """
    raw = [value for _, _, value in parts]
    step = _step([*raw, start.output, start.baseline_output])
    tokens = tuple(UnitValue(unit, _rounded(value, step), side) for unit, side, value in parts if unit is not None)
    special = sum((_rounded(value, step) for unit, _, value in parts if unit is None), 0.0)
    output, baseline_output = _rounded(start.output, step), _rounded(start.baseline_output, step)
    explained = sum((token.value for token in tokens), special)
    return replace(
        start,
        output=output,
        baseline_output=baseline_output,
        tokens=tokens,
        special=special,
        completeness_gap=output - baseline_output - explained,
        steps=steps,
    )


def _step(values: Iterable[float]) -> float:
    magnitude = sum(map(abs, values))
    if not math.isfinite(magnitude):
        raise ModelError(
            f"Expected finite outputs and gradients from the model, but got {magnitude}; train or copy the checkpoint again."
        )
    return 2.0 ** max(FINEST, math.frexp(magnitude)[1] - 51)


def _rounded(value: float, step: float) -> float:
    return round(value / step) * step
