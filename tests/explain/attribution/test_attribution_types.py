from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.attribution.grid import balanced
from explain.attribution.types import Attribution, UnitValue
from models.change.types import Level, Unit
from models.encode.types import Side
from models.errors import ModelError

LOGITS = st.floats(-50, 50, width=32) | st.floats(-1e9, 1e9) | st.floats(-1e-9, 1e-9)
UNITS = st.one_of(
    st.none(),
    st.just(Unit(-2)),
    st.builds(Unit, st.just(-1), st.just(-1), st.integers(0, 3), st.integers(0, 3), st.integers(4, 6)),
    st.builds(Unit, st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.integers(0, 3), st.integers(4, 6)),
    st.builds(Unit, st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)),
    st.builds(Unit, st.integers(0, 2)),
)
PARTS = st.lists(st.tuples(UNITS, st.sampled_from(Side), LOGITS), max_size=60)


def begun(output: float = 1.0, baseline_output: float = 0.0) -> Attribution:
    return Attribution(method="m", baseline="mask", output=output, baseline_output=baseline_output)


@given(PARTS, LOGITS, LOGITS, st.randoms())
def test_sums_are_exactly_equal_at_every_level_and_in_every_order(parts, output, baseline_output, shuffler: random.Random):
    result = balanced(begun(output, baseline_output), parts, 8)
    for level in Level:
        values = [one.value for one in result.at(level)] + [result.special]
        shuffler.shuffle(values)
        assert sum(values) == result.total
    assert result.total + result.completeness_gap == result.output - result.baseline_output


def test_huge_values_make_the_grid_coarser_rather_than_the_sums_wrong():
    parts = [(Unit(0, i % 3, i), Side.ADDED, (1e9 if i % 2 else -1e-3) / (i + 3)) for i in range(200)]
    result = balanced(begun(0.1, 1e8 / 3), parts, 8)
    exact = sum(Fraction(one.value) for one in result.tokens)
    assert all(Fraction(result.total) == exact == sum(Fraction(one.value) for one in result.at(level)) for level in Level)
    assert Fraction(result.completeness_gap) == Fraction(result.output) - Fraction(result.baseline_output) - exact


@given(PARTS)
def test_units_of_a_level_are_distinct_and_no_finer(parts):
    result = balanced(begun(), parts, 8)
    for level in Level:
        units = [one.unit for one in result.at(level)]
        assert len(units) == len(set(units))
        assert all(unit == unit.at(level) for unit in units)


@given(st.lists(st.floats(-50, 50), max_size=40))
def test_rounding_moves_no_value_by_more_than_half_a_grid_step(values):
    result = balanced(begun(), [(Unit(0, 0, i), Side.ADDED, value) for i, value in enumerate(values)], 8)
    for one, value in zip(result.tokens, values, strict=True):
        assert abs(one.value - value) <= 2.0**-41


@given(PARTS, LOGITS)
def test_balancing_twice_changes_nothing(parts, output):
    once = balanced(begun(output), parts, 8)
    again = [(one.unit, one.side, one.value) for one in once.tokens] + [(None, Side.SPECIAL, once.special)]
    assert balanced(once, again, 8).at(Level.LINE) == once.at(Level.LINE)


def test_the_bytes_of_one_character_are_one_unit():
    span = Unit(0, 0, 0, 3, 4)
    result = balanced(begun(), [(span, Side.ADDED, 0.25), (span, Side.ADDED, 0.5), (Unit(0, 0, 0, 4, 5), Side.ADDED, 1.0)], 1)
    assert len(result.tokens) == 3
    assert result.at(Level.TOKEN) == (UnitValue(span, 0.75, Side.ADDED), UnitValue(Unit(0, 0, 0, 4, 5), 1.0, Side.ADDED))


def test_message_and_size_stay_their_own_units_and_special_tokens_stay_apart():
    parts = [
        (None, Side.SPECIAL, 8.0),
        (Unit(-2), Side.METRICS, 1.0),
        (Unit(-1, -1, 2, 0, 3), Side.MESSAGE, 2.0),
        (Unit(0, -1, -1, 0, 3), Side.PATH, 4.0),
    ]
    result = balanced(begun(20.0), parts, 1)
    at_file = [(one.unit, one.value) for one in result.at(Level.FILE)]
    assert at_file == [(Unit(-2), 1.0), (Unit(-1), 2.0), (Unit(0), 4.0)]
    assert [one.unit for one in result.at(Level.LINE)] == [Unit(-2), Unit(-1, -1, 2), Unit(0)]
    assert (result.special, result.total, result.completeness_gap) == (8.0, 15.0, 5.0)


def test_the_side_of_a_mixed_hunk_is_context_and_markers_do_not_mix():
    parts = [(Unit(0, 0, 0), Side.SPECIAL, 0.0), (Unit(0, 0, 0, 0, 1), Side.ADDED, 1.0), (Unit(0, 0, 1, 0, 1), Side.REMOVED, 1.0)]
    result = balanced(begun(), parts, 1)
    assert [one.side for one in result.at(Level.LINE)] == [Side.ADDED, Side.REMOVED]
    assert [one.side for one in result.at(Level.HUNK)] == [Side.CONTEXT]


@pytest.mark.parametrize(
    ("gap", "change", "expected"), [(1.0, 4.0, 0.25), (-1.0, -4.0, 0.25), (0.001, 0.0, 0.02), (0.0, 0.0, 0.0)]
)
def test_relative_gap(gap, change, expected):
    result = Attribution(method="m", baseline="mask", output=change, baseline_output=0.0, completeness_gap=gap)
    assert result.relative_gap == pytest.approx(expected)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ModelError, match="finite"):
        balanced(begun(), [(Unit(0), Side.ADDED, bad)], 1)
    with pytest.raises(ModelError, match="finite"):
        balanced(begun(bad), [], 1)
