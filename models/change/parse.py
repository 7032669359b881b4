"""Text to ``Diff``: our scanner finds the files and keeps every byte, unidiff reads the hunks.

unidiff alone loses headers and binary payloads, refuses paths that git writes, and has regular expressions that
take minutes on one hostile header line; it is therefore given canonical headers and hunk bodies only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from unidiff import PatchSet, UnidiffParseError

from models.change.types import Diff, FileDiff, FileStatus, Hunk, Line, LineKind
from models.errors import MalformedDiffError, NotADiffError

HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)", re.DOTALL)
_KINDS = {"+": LineKind.ADDED, "-": LineKind.REMOVED, " ": LineKind.CONTEXT, "": LineKind.CONTEXT}
_EXTENDED = (
    "old mode ", "new mode ", "deleted file mode ", "new file mode ", "copy from ", "copy to ", "rename from ",
    "rename to ", "similarity index ", "dissimilarity index ", "index ",
)  # fmt: skip


@dataclass
class _Block:
    """The lines of one file while the scanner walks over them."""

    lead: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    hunks: list[tuple[str, list[str]]] = field(default_factory=list)
    trailer: list[str] = field(default_factory=list)
    binary: bool = False


def parse(text: str, message: str | None = None) -> Diff:
    """Read a unified diff.

    ``text`` is a patch as git, diff or a mailer writes it, bytes that are no UTF-8 as ``surrogateescape``.
    ``message`` replaces the message found before the first file.
    Raises NotADiffError when no file is found, MalformedDiffError with the line number when a hunk is broken.
    """
    lines = text.split("\n")
    final_newline = lines[-1] == ""
    if final_newline:
        lines.pop()
    preamble, blocks, epilogue = _scan(lines)
    if not blocks:
        raise NotADiffError(
            "Expected a unified diff, but found no file header (diff --git or ---/+++); pass the output of git diff or git show."
        )
    files = tuple(_file(block) for block in blocks)
    head = _joined(preamble)
    return Diff(files, head, _joined(epilogue), _message(preamble) if message is None else message, final_newline)


def _joined(lines: Sequence[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _scan(lines: list[str]) -> tuple[list[str], list[_Block], list[str]]:
    preamble: list[str] = []
    pending: list[str] = []
    blocks: list[_Block] = []
    i = 0
    while i < len(lines):
        line = lines[i]
        git = line.startswith("diff --git ")
        if git or _plain_header(lines, i):
            block = _Block(lead=pending if blocks else [])
            if not blocks:
                preamble = pending
            pending = []
            i = _header(lines, i, block)
            i = _hunks(lines, i, block)
            blocks.append(block)
        else:
            pending.append(line)
            i += 1
    return (preamble if blocks else pending), blocks, (pending if blocks else [])


def _plain_header(lines: list[str], i: int) -> bool:
    return (
        lines[i].startswith("--- ")
        and i + 2 < len(lines)
        and lines[i + 1].startswith("+++ ")
        and lines[i + 2].startswith("@@ -")
    )


def _header(lines: list[str], i: int, block: _Block) -> int:
    if lines[i].startswith("diff --git "):
        block.header.append(lines[i])
        i += 1
        while i < len(lines) and lines[i].startswith(_EXTENDED):
            block.header.append(lines[i])
            i += 1
    if i + 1 < len(lines) and lines[i].startswith("--- ") and lines[i + 1].startswith("+++ "):
        block.header += lines[i : i + 2]
        return i + 2
    if i < len(lines) and lines[i].startswith(("Binary files ", "GIT binary patch")):
        block.binary = True
        return _binary(lines, i, block)
    return i


def _binary(lines: list[str], i: int, block: _Block) -> int:
    if lines[i].startswith("Binary files "):
        block.trailer.append(lines[i])
        return i + 1
    while i < len(lines) and not lines[i].startswith(("diff --git ", "-- ", "From ", "commit ")):
        block.trailer.append(lines[i])
        i += 1
    return i


def _hunks(lines: list[str], i: int, block: _Block) -> int:
    while i < len(lines) and (match := HUNK.match(lines[i])):
        old, new = (int(match[n]) if match[n] is not None else 1 for n in (2, 4))
        start, body = i, []
        i += 1
        while i < len(lines) and (old or new or lines[i].startswith("\\")):
            marker = lines[i][:1]
            if marker == "\\":
                body.append(lines[i])
                i += 1
                continue
            if marker not in _KINDS:
                break
            old, new = old - (marker != "+"), new - (marker != "-")
            body.append(lines[i])
            i += 1
            if old < 0 or new < 0:
                raise MalformedDiffError(f"The hunk at line {start + 1} has more lines than its header says; re-create the diff.")
        if old or new:
            raise MalformedDiffError(
                f"The hunk at line {start + 1} ends early: {old} old and {new} new lines are missing; pass the whole diff."
            )
        block.hunks.append((lines[start], body))
    return i


def _file(block: _Block) -> FileDiff:
    from models.change.paths import paths_and_status

    old_path, path, status = paths_and_status(block.header, bool(block.hunks))
    return FileDiff(
        path=path,
        old_path=old_path,
        status=status,
        header=_joined(block.header),
        hunks=_read_hunks(block),
        binary=block.binary,
        lead=_joined(block.lead),
        trailer=_joined(block.trailer),
    )


def _read_hunks(block: _Block) -> tuple[Hunk, ...]:
    if not block.hunks:
        return ()
    canonical = "--- a/f\n+++ b/f\n" + "".join(
        header[: header.rindex("@@") + 2] + "\n" + _joined([line or " " for line in body]) for header, body in block.hunks
    )
    try:
        parsed = PatchSet(canonical)[0]
    except UnidiffParseError as error:
        raise MalformedDiffError(f"A hunk could not be read ({error}); re-create the diff with git.") from error
    return tuple(_hunk(hunk, header, body) for hunk, (header, body) in zip(parsed, block.hunks, strict=True))


def _hunk(hunk: object, header: str, body: list[str]) -> Hunk:
    match = HUNK.match(header)
    assert match
    lines: list[Line] = []
    for raw in body:
        if raw.startswith("\\"):
            last = lines[-1]
            lines[-1] = Line(last.kind, last.text, last.marker, raw)
        else:
            lines.append(Line(_KINDS[raw[:1]], raw[1:], raw[:1]))
    return Hunk(header, int(match[1]), int(match[3]), match[5].strip(), tuple(lines))


def _message(preamble: list[str]) -> str:
    """The commit message of ``git show`` (indented by four) or of a mail (subject and body)."""
    if any(line.startswith("Subject: ") for line in preamble[:40]):
        return _mail_message(preamble)
    return "\n".join(line[4:] for line in preamble if line.startswith("    ")).strip()


def _mail_message(preamble: list[str]) -> str:
    start = next(i for i, line in enumerate(preamble) if line.startswith("Subject: "))
    end = next((i for i in range(start, len(preamble)) if not preamble[i].strip()), len(preamble))
    subject = " ".join(line.strip() for line in preamble[start:end] if line.startswith(("Subject: ", " ", "\t")))
    body = preamble[end:]
    if "---" in body:
        body = body[: body.index("---")]
    subject = re.sub(r"^\[[^\]]*\]\s*", "", subject.removeprefix("Subject: "))
    return (subject + "\n" + "\n".join(body)).strip()
