"""``whydiff explain INPUT --precedents DATASET``: known changes beside one, in every form, without leaks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import models.classify.load
from tests.app.cli.conftest import TWO_FILES, Planted

DATED = "Date: Wed, 10 Jan 2024 10:00:00 +0000\n"


class Reading(Planted):
    """The planted classifier with vectors: how many changed lines hold "danger", how many do not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    def vectors(self, diffs):
        found = []
        for diff in diffs:
            texts = ["danger" in line.text for _, line in diff.lines() if line.changed]
            found.append([sum(texts), len(texts) - sum(texts)])
        return np.array(found, dtype=np.float32)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    classifier = Reading()
    monkeypatch.setattr(models.classify.load, "load", lambda _folder=None: classifier)
    return classifier


def text(n: int) -> str:
    lines = "".join(f"+{'danger' if k < n else 'calm'}({k}, {n});\n" for k in range(6))
    return f"--- a/a{n}.py\n+++ b/a{n}.py\n@@ -1 +1,7 @@\n top\n{lines}"


def rows() -> list[dict[str, object]]:
    found = [
        {
            "id": f"p@{n}", "project": "p", "diff": text(n), "label": int(n > 2), "split": "train",
            "author_date": datetime(2024, 1, 1 + 2 * n, tzinfo=UTC),
        }
        for n in range(7)
    ]  # fmt: skip
    later = {"id": "later", "project": "p", "diff": text(9), "label": 1, "split": "valid", "author_date": datetime(2020, 1, 1)}
    return [*found, later, found[0] | {"id": "itself", "diff": TWO_FILES, "label": 1}]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "known.parquet"
    pq.write_table(pa.Table.from_pylist(rows()), path)
    return path


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    path = tmp_path / "dated.diff"
    path.write_text(TWO_FILES.replace("Subject:", DATED + "Subject:", 1))
    return path


def test_json(whydiff, reading, dataset: Path, dated: Path) -> None:
    result = whydiff("explain", dated, "--precedents", dataset, "--nearest", 3, "--format", "json")
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)["precedents"]
    assert set(found) == {"before", "nearest", "among_nearest", "among_all", "caution"}
    assert found["before"] == "2024-01-10T10:00:00+00:00"
    assert [one["id"] for one in found["nearest"]] == ["p@1", "p@2", "p@0"]  # one line of five is danger; p@0 to p@4 are older
    assert [one["label"] for one in found["nearest"]] == [0, 0, 0]
    assert set(found["nearest"][0]) == {"id", "project", "date", "label", "score", "similarity"}
    assert found["nearest"][0]["date"] == "2024-01-03T00:00:00+00:00"
    assert found["nearest"][0]["similarity"] == pytest.approx((1 + 4 * 5) / (17 * 26) ** 0.5)
    assert (found["among_nearest"]["count"], found["among_nearest"]["of"]) == (0, 3)
    assert (found["among_all"]["count"], found["among_all"]["of"]) == (2, 5)


def test_without_a_date_all_but_itself_count(whydiff, reading, dataset: Path, two_files: Path) -> None:
    found = json.loads(whydiff("explain", two_files, "--precedents", dataset, "--format", "json").out)["precedents"]
    assert (found["before"], found["among_all"]["of"]) == (None, 7)
    assert {one["id"] for one in found["nearest"]} == {f"p@{n}" for n in range(7)}
    few = json.loads(whydiff("explain", two_files, "--precedents", dataset, "--precedent-rows", 4, "--format", "json").out)
    assert few["precedents"]["among_all"]["of"] == 4


def test_text_and_markdown(whydiff, reading, dataset: Path, dated: Path, two_files: Path) -> None:
    out = whydiff("explain", dated, "--precedents", dataset, "--nearest", 3).out
    assert "of the 3 known changes that the network reads most alike 0 of 3 (0.0 % [0.0, 56.1]) have label 1; of all 5" in out
    assert "All are older than the change, 2024-01-10." in out
    assert [line.split() for line in out.splitlines() if line.endswith("p@1")] == [["0.999", "2024-01-03", "0", "0.731", "p@1"]]
    page = whydiff("explain", two_files, "--precedents", dataset, "--format", "markdown").out
    assert "**Precedents**" in page
    assert "later changes may be among them" in page
    assert "| 0.999 | 2024-01-03 | 0 | 0.731 | <code>p&#64;1</code> |" in page


def test_a_dataset_without_splits_or_dates(whydiff, refused, reading, two_files: Path, dated: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.parquet"
    pq.write_table(pa.Table.from_pylist([{"id": str(n), "diff": text(n), "label": 1} for n in range(3)]), bare)
    found = json.loads(whydiff("explain", two_files, "--precedents", bare, "--format", "json").out)["precedents"]
    assert [one["date"] for one in found["nearest"]] == [None] * 3
    assert "older than the change, 2024-01-10" in refused("explain", dated, "--precedents", bare)


def test_nothing_is_said_where_nothing_was_asked(whydiff, reading, two_files: Path) -> None:
    assert "precedents" not in json.loads(whydiff("explain", two_files, "--format", "json").out)


def test_what_does_not_fit(refused, planted, dataset: Path, two_files: Path, tmp_path: Path) -> None:
    assert "planted has no vectors of changes" in refused("explain", two_files, "--precedents", dataset)
    assert "--format text, json, markdown with" in refused("explain", two_files, "--precedents", dataset, "--format", "sarif")
    assert "leave --precedents out" in refused("explain", dataset, "--precedents", dataset)
    assert "--nearest" in refused("explain", two_files, "--precedents", dataset, "--nearest", 0)


def test_hostile_names_are_spelled_out(whydiff, reading, two_files: Path, tmp_path: Path) -> None:
    path = tmp_path / "h.parquet"
    pq.write_table(pa.Table.from_pylist([{"id": "\x1b[2J\u202e<b>", "diff": text(1), "label": 1}]), path)
    for form in ("text", "markdown", "json"):
        out = whydiff("explain", two_files, "--precedents", path, "--format", form).out
        assert not {"\x1b", "\u202e"} & set(out)
    assert "<b>" not in whydiff("explain", two_files, "--precedents", path, "--format", "markdown").out
