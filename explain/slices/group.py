"""Metrics of every slice by one or two attributes, with intervals, sorted by what is proven and not by luck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explain.slices.counts import Counters, attributes, slices_of
from explain.slices.metrics import MetricOptions, get, measure
from explain.slices.types import Estimate, Estimates, Floats, Slice, SliceReport, Table
from models.errors import UsageError

DEFAULT = ("accuracy", "precision", "recall", "fpr", "f1", "mcc")
FEW = 20
"""With fewer trials than this a figure says little."""
MOST_SLICES = 100_000


def group(
    table: Table, by: Sequence[str], metrics: Sequence[str] = DEFAULT, options: MetricOptions | None = None
) -> tuple[SliceReport, ...]:
    """The report of all rows first, then of every slice that has rows, the ones proven worst by ``metrics[0]`` first.

    Proven worst: a slice comes the earlier, the worse even the better end of its interval is; so a small slice, whose
    interval is wide, does not lead by luck. A metric that has no better end sorts by number of rows. Undefined comes last.
    A row counts in the slice of each of its labels. Raises UsageError for other than one or two attributes, for one that
    the table lacks, and for more than 100,000 slices.
    """
    by = tuple(by)
    _check(table, by, metrics)
    whole = next(iter(_reports(((),), *measure(table, (), metrics, options), metrics[0], None)))
    counters, estimates = measure(table, by, metrics, options)
    order = _order(counters, estimates[metrics[0]], get(metrics[0]).direction)
    names = tuple(slices_of(attributes(table, by)))
    total = float(np.sum(table.weights)) if table.weights is not None else float(table.rows)
    return (whole, *_reports(names, counters, estimates, metrics[0], total, order))


def proven_side(one: Estimate, whole: Estimate, direction: str) -> int:
    """-1 where the whole interval of ``one`` is worse than the value over all changes, 1 where it is better, else 0.

    ``direction`` is the metric's, as of ``Metric``: "higher", "lower" or "none".
    """
    if direction == "none" or one.low is None or one.high is None or whole.value is None:
        return 0
    side = -1 if one.high < whole.value else 1 if one.low > whole.value else 0
    return side if direction == "higher" else -side


def _check(table: Table, by: Sequence[str], metrics: Sequence[str]) -> None:
    if not 1 <= len(by) <= 2 or len(set(by)) < len(by):
        raise UsageError(f"Expected one or two different attributes to group by, but got {', '.join(by) or 'none'}.")
    for name in by:
        if name not in table.names:
            raise UsageError(f"Expected an attribute among {', '.join(table.names) or 'none'}, but got {name!r}.")
    if not metrics:
        raise UsageError("Expected at least one metric to measure slices by.")
    size = int(np.prod([len(one.values) for one in attributes(table, by)]))
    if size > MOST_SLICES:
        raise UsageError(f"Grouping by {' and '.join(by)} gives {size:,} slices, expected at most {MOST_SLICES:,}; filter first.")


def _order(counters: Counters, first: Estimates, direction: str) -> np.ndarray:
    rows = counters.rows.sum(axis=1)
    evidence = {"higher": first.high, "lower": -first.low, "none": -rows.astype(np.float64)}[direction]
    order: np.ndarray = np.lexsort((-rows, np.where(np.isnan(evidence), np.inf, evidence)))
    return np.asarray(order[rows[order] > 0])


def _reports(
    names: Sequence[Slice],
    counters: Counters,
    estimates: dict[str, Estimates],
    first: str,
    total: float | None,
    order: np.ndarray | None = None,
) -> list[SliceReport]:
    rows, weight = (one.sum(axis=1) for one in (counters.rows, counters.weight))
    shares: Floats = weight / total if total else np.ones(len(rows))
    few = ~(estimates[first].n >= FEW)
    found = []
    for place in range(len(names)) if order is None else order.tolist():
        own = {name: one.at(place) for name, one in estimates.items()}
        found.append(SliceReport(names[place], int(rows[place]), float(shares[place]), own, bool(few[place])))
    return found
