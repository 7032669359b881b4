"""The commit message, out of the text of a patch that belongs to no file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_COMMIT = re.compile(r"(?:From|commit(?: [<>=+-])?) [0-9a-f]{7,64}\b")
_HG = "# HG changeset patch"
_TAG = re.compile(r"^\[[^\]]{0,80}\]\s*")
_SUBJECT = "Subject: "


def message(lines: Sequence[str]) -> str:
    """The messages of all commits in ``lines``, an empty line between them; "" where there is none.

    Understands ``git show`` and ``git log -p`` (indented by four, under a line "commit ..."), mails (subject and body up
    to "---") and Mercurial.
    """
    found = (_one([line.removesuffix("\r") for line in section]) for section in _sections(lines))
    return "\n\n".join(text for text in found if text)


def _sections(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    starts = [n for n, line in enumerate(lines) if line.startswith(("From ", "commit ", _HG)) and _begins(line)]
    bounds = [0, *starts, len(lines)]
    for start, end in pairwise(bounds):
        if start < end:
            yield lines[start:end]


def _begins(line: str) -> bool:
    return line.startswith(_HG) or _COMMIT.match(line[:80]) is not None


def _one(lines: Sequence[str]) -> str:
    subject = next((n for n, line in enumerate(lines[:60]) if line.startswith(_SUBJECT)), None)
    if subject is not None:
        return _mail(lines, subject)
    if lines[0].startswith(_HG):
        return "\n".join(line for line in lines if not line.startswith("# ")).strip()
    if not (lines[0].startswith("commit ") and _begins(lines[0])):
        return ""
    return "\n".join(line[4:] for line in lines if line.startswith("    ")).strip()


def _mail(lines: Sequence[str], subject: int) -> str:
    head = [lines[subject].removeprefix(_SUBJECT)]
    end = subject + 1
    while end < len(lines) and lines[end].startswith((" ", "\t")):
        head.append(lines[end].strip())
        end += 1
    while end < len(lines) and lines[end]:
        end += 1
    body = lines[end:]
    if "---" in body:
        body = body[: body.index("---")]
    return (_TAG.sub("", " ".join(head)) + "\n" + "\n".join(body)).strip()
