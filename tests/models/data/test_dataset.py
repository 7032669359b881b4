from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.data.dataset import COLUMNS, close_last_hunk, read, to_diff
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
    pd.DataFrame([ROW | {"label": label} for label in labels]).to_parquet(tmp_path / "x.parquet")
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
