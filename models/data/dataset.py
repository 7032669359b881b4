"""Labelled changes in Parquet, one row a change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.change.parse import parse
from models.change.types import Diff
from models.data.parquet import check_alike, files_of, opened, table
from models.errors import DataError, InputError

COLUMNS = (
    "id",
    "project",
    "author_date",
    "language",
    "message",
    "lines_added",
    "lines_deleted",
    "files_changed",
    "diff",
    "label",
    "split",
)
OPTIONAL = ("weight", "label_kind", "expert_features")
"""Columns that a dataset may lack; they are empty (NaN) then. ``models.data.weights`` reads ``weight``."""

_COUNTS = ("lines_added", "lines_deleted", "files_changed")
_NAMES = ("id", "project", "split")
_HEADER = re.compile(r"^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@", re.MULTILINE)


def read(paths: Sequence[Path], columns: Sequence[str] = (*COLUMNS, *OPTIONAL)) -> pd.DataFrame:
    """The rows of Parquet files or folders of them, with ``columns``; labels are 0 or 1, int64; ``id`` is unique.

    Of ``columns`` those of OPTIONAL are empty where a file lacks them. Raises DataError naming what is missing or wrong.
    """
    files = files_of(paths)
    schemas = {file: opened(file).schema_arrow for file in files}
    for file, schema in schemas.items():
        lacking = [name for name in columns if name not in schema.names and name not in OPTIONAL]
        if lacking:
            needed = ", ".join(name for name in columns if name not in OPTIONAL)
            raise DataError(f"{file} lacks the column {lacking[0]}; pass a dataset with the columns {needed}.")
    check_alike(schemas, columns)
    parts = [_rows(file, [name for name in columns if name in schema.names]) for file, schema in schemas.items()]
    frame = pd.concat(parts, ignore_index=True).reindex(columns=list(columns))
    if frame.empty:
        raise DataError(f"The dataset {', '.join(map(str, paths))[:300]} holds no rows; pass one that does.")
    _check_ids(frame, [(file, len(part)) for file, part in zip(files, parts, strict=True)])
    return frame


def _rows(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of one file; raises DataError for a cell that nothing can be learnt from."""
    frame: pd.DataFrame = table(file, columns).to_pandas()
    if "diff" in frame and len(frame) and not frame["diff"].map(lambda one: isinstance(one, str)).any():
        raise DataError(f"In {file} the column diff holds no text; pass a dataset of changes.")
    for name in _NAMES:
        if name in frame:
            _refuse(file, frame[name], ~frame[name].map(lambda one: isinstance(one, str)).astype(bool), "text in every row")
    for name in _COUNTS:
        if name in frame:
            numbers = pd.to_numeric(frame[name], errors="coerce").astype("float64")
            _refuse(file, frame[name], ~numbers.between(0, float("inf"), inclusive="left"), "a number from 0 in every row")
    if "label" not in frame:
        return frame
    _refuse(file, frame["label"], ~frame["label"].isin([0, 1]), "0 or 1 in every row")
    return frame.astype({"label": "int64"})


def _refuse(file: Path, column: pd.Series[Any], wrong: pd.Series[bool], expected: str) -> None:
    if wrong.any():
        came = str(column[wrong].iloc[0])[:80]
        raise DataError(f"In {file} the column {column.name} holds {came}, expected {expected}; mend or drop such rows.")


def _check_ids(frame: pd.DataFrame, sizes: Sequence[tuple[Path, int]]) -> None:
    """Raise DataError for two rows of one id: a change that is learnt from must not be measured on, nor count twice."""
    if "id" not in frame:
        return
    twice = frame["id"].duplicated(keep=False)
    if not twice.any():
        return
    name = frame.loc[twice, "id"].iloc[0]
    home = np.repeat(np.arange(len(sizes)), [size for _, size in sizes])
    first, second = (sizes[home[row]][0] for row in frame.index[frame["id"] == name][:2])
    where = f"in {first}" if first == second else f"in {first} and in {second}"
    raise DataError(f"The id {str(name)[:200]} stands twice {where}; drop one of the two rows.")


def to_diff(text: object, message: object) -> Diff | None:
    """The diff of one row, a last hunk that was cut at the dataset's limit closed; None when it has no text change.

    What is no text, such as the NaN of an empty cell, counts as empty.
    """
    if not isinstance(text, str) or not text:
        return None
    message = message if isinstance(message, str) else ""
    if not text.endswith("\n"):
        text += "\n"
    try:
        return parse(text, message)
    except InputError:
        pass
    try:
        return parse(close_last_hunk(text), message)
    except InputError:
        return None


def close_last_hunk(text: str) -> str:
    """``text`` with the counts of its last hunk header set to the lines that are there."""
    headers = list(_HEADER.finditer(text))
    if not headers:
        return text
    last = headers[-1]
    body = text[last.end() :].split("\n")[1:]
    old = sum(line[:1] in {" ", "-"} for line in body if line)
    new = sum(line[:1] in {" ", "+"} for line in body if line)
    return f"{text[: last.start()]}@@ -{last[1]},{old} +{last[2]},{new} @@{text[last.end() :]}"


def diffs(frame: pd.DataFrame) -> Iterator[tuple[int, Diff]]:
    """Yield (row index, diff) for every row whose diff can be read."""
    for index, text, message in zip(frame.index, frame["diff"], frame["message"], strict=True):
        diff = to_diff(text, message)
        if diff is not None:
            yield int(index), diff
