"""Predictions as rows: of single changes, and streamed over a Parquet dataset in bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.cli.output import dumps, replacing
from models.change.types import Diff, clean
from models.classify.protocol import Classifier, Prediction
from models.data.dataset import to_diff
from models.errors import DataError

SCHEMA = "whydiff/score/1"
COLUMNS = pa.schema(
    [
        ("schema", pa.string()),
        ("id", pa.string()),
        ("diff_id", pa.string()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("flagged", pa.bool_()),
        ("tokens_read", pa.int64()),
        ("tokens_total", pa.int64()),
    ]
)
_BATCH = 64
Record = dict[str, Any]
Write = Callable[[Any, Sequence[Record]], None]


def record(name: str, diff: Diff, prediction: Prediction) -> Record:
    """One line of the contract."""
    return {
        "schema": SCHEMA,
        "id": clean(name),
        "diff_id": diff.id,
        "score": prediction.score,
        "threshold": prediction.threshold,
        "flagged": prediction.flagged,
        "tokens_read": prediction.tokens_read,
        "tokens_total": prediction.tokens_total,
    }


def write_records(path: Path, records: Sequence[Record], columns: Any) -> None:
    """``records`` as a Parquet file."""
    pq.write_table(pa.Table.from_pylist(list(records), schema=columns), path)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A Parquet file with a column ``diff``, and if it has them ``message`` and ``id``."""

    path: Path
    file: Any
    rows: int

    @classmethod
    def open(cls, path: Path) -> Dataset:
        """Open ``path``; raises DataError with what is wrong."""
        try:
            file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{path} could not be read as Parquet ({str(error).splitlines()[0]}); pass a dataset.") from error
        _check_columns(path, file.schema_arrow)
        return cls(path, file, file.metadata.num_rows)

    def batches(self) -> Iterator[Any]:
        """The rows in batches; raises DataError for what is broken further down."""
        try:
            yield from self.file.iter_batches(_BATCH)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path} is broken ({str(error).splitlines()[0]}); copy the dataset again.") from error

    @property
    def kept(self) -> Any:
        """The schema of the input's columns that predictions keep."""
        ours = {*COLUMNS.names, "diff"} - {"id"}
        return pa.schema([column for column in self.file.schema_arrow if column.name not in ours])

    @contextmanager
    def sink(self, output: Path | None) -> Iterator[Write]:
        """A function that takes a batch and its records: to the Parquet file ``output``, or as JSON lines."""
        if output is None:
            yield _print_records
            return
        kept = self.kept
        added = [column for column in COLUMNS if column.name not in kept.names]
        with replacing(output) as temporary, pq.ParquetWriter(temporary, pa.schema([*kept, *added])) as writer:

            def write(batch: Any, records: Sequence[Record]) -> None:
                ours = [pa.array([one[column.name] for one in records], column.type) for column in added]
                columns = [batch.column(name) for name in kept.names]
                writer.write_batch(pa.record_batch([*columns, *ours], schema=writer.schema))

            yield write


def _check_columns(path: Path, schema: Any) -> None:
    """Raise DataError unless there is one column diff, of text, and no other name twice."""
    names = schema.names
    if "diff" not in names:
        raise DataError(f"{path} has no column diff, only {', '.join(names[:20])}; pass a dataset of changes.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path} has two columns of the name {twice}; rename one of them.")
    kind = schema.field("diff").type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise DataError(f"Expected text, but in {path} the column diff holds {kind}; pass a dataset of changes.")


def _print_records(_batch: Any, records: Sequence[Record]) -> None:
    for one in records:
        sys.stdout.write(dumps(one, indent=None))


def score_batches(dataset: Dataset, classifier: Classifier) -> Iterator[tuple[Any, list[Record]]]:
    """Yield every batch with one record a row; a row without a readable diff has no score."""
    start = 0
    for batch in dataset.batches():
        names = batch.schema.names
        texts = batch.column("diff").to_pylist()
        messages = batch.column("message").to_pylist() if "message" in names else [""] * len(texts)
        ids = batch.column("id").to_pylist() if "id" in names else range(start, start + len(texts))
        diffs = [_readable(text, message) for text, message in zip(texts, messages, strict=True)]
        readable = [diff for diff in diffs if diff is not None]
        answers = iter(classifier.predict(readable) if readable else ())
        yield (
            batch,
            [_row(str(name), diff, None if diff is None else next(answers)) for name, diff in zip(ids, diffs, strict=True)],
        )
        start += len(texts)


def _readable(text: object, message: object) -> Diff | None:
    if not isinstance(text, str):
        return None
    diff = to_diff(text, message if isinstance(message, str) else "")
    return None if diff is None or all(file.binary for file in diff.files) else diff


def _row(name: str, diff: Diff | None, prediction: Prediction | None) -> Record:
    if diff is not None and prediction is not None:
        return record(name, diff, prediction)
    return dict.fromkeys(COLUMNS.names) | {"schema": SCHEMA, "id": clean(name)}
