"""Text to ``Diff``: our scanner finds the files and keeps every byte, unidiff reads the hunks.

unidiff alone loses headers and binary payloads, refuses paths that git writes, and has regular expressions that
take minutes on one hostile header line; it is therefore given canonical headers and hunk bodies only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from models.change.formats import not_a_diff
from models.change.limits import MAX_NUMBER
from models.change.message import message as commit_message
from models.change.paths import paths_and_status, strip_level
from models.change.scan import HUNK, Block, scan
from models.change.types import NO_NEWLINE, Diff, FileDiff, Hunk, Line, LineKind
from models.errors import MalformedDiffError

_KINDS = {"+": LineKind.ADDED, "-": LineKind.REMOVED, " ": LineKind.CONTEXT}


def parse(text: str, message: str | None = None) -> Diff:
    """Read a unified diff.

    ``text`` is a patch as git, diff or a mailer writes it, bytes that are no UTF-8 as ``surrogateescape``.
    ``message`` replaces the messages found in the text.
    Raises NotADiffError when no file is found, MalformedDiffError with the line number when a hunk is broken.
    """
    lines = text.split("\n")
    final_newline = lines[-1] == ""
    if final_newline:
        lines.pop()
    preamble, blocks, epilogue = scan(lines)
    if not blocks:
        raise not_a_diff(lines)
    headers = [_joined(block.header) for block in blocks]
    strip = strip_level(headers)
    files = tuple(_file(block, header, strip) for block, header in zip(blocks, headers, strict=True))
    if message is None:
        message = commit_message([*preamble, *(line for block in blocks for line in block.lead), *epilogue])
    return Diff(files, _joined(preamble), _joined(epilogue), message, final_newline)


def _joined(lines: Iterable[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _file(block: Block, header: str, strip: int) -> FileDiff:
    old_path, path, status = paths_and_status(header, strip)
    return FileDiff(
        path=path,
        old_path=old_path,
        status=status,
        header=header,
        hunks=_read_hunks(block),
        binary=block.binary,
        lead=_joined(block.lead),
        trailer=_joined(block.trailer),
    )


def _read_hunks(block: Block) -> tuple[Hunk, ...]:
    if not block.hunks:
        return ()
    try:
        parsed = PatchSet("--- a/f\n+++ b/f\n" + "".join(_canonical(header, body) for _, header, body in block.hunks))[0]
    except UnidiffParseError as error:
        place = block.hunks[0][0]
        raise MalformedDiffError(f"The hunks from line {place} on could not be read ({error}); re-create the diff.") from error
    return tuple(
        _hunk([(line.line_type, line.value) for line in hunk], header, body)
        for hunk, (_, header, body) in zip(parsed, block.hunks, strict=True)
    )


def _canonical(header: str, body: Sequence[str]) -> str:
    match = HUNK.match(header)
    assert match
    old, new = _starts(header)
    counts = [f",{count}" if count else "" for count in match.group(2, 4)]
    lines = (NO_NEWLINE if line.startswith("\\") else line or " " for line in body)
    return f"@@ -{old}{counts[0]} +{new}{counts[1]} @@\n" + _joined(lines)


def _hunk(read: Iterable[tuple[str, str]], header: str, body: Sequence[str]) -> Hunk:
    """The hunk as unidiff read it, with the markers and remarks as they were written."""
    match = HUNK.match(header)
    assert match
    lines: list[Line] = []
    for (kind, value), raw in zip(read, body, strict=True):
        if raw.startswith("\\"):
            last = lines[-1]
            lines[-1] = Line(last.kind, last.text, last.marker, raw)
        else:
            lines.append(Line(_KINDS[kind], value.removesuffix("\n"), raw[:1]))
    return Hunk(header, *_starts(header), match[5].strip(), tuple(lines))


def _starts(header: str) -> tuple[int, int]:
    match = HUNK.match(header)
    assert match
    return min(int(match[1]), MAX_NUMBER), min(int(match[3]), MAX_NUMBER)
