"""Confusion counters of all values of some attributes at once, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from explain.slices.types import Column, Condition, Floats, Labels, Slice, Table

Ints = NDArray[np.int64]
Numbers = Floats | Ints
_Kind = TypeVar("_Kind", bound=np.generic)
TP, FP, FN, TN = range(4)
STATES = 4
"""What became of a row: a true positive, a false positive, a false negative or a true negative, in this order."""
CHUNK = 1 << 16
"""Rows that are counted at once: their keys take 512 kB and stay in the processor's cache."""
_DENSE = 1 << 23


@dataclass(frozen=True, slots=True)
class Clustered:
    """The weight of the rows of one cluster in one slice by state, shape (parts, 4); ``slices`` says which slice each is of."""

    slices: Ints
    weight: Floats


@dataclass(frozen=True, slots=True)
class Counters:
    """Arrays of shape (slices, 4), by state: rows, the sums of their weights and of the squares of these.

    Without weights all three are the same array. ``clustered`` is None where rows count as independent.
    """

    rows: Ints
    weight: Numbers
    squares: Numbers
    clustered: Clustered | None = None


def states(table: Table) -> NDArray[np.uint8]:
    """What became of every row, shape (rows,)."""
    return 3 - 2 * table.flagged.astype(np.uint8) - table.labels


def attributes(table: Table, by: Sequence[str]) -> tuple[Column | Labels, ...]:
    """The attributes called ``by``. Raises KeyError."""
    return tuple(table.column(name) for name in by)


def slices_of(columns: Sequence[Column | Labels]) -> Iterator[Slice]:
    """The slices in the order of their counters: the values of the last attribute change fastest."""
    for values in product(*(one.values for one in columns)):
        yield tuple(sorted(Condition(one.name, value) for one, value in zip(columns, values, strict=True)))


def keyed(columns: Sequence[Column | Labels], start: int, end: int) -> tuple[Ints | None, Ints]:
    """(places of rows from ``start``, None for each row once; the slice each is in) for the rows from ``start`` to ``end``.

    A row is there once for every combination of its labels, and not at all where it has no label of an attribute.
    """
    rows: Ints | None = None
    keys = np.zeros(end - start, dtype=np.int64)
    for one in columns:
        if isinstance(one, Column):
            codes = one.codes[start:end] if rows is None else one.codes[start:end][rows]
        else:
            rows = np.arange(end - start) if rows is None else rows
            many, places = _labels_of(one.offsets[start:end][rows], np.diff(one.offsets[start : end + 1])[rows])
            codes = one.codes[places]
            rows, keys = np.repeat(rows, many), np.repeat(keys, many)
        keys *= len(one.values)
        keys += codes
    return rows, keys


def count(table: Table, by: Sequence[str] = (), clustered: bool = False) -> Counters:
    """The counters of all combinations of values of the attributes ``by``; of all rows as one slice without any.

    ``clustered`` keeps those of each cluster apart too, where the table has clusters. Memory is bounded by the slices, not
    by the rows. Raises KeyError for a name that is none.
    """
    columns, state = attributes(table, by), states(table)
    size = prod(len(one.values) for one in columns) * STATES
    rows = np.zeros(size, dtype=np.int64)
    weight, squares = (rows, rows) if table.weights is None else (np.zeros(size), np.zeros(size))
    for start, end in chunks(table.rows, size):
        inside, keys = keyed(columns, start, end)
        keys *= STATES
        keys += _at(state, inside, start, end)
        rows += np.bincount(keys, minlength=size)
        if table.weights is not None:
            own = _at(table.weights, inside, start, end)
            weight += np.bincount(keys, own, size)
            squares += np.bincount(keys, own * own, size)
    apart = _by_cluster(table, columns, state) if clustered and table.clusters is not None else None
    return Counters(rows.reshape(-1, STATES), weight.reshape(-1, STATES), squares.reshape(-1, STATES), apart)


def chunks(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """(first row, last row and one) of parts in which counting costs more than adding ``size`` counters up."""
    step = max(CHUNK, size)
    for start in range(0, rows, step):
        yield start, min(start + step, rows)


def _at(values: NDArray[_Kind], inside: Ints | None, start: int, end: int) -> NDArray[_Kind]:
    return values[start:end] if inside is None else values[start:end][inside]


def _by_cluster(table: Table, columns: Sequence[Column | Labels], state: NDArray[np.uint8]) -> Clustered:
    """The parts that are not empty: from a full table where it is small, else from what each chunk has."""
    assert table.clusters is not None
    many = int(table.clusters.max(initial=0)) + 1
    size = prod(len(one.values) for one in columns) * many * STATES
    dense = np.zeros(size) if size <= _DENSE else None
    found: list[tuple[Ints, Floats]] = []
    for start, end in chunks(table.rows, min(size, _DENSE)):
        inside, keys = keyed(columns, start, end)
        keys = (keys * many + _at(table.clusters, inside, start, end)) * STATES + _at(state, inside, start, end)
        own = None if table.weights is None else _at(table.weights, inside, start, end)
        if dense is not None:
            dense += np.bincount(keys, own, size)
        else:
            found.append(_distinct(keys, np.ones(len(keys)) if own is None else own))
    if dense is not None:
        weight = dense.reshape(-1, STATES)
        parts = np.flatnonzero(weight.any(axis=1))
        return Clustered(parts // many, weight[parts])
    keys, sums = _distinct(*(np.concatenate(some) for some in zip(*found, strict=True)))
    parts, places = np.unique(keys // STATES, return_inverse=True)
    weight = np.asarray(np.bincount(places * STATES + keys % STATES, sums, len(parts) * STATES), np.float64).reshape(-1, STATES)
    return Clustered(parts // many, weight)


def _distinct(keys: Ints, weight: Floats) -> tuple[Ints, Floats]:
    known, places = np.unique(keys, return_inverse=True)
    return known, np.bincount(places, weight, len(known)).astype(np.float64)


def members(table: Table, by: Sequence[str]) -> tuple[Ints, Ints]:
    """(places of rows, slice by slice; where each slice begins and the last ends), rows of a slice in the table's order."""
    columns = attributes(table, by)
    rows, keys = keyed(columns, 0, table.rows)
    size = prod(len(one.values) for one in columns)
    narrow = keys.astype(np.uint16) if size <= 1 << 16 else keys  # numpy sorts these by radix
    order = np.argsort(narrow, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=size))])
    return order if rows is None else rows[order], starts


def select(table: Table, wanted: NDArray[np.bool_]) -> Table:
    """The rows where ``wanted``, shape (rows,), as a table of their own."""
    rows = np.flatnonzero(wanted)  # few rows are faster taken by their places than by a mask
    return Table(
        table.model,
        table.labels[rows],
        table.scores[rows],
        table.flagged[rows],
        tuple(_selected(one, rows) for one in table.columns),
        None if table.weights is None else table.weights[rows],
        None if table.clusters is None else table.clusters[rows],
        None if table.lines is None else table.lines[rows],
    )


def _selected(one: Column | Labels, rows: Ints) -> Column | Labels:
    if isinstance(one, Column):
        return Column(one.name, one.values, one.codes[rows])
    many, places = _labels_of(one.offsets[:-1][rows], np.diff(one.offsets)[rows])
    return Labels(one.name, one.values, np.concatenate([[0], np.cumsum(many)]), one.codes[places])


def _labels_of(first: Ints, many: Ints) -> tuple[Ints, Ints]:
    """(``many``, the places of all labels of rows that have ``many`` each from ``first`` on)."""
    ends = np.cumsum(many)
    return many, np.repeat(first - ends + many, many) + np.arange(ends[-1] if len(ends) else 0)


def holds(table: Table, where: Slice) -> NDArray[np.bool_]:
    """Which rows are in the slice ``where``, shape (rows,). Raises KeyError for an attribute that is none."""
    inside = np.ones(table.rows, dtype=bool)
    for condition in where:
        inside &= has(table.column(condition.column), condition.value)
    return inside


def has(one: Column | Labels, value: str) -> NDArray[np.bool_]:
    """Which rows have ``value``, among others or alone."""
    code = one.values.index(value) if value in one.values else -1
    found: NDArray[np.bool_] = one.codes == code if code >= 0 else np.zeros(len(one.codes), dtype=bool)
    if isinstance(one, Column):
        return found
    inside = np.zeros(len(one.offsets) - 1, dtype=bool)
    inside[np.repeat(np.arange(len(inside)), np.diff(one.offsets))[found]] = True
    return inside
