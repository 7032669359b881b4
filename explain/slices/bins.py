"""Numbers as a few readable groups: "up to 9", "10 to 49", "50 or more"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

QUANTILES = (0.2, 0.4, 0.6, 0.8)
"""Where numbers are parted unless edges are given."""
FEW = 8
"""Numbers of at most so many different values are not grouped."""


def edges_of(parts: Sequence[float], low: float, whole: bool) -> tuple[float, ...]:
    """The edges that part numbers at ``parts``: distinct, rising, above the lowest number ``low``; ``whole`` ones rounded up."""
    finite = [one for one in parts if math.isfinite(one)]
    return tuple(sorted({float(math.ceil(one)) if whole else one for one in finite if one > low}))


def rounded(value: float) -> float:
    """``value`` with two significant digits, as an edge that people can read."""
    return float(f"{value:.2g}")


def names(edges: Sequence[float], whole: bool, lowest: float = math.nan) -> tuple[str, ...]:
    """The names of the ``len(edges) + 1`` groups; an edge belongs to the group above it. ``whole``: of whole numbers.

    ``lowest``: of all numbers, if it is known, so that a group of one number is named by it.
    """
    if not edges:
        return ("any",)
    said = spelled(edges)
    if whole:
        last = spelled([edge - 1 for edge in edges])
        middle = [low if low == high else f"{low} to {high}" for low, high in zip(said, last[1:], strict=False)]
        first = last[0] if lowest == edges[0] - 1 else f"up to {last[0]}"
        return (first, *middle, f"{said[-1]} or more")
    return (f"under {said[0]}", *(f"{low} to under {high}" for low, high in pairwise(said)), f"{said[-1]} or more")


def spelled(numbers: Sequence[float]) -> tuple[str, ...]:
    """``numbers`` in words that tell them apart: whole where they are, else with four digits or as many as it takes."""
    said: tuple[str, ...] = ()
    for digits in range(4, 18):
        said = tuple(f"{one:.0f}" if one == round(one) and abs(one) < 1e15 else f"{one:.{digits}g}" for one in numbers)
        if len(set(said)) == len(set(numbers)):
            break
    return said
