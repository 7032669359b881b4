"""Thresholds against trying all of them, against the closed form for calibrated scores, and on rows that prove nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from explain.slices.costs import NOTHING, combined, curve, effect, poisson, steps
from explain.slices.intervals import wilson
from explain.slices.thresholds import ThresholdOptions, cheaper, plan
from explain.slices.types import Column, Table
from models.errors import UsageError
from tests.explain.slices.tables import a_table


def cost_by_hand(table: Table, threshold: float, ratio: float) -> float:
    total = 0.0
    for row in range(table.rows):
        flagged, positive = table.scores[row] >= threshold, table.labels[row] == 1
        own = 1.0 if table.weights is None else float(table.weights[row])
        total += own * (ratio if positive and not flagged else 1.0 if flagged and not positive else 0.0)
    return total


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("ratio", [0.2, 1, 3, 25, 1e4])
def test_no_threshold_is_cheaper_than_the_cheapest(ratio: float, weights: bool) -> None:
    table = a_table(120, weights=weights)
    table = replace(table, scores=np.round(table.scores, 1))  # many ties
    every = steps(table)
    tried = {*table.scores.tolist(), 0.0, NOTHING, *every.thresholds.tolist()}
    least = min(cost_by_hand(table, one, ratio) for one in tried)
    best = every.least(ratio)
    assert cost_by_hand(table, float(every.thresholds[best]), ratio) == pytest.approx(least)
    for place, threshold in enumerate(every.thresholds.tolist()):
        assert every.cost(ratio)[place] == pytest.approx(cost_by_hand(table, threshold, ratio))
    assert len(every.thresholds) == len(set(table.scores.tolist())) + 1


@pytest.mark.parametrize("ratio", [0.25, 1, 4, 9, 99])
def test_calibrated_scores_have_the_threshold_of_the_closed_form(ratio: float) -> None:
    grid = (np.arange(100) + 0.37) / 100
    scores, labels = np.repeat(grid, 2), np.tile([1, 0], 100).astype(np.uint8)
    weights = np.where(labels == 1, scores, 1 - scores)
    every = steps(Table("calibrated", labels, scores, scores >= 0.5, weights=weights))
    threshold = float(every.thresholds[every.least(ratio)])
    assert ((scores >= threshold) == (scores >= 1 / (1 + ratio))).all()
    assert abs(threshold - 1 / (1 + ratio)) <= 0.01


def test_nothing_and_everything() -> None:
    scores = np.array([1.0, 1.0, 0.0, 0.0])
    labels = np.array([0, 0, 0, 1], dtype=np.uint8)
    every = steps(Table("upside down", labels, scores, scores >= 0.5))
    assert every.thresholds.tolist() == [NOTHING, 0.5, 0.0]
    assert (every.least(1), every.least(100)) == (0, 2)
    assert not (scores >= NOTHING).any()


@pytest.mark.parametrize("weights", [False, True])
def test_the_curve_holds_points_of_all_thresholds_and_the_cheapest(weights: bool) -> None:
    table = a_table(3000, weights=weights)
    found = curve(table, 4, points=50)
    assert 40 <= len(found.thresholds) <= 51
    assert found.cost[found.best] == found.cost.min()
    whole = 3000 if table.weights is None else table.weights.sum()
    for place in (0, 7, found.best, len(found.cost) - 1):
        by_hand = cost_by_hand(table, float(found.thresholds[place]), 4)
        assert found.cost[place] == pytest.approx(100 * by_hand / whole)
    assert ((found.low <= found.cost) & (found.cost <= found.high)).all()
    assert found.cost[found.best] == pytest.approx(100 * steps(table).cost(4).min() / whole)


def test_flags_a_week_have_garwoods_interval_and_flags_of_100_changes_wilsons() -> None:
    table = a_table(300)
    flagged = table.scores >= 0.6
    weekly, share = effect(table, flagged, 5, weeks=12.0), effect(table, flagged, 5)
    for name, rows in (
        ("flags", flagged),
        ("misses", ~flagged & (table.labels == 1)),
        ("needless", flagged & (table.labels == 0)),
    ):
        own, events = getattr(weekly, name), int(rows.sum())
        ends = (stats.chi2.ppf(0.025, 2 * events) / 2 / 12, stats.chi2.ppf(0.975, 2 * events + 2) / 2 / 12)
        assert (own.value, own.low, own.high) == pytest.approx((events / 12, *ends))
        ends = [100 * float(one[0]) for one in wilson(np.array([events / 300]), np.array([300.0]))]
        other = getattr(share, name)
        assert (other.value, other.low, other.high) == pytest.approx((events / 3, *ends))
    assert (weekly.unit, share.unit, share.cost.n) == ("week", "100 changes", 300)
    assert share.cost.value == pytest.approx(cost_by_hand(table, 0.6, 5) / 3)
    assert weekly.cost.value == pytest.approx(cost_by_hand(table, 0.6, 5) / 12)


def test_weights_are_what_rows_stand_for() -> None:
    table = a_table(200)
    flagged = table.scores >= 0.6
    doubled = replace(table, weights=np.full(200, 2.0))
    assert effect(doubled, flagged, 5).cost.value == pytest.approx(effect(table, flagged, 5).cost.value)
    assert effect(doubled, flagged, 5, 10).flags.value == pytest.approx(2 * effect(table, flagged, 5, 10).flags.value)
    assert poisson(7, 7) == pytest.approx((stats.chi2.ppf(0.025, 14) / 2, stats.chi2.ppf(0.975, 16) / 2))
    assert poisson(14, 28, 2) == pytest.approx(tuple(2 * one for one in poisson(7, 7)))
    assert poisson(0, 0)[0] == 0


@pytest.mark.parametrize(("rows", "miss", "needless"), [(50, 0.05, 0.2), (200, 0.02, 0.1), (1000, 0.1, 0.3)])
def test_the_interval_of_the_cost_covers(rows: int, miss: float, needless: float) -> None:
    random = np.random.default_rng(5)
    drawn = random.multinomial(rows, [miss, needless, 1 - miss - needless], 4000) / rows
    trials = np.full(4000, float(rows))
    shares = [(drawn[:, at], *wilson(drawn[:, at], trials)) for at in (0, 1)]
    for ratio in (1.0, 8.0):
        _, low, high = combined((ratio, shares[0]), (1.0, shares[1]))
        covered = float(((low <= ratio * miss + needless) & (ratio * miss + needless <= high)).mean())
        assert 0.93 <= covered <= 0.985


def sliced(rows: int, shift: dict[str, float], seed: int = 2, clusters: int = 0) -> tuple[Table, np.ndarray]:
    """Calibrated scores but in some slices, whose scores are moved on the logit scale; and two halves."""
    random = np.random.default_rng(seed)
    names = ("a", "b", "c", "d")
    codes = random.integers(0, 4, rows).astype(np.uint8)
    logits = random.normal(-1, 1.5, rows)
    labels = (random.random(rows) < 1 / (1 + np.exp(-logits))).astype(np.uint8)
    scores = 1 / (1 + np.exp(-(logits + np.array([shift.get(one, 0.0) for one in names])[codes])))
    groups = random.integers(0, clusters, rows) if clusters else None
    table = Table("sliced", labels, scores, scores >= 0.5, (Column("group", names, codes),), clusters=groups)
    return table, random.random(rows) < 0.5


def test_a_slice_whose_scores_are_off_gets_a_threshold_of_its_own() -> None:
    table, halves = sliced(12000, {"b": -2.5})
    found = plan(table, halves, ThresholdOptions(4), "group")
    own = next(one for one in found.own if one.value == "b")
    assert own.used
    assert own.p is not None
    assert own.p < 1e-6
    for one in found.own:  # "b" moves the common one, so that others may gain too; all must be near the closed form
        right = np.log(0.2 / 0.8) - (2.5 if one.value == "b" else 0)
        if one.used:
            assert abs(np.log(one.threshold / (1 - one.threshold)) - right) < 0.6
        else:
            assert one.threshold == found.threshold
            assert "common one is kept" in one.reason
    assert found.mixed is not None
    assert found.mixed.cost.value < found.common.cost.value < found.present.cost.value
    assert own.saving.low > 0
    assert found.saving.low > 0
    assert found.low <= found.threshold <= found.high
    cuts = {one.value: one.threshold for one in found.own}
    mended = table.scores >= np.array([cuts["abcd"[code]] for code in table.columns[0].codes])
    again = effect(replace(table, weights=(~halves).astype(float)), mended, 4)
    assert again.cost.value == pytest.approx(found.mixed.cost.value)


def test_without_a_difference_thresholds_of_their_own_are_rare() -> None:
    kept = 0
    for seed in range(60):
        found = plan(*sliced(1500, {}, seed), ThresholdOptions(4), "group")
        kept += any(one.used for one in found.own)
    assert kept <= 8  # 3 expected; more than 8 has a chance of 0.4 %


def test_the_test_is_the_binomial_one_on_changed_verdicts() -> None:
    table = a_table(400)
    for low, high in ((0.3, 0.5), (0.5, 0.7)):
        between = (table.scores >= low) & (table.scores < high)
        ups, many = int(table.labels[between].sum()), int(between.sum())
        raised = cheaper(table, table.scores >= high, table.scores >= low, 3)
        lowered = cheaper(table, table.scores >= low, table.scores >= high, 3)
        assert raised == pytest.approx(stats.binomtest(ups, many, 0.25, "greater").pvalue)
        assert lowered == pytest.approx(stats.binomtest(many - ups, many, 0.75, "greater").pvalue)
    assert cheaper(table, table.flagged, table.flagged, 3) is None
    clustered = replace(table, clusters=np.arange(400) % 9)
    assert cheaper(clustered, table.scores >= 0.5, table.scores >= 0.3, 3) >= cheaper(
        table, table.scores >= 0.5, table.scores >= 0.3, 3
    )


def test_savings_are_differences_of_costs() -> None:
    for ratio in (0.5, 1.0, 4.0):
        table, halves = sliced(3000, {"b": -2, "c": 1}, 4)
        found = plan(table, halves, ThresholdOptions(ratio), "group")
        held = np.flatnonzero(~halves)
        codes = table.columns[0].codes
        for one in found.own:
            rows = held[codes[held] == "abcd".index(one.value)]
            own = replace(table, labels=table.labels[rows], scores=table.scores[rows])
            saved = cost_by_hand(own, found.threshold, ratio) - cost_by_hand(own, one.tried, ratio)
            if one.saving.value is not None:
                assert one.saving.value == pytest.approx(100 * saved / len(rows))
                assert one.saving.low <= one.saving.value <= one.saving.high
            else:
                assert saved == 0
        assert found.saving.value == pytest.approx(found.present.cost.value - found.common.cost.value)
    odd = replace(table, flagged=np.arange(3000) % 2 == 0)
    found = plan(odd, halves, ThresholdOptions(4))
    assert found.saving.value == pytest.approx(found.present.cost.value - found.common.cost.value)
    assert found.saving.low < found.saving.value < found.saving.high


def test_what_is_too_small_keeps_the_common_threshold() -> None:
    table, halves = sliced(400, {"b": -3})
    found = plan(table, halves, ThresholdOptions(4, support=500), "group", weeks=20)
    assert {one.tried for one in found.own} == {None}
    assert all(one.reason.startswith("Too few changes") for one in found.own)
    assert found.mixed == found.common
    assert found.common.unit == "week"
    exposure = 20 * found.confirming / 400
    assert found.common.flags.value == pytest.approx((table.scores >= found.threshold)[~halves].sum() / exposure)


@pytest.mark.parametrize("ratio", [2.0, 10.0])
def test_the_span_of_thresholds_covers_the_closed_form(ratio: float) -> None:
    inside = 0
    for seed in range(100):
        found = plan(*sliced(2000, {}, seed), ThresholdOptions(ratio))
        inside += found.low <= 1 / (1 + ratio) <= found.high
    assert inside >= 88


def test_wrong_input() -> None:
    table, halves = sliced(400, {})
    with pytest.raises(UsageError, match="one of group, but got 'grop'"):
        plan(table, halves, by="grop")
    with pytest.raises(UsageError, match="one of kind, month, but got 'language'"):
        plan(a_table(), np.arange(400) % 2 == 0, by="language")
    with pytest.raises(UsageError, match="in each half"):
        plan(replace(table, labels=np.zeros(400, np.uint8)), halves)
    with pytest.raises(UsageError, match="more than 0 weeks"):
        plan(table, halves, weeks=0.0)
    with pytest.raises(UsageError, match="ratio between"):
        ThresholdOptions(float("nan"))
