from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.data.options import By, SampleOptions, SplitOptions
from models.data.rewrite import write_sample, write_split
from models.errors import DataError, UsageError

MAP = pa.map_(pa.string(), pa.float32())
SCHEMA = pa.schema(
    [("id", pa.string()), ("project", pa.string()), ("author_date", pa.timestamp("ms", "UTC")), ("label", pa.int8()),
     ("split", pa.string()), ("diff", pa.string()), ("expert_features", MAP)]
)  # fmt: skip


def rows(project: str, count: int, split: str = "train") -> list[dict[str, object]]:
    dates = pd.date_range("2020-01-01", periods=count, tz="UTC").to_pydatetime()
    return [
        {"id": f"{project}@{n}", "project": project, "author_date": dates[n], "label": int(n % 10 == 0), "split": split,
         "diff": f"+{n}", "expert_features": [("ns", float(n))]}
        for n in range(count)
    ]  # fmt: skip


def write(path: Path, data: list[dict[str, object]], schema: pa.Schema = SCHEMA) -> Path:
    pq.write_table(pa.Table.from_pylist(data, schema), path, row_group_size=7)
    return path


def test_a_split_by_time_changes_that_column_only(tmp_path: Path):
    source, output = write(tmp_path / "a.parquet", rows("p", 30)[::-1]), tmp_path / "out.parquet"
    assert write_split([source], output, SplitOptions()) == Counter(train=24, valid=3, test=3)
    before, after = pq.read_table(source), pq.read_table(output)
    assert after.drop(["split"]).equals(before.drop(["split"]))
    assert after["split"].to_pylist() == ["test"] * 3 + ["valid"] * 3 + ["train"] * 24
    assert after.schema == before.schema


def test_files_of_a_folder_become_one_dataset(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.parquet", rows("p", 10))
    bare = pa.schema([("id", pa.large_string()), ("project", pa.string()), ("author_date", pa.timestamp("us", "UTC"))])
    write(folder / "b.parquet", rows("q", 10), bare)
    counts = write_split([folder], tmp_path / "out.parquet", SplitOptions(By.PROJECT, held_out=("q",)))
    table = pq.read_table(tmp_path / "out.parquet")
    assert counts["test"] == 10
    assert table["id"].to_pylist() == [f"p@{n}" for n in range(10)] + [f"q@{n}" for n in range(10)]
    assert table["diff"].null_count == 10
    assert set(table["split"].to_pylist()[10:]) == {"test"}


def test_young_rows_stay_young_and_undated_ones_are_told(tmp_path: Path):
    data = rows("p", 10) + [row | {"id": f"y{n}"} for n, row in enumerate(rows("p", 4, "young"))]
    data[0]["author_date"] = None
    source = write(tmp_path / "a.parquet", data)
    counts = write_split([source], tmp_path / "out.parquet", SplitOptions())
    assert counts == Counter(train=8, valid=1, young=4, undated=1)
    by_name = write_split([source], tmp_path / "out.parquet", SplitOptions(By.PROJECT, train=1, valid=0))
    assert by_name == Counter(train=10, young=4)


def test_dates_may_be_text_but_no_numbers(tmp_path: Path):
    texts = pa.schema([("id", pa.string()), ("project", pa.string()), ("author_date", pa.string())])
    data = [
        {"id": str(n), "project": "p", "author_date": day} for n, day in enumerate(["2021-01-02", "once", "2020-05-05T01:00:00Z"])
    ]
    counts = write_split([write(tmp_path / "a.parquet", data, texts)], tmp_path / "o.parquet", SplitOptions(train=0.5))
    assert counts == Counter(train=1, valid=1, undated=1)
    pq.write_table(pa.table({"id": ["a"], "project": ["p"], "author_date": [5]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="column author_date holds numbers"):
        write_split([tmp_path / "b.parquet"], tmp_path / "o.parquet", SplitOptions())


def test_a_sample_keeps_the_natural_base_rate(tmp_path: Path):
    data = rows("p", 100) + rows("q", 50) + [row | {"id": f"v{n}"} for n, row in enumerate(rows("p", 20, "valid"))]
    source = write(tmp_path / "a.parquet", data)
    kept = write_sample([source], tmp_path / "out.parquet", SampleOptions(rows=42))
    table = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert len(kept) == len(table) == 42 + 20
    assert table["weight"].sum() == pytest.approx(170)
    assert (table["weight"] * table["label"]).sum() == pytest.approx(17)
    assert table["id"].tolist() == [row["id"] for row in data if row["id"] in set(table["id"])]
    assert table.loc[table["split"] == "valid", "weight"].tolist() == [1.0] * 20
    assert dict(table["expert_features"][0]) == {"ns": 0.0}


def test_what_does_not_fit_is_refused(tmp_path: Path):
    source = write(tmp_path / "a.parquet", rows("p", 100))
    with pytest.raises(UsageError, match="--rows of at least 11"):
        write_sample([source], tmp_path / "o.parquet", SampleOptions(rows=5))
    bare = write(tmp_path / "b.parquet", rows("p", 3), pa.schema([("id", pa.string()), ("project", pa.string())]))
    with pytest.raises(DataError, match="lacks the column author_date"):
        write_split([bare], tmp_path / "o.parquet", SplitOptions())
    other = pa.schema([*[one for one in SCHEMA if one.name != "expert_features"], ("expert_features", pa.string())])
    write(tmp_path / "c.parquet", [row | {"id": "c", "expert_features": "x"} for row in rows("p", 1)], other)
    with pytest.raises(DataError, match=r"c\.parquet; make them alike"):
        write_split([source, tmp_path / "c.parquet"], tmp_path / "o.parquet", SplitOptions())
