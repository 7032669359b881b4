from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.data.dataset import close_last_hunk, read, to_diff
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
