"""The oracle: git itself applies what ``revert`` leaves, and gets the text that a splice of lines predicts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.change.edit import changed_units, revert
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Level, LineKind, Unit

# Lines that repeat, so that a wrong line number would go unnoticed by nobody: git applies at the place or not at all.
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d\r", "é"]), max_size=24)
EDITS = st.lists(st.sampled_from(["keep", "keep", "keep", "drop", "change", "insert"]), min_size=26, max_size=26)


def joined(lines: list[str], line_feed: bool) -> bytes:
    return ("\n".join(lines) + ("\n" if lines and line_feed else "")).encode()


def edited(lines: list[str], edits: list[str]) -> list[str]:
    result: list[str] = []
    for line, edit in zip([*lines, None], edits, strict=False):
        if edit == "insert":
            result.append("new")
        if line is not None and edit != "drop":
            result.append(line + "!" if edit == "change" else line)
    return result


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    return subprocess.run(["git", *arguments], cwd=folder, input=stdin, env=environment, capture_output=True, check=False)


def compared(folder: Path, old: bytes | None, new: bytes | None, context: int) -> str:
    sides = []
    for side, data in (("a", old), ("b", new)):
        (folder / side).mkdir()
        if data is None:
            sides.append("/dev/null")
        else:
            (folder / side / "f").write_bytes(data)
            sides.append(f"{side}/f")
    text = git(folder, "diff", "--no-index", "--no-prefix", f"-U{context}", *sides).stdout.decode()
    # Of a file that one side lacks git writes the same name twice when it was told to write no prefix.
    return text.replace("diff --git a/f a/f", "diff --git a/f b/f").replace("diff --git b/f b/f", "diff --git a/f b/f")


def predicted(old: bytes, diff: Diff, reverted: set[Unit]) -> bytes:
    """The old text with the hunks' lines spliced in but for the reverted ones, without any header but the old start."""
    source = old.decode().split("\n")
    ends = source.pop() != "" if source[-1] == "" else True
    lines: list[tuple[str, bool]] = [(line, True) for line in source]
    if lines and ends:
        lines[-1] = (lines[-1][0], False)
    result: list[tuple[str, bool]] = []
    at = 0
    for h, hunk in enumerate(diff.files[0].hunks):
        consumed = any(line.kind is not LineKind.ADDED for line in hunk.lines)
        start = hunk.old_start - consumed
        result += lines[at:start]
        at = start
        for n, line in enumerate(hunk.lines):
            back = Unit(0, h, n) in reverted
            if line.kind is LineKind.ADDED:
                result += [] if back else [(line.text, not line.no_newline)]
            else:
                result += [lines[at]] if back or line.kind is LineKind.CONTEXT else []
                at += 1
    result += lines[at:]
    last = len(result) - 1
    return "".join(text + ("\n" if fed or n < last else "") for n, (text, fed) in enumerate(result)).encode()


@settings(max_examples=120, deadline=None, database=None)
@given(
    LINES,
    EDITS,
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from(["modify", "modify", "modify", "add", "delete"]),
    st.sampled_from([0, 1, 3]),
    st.data(),
)
def test_git_applies_what_is_left(
    lines: list[str], edits: list[str], feeds: tuple[bool, bool], kind: str, context: int, data: st.DataObject
) -> None:
    # git apply itself loses a line feed at the end of a file when there is no context to see that it stays.
    feeds = feeds if context else (True, True)
    old = None if kind == "add" else joined(lines, feeds[0])
    new = None if kind == "delete" else joined(edited(lines, edits), feeds[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = compared(folder, old, new, context)
        assume("@@" in text)
        diff = parse(text)
        assert render(diff) == text
        chosen = set(data.draw(st.lists(st.sampled_from(changed_units(diff, Level.LINE)))))
        left = revert(diff, chosen)
        want = predicted(old or b"", diff, chosen)
        if not left.files:
            assert want == (old or b"")
            return
        assert parse(render(left)) == left
        assert applied(folder, old, render(left), context) == want


def applied(folder: Path, old: bytes | None, patch: str, context: int) -> bytes:
    place = folder / "apply"
    place.mkdir()
    if old is not None:
        (place / "f").write_bytes(old)
    flags = ["--unidiff-zero"] if context == 0 else []
    check = git(place, "apply", "--check", "--verbose", *flags, stdin=patch.encode())
    assert check.returncode == 0, check.stderr.decode() + patch
    # Without context git counts by the new side and reports an offset even for its own diffs.
    assert context == 0 or b"offset" not in check.stderr, check.stderr.decode() + patch
    git(place, "apply", *flags, stdin=patch.encode())
    return (place / "f").read_bytes() if (place / "f").exists() else b""
