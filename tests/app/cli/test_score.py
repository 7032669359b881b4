from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.evaluate.attributes import ATTRIBUTES

CONTRACT = ["schema", "id", "diff_id", "score", "threshold", "flagged", "tokens_read", "tokens_total"]
MODEL = ["model", "model_kind", "model_digest"]
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
    assert table.column_names == CONTRACT + MODEL
    assert table.select(MODEL).to_pylist() == [{"model": "planted", "model_kind": "", "model_digest": "feedbeef"}]


def test_dataset_to_parquet_keeps_its_columns_but_the_diff(whydiff, planted, dataset: Path, tmp_path: Path) -> None:
    result = whydiff("score", dataset, "-o", tmp_path / "p.parquet")
    assert result.code == 0
    assert "50 of 150 rows hold no diff that can be read" in result.err
    table = pq.read_table(tmp_path / "p.parquet")
    assert set(table.column_names) == {"id", "label", "message", *CONTRACT, *MODEL, *ATTRIBUTES.names}
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
    assert "either changes or datasets" in refused("score", dataset, two_files)
    assert "leave --split out" in refused("score", two_files, "--split", "valid")
    assert "--format text" in refused("score", dataset, "--format", "text")
    assert "name a new file" in refused("score", dataset, "-o", dataset)
    assert "--engine local" in refused("score", two_files, "--engine", "ray")
    assert "INPUT" in refused("score")


def test_one_bad_input_prints_nothing(refused, planted, two_files: Path) -> None:
    assert "revision" in refused("score", two_files, "no-such-revision")
    assert planted.asked == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that lack one of the other's columns, and one type that differs."""
    path = tmp_path / "data"
    path.mkdir()
    for name, first, width in (("a", 0, pa.int8()), ("b", 100, pa.int64())):
        ids = range(first, first + 100)
        table = pa.table(
            {
                "id": [f"{name}{n}" for n in ids],
                "diff": [GOOD] * 100,
                "label": pa.array([n % 2 for n in ids], width),
                "split": ["valid" if n % 4 == 0 else "train" for n in ids],
                f"only_{name}": [f"x{n}" for n in ids],
                "model": ["another"] * 100,
            }
        )
        pq.write_table(table, path / f"{name}.parquet", row_group_size=30)
    return path


def test_a_folder_is_the_same_as_its_files(whydiff, planted, folder: Path, tmp_path: Path) -> None:
    assert whydiff("score", folder, "-o", tmp_path / "p.parquet").code == 0
    assert whydiff("score", folder / "a.parquet", folder / "b.parquet", "-o", tmp_path / "q.parquet").code == 0
    rows = pq.read_table(tmp_path / "p.parquet").to_pylist()
    assert rows == pq.read_table(tmp_path / "q.parquet").to_pylist()
    assert [row["id"] for row in rows] == [f"a{n}" for n in range(100)] + [f"b{n}" for n in range(100, 200)]
    assert [row["only_a"] for row in rows] == [f"x{n}" for n in range(100)] + [None] * 100
    assert [row["label"] for row in rows] == [n % 2 for n in range(200)]
    assert {row["model"] for row in rows} == {"planted"}


def test_only_the_rows_of_a_split_are_scored(whydiff, planted, folder: Path, tmp_path: Path) -> None:
    assert whydiff("score", folder, "--split", "valid", "-o", tmp_path / "p.parquet").code == 0
    rows = pq.read_table(tmp_path / "p.parquet").to_pylist()
    assert [row["id"] for row in rows] == [f"{'ab'[n >= 100]}{n}" for n in range(0, 200, 4)]
    assert {row["split"] for row in rows} == {"valid"}
    assert sum(planted.asked) == 50


def test_rows_without_id_are_called_by_their_place(whydiff, planted, tmp_path: Path) -> None:
    for name in ("a", "b"):
        pq.write_table(pa.table({"diff": [GOOD] * 3, "split": ["train", "valid", "valid"]}), tmp_path / f"{name}.parquet")
    out = whydiff("score", tmp_path, "--split", "valid").out
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["1", "2", "4", "5"]


def test_datasets_that_do_not_fit(refused, planted, folder: Path, dataset: Path, tmp_path: Path) -> None:
    assert "expected one of train, valid" in refused("score", folder, "--split", "tset")
    assert "no column split" in refused("score", dataset, "--split", "valid")
    assert "name a new file" in refused("score", folder, "-o", folder / "b.parquet")
    pq.write_table(pa.table({"diff": [GOOD], "label": ["bad"]}), folder / "c.parquet")
    said = refused("score", folder)
    assert "label holds numbers" in said
    assert "c.parquet" in said
    pq.write_table(pa.table({"diff": [GOOD], "label": [1000]}), folder / "c.parquet")
    assert "does not fit" in refused("score", folder, "-o", tmp_path / "p.parquet")
    assert not (tmp_path / "p.parquet").exists()
    (tmp_path / "empty").mkdir()
    assert "is a folder" in refused("score", tmp_path / "empty", "--repo", Path(__file__).parent)


def test_attributes_are_added_and_what_the_dataset_has_is_kept(whydiff, planted, tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "project": f"p{n % 2}", "diff": GOOD, "language": "Klingon"} for n in range(2)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data.parquet")
    assert whydiff("score", tmp_path / "data.parquet", "-o", tmp_path / "p.parquet").code == 0
    found = pq.read_table(tmp_path / "p.parquet").to_pylist()
    assert [one["language"] for one in found] == ["Klingon"] * 2
    assert [one["languages"] for one in found] == [["Python"]] * 2
    assert [one["component"] for one in found] == ["p0:(root)", "p1:(root)"]
    assert [one["lines_added"] for one in found] == [1, 1]
    (tmp_path / "rules").write_text("*.py The snakes\n", "utf-8")
    assert whydiff("score", tmp_path / "data.parquet", "--components", tmp_path / "rules", "-o", tmp_path / "q.parquet").code == 0
    assert {one["component"] for one in pq.read_table(tmp_path / "q.parquet").to_pylist()} == {"The snakes"}


def test_components_of_changes_are_refused(refused, planted, two_files: Path) -> None:
    assert "leave --components out" in refused("score", two_files, "--components", two_files)
