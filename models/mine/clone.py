"""A local clone, looked at from outside: its objects are read, its configuration, attributes, hooks and refs are not.

Everything after the first questions (where is HEAD, where are the objects) goes through a ``View``: a bare repository of
our own beside the output, with our own configuration, that borrows the clone's objects as alternates. So nothing that the
clone configures can run or change a diff, bare and checked-out clones give the same dataset, and the index of changed
paths that makes blame fast can be written without touching the clone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryFile

from models.change.git_process import said, start
from models.errors import RevisionError

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ODD = re.compile(r"[^\w.+-]+")
_REMOTE = re.compile(r"(?:[a-z+]+://|[^/@:]+@[^/:]+:|[^/:]+:(?!//))(.+)", re.DOTALL)
_SETTINGS = "[core]\n\trepositoryformatversion = {version}\n\tbare = true\n\tabbrev = 10\n\tbigFileThreshold = 16m\n"
_COMPLAINT = 4096


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone on this machine; ``head`` is the full hash of the commit that HEAD names."""

    path: Path
    project: str
    head: str
    objects: Path
    object_format: str


def look(path: Path, name: str = "") -> Clone:
    """The clone around ``path``; ``name`` is its project, by default owner/name of its remote, else its folder's name.

    Raises RevisionError for what is no repository, has no commit, or has lost its past (a shallow clone).
    """
    code, out, error = _ask(path, "rev-parse", "--is-shallow-repository", "--show-object-format")
    if "dubious ownership" in error:
        raise RevisionError(
            f"{path} belongs to another user; if you trust it, run: git config --global --add safe.directory {path.resolve()}"
        )
    if code:
        raise RevisionError(f"{path} cannot be read as a git repository ({error}); pass the folder of a clone.")
    shallow, object_format = out.split()
    if shallow == "true":
        raise RevisionError(f"{path} is a shallow clone, so its past is missing; run git fetch --unshallow there.")
    code, out, _ = _ask(path, "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}")
    head = out.strip()
    if code or not _HASH.fullmatch(head):
        raise RevisionError(f"{path} has no commit at HEAD, so there is no history to mine; commit or check out a branch first.")
    return Clone(path, name or _project(path), head, _place(path, "--git-path", "objects"), object_format)


def _place(path: Path, *what: str) -> Path:
    return Path(_ask(path, "rev-parse", "--path-format=absolute", *what)[1].removesuffix("\n"))


def _project(path: Path) -> str:
    code, out, _ = _ask(path, "config", "--local", "--no-includes", "--null", "--get-regexp", r"^remote\..*\.url$")
    urls = dict(entry.split("\n", 1) for entry in out.split("\0") if "\n" in entry) if code == 0 else {}
    remote = urls.get("remote.origin.url") or next(iter(urls.values()), "")
    own = _place(path, "--git-common-dir").resolve()
    return project_of(remote) or _clean((own.parent if own.name == ".git" else own).name.removesuffix(".git")) or "project"


def project_of(url: str) -> str:
    """owner/name of a remote's address, the last name of a local path, "" of what is neither; passwords never survive."""
    found = _REMOTE.fullmatch(url)
    local = found is None or url.startswith("file:")
    path = url if found is None else found[1]
    parts = [_clean(part) for part in path.rstrip("/").removesuffix(".git").rstrip("/").split("/")]
    names = [part for part in parts if part.strip(".")]
    if found is not None and "://" in url and not local:
        names = names[1:]
    return "/".join(names[-1:] if local else names[-2:])


def _clean(name: str) -> str:
    return _ODD.sub("-", name).strip("-")


def _ask(path: Path, *arguments: str) -> tuple[int, str, str]:
    """(exit code, output, complaint) of one short question to the clone itself."""
    with TemporaryFile() as errors, start(("-C", str(path)), arguments, {}, errors) as process:
        assert process.stdout
        out = process.stdout.read().decode("utf-8", "surrogateescape")
        code = process.wait()
        errors.seek(0)
        return code, out, said(errors.read(_COMPLAINT))


@dataclass(frozen=True, slots=True)
class View:
    """Our own bare repository ``folder`` that borrows the objects of ``clone``."""

    folder: Path
    clone: Clone

    @classmethod
    def of(cls, clone: Clone, folder: Path) -> View:
        """Make ``folder`` a view of ``clone``, or bring the one that is there up to date."""
        info = folder / "objects" / "info"
        info.mkdir(parents=True, exist_ok=True)
        (folder / "refs").mkdir(exist_ok=True)
        for lock in info.glob("*.lock"):  # of a run that was killed; whoever mines holds the lock of the whole state
            lock.unlink()
        odd = clone.object_format != "sha1"
        settings = _SETTINGS.format(version=int(odd))
        (folder / "config").write_text(settings + (f"[extensions]\n\tobjectFormat = {clone.object_format}\n" if odd else ""))
        (info / "alternates").write_bytes(_quoted(clone.objects))
        (folder / "HEAD").write_text(clone.head + "\n")
        return cls(folder, clone)

    @contextmanager
    def running(self, *arguments: str, feed: bytes | None = None) -> Iterator[Popen[bytes]]:
        """A git command on the view, stopped when the block is left early; ``feed`` (up to 64 KiB) is its input.

        Raises RevisionError when it failed.
        """
        place = (f"--git-dir={self.folder}",)
        with TemporaryFile() as errors, start(place, arguments, {}, errors, feed=feed is not None) as process:
            try:
                if feed:
                    self._feed(process, feed)
                yield process
            except BaseException:
                process.kill()
                raise
            if process.stdin:
                process.stdin.close()
            if process.wait():
                errors.seek(0)
                raise self.failure(arguments[0], said(errors.read(_COMPLAINT)))

    def output(self, *arguments: str, feed: bytes | None = None) -> bytes:
        """All that a git command prints."""
        with self.running(*arguments, feed=feed) as process:
            assert process.stdout
            return process.stdout.read()

    def failure(self, verb: str, reason: str) -> RevisionError:
        """The error for a command that could not read the clone's objects."""
        return RevisionError(
            f"git {verb} could not read the history of {self.clone.path} ({reason}); is it a partial clone, or damaged? "
            "Clone it whole, or check it with git fsck."
        )

    def index_paths(self) -> None:
        """Write down which paths each commit changes (Bloom filters), so that blame skips commits without looking."""
        self.output("commit-graph", "write", "--stdin-commits", "--changed-paths", feed=f"{self.clone.head}\n".encode())

    @staticmethod
    def _feed(process: Popen[bytes], feed: bytes) -> None:
        assert process.stdin
        try:
            process.stdin.write(feed)
            process.stdin.close()
        except BrokenPipeError:
            return  # its exit code tells why


def _quoted(objects: Path) -> bytes:
    """A line of the alternates file, quoted as C does so that no path is mistaken for something else."""
    plain = os.fsencode(objects)
    body = b"".join(bytes([one]) if 32 <= one < 127 and one not in b'"\\' else b"\\%03o" % one for one in plain)
    return b'"' + body + b'"\n'
