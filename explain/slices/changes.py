"""The changes behind a slice: which rows of a table they are, and what the files say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.slices.source import Source
from explain.slices.types import Table
from explain.slices.where import Expression

_COLUMNS = ("id", "project", "date", "label", "score", "flagged", "threshold")
_LETTERS = 300


@dataclass(frozen=True, slots=True)
class Change:
    """One change as the predictions have it; texts are as hostile as the data they come from. ``date``: "2024-05-31" or ""."""

    id: str
    project: str
    date: str
    label: int
    score: float
    flagged: bool


def worst(table: Table, inside: NDArray[np.bool_], most: int) -> tuple[int, ...]:
    """The places of at most ``most`` of the rows ``inside``, shape (rows,): those furthest from their label first."""
    places = np.flatnonzero(inside)
    off = np.abs(table.scores[places] - table.labels[places])
    wrong = table.flagged[places] != (table.labels[places] == 1)
    return tuple(places[np.lexsort((places, -off, ~wrong))][:most].tolist())


def changes(source: Source, model: str, where: Expression | None, places: Sequence[int]) -> tuple[Change, ...]:
    """The changes at ``places`` of the table that ``load`` makes of the same model and expression, in their order."""
    told = [f"{_said(source, name)} as {name}" for name in _COLUMNS]
    wanted, found, start = np.unique(np.asarray(places, np.int64)), {}, 0
    for batch in source.batches(", ".join(told), source.scope(model, where)):
        end = start + batch.num_rows
        for place in wanted[(wanted >= start) & (wanted < end)].tolist():
            found[place] = _change(batch.slice(place - start, 1).to_pylist()[0])
        start = end
        if len(found) == len(wanted):
            break
    return tuple(found[place] for place in places)


def _said(source: Source, name: str) -> str:
    if name in ("project", "date"):
        return f"left({name}::varchar, {_LETTERS})" if name in source.columns else "''"
    return name


def _change(row: dict[str, Any]) -> Change:
    flagged = row["score"] >= row["threshold"] if row["flagged"] is None else row["flagged"]
    return Change(
        row["id"] or "", row["project"] or "", (row["date"] or "")[:10], int(row["label"]), float(row["score"]), bool(flagged)
    )
