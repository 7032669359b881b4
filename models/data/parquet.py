"""The Parquet files of a dataset, and whether they fit together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import DataError

_MEND = "pass a dataset or a folder of them"


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files of ``paths``, which are Parquet files or folders of them; raises DataError when there are none."""
    files = [file for path in paths for file in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
    if not files:
        raise DataError(f"Expected Parquet files, but found none in {', '.join(map(str, paths))}; {_MEND}.")
    return files


def opened(file: Path) -> Any:
    """``file`` as a ``pyarrow.parquet.ParquetFile``; raises DataError for what is none or has two columns of one name."""
    try:
        parquet = pq.ParquetFile(file)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(file, error) from error
    names = parquet.schema_arrow.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{file} has two columns of the name {twice}; rename one of them.")
    return parquet


def table(file: Path, columns: Sequence[str]) -> Any:
    """The rows of ``file`` as an Arrow table with ``columns``, which it must have, dictionaries decoded."""
    try:
        return decoded(opened(file).read(columns=list(columns)))
    except (OSError, pa.ArrowException) as error:
        raise unreadable(file, error) from error


def batches(file: Path, columns: Sequence[str] | None, rows: int) -> Iterator[Any]:
    """The rows of ``file`` as Arrow record batches of at most ``rows`` rows; ``columns`` may be paths of nested ones."""
    try:
        yield from opened(file).iter_batches(rows, columns=columns if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise unreadable(file, error) from error


def decoded(data: Any) -> Any:
    """An Arrow table or record batch whose dictionary columns hold their plain values."""
    for n, column in enumerate(data.schema):
        if pa.types.is_dictionary(column.type):
            data = data.set_column(n, column.name, data.column(n).cast(column.type.value_type))
    return data


def unreadable(file: Path, error: Exception) -> DataError:
    """What is said of a file that is missing, no Parquet or broken further down."""
    said = str(error).partition("\n")[0].rstrip(".")
    return DataError(f"{file} could not be read as Parquet ({said}); {_MEND}.")


def check_alike(schemas: dict[Path, Any], columns: Sequence[str]) -> None:
    """Raise DataError for one of ``columns`` that holds another sort of value in one file than in another.

    Sorts are text, numbers (truth values are numbers), dates and the rest by its type; empty columns fit all.
    """
    for column in columns:
        first: tuple[Path, str] | None = None
        for file, schema in schemas.items():
            found = sort(schema.field(column).type) if column in schema.names else ""
            if found and first and found != first[1]:
                raise DataError(f"The column {column} holds {first[1]} in {first[0]}, but {found} in {file}; make them alike.")
            first = first or ((file, found) if found else None)


def sort(kind: Any) -> str:
    """What a column of the Arrow type ``kind`` holds, in plain words; "" for nothing at all."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):
        return ""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return "numbers"
    return "dates" if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else str(kind)
