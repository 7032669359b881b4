"""The 14 change metrics of Kamei et al. 2013 ("A large-scale empirical study of just-in-time quality assurance").

Each is computed from the change and from the changes before it in the history's order; nothing later is ever looked at.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from models.mine.history import DAY

NAMES = ("ns", "nd", "nf", "entropy", "la", "ld", "lt", "ndev", "age", "nuc", "exp", "rexp", "sexp", "fix")
_YEAR = 365.25 * DAY


@dataclass(frozen=True, slots=True)
class File:
    """One file of a change; ``old_path`` differs from ``path`` where it was renamed. Numbers are lines."""

    path: str
    old_path: str
    added: int
    deleted: int
    lines_before: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change; ``author`` tells authors apart, ``when`` is in seconds."""

    author: bytes
    when: int
    fix: bool
    files: Sequence[File]


@dataclass(slots=True)
class _FilePast:
    last: int = 0
    changes: set[int] = field(default_factory=set)
    authors: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Past:
    """All changes so far, as the metrics need them."""

    _files: dict[str, _FilePast] = field(default_factory=dict)
    _dates: defaultdict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    _in_subsystem: defaultdict[tuple[bytes, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    _count: int = 0

    def measure(self, change: Change) -> dict[str, float]:
        """The metrics of ``change`` by name.

        ns, nd, nf: subsystems (first folders), folders and files it touches. entropy: of its lines over the files, in bits.
        la, ld: lines added and deleted. lt: lines of the files before, summed. ndev: authors who changed the files before.
        age: days since each file's last change, on average over the files that have one. nuc: changes to the files before.
        exp: changes by the author before; rexp: the same, each worth 1 / (1 + full years since); sexp: those of them that
        touch a subsystem of the change. fix: 1 if it mends a defect, else 0.
        """
        subsystems = {subsystem(file.path) for file in change.files}
        known = [past for file in change.files if (past := self._files.get(file.old_path))]
        return {
            "ns": float(len(subsystems)),
            "nd": float(len({file.path.rpartition("/")[0] for file in change.files})),
            "nf": float(len(change.files)),
            "entropy": entropy([file.added + file.deleted for file in change.files]),
            "la": float(sum(file.added for file in change.files)),
            "ld": float(sum(file.deleted for file in change.files)),
            "lt": float(sum(file.lines_before for file in change.files)),
            "ndev": float(len(set().union(*(past.authors for past in known)))),
            "age": _mean(max(0, change.when - past.last) / DAY for past in known),
            "nuc": float(len(set().union(*(past.changes for past in known)))),
            "exp": float(len(self._dates[change.author])),
            "rexp": self._recent(change),
            "sexp": float(len(set().union(*(self._in_subsystem[change.author, one] for one in subsystems)))),
            "fix": float(change.fix),
        }

    def add(self, change: Change) -> None:
        """``change`` becomes part of the past; a renamed file keeps its own."""
        for file in change.files:
            past = self._files.pop(file.old_path, None) or _FilePast()
            past.last = change.when
            past.changes.add(self._count)
            past.authors.add(change.author)
            self._files[file.path] = past
        for one in {subsystem(file.path) for file in change.files}:
            self._in_subsystem[change.author, one].add(self._count)
        insort(self._dates[change.author], change.when)
        self._count += 1

    def _recent(self, change: Change) -> float:
        """Past changes of the author, each by 1 / (1 + full years since); one dated later counts as of today."""
        dates = self._dates[change.author]
        total, end, years = 0.0, len(dates), 0
        while end:
            start = bisect_right(dates, change.when - (years + 1) * _YEAR, hi=end)
            total += (end - start) / (1 + years)
            end, years = start, years + 1
        return total


def subsystem(path: str) -> str:
    """The first folder of ``path``; "" for a file in the root."""
    first, slash, _ = path.partition("/")
    return first if slash else ""


def entropy(lines: Iterable[int]) -> float:
    """Shannon's entropy of how ``lines`` are spread, in bits; 0 when there are none."""
    counts = [one for one in lines if one]
    total = sum(counts)
    return -sum(one / total * math.log2(one / total) for one in counts) + 0.0 if total else 0.0


def _mean(values: Iterable[float]) -> float:
    some = list(values)
    return sum(some) / len(some) if some else 0.0
