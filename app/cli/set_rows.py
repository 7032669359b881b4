"""The rows of a dataset in an order drawn by lot, read a few at a time: their diffs are never in memory all at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.cli.scored import Dataset, readable_diff
from explain.survey.record import Row
from models.change.types import clean
from models.errors import DataError

_AT_ONCE = 512
"""Rows read in one pass over the dataset."""
_TRAIN = "train"
_COLUMNS = ("diff", "message", "project", "language", "split", "label", "author_date")


@dataclass(frozen=True)
class Rows:
    """Rows of a dataset, of one split if one is asked for: ``ids`` in the order that a hash of the seed and the id draws.

    ``places`` are their places in the dataset. Rows without a column id are called by their place.
    """

    dataset: Dataset
    seed: int
    ids: tuple[str, ...]
    places: tuple[int, ...]

    @classmethod
    def open(cls, path: Path, split: str | None, seed: int) -> Rows:
        """Raises DataError for what is no dataset, holds no rows, or names two rows alike."""
        dataset = Dataset.open([path], split)
        named = [(clean(str(name)), place) for places, batch in dataset.batches() for name, place in _names(batch, places)]
        if not named:
            raise DataError(f"The dataset {path} holds no rows; pass one that does.")
        named.sort(key=lambda one: (_lot(seed, one[0]), one[1]))
        ids = tuple(name for name, _ in named)
        twice = next((one for one, other in pairwise(ids) if one == other), None)
        if twice is not None:
            raise DataError(f"The id {twice:.200} stands twice in {path}; drop one of the two rows.")
        return cls(dataset, seed, ids, tuple(place for _, place in named))

    @classmethod
    def known(cls, path: Path, seed: int) -> Rows:
        """Those that a model may have learnt from: of the split ``train``; of a dataset without splits, all."""
        return cls.open(path, _TRAIN if "split" in Dataset.open([path]).kept.names else None, seed)

    def has(self, file: Path) -> bool:
        """Whether the dataset is read from ``file``."""
        return file.resolve() in {one.resolve() for one in self.dataset.files}

    @cached_property
    def digest(self) -> str:
        """A hash of the ids in their order."""
        return hashlib.blake2b("\0".join(self.ids).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def after(self, seen: int) -> Iterator[Row]:
        """The rows from number ``seen`` of the order on."""
        for start in range(seen, len(self.ids), _AT_ONCE):
            yield from self._read(range(start, min(start + _AT_ONCE, len(self.ids))))

    def named(self, names: Collection[str]) -> Iterator[Row]:
        """The rows called so, in their order."""
        wanted = [n for n, name in enumerate(self.ids) if name in names]
        for start in range(0, len(wanted), _AT_ONCE):
            yield from self._read(wanted[start : start + _AT_ONCE])

    def _read(self, numbers: Sequence[int]) -> Iterator[Row]:
        cells: dict[int, dict[str, Any]] = {}
        wanted = {self.places[n]: n for n in numbers}
        for places, batch in self.dataset.batches():
            for at, place in enumerate(places):
                if place in wanted:
                    cells[wanted[place]] = _cells(batch.slice(at, 1))
            if len(cells) == len(wanted):
                break
        for n in numbers:
            yield _row(self.ids[n], cells[n])


def _names(batch: Any, places: Sequence[int]) -> Iterator[tuple[object, int]]:
    names = batch.column("id").to_pylist() if "id" in batch.schema.names else places
    return zip(names, places, strict=True)


def _cells(row: Any) -> dict[str, Any]:
    return {name: row.column(name).to_pylist()[0] for name in _COLUMNS if name in row.schema.names}


def _row(name: str, cells: dict[str, Any]) -> Row:
    label = cells.get("label")
    project, language, split = (_text(cells.get(column)) for column in ("project", "language", "split"))
    diff = readable_diff(cells.get("diff"), cells.get("message"))
    return Row(name, diff, project, language, split, int(label) if label in (0, 1) else None, _date(cells.get("author_date")))


def _date(cell: object) -> datetime | None:
    """A point in time; one without a zone is taken for UTC."""
    if not isinstance(cell, datetime):
        return None
    return cell if cell.tzinfo else cell.replace(tzinfo=UTC)


def _text(cell: object) -> str:
    return clean(cell) if isinstance(cell, str) else ""


def _lot(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
