"""Rows of a dataset that name the lines at fault of each bad change (column ``defective_lines``: path, change, text)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.change.types import Diff, clean
from models.data.dataset import to_diff
from models.data.parquet import batches, decoded, opened
from models.errors import DataError

TRUTH = "defective_lines"
_NEEDED = ("diff", "label", TRUTH)
_OPTIONAL = ("id", "project", "message", "diff_truncated")
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line that the truth names: the path of its file, "added" or another sort of change, and its text."""

    path: str
    change: str
    text: str


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """One row. ``diff`` is None where it cannot be read; ``cut``: the dataset holds the beginning of the diff only."""

    id: str
    project: str
    diff: Diff | None
    named: tuple[NamedLine, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Labelled:
    """The places of the bad rows (label 1) of one file and of all others, in the order of a lot; ``bad_ids`` in no order."""

    path: Path
    bad: tuple[int, ...]
    others: tuple[int, ...]
    bad_ids: frozenset[str]


def labelled(path: Path, seed: int, with_truth: bool = True) -> Labelled:
    """Which rows of the Parquet file ``path`` are bad; a hash of ``seed`` and the id draws their order.

    Raises DataError for what is no dataset, or, ``with_truth``, lacks the column ``defective_lines`` or bad changes.
    """
    _check(path, _NEEDED if with_truth else _NEEDED[:1])
    known = opened(path).schema_arrow.names
    bad: list[tuple[bytes, int, str]] = []
    others: list[tuple[bytes, int, str]] = []
    start = 0
    for batch in batches(path, [name for name in ("id", "label") if name in known] or ["diff"], 4096):
        cells = _cells(batch)
        names = cells.get("id", range(start, start + batch.num_rows))
        labels = cells.get("label", [None] * batch.num_rows)
        for place, (name, label) in enumerate(zip(names, labels, strict=True), start):
            (bad if label == 1 else others).append((_lot(seed, name), place, clean(str(name))))
        start += batch.num_rows
    if with_truth and not bad:
        raise DataError(f"{path} holds no bad change (label 1), so no line is known to be at fault; pass a dataset that does.")
    first, second = (tuple(place for _, place, _ in sorted(some)) for some in (bad, others))
    return Labelled(path, first, second, frozenset(name for *_, name in bad))


def _lot(seed: int, name: object) -> bytes:
    return hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def faulty_rows(path: Path, places: Collection[int]) -> Iterator[FaultyRow]:
    """The rows of ``path`` at ``places`` (from 0), in the order of the file; without a column id, places name them."""
    names = opened(path).schema_arrow.names
    wanted, start, left = set(places), 0, len(set(places))
    for batch in batches(path, [name for name in (*_NEEDED, *_OPTIONAL) if name in names], _AT_ONCE):
        numbers = [n for n in range(batch.num_rows) if start + n in wanted]
        cells = _cells(batch.take(pa.array(numbers, pa.int64()))) if numbers else {}
        for at, n in enumerate(numbers):
            yield _row({name: column[at] for name, column in cells.items()}, start + n)
        start, left = start + batch.num_rows, left - len(numbers)
        if not left:
            return


def _cells(batch: Any) -> dict[str, list[Any]]:
    return {name: column.to_pylist() for name, column in zip(batch.schema.names, decoded(batch).columns, strict=True)}


def _row(cells: dict[str, Any], place: int) -> FaultyRow:
    text, message, project = cells.get("diff"), cells.get("message"), cells.get("project")
    diff = to_diff(text, message)
    return FaultyRow(
        id=clean(str(cells.get("id", place))),
        project=clean(project) if isinstance(project, str) else "",
        diff=None if diff is None or all(file.binary for file in diff.files) else diff,
        named=tuple(_named(cells.get(TRUTH) or ())),
        cut=bool(cells.get("diff_truncated")),
    )


def _named(lines: Sequence[dict[str, Any] | None]) -> Iterator[NamedLine]:
    for one in lines:
        if one is not None and one["path"] is not None and one["text"] is not None:
            yield NamedLine(one["path"], one.get("change") or "added", one["text"])


def _check(path: Path, needed: Sequence[str]) -> None:
    schema = opened(path).schema_arrow
    for name in needed:
        if name not in schema.names:
            raise DataError(f"{path} has no column {name}; pass a dataset with the columns {', '.join(needed)}.")
    kind = schema.field("diff").type
    if not _is_text(kind):
        raise DataError(f"Expected text, but in {path} the column diff holds {kind}; pass a dataset of changes.")
    if TRUTH in needed and not _names_lines(schema.field(TRUTH).type):
        raise DataError(
            f"Expected lists of path, change and text, but in {path} the column {TRUTH} holds {schema.field(TRUTH).type}; "
            "pass a dataset that names lines so."
        )


def _names_lines(kind: Any) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        return False
    fields = {field.name: field.type for field in kind.value_type}
    return all(name in fields and _is_text(fields[name]) for name in ("path", "text"))


def _is_text(kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
