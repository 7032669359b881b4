"""Ranking, gating and effort against sklearn and against loops; the bootstrap against rows that really are repeated."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluate.bootstrap import Measure, estimate, once, resamples
from models.evaluate.effort import densest_first, effort_at_recall, least, recall_at_effort
from models.evaluate.gating import PERCENT, filtered_out, gate_curve, riskiest_first, times_better
from models.evaluate.ranking import auc, average_precision, by_score, within

Floats = np.ndarray


def sample(seed: int, rows: int = 60, levels: int = 7) -> tuple[Floats, Floats, Floats, Floats]:
    """(labels, scores with many ties, effort, projects)."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.3).astype(np.int64)
    scores = np.round(random.random(rows) + 0.5 * labels, 1) if levels else random.random(rows)
    return labels, scores, least(random.integers(0, 30, rows).astype(float)), random.integers(0, 3, rows)


def value(measure: Measure, rows: int) -> float:
    return float(measure(once(rows))[0])


@pytest.mark.parametrize("seed", range(10))
def test_auc_and_average_precision_are_those_of_sklearn(seed: int) -> None:
    labels, scores, _, _ = sample(seed, levels=seed % 2)
    rows = by_score(labels, scores)
    assert value(auc(rows), 60) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert value(average_precision(rows), 60) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


def test_counts_are_repeated_rows() -> None:
    labels, scores, effort, projects = sample(1)
    density = scores / effort
    makers: list[Callable[..., Measure]] = [
        lambda y, s, e: auc(by_score(y, s)),
        lambda y, s, e: average_precision(by_score(y, s)),
        lambda y, s, e: filtered_out(y, s, 0.95),
        lambda y, s, e: recall_at_effort(y, s / e, e),
        lambda y, s, e: effort_at_recall(y, s / e, e),
    ]
    assert density.shape == labels.shape
    (counts,) = resamples(projects, 40, 7)
    for make in makers:
        fast = make(labels, scores, effort)(counts)
        slow = [value(make(*(np.repeat(x, c) for x in (labels, scores, effort))), 60) for c in counts.astype(int)]
        assert fast == pytest.approx(slow, abs=1e-12)
    fast = gate_curve(labels, scores)(counts)
    slow = [gate_curve(np.repeat(labels, c), np.repeat(scores, c))(once(60))[0] for c in counts.astype(int)]
    assert fast == pytest.approx(np.array(slow), abs=1e-12)


def test_resamples_keep_the_size_of_every_project() -> None:
    projects = np.array([0, 0, 0, 2, 2, 5])
    parts = list(resamples(projects, 250, 3))
    assert [len(part) for part in parts] == [100, 100, 50]
    counts = np.concatenate(parts)
    for project, size in ((0, 3), (2, 2), (5, 1)):
        assert (counts[:, projects == project].sum(axis=1) == size).all()
    assert counts[:, 0].mean() == pytest.approx(1, abs=0.2)
    assert counts[:, 0].var() == pytest.approx(3 * (1 / 3) * (2 / 3), abs=0.2)
    assert (np.concatenate(list(resamples(projects, 250, 3))) == counts).all()
    assert (np.concatenate(list(resamples(projects, 250, 4))) != counts).any()


def test_within_is_the_mean_over_projects_with_both_classes() -> None:
    labels, scores, _, projects = sample(4, rows=90)
    labels = np.where(projects == 2, 0, labels)
    truth = [roc_auc_score(labels[projects == p], scores[projects == p]) for p in (0, 1)]
    assert value(within(auc, labels, scores, projects), 90) == pytest.approx(np.mean(truth))
    counts = once(90)
    counts[0, (projects == 1) & (labels == 1)] = 0  # a draw without positives of project 1
    assert within(auc, labels, scores, projects)(counts)[0] == pytest.approx(truth[0])
    only_within = np.array([1, 0, 1, 0]), np.array([2.0, 2.0, 1.0, 1.0]), np.array([0, 0, 1, 1])
    assert value(within(auc, *only_within), 4) == 0.5


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_leaves_ranking_undefined(label: int) -> None:
    labels, scores = np.full(20, label), np.linspace(0, 1, 20)
    undefined = [auc(by_score(labels, scores)), average_precision(by_score(labels, scores))]
    undefined.append(within(auc, labels, scores, np.zeros(20, dtype=int)))
    if not label:
        undefined += [filtered_out(labels, scores, 0.95), recall_at_effort(labels, scores, scores + 1)]
        undefined += [effort_at_recall(labels, scores, scores + 1)]
        assert np.isnan(gate_curve(labels, scores)(once(20))).all()
    for measure in undefined:
        assert math.isnan(value(measure, 20))
        found = estimate(value(measure, 20), measure(next(resamples(np.zeros(20), 10, 1))))
        assert (found.value, found.low, found.high) == (None, None, None)


def worst_orders(labels: Floats, scores: Floats) -> list[tuple[int, ...]]:
    """Every order of the rows in which scores descend."""
    return [one for one in permutations(range(len(labels))) if all(scores[a] >= scores[b] for a, b in zip(one, one[1:]))]  # noqa: B905,RUF007


@pytest.mark.parametrize("seed", range(6))
def test_ties_of_the_gate_are_taken_at_their_worst(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, scores = random.permutation([0, 0, 0, 1, 1, 1, 0]), random.integers(0, 3, 7).astype(float)
    orders = worst_orders(labels, scores)
    curve = gate_curve(labels, scores)(once(7))[0]
    for percent in PERCENT:
        gated = 7 * int(percent) // 100
        assert curve[percent] == pytest.approx(min(labels[list(order[:gated])].sum() for order in orders) / 3)
    for recall in (0.3, 0.6, 0.95):
        kept = [next(n for n in range(8) if labels[list(order[:n])].sum() >= recall * 3) for order in orders]
        assert value(filtered_out(labels, scores, recall), 7) == pytest.approx(1 - max(kept) / 7)


@pytest.mark.parametrize("seed", range(6))
def test_ties_of_effort_are_taken_at_their_worst(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, density = random.permutation([0, 0, 0, 1, 1, 1, 0]), random.integers(0, 3, 7).astype(float)
    effort = random.integers(1, 9, 7).astype(float)
    orders = worst_orders(labels, density)
    for share in (0.2, 0.5):
        found, spent = [], []
        for order in orders:
            cost = np.cumsum(effort[list(order)])
            found.append(labels[list(order)][cost <= share * effort.sum()].sum() / 3)
            hits = np.cumsum(labels[list(order)])
            spent.append(cost[np.flatnonzero(hits >= share * 3)[0]] / effort.sum())
        assert value(recall_at_effort(labels, density, effort, share), 7) == pytest.approx(min(found))
        assert value(effort_at_recall(labels, density, effort, share), 7) == pytest.approx(max(spent))


def test_a_perfect_and_a_useless_gate() -> None:
    labels = np.r_[np.ones(10, dtype=int), np.zeros(90, dtype=int)]
    perfect = gate_curve(labels, labels.astype(float))(once(100))[0]
    assert perfect[:12].tolist() == pytest.approx([n / 10 for n in range(11)] + [1.0])
    assert value(filtered_out(labels, labels.astype(float), 0.95), 100) == pytest.approx(0.9)
    assert gate_curve(labels, np.zeros(100))(once(100))[0][90] == 0.0
    assert value(filtered_out(labels, np.zeros(100), 0.95), 100) == 0.0
    assert times_better(0.43, 0.99) == pytest.approx(43)


def test_orders_are_what_they_say() -> None:
    labels, scores = np.array([1, 0, 1, 0]), np.array([0.5, 0.5, 0.9, 0.1])
    assert riskiest_first(labels, scores).tolist() == [2, 1, 0, 3]
    assert densest_first(np.array([1, 0, 1]), np.ones(3), np.array([1.0, 2.0, 5.0])).tolist() == [1, 2, 0]
    assert least(np.array([0.0, 3.0])).tolist() == [1.0, 3.0]


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Two normal classes one apart: the AUC is Phi(1 / sqrt 2) = 0.7602."""
    truth, covered, runs = 0.5 * (1 + math.erf(0.5)), 0, 300
    random = np.random.default_rng(11)
    labels = np.r_[np.ones(60, dtype=int), np.zeros(140, dtype=int)]
    for run in range(runs):
        scores = random.normal(size=200) + labels
        measure = auc(by_score(labels, scores))
        drawn = np.concatenate([measure(counts) for counts in resamples(labels, 200, run)])
        found = estimate(value(measure, 200), drawn)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= truth <= found.high
    assert 0.90 <= covered / runs <= 0.985


def test_an_estimate_without_enough_defined_replicates_has_no_interval() -> None:
    assert estimate(0.5, np.array([0.4, np.nan, np.nan])).low is None
    found = estimate(0.5, np.array([0.4, 0.6, np.nan]))
    assert (found.low, found.high) == (pytest.approx(0.405), pytest.approx(0.595))
    assert found.excludes_zero
    assert not estimate(0.1, np.array([-0.4, 0.6])).excludes_zero
    assert not estimate(float("nan"), np.array([0.4, 0.6])).excludes_zero
