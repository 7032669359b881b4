"""Curves of one model over all of its rows: what gates of all widths catch, whether scores come true, and metrics over time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from explain.slices import scored
from explain.slices.calibration import BINS
from explain.slices.coding import codes_of
from explain.slices.metrics import MetricOptions, measure, sample_of
from explain.slices.types import MISSING, Column, Estimate, Floats, Labels, Table
from models.errors import UsageError

PERCENTS = (1.0, 2.0, 3.0, 5.0, 7.0, *(float(one) for one in range(10, 100, 5)))
"""Widths of a gate between nothing and everything."""
_BIN = "bin"


class Period(StrEnum):
    """How long the spans of time are."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with scores beside each other: the mean of these, and the share of the rows that were defective."""

    score: float
    rate: Estimate
    rows: int


def gate_curve(table: Table, options: MetricOptions | None = None) -> tuple[tuple[float, Estimate], ...]:
    """(percent of the changes that are gated, the share of the defective ones among them), from 0 to 100 percent.

    Each point is the metric ``caught`` at its percentage; the ends follow from what gating is, and have no interval.
    """
    clustered = options is not None and options.clustered
    # In the order of the scores, so that every point finds them sorted.
    sample = sample_of(table, np.argsort(-table.scores, kind="stable"), clustered)
    positives = float(sample.labels.sum())
    if not positives:
        return tuple((percent, Estimate(None, None, None, 0.0)) for percent in (0.0, *PERCENTS, 100.0))
    between = ((percent, Estimate(*scored.caught(sample, percent), positives)) for percent in PERCENTS)
    nothing, all_of_them = (Estimate(end, end, end, positives) for end in (0.0, 1.0))
    return ((0.0, nothing), *between, (100.0, all_of_them))


def reliability(table: Table, options: MetricOptions | None = None) -> tuple[Bin, ...]:
    """At most 15 bins of equal count by rising score, those that the calibration error is taken over."""
    order = np.argsort(table.scores, kind="stable")
    parts = [one for one in np.array_split(order, BINS) if len(one)]
    places = np.empty(table.rows, dtype=np.int64)
    for place, part in enumerate(parts):
        places[part] = place
    column = Column(_BIN, tuple(map(str, range(len(parts)))), codes_of(places, len(parts)))
    _, found = measure(replace(table, columns=(column,)), [_BIN], ["base-rate"], options)
    rates = found["base-rate"]
    return tuple(Bin(_mean(table, part), rates.at(place), len(part)) for place, part in enumerate(parts))


def _mean(table: Table, rows: np.ndarray) -> float:
    weights: Floats | None = None if table.weights is None else table.weights[rows]
    return float(np.average(table.scores[rows], weights=weights))


def over_time(
    table: Table, name: str, metric: str, period: Period = Period.MONTH, options: MetricOptions | None = None
) -> tuple[tuple[str, Estimate], ...]:
    """(a month, quarter or year, the metric of its rows) in the order of time; rows without a date are left out.

    ``name`` is an attribute of months, as dates are loaded. Raises UsageError for one that has several values a row.
    """
    column = table.column(name)
    if isinstance(column, Labels):
        raise UsageError(f"Expected an attribute with dates, but got {name!r:.80}.")
    spans = _in_spans(column, period)
    _, found = measure(replace(table, columns=(spans,)), [name], [metric], options)
    return tuple((value, found[metric].at(place)) for place, value in enumerate(spans.values) if value != MISSING)


def _in_spans(column: Column, period: Period) -> Column:
    names = [_span(value, period) for value in column.values]
    values = tuple(_once(names))
    place_of = np.array([values.index(one) for one in names], dtype=np.int64)
    return Column(column.name, values, codes_of(place_of[column.codes], len(values)))


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _span(value: str, period: Period) -> str:
    """The span of a month such as "2024-05"; of what is none, such as a year, itself."""
    year, dash, month = value.partition("-")
    if not dash or not month.isdecimal() or period is Period.MONTH:
        return value
    return year if period is Period.YEAR else f"{year} Q{(int(month) + 2) // 3}"
