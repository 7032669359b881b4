from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_json_is_the_contract(whydiff, two_files: Path, tmp_path: Path) -> None:
    result = whydiff("describe", two_files, "--format", "json", "--repo", tmp_path)
    data = json.loads(result.out)
    assert (result.code, result.err) == (0, "")
    assert set(data) == {"schema", "diff_id", "message", "files"}
    assert data["schema"] == "whydiff/describe/1"
    assert data["message"].startswith("make it faster")
    assert data["files"] == [
        {
            "path": "src/fast.py", "old_path": "src/fast.py", "status": "modified", "binary": False, "language": "Python",
            "component": "src", "lines_added": 2, "lines_deleted": 1, "hunks": 1,
        },
        {
            "path": "docs/new.md", "old_path": "docs/old name.md", "status": "renamed", "binary": False, "language": "Docs",
            "component": "docs", "lines_added": 1, "lines_deleted": 1, "hunks": 1,
        },
    ]  # fmt: skip


def test_text_names_every_file(whydiff, two_files: Path) -> None:
    result = whydiff("describe", two_files)
    assert result.code == 0
    assert "make it faster" in result.out
    assert "2 files changed, 3 lines added, 2 deleted" in result.out
    assert "docs/new.md (from docs/old name.md)" in result.out


def test_standard_input(whydiff, two_files: Path) -> None:
    assert whydiff("describe", "-", stdin=two_files.read_bytes()).out == whydiff("describe", two_files).out


def test_a_binary_change_is_described(whydiff, binary: Path) -> None:
    assert "modified, binary" in whydiff("describe", binary).out
    assert json.loads(whydiff("describe", binary, "--format", "json").out)["files"][0]["binary"] is True


def test_output_file(whydiff, two_files: Path, tmp_path: Path) -> None:
    for form in ("json", "text"):
        direct = whydiff("describe", two_files, "--format", form).out
        assert whydiff("describe", two_files, "--format", form, "-o", tmp_path / form).out == ""
        assert (tmp_path / form).read_text() == direct


def test_revision(whydiff, tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "CODEOWNERS").write_text("*.py @snakes\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    data = json.loads(whydiff("describe", "HEAD", "--repo", tmp_path, "--format", "json").out)
    assert data["message"] == "first"
    assert [file["component"] for file in data["files"] if file["path"] == "a.py"] == ["@snakes"]


def test_three_thousand_files_and_a_line_of_ten_megabytes(whydiff, many_files: Path, long_line: Path) -> None:
    assert len(json.loads(whydiff("describe", many_files, "--format", "json").out)["files"]) == 3000
    assert len(whydiff("describe", long_line).out) < 1000


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explain", "--help"], ["describe", "PATCH"]])
def test_loads_no_torch(arguments: list[str], two_files: Path) -> None:
    arguments = [str(two_files) if one == "PATCH" else one for one in arguments]
    code = (
        "import sys; from app.cli.main import run; code = run(sys.argv[1:]);"
        "heavy = {'torch', 'transformers', 'captum', 'pandas', 'pyarrow', 'numpy', 'streamlit'} & set(sys.modules);"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
