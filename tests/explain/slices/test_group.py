"""Slices by one or two attributes: all of them that have rows, sorted by what is proven."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.slices.counts import attributes, slices_of
from explain.slices.group import DEFAULT, group
from explain.slices.types import Column, Condition, Table
from models.errors import UsageError
from tests.explain.slices.tables import a_table, rows_in, states_by_hand


@pytest.mark.parametrize("by", [("kind",), ("language",), ("kind", "language")])
def test_all_rows_come_first_and_then_every_slice_that_has_rows(by: tuple[str, ...]) -> None:
    table = a_table(60)
    whole, *parts = group(table, by)
    assert (whole.slice, whole.rows, whole.share, whole.few) == ((), 60, 1.0, False)
    assert set(whole.estimates) == set(DEFAULT)
    expected = {where: len(rows_in(table, where)) for where in slices_of(attributes(table, by))}
    assert {one.slice: one.rows for one in parts} == {where: rows for where, rows in expected.items() if rows}
    for one in parts:
        tp, fp, fn, tn = (len(state) for state in states_by_hand(table, rows_in(table, one.slice)))
        assert one.share == pytest.approx(one.rows / 60)
        assert one.estimates["accuracy"].value == pytest.approx((tp + tn) / one.rows)
        assert one.estimates["recall"].value == (pytest.approx(tp / (tp + fn)) if tp + fn else None)
        assert one.estimates["fpr"].n == fp + tn
        assert one.few == (one.rows < 20)


def judged(right: dict[str, tuple[int, int]]) -> Table:
    """By value of the attribute "kind": so many negatives judged rightly, of so many."""
    codes = np.repeat(np.arange(len(right), dtype=np.uint8), [whole for _, whole in right.values()])
    wrong = np.concatenate([np.arange(whole) >= part for part, whole in right.values()])
    labels = np.zeros(len(codes), dtype=np.uint8)
    return Table("toy", labels, np.full(len(codes), 0.5), wrong, (Column("kind", tuple(right), codes),))


def test_a_small_slice_does_not_lead_by_luck() -> None:
    table = judged({"perfect": (900, 900), "proven": (500, 1000), "one unlucky row": (0, 1), "tiny": (1, 4)})
    order = [one.slice[0].value for one in group(table, ("kind",), ("accuracy",))[1:]]
    assert order == ["proven", "tiny", "one unlucky row", "perfect"]
    assert [one.slice[0].value for one in group(table, ("kind",), ("fpr",))[1:]] == order
    assert [one.slice[0].value for one in group(table, ("kind",), ("flagged",))[1:]] == [
        "proven",
        "perfect",
        "tiny",
        "one unlucky row",
    ]


def test_what_is_undefined_comes_last() -> None:
    table = a_table(300)
    table = replace(table, labels=np.where(np.isin(np.arange(300), rows_in(table, (Condition("kind", "fix"),))), 0, table.labels))
    assert group(table, ("kind",), ("recall",))[-1].slice == (Condition("kind", "fix"),)


def test_weights_count_in_shares() -> None:
    table = a_table(100, weights=True)
    assert table.weights is not None
    for one in group(table, ("kind",))[1:]:
        assert one.share == pytest.approx(table.weights[rows_in(table, one.slice)].sum() / table.weights.sum())


@pytest.mark.parametrize(
    ("by", "metrics", "message"),
    [
        ((), ("f1",), "one or two different attributes"),
        (("kind", "kind"), ("f1",), "one or two different attributes"),
        (("kind", "month", "language"), ("f1",), "one or two different"),
        (("Kind",), ("f1",), "attribute among kind, language, month, component, but got 'Kind'"),
        (("kind",), (), "at least one metric"),
        (("kind",), ("f2",), "Expected a metric among"),
    ],
)
def test_what_cannot_be_grouped_is_one_sentence(by: tuple[str, ...], metrics: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        group(a_table(20), by, metrics)


def test_too_many_slices_are_refused() -> None:
    wide = [Column(name, tuple(map(str, range(400))), np.arange(20, dtype=np.uint16)) for name in ("a", "b")]
    with pytest.raises(UsageError, match="160,000 slices"):
        group(replace(a_table(20), columns=tuple(wide)), ("a", "b"))
