"""The scanner: which lines of a text belong to which file's header, hunks and trailer. It keeps every line.

It reads as ``git apply`` does (a file begins at "diff --git" or at "---", "+++", "@@ -"; what stands between files is
carried along), with three differences: a diff inside the message of a mail is message, a hunk that git would skip is an
error with its line number, and combined diffs are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from models.change.limits import MAX_HEADER_LINE
from models.errors import MalformedDiffError

HUNK = re.compile(r"@@ -([0-9]{1,19})(?:,([0-9]{1,9}))? \+([0-9]{1,19})(?:,([0-9]{1,9}))? @@(.*)", re.DOTALL)
MAIL = re.compile(r"From [0-9a-f]{40}(?:[0-9a-f]{24})? \w{3} \w{3} ")

_EXTENDED = (
    "old mode ", "new mode ", "deleted file mode ", "new file mode ", "copy from ", "copy to ", "rename from ",
    "rename to ", "rename old ", "rename new ", "similarity index ", "dissimilarity index ", "index ",
)  # fmt: skip
_BEFORE_HEADER = ("Index: ", "=====", "diff ", "RCS file: ", "retrieving revision ")
_COMBINED = ("diff --cc ", "diff --combined ", "@@@ -", "@@@@ -")
_BINARY_PATCH = "GIT binary patch"
ATTACHED = (*_EXTENDED, "--- ", "@@ -", "\\", "Binary files ", "Files ", _BINARY_PATCH)
"""How a line begins that the scanner takes for the continuation of the file right before it."""

_SIGNATURES = ("-- ", "--")
_BINARY_CHUNK = re.compile(r"(?:literal|delta) \d{1,12}\r?")
_STAT = re.compile(r" \S.* \| +(?:\d+|Bin)")


@dataclass(slots=True)
class Block:
    """The lines of one file: ``hunks`` holds (line number, header line, body lines)."""

    lead: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    hunks: list[tuple[int, str, list[str]]] = field(default_factory=list)
    trailer: list[str] = field(default_factory=list)
    binary: bool = False


def scan(lines: Sequence[str]) -> tuple[list[str], list[Block], list[str]]:
    """(lines before the first file, files, lines after the last one); raises MalformedDiffError."""
    blocks: list[Block] = []
    preamble: list[str] = []
    pending: list[str] = []
    i = 0
    while i < len(lines):
        after = _skip_message(lines, i)
        if after > i:
            pending += lines[i:after]
            i = after
        elif _starts_file(lines, i):
            block = Block()
            preamble = _lead(block, pending, preamble, first=not blocks)
            pending = []
            i = _header(lines, i, block)
            i = i if block.binary else _hunks(lines, i, block)
            blocks.append(block)
        else:
            _refuse(lines, i, seen=bool(blocks))
            pending.append(lines[i])
            i += 1
    if not blocks:
        return _bare_hunks(lines, pending)
    return preamble, blocks, pending


def _lead(block: Block, pending: list[str], preamble: list[str], *, first: bool) -> list[str]:
    """Give the pending lines to the block (those that speak of this file to its header) or to the preamble."""
    cut = len(pending)
    while cut and pending[cut - 1].startswith(_BEFORE_HEADER):
        cut -= 1
    block.header = pending[cut:]
    if first:
        return pending[:cut]
    block.lead = pending[:cut]
    return preamble


def _skip_message(lines: Sequence[str], i: int) -> int:
    """The index after the message of the mail that begins at ``i``, or ``i``: a diff pasted into a message is no file.

    The message ends at the first "---" that a diffstat follows; without one it cannot be told from the patch.
    """
    if not (lines[i].startswith("From ") and MAIL.match(lines[i][:128])):
        return i
    for j in range(i + 1, len(lines) - 1):
        if lines[j].startswith("From ") and MAIL.match(lines[j][:128]):
            return i
        if lines[j].rstrip("\r") == "---" and _STAT.match(lines[j + 1][:MAX_HEADER_LINE]):
            return j + 1
    return i


def _refuse(lines: Sequence[str], i: int, *, seen: bool) -> None:
    line = lines[i]
    if line.startswith(_COMBINED):
        raise MalformedDiffError(
            f"Line {i + 1} begins a combined diff of a merge, which has no single side to compare with; "
            "pass the output of git show -m --first-parent instead."
        )
    if seen and line.startswith("@@ -") and HUNK.match(line):
        raise MalformedDiffError(
            f"The hunk at line {i + 1} stands after text that belongs to no file, so its file is unknown; re-create the diff."
        )


def _starts_file(lines: Sequence[str], i: int) -> bool:
    if lines[i].startswith("diff --git "):
        following = lines[i + 1] if i + 1 < len(lines) else ""
        return following.startswith((*_EXTENDED, _BINARY_PATCH, "Binary files ")) or _sides_at(lines, i + 1)
    return _sides_at(lines, i) and i + 2 < len(lines) and lines[i + 2].startswith("@@ -")


def _sides_at(lines: Sequence[str], i: int) -> bool:
    return i + 1 < len(lines) and lines[i].startswith("--- ") and lines[i + 1].startswith("+++ ")


def _header(lines: Sequence[str], i: int, block: Block) -> int:
    start = i
    if lines[i].startswith("diff --git "):
        i += 1
        while i < len(lines) and lines[i].startswith(_EXTENDED):
            i += 1
    if _sides_at(lines, i):
        i += 2
    for n in range(start, i):
        if len(lines[n]) > MAX_HEADER_LINE:
            raise MalformedDiffError(
                f"The header line {n + 1} has {len(lines[n])} characters, at most {MAX_HEADER_LINE} are read; re-create the diff."
            )
    block.header += lines[start:i]
    if i < len(lines) and lines[i].startswith("@@ -") and not _sides_at(lines, i - 2):
        raise MalformedDiffError(f"The hunk at line {i + 1} lacks the --- and +++ lines that name its file; re-create the diff.")
    return _binary(lines, i, block)


def _binary(lines: Sequence[str], i: int, block: Block) -> int:
    if i >= len(lines):
        return i
    line = lines[i].rstrip("\r")
    if line.startswith(("Binary files ", "Files ")) and line.endswith(" differ"):
        block.binary = True
        block.trailer.append(lines[i])
        return i + 1
    if line == _BINARY_PATCH:
        block.binary = True
        end = _binary_chunk(lines, i + 1)
        if end == i + 1:
            raise MalformedDiffError(f"The binary patch at line {i + 1} has no literal or delta part; re-create the diff.")
        end = _binary_chunk(lines, end)
        block.trailer += lines[i:end]
        return end
    return i


def _binary_chunk(lines: Sequence[str], i: int) -> int:
    """The index after one "literal N" or "delta N" with its lines and the empty line that ends it, or ``i``."""
    if i >= len(lines) or not _BINARY_CHUNK.fullmatch(lines[i][:64]):
        return i
    while i < len(lines) and lines[i].rstrip("\r"):
        i += 1
    return min(i + 1, len(lines))


def _hunks(lines: Sequence[str], i: int, block: Block) -> int:
    while i < len(lines) and lines[i].startswith("@@ -"):
        match = HUNK.match(lines[i])
        if not match:
            raise MalformedDiffError(
                f'Line {i + 1} should read "@@ -start,count +start,count @@" with counts of at most 9 digits, '
                f"but reads {lines[i][:60]!r}; re-create the diff."
            )
        end = _hunk_end(lines, i, _count(match[2]), _count(match[4]))
        block.hunks.append((i + 1, lines[i], list(lines[i + 1 : end])))
        i = end
    return i


def _count(digits: str | None) -> int:
    return 1 if digits is None else int(digits)


def _hunk_end(lines: Sequence[str], start: int, old: int, new: int) -> int:
    """The index after the hunk's last line and the remark that may follow it."""
    i = start + 1
    while i < len(lines) and (old or new):
        marker = lines[i][:1]
        if marker not in ("+", "-", " ", "", "\\"):
            break
        if marker != "\\":
            old, new = old - (marker != "+"), new - (marker != "-")
        elif i == start + 1 or lines[i - 1].startswith("\\"):
            raise MalformedDiffError(f'The "\\" remark at line {i + 1} follows no line of its hunk; re-create the diff.')
        if old < 0 or new < 0:
            raise MalformedDiffError(f"The hunk at line {start + 1} has more lines than its header says; re-create the diff.")
        i += 1
    if old or new:
        raise MalformedDiffError(
            f"The hunk at line {start + 1} ends early: {old} old and {new} new lines are missing; pass the whole diff."
        )
    end = i + (start + 1 < i < len(lines) and lines[i].startswith("\\"))
    if end < len(lines) and is_surplus(lines[end]) and not _starts_file(lines, end):
        # git passes over such lines in silence; a reader would believe that they were read.
        raise MalformedDiffError(f"The hunk at line {start + 1} has more lines than its header says; re-create the diff.")
    return end


def is_surplus(line: str) -> bool:
    """Whether ``line``, right after a hunk, is one more than its header says; a mail's signature may follow a hunk."""
    return line.startswith(("+", "-")) and line.removesuffix("\r") not in _SIGNATURES


def _bare_hunks(lines: Sequence[str], pending: list[str]) -> tuple[list[str], list[Block], list[str]]:
    """Hunks without any file header, as the "patch" field of a forge's API holds them: one file without a name."""
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    block = Block()
    if not lines or not lines[first].startswith("@@ -"):
        return pending, [], []
    end = _hunks(lines, first, block)
    for n in range(end, len(lines)):
        _refuse(lines, n, seen=True)
    return list(lines[:first]), [block], list(lines[end:])
