"""Labelled changes in Parquet, one row a change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from models.change.parse import parse
from models.change.types import Diff
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
_LACKING = re.compile(r"FieldRef\.Name\((.+?)\)")
_HEADER = re.compile(r"^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@", re.MULTILINE)


def read(paths: Sequence[Path], columns: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """The rows of Parquet files or folders of them, with ``columns``; labels are 0 or 1, int64.

    Raises DataError naming what is missing or wrong.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
    if not files:
        raise DataError(
            f"Expected Parquet files, but found none in {', '.join(map(str, paths))}; pass a dataset or a folder of them."
        )
    return pd.concat([_checked(file, _rows(file, columns)) for file in files], ignore_index=True)


def _rows(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        return pd.read_parquet(file, columns=list(columns))
    except (OSError, ValueError, KeyError) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        lacking = _LACKING.search(said)
        if lacking is None:
            raise DataError(f"{file} could not be read as Parquet ({said}); pass a dataset or a folder of them.") from error
        raise DataError(f"{file} lacks the column {lacking[1]}; pass a dataset with the columns {', '.join(columns)}.") from error


def _checked(file: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with its labels as whole numbers; raises DataError for labels or diffs that nothing can be learnt from."""
    if "diff" in frame and len(frame) and not frame["diff"].map(lambda one: isinstance(one, str)).any():
        raise DataError(f"In {file} the column diff holds no text; pass a dataset of changes.")
    if "label" not in frame:
        return frame
    wrong = frame.loc[~frame["label"].isin([0, 1]), "label"]
    if len(wrong):
        raise DataError(
            f"In {file} the column label holds {wrong.iloc[0]}, expected 0 or 1 in every row; mend or drop such rows."
        )
    return frame.astype({"label": "int64"})


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
