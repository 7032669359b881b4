from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.data.dataset import COLUMNS, OPTIONAL, close_last_hunk, read, to_diff
from models.errors import DataError
from tests.models.conftest import SMALL


def test_a_row_cut_at_the_limit_keeps_the_lines_that_are_there():
    cut = "\n".join(SMALL.split("\n")[:8]) + "\n"
    diff = to_diff(cut, "message")
    assert diff is not None
    assert (diff.added, diff.removed, diff.message) == (1, 2, "message")


def test_a_whole_row_is_left_as_it_is():
    assert close_last_hunk(SMALL).count("@@ -10,5 +10,6 @@ class Pool:") == 1


def test_a_row_without_text_is_none():
    assert to_diff("", "m") is None


def test_missing_columns_and_files_are_named(tmp_path: Path):
    with pytest.raises(DataError, match="found none"):
        read([tmp_path])
    pd.DataFrame({"id": ["a"]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"x\.parquet"):
        read([tmp_path])
    (tmp_path / "x.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"x\.parquet"):
        read([tmp_path / "x.parquet"])


def test_empty_cells_are_no_text() -> None:
    assert to_diff(float("nan"), "message") is None
    assert to_diff(None, None) is None
    diff = to_diff("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", float("nan"))
    assert diff is not None
    assert diff.message == ""


ROW = {name: "x" for name in COLUMNS} | {"lines_added": 1, "lines_deleted": 1, "files_changed": 1, "diff": SMALL, "label": 1}


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read([path])
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_what_is_wrong_with_a_dataset_is_one_sentence(tmp_path: Path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"no parquet")
    assert "could not be read as Parquet" in refusal(path)
    pd.DataFrame([ROW]).drop(columns=["label", "diff"]).to_parquet(path)
    assert "x.parquet lacks the column diff; pass a dataset with" in refusal(path)


@pytest.mark.parametrize("labels", [["a", "b"], [0, 2], [0.0, 0.5], [0, None], [0, float("nan")], ["0", "1"]])
def test_labels_are_0_or_1(tmp_path: Path, labels: list[object]):
    pd.DataFrame([ROW | {"label": label} for label in labels]).to_parquet(tmp_path / "x.parquet")
    assert "column label holds" in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize("labels", [[0, 1], [False, True], [0.0, 1.0]])
def test_labels_of_any_number_type_are_whole_numbers_afterwards(tmp_path: Path, labels: list[object]):
    pd.DataFrame([ROW | {"id": str(n), "label": label} for n, label in enumerate(labels)]).to_parquet(tmp_path / "x.parquet")
    frame = read([tmp_path])
    assert list(frame["label"]) == [0, 1]
    assert frame["label"].dtype == "int64"


def test_a_dataset_without_any_diff_is_refused(tmp_path: Path):
    for nothing in (None, 3):
        pd.DataFrame([ROW | {"diff": nothing}] * 2).to_parquet(tmp_path / "x.parquet")
        assert "column diff holds no text" in refusal(tmp_path / "x.parquet")


def test_columns_that_were_not_asked_for_are_not_looked_at(tmp_path: Path):
    pd.DataFrame([ROW | {"label": "?"}]).to_parquet(tmp_path / "x.parquet")
    assert list(read([tmp_path], ("id", "diff"))["id"]) == ["x"]


def test_optional_columns_are_read_where_they_are_and_empty_elsewhere(tmp_path: Path):
    pd.DataFrame([ROW | {"id": "a", "weight": 2.5, "label_kind": "k"}]).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame([ROW | {"id": "b"}]).to_parquet(tmp_path / "b.parquet")
    frame = read([tmp_path])
    assert list(frame.columns) == [*COLUMNS, *OPTIONAL]
    assert frame["weight"].tolist()[0] == 2.5
    assert frame["label_kind"].tolist()[0] == "k"
    assert frame.loc[1, list(OPTIONAL)].isna().all()
    assert frame["expert_features"].isna().all()


def test_metrics_of_experts_come_as_they_are(tmp_path: Path):
    kind = pa.map_(pa.string(), pa.float32())
    table = pa.Table.from_pylist([ROW | {"expert_features": {"ns": 1.0}}], pa.schema([*PLAIN, ("expert_features", kind)]))
    pq.write_table(table, tmp_path / "x.parquet")
    assert dict(read([tmp_path])["expert_features"][0]) == {"ns": 1.0}


PLAIN = [(name, pa.int64() if isinstance(ROW[name], int) else pa.string()) for name in COLUMNS]


@pytest.mark.parametrize(
    ("column", "first", "second", "said"),
    [
        ("lines_added", 1, "one", "numbers in {a}, but text in {b}"),
        ("weight", 1.0, "1", "numbers in {a}, but text in {b}"),
        ("project", "p", 7, "text in {a}, but numbers in {b}"),
        ("author_date", pd.Timestamp("2020-01-01"), "2020", "dates in {a}, but text in {b}"),
        ("expert_features", [1.0], 1.0, "list<element: double> in {a}, but numbers in {b}"),
    ],
)
def test_files_that_do_not_fit_together_are_both_named(tmp_path: Path, column: str, first: object, second: object, said: str):
    a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pd.DataFrame([ROW | {"id": "a", column: first}]).to_parquet(a)
    pd.DataFrame([ROW | {"id": "b", column: second}]).to_parquet(b)
    assert refusal(tmp_path) == f"The column {column} holds {said.format(a=a, b=b)}; make them alike."


def test_a_column_without_values_fits_any_other(tmp_path: Path):
    for name, weight in (("a", None), ("b", 2.0), ("c", 3)):
        pd.DataFrame([ROW | {"id": name, "weight": weight}]).to_parquet(tmp_path / f"{name}.parquet")
    assert read([tmp_path])["weight"].tolist()[1:] == [2.0, 3.0]


@pytest.mark.parametrize("column", ["lines_added", "lines_deleted", "files_changed"])
@pytest.mark.parametrize("value", [float("nan"), None, -1, float("inf")])
def test_sizes_are_numbers(tmp_path: Path, column: str, value: object):
    pd.DataFrame([ROW | {column: value}, ROW | {"id": "y"}]).to_parquet(tmp_path / "x.parquet")
    assert f"the column {column} holds " in refusal(tmp_path)


@pytest.mark.parametrize("column", ["id", "project", "split"])
def test_names_are_never_empty(tmp_path: Path, column: str):
    pd.DataFrame([ROW | {column: None}, ROW | {"id": "y"}]).to_parquet(tmp_path / "x.parquet")
    assert f"the column {column} holds " in refusal(tmp_path)


def test_an_id_that_stands_twice_is_named_with_its_files(tmp_path: Path):
    a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pd.DataFrame([ROW | {"id": "one"}, ROW | {"id": "two"}]).to_parquet(a)
    pd.DataFrame([ROW | {"id": "three"}, ROW | {"id": "two"}]).to_parquet(b)
    assert refusal(tmp_path) == f"The id two stands twice in {a} and in {b}; drop one of the two rows."
    pd.DataFrame([ROW, ROW]).to_parquet(a)
    assert refusal(a) == f"The id x stands twice in {a}; drop one of the two rows."


def test_a_dataset_without_rows_is_refused(tmp_path: Path):
    pd.DataFrame([ROW]).to_parquet(tmp_path / "b.parquet")
    empty = pq.read_table(tmp_path / "b.parquet").slice(0, 0)
    pq.write_table(empty, tmp_path / "a.parquet")
    assert len(read([tmp_path])) == 1
    assert "holds no rows" in refusal(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(b"")
    assert "could not be read as Parquet" in refusal(tmp_path)


def test_a_file_that_breaks_off_is_refused(tmp_path: Path):
    path = tmp_path / "x.parquet"
    pd.DataFrame([ROW | {"id": str(n), "diff": SMALL * n} for n in range(1, 9)]).to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + b"\xff" * 60 + whole[100:])
    assert "could not be read as Parquet" in refusal(path)


def test_two_columns_of_one_name_are_refused(tmp_path: Path):
    pq.write_table(pa.table([["a"], ["b"]], names=["diff", "diff"]), tmp_path / "x.parquet")
    assert "two columns of the name diff" in refusal(tmp_path)


def test_folders_named_like_partitions_add_no_column(tmp_path: Path):
    (tmp_path / "label=0").mkdir()
    pd.DataFrame([ROW]).to_parquet(tmp_path / "label=0" / "x.parquet")
    assert read([tmp_path / "label=0"])["label"].tolist() == [1]


def test_dictionary_columns_are_as_good_as_plain_ones(tmp_path: Path):
    rows = pd.DataFrame([ROW | {"id": "a"}, ROW | {"id": "b", "project": "q"}])
    rows.astype({"project": "category", "id": "category"}).to_parquet(tmp_path / "x.parquet")
    assert read([tmp_path])["project"].tolist() == ["x", "q"]
    rows.assign(project=["p", None]).astype({"project": "category"}).to_parquet(tmp_path / "x.parquet")
    assert "column project holds" in refusal(tmp_path)
