"""The gate that a hook needs: --fail-if-flagged, and the hook that pre-commit is offered."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.models.classify.light_toys import write_bag

ROOT = Path(__file__).resolve().parents[3]
DANGER = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+danger\n"
HARMLESS = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+y\n"
FORMS = ("text", "json", "html", "markdown", "sarif", "rdjsonl", "github")


@pytest.fixture
def harmless(tmp_path: Path) -> Path:
    path = tmp_path / "harmless.diff"
    path.write_text(HARMLESS)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_flagged_change_fails_the_gate_and_is_explained_all_the_same(whydiff, planted, two_files: Path, form: str) -> None:
    arguments = ("explain", two_files, "--method", "occlusion", "--format", form)
    usual, gated = whydiff(*arguments), whydiff(*arguments, "--fail-if-flagged")
    assert (usual.code, gated.code) == (0, 1)
    assert gated.out == usual.out != ""
    assert gated.err == ""


def test_one_that_is_not_flagged_passes(whydiff, planted, harmless: Path) -> None:
    for verb in ("explain", "score"):
        assert whydiff(verb, harmless, "--fail-if-flagged").code == 0


@pytest.mark.parametrize("extra", [(), ("--format", "json")])
def test_one_flagged_change_of_several_fails_the_gate_of_score(whydiff, planted, two_files, harmless, extra) -> None:
    assert whydiff("score", harmless, two_files, *extra).code == 0
    result = whydiff("score", harmless, two_files, "--fail-if-flagged", *extra)
    assert (result.code, "flagged" in result.out) == (1, True)


def test_a_dataset_fails_by_any_row(whydiff, planted, tmp_path: Path) -> None:
    for name, texts, code in (("bad", [HARMLESS, "no diff", DANGER], 1), ("good", [HARMLESS, "no diff"], 0)):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"diff": texts}), path)
        assert whydiff("score", path, "--fail-if-flagged").code == code
        assert whydiff("score", path, "--fail-if-flagged", "-o", tmp_path / "out.parquet").code == code


def test_what_cannot_be_done_is_no_failed_gate(refused, planted, tmp_path: Path) -> None:
    refused("explain", tmp_path / "none.diff", "--fail-if-flagged")


KEYS = {
    "id", "name", "entry", "language", "files", "exclude", "types", "types_or", "exclude_types", "always_run", "fail_fast",
    "verbose", "pass_filenames", "require_serial", "description", "language_version", "minimum_pre_commit_version", "args",
    "stages", "additional_dependencies", "log_file",
}  # fmt: skip
STAGES = {
    "commit-msg", "post-checkout", "post-commit", "post-merge", "post-rewrite", "pre-commit", "pre-merge-commit", "pre-push",
    "pre-rebase", "prepare-commit-msg", "manual",
}  # fmt: skip


def hook() -> dict[str, str]:
    """The one hook: a list of one mapping with one plain line a key, which is all of YAML that it needs."""
    lines = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8").splitlines()
    matches = [re.fullmatch(r"(- |  )([a-z_]+): (\S.*)", line) for line in lines if not line.startswith("#")]
    assert all(matches)
    assert [match[1] for match in matches if match].count("- ") == 1
    assert matches[0] is not None
    assert matches[0][1] == "- "
    found = {match[2]: match[3] for match in matches if match}
    assert len(found) == len(matches)
    return found


def test_the_hook_has_only_keys_that_pre_commit_documents() -> None:
    found = hook()
    assert set(found) <= KEYS
    assert {"id", "name", "entry", "language"} <= set(found)
    assert (found["id"], found["language"], found["pass_filenames"]) == ("whydiff", "python", "false")
    assert set(found["stages"].strip("[]").split(", ")) <= STAGES
    assert re.fullmatch(r"'\d+\.\d+\.\d+'", found["minimum_pre_commit_version"])


def test_the_entry_is_a_command_of_ours() -> None:
    program, verb, *rest = shlex.split(hook()["entry"])
    assert (program, verb) == ("whydiff", "explain")
    assert ":staged" in rest
    assert "--fail-if-flagged" in rest


def test_the_hook_stops_a_commit_that_is_flagged_and_no_other(tmp_path: Path) -> None:
    """As git runs it: in the repository, with the index of that commit, and nobody's shell but the hook's."""
    model = write_bag(tmp_path / "model", {"+danger": 9.0}, bias=-5.0)
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "-q")
    program = [sys.executable, "-m", "app.cli.main", *shlex.split(hook()["entry"])[1:], "--model", str(model)]
    script = repo / ".git" / "hooks" / "pre-commit"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(program)}\n")
    script.chmod(0o755)
    for text, stopped in (("safe()", False), ("danger()", True), ("safe(2)", False)):
        (repo / "a.py").write_text(text + "\n")
        done = git(repo, "commit", "-q", "-m", text, "a.py") if text == "safe(2)" else staged_commit(repo, text)
        assert (done.returncode != 0) == stopped, done.stderr
        assert ("Flagged: the model gives" in done.stdout + done.stderr) == stopped
    assert git(repo, "log", "--format=%s").stdout.split() == ["safe(2)", "safe()"]


def staged_commit(repo: Path, message: str) -> subprocess.CompletedProcess[str]:
    git(repo, "add", "a.py")
    return git(repo, "commit", "-q", "-m", message)


def git(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(repo), "OMP_NUM_THREADS": "1"} | who
    return subprocess.run(["git", *arguments], cwd=repo, env=environment, capture_output=True, text=True, check=False)
