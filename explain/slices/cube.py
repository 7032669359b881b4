"""Confusion counters of ALL slices of up to a few conditions, from few passes over the rows.

A slice has conditions on different attributes. For attributes with one value a row, blocks of about four are counted with all
their combinations, and what has fewer conditions follows by adding up (``explain.slices.blocks``). An attribute with several
labels a row is never added up, as a row would count once for each: every set of such attributes is counted apart, with a row
repeated for each of its labels. So a row counts in a slice once, when it has all its values, whatever else it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from explain.slices.blocks import Block, covering
from explain.slices.counts import STATES, Ints, chunks, count, select, states
from explain.slices.types import MOST_VALUES, OTHER, Column, Condition, Labels, Slice, Table

_CELLS = 1 << 18
"""Most counters of a block: 2 MB."""


@dataclass(frozen=True, slots=True)
class Cube:
    """``rows``: counters of shape (slices, 4). The slices of ``parts[i]``, places of attributes, begin at ``starts[i]``."""

    columns: tuple[Column | Labels, ...]
    parts: tuple[Block, ...]
    starts: Ints
    rows: Ints
    all: Ints

    def at(self, place: int) -> Slice:
        """The slice whose counters are ``rows[place]``."""
        part = int(np.searchsorted(self.starts, place, side="right")) - 1
        columns = [self.columns[one] for one in self.parts[part]]
        values = np.unravel_index(place - int(self.starts[part]), [len(one.values) for one in columns])
        return tuple(sorted(Condition(one.name, one.values[int(value)]) for one, value in zip(columns, values, strict=True)))

    def place(self, where: Slice) -> int:
        """The place of a slice among ``rows``. Raises ValueError for one that is not there."""
        names = [one.name for one in self.columns]
        known = sorted((names.index(one.column), one.value) for one in where)
        part = self.parts.index(tuple(column for column, _ in known))
        values = [self.columns[column].values.index(value) for column, value in known]
        shape = [len(self.columns[column].values) for column, _ in known]
        return int(self.starts[part]) + int(np.ravel_multi_index(values, shape))

    def rest(self) -> NDArray[np.bool_]:
        """Which slices have rare values put together among their conditions, shape (slices,)."""
        found = np.zeros(len(self.rows), dtype=bool)
        for start, part in zip(self.starts.tolist(), self.parts, strict=True):
            shape = [len(self.columns[one].values) for one in part]
            inside = np.zeros(shape, dtype=bool)
            for axis, one in enumerate(part):
                if OTHER in self.columns[one].values:
                    inside[(slice(None),) * axis + (self.columns[one].values.index(OTHER),)] = True
            found[start : start + inside.size] = inside.ravel()
        return found

    def less(self, other: Cube) -> Cube:
        """The counters of the rows that are not among those of ``other``, a cube of the same attributes."""
        return replace(self, rows=self.rows - other.rows, all=self.all - other.all)


def cube(table: Table, order: int = 3, by: Sequence[str] | None = None) -> Cube:
    """The counters of all slices of 1 to ``order`` conditions on the attributes ``by`` (all of them by default).

    Rows, not weights. Of an attribute with more than 256 values the rare ones are put together as ``OTHER``. Memory grows
    with the slices, not with the rows.
    """
    names = table.names if by is None else tuple(by)
    return counted(replace(table, columns=tuple(capped(table.column(name)) for name in names)), order)


def counted(table: Table, order: int) -> Cube:
    """The cube of a table whose attributes are capped already."""
    columns, places = table.columns, range(len(table.columns))
    several = [place for place in places if isinstance(columns[place], Labels)]
    counts: dict[Block, Ints] = {}
    for own in chain.from_iterable(combinations(several, many) for many in range(order + 1)):
        plain = [place for place in places if place not in several]
        for block, rows in _blocks(table, own, plain, order - len(own)):
            _marginals(block, rows, own, order, counts)
    parts = tuple(sorted(counts, key=lambda one: (len(one), one)))
    starts = np.cumsum([0, *(prod(len(columns[one].values) for one in part) for part in parts)], dtype=np.int64)[:-1]
    each = [counts[part].reshape(-1, STATES) for part in parts]
    flat = np.concatenate(each) if each else np.zeros((0, STATES), dtype=np.int64)
    return Cube(columns, parts, starts, flat, count(replace(table, weights=None)).rows[0])


def _blocks(table: Table, own: Block, plain: Sequence[int], order: int) -> Iterator[tuple[Block, Ints]]:
    """Counters of ``own``, attributes of several labels, with any ``order`` of the ``plain`` ones, block by block."""
    used = sorted((*own, *plain))
    sizes = tuple(len(table.columns[one].values) for one in used)
    blocks = covering(sizes, order, _CELLS // STATES, tuple(used.index(one) for one in own))
    blocks = tuple(tuple(used[one] for one in block) for block in blocks)
    if own:
        for block in blocks:
            names = [table.columns[one].name for one in block]
            shape = [len(table.columns[one].values) for one in block]
            yield block, count(replace(table, weights=None), names).rows.reshape(*shape, STATES)
    elif blocks != ((),):
        yield from zip(blocks, _plain(table, blocks), strict=True)


def _plain(table: Table, blocks: Sequence[Block]) -> list[Ints]:
    """The counters of all blocks in one pass: what a chunk of rows needs is read once and stays in the cache."""
    shapes = [tuple(len(table.columns[one].values) for one in block) for block in blocks]
    found = [np.zeros(prod(shape) * STATES, dtype=np.int64) for shape in shapes]
    state, used = states(table), sorted({one for block in blocks for one in block})
    for start, end in chunks(table.rows, max(map(len, found)) // 4):
        wide = {one: table.columns[one].codes[start:end].astype(np.int64) for one in used}
        last = state[start:end].astype(np.int64)
        for place, (block, shape) in enumerate(zip(blocks, shapes, strict=True)):
            keys = wide[block[0]].copy()
            for one, size in zip(block[1:], shape[1:], strict=True):
                keys *= size
                keys += wide[one]
            keys *= STATES
            keys += last
            found[place] += np.bincount(keys, minlength=len(found[place]))
    return [total.reshape(*shape, STATES) for total, shape in zip(found, shapes, strict=True)]


def _marginals(block: Block, rows: Ints, own: Block, order: int, counts: dict[Block, Ints]) -> None:
    """Put what ``block`` says of each of its groups of up to ``order`` attributes that hold all of ``own`` into ``counts``."""
    known: dict[Block, Ints] = {block: rows}
    for many in range(len(block), 0, -1):
        for group in [one for one in known if len(one) == many]:
            if many <= order and group not in counts:
                counts[group] = known[group]
            for axis, left_out in enumerate(group):
                smaller = group[:axis] + group[axis + 1 :]
                if smaller and left_out not in own and smaller not in known and smaller not in counts:
                    known[smaller] = known[group].sum(axis=axis)


def capped(one: Column | Labels, most: int = MOST_VALUES) -> Column | Labels:
    """``one`` with its ``most`` - 1 most frequent values and ``OTHER``, where it has more than ``most``."""
    if len(one.values) <= most:
        return one
    many = np.bincount(one.codes, minlength=len(one.values))
    kept = np.sort(np.argsort(-many, kind="stable")[: most - 1])
    places = np.full(len(one.values), most - 1, dtype=np.uint16)
    places[kept] = np.arange(most - 1)
    values = (*(one.values[place] for place in kept.tolist()), OTHER)
    if isinstance(one, Column):
        return Column(one.name, values, places[one.codes])
    return _once(Labels(one.name, values, one.offsets, places[one.codes]))


def _once(one: Labels) -> Labels:
    """With each label at most once a row, as several rare ones have become the same."""
    size = len(one.values)
    rows = np.repeat(np.arange(len(one.offsets) - 1), np.diff(one.offsets))
    keys = np.unique(rows * size + one.codes)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(keys // size, minlength=len(one.offsets) - 1))])
    return Labels(one.name, one.values, offsets, (keys % size).astype(one.codes.dtype))


def within(table: Table, wanted: NDArray[np.bool_], order: int) -> Cube:
    """The cube of the rows ``wanted``; ``table``'s attributes are capped already."""
    return counted(select(table, wanted), order)
