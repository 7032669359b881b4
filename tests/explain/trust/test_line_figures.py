"""Figures of one ranking: by hand, by all orders of ties, and at their bounds."""

from __future__ import annotations

from itertools import permutations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.trust.line_figures import FIGURES, line_figures

RANKED = list(range(12, 0, -1))
"""Values of twelve lines in the order of reading."""


def at_fault(count: int, *places: int) -> list[bool]:
    """``count`` lines, those at ``places`` (from 1) at fault."""
    return [n + 1 in places for n in range(count)]


def test_by_hand() -> None:
    figures = line_figures(RANKED, at_fault(12, 2, 6, 7, 12))
    assert figures == {
        "top_5": 1 / 5,
        "top_10": 3 / 10,
        "recall_at_20_effort": 1 / 4,  # floor(2.4) lines are read, the second is at fault
        "effort_at_20_recall": 2 / 12,  # ceil(.8) = 1 line is wanted
        "false_alarms": 1,
    }
    assert set(figures) == set(FIGURES)


def test_effort_until_the_share_is_rounded_up() -> None:
    six = line_figures(RANKED, at_fault(12, 3, 5, 6, 7, 8, 9))
    assert six is not None
    assert six["effort_at_20_recall"] == 5 / 12  # ceil(1.2) = 2 lines are wanted
    five = line_figures(RANKED, at_fault(12, 3, 5, 6, 7, 8))
    assert five is not None
    assert five["effort_at_20_recall"] == 3 / 12  # ceil(1.0) = 1: no rounding noise asks for a second


def test_fewer_than_k_lines() -> None:
    figures = line_figures([3, 2, 1], at_fault(3, 3))
    assert figures == {
        "top_5": 1 / 3,
        "top_10": 1 / 3,
        "recall_at_20_effort": 0,  # floor(.6) lines: none is read
        "effort_at_20_recall": 1,
        "false_alarms": 2,
    }
    assert line_figures([1], [True]) == dict.fromkeys(FIGURES, 1.0) | {"recall_at_20_effort": 0, "false_alarms": 0}


def test_without_a_line_at_fault_nothing_is_defined() -> None:
    assert line_figures([2, 1], [False, False]) is None
    assert line_figures([], []) is None


def test_a_perfect_ranking_has_the_best_figures() -> None:
    faulty = at_fault(50, *range(1, 11))
    assert line_figures([float(one) for one in faulty], faulty) == {
        "top_5": 1.0,
        "top_10": 1.0,
        "recall_at_20_effort": 1.0,
        "effort_at_20_recall": pytest.approx(1.5 * 2 * 11 / 16.5 / 50),  # two of ten tied: 2 (10 + 1) / (10 + 1) lines
        "false_alarms": 0.0,
    }


def test_lines_in_random_order_in_closed_form() -> None:
    n, d = 40, 3
    assert line_figures([0.0] * n, at_fault(n, 1, 2, 40)) == {
        "top_5": pytest.approx(d / n),
        "top_10": pytest.approx(d / n),
        "recall_at_20_effort": pytest.approx(8 / 40),
        "effort_at_20_recall": pytest.approx((n + 1) / (d + 1) / n),
        "false_alarms": pytest.approx((n - d) / (d + 1)),
    }


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_ties_are_the_mean_over_all_orders(lines: list[tuple[int, bool]]) -> None:
    values, faulty = [float(value) for value, _ in lines], [hit for _, hit in lines]
    found = line_figures(values, faulty)
    if not any(faulty):
        assert found is None
        return
    orders = [sorted(order, key=lambda one: -one[0]) for order in permutations(zip(values, faulty, strict=True))]
    each = [line_figures([-float(n) for n in range(len(order))], [hit for _, hit in order]) for order in orders]
    assert found == {name: pytest.approx(fmean(one[name] for one in each if one)) for name in FIGURES}
