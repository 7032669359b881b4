from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CONTRACT = ["schema", "id", "diff_id", "score", "threshold", "flagged", "tokens_read", "tokens_total"]
GOOD = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+danger\n"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = [{"id": f"r{n}", "label": n % 2, "message": "m", "diff": GOOD if n % 3 else "no diff"} for n in range(150)]
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_json_lines_are_the_contract(whydiff, planted, two_files: Path, hostile: Path) -> None:
    result = whydiff("score", two_files, hostile, "--format", "json")
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [list(one) for one in records] == [CONTRACT] * 2
    assert [one["id"] for one in records] == [str(two_files), str(hostile)]
    assert records[0]["schema"] == "whydiff/score/1"
    assert records[0]["score"] == pytest.approx(0.731, abs=1e-3)


def test_table_by_default(whydiff, planted, two_files: Path) -> None:
    result = whydiff("score", two_files)
    assert result.code == 0
    assert "flagged" in result.out
    assert "7 of 7" in result.out


def test_changes_to_parquet(whydiff, planted, two_files: Path, tmp_path: Path) -> None:
    assert whydiff("score", two_files, "-o", tmp_path / "p.parquet").code == 0
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == CONTRACT
    assert table.num_rows == 1


def test_dataset_to_parquet_keeps_its_columns_but_the_diff(whydiff, planted, dataset: Path, tmp_path: Path) -> None:
    result = whydiff("score", dataset, "-o", tmp_path / "p.parquet")
    assert result.code == 0
    assert "50 of 150 rows hold no diff that can be read" in result.err
    table = pq.read_table(tmp_path / "p.parquet")
    assert set(table.column_names) == {"id", "label", "message", *CONTRACT}
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == [f"r{n}" for n in range(150)]
    assert [row["score"] is None for row in rows] == [n % 3 == 0 for n in range(150)]
    assert [row["label"] for row in rows] == [n % 2 for n in range(150)]


def test_dataset_to_json_lines_says_the_same(whydiff, planted, dataset: Path, tmp_path: Path) -> None:
    records = [json.loads(line) for line in whydiff("score", dataset).out.splitlines()]
    whydiff("score", dataset, "-o", tmp_path / "p.parquet")
    assert records == [{key: row[key] for key in CONTRACT} for row in pq.read_table(tmp_path / "p.parquet").to_pylist()]


def test_a_failing_run_leaves_nothing(whydiff, planted, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(planted), "predict", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    assert whydiff("score", dataset, "-o", tmp_path / "p.parquet").code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["data.parquet"]


def test_three_thousand_files(whydiff, planted, many_files: Path) -> None:
    assert json.loads(whydiff("score", many_files, "--format", "json").out)["tokens_total"] == 6000


def test_wrong_inputs(refused, planted, dataset: Path, two_files: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "columns.parquet")
    assert "could not be read as Parquet" in refused("score", tmp_path / "missing.parquet")
    assert "could not be read as Parquet" in refused("score", tmp_path / "broken.parquet")
    assert "no column diff, only x" in refused("score", tmp_path / "columns.parquet")
    assert "one dataset" in refused("score", dataset, two_files)
    assert "--format text" in refused("score", dataset, "--format", "text")
    assert "name a new file" in refused("score", dataset, "-o", dataset)
    assert "--engine local" in refused("score", two_files, "--engine", "ray")
    assert "INPUT" in refused("score")


def test_one_bad_input_prints_nothing(refused, planted, two_files: Path) -> None:
    assert "revision" in refused("score", two_files, "no-such-revision")
    assert planted.asked == []
