"""Counters against counting by hand, row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.slices import counts
from explain.slices.counts import attributes, count, holds, members, select, slices_of
from explain.slices.types import Condition
from tests.explain.slices.tables import a_table, rows_in, states_by_hand

BY = [(), ("kind",), ("language",), ("kind", "month"), ("kind", "language"), ("language", "kind"), ("language", "component")]


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("by", BY)
def test_counters_are_those_counted_by_hand(by: tuple[str, ...], weights: bool) -> None:
    table = a_table(150, weights=weights)
    found, weight = count(table, by), np.ones(150) if table.weights is None else table.weights
    slices = list(slices_of(attributes(table, by)))
    assert len(slices) == len(found.rows)
    for place, where in enumerate(slices):
        states = states_by_hand(table, rows_in(table, where))
        assert found.rows[place].tolist() == [len(one) for one in states]
        np.testing.assert_allclose(found.weight[place], [weight[one].sum() for one in states])
        np.testing.assert_allclose(found.squares[place], [(weight[one] ** 2).sum() for one in states])


@pytest.mark.parametrize("by", BY)
def test_members_are_the_rows_of_each_slice_in_order(by: tuple[str, ...]) -> None:
    table = a_table(120)
    order, starts = members(table, by)
    for place, where in enumerate(slices_of(attributes(table, by))):
        assert order[starts[place] : starts[place + 1]].tolist() == rows_in(table, where)


@pytest.mark.parametrize("dense", [1 << 23, 1])
def test_clusters_are_kept_apart(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "_DENSE", dense)
    table = a_table(200, weights=True, clusters=7)
    assert table.clusters is not None
    assert table.weights is not None
    found = count(table, ("kind", "language"), clustered=True).clustered
    assert found is not None
    expected = []
    for place, where in enumerate(slices_of(attributes(table, ("kind", "language")))):
        rows = rows_in(table, where)
        for cluster in range(7):
            states = states_by_hand(table, [row for row in rows if table.clusters[row] == cluster])
            if any(states):
                expected.append([place, *(table.weights[one].sum() for one in states)])
    np.testing.assert_allclose(np.column_stack([found.slices, found.weight]), expected)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = a_table(500, weights=True)
    whole = count(table, ("language", "component"))
    monkeypatch.setattr(counts, "CHUNK", 7)
    monkeypatch.setattr(counts, "chunks", lambda rows, size: ((at, min(at + 7, rows)) for at in range(0, rows, 7)))
    parts = count(table, ("language", "component"))
    np.testing.assert_array_equal(whole.rows, parts.rows)
    np.testing.assert_allclose(whole.squares, parts.squares)


@pytest.mark.parametrize("size", [1, 10, 1 << 20])
def test_chunks_hold_every_row_once(size: int) -> None:
    ends = list(counts.chunks(3 * counts.CHUNK + 1, size))
    assert [row for start, end in ends for row in (start, end)][1:-1:2] == [start for start, _ in ends[1:]]
    assert (ends[0][0], ends[-1][1]) == (0, 3 * counts.CHUNK + 1)


def test_selected_rows_are_a_table_of_their_own() -> None:
    table = a_table(200, weights=True, clusters=5)
    where = (Condition("kind", "fix"), Condition("language", "Go"))
    inside = holds(table, where)
    assert np.flatnonzero(inside).tolist() == rows_in(table, where)
    part = select(table, inside)
    assert part.rows == len(rows_in(table, where))
    assert len(rows_in(part, where)) == part.rows
    np.testing.assert_array_equal(part.scores, table.scores[inside])
    assert [rows_in(part, (Condition("component", "api"),))] == [
        [place for place, row in enumerate(np.flatnonzero(inside)) if row in rows_in(table, (Condition("component", "api"),))]
    ]


def test_a_value_that_is_none_holds_nowhere() -> None:
    assert not holds(a_table(50), (Condition("language", "Fortran"),)).any()


def test_no_rows_are_counted_as_none() -> None:
    empty = select(a_table(50, clusters=3), np.zeros(50, dtype=bool))
    assert count(empty, ("kind", "language"), clustered=True).rows.sum() == 0
    assert count(replace(empty, clusters=None)).rows.tolist() == [[0, 0, 0, 0]]
