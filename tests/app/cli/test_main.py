from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import INTERRUPTED, NO_READER, VERBS

ROOT = Path(__file__).resolve().parents[3]
HEADER = b"--- a/a.py\n+++ b/a.py\n"
READING = [["describe"], ["explain", "--method", "occlusion"], ["flip"], ["score"]]
BAD = {
    "empty": b"",
    "blank": b" \n\n",
    "prose": b"Dear reader,\nthis is no diff.\n",
    "truncated": HEADER + b"@@ -1,3 +1,3 @@\n a\n-b\n",
    "counts": HEADER + b"@@ -1 +1 @@\n-a\n+b\n+c\n+d\n@@ nonsense\n",
    "garbage": bytes(range(256)) * 40,
    "utf-16": "--- a/a\n+++ b/a\n".encode("utf-16"),
    "escape": b"\x1b[31m\x1b]0;owned\x07\n",
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("verb", READING, ids=lambda verb: verb[0])
def test_bad_input_is_one_sentence(refused, planted, verb: list[str], name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(BAD[name])
    from_file = refused(*verb, tmp_path / "x")
    assert "\x1b" not in from_file
    refused(*verb, "-", stdin=BAD[name])
    assert planted.asked == []


@pytest.mark.parametrize("verb", READING, ids=lambda verb: verb[0])
def test_unknown_revision(refused, planted, verb: list[str], tmp_path: Path) -> None:
    assert "no-such-thing" in refused(*verb, "no-such-thing", "--repo", ROOT)
    assert "--repo" in refused(*verb, "HEAD", "--repo", tmp_path)
    assert "\x1b" not in refused(*verb, "\x1b[31m\nred", "--repo", ROOT)


@pytest.mark.parametrize("verb", READING[1:], ids=lambda verb: verb[0])
def test_a_binary_change_has_nothing_to_explain(refused, planted, verb: list[str], binary: Path) -> None:
    assert "changes binary files only" in refused(*verb, binary)


@pytest.mark.parametrize(
    "arguments", [[], ["magic"], ["describe"], ["describe", "x", "--magic"], ["describe", "x", "--format", "xml"]]
)
def test_wrong_usage_is_one_sentence(refused, arguments: list[str]) -> None:
    assert "--help" in refused(*arguments)


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(whydiff, verb: str) -> None:
    result = whydiff(*([verb] if verb else []), "--help")
    assert (result.code, result.err) == (0, "")
    assert "Usage: whydiff" in result.out


def test_version(whydiff) -> None:
    assert whydiff("--version").out.startswith("whydiff ")


def test_interrupt_is_quiet(whydiff, two_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("models.change.source.read_input", interrupt)
    result = whydiff("describe", two_files)
    assert (result.code, result.out, result.err) == (INTERRUPTED, "", "")


@pytest.mark.parametrize(
    "error", [RuntimeError("odd\nthing"), MemoryError(), OSError(28, "No space left on device"), RecursionError()]
)
def test_never_a_traceback(whydiff, two_files: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("models.change.source.read_input", fail)
    result = whydiff("describe", two_files)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    monkeypatch.setenv("WHYDIFF_DEBUG", "1")
    with pytest.raises(type(error)):
        whydiff("describe", two_files)


@pytest.mark.skipif(os.name != "posix", reason="closes the reading end of a pipe")
def test_a_reader_that_went_away_is_quiet(many_files: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "app.cli.main", "describe", str(many_files), "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (NO_READER, b"")


def test_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("--- a/é.py\n+++ b/é.py\n@@ -1 +1 @@\n-a\n+b\n")
    command = [sys.executable, "-m", "app.cli.main", "describe", str(tmp_path / "x")]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
