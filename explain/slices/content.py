"""Words and folders that occur in the changes themselves, as attributes for the search for weak slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from explain.slices.source import Source
from explain.slices.types import Labels, Table
from explain.slices.where import Expression
from models.data.dataset import to_diff
from models.data.parquet import batches, files_of, opened
from models.encode.types import Side
from models.encode.words import LONGEST, MARKS, reading
from models.errors import DataError

NAMES: Mapping[Side, str] = {
    Side.ADDED: "added words",
    Side.REMOVED: "removed words",
    Side.MESSAGE: "message words",
    Side.PATH: "path words",
}
"""The attributes, by where a word stands."""
MOST, LEAST, COMMON = 150, 20, 0.5
"""Of the words of a side the 150 in most changes count, which are in 20 changes or more and in at most half of them."""
_NEEDED = ("id", "diff")
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Content:
    """The words of changes by id, each as a feature of ``models.encode.words``; ``rows`` of the dataset were read."""

    features: Mapping[str, frozenset[str]]
    rows: int


def read_content(dataset: Path, ids: Sequence[str], tick: Callable[[float], None] = lambda done: None) -> Content:
    """The words of those changes of ``dataset`` that have one of ``ids``; a diff that cannot be read has none.

    ``tick`` hears of the share read; what it raises ends the reading. Raises DataError for what is no dataset, and where it has
    none of the changes.
    """
    files = files_of([dataset])
    _check(files)
    wanted, found, rows = set(ids), dict[str, frozenset[str]](), 0
    total = sum(opened(file).metadata.num_rows for file in files)
    for name, text, message in _rows(files):
        rows += 1
        if name in wanted:
            diff = to_diff(text, message)
            found[name] = frozenset() if diff is None else reading(diff).features
        if not rows % _AT_ONCE:
            tick(rows / total)
    if not found:
        raise DataError(
            f"{dataset} has none of the changes that were scored; name the dataset that the predictions were made of."
        )
    return Content(found, rows)


def _check(files: Sequence[Path]) -> None:
    for file in files:
        names = opened(file).schema_arrow.names
        lacking = next((one for one in _NEEDED if one not in names), None)
        if lacking is not None:
            raise DataError(f"{file} lacks the column {lacking}; name the dataset that the predictions were made of.")


def _rows(files: Sequence[Path]) -> Iterator[tuple[str, object, object]]:
    """(id, diff, message) of every row."""
    for file in files:
        told = "message" in opened(file).schema_arrow.names
        for batch in batches(file, [*_NEEDED, *(["message"] if told else [])], _AT_ONCE):
            names, texts = (batch.column(one).to_pylist() for one in _NEEDED)
            messages = batch.column("message").to_pylist() if told else [""] * len(names)
            yield from zip(map(str, names), texts, messages, strict=True)


def ids_of(source: Source, model: str, where: Expression | None) -> list[str]:
    """The ids of the rows of ``model`` for which ``where`` holds, in the order in which ``load`` gives the rows."""
    found: list[str] = []
    for batch in source.batches("coalesce(id, '') as id", source.scope(model, where)):
        found += batch.column(0).to_pylist()
    return found


def with_content(table: Table, ids: Sequence[str], content: Content) -> tuple[Table, str]:
    """(``table`` with an attribute for each of ``NAMES`` that has words, a note on the changes of which none are known or "").

    ``ids``, one a row, as of ``ids_of``.
    """
    features = [content.features.get(one, frozenset()) for one in ids]
    added = [_labels(name, MARKS[side], features) for side, name in NAMES.items()]
    lacking = sum(one not in content.features for one in ids)
    note = f"{lacking:,} of {len(ids):,} changes are not in the dataset; none of their words are known." if lacking else ""
    return replace(table, columns=(*table.columns, *(one for one in added if one.values))), note


def _labels(name: str, mark: str, features: Sequence[frozenset[str]]) -> Labels:
    """The words behind ``mark``; a row may have none of them."""
    seen = Counter(word for row in features for word in row if word.startswith(mark) and _is_name(word[1:]))
    common = [word for word, rows in seen.most_common() if LEAST <= rows <= COMMON * len(features)]
    kept = {word: place for place, word in enumerate(sorted(common, key=lambda one: (-seen[one], one))[:MOST])}
    places = [sorted(kept[word] for word in row & kept.keys()) for row in features]
    offsets = np.cumsum([0, *map(len, places)], dtype=np.int64)
    return Labels(name, tuple(word[1:] for word in kept), offsets, np.array([one for row in places for one in row], np.uint8))


def _is_name(word: str) -> bool:
    """Whether ``word`` is a whole name of two characters or more; single signs say little, longer ones are cut."""
    return 1 < len(word) < LONGEST
