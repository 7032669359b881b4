"""Every metric of the registry keeps the promises of all: conformance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.slices.counts import attributes, holds, select, slices_of
from explain.slices.metrics import METRICS, Metric, MetricOptions, get, measure
from explain.slices.types import Estimate, Table
from models.errors import UsageError
from tests.explain.slices.tables import a_table

EACH = pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
OPTIONS = (MetricOptions(), MetricOptions(gate=20, effort=50, clustered=True))


def of(table: Table, metric: Metric, options: MetricOptions | None = None) -> Estimate:
    return measure(table, (), (metric.name,), options)[1][metric.name].at(0)


def states(tp: int, fp: int, fn: int, tn: int) -> Table:
    """So many rows of every state, without attributes."""
    labels, flags = (np.repeat(np.array(one, dtype=np.uint8), (tp, fp, fn, tn)) for one in ([1, 0, 1, 0], [1, 1, 0, 0]))
    scores = np.where(flags, 0.6, 0.2) + np.linspace(0, 0.2, len(labels))
    return Table("states", labels, scores, flags.astype(bool), lines=np.arange(len(labels)) + 1.0)


def known(one: Estimate) -> bool:
    found = [one.value is None, one.low is None, one.high is None]
    assert all(found) or not any(found)
    return not found[0]


@EACH
def test_a_card_says_what_a_page_needs(metric: Metric) -> None:
    assert all((metric.title, metric.summary.endswith("."), metric.paper))
    assert (metric.of_counters is None) != (metric.of_rows is None)
    assert (metric.needs == "counters") == (metric.of_rows is None)
    assert get(metric.name) is metric


def test_names_are_distinct_and_a_wrong_one_names_the_right_ones() -> None:
    assert len({one.name for one in METRICS}) == len(METRICS) == 14
    with pytest.raises(UsageError, match=r"accuracy, precision.*'acuracy'"):
        get("acuracy")


@EACH
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("rows", [2, 5, 30, 400])
def test_a_value_lies_in_its_interval_and_both_in_their_range(
    metric: Metric, options: MetricOptions, weights: bool, rows: int
) -> None:
    for seed in range(5):
        found = of(a_table(rows, seed, weights, clusters=12), metric, options)
        if known(found):
            assert (-1 if metric.name == "mcc" else 0) <= found.low <= found.value <= found.high <= 1


@EACH
def test_nothing_is_known_of_no_rows(metric: Metric) -> None:
    empty = select(a_table(10, clusters=3), np.zeros(10, dtype=bool))
    for options in OPTIONS:
        assert of(empty, metric, options) == Estimate(None, None, None, 0)


@EACH
@pytest.mark.parametrize("counts", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_one_row_is_enough_for_shares_of_it_alone(metric: Metric, counts: tuple[int, ...]) -> None:
    found = of(states(*counts), metric)
    tp, fp, fn, tn = counts
    trials = {
        "precision": tp + fp,
        "recall": tp + fn,
        "fpr": fp + tn,
        "f1": 1 - tn,
        "caught": tp + fn,
        "recall-at-effort": tp + fn,
    }
    expected = metric.name not in {"mcc", "auc", "average-precision"} and bool(trials.get(metric.name, 1))
    assert known(found) == expected
    if expected and metric.needs == "counters":
        assert found.high - found.low > 0.6


@EACH
def test_of_one_class_only_what_needs_no_other_is_known(metric: Metric) -> None:
    needs_positive = {"recall", "caught", "recall-at-effort"}
    needs_both = {"mcc", "auc", "average-precision"}
    positive, negative = of(states(9, 0, 4, 0), metric), of(states(0, 6, 0, 8), metric)
    assert known(positive) == (metric.name not in needs_both | {"fpr"})
    assert known(negative) == (metric.name not in needs_both | needs_positive)


@EACH
def test_when_all_is_flagged_only_the_correlation_is_unknown(metric: Metric) -> None:
    assert known(of(states(8, 5, 0, 0), metric)) == (metric.name != "mcc")
    assert known(of(states(0, 0, 8, 5), metric)) == (metric.name not in {"mcc", "precision"})


@EACH
def test_weights_of_two_change_nothing(metric: Metric) -> None:
    table = a_table(300, 3)
    plain, doubled = (of(replace(table, weights=weights), metric) for weights in (None, np.full(300, 2.0)))
    np.testing.assert_allclose(_numbers(plain), _numbers(doubled), rtol=1e-9)


@EACH
def test_the_order_of_the_rows_changes_nothing(metric: Metric) -> None:
    table = a_table(300, 4, weights=True, clusters=20)
    order = np.random.default_rng(1).permutation(300)
    assert table.weights is not None
    assert table.clusters is not None
    assert table.lines is not None
    arrays = [one[order] for one in (table.labels, table.scores, table.flagged)]
    rest = [one[order] for one in (table.weights, table.clusters, table.lines)]
    mixed = Table("mixed", *arrays, (), *rest)
    for options in OPTIONS:
        np.testing.assert_allclose(_numbers(of(table, metric, options)), _numbers(of(mixed, metric, options)), rtol=1e-9)


@EACH
def test_rows_without_weight_do_not_count(metric: Metric) -> None:
    table = a_table(300, 5)
    weights = (np.arange(300) % 3 > 0).astype(float)
    with_none, without = replace(table, weights=weights), replace(select(table, weights > 0), weights=np.ones(200))
    np.testing.assert_allclose(_numbers(of(with_none, metric))[:3], _numbers(of(without, metric))[:3], rtol=1e-9)


@EACH
def test_more_rows_like_these_narrow_the_interval(metric: Metric) -> None:
    widths = [of(a_table(rows, 6), metric) for rows in (60, 600, 6000)]
    found = [one.high - one.low for one in widths if one.high is not None and one.low is not None]
    assert found == sorted(found, reverse=True)
    assert found[2] < found[0] / 3


@EACH
def test_clusters_never_narrow_an_interval_of_a_share(metric: Metric) -> None:
    table = a_table(400, 7, clusters=15)
    plain, tied = (of(table, metric, MetricOptions(clustered=clustered)) for clustered in (False, True))
    assert tied.value == plain.value
    assert tied.high - tied.low >= (plain.high - plain.low) * 0.999


@EACH
@pytest.mark.parametrize("by", [("kind",), ("language",), ("kind", "component")])
def test_a_slice_says_what_its_rows_alone_say(metric: Metric, by: tuple[str, ...]) -> None:
    table = a_table(250, 8, weights=True, clusters=10)
    for options in OPTIONS:
        found = measure(table, by, (metric.name,), options)[1][metric.name]
        for place, where in enumerate(slices_of(attributes(table, by))):
            alone = of(select(table, holds(table, where)), metric, options)
            np.testing.assert_allclose(_numbers(found.at(place)), _numbers(alone), rtol=1e-9)


def _numbers(one: Estimate) -> list[float]:
    return [np.nan if number is None else number for number in (one.value, one.low, one.high, one.n)]


def test_metrics_by_lines_need_lines() -> None:
    with pytest.raises(UsageError, match="changed lines"):
        measure(replace(a_table(20), lines=None), (), ("recall-at-effort",))


def test_options_out_of_bounds_are_refused() -> None:
    with pytest.raises(UsageError, match="gate between 0 and 100"):
        MetricOptions(gate=101)
