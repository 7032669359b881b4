"""Taking changes back: by hand-made cases whose answer is known, line by line."""

from __future__ import annotations

import pytest

from models.change.edit import changed_units, revert, says_more_than_lines
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, FileStatus, Level, Unit

REMARK = "\\ No newline at end of file\n"
TWO = (
    "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"
    "@@ -1,3 +1,4 @@ first\n a\n-b\n+B\n+C\n d\n"
    "@@ -10,2 +11,2 @@ second\n k\n-l\n+L\n"
)
HEAD = "diff --git a/x b/x\n--- a/x\n+++ b/x\n"


def reverted(text: str, *units: Unit) -> str:
    diff = parse(text)
    before = render(diff)
    edited = revert(diff, units)
    assert render(diff) == before
    if edited.files:
        assert parse(render(edited)) == edited
    return render(edited)


def line(hunk: int, n: int, file: int = 0) -> Unit:
    return Unit(file, hunk, n)


def test_an_added_line_goes_and_later_hunks_move() -> None:
    expected = HEAD + "@@ -1,3 +1,3 @@ first\n a\n-b\n+B\n d\n@@ -10,2 +10,2 @@ second\n k\n-l\n+L\n"
    assert reverted(TWO, line(0, 3)) == expected


def test_a_removed_line_becomes_context() -> None:
    expected = HEAD + "@@ -1,3 +1,5 @@ first\n a\n b\n+B\n+C\n d\n@@ -10,2 +12,2 @@ second\n k\n-l\n+L\n"
    assert reverted(TWO, line(0, 1)) == expected


def test_a_hunk_vanishes_and_the_next_one_moves() -> None:
    assert reverted(TWO, Unit(0, 0)) == HEAD + "@@ -10,2 +10,2 @@ second\n k\n-l\n+L\n"


def test_an_untouched_hunk_keeps_its_header_verbatim() -> None:
    text = HEAD + "@@ -01,1 +1,1 @@\n-a\n+b\n@@ -9 +9 @@\n-y\n+z\n"
    assert "@@ -01,1 +1,1 @@\n" in reverted(text, Unit(0, 1))


def test_context_lines_and_message_units_are_ignored() -> None:
    diff = parse(TWO)
    assert revert(diff, [line(0, 0), Unit(-1, -1, 0), Unit(-2)]) is diff
    assert revert(diff, []) is diff


def test_a_token_counts_as_its_line() -> None:
    assert reverted(TWO, Unit(0, 1, 2, 0, 1)) == reverted(TWO, line(1, 2))


@pytest.mark.parametrize("level", [Level.LINE, Level.HUNK, Level.FILE])
def test_everything_reverted_leaves_nothing(level: Level) -> None:
    diff = parse(TWO, "why")
    assert revert(diff, changed_units(diff, level)) == Diff((), message="why")


def test_units_outside_the_diff_are_refused() -> None:
    with pytest.raises(IndexError):
        revert(parse(TWO), [Unit(3)])
    with pytest.raises(ValueError, match="token"):
        changed_units(parse(TWO), Level.TOKEN)


def test_changed_units_by_level() -> None:
    diff = parse(TWO + "diff --git a/y b/y\nold mode 100644\nnew mode 100755\n")
    assert changed_units(diff, Level.LINE) == tuple(line(*at) for at in [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)])
    assert changed_units(diff, Level.HUNK) == (Unit(0, 0), Unit(0, 1))
    assert changed_units(diff, Level.FILE) == (Unit(0), Unit(1))


DELETED = "diff --git a/s/x b/s/x\ndeleted file mode 100644\nindex 1..0\n--- a/s/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"


def test_a_deletion_of_which_a_line_is_kept_is_a_modification() -> None:
    text = reverted(DELETED, line(0, 1))
    assert text == "diff --git a/s/x b/s/x\n--- a/s/x\n+++ b/s/x\n@@ -1,2 +1 @@\n-a\n b\n"
    assert parse(text).files[0].status is FileStatus.MODIFIED


def test_a_deletion_by_date_or_with_a_blank_becomes_a_modification() -> None:
    text = '--- "a/\\303\\251"\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n'
    assert '+++ "b/\\303\\251"\n' in reverted(text, line(0, 0))
    dated = "--- a/x\t2020-01-01 00:00:00 +0000\n+++ a/x\t1970-01-01 00:00:00 +0000\n@@ -1,2 +0,0 @@\n-a\n-b\n"
    assert "+++ b/x\n" in reverted(dated, line(0, 0))
    blank = "diff --git a/x y b/x y\ndeleted file mode 100644\n--- a/x y\t\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"
    assert "+++ b/x y\t\n" in reverted(blank, line(0, 0))


def test_an_addition_stays_one_until_it_vanishes() -> None:
    text = "diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    assert reverted(text, line(0, 0)) == text.replace("index 0..1\n", "").replace("+1,2", "+1").replace("+a\n", "")
    assert reverted(text, line(0, 0), line(0, 1)) == ""


def test_a_rename_outlives_its_lines_but_not_its_file() -> None:
    head = "diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n"
    text = head + "index 1..2 100644\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
    assert reverted(text, Unit(0, 0)) == "diff --git a/x b/y\nrename from x\nrename to y\n"
    assert reverted(text, Unit(0)) == ""
    mode = "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"
    assert reverted(mode + "index 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", Unit(0, 0)) == mode


@pytest.mark.parametrize(
    "head",
    [
        "diff --git a/x b/y\nrename old x\nrename new y\n",
        "diff --git a/x b/y\nnew file mode 100644\ncopy from x\ncopy to y\n",
        "diff --git a/x b/y\nold mode 100644\nnew mode 100755\nrename from x\nrename to y\n",
    ],
)
def test_what_a_header_says_besides_lines_outlives_them(head: str) -> None:
    diff = parse(head + "--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n")
    assert says_more_than_lines(diff.files[0])
    assert render(revert(diff, [Unit(0, 0)])) == head
    assert not says_more_than_lines(parse(TWO).files[0])


def test_a_hunk_of_context_alone_goes_with_the_last_changed_line() -> None:
    assert reverted(HEAD + "@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n z\n", Unit(0, 0)) == ""


def test_a_binary_file_goes_with_its_payload_and_leaves_the_rest() -> None:
    binary = "diff --git a/i b/i\nindex 1..2\nGIT binary patch\nliteral 1\nIc$@\n\nliteral 0\nHc$@\n\n"
    assert reverted(binary + TWO, Unit(0)) == TWO
    assert reverted(TWO + binary, Unit(0)) == binary


def test_text_between_commits_outlives_its_files() -> None:
    commits = "commit {0}\n\n    {0}\n\ndiff --git a/{1} b/{1}\n--- a/{1}\n+++ b/{1}\n@@ -1 +1 @@\n-a\n+b\n"
    text = commits.format("a" * 40, "x") + commits.format("b" * 40, "y") + commits.format("c" * 40, "z")
    for gone in range(3):
        edited = revert(parse(text), [Unit(gone)])
        assert edited.message == parse(text).message
        assert parse(render(edited)) == edited
        assert [f.path for f in edited.files] == [name for n, name in enumerate("xyz") if n != gone]


def test_rubbish_after_a_file_does_not_become_part_of_it() -> None:
    rename = "diff --git a/x b/y\nrename from x\nrename to y\n"
    text = rename + "--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n" + "rename to z\nindex 1..2\n\\ rest\nnote\n"
    assert reverted(text, Unit(0, 0)) == rename + "note\n"
    assert reverted(rename + HEAD + "@@ -1 +1 @@\n-a\n+b\nBinary files x and y differ\n", Unit(1)) == rename


@pytest.mark.parametrize("note", ["+ a note\n", "--note\n"])
def test_rubbish_after_a_file_that_goes_does_not_become_a_line_too_many_of_the_one_before(note: str) -> None:
    one, rename = HEAD + "@@ -1 +1 @@\n-a\n+b\n", "diff --git a/y b/z\nrename from y\nrename to z\n"
    assert reverted(one + rename + note + "-- \n2.4\n", Unit(1)) == one + "-- \n2.4\n"


def test_an_emptied_rename_does_not_take_the_lines_of_the_file_after_it() -> None:
    rename, plain = "diff --git a/x b/y\nrename from x\nrename to y\n", "--- a/z\n+++ b/z\n@@ -1 +1 @@\n-a\n+b\n"
    text = rename + "--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n" + plain
    assert reverted(text, Unit(0, 0)) == rename + "\n" + plain
    assert reverted(rename + HEAD + "@@ -1 +1 @@\n-a\n+b\n" + plain, Unit(1)) == rename + "\n" + plain


def test_names_follow_the_headers_that_are_left() -> None:
    # With "x" in the text no name can lose a folder; without it git strips one, and so do we.
    text = "--- x\n+++ x\n@@ -1 +1 @@\n-a\n+b\n--- s/y\n+++ s/y\n@@ -1 +1 @@\n-a\n+b\n"
    assert [file.path for file in parse(text).files] == ["x", "s/y"]
    assert [file.path for file in revert(parse(text), [Unit(0)]).files] == ["y"]
    reverted(text, Unit(0))


@pytest.mark.parametrize(
    ("before", "units", "after"),
    [
        ("@@ -1 +1,2 @@\n-a\n" + REMARK + "+a\n+b\n", [0], "@@ -1 +1,3 @@\n-a\n" + REMARK + "+a\n+a\n+b\n"),
        ("@@ -1 +1,2 @@\n-a\n" + REMARK + "+a\n+b\n", [1, 2], "@@ -1 +0,0 @@\n-a\n" + REMARK),
        ("@@ -1,2 +1 @@\n-a\n-b\n" + REMARK + "+c\n" + REMARK, [1], "@@ -1,2 +1,2 @@\n-a\n-b\n" + REMARK + "+b\n+c\n" + REMARK),
        ("@@ -1,2 +1 @@\n-a\n-b\n" + REMARK + "+c\n" + REMARK, [1, 2], "@@ -1,2 +1 @@\n-a\n b\n" + REMARK),
        ("@@ -1,2 +1,2 @@\n a\n-b\n+c\n" + REMARK, [2], "@@ -1,2 +1 @@\n a\n-b\n"),
        ("@@ -1,2 +1,2 @@\n a\n-b\n+c\n" + REMARK, [1], "@@ -1,2 +1,3 @@\n a\n b\n+c\n" + REMARK),
        ("@@ -1 +1 @@\n+b\n" + REMARK + "-a\n", [1], "@@ -1 +1,2 @@\n+b\n a\n"),
    ],
)
def test_remarks_on_missing_line_feeds_stay_right(before: str, units: list[int], after: str) -> None:
    assert reverted(HEAD + before, *(line(0, n) for n in units)) == HEAD + after


def test_a_hunk_goes_whole_also_where_a_remark_stands_before_its_end() -> None:
    assert reverted(HEAD + "@@ -1,2 +1,2 @@\n-a\n" + REMARK + "+b\n" + REMARK + " c\n", Unit(0, 0)) == ""


def test_insertions_without_context_keep_git_numbering() -> None:
    text = HEAD + "@@ -3,0 +4,2 @@\n+a\n+b\n@@ -5 +6,0 @@\n-c\n@@ -9 +9 @@\n-d\n+e\n"
    assert reverted(text, line(0, 0)) == HEAD + "@@ -3,0 +4 @@\n+b\n@@ -5 +5,0 @@\n-c\n@@ -9 +8 @@\n-d\n+e\n"
    assert reverted(text, Unit(0, 1)) == HEAD + "@@ -3,0 +4,2 @@\n+a\n+b\n@@ -9 +10 @@\n-d\n+e\n"
    assert reverted(text, line(2, 1)) == HEAD + "@@ -3,0 +4,2 @@\n+a\n+b\n@@ -5 +6,0 @@\n-c\n@@ -9 +8,0 @@\n-d\n"


def test_the_last_line_without_line_feed_still_parses_after_an_edit() -> None:
    assert reverted(TWO[:-1], line(0, 3)).endswith("+L\n")
