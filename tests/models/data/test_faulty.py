"""Rows that name lines at fault, read from Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.data.faulty import NamedLine, faulty_rows, labelled
from models.errors import DataError

PATCH = "--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n x\n+y\n"
LINE = {"path": "a.c", "change": "added", "text": "y"}


def write(path: Path, **columns: Any) -> Path:
    table: dict[str, Any] = {
        "id": [f"a@{n}" for n in range(6)],
        "project": ["a"] * 6,
        "message": ["m"] * 6,
        "diff": [PATCH] * 5 + ["no diff"],
        "diff_truncated": [True] + [False] * 5,
        "label": [1, 0, 1, 0, None, 1],
        "defective_lines": [[LINE], [], None, [], [], [LINE, None, LINE | {"path": None}, LINE | {"change": "deleted"}]],
    } | columns
    pq.write_table(pa.table({name: value for name, value in table.items() if value is not None}), path)
    return path


def test_rows_by_label_in_the_order_of_a_lot(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet")
    found = labelled(path, 1)
    assert (sorted(found.bad), sorted(found.others)) == ([0, 2, 5], [1, 3, 4])
    assert found.bad_ids == {"a@0", "a@2", "a@5"}
    assert found == labelled(path, 1)
    assert len({labelled(path, seed).bad for seed in range(20)}) > 1
    for columns in ({"label": None}, {"label": None, "id": None}):
        bare = labelled(write(tmp_path / "b.parquet", **columns), 1, with_truth=False)
        assert (sorted(bare.others), bare.bad_ids) == (list(range(6)), frozenset())
    assert labelled(write(tmp_path / "c.parquet", id=None), 1).bad_ids == {"0", "2", "5"}


def test_chosen_rows_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet")
    first, second, last = faulty_rows(path, [5, 0, 2])
    assert (first.id, first.project, first.cut, first.named) == ("a@0", "a", True, (NamedLine("a.c", "added", "y"),))
    assert first.diff is not None
    assert first.diff.message == "m"
    assert (second.id, second.named, second.cut) == ("a@2", (), False)
    assert last.diff is None
    assert [one.change for one in last.named] == ["added", "deleted"]
    bare = write(tmp_path / "b.parquet", id=None, project=None, message=None, diff_truncated=None)
    (only,) = faulty_rows(bare, [2])
    assert (only.id, only.project, only.cut) == ("2", "", False)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"defective_lines": None}, "no column defective_lines"),
        ({"label": None}, "no column label"),
        ({"diff": [1] * 6}, "Expected text"),
        ({"defective_lines": ["a.c:1"] * 6}, "Expected lists of path, change and text"),
        ({"defective_lines": [[{"path": "a.c"}]] * 6}, "Expected lists of path, change and text"),
        ({"defective_lines": [[{"path": 1, "text": 2}]] * 6}, "Expected lists of path, change and text"),
        ({"label": [0] * 6}, "holds no bad change"),
    ],
)
def test_what_names_no_lines_is_refused(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        labelled(write(tmp_path / "a.parquet", **columns), 1)
