"""Small random tables of predictions with both kinds of attributes, and counting by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explain.slices.types import Column, Labels, Slice, Table

LANGUAGES = ("Go", "C", "Python", "Java")


def a_table(rows: int = 400, seed: int = 1, weights: bool = False, clusters: int = 0) -> Table:
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.4).astype(np.uint8)
    scores = np.clip(0.35 * labels + 0.65 * random.random(rows), 0, 1)
    columns = (
        Column("kind", ("fix", "feature", "test"), random.integers(0, 3, rows).astype(np.uint8)),
        some_labels("language", LANGUAGES, rows, random),
        Column("month", tuple(map(str, range(5))), random.integers(0, 5, rows).astype(np.uint16)),
        some_labels("component", ("core", "api", "docs"), rows, random),
    )
    return Table(
        "toy",
        labels,
        scores,
        scores >= 0.5,
        columns,
        random.integers(1, 5, rows) / 2 if weights else None,
        random.integers(0, clusters, rows) if clusters else None,
        np.rint(np.exp(random.normal(3, 1, rows))),
    )


def some_labels(name: str, values: tuple[str, ...], rows: int, random: np.random.Generator) -> Labels:
    """Any number of labels a row, none among them, in any order."""
    has = random.random((rows, len(values))) < 0.4
    codes = [random.permutation(np.flatnonzero(own)) for own in has]
    offsets = np.concatenate([[0], np.cumsum(has.sum(axis=1))])
    return Labels(name, values, offsets, np.concatenate(codes).astype(np.uint8))


def values_of(table: Table, name: str, row: int) -> set[str]:
    one = table.column(name)
    if isinstance(one, Column):
        return {one.values[one.codes[row]]}
    return {one.values[code] for code in one.codes[one.offsets[row] : one.offsets[row + 1]]}


def rows_in(table: Table, where: Slice) -> list[int]:
    """The places of the rows that meet every condition, one after the other."""
    return [row for row in range(table.rows) if all(one.value in values_of(table, one.column, row) for one in where)]


def states_by_hand(table: Table, rows: Sequence[int]) -> list[list[int]]:
    """Rows by state: true and false positives, false negatives, true negatives."""
    found: list[list[int]] = [[], [], [], []]
    for row in rows:
        right = bool(table.labels[row]) == bool(table.flagged[row])
        found[(0 if right else 1) if table.flagged[row] else (3 if right else 2)].append(row)
    return found
