"""Intervals of counters against statsmodels, closed forms and clusters drawn again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import f1_score, matthews_corrcoef
from statsmodels.stats.proportion import proportion_confint

from explain.slices.counts import FN, FP, TN, TP, Clustered, Counters, Ints
from explain.slices.intervals import f1, mcc, share, wilson
from models.classify.bands import wilson as wilson_of_one

ALL = (TP, FP, FN, TN)


def counters(rows: list[list[int]]) -> Counters:
    counts = np.array(rows, dtype=np.int64)
    return Counters(counts, counts, counts)


def weighted(counts: Ints, weight: float) -> Counters:
    return Counters(counts, counts * weight, counts * weight**2)


@pytest.mark.parametrize("trials", [1, 2, 10, 97, 5000])
def test_wilson_is_that_of_statsmodels_and_of_risk_bands(trials: int) -> None:
    hits = np.arange(trials + 1)
    low, high = wilson(hits / trials, np.full(trials + 1, float(trials)))
    theirs = proportion_confint(hits, trials, method="wilson")
    np.testing.assert_allclose(low, np.where(hits == 0, 0, theirs[0]), atol=1e-12)
    np.testing.assert_allclose(high, np.where(hits == trials, 1, theirs[1]), atol=1e-12)
    ours = [wilson_of_one(int(hit), trials) for hit in hits]
    np.testing.assert_allclose(np.column_stack([low, high]), ours, atol=1e-12)


def test_a_share_without_trials_is_undefined() -> None:
    found = share(counters([[0, 3, 0, 5], [1, 2, 3, 4]]), (TP,), (TP, FN))
    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
    assert found.n.tolist() == [0, 4]
    assert found.value[1] == 0.25


def test_equal_weights_change_nothing_and_unequal_ones_count_as_fewer_trials() -> None:
    counts = np.array([[30, 10, 20, 40]])
    plain, doubled = share(counters(counts.tolist()), (TP,), (TP, FN)), share(weighted(counts, 2.0), (TP,), (TP, FN))
    np.testing.assert_allclose([plain.value, plain.low, plain.high], [doubled.value, doubled.low, doubled.high])
    # 30 hits of weight 1 and 20 misses of weight 3: 90 of weight, effective trials 90^2 / (30 + 20 * 9)
    found = share(Counters(counts, counts * np.array([1, 1, 3, 1]), counts * np.array([1, 1, 9, 1])), (TP,), (TP, FN))
    low, high = proportion_confint(90**2 / 210 / 3, 90**2 / 210, method="wilson")
    np.testing.assert_allclose([found.value[0], found.low[0], found.high[0]], [1 / 3, low, high])


def test_clusters_of_one_row_are_independent_rows_but_for_the_quantile() -> None:
    random = np.random.default_rng(1)
    states = random.integers(0, 4, 500)
    counts = np.bincount(states, minlength=4)[None]
    single = Counters(counts, counts, counts, Clustered(np.zeros(500, dtype=np.int64), np.eye(4)[states]))
    one, plain = (share(each, (TP, TN), ALL) for each in (single, counters(counts.tolist())))
    np.testing.assert_allclose([one.low, one.high], [plain.low, plain.high], atol=2e-3)
    assert one.high - one.low >= plain.high - plain.low


def test_rows_that_come_in_equal_copies_count_as_one_each() -> None:
    random = np.random.default_rng(2)
    states = np.eye(4)[random.integers(0, 4, 400)]
    counts = states.sum(axis=0, dtype=np.int64)[None]
    tenfold = Counters(10 * counts, 10 * counts, 10 * counts, Clustered(np.zeros(400, dtype=np.int64), 10 * states))
    one, plain = share(tenfold, (TP, TN), ALL), share(counters(counts.tolist()), (TP, TN), ALL)
    np.testing.assert_allclose([one.value, one.low, one.high], [plain.value, plain.low, plain.high], atol=2e-3)


def test_fewer_than_eight_clusters_count_as_independent_rows() -> None:
    weight = np.array([[40.0, 0, 0, 0], [0, 0, 10, 0]] * 3)
    counts = weight.sum(axis=0, dtype=np.int64)[None]
    own = Counters(counts, counts, counts, Clustered(np.zeros(6, dtype=np.int64), weight))
    assert share(own, (TP,), (TP, FN)).low == share(counters(counts.tolist()), (TP,), (TP, FN)).low


def test_the_variance_between_clusters_is_that_of_statsmodels() -> None:
    import statsmodels.api as sm

    random = np.random.default_rng(3)
    clusters = random.integers(0, 30, 900)
    right = (random.random(900) < random.beta(2, 2, 30)[clusters]).astype(float)
    weight = np.zeros((30, 4))
    np.add.at(weight, (clusters, np.where(right > 0, TP, FP)), 1.0)
    counts = weight.sum(axis=0, dtype=np.int64)[None]
    found = share(Counters(counts, counts, counts, Clustered(np.zeros(30, dtype=np.int64), weight)), (TP,), (TP, FP))
    fitted = sm.OLS(right, np.ones(900)).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    error = fitted.bse[0] * np.sqrt(30 / 29)
    trials = found.value[0] * (1 - found.value[0]) / error**2
    low, high = wilson(found.value, np.array([trials]), float(t.ppf(0.975, 29)))
    np.testing.assert_allclose([found.low[0], found.high[0]], [low[0], high[0]], rtol=1e-6)


def _rows(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    labels, flags = (np.repeat(one, counts) for one in ([1, 0, 1, 0], [1, 1, 0, 0]))
    return labels, flags


@pytest.mark.parametrize("counts", [[5, 1, 2, 9], [1, 0, 0, 1], [0, 3, 4, 5], [50, 20, 30, 900], [1, 1, 1, 1]])
def test_f1_and_mcc_are_those_of_scikit_learn(counts: list[int]) -> None:
    labels, flags = _rows(counts)
    found = f1(counters([counts]))
    assert found.value[0] == pytest.approx(f1_score(labels, flags))
    correlation = mcc(counters([counts]))
    assert correlation.value[0] == pytest.approx(matthews_corrcoef(labels, flags), abs=1e-12)
    for one in (found, correlation):
        assert one.low[0] <= one.value[0] <= one.high[0]


def test_mcc_of_one_class_is_undefined_and_of_no_flag_too() -> None:
    assert np.isnan(mcc(counters([[0, 3, 0, 5], [0, 0, 4, 5], [0, 0, 0, 0]])).value).all()


def test_the_interval_of_mcc_agrees_with_drawing_the_counters_again() -> None:
    counts = np.array([300, 100, 200, 1400])
    drawn = np.random.default_rng(5).multinomial(2000, counts / 2000, 4000)
    values = mcc(counters(drawn.tolist())).value
    found = mcc(counters([counts.tolist()]))
    np.testing.assert_allclose([found.low[0], found.high[0]], np.percentile(values, [2.5, 97.5]), atol=4e-3)


def test_f1_agrees_with_drawing_the_counters_again() -> None:
    counts = np.array([300, 100, 200, 1400])
    drawn = np.random.default_rng(5).multinomial(2000, counts / 2000, 4000)
    found = f1(counters([counts.tolist()]))
    ends = np.percentile(f1(counters(drawn.tolist())).value, [2.5, 97.5])
    np.testing.assert_allclose([found.low[0], found.high[0]], ends, atol=4e-3)
