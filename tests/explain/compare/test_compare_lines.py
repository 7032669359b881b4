"""Two attributions of one change beside each other, on values whose comparison can be worked out on paper."""

from __future__ import annotations

import random

import pytest
from scipy.stats import spearmanr

from explain.attribution.types import Attribution, UnitValue
from explain.compare.lines import Comparison, compare
from models.change.types import METRICS_FILE, Level, Unit
from models.encode.types import Side

LINES = [Unit(0, 0, n) for n in range(40)]


def attribution(values: dict[Unit, float], names: tuple[str, ...] = ()) -> Attribution:
    tokens = tuple(UnitValue(unit, value, Side.ADDED) for unit, value in values.items())
    return Attribution(method="m", baseline="b", output=1.0, baseline_output=0.0, tokens=tokens, names=names)


def compared(first: dict[Unit, float], second: dict[Unit, float], level: Level = Level.LINE, top: int = 10) -> Comparison:
    return compare(attribution(first), attribution(second), level, top)


def test_values_differences_and_shares() -> None:
    found = compared({LINES[0]: 1.0, LINES[1]: -3.0}, {LINES[0]: 30.0, LINES[1]: 10.0})
    one, two = found.pairs
    assert (one.unit, one.first, one.second, one.difference) == (LINES[0], 1.0, 30.0, 29.0)
    assert (one.first_share, one.second_share, one.shift) == (0.25, 0.75, 0.5)
    assert (two.first_share, two.second_share, two.shift) == (-0.75, 0.25, 1.0)
    assert found.strongest() == (two, one)


def test_a_model_with_larger_logits_but_the_same_reasons_shifts_nothing() -> None:
    values = {unit: float(n - 3) for n, unit in enumerate(LINES[:8])}
    found = compared(values, {unit: 100 * value for unit, value in values.items()})
    assert found.strongest() == ()
    assert found.rank_correlation == pytest.approx(1.0)
    assert (found.shared, found.top) == (7, 7)


def test_what_one_model_has_no_value_for_is_none_and_counts_as_nothing() -> None:
    found = compared({LINES[0]: 1.0, LINES[1]: 1.0}, {LINES[1]: 2.0, Unit(-1, -1, 0): -2.0})
    assert [one.unit for one in found.pairs] == [Unit(-1, -1, 0), LINES[0], LINES[1]]
    message, first, both = found.pairs
    assert (message.first, message.second, message.difference, message.shift) == (None, -2.0, -2.0, -0.5)
    assert (first.first, first.second, first.difference, first.shift) == (1.0, None, -1.0, -0.5)
    assert (both.difference, both.shift) == (1.0, 0.0)
    assert found.rank_correlation is None
    assert found.common == 1


def test_numbers_of_the_change_are_matched_by_what_they_are() -> None:
    places = [Unit(METRICS_FILE, -1, n) for n in range(2)]
    first = attribution({places[0]: 1.0, places[1]: 3.0}, ("files: 1", "lines added: 4"))
    second = attribution({places[0]: 2.0}, ("lines added: 4",))
    found = {one.name: (one.first, one.second) for one in compare(first, second, Level.LINE).pairs}
    assert found == {"files: 1": (1.0, None), "lines added: 4": (3.0, 2.0)}
    (whole,) = compare(first, second, Level.FILE).pairs
    assert (whole.unit, whole.name, whole.first, whole.second) == (Unit(METRICS_FILE), "", 4.0, 2.0)


def test_levels_sum_first_and_compare_then() -> None:
    found = compared({LINES[0]: 1.0, LINES[1]: -1.0}, {LINES[0]: 1.0, LINES[2]: 1.0}, Level.HUNK)
    (one,) = found.pairs
    assert (one.unit, one.first, one.second) == (Unit(0, 0), 0.0, 2.0)
    assert (one.first_share, one.second_share) == (0.0, 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_rank_correlation_is_spearmans(seed: int) -> None:
    draw = random.Random(seed)
    first, second = ([draw.choice([-2.0, -1.0, 0.0, 0.0, 1.0, 3.0]) + draw.random() * draw.choice([0, 1]) for _ in LINES]
                     for _ in range(2))  # fmt: skip
    found = compared(dict(zip(LINES, first, strict=True)), dict(zip(LINES, second, strict=True)))
    assert found.rank_correlation == pytest.approx(spearmanr(first, second).statistic)


@pytest.mark.parametrize("values", [{}, {LINES[0]: 1.0}, {LINES[0]: 1.0, LINES[1]: 2.0}, dict.fromkeys(LINES[:3], 1.0)])
def test_a_rank_correlation_that_is_not_defined_is_none(values: dict[Unit, float]) -> None:
    assert compared(values, {unit: float(n) for n, unit in enumerate(values)}).rank_correlation is None


def test_the_overlap_of_the_strongest() -> None:
    first = {unit: float(10 - n) for n, unit in enumerate(LINES[:6])}
    second = {unit: float(n) for n, unit in enumerate(LINES[:6])}
    found = compared(first, second, top=3)
    assert (found.shared, found.top) == (0, 3)
    assert (compared(first, second, top=4).shared, compared(first, second, top=5).shared) == (2, 4)
    nothing = compared(first, dict.fromkeys(LINES[:6], 0.0))
    assert (nothing.shared, nothing.top) == (0, 0)
