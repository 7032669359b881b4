"""Names of groups of numbers, held against where the numbers fall."""

from __future__ import annotations

import math
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.slices.bins import edges_of, names, rounded, spelled


@pytest.mark.parametrize(
    ("edges", "whole", "lowest", "said"),
    [
        ((10, 50), True, math.nan, ("up to 9", "10 to 49", "50 or more")),
        ((2, 3, 10), True, 1.0, ("1", "2", "3 to 9", "10 or more")),
        ((2,), True, 0.0, ("up to 1", "2 or more")),
        ((0.1, 0.25), False, 0.0, ("under 0.1", "0.1 to under 0.25", "0.25 or more")),
        ((0.12341, 0.12342), False, 0.0, ("under 0.12341", "0.12341 to under 0.12342", "0.12342 or more")),
        ((-5, 0), True, math.nan, ("up to -6", "-5 to -1", "0 or more")),
        ((), True, 0.0, ("any",)),
    ],
)
def test_names(edges: tuple[float, ...], whole: bool, lowest: float, said: tuple[str, ...]) -> None:
    assert names(edges, whole, lowest) == said


@given(st.lists(st.integers(-1000, 1000), max_size=6), st.integers(-1001, 1001))
def test_a_whole_number_is_in_the_group_that_its_name_says(parts: list[int], value: int) -> None:
    edges = edges_of(parts, -math.inf, True)
    name = names(edges, True)[bisect_right(edges, value)]
    words = name.split()
    if name == "any":
        return
    if words[0] == "up":
        assert value <= int(words[2])
    elif words[-1] == "more":
        assert value >= int(words[0])
    else:
        assert int(words[0]) <= value <= int(words[-1])


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=8), st.floats(-1e9, 1e9), st.booleans())
def test_edges_rise_and_names_differ(parts: list[float], low: float, whole: bool) -> None:
    edges = edges_of([one for one in parts if abs(one) < 1e15 or not whole], low, whole)
    assert list(edges) == sorted(set(edges))
    assert all(math.isfinite(one) and one > low for one in edges)
    assert len(set(names(edges, whole))) == len(edges) + 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), unique_by=lambda one: one + 0.0))
def test_spelled_numbers_differ(numbers: list[float]) -> None:
    assert len(set(spelled(numbers))) == len(numbers)


def test_edges_are_rounded_for_people() -> None:
    assert [rounded(one) for one in (0.1033, 12345.0, 0.0, -0.666)] == [0.1, 12000.0, 0.0, -0.67]
