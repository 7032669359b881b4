"""Reading a repository: revisions, ranges, merges, and that nothing a repository configures is ever run."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
from pathlib import Path

import pytest

from models.change import git, git_process
from models.change.git import recent, show
from models.change.source import read_input
from models.change.types import FileStatus
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
