"""Parsing: what is read out of nasty text, that no byte is lost, and what is refused with which sentence."""

from __future__ import annotations

import pytest

from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, FileStatus, LineKind
from models.errors import MalformedDiffError, NotADiffError

A, D, M, R, C = FileStatus.ADDED, FileStatus.DELETED, FileStatus.MODIFIED, FileStatus.RENAMED, FileStatus.COPIED
ONE = "@@ -1 +1 @@\n-old\n+new\n"
NEW = "@@ -0,0 +1 @@\n+new\n"
GONE = "@@ -1 +0,0 @@\n-old\n"

# name: (text, [(status, old path, path, added, removed)])
GOOD = {
    "plain git": (f"diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n{ONE}", [(M, "x.py", "x.py", 1, 1)]),
    "added": (f"diff --git a/n b/n\nnew file mode 100644\nindex 0..2\n--- /dev/null\n+++ b/n\n{NEW}", [(A, "n", "n", 1, 0)]),
    "deleted": (f"diff --git a/n b/n\ndeleted file mode 100644\n--- a/n\n+++ /dev/null\n{GONE}", [(D, "n", "n", 0, 1)]),
    "empty file added": ("diff --git a/e b/e\nnew file mode 100644\nindex 0..0\n", [(A, "e", "e", 0, 0)]),
    "mode": ("diff --git a/r b/r\nold mode 100644\nnew mode 100755\n", [(M, "r", "r", 0, 0)]),
    "rename": ("diff --git a/p/o b/q/n\nsimilarity index 100%\nrename from p/o\nrename to q/n\n", [(R, "p/o", "q/n", 0, 0)]),
    "copy, edited": (
        f"diff --git a/o b/n\nsimilarity index 90%\ncopy from o\ncopy to n\n--- a/o\n+++ b/n\n{ONE}",
        [(C, "o", "n", 1, 1)],
    ),
    "blanks in the name": (f"diff --git a/a b.c b/a b.c\n--- a/a b.c\t\n+++ b/a b.c\t\n{ONE}", [(M, "a b.c", "a b.c", 1, 1)]),
    "folder that ends in b": ("diff --git a/x b/x b/x b/x\nold mode 100644\nnew mode 100755\n", [(M, "x b/x", "x b/x", 0, 0)]),
    "octal name": (
        f'diff --git "a/t\\303\\251\\".py" "b/t\\303\\251\\".py"\n--- "a/t\\303\\251\\".py"\n+++ "b/t\\303\\251\\".py"\n{ONE}',
        [(M, 'té".py', 'té".py', 1, 1)],
    ),
    "octal name, mode only": ('diff --git "a/\\tx" "b/\\tx"\nold mode 100644\nnew mode 100755\n', [(M, "\tx", "\tx", 0, 0)]),
    "one name quoted": (
        'diff --git a/plain "b/\\303\\251"\nsimilarity index 100%\nrename from plain\nrename to "\\303\\251"\n',
        [(R, "plain", "é", 0, 0)],
    ),
    "no prefix": (
        f"diff --git src/x y.c src/x y.c\n--- src/x y.c\t\n+++ src/x y.c\t\n{ONE}",
        [(M, "src/x y.c", "src/x y.c", 1, 1)],
    ),
    "mnemonic prefix": (f"diff --git i/s/x w/s/x\n--- i/s/x\n+++ w/s/x\n{ONE}", [(M, "s/x", "s/x", 1, 1)]),
    "own prefix": (f"diff --git old/s/x new/s/x\n--- old/s/x\n+++ new/s/x\n{ONE}", [(M, "s/x", "s/x", 1, 1)]),
    "reversed": (f"diff --git b/s/x a/s/x\n--- b/s/x\n+++ a/s/x\n{ONE}", [(M, "s/x", "s/x", 1, 1)]),
    "traditional": (f"diff -ru a/s/x b/s/x\n--- a/s/x\t2020-01-02 03:04:05.6 +0100\n+++ b/s/x\n{ONE}", [(M, "s/x", "s/x", 1, 1)]),
    "date after blanks": (
        f"--- a/x   2020-01-02 03:04:05 +0100\n+++ b/x   2020-01-02 03:04:06 +0100\n{ONE}",
        [(M, "x", "x", 1, 1)],
    ),
    "tab in a name before a date": (f"--- a/x\ty\t2020-01-02\n+++ b/x\ty\t2020-01-02\n{ONE}", [(M, "x\ty", "x\ty", 1, 1)]),
    "epoch date": (
        f"--- a/x\t1970-01-01 01:00:00.000000000 +0100\n+++ b/x\t2020-01-02 03:04:06 +0100\n{NEW}",
        [(A, "x", "x", 1, 0)],
    ),
    "deleted by date": (
        f"--- a/x\t2020-01-02 03:04:06 +0100\n+++ b/x\t1969-12-31 20:00:00 -0400\n{GONE}",
        [(D, "x", "x", 0, 1)],
    ),
    "backup name": (f"--- a/x.orig\n+++ b/x\n{ONE}", [(M, "x", "x", 1, 1)]),
    "backup name behind": (f"--- a/x\n+++ a/x~\n{ONE}", [(M, "x", "x", 1, 1)]),
    "names without folders": (f"--- x\n+++ x\n{ONE}--- s/y\n+++ s/y\n{ONE}", [(M, "x", "x", 1, 1), (M, "s/y", "s/y", 1, 1)]),
    "svn": (f"Index: t/x\n{'=' * 67}\n--- t/x\t(revision 1)\n+++ t/x\t(working copy)\n{ONE}", [(M, "x", "x", 1, 1)]),
    "hg": (f"# HG changeset patch\n# User me\nwhy\n\ndiff -r 0 -r 1 x\n--- a/x\n+++ b/x\n{ONE}", [(M, "x", "x", 1, 1)]),
    "crlf": (ONE.join(["diff --git a/x b/x\n--- a/x\n+++ b/x\n", ""]).replace("\n", "\r\n"), [(M, "x", "x", 1, 1)]),
    "lone carriage return": ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\rb\n+a\r\rb\x0b\x0c\u2028\n", [(M, "x", "x", 1, 1)]),
    "no line feed at the end": (f"--- a/x\n+++ b/x\n{ONE}"[:-1], [(M, "x", "x", 1, 1)]),
    "blank context stripped": ("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n\n-a\n+b\n\n", [(M, "x", "x", 1, 1)]),
    "lines like headers": (
        "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@ f() @@ g\n--- a\n-@@ -1\n+++ b\n+diff --git\n",
        [(M, "x", "x", 2, 2)],
    ),
    "insertion at the top of a file": ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+y\n", [(M, "x", "x", 1, 0)]),
    "binary said": ("diff --git a/i b/i\nindex 1..2\nBinary files a/i and b/i differ\n", [(M, "i", "i", 0, 0)]),
    "binary patch": (
        "diff --git a/i b/i\nindex 1..2\nGIT binary patch\nliteral 1\nIc$@\n\nliteral 0\nHc$@\n\n-- \n2.4\n",
        [(M, "i", "i", 0, 0)],
    ),
    "submodule": (
        "diff --git a/m b/m\nindex 1..2 160000\n--- a/m\n+++ b/m\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n",
        [(M, "m", "m", 1, 1)],
    ),
    "bare hunks": (ONE + "@@ -5 +5,2 @@ f\n x\n+y\n", [(M, "unnamed", "unnamed", 2, 1)]),
    "line number beyond all files": (f"--- a/x\n+++ b/x\n@@ -{10**18} +{10**18} @@\n-a\n+b\n", [(M, "x", "x", 1, 1)]),
    "remark twice at the end": (f"--- a/x\n+++ b/x\n{ONE}\\ No newline\n\\ No newline\n", [(M, "x", "x", 1, 1)]),
    "no UTF-8": (f"--- a/\udcff\n+++ b/\udcff\n{ONE}", [(M, "\udcff", "\udcff", 1, 1)]),
}


def summary(diff: Diff) -> list[tuple[FileStatus, str, str, int, int]]:
    return [(file.status, file.old_path, file.path, file.added, file.removed) for file in diff.files]


@pytest.mark.parametrize("name", GOOD)
def test_reads_names_status_and_counts(name: str) -> None:
    text, files = GOOD[name]
    assert summary(parse(text)) == files


@pytest.mark.parametrize("name", GOOD)
def test_keeps_every_byte(name: str) -> None:
    text, _ = GOOD[name]
    assert render(parse(text)) == text
    assert parse(render(parse(text))) == parse(text)


def test_all_in_one_text_keeps_order_and_bytes() -> None:
    alone = ("bare hunks", "no line feed at the end", "names without folders")
    texts = [text for name, (text, _) in GOOD.items() if name not in alone]
    files = [row for name, (_, rows) in GOOD.items() if name not in alone for row in rows]
    assert summary(parse("".join(texts))) == files
    assert render(parse("".join(texts))) == "".join(texts)


@pytest.mark.parametrize("name", GOOD)
def test_binary(name: str) -> None:
    assert parse(GOOD[name][0]).files[0].binary is (name in ("binary said", "binary patch"))


def test_lines_have_kinds_texts_and_numbers() -> None:
    hunk = parse("--- a/x\n+++ b/x\n@@ -7,3 +8,3 @@ def f():\n a\n-b\n+c\r\n\n\\ No newline at end of file\n").files[0].hunks[0]
    assert [(line.kind, line.text, line.marker) for line in hunk.lines] == [
        (LineKind.CONTEXT, "a", " "),
        (LineKind.REMOVED, "b", "-"),
        (LineKind.ADDED, "c\r", "+"),
        (LineKind.CONTEXT, "", ""),
    ]
    assert hunk.lines[-1].no_newline == "\\ No newline at end of file"
    assert [(old, new) for old, new, _ in hunk.numbered()] == [(7, 8), (8, None), (None, 9), (9, 10)]
    assert hunk.section == "def f():"


MAIL = (
    "From " + "1" * 40 + " Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH 1/2] Mend\n it\n\n"
    "Body, with a diff:\ndiff --git a/fake b/fake\nindex 1..2\n--- a/fake\n+++ b/fake\n@@ -1 +1 @@\n-a\n+b\n---\n x | 2 +-\n\n"
    f"diff --git a/x b/x\n--- a/x\n+++ b/x\n{ONE}-- \n2.39\n\n"
)


def test_a_diff_in_the_message_of_a_mail_is_no_file() -> None:
    diff = parse(MAIL)
    assert [file.path for file in diff.files] == ["x"]
    assert diff.message.startswith("Mend it\n\nBody, with a diff:")
    assert render(diff) == MAIL


def test_two_commits_have_both_messages() -> None:
    commit = "commit {0}\nAuthor: A <a@b>\n\n    {1}\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n" + ONE
    text = commit.format("a" * 40, "First") + "\n" + commit.format("b" * 40, "Second")
    assert parse(text).message == "First\n\nSecond"
    assert len(parse(text).files) == 2
    assert parse(text, "given").message == "given"
    assert parse(GOOD["hg"][0]).message == "why"


HEAD = "--- a/x\n+++ b/x\n"
BROKEN = {
    "hunk ends early": (HEAD + "@@ -1,2 +1,2 @@\n-a\n+b\n", "line 3 ends early: 1 old and 1 new"),
    "hunk too long": (HEAD + "@@ -1 +1,3 @@\n-a\n-b\n", "line 3 has more lines"),
    "foreign line": (HEAD + "@@ -1,2 +1,2 @@\n-a\n?b\n", "line 3 ends early"),
    "no numbers": (HEAD + "@@ -x +1 @@\n-a\n", "Line 3 should read"),
    "huge count": (HEAD + f"@@ -1,{10**12} +1 @@\n-a\n", "Line 3 should read"),
    "5,000 digits": (HEAD + f"@@ -{'1' * 5000} +1 @@\n-a\n", "Line 3 should read"),
    "remark first": (HEAD + "@@ -1 +1 @@\n\\ No newline\n-a\n+b\n", "remark at line 4 follows no line"),
    "remark twice": (HEAD + "@@ -1 +1 @@\n-a\n\\ No newline\n\\ No newline\n+b\n", "remark at line 6 follows no line"),
    "hunk without names": ("diff --git a/x b/x\nindex 1..2\n" + ONE, "hunk at line 3 lacks"),
    "hunk of a binary file": ("diff --git a/i b/i\nindex 1..2\nBinary files a/i and b/i differ\n" + ONE, "hunk at line 4 stands"),
    "hunk after a binary patch": (
        "diff --git a/i b/i\nindex 1..2\nGIT binary patch\nliteral 1\nIc$@\n\n" + ONE,
        "hunk at line 7 stands",
    ),
    "lost hunk": (HEAD + ONE + "garbage\n" + ONE, "hunk at line 7"),
    "combined": ("diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n--a\n++b\n", "Line 1 begins a combined diff"),
    "empty binary patch": ("diff --git a/i b/i\nindex 1..2\nGIT binary patch\nnothing\n", "binary patch at line 3"),
    "endless header": (f"diff --git a/{'x ' * 9000}\nindex 1..2\n", "header line 1 has"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_diffs_are_refused_with_their_line(name: str) -> None:
    text, sentence = BROKEN[name]
    with pytest.raises(MalformedDiffError, match=sentence):
        parse(text)


@pytest.mark.parametrize("line", ["-c", "+c", "--c", "--drop table", "-- a comment", "--- a", "+++ b", "--- a\n+++ b", "--=_1"])
@pytest.mark.parametrize("remark", ["", "\\ No newline at end of file\n"])
def test_lines_past_the_counts_of_a_hunk_are_refused(line: str, remark: str) -> None:
    with pytest.raises(MalformedDiffError, match="line 3 has more lines than its header says"):
        parse(f"{HEAD}{ONE}{remark}{line}\nmore\n")


@pytest.mark.parametrize(
    ("after", "files"), [("-- \n2.39\n", 1), ("-- \r\n2.39\r\n", 1), ("--\nthe list\n", 1), ("--- a/y\n+++ b/y\n" + ONE, 2)]
)
def test_a_signature_and_a_file_may_follow_a_hunk(after: str, files: int) -> None:
    assert len(parse(HEAD + ONE + after).files) == files
    assert render(parse(HEAD + ONE + after)) == HEAD + ONE + after


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("", ""),
        ("A note\n", ""),
        ("commit to this:\n", ""),
        ("From " + "1" * 40 + " Mon Sep 17 00:00:00 2001\n", ""),
        ("commit 1a2b3c4 (HEAD -> main)\nAuthor: A\n\n", "some words"),
        ("commit > 1a2b3c4\n", "some words"),
        ("A note\n\ncommit 1a2b3c4\n", "some words"),
    ],
)
def test_indented_words_are_a_message_only_under_the_header_of_a_commit(before: str, message: str) -> None:
    assert parse(f"{before}    some words\n\n{HEAD}{ONE}").message == message


OTHER = {
    "prose": ("Hello\nworld\n", "found no file header"),
    "context": ("*** x\n--- y\n***************\n*** 1 ****\n! a\n--- 1 ----\n! b\n", "context diff"),
    "normal": ("1c1\n< a\n---\n> b\n", "normal format"),
    "ed": ("1c\nb\n.\n", "ed script"),
    "rcs": ("d1 1\na1 1\nb\n", "RCS script"),
    "svn properties": ("Index: x\n===\n\nProperty changes on: x\n___\nAdded: p\n", "properties only"),
    "line prefix": ("> diff --git a/x b/x\n> --- a/x\n> +++ b/x\n> @@ -1 +1 @@\n> -a\n> +b\n", "before every line"),
    "merge": ("commit 1a\nMerge: 2b 3c\nAuthor: A <a@example.invalid>\n\n    Merge x\n", "is a merge commit.*-m --first-parent"),
    "header only": ("diff --git a/x b/x\n", "found no file header"),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_formats_are_named(name: str) -> None:
    text, words = OTHER[name]
    with pytest.raises(NotADiffError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
