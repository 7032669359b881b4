"""Labelled predictions as ``whydiff score -o`` writes them, of one model or several below each other, joined by id."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.data.parquet import decoded
from models.errors import DataError
from models.evaluate.bootstrap import Floats, Ints

_NEEDED = {
    "score": "is no file of predictions; write one with whydiff score DATASET -o FILE",
    "id": "names no rows; write it with whydiff score DATASET -o FILE",
    "label": "cannot be measured; score a dataset with labels",
}
_MODEL = "model"
_ABOUT = (_MODEL, "model_kind", "model_digest", "threshold")
_FURTHER = ("project", "lines_added", "lines_deleted")
LINES = "lines changed"
"""The stand-in for a size-only model: more changed lines, higher rank."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model said: ``frame`` has the columns score, label, project and lines (NaN: unknown), and is indexed by id.

    ``unscored`` counts rows that were left out because they hold no diff that can be read.
    """

    path: Path
    name: str
    kind: str
    digest: str
    threshold: float | None
    frame: pd.DataFrame
    unscored: int


@dataclass(frozen=True, slots=True)
class Rows:
    """What all models were measured on, arrays of shape (rows,): ``groups`` index ``projects``; ``lines`` None: unknown."""

    ids: tuple[str, ...]
    labels: Ints
    groups: Ints
    projects: tuple[str, ...]
    lines: Floats | None


@dataclass(frozen=True, slots=True)
class Scored:
    """A model's scores of the rows; ``probabilities`` unless they only rank."""

    name: str
    kind: str
    digest: str
    scores: Floats
    threshold: float | None = None
    probabilities: bool = True


def read_predictions(path: Path) -> tuple[Predictions, ...]:
    """The predictions in ``path``, by model in the order of their first rows; only the columns that are needed are read.

    Raises DataError for what is no file of predictions, has no labels, or holds a score that is no probability.
    """
    try:
        names = pq.read_schema(path).names
        for name, why in _NEEDED.items():
            if name not in names:
                raise DataError(f"{path} has no column {name}, so it {why}.")
        table = decoded(pq.read_table(path, columns=[one for one in (*_NEEDED, *_ABOUT, *_FURTHER) if one in names]))
    except (OSError, pa.ArrowException) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{path} could not be read as Parquet ({said}); pass files that whydiff score -o wrote.") from error
    if _MODEL not in names:
        return (_of_one(path, table),)
    models = pc.unique(pc.fill_null(pc.cast(table.column(_MODEL), pa.string()), "")).to_pylist() or [""]
    several = len(models) > 1
    own = pc.fill_null(pc.cast(table.column(_MODEL), pa.string()), "")
    return tuple(_of_one(path, table.filter(pc.equal(own, name)) if several else table) for name in models)


def _of_one(path: Path, table: pa.Table) -> Predictions:
    """The predictions of one model."""
    scored = table.filter(pc.is_valid(table.column("score")))
    about = {name: _first(path, scored, name) for name in _ABOUT}
    name = about[_MODEL] or path.stem
    return Predictions(
        path,
        name,
        about["model_kind"],
        about["model_digest"],
        _threshold(path, about["threshold"]),
        _frame(path, name, scored),
        table.num_rows - scored.num_rows,
    )


def _threshold(path: Path, text: str) -> float | None:
    """The threshold of all rows, None where there is no such column; raises DataError for what is no score."""
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not 0 < value < 1:
        raise DataError(f"{path} holds the threshold {text[:40]}, expected a number between 0 and 1; score the dataset again.")
    return value


def _first(path: Path, table: pa.Table, name: str) -> str:
    """The one value of a column, as text; raises DataError when there are several."""
    if name not in table.column_names:
        return ""
    values = pc.unique(table.column(name)).to_pylist()
    if len(values) > 1:
        raise DataError(f"{path} holds several values of {name} for one model; pass the predictions of one version of it.")
    return "" if not values or values[0] is None else str(values[0])


def _frame(path: Path, name: str, table: pa.Table) -> pd.DataFrame:
    if not table.num_rows:
        raise DataError(f"{path} holds no scores; score a dataset whose diffs can be read.")
    scores = _numbers(path, table, "score")
    if np.isnan(scores).any():
        raise DataError(f"{path} holds scores that are NaN; score the dataset again with a model that whydiff validates.")
    if ((scores < 0) | (scores > 1)).any():
        raise DataError(
            f"{path} holds the score {scores[(scores < 0) | (scores > 1)][0]}, expected 0 to 1; score the dataset again."
        )
    labels = _numbers(path, table, "label")
    if not np.isin(labels, (0, 1)).all():
        raise DataError(f"In {path} the column label holds {labels[~np.isin(labels, (0, 1))][0]}, expected 0 or 1 in every row.")
    ids = pd.Index([str(one) for one in table.column("id").to_pylist()])
    if ids.has_duplicates:
        raise DataError(
            f"{path} holds the id {ids[ids.duplicated()][0]!r:.80} twice for the model {name:.80}; drop the duplicates."
        )
    known = table.column_names
    projects = [str(one) for one in table.column("project").to_pylist()] if "project" in known else [""] * len(ids)
    lines = [_numbers(path, table, one) for one in ("lines_added", "lines_deleted") if one in known]
    return pd.DataFrame(
        {
            "score": scores,
            "label": labels.astype(np.int64),
            "project": projects,
            "lines": lines[0] + lines[1] if len(lines) == 2 else np.nan,
        },
        index=ids,
    )


def _numbers(path: Path, table: pa.Table, name: str) -> Floats:
    try:
        values: Floats = pc.cast(table.column(name), pa.float64()).to_numpy()
    except pa.ArrowException as error:
        raise DataError(f"In {path} the column {name} holds {table.schema.field(name).type}, expected numbers.") from error
    return values


def align(files: Sequence[Predictions]) -> tuple[Rows, tuple[Scored, ...], int]:
    """(the rows that all ``files`` have, each model's scores of them, how many other rows were left out).

    Raises DataError when no row is common, when labels disagree, or when only one class is left.
    """
    common = reduce(lambda kept, one: kept.intersection(one.frame.index), files[1:], files[0].frame.index)
    every = reduce(lambda kept, one: kept.union(one.frame.index), files[1:], files[0].frame.index)
    names = " and ".join(dict.fromkeys(str(one.path) for one in files))
    if common.empty:
        raise DataError(f"{names} have no id in common; score the same dataset with each model.")
    frames = [one.frame.loc[common] for one in files]
    for one, frame in zip(files, frames, strict=True):
        if (frame["label"] != frames[0]["label"]).any():
            raise DataError(f"{files[0].path} and {one.path} label the same rows differently; score one dataset with each model.")
    first = frames[0]
    labels = first["label"].to_numpy(dtype=np.int64)
    if len(np.unique(labels)) < 2:
        raise DataError(f"All rows of {names} have the label {labels[0]}, so nothing can be ranked; pass rows of both classes.")
    groups, projects = pd.factorize(first["project"], sort=True)
    lines = first["lines"].to_numpy(dtype=np.float64)
    rows = Rows(
        tuple(map(str, common)),
        labels,
        groups.astype(np.int64),
        tuple(map(str, projects)),
        lines if np.isfinite(lines).all() else None,
    )
    scored = zip(_distinct([one.name for one in files]), files, frames, strict=True)
    models = tuple(Scored(name, f.kind, f.digest, frame["score"].to_numpy(), f.threshold) for name, f, frame in scored)
    return rows, models, len(every) - len(common)


def size_only(rows: Rows, models: Sequence[Scored]) -> Scored | None:
    """A ranking by changed lines to stand beside ``models``, unless one of them is of the kind size or lines are unknown."""
    if rows.lines is None or any(one.kind == "size" for one in models):
        return None
    return Scored(LINES, "lines", "", rows.lines, probabilities=False)


def _distinct(names: Sequence[str]) -> list[str]:
    """``names``, those that come again with a number."""
    return [f"{name} ({names[:i].count(name) + 1})" if name in names[:i] else name for i, name in enumerate(names)]
