"""How good a ranking of the lines of one change is, against the lines known to be at fault.

Definitions as in line-level defect prediction: Wattanakriengkrai et al. 2020, "Predicting Defective Lines Using a
Model-Agnostic Technique" (recall at effort, effort at recall, initial false alarm), Pornprasit and Tantithamthavorn 2021,
"JITLine" (the same within a commit, and Top-10 accuracy), Ni et al. 2022, "The best of both worlds" (JIT-Fine; Top-5 as well).
Effort is the number of lines read, from the highest value on; n is the number of lines of the change, d of those at fault.

Lines of equal value are read in random order, and a figure is its exact expectation over these orders: a ranking that says
nothing comes out as a random one, neither as the best nor as the worst. Without a line at fault every figure is undefined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

FIGURES = ("top_5", "top_10", "recall_at_20_effort", "effort_at_20_recall", "false_alarms")
LESS_IS_BETTER = ("effort_at_20_recall", "false_alarms")
SHARE_PERCENT = 20
Ties = Sequence[tuple[int, int]]
"""Lines of equal value, the highest first: how many they are, and how many of them are at fault."""


def line_figures(values: Sequence[float], faulty: Sequence[bool]) -> dict[str, float] | None:
    """Every figure of one change, whose lines have these ``values`` (larger is read sooner); None without a line at fault."""
    ties = tuple(_ties(values, faulty))
    if not any(hits for _, hits in ties):
        return None
    return {
        "top_5": top(ties, 5),
        "top_10": top(ties, 10),
        "recall_at_20_effort": recall_at_effort(ties),
        "effort_at_20_recall": effort_at_recall(ties),
        "false_alarms": false_alarms(ties),
    }


def _ties(values: Sequence[float], faulty: Sequence[bool]) -> Iterator[tuple[int, int]]:
    ranked = sorted(zip(values, faulty, strict=True), key=lambda one: -one[0])
    for _, group in groupby(ranked, key=lambda one: one[0]):
        hits = [hit for _, hit in group]
        yield len(hits), sum(hits)


def top(ties: Ties, k: int) -> float:
    """Top-k accuracy: the share of the first k lines that are at fault; of all lines where there are fewer than k."""
    most = min(k, _lines(ties))
    return _found(ties, most) / most


def recall_at_effort(ties: Ties) -> float:
    """Recall@20%Effort: the share of the d lines at fault among the first floor(0.2 n); 0 where that is no line at all."""
    return _found(ties, _lines(ties) * SHARE_PERCENT // 100) / _faults(ties)


def effort_at_recall(ties: Ties) -> float:
    """Effort@20%Recall: lines read until ceil(0.2 d) of those at fault are found, as a share of n. Less is better."""
    return _until(ties, -(-_faults(ties) * SHARE_PERCENT // 100)) / _lines(ties)


def false_alarms(ties: Ties) -> float:
    """Initial false alarm (IFA): how many clean lines are read before the first that is at fault. Less is better."""
    return _until(ties, 1) - 1


def _lines(ties: Ties) -> int:
    return sum(size for size, _ in ties)


def _faults(ties: Ties) -> int:
    return sum(hits for _, hits in ties)


def _found(ties: Ties, most: int) -> float:
    """How many lines at fault are expected among the first ``most``: of a tie that is read in part, its share."""
    found, left = 0.0, most
    for size, hits in ties:
        read = min(size, left)
        found, left = found + hits * read / size, left - read
    return found


def _until(ties: Ties, wanted: int) -> float:
    """How many lines are expected to be read until ``wanted`` at fault are found.

    In a random order of s lines with h hits, the j-th hit stands at place j (s + 1) / (h + 1) in the mean.
    """
    read = 0
    for size, hits in ties:
        if hits >= wanted:
            return read + wanted * (size + 1) / (hits + 1)
        read, wanted = read + size, wanted - hits
    return math.nan
