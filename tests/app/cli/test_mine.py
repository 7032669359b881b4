from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.models.mine.mine_story import Story

GOOD, BAD = "def f(x):\n    return x + offset(1)\n", "def f(x):\n    return x - offset(1)\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    story = Story().commit("root", "Root", {"a.py": GOOD}).commit("bug", "Simplify", {"a.py": BAD})
    story.commit("fix", "Fix f", {"a.py": GOOD}, days=3).commit("late", "Late", {"b.py": "b = 1\n"}, days=90)
    story.make(tmp_path / "thing.git")
    return tmp_path / "thing.git"


def test_a_dataset_is_written_and_told_about(whydiff, repo: Path, tmp_path: Path) -> None:
    output = tmp_path / "d.parquet"
    result = whydiff("mine", repo, "-o", output, "--jobs", 1)
    assert (result.code, result.out) == (0, f"{output}\n")
    assert "thing: 4 commits in" in result.err
    assert "4 change code, 1 are fixes, 1 are blamed; 1 not blamed ones are younger than 30 days" in result.err
    assert pq.read_table(output).num_rows == 4
    again = whydiff("mine", repo, "-o", output)
    assert "thing: 4 commits (0 new)" in again.err


def test_names_and_labels_are_passed_on(whydiff, repo: Path, tmp_path: Path) -> None:
    output = tmp_path / "d.parquet"
    assert whydiff("mine", repo, "-o", output, "--project", "me/mine", "--max-deleted", 9, "--min-share", 1).code == 0
    assert set(pq.read_table(output)["project"].to_pylist()) == {"me/mine"}


def test_what_is_wrong_is_one_sentence(refused, whydiff, repo: Path, tmp_path: Path) -> None:
    output = tmp_path / "d.parquet"
    assert "ending in .parquet" in refused("mine", repo, "-o", tmp_path / "d.csv")
    assert "does not exist" in refused("mine", repo, "-o", tmp_path / "none" / "d.parquet")
    assert "cannot be read as a git repository" in refused("mine", tmp_path, "-o", output)
    assert "whydiff --help" in refused("mine", repo, "-o", output, "--labels", "magic")
    assert "whydiff --help" in refused("mine", repo, "-o", output, "--max-deleted", 0)
    assert "-o" in refused("mine", repo)
    assert "none of its 0 fixes leads to an earlier change (--labels declared)" in refused(
        "mine", repo, "-o", output, "--labels", "declared"
    )
    assert "begun with --labels declared" in refused("mine", repo, "-o", output)
    (tmp_path / "foreign.parquet").write_bytes(b"no")
    assert "was not made by whydiff mine" in refused("mine", repo, "-o", tmp_path / "foreign.parquet")


def test_a_folder_without_permission(refused, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.output.os.access", lambda _path, mode: not mode & os.W_OK)
    assert "no permission" in refused("mine", repo, "-o", tmp_path / "d.parquet")
    monkeypatch.undo()
    (tmp_path / "d.parquet.state").write_text("a file in the way")
    assert "d.parquet.state could not be written" in refused("mine", repo, "-o", tmp_path / "d.parquet")
