"""The changes of a slice, the worst judged first: the errors that the model was surest of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explain.slices.counts import holds
from explain.slices.source import Scope, Source
from explain.slices.types import Slice, Table
from explain.slices.where import Expression, Sort
from explain.slices.where_sql import plain
from models.errors import DataError

MOST = 200


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it lies in the file."""

    id: str
    project: str
    score: float
    label: int
    flagged: bool

    @property
    def wrong(self) -> bool:
        """Whether the model judged it wrongly."""
        return self.flagged != bool(self.label)


@dataclass(frozen=True, slots=True)
class Changes:
    """How many ``rows`` a slice has, how many of them are judged wrongly, and the worst of them, at most 200."""

    rows: int
    wrong: int
    worst: tuple[Change, ...]


def worst(source: Source, table: Table, where: Expression | None, inside: Slice, most: int = MOST) -> Changes:
    """The rows of ``table`` in the slice ``inside``: wrongly judged ones first, by how far score and label are apart.

    ``table`` is what ``explain.slices.load`` made of ``source`` with ``where``. Raises DataError where the files have changed
    since, KeyError for an attribute that the table lacks.
    """
    members = holds(table, inside)
    wrong = table.flagged != table.labels.astype(bool)
    off = np.abs(table.scores - table.labels)
    rows = np.flatnonzero(members)
    order = rows[np.lexsort((rows, -off[rows], ~wrong[rows]))][:most]
    read = dict(_read(source, source.scope(table.model, where), order))
    found = tuple(read[place] for place in order.tolist() if place in read)
    scores = table.scores[order].tolist()
    if [one.score for one in found] != scores:
        raise DataError(f"{source.named} changed while it was open; load the page again.")
    return Changes(len(rows), int((members & wrong).sum()), found)


def _read(source: Source, scope: Scope, wanted: NDArray[np.int64]) -> Iterator[tuple[int, Change]]:
    """(place, change) of the rows at the places ``wanted``, out of one pass over the files."""
    project = plain("project", Sort.TEXT) if source.columns.get("project") is Sort.TEXT else "''"
    select = (
        f"coalesce(id, '') as id, {project} as project, score, label::utinyint as label, "
        "coalesce(flagged, score >= threshold) as flagged"
    )
    start, places = 0, np.sort(wanted)
    for batch in source.batches(select, scope):
        own = places[(places >= start) & (places < start + batch.num_rows)]
        if len(own):
            for place, row in zip(own.tolist(), batch.take(own - start).to_pylist(), strict=True):
                yield place, Change(row["id"], row["project"], row["score"], row["label"], bool(row["flagged"]))
        start += batch.num_rows
