"""Input that cannot be used: the sentence names what came and what to do. Input that is huge: the output stays small."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli import places
from models.change.types import Unit

ROOT = Path(__file__).resolve().parents[3]
READING = ["describe", "explain", "flip", "score"]
LATIN = b"--- a/caf\xe9.py\n+++ b/caf\xe9.py\n@@ -1,2 +1,2 @@ d\xe9f\n x caf\xe9\n-y\xff\xfe\n+danger \xe9\x80\n"


@pytest.mark.parametrize("verb", READING)
def test_a_missing_file_is_called_missing(refused, planted, verb: str, tmp_path: Path) -> None:
    for repo in (tmp_path, ROOT):
        for name in (tmp_path / "gone.diff", "gone.patch", "folder/gone"):
            said = refused(verb, name, "--repo", repo)
            assert said.startswith("There is no file ")
            assert str(name) in said


@pytest.mark.parametrize("verb", READING)
def test_a_folder_is_called_a_folder(refused, planted, verb: str, tmp_path: Path) -> None:
    said = refused(verb, tmp_path, "--repo", ROOT)
    assert said.startswith(f"{tmp_path} is a folder")
    assert "patch file" in said


def test_a_folder_does_not_hide_a_branch_of_its_name(whydiff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.py").write_text("x = 1\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    subprocess.run([*git, "branch", "docs"], check=True)
    monkeypatch.chdir(tmp_path)
    assert json.loads(whydiff("describe", "docs", "--format", "json").out)["message"] == "first"


def test_an_argument_without_end_is_not_repeated_in_full(refused, planted, two_files: Path) -> None:
    for arguments in (("describe", "x" * 5000), ("describe", "x/" * 3000), ("score", two_files, "--engine", "x" * 5000)):
        assert len(refused(*arguments)) < 500
    assert len(refused("describe", two_files, "-o", "x" * 5000)) < 500


def test_a_wrong_choice_names_the_right_ones_in_plain_words(refused, two_files: Path) -> None:
    said = refused("explain", two_files, "--level", "nonsense")
    assert "'nonsense' is not one of 'file', 'hunk', 'line', 'token'" in said
    assert "Value error" not in said


def test_score_says_which_of_its_inputs_is_bad(refused, planted, two_files: Path, binary: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert refused("score", two_files, tmp_path / "empty").startswith(f"{tmp_path / 'empty'}: Expected a unified diff")
    assert refused("score", two_files, binary).startswith(f"{binary} changes binary files only")
    assert planted.asked == []


def test_a_dataset_needs_one_column_of_text(refused, planted, tmp_path: Path) -> None:
    pq.write_table(pa.table({"diff": [1, 2]}), tmp_path / "numbers.parquet")
    pq.write_table(pa.table([["a"], ["b"]], names=["diff", "diff"]), tmp_path / "twice.parquet")
    assert "column diff holds int64" in refused("score", tmp_path / "numbers.parquet")
    assert "two columns of the name diff" in refused("score", tmp_path / "twice.parquet")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_dataset_of_any_text_type_is_scored(whydiff, planted, two_files: Path, tmp_path: Path, kind: pa.DataType) -> None:
    pq.write_table(pa.table({"diff": pa.array([two_files.read_text(), None], pa.string()).cast(kind)}), tmp_path / "d.parquet")
    result = whydiff("score", tmp_path / "d.parquet")
    assert [json.loads(line)["flagged"] for line in result.out.splitlines()] == [True, None]


@pytest.mark.parametrize("verb", [["describe"], ["explain", "--method", "occlusion"], ["flip"], ["score"]], ids=lambda v: v[0])
@pytest.mark.parametrize("form", ["text", "json"])
def test_bytes_that_are_no_utf8_are_shown_as_a_replacement(whydiff, planted, tmp_path: Path, verb: list[str], form: str) -> None:
    path = tmp_path / "latin.diff"
    path.write_bytes(LATIN)
    result = whydiff(*verb, path, "--format", form)
    assert result.code == 0
    text = json.dumps(json.loads(result.out), ensure_ascii=False) if form == "json" else result.out
    assert "\N{REPLACEMENT CHARACTER}" in text or verb[0] in {"score", "flip"}
    assert not any("\udc80" <= one <= "\udcff" for one in text)


def test_json_holds_an_excerpt_of_a_line_of_ten_megabytes(whydiff, planted, long_line: Path) -> None:
    out = whydiff("explain", long_line, "--method", "occlusion", "--format", "json").out
    assert len(out) < 50_000
    (unit,) = json.loads(out)["attribution"]["units"]
    assert unit["text"].endswith(" more characters")


def test_json_of_flip_holds_excerpts_but_the_whole_patch(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "long.diff"
    path.write_text(f"--- a/a.py\n+++ b/a.py\n@@ -1 +1,3 @@\n x\n+{'x = 1; ' * 200_000}\n+danger{'!' * 100_000}\n")
    data = json.loads(whydiff("flip", path, "--format", "json").out)
    assert len(data["counterfactuals"][0]["patch"]) > 1_000_000
    assert len(data["counterfactuals"][0]["edits"][0]["before"]) < places.MOST + 100


def test_an_excerpt_leaves_short_texts_alone(parsed) -> None:
    where = places.Places(parsed)
    assert where.excerpt(Unit(0, 0, 2)) == where.text(Unit(0, 0, 2)) == "    danger()"
