"""Tests and intervals of two shares against scipy and statsmodels."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import binom, false_discovery_control, fisher_exact, hypergeom, norm, t
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from explain.slices.significance import adjusted, clustered_p, difference, evidence, mid_p, one_sided, ratio, share_of


@pytest.mark.parametrize("seed", range(20))
def test_adjusted_p_values_are_those_of_statsmodels(seed: int) -> None:
    random = np.random.default_rng(seed)
    raw = random.beta(0.3, 1, random.integers(1, 200)).round(2 + seed % 3)
    np.testing.assert_allclose(adjusted(raw), multipletests(raw, method="fdr_bh")[1])
    np.testing.assert_allclose(adjusted(raw), false_discovery_control(raw))


def test_what_was_not_tested_does_not_count() -> None:
    assert adjusted([0.01, np.nan, 0.04]).tolist() == [0.02, pytest.approx(np.nan, nan_ok=True), 0.04]
    assert adjusted([]).tolist() == []


@pytest.mark.parametrize("counts", [(3, 10, 20, 200), (0, 5, 3, 50), (5, 5, 3, 50), (40, 100, 200, 1000), (2, 8, 0, 30)])
def test_mid_p_is_fishers_less_half_of_what_was_observed(counts: tuple[int, int, int, int]) -> None:
    errors, trials, others, rest = counts
    table = [[errors, trials - errors], [others, rest - others]]
    observed = hypergeom.pmf(errors, trials + rest, errors + others, trials)
    assert mid_p(*counts) == pytest.approx(fisher_exact(table, "greater").pvalue - observed / 2)


def test_mid_p_by_all_ways_to_deal_out_the_errors() -> None:
    dealt = [sum(row < 4 for row in chosen) for chosen in combinations(range(11), 5)]
    expected = np.mean([(one > 3) + 0.5 * (one == 3) for one in dealt])
    assert mid_p(3, 4, 2, 7) == pytest.approx(expected)


def test_evidence_is_the_lesser_of_the_pooled_test_and_the_binomial_tail() -> None:
    errors, trials = np.array([30, 9, 450, 2, 0]), np.array([100, 20, 1000, 50, 10])
    found = evidence(errors, trials, 900, 5000)
    for place, (own, many) in enumerate(zip(errors.tolist(), trials.tolist(), strict=True)):
        z, _ = proportions_ztest([own, 900 - own], [many, 5000 - many])
        base = (900 - own + 0.5) / (5000 - many + 1)
        tail = binom.sf(own, many, base) + binom.pmf(own, many, base) / 2
        assert found[place] == pytest.approx(min(z, norm.isf(tail)) if z > 2 else z)
    np.testing.assert_allclose(one_sided(found), norm.sf(found))


def test_there_is_no_evidence_without_a_slice_or_without_a_rest() -> None:
    assert evidence(np.array([0, 5]), np.array([0, 20]), 5, 20).tolist() == [-np.inf, -np.inf]
    assert evidence(np.array([0]), np.array([10]), 0, 20).tolist() == [-np.inf]


def test_the_clustered_p_value_is_that_of_a_regression_with_clustered_errors() -> None:
    random = np.random.default_rng(1)
    clusters = random.integers(0, 25, 600)
    inside = random.random(600) < 0.3
    wrong = random.random(600) < random.beta(2, 6, 25)[clusters] + 0.08 * inside
    design = sm.add_constant(inside.astype(float))
    fitted = sm.OLS(wrong.astype(float), design).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    expected = t.sf(fitted.params[1] / (fitted.bse[1] * np.sqrt(25 / 24)), 24)
    assert clustered_p(inside, wrong, clusters) == pytest.approx(expected)


def test_clusters_without_any_variance_decide_by_the_sign() -> None:
    inside, clusters = np.arange(20) < 10, np.arange(20)
    assert clustered_p(inside, inside, clusters) == 0
    assert clustered_p(inside, ~inside, clusters) == 1


@pytest.mark.parametrize("counts", [(30, 100, 90, 900), (0, 12, 5, 60), (8, 8, 1, 9)])
def test_the_difference_has_newcombes_interval(counts: tuple[int, int, int, int]) -> None:
    own, other = share_of(*counts[:2]), share_of(*counts[2:])
    low, high = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    found = difference(own, other)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])


def test_the_ratio_has_an_interval_of_its_logarithm() -> None:
    low, high = confint_proportions_2indep(30, 100, 90, 900, method="log-adjusted", compare="ratio")
    found = ratio(share_of(30, 100), share_of(90, 900))
    assert found.value == pytest.approx(3)
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-3), pytest.approx(high, rel=1e-3))


def test_nothing_is_compared_with_nothing() -> None:
    assert difference(share_of(1, 2), share_of(0, 0)).value is None
    assert ratio(share_of(1, 2), share_of(0, 5)).value is None
    found = ratio(share_of(0, 5), share_of(1, 2))
    assert (found.value, found.low) == (0, 0)
