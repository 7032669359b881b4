"""Reading bytes, files and standard input: limits, encodings, colours, and one sentence for what cannot be read."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path

import pytest

from models.change import source
from models.change.render import render
from models.change.source import read_bytes, read_input
from models.errors import InputError, MalformedDiffError, NotADiffError, RevisionError

DIFF = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
COLOURED = (
    b"\x1b[1mdiff --git a/x b/x\x1b[m\n\x1b[1m--- a/x\x1b[m\n\x1b[1m+++ b/x\x1b[m\n\x1b[36m@@ -1 +1 @@\x1b[m\n"
    b"\x1b[31m-a\x1b[m\n\x1b[32m+\x1b[m\x1b[32mb\x1b[m\n"
)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\0" * 40, "binary file"),
        (b"\x7fELF\0\0\1" * 9, "binary file"),
        (DIFF.decode().encode("utf-16"), "UTF-16"),
        (DIFF.decode().encode("utf-16-le"), "UTF-16"),
        (DIFF.decode().encode("utf-16-be"), "UTF-16"),
        (b"hello\n", "found no file header"),
    ],
)
def test_what_is_no_diff_is_said_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(NotADiffError, match=words) as caught:
        read_bytes(data)
    assert str(caught.value).count(".") <= 2
    assert "\n" not in str(caught.value)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 1_000_000)
    with pytest.raises(InputError, match="more than 1 MB"):
        read_bytes(DIFF + b" " * 1_000_000)


def test_bytes_that_are_no_utf8_survive() -> None:
    data = DIFF.replace(b"-a", b"-\xff\xfe\xe9").replace(b"+b", b"+\0")
    assert render(read_bytes(data)).encode("utf-8", "surrogateescape") == data


def test_a_byte_order_mark_and_colours_are_removed_and_noted() -> None:
    for data in (b"\xef\xbb\xbf" + DIFF, COLOURED):
        diff = read_bytes(data)
        assert render(diff).encode() == DIFF
        assert len(diff.notes) == 1


def test_colours_in_the_changed_text_stay() -> None:
    data = DIFF.replace(b"+b", b"+\x1b[31mb")
    assert render(read_bytes(data)).encode() == data


def test_a_message_given_apart_wins() -> None:
    assert read_bytes(b"commit " + b"a" * 40 + b"\n\n    in\n\n" + DIFF).message == "in"
    assert read_bytes(DIFF, "out").message == "out"


def test_files_standard_input_and_what_is_neither(tmp_path: Path) -> None:
    patch = tmp_path / "a.patch"
    patch.write_bytes(DIFF)
    assert read_input(str(patch), tmp_path, io.BytesIO()) == read_input("-", tmp_path, io.BytesIO(DIFF))
    with pytest.raises(RevisionError, match="cannot be read as a git repository"):
        read_input("nothing", tmp_path, io.BytesIO())
    with pytest.raises(InputError):
        read_input("nul\0byte", tmp_path, io.BytesIO())


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patch = tmp_path / "a.patch"
    patch.write_bytes(DIFF)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        read_input(str(patch), tmp_path, io.BytesIO())


HOSTILE = {
    "binary sentence": "Binary files " + " and x" * 170_000,
    "header of blanks": "diff --git a/" + "a " * 500_000 + "\nindex 1..2\n",
    "scheme": "diff --git ://" + "a " * 500_000,
    "many long headers": ("diff --git a/" + "a " * 4000 + "b\nold mode 1\nnew mode 2\n") * 120,
    "backslashes": ('diff --git "' + "\\" * 8000 + ' "\nindex 1..2\n') * 60,
    "blanks before no date": ("--- a" + " " * 8000 + "\n+++ b" + " " * 8000 + "\n@@ -1 +1 @@\n-a\n+b\n") * 60,
    "brackets": "Subject: " + "[" * 500_000 + "\n" + "[-" * 200_000,
    "mails": ("From " + "a" * 40 + " Mon Sep 17 00:00:00 2001\n") * 15_000,
    "separators": "From " + "a" * 40 + " Mon Sep 17 00:00:00 2001\n" + "---\n" * 250_000,
    "escapes": "\x1b[" + "1;" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused_quickly(name: str) -> None:
    start = time.process_time()
    with contextlib.suppress(NotADiffError, MalformedDiffError):
        read_bytes(HOSTILE[name].encode())
    assert time.process_time() - start < 2
