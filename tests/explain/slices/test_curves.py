"""Curves over all rows beside counts in plain Python."""

from __future__ import annotations

from dataclasses import replace
from math import floor

import numpy as np
import pytest

from explain.slices.curves import PERCENTS, Period, gate_curve, over_time, reliability
from explain.slices.metrics import MetricOptions, measure
from explain.slices.types import MISSING, Column, Labels, Table
from models.errors import UsageError

MONTHS = ("2023-11", "2023-12", "2024-01", "2024-04", MISSING)


def table(rows: int = 700, ties: int = 40) -> Table:
    draw = np.random.default_rng(3)
    scores = np.round(draw.random(rows) * ties) / ties
    labels = (draw.random(rows) < scores).astype(np.uint8)
    months = Column("date", MONTHS, draw.integers(0, len(MONTHS), rows).astype(np.uint8))
    return Table("m", labels, scores, scores >= 0.4, (months,), clusters=draw.integers(0, 30, rows))


def test_a_gate_catches_what_counting_says_ties_at_their_worst() -> None:
    own = table()
    ranked = sorted(zip((-own.scores).tolist(), own.labels.tolist(), strict=True))
    curve = dict(gate_curve(own))
    for percent in PERCENTS:
        taken = ranked[: floor(own.rows * percent / 100 + 1e-9)]
        assert curve[percent].value == pytest.approx(sum(label for _, label in taken) / int(own.labels.sum()))
    assert (curve[0.0].value, curve[100.0].value) == (0.0, 1.0)
    values = [one.value for one in curve.values()]
    assert values == sorted(values)


@pytest.mark.parametrize("clustered", [False, True])
def test_its_points_are_the_metric(clustered: bool) -> None:
    own = table()
    curve = dict(gate_curve(own, MetricOptions(clustered=clustered)))
    for percent in (5.0, 20.0, 60.0):
        _, found = measure(own, (), ["caught"], MetricOptions(gate=percent, clustered=clustered))
        metric = found["caught"].at(0)
        assert (curve[percent].value, curve[percent].n) == (metric.value, metric.n)
        assert (curve[percent].low, curve[percent].high) == (pytest.approx(metric.low), pytest.approx(metric.high))


def test_without_positives_nothing_is_caught_and_that_is_undefined() -> None:
    own = replace(table(), labels=np.zeros(700, np.uint8))
    assert {one.value for _, one in gate_curve(own)} == {None}


def test_bins_hold_equally_many_rows_by_rising_score() -> None:
    own = table(ties=10**6)
    found = reliability(own)
    order = np.argsort(own.scores)
    for one, rows in zip(found, np.array_split(order, 15), strict=True):
        assert one.rows == len(rows) == one.rate.n
        assert one.score == pytest.approx(own.scores[rows].mean())
        assert one.rate.value == pytest.approx(own.labels[rows].mean())
        assert one.rate.low is not None
        assert one.rate.high is not None
        assert one.rate.low <= (one.rate.value or 0) <= one.rate.high
    assert len(reliability(table(rows=4))) == 4


def test_weights_count_in_bins() -> None:
    own = table(ties=10**6)
    weights = np.random.default_rng(1).random(own.rows) + 0.1
    weighted = reliability(replace(own, weights=weights))
    rows = np.array_split(np.argsort(own.scores), 15)[7]
    assert weighted[7].score == pytest.approx(np.average(own.scores[rows], weights=weights[rows]))
    assert weighted[7].rate.value == pytest.approx(np.average(own.labels[rows], weights=weights[rows]))


@pytest.mark.parametrize(
    ("period", "spans"),
    [
        (Period.MONTH, {"2023-11": {0}, "2023-12": {1}, "2024-01": {2}, "2024-04": {3}}),
        (Period.QUARTER, {"2023 Q4": {0, 1}, "2024 Q1": {2}, "2024 Q2": {3}}),
        (Period.YEAR, {"2023": {0, 1}, "2024": {2, 3}}),
    ],
)
def test_time_is_parted_as_asked_and_undated_rows_are_left_out(period: Period, spans: dict[str, set[int]]) -> None:
    own = table()
    months = own.column("date").codes
    found = over_time(own, "date", "recall", period)
    assert [when for when, _ in found] == list(spans)
    for when, one in found:
        inside = np.isin(months, list(spans[when])) & (own.labels == 1)
        assert (one.n, one.value) == (inside.sum(), pytest.approx(own.flagged[inside].mean()))


def test_years_stay_years_and_lists_are_no_time() -> None:
    own = table()
    years = Column("date", ("1999", "2001"), (np.arange(own.rows) % 2).astype(np.uint8))
    assert [when for when, _ in over_time(replace(own, columns=(years,)), "date", "recall", Period.QUARTER)] == ["1999", "2001"]
    lists = Labels("tags", ("a",), np.arange(own.rows + 1), np.zeros(own.rows, np.uint8))
    with pytest.raises(UsageError, match="attribute with dates"):
        over_time(replace(own, columns=(lists,)), "tags", "recall")
