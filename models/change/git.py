"""Changes out of a git repository, by the git command line, without running anything that the repository configures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from models.change.git_process import PATCH, said, start
from models.change.limits import MAX_BYTES
from models.change.parse import parse
from models.change.types import Diff
from models.errors import RevisionError, UnknownRevisionError

_DIFF = ("diff-tree", "--root", "--no-commit-id", "--full-index", *PATCH)
_SECONDS = 300
_NONE: Mapping[str, str] = MappingProxyType({})
_HASH = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\n")
STAGED = ":staged"
"""In place of a revision: what ``git commit`` would record now. For git it is a path in the index, never a commit."""


def show(repo: Path, revision: str) -> Diff:
    """The change of one revision against its first parent, or of a range ``A..B`` or ``A...B`` (from the merge base).

    The message is the commit's, for a range the subjects of its commits, newest first, one a line.
    Raises RevisionError with one sentence when git cannot read it or nothing changed.
    """
    one = _resolve(repo, revision)
    if one is not None:
        message = _text(repo, "log", "-1", "--no-walk", "--format=%B", one).strip()
        return _diff(repo, revision, [*_parent(repo, one), one], message)
    ends = _range(repo, revision)
    if ends is None:
        raise UnknownRevisionError(_unknown(repo, revision))
    message = _text(repo, "log", "--format=%s", f"{ends[0]}..{ends[1]}").strip()
    return _diff(repo, revision, ends, message)


def staged(repo: Path) -> Diff:
    """What ``git commit`` would record now: the index against HEAD, against nothing before the first commit. It has no message.

    The index becomes a tree in a folder of our own, from a copy: the repository is not written to, and attributes that
    are staged besides cannot change the diff. Raises RevisionError when nothing is staged or the index has conflicts.
    """
    with tempfile.TemporaryDirectory(prefix="whydiff-") as scratch:
        index, objects = _apart(repo, Path(scratch))
        tree = _git(repo, "write-tree", "--missing-ok", variables=index | objects)
        if tree.returncode:
            raise RevisionError(f"The index of {repo} has conflicts or is broken ({said(tree.stderr)}); see git status.")
        head = _resolve(repo, "HEAD") or _text(repo, "mktree", variables=objects).strip()
        text = _text(repo, *_DIFF, head, tree.stdout.decode("ascii").strip(), variables=objects)
    if not text:
        raise RevisionError(f"Nothing is staged in {repo}; run git add, or name a revision.")
    return parse(text, "")


def authored(repo: Path, revision: str) -> datetime | None:
    """When the change of a revision, or the first commit of a range, was written; None where git cannot tell."""
    ends = _range(repo, revision)
    named = f"{ends[0]}..{ends[1]}" if ends else _resolve(repo, revision)
    if named is None:
        return None
    dates = _text(repo, "log", *([] if ends else ["-1"]), "--format=%aI", named, "--").split()
    return min(map(datetime.fromisoformat, dates), default=None)


def recent(repo: Path, limit: int) -> list[tuple[str, str]]:
    """(full hash, subject) of the newest commits from HEAD, at most ``limit``; empty before the first commit."""
    head = _resolve(repo, "HEAD")
    if head is None:
        if _git(repo, "rev-parse", "--git-dir").returncode:
            raise RevisionError(_unknown(repo, "HEAD"))
        return []
    lines = _text(repo, "log", f"--max-count={max(limit, 0)}", "--format=%H %s", head).split("\n")
    return [(line[: len(head)], line[len(head) + 1 :]) for line in lines if line]


def _apart(repo: Path, scratch: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Variables by which git reads a copy of the index, and those by which it writes objects into ``scratch`` only.

    During ``git commit -a`` or ``git commit FILE``, git names an index of that commit, which counts when it is the repository's.
    """
    if _asked(repo, "--is-bare-repository") == "true":
        raise RevisionError(f"{repo} is a bare repository, in which nothing is staged; name a revision.")
    index, objects = (repo / _asked(repo, "--git-path", name) for name in ("index", "objects"))
    named = Path(os.environ.get("GIT_INDEX_FILE", index)).absolute()
    if named.parent.resolve() == index.parent.resolve():
        index = named
    if index.exists():
        shutil.copyfile(index, scratch / "index")
    own, quoted = scratch / "objects", str(objects.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    own.mkdir()
    stored = {"GIT_OBJECT_DIRECTORY": str(own), "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"'}
    return {"GIT_INDEX_FILE": str(scratch / "index")}, stored


def _asked(repo: Path, *question: str) -> str:
    """What ``git rev-parse`` says of ``repo`` itself."""
    done = _call(["-C", str(repo)], ["rev-parse", *question], {})
    if done.returncode:
        raise RevisionError(_unknown(repo, "HEAD"))
    return os.fsdecode(done.stdout.removesuffix(b"\n"))


def _range(repo: Path, revision: str) -> list[str] | None:
    dots = "..." if "..." in revision else ".."
    left, found, right = revision.partition(dots)
    first, second = _resolve(repo, left or "HEAD"), _resolve(repo, right or "HEAD")
    if not found or first is None or second is None:
        return None
    if dots == "...":
        base = _git(repo, "merge-base", first, second)
        if base.returncode:
            raise RevisionError(f"The two ends of {revision} have no common commit; use two dots to compare them directly.")
        first = base.stdout.decode("ascii").strip()
    return [first, second]


def _resolve(repo: Path, revision: str) -> str | None:
    """The full hash of a commit, or None."""
    if not revision or revision.startswith("-") or "\0" in revision:
        return None
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    named = _git(repo, *verify, os.fsdecode(revision.encode("utf-8", "replace")))
    # What names all but one commit (^HEAD) is resolved too, as a hash with a sign before it.
    if named.returncode or not _HASH.fullmatch(named.stdout):
        return None
    commit = _git(repo, *verify, named.stdout.decode("ascii").strip() + "^{commit}")
    return None if commit.returncode else commit.stdout.decode("ascii").strip()


def _parent(repo: Path, commit: str) -> list[str]:
    """The first parent that the commit names: in a shallow clone it may be missing, which is no root commit."""
    head = _text(repo, "cat-file", "commit", commit).partition("\n\n")[0]
    parents = [line.removeprefix("parent ") for line in head.split("\n") if line.startswith("parent ")]
    if parents and _git(repo, "cat-file", "-e", parents[0]).returncode:
        raise RevisionError(f"The parent of {commit[:12]} is not in {repo}, a shallow clone; run git fetch --deepen=1 there.")
    return parents[:1]


def _diff(repo: Path, revision: str, commits: list[str], message: str) -> Diff:
    text = _text(repo, *_DIFF, *commits)
    if not text:
        raise RevisionError(f"{revision} changes no file; choose another revision or range.")
    return parse(text, message)


def _unknown(repo: Path, revision: str) -> str:
    found = _git(repo, "rev-parse", "--git-dir")
    if b"dubious ownership" in found.stderr:
        return f"{repo} belongs to another user; if you trust it, run: git config --global --add safe.directory {repo.resolve()}"
    if found.returncode:
        return f"{repo} cannot be read as a git repository ({said(found.stderr)}); pass --repo with the folder of one."
    shown = revision if len(revision) <= 100 else revision[:100] + "…"
    return f"{shown!r} is no revision or range of {repo}; git log shows those there are."


def _text(repo: Path, *arguments: str, variables: Mapping[str, str] = _NONE) -> str:
    done = _git(repo, *arguments, variables=variables)
    if len(done.stdout) > MAX_BYTES:
        raise RevisionError(f"The change has more than {MAX_BYTES // 1_000_000} MB; choose a smaller range.")
    if done.returncode:
        raise RevisionError(f"git {arguments[0]} failed in {repo} ({said(done.stderr)}); check the repository with git fsck.")
    return done.stdout.decode("utf-8", "surrogateescape")


def _git(repo: Path, *arguments: str, variables: Mapping[str, str] = _NONE) -> subprocess.CompletedProcess[bytes]:
    """Run git on the repository around ``repo``; when there is none, the answer is that of the question where it is.

    It runs in an empty work tree with an empty index: the attributes of what happens to be checked out must not
    change a diff. ``variables`` are added to its environment.
    """
    with tempfile.TemporaryDirectory(prefix="whydiff-") as empty:
        where = _call(["-C", str(repo)], ["rev-parse", "--absolute-git-dir"], {})
        if where.returncode:
            return where
        folder = os.fsdecode(where.stdout.removesuffix(b"\n"))
        nothing = {"GIT_DIR": folder, "GIT_WORK_TREE": empty, "GIT_INDEX_FILE": str(Path(empty) / "index")}
        return _call(["-C", empty], arguments, nothing | dict(variables))


def _call(place: Sequence[str], arguments: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run git, reading no more than the limit plus one byte of what it prints, for at most ``_SECONDS``."""
    with tempfile.TemporaryFile() as errors, start(place, arguments, variables, errors) as process:
        out = _collect(process, arguments[0])
        errors.seek(0)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors.read(MAX_BYTES))


def _collect(process: subprocess.Popen[bytes], verb: str) -> bytes:
    assert process.stdout
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(_SECONDS, stop)
    timer.start()
    try:
        out = process.stdout.read(MAX_BYTES + 1)
        if len(out) > MAX_BYTES:
            process.kill()
        process.wait()
    finally:
        timer.cancel()
    if late.is_set():
        raise RevisionError(f"git {verb} gave no answer in {_SECONDS} seconds; choose a smaller range, or pass a patch file.")
    return out
