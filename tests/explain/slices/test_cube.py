"""The counters of all slices against those of one combination of attributes after another."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import prod

import numpy as np
import pytest

from explain.slices.blocks import covering
from explain.slices.counts import attributes, count, select, slices_of
from explain.slices.cube import Cube, capped, cube
from explain.slices.types import OTHER, Column, Condition, Labels, Slice, Table
from tests.explain.slices.tables import a_table, rows_in, states_by_hand


def one_by_one(table: Table, order: int) -> dict[Slice, list[int]]:
    names = [by for many in range(1, order + 1) for by in combinations(table.names, many)]
    return {
        where: own.tolist()
        for by in names
        for where, own in zip(slices_of(attributes(table, by)), count(table, by).rows, strict=True)
    }


def as_dict(found: Cube) -> dict[Slice, list[int]]:
    return {found.at(place): own.tolist() for place, own in enumerate(found.rows)}


def plain_table(sizes: tuple[int, ...], rows: int = 500) -> Table:
    random = np.random.default_rng(2)
    columns = [
        Column(f"c{place}", tuple(map(str, range(size))), random.integers(0, size, rows).astype(np.uint8))
        for place, size in enumerate(sizes)
    ]
    return replace(a_table(rows), columns=tuple(columns))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_slice_is_counted_once_and_rightly_with_labels_too(order: int) -> None:
    table = a_table(300)
    assert as_dict(cube(table, order)) == one_by_one(table, order)


@pytest.mark.parametrize("sizes", [(3,), (3, 2), (2, 3, 4, 2, 3), (2, 3, 2, 4, 2, 3, 2, 3), (2,) * 9])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_slice_of_plain_columns_is_counted(sizes: tuple[int, ...], order: int) -> None:
    table = plain_table(sizes)
    assert as_dict(cube(table, order)) == one_by_one(table, order)


def test_weights_are_left_out_and_all_rows_are_known() -> None:
    table = a_table(200, weights=True)
    found = cube(table, 2)
    assert found.all.tolist() == [len(one) for one in states_by_hand(table, range(200))]
    assert as_dict(found) == as_dict(cube(replace(table, weights=None), 2))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(8, 40, 5, 6, 4, 12, 3, 10), (3, 4, 5), (9,) * 12, (256, 256, 256, 2), (2,) * 20])
def test_blocks_hold_every_group_and_stay_small(sizes: tuple[int, ...], order: int) -> None:
    blocks = covering(sizes, order, 1 << 16)
    assert {some for block in blocks for some in combinations(block, order)} >= set(combinations(range(len(sizes)), order))
    assert all(len(block) == order or prod(sizes[one] for one in block) <= 1 << 16 for block in blocks)


def test_eight_columns_take_fourteen_blocks_and_others_fewer_than_their_triples() -> None:
    assert len(covering((8, 40, 5, 6, 4, 12, 3, 10), 3, 1 << 16)) == 14
    assert len(covering((4,) * 12, 3, 1 << 16)) < 110


def test_blocks_hold_what_must_be_in_all() -> None:
    blocks = covering((3, 4, 5, 6), 2, 1000, (1,))
    assert all(1 in block for block in blocks)
    assert {some for block in blocks for some in combinations(block, 3) if 1 in some} == {(0, 1, 2), (0, 1, 3), (1, 2, 3)}


def test_rare_values_are_put_together() -> None:
    random = np.random.default_rng(3)
    codes = (400 * random.random(3000) ** 2).astype(np.uint16)
    table = replace(a_table(3000), columns=(Column("path", tuple(f"p{one}" for one in range(401)), codes),))
    found = cube(table, 1)
    assert len(found.rows) == 256
    assert found.rest().tolist() == [False] * 255 + [True]
    assert found.rows.sum() == 3000
    own = as_dict(found)
    rare = own.pop((Condition("path", OTHER),))
    plain = one_by_one(table, 1)
    assert all(plain.pop(where) == counts for where, counts in own.items())
    assert np.sum(list(plain.values()), axis=0).tolist() == rare
    assert max(map(sum, plain.values())) <= min(map(sum, own.values()))


def test_a_row_with_several_rare_labels_counts_once_among_them() -> None:
    labels = Labels("word", ("a", "b", "c", "d"), np.array([0, 3, 4, 6]), np.array([0, 2, 3, 0, 1, 0], dtype=np.uint8))
    found = capped(labels, 2)
    assert isinstance(found, Labels)
    assert found.values == ("a", OTHER)
    rows = [sorted(found.codes[start:end].tolist()) for start, end in zip(found.offsets[:-1], found.offsets[1:], strict=True)]
    assert rows == [[0, 1], [0], [0, 1]]


def test_less_takes_rows_away() -> None:
    table = a_table(300)
    where = (Condition("kind", "fix"),)
    inside = np.isin(np.arange(300), rows_in(table, where))
    rest = cube(table, 2).less(cube(select(table, inside), 2))
    assert as_dict(rest) == as_dict(cube(select(table, ~inside), 2))
