"""A dataset written again with other splits, or with fewer rows: streamed, so that no more than some rows are in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.data.dataset import read
from models.data.options import By, SampleOptions, SplitOptions
from models.data.parquet import batches, check_alike, files_of, opened
from models.data.splits import YOUNG, by_project, by_time
from models.data.weights import sample
from models.errors import DataError

_ROWS_AT_ONCE = 2000
_NAMES = ("id", "project")


def write_split(paths: Sequence[Path], output: Path, options: SplitOptions) -> Counter[str]:
    """Write the rows of ``paths`` to ``output`` with a new column ``split``; returns the rows of each split.

    Rows of the split "young" stay that: nobody knows their labels yet. By project, a row needs no date. Raises DataError
    for a dataset that cannot be split so, UsageError for options that do not fit it.
    """
    dated = options.by is By.TIME
    frame = read(paths, (*_NAMES, *(["author_date"] if dated else []), *(["split"] if _all_have(paths, "split") else [])))
    free = frame[frame["split"] != YOUNG] if "split" in frame else frame
    projects = free["project"].tolist()
    if dated:
        drawn = by_time(projects, _seconds(free), free["id"].tolist(), options)
    else:
        home = by_project(projects, options)
        drawn = [home[name] for name in projects]
    splits = pd.Series(drawn, index=free.index, dtype="object").reindex(frame.index).fillna(YOUNG)
    _write(paths, output, pa.field("split", pa.string()), splits)
    return Counter(splits.tolist())


def write_sample(paths: Sequence[Path], output: Path, options: SampleOptions) -> pd.DataFrame:
    """Write the rows of ``paths`` that ``models.data.weights.sample`` keeps to ``output``, with their ``weight``.

    Returns the kept rows' columns project, label and weight. Raises DataError and UsageError as reading and sampling do.
    """
    optional = [name for name in ("split",) if _all_have(paths, name)]
    frame = read(paths, (*_NAMES, "label", "weight", *optional))
    weights = sample(frame, options)
    _write(paths, output, pa.field("weight", pa.float64()), weights.reindex(frame.index))
    return frame.loc[weights.index, ["project", "label"]].assign(weight=weights)


def _all_have(paths: Sequence[Path], column: str) -> bool:
    return all(column in opened(file).schema_arrow.names for file in files_of(paths))


def _seconds(frame: pd.DataFrame) -> list[float | None]:
    """Dates as seconds since 1970; None for an empty cell and for text that is no date."""
    if pd.api.types.is_numeric_dtype(frame["author_date"]):
        raise DataError("The column author_date holds numbers, expected dates; write them as timestamps or as ISO 8601 text.")
    dates = pd.to_datetime(frame["author_date"], errors="coerce", utc=True, format="ISO8601")
    return [None if pd.isna(one) else one.timestamp() for one in dates]


def _write(paths: Sequence[Path], output: Path, column: Any, values: pd.Series[Any]) -> None:
    """The rows of ``paths`` with ``values`` as ``column``; rows whose value is NaN are left out."""
    schema = _schema(files_of(paths), column)
    at = 0
    with pq.ParquetWriter(output, schema, compression="zstd") as writer:
        for batch in _tables(paths):
            part = values.iloc[at : at + batch.num_rows]
            at += batch.num_rows
            kept = part.notna()
            if kept.any():
                rows = _fitted(batch.filter(pa.array(kept.to_numpy())), schema, column)
                index = schema.get_field_index(column.name)
                writer.write_table(rows.set_column(index, column, pa.array(part[kept].tolist(), column.type)))


def _tables(paths: Sequence[Path]) -> Iterator[Any]:
    for file in files_of(paths):
        for batch in batches(file, None, _ROWS_AT_ONCE):
            yield pa.Table.from_batches([batch])


def _schema(files: Sequence[Path], column: Any) -> Any:
    """One schema for all: types that differ within their sort become the wider one; raises DataError for what differs more."""
    schemas = {file: opened(file).schema_arrow.remove_metadata() for file in files}
    check_alike(schemas, sorted({name for schema in schemas.values() for name in schema.names} - {column.name}))
    try:
        whole = pa.unify_schemas([_without(schema, column.name) for schema in schemas.values()], promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(f"The files do not fit together ({str(error).splitlines()[0]}); make their columns alike.") from error
    names = list(schemas[files[0]].names)
    return whole.insert(names.index(column.name) if column.name in names else len(whole), column)


def _without(schema: Any, name: str) -> Any:
    at = schema.get_field_index(name)
    return schema if at < 0 else schema.remove(at)


def _fitted(rows: Any, schema: Any, column: Any) -> Any:
    """``rows`` in the columns of ``schema``: empty ones for those that lack; ``column`` is only held a place for."""
    return pa.Table.from_arrays(
        [
            pa.nulls(len(rows), one.type)
            if one.name == column.name or one.name not in rows.column_names
            else rows.column(one.name).cast(one.type)
            for one in schema
        ],
        schema=schema,
    )
