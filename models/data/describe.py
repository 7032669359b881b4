"""What a dataset holds, read column by column: the texts of its changes are never loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.change.component import Components
from models.data.dataset import COLUMNS
from models.data.options import DescribeOptions
from models.data.parquet import batches, check_alike, decoded, files_of, opened

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
NOTHING = "(none)"
"""The group of rows whose cell is empty."""

_PLAIN = (
    "id", "project", "author_date", "language", "lines_added", "lines_deleted", "label", "split", "diff_truncated",
    "label_kind", "weight",
)  # fmt: skip
_ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Count:
    """Rows, those with a label 0 or 1, those with 1; ``weight`` is what the labelled ones stand for, and the positives."""

    rows: int
    labelled: int
    positive: int
    weight: float
    positive_weight: float

    @property
    def base_rate(self) -> float | None:
        """The share of positives among the labelled rows; None when there is none."""
        return self.positive / self.labelled if self.labelled else None

    @property
    def natural_rate(self) -> float | None:
        """The same by weights, as in nature before rows were left out; None when there is none."""
        return self.positive_weight / self.weight if self.labelled else None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a dataset holds. ``groups``: by dimension, its groups and their counts, those of most rows first.

    ``sizes``: (quantile, lines added and deleted of a row at it); ``truncated``: rows whose diff is cut, None when the
    dataset does not say; ``empty``: (column, cells without a value) where there are any, as far as the files tell;
    ``lacking``: columns that training needs; ``repeated``: rows whose id another row has; ``bad_weights``: weights that are
    not above 0 or not finite, counted as 1.
    """

    files: int
    total: Count
    groups: tuple[tuple[str, tuple[tuple[str, Count], ...]], ...]
    oldest: datetime | None
    newest: datetime | None
    sizes: tuple[tuple[float, int], ...]
    truncated: int | None
    empty: tuple[tuple[str, int], ...]
    lacking: tuple[str, ...]
    repeated: int
    bad_weights: int


@dataclass
class _Tally:
    """What is known after some batches."""

    groups: dict[str, list[pd.DataFrame]]
    empty: Counter[str] = field(default_factory=Counter)
    sizes: list[Any] = field(default_factory=list)
    ids: list[Any] = field(default_factory=list)
    dates: list[pd.Timestamp] = field(default_factory=list)
    truncated: int | None = None
    bad_weights: int = 0


def describe(paths: Sequence[Path], options: DescribeOptions | None = None) -> Summary:
    """What the Parquet files ``paths``, or folders of them, hold, counted by the dimensions of ``options``.

    Columns that lack are told, not asked for. Raises DataError for files that cannot be read or do not fit together.
    """
    by = (options or DescribeOptions()).by
    files = files_of(paths)
    schemas = {file: opened(file).schema_arrow for file in files}
    check_alike(schemas, (*COLUMNS, "weight", "label_kind"))
    tally = _Tally({name: [] for name in ("", *by)})
    for file in files:
        tally.empty += _empty_texts(file)
        for frame in _frames(file):
            _add(tally, frame, by)
    sizes, ids = _joined(tally.sizes), _joined(tally.ids)
    return Summary(
        files=len(files),
        total=next((count for _, count in _counts(tally.groups[""])), Count(0, 0, 0, 0.0, 0.0)),
        groups=tuple((name, _counts(tally.groups[name])) for name in by),
        oldest=min(tally.dates).to_pydatetime() if tally.dates else None,
        newest=max(tally.dates).to_pydatetime() if tally.dates else None,
        sizes=_quantiles(sizes),
        truncated=tally.truncated,
        empty=tuple(sorted((name, count) for name, count in tally.empty.items() if count)),
        lacking=tuple(name for name in COLUMNS if any(name not in schema.names for schema in schemas.values())),
        repeated=len(ids) - len(np.unique(ids)),
        bad_weights=tally.bad_weights,
    )


def _frames(file: Path) -> Iterator[pd.DataFrame]:
    """The rows of ``file`` without texts; ``components`` holds the folders of the files that a row touches, as a list."""
    parquet = opened(file)
    plain = [name for name in _PLAIN if name in parquet.schema_arrow.names]
    leaves = [parquet.schema.column(n).path for n in range(len(parquet.schema))]
    paths = [leaf for leaf in leaves if leaf.startswith("files.") and leaf.endswith(".path")]
    by_folder, known = Components(), dict[str, str]()
    for batch in batches(file, [*plain, *paths[:1]], _ROWS_AT_ONCE):
        frame: pd.DataFrame = decoded(batch.select(plain)).to_pandas()
        if not plain:
            frame = pd.DataFrame(index=range(batch.num_rows))
        frame["component"] = _components(batch.column("files"), by_folder, known) if paths else [[]] * len(frame)
        yield frame


def _components(files: Any, by_folder: Components, known: dict[str, str]) -> list[list[str]]:
    found = []
    for row in files.to_pylist():
        paths = [one["path"] for one in row or () if one and one["path"]]
        for path in paths:
            folder = path.rpartition("/")[0]
            if folder not in known:
                known[folder] = by_folder.component(path)
        found.append(sorted({known[path.rpartition("/")[0]] for path in paths}))
    return found


def _empty_texts(file: Path) -> Counter[str]:
    """Cells of the texts without a value, as the statistics in the file tell."""
    meta, found = opened(file).metadata, Counter[str]()
    for group in (meta.row_group(n) for n in range(meta.num_row_groups)):
        for column in (group.column(n) for n in range(group.num_columns)):
            if column.path_in_schema in {"diff", "message"} and column.is_stats_set and column.statistics.has_null_count:
                found[column.path_in_schema] += column.statistics.null_count
    return found


def _add(tally: _Tally, frame: pd.DataFrame, by: Sequence[str]) -> None:
    for name in frame.columns.drop("component"):
        tally.empty[name] += int(frame[name].isna().sum())
    counted, bad = _counted(frame)
    tally.bad_weights += bad
    for name in ("", *by):
        tally.groups[name].append(_sums(counted, _keys(frame, name)))
    if "id" in frame:
        tally.ids.append(pd.util.hash_array(frame["id"].astype(str).to_numpy(dtype=object), categorize=False))
    if {"lines_added", "lines_deleted"} <= set(frame.columns):
        sizes = sum(pd.to_numeric(frame[name], errors="coerce") for name in ("lines_added", "lines_deleted"))
        tally.sizes.append(pd.Series(sizes).dropna().to_numpy(dtype=np.float64))
    dates = _dates(frame).dropna()
    tally.dates += [dates.min(), dates.max()] if len(dates) else []
    if "diff_truncated" in frame:
        tally.truncated = (tally.truncated or 0) + int(frame["diff_truncated"].fillna(False).astype(bool).sum())


def _counted(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The five figures of every row, and how many weights are broken."""
    ones = pd.Series(1.0, index=frame.index)
    labels = frame["label"] if "label" in frame else ones * np.nan
    weights = pd.to_numeric(frame["weight"], errors="coerce").astype("float64") if "weight" in frame else ones
    well = weights.gt(0) & np.isfinite(weights)
    bad = int((~well & frame["weight"].notna()).sum()) if "weight" in frame else 0
    weights = weights.where(well, 1.0)
    labelled, positive = labels.isin([0, 1]).astype("float64"), labels.isin([1]).astype("float64")
    columns = {"rows": ones, "labelled": labelled, "positive": positive}
    return pd.DataFrame(columns | {"weight": weights * labelled, "positive_weight": weights * positive}), bad


def _keys(frame: pd.DataFrame, dimension: str) -> pd.Series[Any]:
    """The group of every row, by its index; a row may be in several components."""
    if dimension == "":
        return pd.Series("", index=frame.index)
    if dimension == "component":
        keys = frame["component"].explode().fillna(NOTHING).astype(str)
        return _keys(frame, "project").reindex(keys.index) + ": " + keys if "project" in frame else keys
    if dimension == "year":
        years: pd.Series[Any] = _dates(frame).dt.strftime("%Y").fillna(NOTHING)
        return years
    if dimension not in frame:
        return pd.Series(NOTHING, index=frame.index)
    return frame[dimension].fillna(NOTHING).astype(str)


def _dates(frame: pd.DataFrame) -> pd.Series[Any]:
    if "author_date" not in frame or pd.api.types.is_numeric_dtype(frame["author_date"]):
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ms, UTC]")
    dates: pd.Series[Any] = pd.to_datetime(frame["author_date"], errors="coerce", utc=True, format="ISO8601")
    return dates


def _sums(counted: pd.DataFrame, keys: pd.Series[Any]) -> pd.DataFrame:
    return counted.loc[keys.index].groupby(keys.to_numpy()).sum()


def _counts(parts: Sequence[pd.DataFrame]) -> tuple[tuple[str, Count], ...]:
    if not parts:
        return ()
    total = pd.concat(parts).groupby(level=0).sum()
    rows: list[list[float]] = total.to_numpy(dtype=np.float64).tolist()
    found = [(str(name), Count(*map(int, row[:3]), *row[3:])) for name, row in zip(total.index, rows, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one[1].rows, one[0])))


def _joined(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts) if parts else np.array([])


def _quantiles(sizes: Any) -> tuple[tuple[float, int], ...]:
    """Sizes that some row has, not values between two."""
    if not len(sizes):
        return ()
    return tuple(zip(QUANTILES, map(int, np.quantile(sizes, QUANTILES, method="inverted_cdf")), strict=True))
