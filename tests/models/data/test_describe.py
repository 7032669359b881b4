"""The figures against counting row by row, and that no text of a change is loaded."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.data.dataset import COLUMNS
from models.data.describe import NOTHING, Count, Summary, describe
from models.data.options import DIMENSIONS, DescribeOptions
from models.errors import DataError

FILES = pa.list_(pa.struct([("path", pa.string()), ("language", pa.string())]))
ROWS = [
    # project, label, weight, year, language, split, kind, added, deleted, cut, paths
    ("p", 1, 1.0, 2020, "Python", "train", "k", 3, 1, True, ["src/a.py", "src/b.py", "docs/x.md"]),
    ("p", 0, 9.0, 2020, "Python", "train", "k", 0, 1, False, ["src/a.py"]),
    ("p", 0, None, 2021, None, "valid", "k", 7, 0, False, []),
    ("q", 1, 0.0, 2021, "C", "train", "j", 2, 2, False, ["top.c"]),
    ("q", 5, 1.0, None, "C", "train", "j", 50, 50, True, ["src/a.c"]),
]


def dataset(folder: Path, rows: list[tuple] = ROWS, at: int = 0) -> Path:
    frame = pd.DataFrame(
        rows,
        columns=["project", "label", "weight", "year", "language", "split", "label_kind", "lines_added", "lines_deleted",
                 "diff_truncated", "paths"],
    )  # fmt: skip
    frame["author_date"] = pd.to_datetime([None if pd.isna(year) else f"{int(year)}-06-01" for year in frame["year"]], utc=True)
    frame["id"] = [f"{project}@{at + n}" for n, project in enumerate(frame["project"])]
    frame = frame.assign(message="m", diff="d", files_changed=1)
    files = pa.array([[{"path": path, "language": "?"} for path in paths] for paths in frame["paths"]], FILES)
    table = pa.Table.from_pandas(frame.drop(columns=["paths", "year"]), preserve_index=False)
    pq.write_table(table.append_column("files", files), folder / f"{at}.parquet", row_group_size=2)
    return folder / f"{at}.parquet"


def groups(summary: Summary, dimension: str) -> dict[str, tuple[int, int, int]]:
    return {name: (one.rows, one.labelled, one.positive) for name, one in dict(summary.groups)[dimension]}


def test_rows_are_counted_by_every_dimension(tmp_path: Path):
    summary = describe([dataset(tmp_path)])
    assert summary.total == Count(rows=5, labelled=4, positive=2, weight=12.0, positive_weight=2.0)
    assert summary.total.base_rate == 0.5
    assert summary.total.natural_rate == 2 / 12
    assert groups(summary, "project") == {"p": (3, 3, 1), "q": (2, 1, 1)}
    assert groups(summary, "split") == {"train": (4, 3, 2), "valid": (1, 1, 0)}
    assert groups(summary, "language") == {"C": (2, 1, 1), "Python": (2, 2, 1), NOTHING: (1, 1, 0)}
    assert groups(summary, "year") == {"2020": (2, 2, 1), "2021": (2, 2, 1), NOTHING: (1, 0, 0)}
    assert groups(summary, "label_kind") == {"k": (3, 3, 1), "j": (2, 1, 1)}
    assert groups(summary, "component") == {
        "p: src": (2, 2, 1), "p: docs": (1, 1, 1), f"p: {NOTHING}": (1, 1, 0), "q: (root)": (1, 1, 1), "q: src": (1, 0, 0)
    }  # fmt: skip
    assert [name for name, _ in dict(summary.groups)["split"]] == ["train", "valid"]


def test_dates_sizes_and_gaps(tmp_path: Path):
    summary = describe([dataset(tmp_path)], DescribeOptions(("project",)))
    assert summary.oldest is not None
    assert summary.newest is not None
    assert (summary.oldest.year, summary.newest.year) == (2020, 2021)
    assert dict(summary.sizes) == {0.1: 1, 0.25: 4, 0.5: 4, 0.75: 7, 0.9: 100, 0.99: 100, 1.0: 100}
    assert summary.truncated == 2
    assert summary.empty == (("author_date", 1), ("language", 1), ("weight", 1))
    assert (summary.lacking, summary.repeated, summary.bad_weights) == ((), 0, 1)
    assert [name for name, _ in summary.groups] == ["project"]


def test_several_files_are_one_dataset(tmp_path: Path):
    dataset(tmp_path)
    dataset(tmp_path, ROWS[:2], at=2)
    summary = describe([tmp_path])
    assert (summary.files, summary.total.rows, summary.repeated) == (2, 7, 1)
    assert groups(summary, "project") == {"p": (5, 5, 2), "q": (2, 1, 1)}


def test_texts_are_counted_without_being_loaded(tmp_path: Path):
    path = dataset(tmp_path)
    table = pq.read_table(path)
    texts = pa.array([None, *["+" * 100] * 4])
    pq.write_table(
        table.set_column(table.column_names.index("diff"), "diff", texts), path, compression="none", use_dictionary=False
    )
    meta = pq.ParquetFile(path).metadata.row_group(0)
    column = next(meta.column(n) for n in range(meta.num_columns) if meta.column(n).path_in_schema == "diff")
    broken = bytearray(path.read_bytes())
    start = column.data_page_offset
    broken[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(broken)
    assert ("diff", 1) in describe([path]).empty


def test_a_dataset_with_nothing_in_it_is_described(tmp_path: Path):
    pq.write_table(pa.table({"diff": pa.array(["x", None])}), tmp_path / "x.parquet")
    summary = describe([tmp_path])
    assert summary.total == Count(2, 0, 0, 0.0, 0.0)
    assert (summary.total.base_rate, summary.total.natural_rate) == (None, None)
    assert summary.lacking == tuple(name for name in COLUMNS if name != "diff")
    assert groups(summary, "component") == {NOTHING: (2, 0, 0)}
    assert (summary.oldest, summary.sizes, summary.truncated, summary.empty) == (None, (), None, (("diff", 1),))
    pq.write_table(pa.table({"label": pa.array([], pa.int8())}), tmp_path / "x.parquet")
    empty = describe([tmp_path])
    assert empty.total.rows == 0
    assert dict(empty.groups) == dict.fromkeys(DIMENSIONS, ())


def test_dictionary_columns_are_counted(tmp_path: Path):
    column = pa.array(["Go", None, "Go"]).dictionary_encode()
    pq.write_table(pa.table({"language": column, "label": [1, 0, 1]}), tmp_path / "x.parquet")
    assert groups(describe([tmp_path]), "language") == {"Go": (2, 2, 2), NOTHING: (1, 1, 0)}


def test_odd_types_are_counted_not_feared(tmp_path: Path):
    odd = {"label": ["1", "0"], "lines_added": ["a", "b"], "lines_deleted": [1, 2], "weight": ["x", "2"], "author_date": [5, 6]}
    pq.write_table(pa.table(odd), tmp_path / "x.parquet")
    summary = describe([tmp_path])
    assert (summary.total.rows, summary.total.labelled, summary.sizes, summary.oldest, summary.bad_weights) == (2, 0, (), None, 1)


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path):
    with pytest.raises(DataError, match="found none"):
        describe([tmp_path])
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(DataError, match="could not be read as Parquet"):
        describe([tmp_path])
