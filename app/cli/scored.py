"""Predictions as rows: of single changes, and streamed over Parquet datasets in bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.cli.output import dumps, replacing
from models.change.component import Components
from models.change.types import Diff
from models.classify.protocol import Classifier
from models.data.dataset import to_diff
from models.data.parquet import check_alike, files_of, opened, table, unreadable
from models.errors import DataError
from models.evaluate.attributes import ATTRIBUTES, Attributes
from models.evaluate.contract import COLUMNS, MODEL, Record, about, record, unscored

_BATCH, _GROUP = 64, 4096
"""Rows scored at once, and rows written at once: Parquet reads badly in small groups."""
_SPLIT = "split"
_PROJECT = "project"
Write = Callable[[Any, Sequence[Diff | None], Sequence[Record]], None]


def write_records(path: Path, records: Sequence[Record], classifier: Classifier) -> None:
    """``records`` as a Parquet file."""
    rows = [one | about(classifier) for one in records]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema([*COLUMNS, *MODEL])), path)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Parquet files with a column ``diff``, and if they have them ``message`` and ``id``; of ``split`` only, if one is given.

    ``rows`` counts what is to be scored, ``kept`` is the schema of the input's columns that predictions keep.
    """

    files: tuple[Path, ...]
    split: str | None
    rows: int
    kept: Any

    @classmethod
    def open(cls, paths: Sequence[Path], split: str | None = None) -> Dataset:
        """Open files and folders of files; raises DataError with what is wrong."""
        files = tuple(files_of(paths))
        schemas = {file: opened(file).schema_arrow for file in files}
        for file, schema in schemas.items():
            _check_columns(file, schema, split)
        kept = _kept(schemas)
        return cls(
            files, split, sum(opened(file).metadata.num_rows for file in files) if split is None else _of(files, split), kept
        )

    def batches(self) -> Iterator[tuple[range | Sequence[int], Any]]:
        """Yield (places in the whole dataset, rows); raises DataError for what is broken further down."""
        start = 0
        for file in self.files:
            try:
                for batch in opened(file).iter_batches(_BATCH):
                    places, rows = self._wanted(batch)
                    if rows.num_rows:
                        yield [start + place for place in places], rows
                    start += batch.num_rows
            except (OSError, pa.ArrowException) as error:
                raise unreadable(file, error) from error

    def _wanted(self, batch: Any) -> tuple[Sequence[int], Any]:
        if self.split is None:
            return range(batch.num_rows), batch
        mask = pc.equal(batch.column(_SPLIT), self.split).fill_null(False)
        return [place for place, wanted in enumerate(mask.to_pylist()) if wanted], batch.filter(mask)

    @contextmanager
    def sink(self, output: Path | None, classifier: Classifier, components: Components | None = None) -> Iterator[Write]:
        """A function that takes a batch, its diffs and records: to the Parquet file ``output``, or as JSON lines.

        The file has the attributes of ``models.evaluate.attributes`` besides, as far as the dataset has no such column.
        Without ``components`` they are folders, those of several projects told apart.
        """
        if output is None:
            yield _print_records
            return
        added = [column for column in (*COLUMNS, *MODEL, *ATTRIBUTES) if column.name not in self.kept.names]
        attributes = Attributes(components or Components(), components is None and len(_projects(self.files)) > 1)
        model = about(classifier)
        with replacing(output) as temporary, pq.ParquetWriter(temporary, pa.schema([*self.kept, *added])) as writer:
            pending: list[Any] = []

            def flush() -> None:
                writer.write_table(pa.Table.from_batches(pending, writer.schema))
                pending.clear()

            def write(batch: Any, diffs: Sequence[Diff | None], records: Sequence[Record]) -> None:
                described = attributes.of(batch, diffs, records)
                rows = [more | one | model for one, more in zip(records, described, strict=True)]
                ours = [pa.array([one[column.name] for one in rows], column.type) for column in added]
                columns = [_column(batch, column) for column in self.kept]
                pending.append(pa.record_batch([*columns, *ours], schema=writer.schema))
                if sum(one.num_rows for one in pending) >= _GROUP:
                    flush()

            yield write
            flush()


def _of(files: Sequence[Path], split: str) -> int:
    """How many rows have this split; raises DataError, with the splits there are, when none has."""
    found = pa.chunked_array(
        [chunk for file in files for chunk in opened(file).read(columns=[_SPLIT]).column(_SPLIT).cast(pa.string()).chunks],
        pa.string(),
    )
    rows = int(pc.sum(pc.equal(found, split)).as_py() or 0)
    if not rows:
        known = sorted(one for one in pc.unique(found).to_pylist() if one is not None)
        raise DataError(
            f"No row has the split {split!r:.60}; expected one of {', '.join(known)[:200] or 'none, as all are empty'}."
        )
    return rows


def _kept(schemas: dict[Path, Any]) -> Any:
    """The columns of all files but the diff and what predictions set anew; a file that lacks one gets nulls there."""
    ours = {*COLUMNS.names, *MODEL.names, "diff"} - {"id"}
    kept: dict[str, Any] = {}
    for schema in schemas.values():
        for column in schema:
            if column.name not in ours and (column.name not in kept or pa.types.is_null(kept[column.name].type)):
                kept[column.name] = column.with_nullable(True)
    check_alike(schemas, list(kept))
    return pa.schema(list(kept.values()))


def _column(batch: Any, column: Any) -> Any:
    """A column of ``batch`` in the type of the output."""
    if column.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, column.type)
    values = batch.column(column.name)
    if values.type == column.type:
        return values
    try:
        return pc.cast(values, column.type)
    except pa.ArrowException as error:
        raise DataError(f"The column {column.name} does not fit the type {column.type} that it has in the first file.") from error


def _check_columns(path: Path, schema: Any, split: str | None) -> None:
    """Raise DataError unless there is a column diff, of text, and where one is asked for a column split."""
    names = schema.names
    if "diff" not in names:
        raise DataError(f"{path} has no column diff, only {', '.join(names[:20])}; pass a dataset of changes.")
    if split is not None and _SPLIT not in names:
        raise DataError(f"{path} has no column split; leave --split out to score all of its rows.")
    for name in ("diff",) if split is None else ("diff", _SPLIT):
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            raise DataError(f"Expected text, but in {path} the column {name} holds {kind}; pass a dataset of changes.")


def _projects(files: Sequence[Path]) -> set[object]:
    """The names of the projects in the dataset; none where it does not say."""
    holders = [file for file in files if _PROJECT in opened(file).schema_arrow.names]
    return {name for file in holders for name in pc.unique(table(file, [_PROJECT]).column(_PROJECT)).to_pylist()} - {None, ""}


def _print_records(_batch: Any, _diffs: Sequence[Diff | None], records: Sequence[Record]) -> None:
    for one in records:
        sys.stdout.write(dumps(one, indent=None))


def score_batches(dataset: Dataset, classifier: Classifier) -> Iterator[tuple[Any, list[Diff | None], list[Record]]]:
    """Yield every batch with its diffs and one record a row; a row without a readable diff has no score.

    Without a column id, rows are called by their place in the dataset, from 0.
    """
    for places, batch in dataset.batches():
        names = batch.schema.names
        texts = batch.column("diff").to_pylist()
        messages = batch.column("message").to_pylist() if "message" in names else [""] * len(texts)
        ids = batch.column("id").to_pylist() if "id" in names else places
        diffs = [readable_diff(text, message) for text, message in zip(texts, messages, strict=True)]
        readable = [diff for diff in diffs if diff is not None]
        answers = iter(classifier.predict(readable) if readable else ())
        rows = zip(map(str, ids), diffs, strict=True)
        yield batch, diffs, [unscored(name) if diff is None else record(name, diff.id, next(answers)) for name, diff in rows]


def readable_diff(text: object, message: object) -> Diff | None:
    """The diff of a row; None where there is no text that a model can read."""
    if not isinstance(text, str):
        return None
    diff = to_diff(text, message if isinstance(message, str) else "")
    return None if diff is None or all(file.binary for file in diff.files) else diff
