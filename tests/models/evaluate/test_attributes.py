"""Attributes of predictions, on a batch whose values can be read off."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from models.change.component import Components
from models.data.dataset import to_diff
from models.errors import UsageError
from models.evaluate.attributes import ATTRIBUTES, Attributes
from models.evaluate.contract import unscored

DIFF = """--- a/core/a.py
+++ b/core/a.py
@@ -1 +1,3 @@
 x
+y
+z
--- a/web/b.js
+++ b/web/b.js
@@ -1,4 +1 @@
-a
-b
-c
 d
--- a/README.md
+++ b/README.md
@@ -1 +1,5 @@
 x
+1
+2
+3
+4
"""
WHEN = datetime(2024, 5, 6, 7, tzinfo=UTC)


def record(read: int | None = 3, total: int | None = 4) -> dict[str, object]:
    return unscored("r") | {"tokens_read": read, "tokens_total": total}


def rows(
    columns: dict[str, list[object]], components: Components | None = None, by_project: bool = False
) -> list[dict[str, object]]:
    batch = pa.RecordBatch.from_pylist(
        [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    )
    diffs = [to_diff(text, "") for text in columns["diff"]]
    return Attributes(components or Components(), by_project).of(batch, diffs, [record()] * len(diffs))


def test_what_a_diff_alone_tells() -> None:
    found = rows({"diff": [DIFF]})[0]
    assert list(found) == ATTRIBUTES.names
    assert found == {
        "date": None,
        "component": "(root)",
        "components": ["(root)", "web", "core"],
        "language": "JavaScript",
        "languages": ["Docs", "JavaScript", "Python"],
        "kind": "other",
        "lines_added": 6,
        "lines_deleted": 3,
        "files_changed": 3,
        "share_unread": 0.25,
        "experience": None,
    }


def test_what_the_dataset_says_of_the_whole_change_comes_first() -> None:
    files = [
        {"path": "lib/x.go", "lines_added": 9, "lines_deleted": 1},
        {"path": "cmd/y.rs", "lines_added": 2, "lines_deleted": 0},
    ]
    found = rows(
        {
            "diff": [DIFF],
            "files": [files],
            "message": ["Fix crash"],
            "author_date": [WHEN],
            "project": ["own/er"],
            "expert_features": [{"exp": 12.0, "la": 1.0}],
        },
        by_project=True,
    )[0]
    assert found["components"] == ["own/er:lib", "own/er:cmd"]
    assert (found["component"], found["language"], found["languages"]) == ("own/er:lib", "Go", ["Go", "Rust"])
    assert (found["kind"], found["date"], found["experience"]) == ("fix", WHEN, 12.0)
    assert found["lines_added"] == 6


def test_nothing_is_known_of_a_row_without_a_diff() -> None:
    found = Attributes(Components()).of(pa.RecordBatch.from_pylist([{"diff": None}]), [None], [unscored("r")])[0]
    assert found == dict.fromkeys(ATTRIBUTES.names) | {"components": [], "languages": [], "kind": "other"}


def test_a_change_without_code_has_no_language_and_one_of_no_tokens_nothing_unread() -> None:
    diff = to_diff("--- a/README.md\n+++ b/README.md\n@@ -1 +1,2 @@\n x\n+y\n", "")
    found = Attributes(Components()).of(pa.RecordBatch.from_pylist([{"diff": ""}]), [diff], [record(0, 0)])[0]
    assert (found["language"], found["languages"], found["share_unread"], found["kind"]) == ("", ["Docs"], 0.0, "docs")


def test_values_fit_the_columns() -> None:
    assert pa.Table.from_pylist(rows({"diff": [DIFF, DIFF]}), schema=ATTRIBUTES).num_rows == 2


@pytest.mark.parametrize(
    ("text", "component"),
    [
        ("/core/ Heart of it\n*.js  Pages\n# none\n", "Heart of it"),
        ("* @org/all\n/core/ @org/core\n", "@org/core"),
        ("[Section]\n/core/ Heart\n", "Heart"),
        ("/web/ Pages\n", "core"),
        ("", "core"),
    ],
)
def test_components_by_a_file(tmp_path: Path, text: str, component: str) -> None:
    (tmp_path / "rules").write_text(text, "utf-8")
    assert Components.of_file(tmp_path / "rules").component("core/a.py") == component


def test_a_file_of_components_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pass a CODEOWNERS file"):
        Components.of_file(tmp_path / "none")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="pass a CODEOWNERS file"):
        Components.of_file(tmp_path / "bytes")
