"""Intervals of means against textbook formulas and simulation."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from scipy import stats

from explain.overall.evidence import LEAST, LEAST_PROJECTS, Sureness, adjusted, sureness


def test_changes_as_clusters_are_the_t_interval():
    values = [0.5, -1.0, 2.0, 0.25, 1.5, 0.0, 0.75, 1.0, -0.5, 3.0, 0.1]
    got = sureness(values, ["a", "b"] * 5 + ["a"])
    want = stats.ttest_1samp(values, 0.0)
    assert (got.low, got.high) == pytest.approx(tuple(want.confidence_interval(0.95)))
    assert (got.mean, got.p, got.by_project) == (pytest.approx(statistics.fmean(values)), pytest.approx(want.pvalue), False)


def test_equal_projects_are_as_good_as_their_means():
    """Of projects with as many changes each, the interval is the t interval of the projects' means."""
    values = [[1.0, 1.2, 0.8], [0.1, 0.2, 0.3], [2.0, 1.0, 3.0], [-1.0, -1.5, -0.5], [0.4, 0.5, 0.6], [0.9, 1.1, 1.0]]
    got = sureness([one for some in values for one in some], [str(n) for n, some in enumerate(values) for _ in some])
    want = stats.ttest_1samp([statistics.fmean(some) for some in values], 0.0)
    assert (got.low, got.high) == pytest.approx(tuple(want.confidence_interval(0.95)))
    assert (got.p, got.by_project) == (pytest.approx(want.pvalue), True)


def test_few_changes_have_a_mean_and_no_more():
    assert sureness([1.0, 2.0], ["a", "b"]) == Sureness(1.5)
    assert sureness([1.0] * (LEAST - 1), ["a"] * (LEAST - 1)).p is None
    assert sureness([1.0] * LEAST, ["a"] * LEAST).p is not None


def test_a_constant_is_sure_and_nothing_is_nothing():
    same = sureness([0.5] * LEAST, ["a"] * LEAST)
    assert (same.low, same.high, same.p, same.nearest) == (0.5, 0.5, 0.0, 0.5)
    none = sureness([0.0] * LEAST, ["a"] * LEAST)
    assert (none.low, none.high, none.p, none.nearest) == (0.0, 0.0, 1.0, 0.0)


def test_the_end_nearest_to_nothing():
    assert Sureness(1.0, 0.5, 1.5).nearest == 0.5
    assert Sureness(-1.0, -1.5, -0.5).nearest == 0.5
    assert Sureness(0.1, -0.5, 0.7).nearest == 0.0
    assert Sureness(9.0).nearest == 0.0


def test_adjustment_is_of_what_was_tested():
    found = [Sureness(0, 0, 0, 0.01), Sureness(1.0), Sureness(0, 0, 0, 0.04), Sureness(0, 0, 0, 0.03)]
    assert adjusted(found) == [pytest.approx(0.03), None, pytest.approx(0.04), pytest.approx(0.04)]
    assert adjusted([Sureness(1.0)]) == [None]


def test_intervals_hold_the_truth_where_projects_differ():
    """Drawn anew 400 times: of projects with levels of their own, intervals over projects cover; over changes they would not."""
    draw = random.Random(7)
    covered, naive = 0, 0
    for _ in range(400):
        values, projects = [], []
        for project in range(12):
            level = draw.gauss(0, 1)
            for _ in range(10):
                values.append(1.0 + level + draw.gauss(0, 0.5))
                projects.append(str(project))
        got = sureness(values, projects)
        covered += got.low <= 1.0 <= got.high
        half = 1.98 * statistics.stdev(values) / math.sqrt(len(values))
        naive += abs(got.mean - 1.0) <= half
    assert covered / 400 > 0.91
    assert naive / 400 < 0.75
    assert LEAST_PROJECTS <= 12
