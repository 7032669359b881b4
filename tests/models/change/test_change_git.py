"""Reading a repository: revisions, ranges, merges, and that nothing a repository configures is ever run."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
from pathlib import Path

import pytest

from models.change import git, git_process
from models.change.git import STAGED, recent, show, staged
from models.change.source import read_input
from models.change.types import FileStatus, LineKind
from models.errors import RevisionError

WHO = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"}
CLOCK = itertools.count(1_600_000_000)


def run(repo: Path, *arguments: str, stdin: str = "") -> str:
    now = f"{next(CLOCK)} +0000"
    dates = {"GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
    environment = {"PATH": os.environ["PATH"], "HOME": str(repo), "GIT_CONFIG_NOSYSTEM": "1"} | WHO | dates
    done = subprocess.run(
        ["git", "-C", str(repo), *arguments], env=environment, input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(repo: Path, message: str, **files: str) -> str:
    for name, text in files.items():
        (repo / name).write_text(text, newline="")
    run(repo, "add", "-A")
    run(repo, "commit", "-q", "--allow-empty", "-m", message)
    return run(repo, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    run(root, "init", "-q", "-b", "main")
    commit(root, "Root\n\nwith a body", x="a\n", y="y\n")
    commit(root, "Second", x="b\n")
    run(root, "checkout", "-q", "-b", "side", "HEAD~1")
    commit(root, "Side", z="z\n")
    run(root, "checkout", "-q", "main")
    run(root, "merge", "-q", "--no-ff", "-m", "Merge side", "side")
    return root


def test_a_commit_with_its_message(repo: Path) -> None:
    diff = show(repo, "main~1")
    assert diff.message == "Second"
    assert [(file.path, file.status, file.added, file.removed) for file in diff.files] == [("x", FileStatus.MODIFIED, 1, 1)]
    assert diff.preamble == ""


def test_the_root_commit_adds_everything(repo: Path) -> None:
    diff = show(repo, "main~2")
    assert diff.message == "Root\n\nwith a body"
    assert [(file.path, file.status) for file in diff.files] == [("x", FileStatus.ADDED), ("y", FileStatus.ADDED)]


def test_a_merge_is_compared_with_its_first_parent(repo: Path) -> None:
    assert [file.path for file in show(repo, "main").files] == ["z"]


def test_ranges(repo: Path) -> None:
    assert [file.path for file in show(repo, "main~2..main").files] == ["x", "z"]
    assert show(repo, "main~2..main").message.splitlines() == ["Merge side", "Side", "Second"]
    assert [file.path for file in show(repo, "main~1...side").files] == ["z"]
    assert [file.path for file in show(repo, "main~2..").files] == ["x", "z"]
    assert read_input("main~2..main", repo, io.BytesIO()) == show(repo, "main~2..main")


def test_a_tag_names_its_commit_and_renames_are_found(repo: Path) -> None:
    run(repo, "mv", "y", "new name é")
    commit(repo, "Move")
    run(repo, "tag", "-a", "-m", "tagged", "v1")
    file = show(repo, "v1").files[0]
    assert (file.status, file.old_path, file.path) == (FileStatus.RENAMED, "y", "new name é")


def test_recent(repo: Path, tmp_path: Path) -> None:
    assert [subject for _, subject in recent(repo, 2)] == ["Merge side", "Side"]
    assert all(len(sha) == 40 for sha, _ in recent(repo, 9))
    assert len(recent(repo, 9)) == 4
    run(tmp_path, "init", "-q", "empty")
    assert recent(tmp_path / "empty", 5) == []
    with pytest.raises(RevisionError, match="cannot be read"):
        recent(tmp_path / "missing", 5)


NO_REVISIONS = (
    "nope", "", "main..nope", "--output=stolen", "-p", "..", "main\0", "x" * 9000, "main:x", "^main", "^main..main", "\udce9",
)  # fmt: skip


@pytest.mark.parametrize("revision", NO_REVISIONS)
def test_what_is_no_revision_is_said_so(repo: Path, revision: str) -> None:
    before = sorted(os.listdir(repo))
    if revision == "..":
        with pytest.raises(RevisionError, match="changes no file"):
            show(repo, revision)
    else:
        with pytest.raises(RevisionError, match="is no revision or range") as caught:
            show(repo, revision)
        assert len(str(caught.value)) < 300
    assert sorted(os.listdir(repo)) == before


def test_a_subject_is_one_line_whatever_it_holds(repo: Path) -> None:
    commit(repo, "one\u2028two\ftree\x85four")
    subjects = [subject for _, subject in recent(repo, 2)]
    assert subjects == ["one\u2028two\ftree\x85four", "Merge side"]


def test_what_is_checked_out_changes_no_diff(repo: Path) -> None:
    body = "".join(f"    x{n} = {n}\n" for n in range(9))
    commit(repo, "Class", **{"a.py": f"class A:\n  def f(self):\n{body}"})
    last = commit(repo, "Edit", **{"a.py": f"class A:\n  def f(self):\n{body}    y = 1\n"})
    run(repo, "config", "core.abbrev", "12")
    before = show(repo, last)
    commit(repo, "Attributes", **{".gitattributes": "*.py diff=python\n"})
    assert show(repo, last) == before
    (repo / ".gitattributes").write_text("*.py -diff\n")
    assert show(repo, last) == before


def test_a_flood_of_complaints_does_not_block(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("".join(f"x{n} !!bad{n}\n" for n in range(4000)))
    monkeypatch.setattr(git, "_SECONDS", 30)
    assert show(repo, "main~1").files[0].path == "x"


def test_a_git_that_never_answers_is_stopped(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    git_process._trusted()
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.2)
    with pytest.raises(RevisionError, match="no answer in"):
        show(repo, "main")


def test_a_folder_of_another_user_is_named_and_its_exception_kept(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_process, "_ENVIRONMENT", git_process._ENVIRONMENT | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    with pytest.raises(RevisionError, match=r"belongs to another user.*safe\.directory"):
        show(repo, "main")
    monkeypatch.setattr(git_process, "_trusted", lambda: (str(repo),))
    assert show(repo, "main").files
    home = repo.parent / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[safe]\n directory = /a b\n directory = *\n")
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(home))
    assert git_process._trusted.__wrapped__()[-2:] == ("/a b", "*")


def test_empty_and_unrelated_changes_are_refused(repo: Path) -> None:
    commit(repo, "Nothing")
    with pytest.raises(RevisionError, match="changes no file"):
        show(repo, "HEAD")
    run(repo, "checkout", "-q", "--orphan", "other")
    commit(repo, "Other")
    with pytest.raises(RevisionError, match="no common commit"):
        show(repo, "main...other")


def test_a_shallow_clone_is_no_root(repo: Path, tmp_path: Path) -> None:
    run(tmp_path, "clone", "-q", "--depth=1", f"file://{repo}", "shallow")
    with pytest.raises(RevisionError, match="shallow"):
        show(tmp_path / "shallow", "HEAD")


def test_too_large_a_change_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MAX_BYTES", 100)
    with pytest.raises(RevisionError, match="more than"):
        show(repo, "main~2")


def test_without_git_the_sentence_says_so(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RevisionError, match="git was not found"):
        show(repo, "main")


def test_the_users_display_settings_do_not_show(repo: Path) -> None:
    expected = show(repo, "main~2..main")
    settings = {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "color.ui": "always", "diff.context": "0", "diff.renames": "no",
        "diff.algorithm": "patience", "diff.wordRegex": ".", "diff.submodule": "log", "log.showSignature": "true",
        "core.quotePath": "true",
    }  # fmt: skip
    for name, value in settings.items():
        run(repo, "config", name, value)
    assert show(repo, "main~2..main") == expected


CANARIES = (
    "diff.external", "diff.spy.textconv", "diff.spy.command", "core.fsmonitor", "core.pager", "pager.show", "pager.diff-tree",
    "pager.log", "gpg.program", "gpg.ssh.program", "core.editor", "core.askPass", "core.sshCommand", "core.gitProxy",
    "credential.helper", "filter.spy.clean", "filter.spy.smudge", "filter.spy.process", "core.alternateRefsCommand",
    "remote.origin.uploadpack", "uploadpack.packObjectsHook", "merge.spy.driver", "interactive.diffFilter", "sequence.editor",
)  # fmt: skip


def plant(repo: Path) -> Path:
    """Let every setting that can name a program name one that leaves a file behind; the path of that file."""
    canary, script, hooks = repo / ".git/canary", repo / ".git/spy", repo / ".git/planted"
    script.write_text(f'#!/bin/sh\necho "$0 $@" >> {canary}\ncat "$@" 2>/dev/null\nexit 0\n')
    script.chmod(0o755)
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc", "fsmonitor-watchman"):
        (hooks / hook).symlink_to(script)
    commit(repo, "Attributes", **{".gitattributes": "* diff=spy filter=spy merge=spy\n", "x": "c\n"})
    body = run(repo, "cat-file", "commit", "HEAD")
    head, _, message = body.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n\n{message}\n"
    run(repo, "update-ref", "HEAD", run(repo, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed))
    for name in CANARIES:
        run(repo, "config", name, str(script))
    run(repo, "config", "core.hooksPath", str(hooks))
    run(repo, "config", "log.showSignature", "true")
    return canary


def test_no_program_of_the_repository_runs(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = plant(repo)
    run(repo, "show", "HEAD")
    assert "spy" in canary.read_text(), "the canary is dead: plain git show must run it"
    canary.unlink()
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(repo / ".git/spy"))
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    assert [file.path for file in show(repo, "HEAD").files] == [".gitattributes", "x"]
    assert show(repo, "HEAD~1..HEAD").message == "Attributes"
    show(repo, "HEAD~1...HEAD")
    recent(repo, 5)
    with pytest.raises(RevisionError):
        show(repo, "nope")
    assert not canary.exists()


def test_a_partial_clone_fetches_nothing(repo: Path) -> None:
    canary = plant(repo)
    missing = run(repo, "rev-parse", "HEAD:x")
    (repo / ".git/objects" / missing[:2] / missing[2:]).unlink()
    for name, value in (("remote.origin.url", f"ext::{repo}/.git/spy"), ("remote.origin.promisor", "true")):
        run(repo, "config", name, value)
    run(repo, "config", "extensions.partialClone", "origin")
    run(repo, "config", "core.repositoryFormatVersion", "1")
    run(repo, "config", "protocol.ext.allow", "always")
    canary.unlink(missing_ok=True)
    with pytest.raises(RevisionError, match="failed in"):
        show(repo, "HEAD")
    assert not canary.exists()


def stage(repo: Path, **files: str) -> None:
    for name, text in files.items():
        (repo / name).write_text(text, newline="")
    run(repo, "add", "-A")


def test_what_is_staged_and_nothing_else(repo: Path) -> None:
    stage(repo, x="staged\n", new="n\n")
    (repo / "x").write_text("not staged\n")
    diff = staged(repo)
    assert [(file.path, file.status) for file in diff.files] == [("new", FileStatus.ADDED), ("x", FileStatus.MODIFIED)]
    assert [line.text for _, line in diff.lines() if line.kind is LineKind.ADDED] == ["n", "staged"]
    assert diff.message == ""
    assert read_input(STAGED, repo, io.BytesIO()) == diff
    run(repo, "commit", "-q", "--allow-empty-message", "-m", "")
    assert show(repo, "HEAD") == diff


def test_before_the_first_commit_everything_staged_is_new(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    stage(tmp_path, a="a\n")
    assert [(file.path, file.status) for file in staged(tmp_path).files] == [("a", FileStatus.ADDED)]


def test_reading_what_is_staged_writes_nothing_into_the_repository(repo: Path) -> None:
    stage(repo, x="staged\n", new="n\n")
    before = {path: path.read_bytes() for path in repo.rglob("*") if path.is_file()}
    staged(repo)
    assert {path: path.read_bytes() for path in repo.rglob("*") if path.is_file()} == before


def test_a_commit_of_some_files_has_an_index_of_its_own(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(repo, x="staged\n", new="n\n")
    said = repo / ".git" / "said"
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nprintf %s "$GIT_INDEX_FILE" > {said}\ncp "$GIT_INDEX_FILE" {repo}/.git/only-new\nexit 1\n')
    hook.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError):
        run(repo, "commit", "-q", "-m", "Only new", "new")
    assert said.read_text() != ".git/index"
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo / ".git" / "only-new"))
    assert [file.path for file in staged(repo).files] == ["new"]
    (tmp_path / "elsewhere").write_bytes((repo / ".git" / "only-new").read_bytes())
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere"))
    assert [file.path for file in staged(repo).files] == ["new", "x"]


def test_a_linked_work_tree_has_its_own(repo: Path, tmp_path: Path) -> None:
    run(repo, "worktree", "add", "-q", str(tmp_path / "other"), "side")
    stage(tmp_path / "other", z="staged there\n")
    assert [file.path for file in staged(tmp_path / "other").files] == ["z"]
    with pytest.raises(RevisionError, match="Nothing is staged"):
        staged(repo)


def test_what_cannot_be_committed_is_said(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match="Nothing is staged"):
        staged(repo)
    with pytest.raises(RevisionError, match="cannot be read as a git repository"):
        staged(tmp_path)
    commit(repo, "Third", x="third\n")
    run(repo, "checkout", "-q", "-b", "other", "HEAD~1")
    commit(repo, "Other", x="other\n")
    with pytest.raises(subprocess.CalledProcessError):
        run(repo, "merge", "-q", "main")
    with pytest.raises(RevisionError, match="has conflicts"):
        staged(repo)
    run(repo, "clone", "-q", "--bare", str(repo), str(tmp_path / "bare"))
    with pytest.raises(RevisionError, match="bare"):
        staged(tmp_path / "bare")


def test_a_file_of_that_name_hides_nothing(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(repo, x="staged\n", **{STAGED: "--- a/harmless\n+++ b/harmless\n@@ -1 +1 @@\n-a\n+b\n"})
    monkeypatch.chdir(repo)
    assert [file.path for file in read_input(STAGED, Path(), io.BytesIO()).files] == [STAGED, "x"]
    assert [file.path for file in read_input(f"./{STAGED}", Path(), io.BytesIO()).files] == ["harmless"]


def test_attributes_that_are_staged_hide_nothing(repo: Path) -> None:
    stage(repo, x="staged\n", **{".gitattributes": "* -diff\n"})
    assert [(file.path, file.binary) for file in staged(repo).files] == [(".gitattributes", False), ("x", False)]


def test_no_program_runs_for_what_is_staged(repo: Path) -> None:
    canary = plant(repo)
    stage(repo, x="staged\n")
    canary.unlink(missing_ok=True)
    assert [file.path for file in staged(repo).files] == ["x"]
    assert not canary.exists()
