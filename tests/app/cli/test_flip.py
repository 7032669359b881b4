from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from explain.counterfactual import verify as verifying
from explain.counterfactual.verify import Verification

FOUND = {"claim", "edits", "patch", "message", "after", "certificate", "plausibility", "syntax", "verified"}


def flipped(whydiff, path: Path, *arguments: object) -> dict[str, object]:
    result = whydiff("flip", path, "--format", "json", *arguments)
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_json_is_the_contract(whydiff, planted, two_files: Path) -> None:
    data = flipped(whydiff, two_files)
    keys = {"schema", "model", "masked_model", "diff_id", "before", "counterfactuals", "closest"}
    assert set(data) == keys | {"queries", "budget", "stopped", "seconds"}
    assert data["masked_model"] is None
    assert data["schema"] == "whydiff/flip/1"
    assert data["before"]["flagged"] is True
    assert all(set(one) == FOUND for one in data["counterfactuals"])
    first = data["counterfactuals"][0]
    assert first["certificate"] == {"minimality": "cardinality-minimal", "checked": 1}
    assert first["after"]["flagged"] is False
    assert (first["verified"], first["syntax"]) == (True, "valid")
    assert 0 < first["plausibility"] <= 1
    (edit,) = first["edits"]
    assert (edit["operator"], edit["before"], edit["after"]) == ("revert-line", "+    danger()", None)
    assert (edit["unit"]["path"], edit["unit"]["new_line"]) == ("src/fast.py", 2)
    assert "danger" not in first["patch"]
    assert (data["stopped"], data["closest"]) == ("found", None)


def test_nothing_found_is_a_result(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "only.diff"
    path.write_text("--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+danger\n")
    taking_back = ("--operators", "revert-line", "--operators", "drop-file")
    data = flipped(whydiff, path, *taking_back)
    assert (data["counterfactuals"], data["stopped"]) == ([], "exhausted")
    text = whydiff("flip", path, *taking_back)
    assert text.code == 0
    assert text.out.startswith("Nothing was found under which the change would be not flagged")
    patch = whydiff("flip", path, "--format", "patch", *taking_back)
    assert (patch.code, patch.raw) == (0, b"")
    assert "Nothing was found" in patch.err


def test_words_of_lines_and_message_can_be_the_cause(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "only.diff"
    path.write_text("--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+if danger then\n")
    (one,) = flipped(whydiff, path)["counterfactuals"]
    assert one["edits"] == [
        {
            "operator": "delete-word",
            "unit": {
                "level": "token", "file": 0, "path": "a.py", "hunk": 0, "line": 1, "kind": "added", "old_line": None,
                "new_line": 2, "start": 2, "end": 9,
            },
            "before": " danger",
            "after": "",
        }
    ]  # fmt: skip
    assert one["patch"].endswith("+if then\n")
    assert (one["message"], one["verified"]) == (None, True)
    out = whydiff("flip", path).out
    assert 'delete "danger" from line 2 of a.py' in out
    assert "     2 -+if danger then" in out
    assert "     2 ++if then" in out


def test_what_must_stay(whydiff, planted, two_files: Path) -> None:
    data = flipped(whydiff, two_files, "--ask", "sufficient")
    assert data["schema"] == "whydiff/core/1"
    assert [one["text"] for one in data["kept"]] == ["+    danger()"]
    assert data["kept"][0]["unit"]["path"] == "src/fast.py"
    assert (data["verified"], data["after"]["flagged"]) == (True, True)
    assert data["certificate"]["minimality"] == "cardinality-minimal"
    out = whydiff("flip", two_files, "--ask", "sufficient").out
    assert out.startswith("The change would still be flagged if only 1 of its")
    assert "     2 +    danger()" in out
    assert "Checked again independently: it holds." in out
    patch = whydiff("flip", two_files, "--ask", "sufficient", "--format", "patch")
    assert b"danger" in patch.raw
    assert patch.raw.count(b"\n+") == 2  # the line, and the header of its file
    assert "No part is smaller than a single line." in patch.err


def test_a_part_that_fails_its_check_is_not_sold(whydiff, planted, two_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "verify_core", lambda *_: Verification(False, ("It is wrong.",), 0))
    result = whydiff("flip", two_files, "--ask", "sufficient", "--format", "json")
    assert json.loads(result.out)["verified"] is False
    assert "did not pass its independent check: It is wrong." in result.err
    assert whydiff("flip", two_files, "--ask", "sufficient", "--format", "patch").raw == b""
    assert "does NOT hold" in whydiff("flip", two_files, "--ask", "sufficient").out


def test_closest_miss(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "three.diff"
    path.write_text("--- a/a.py\n+++ b/a.py\n@@ -1 +1,4 @@\n x\n+danger 1\n+danger 2\n+y\n")
    data = flipped(whydiff, path, "--max-edits", 1, "--operators", "revert-line")
    assert data["stopped"] == "exhausted"
    assert set(data["closest"]) == {"score", "edits"}
    assert data["closest"]["edits"][0]["before"].startswith("+danger")


def test_patch_is_exact_and_applies(whydiff, planted, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9\nkept\n")
    path = tmp_path / "latin.diff"
    path.write_bytes(b"--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,3 @@\n-caf\xe9\n+caf\xe9s\n+danger\n kept\n")
    result = whydiff("flip", path, "--format", "patch")
    assert result.raw == b"--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-caf\xe9\n+caf\xe9s\n kept\n"
    assert result.err.startswith("The change would not be flagged if you were to take back")
    subprocess.run(["git", "apply", "-"], input=result.raw, cwd=tmp_path, check=True)
    assert (tmp_path / "a.txt").read_bytes() == b"caf\xe9s\nkept\n"
    told = whydiff("flip", path, "--format", "json")
    assert "--format patch has them all" in told.err


def test_text_shows_what_to_take_back(whydiff, planted, two_files: Path) -> None:
    out = whydiff("flip", two_files).out
    assert "Way 1: 26.9 %, not flagged" in out
    assert "     2 -+    danger()" in out
    assert "without an edit the verdict does not flip" in out
    assert "Checked again independently: it holds." in out
    assert "queries" in out


def test_a_removed_line_becomes_context(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "back.diff"
    path.write_text("--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-danger\n+danger()\n+x\n y\n".replace("1,2 +1,2", "1,2 +1,3"))
    out = whydiff("flip", path).out  # not flagged, and would be if the removal were taken back
    assert "     1 --danger" in out
    assert "     1 + danger" in out


def test_hostile_text_is_spelled_out(whydiff, planted, hostile: Path) -> None:
    out = whydiff("flip", hostile).out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_claim_that_fails_its_check_is_not_sold(whydiff, planted, two_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "verify", lambda *_: Verification(False, ("It is wrong.",), 0))
    result = whydiff("flip", two_files, "--format", "json")
    assert json.loads(result.out)["counterfactuals"][0]["verified"] is False
    assert "did not pass its independent check: It is wrong." in result.err
    assert whydiff("flip", two_files, "--format", "patch").raw == b""
    assert "does NOT hold" in whydiff("flip", two_files).out


def test_budget_is_kept(whydiff, planted, many_files: Path) -> None:
    data = flipped(whydiff, many_files, "--budget", 20, "--operators", "drop-file")
    assert data["queries"] <= 20
    assert (data["stopped"], data["budget"]) == ("budget", 20)


def test_what_a_proof_would_take_is_said_and_is_enough(whydiff, planted, tmp_path: Path) -> None:
    path = tmp_path / "three.diff"
    lines = "".join(f"+{'danger()' if n in {3, 17, 29} else f'x{n}'}\n" for n in range(40))
    path.write_text(f"--- a/a.txt\n+++ b/a.txt\n@@ -1 +1,41 @@\n y\n{lines}")
    only_lines = ("--operators", "revert-line")
    found = whydiff("flip", path, *only_lines, "--budget", 200)
    assert "None of the 3 line edits can be left out alone" in found.out
    said = " ".join(found.out.split())
    assert f"At most {40 * 39 // 2} more queries would look through all sets of edits smaller than way 1: " in said
    options = said.split("smaller than way 1: ")[1].rstrip(".").split()
    proved = whydiff("flip", path, *only_lines, *options)
    assert "No set of fewer than 3 line edits" in proved.out
    assert "more queries would" not in proved.out


def test_wrong_options(refused, planted, two_files: Path) -> None:
    assert "revert-line, revert-run, drop-added" in refused("flip", two_files, "--operators", "magic")
    assert "--max-edits" in refused("flip", two_files, "--max-edits", 0)
    assert "seconds" in refused("flip", two_files, "--seconds", "nan")
    assert planted.asked == []


def test_a_function_is_a_model(whydiff, refused, two_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flip_judge.py").write_text(
        "def judge(changes):\n    return [0.9 if 'danger' in patch else 0.1 for patch, _ in changes]\n"
        "def short(changes):\n    return []\n"
    )
    monkeypatch.chdir(tmp_path)
    data = flipped(whydiff, two_files, "--model", "python:flip_judge:judge")
    assert data["model"]["path"] == "python:flip_judge:judge"
    assert data["counterfactuals"][0]["edits"][0]["before"] == "+    danger()"
    assert "but got 0 of them" in refused("flip", two_files, "--model", "python:flip_judge:short")
    assert "Expected a model such as" in refused("flip", two_files, "--model", "python:flip_judge")
    told = whydiff("score", two_files, "--model", "python:flip_judge:judge", "--format", "json")
    assert json.loads(told.out)["score"] == 0.9
