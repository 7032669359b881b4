"""SZZ: the commits that last touched the lines which a fix deletes or changes are taken to have introduced the defect.

Śliwerski, Zimmermann, Zeller 2005 ("When do changes induce fixes?"), without blank lines, comments and changes of format
(Kim et al. 2006, "Automatic identification of bug-introducing changes") and without meta-changes as culprits (merges, mass
reformatting; da Costa et al. 2017, MA-SZZ). Besides, to keep blame where a defect can live, these lines of a fix are not
traced: of tests, documentation and generated files; imports and bare brackets; lines that the fix only moves to another
place; blocks that only change their format; deleted files. A fix that only adds lines has no culprit that SZZ can see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from models.change.parse import parse
from models.change.types import FileDiff, FileStatus, Hunk, LineKind
from models.errors import InputError
from models.mine.blame import Asked, Blamed, blame
from models.mine.blobs import Blobs, lines_in
from models.mine.clone import View
from models.mine.code import code_lines, may_hold_defects, unspaced
from models.mine.history import Commit, History
from models.mine.log import Entry, read_log

_FLAGS = ("-U0", "-w", "--ignore-blank-lines")
_MOST = 8_000_000


class Outcome(StrEnum):
    """What became of a fix; the value is what the report calls it."""

    TRACED = "traced fixes"
    TANGLED = "fixes that delete too many lines"
    NOTHING = "fixes that delete no line of code"
    UNREADABLE = "fixes whose diff is too large or cannot be read"
    NOBODY = "fixes whose lines have no culprit left"


@dataclass(frozen=True, slots=True)
class Trace:
    """A fix, and by culprit the (path, text) of the lines there that the fix deletes; ``passed`` counts lines left out."""

    fix: str
    outcome: Outcome
    culprits: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)

    def main(self, min_share: float) -> dict[str, list[tuple[str, str]]]:
        """The culprits that wrote at least ``min_share`` of all the lines."""
        total = sum(map(len, self.culprits.values()))
        return {culprit: lines for culprit, lines in self.culprits.items() if len(lines) >= min_share * total}


@dataclass(frozen=True, slots=True)
class Tracer:
    """Traces fixes of one history.

    ``never`` are commits that are no culprits (reformatting); the file ``passed_over`` lists them, for git to look through.
    """

    view: View
    history: History
    never: Collection[str]
    passed_over: Path | None
    max_deleted: int

    def trace(self, fixes: Sequence[str]) -> Iterator[Trace]:
        """Trace some fixes (full hashes, at most ``log.AT_ONCE``), in order."""
        with Blobs.of(self.view) as blobs:
            for entry in read_log(self.view, fixes, _MOST + 1, *_FLAGS):
                yield self._trace(entry, blobs)

    def _trace(self, entry: Entry, blobs: Blobs) -> Trace:
        fix = self.history.commits[self.history.position[entry.id]]
        files = _changed(entry) if fix.parents else []
        if files is None:
            return Trace(fix.id, Outcome.UNREADABLE)
        deleted = _deleted(files)
        if sum(map(len, deleted.values())) > self.max_deleted:
            return Trace(fix.id, Outcome.TANGLED)
        asked = list(self._asked(entry, fix, deleted, blobs))
        if not asked:
            return Trace(fix.id, Outcome.NOTHING)
        return self._judged(fix, [line for one in asked for line in blame(self.view, one, self.passed_over)])

    def _asked(self, entry: Entry, fix: Commit, deleted: Mapping[str, list[int]], blobs: Blobs) -> Iterator[Asked]:
        """What to blame: of the lines ``deleted``, by old path, those that hold code."""
        blob_of = {file.old_path: file.old_blob for file in entry.files}
        for path, lines in deleted.items():
            content = blobs.read(blob_of[path]) if blob_of.get(path) else b""
            code = code_lines(path, content, lines)
            if code:
                yield Asked(fix.parents[0], path, tuple(code), lines_in(content))

    def _judged(self, fix: Commit, lines: Sequence[Blamed]) -> Trace:
        culprits: dict[str, list[tuple[str, str]]] = {}
        passed: Counter[str] = Counter()
        for line in lines:
            reason = self._innocent(fix, line.commit)
            if reason:
                passed[reason] += 1
            else:
                culprits.setdefault(line.commit, []).append((line.path, line.text))
        return Trace(fix.id, Outcome.TRACED if culprits else Outcome.NOBODY, culprits, dict(passed))

    def _innocent(self, fix: Commit, commit: str) -> str:
        """Why ``commit`` cannot have introduced what ``fix`` mends; "" when it can."""
        culprit = self.history.get(commit)
        if culprit is None or len(culprit.parents) > 1:
            return "lines that a merge wrote"
        if commit in self.never:
            return "lines of reformatting commits"
        # An ancestor whose clock is later than the fix's: one of the two is wrong, and so would be the delay.
        return "lines of commits dated after the fix" if culprit.committed > fix.committed else ""


def _changed(entry: Entry) -> list[FileDiff] | None:
    """The changed files of a fix that may hold defects, renamed ones included; None when its diff cannot be read."""
    if len(entry.patch) > _MOST:
        return None
    if not entry.patch:
        return []
    try:
        files = parse(entry.patch.decode("utf-8", "surrogateescape")).files
    except InputError:
        return None
    kinds = {FileStatus.MODIFIED, FileStatus.RENAMED}
    return [file for file in files if file.status in kinds and may_hold_defects(file.old_path)]


def _deleted(files: Sequence[FileDiff]) -> dict[str, list[int]]:
    """By old path the numbers of deleted or changed lines, but for those that stand elsewhere afterwards."""
    hunks = [(file.old_path, hunk) for file in files for hunk in file.hunks if not _only_formats(hunk)]
    arrived = Counter(unspaced([text]) for _, hunk in hunks for text in _texts(hunk, LineKind.ADDED))
    found: dict[str, list[int]] = {}
    for path, hunk in hunks:
        for old, _, line in hunk.numbered():
            if line.kind is not LineKind.REMOVED or old is None or not line.text.strip():
                continue
            same = unspaced([line.text])
            if arrived[same]:
                arrived[same] -= 1
            else:
                found.setdefault(path, []).append(old)
    return found


def _only_formats(hunk: Hunk) -> bool:
    return unspaced(_texts(hunk, LineKind.REMOVED)) == unspaced(_texts(hunk, LineKind.ADDED))


def _texts(hunk: Hunk, kind: LineKind) -> list[str]:
    return [line.text for line in hunk.lines if line.kind is kind]
