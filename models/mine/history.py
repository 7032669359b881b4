"""All commits of a history in order: who comes before whom, when, and by whom (without ever keeping a name)."""

from __future__ import annotations

import hashlib
import secrets
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from models.mine.clone import View

_FORMAT = "%H%x00%P%x00%at%x00%ct%x00%ae"
_LATEST = 32503680000  # the year 3000: what lies beyond is a broken clock, and more than some readers of Parquet take
DAY = 86400


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. ``author`` tells authors apart within one run and says nothing else.

    ``written`` and ``committed`` are seconds since 1970 (UTC) by the clocks of author and committer.
    """

    id: str
    parents: tuple[str, ...]
    author: bytes
    written: int
    committed: int


@dataclass(frozen=True)
class History:
    """Commits reachable from HEAD, parents before children, by committer's date where the graph leaves it open."""

    commits: tuple[Commit, ...]

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each commit stands in ``commits``."""
        return {commit.id: n for n, commit in enumerate(self.commits)}

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.position)

    @property
    def changes(self) -> tuple[Commit, ...]:
        """The commits that are no merges, oldest first."""
        return tuple(commit for commit in self.commits if len(commit.parents) < 2)

    @cached_property
    def newest(self) -> int:
        """The date of the newest commit, in seconds; a clock that runs ahead of ours does not count."""
        now = int(time.time())
        return max(min(commit.written, commit.committed, now) for commit in self.commits)

    def get(self, commit: str) -> Commit | None:
        """The commit with the full hash ``commit``."""
        at = self.position.get(commit)
        return None if at is None else self.commits[at]

    def matching(self, prefix: str) -> Sequence[str]:
        """The full hashes that begin with ``prefix``, at most two of them: none, the one, or ambiguous."""
        at = bisect_left(self._sorted, prefix)
        return [one for one in self._sorted[at : at + 2] if one.startswith(prefix)]


def read_history(view: View) -> History:
    """The history of HEAD. An author is the address, in lower case, keyed and hashed before anything else sees it.

    The key is drawn anew for every reading and never stored: addresses are read from git each time, which takes a
    second for 50,000 commits, so incremental runs need neither addresses nor hashes of them on disk.
    """
    key = secrets.token_bytes(32)
    commits = []
    with view.running("log", "--date-order", "--reverse", f"--format={_FORMAT}", view.clone.head) as process:
        assert process.stdout
        for line in process.stdout:
            commit, parents, written, committed, address = line.removesuffix(b"\n").split(b"\0", 4)
            author = hashlib.blake2b(address.strip().lower(), digest_size=16, key=key).digest()
            later = _seconds(committed, 0)
            names = tuple(parents.decode("ascii").split())
            commits.append(Commit(commit.decode("ascii"), names, author, _seconds(written, later), later))
    return History(tuple(commits))


def _seconds(text: bytes, default: int) -> int:
    """A date of git's; broken ones (some tools wrote them) are ``default``, absurd ones are bounded."""
    try:
        return min(max(int(text), 0), _LATEST)
    except ValueError:
        return default
