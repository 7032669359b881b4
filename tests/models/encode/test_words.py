"""Words know their places, and the fast reading finds the same ones."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from models.change.parse import parse
from models.change.types import Diff, FileDiff, FileStatus, Hunk, Line, LineKind, Unit
from models.encode.types import Side
from models.encode.words import LINE, LONGEST, Reading, counts, reading, sizes, words

PATCH = "--- a/src/a.py\n+++ b/src/a.py\n@@ -1,2 +1,2 @@ def Section\n Context\n-Old9 = 1\n+New_ == é\n"


def test_words_have_marks_and_places() -> None:
    found = [(one.feature, one.unit, one.side) for one in words(parse(PATCH, "Fix IT"))]
    message, path, line = Unit(-1, -1, 0), Unit(0), Unit(0, 0, 1)
    assert found[:2] == [("mfix", _at(message, 0, 3), Side.MESSAGE), ("mit", _at(message, 4, 6), Side.MESSAGE)]
    assert [one[0] for one in found[2:7]] == ["psrc", "p/", "pa", "p.", "ppy"]
    assert found[2][1:] == (_at(path, 0, 3), Side.PATH)
    assert found[7:9] == [("-Old9", _at(line, 0, 4), Side.REMOVED), ("-=", _at(line, 5, 6), Side.REMOVED)]
    assert [one[0] for one in found[9:]] == ["+New_", "+=", "+=", "+é"]


def test_digits_and_context_are_no_words_and_long_names_are_cut() -> None:
    diff = parse(f"--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n same\n+123 {'n' * 80}\n here\n")
    assert {one.feature for one in words(diff)} == {"px", "+" + "n" * LONGEST}


def test_sizes_are_logs_of_one_more() -> None:
    diff = parse(PATCH)
    assert counts(diff) == (1, 1, 1)
    assert sizes(diff) == (math.log(2),) * 3
    assert sizes(Diff(())) == (0.0, 0.0, 0.0)
    assert reading(Diff(())) == Reading(frozenset(), 0, 0, ())


def test_what_is_beyond_the_limit_of_a_line_is_counted_but_not_read() -> None:
    diff = parse(f"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{'a ' * (LINE // 2)}b b\n")
    found = reading(diff)
    assert found.features == {"px", "+a"}
    assert (found.total - found.read, found.unread) == (2, (Unit(0, 0, 0, LINE, LINE + 3),))


TEXTS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=40)
LINES = st.builds(Line, st.sampled_from(LineKind), TEXTS)
FILES = st.builds(
    lambda path, lines: FileDiff(path, path, FileStatus.MODIFIED, "", (Hunk("", 1, 1, "", tuple(lines)),)), TEXTS, st.lists(LINES)
)


@given(st.builds(lambda files, message: Diff(tuple(files), message=message), st.lists(FILES, max_size=3), TEXTS))
def test_both_readings_agree(diff: Diff) -> None:
    whole, fast = list(words(diff)), reading(diff)
    assert fast.features == {one.feature for one in whole}
    assert fast.read == fast.total == len(whole)
    assert all("\n" not in feature for feature in fast.features)


def _at(unit: Unit, start: int, end: int) -> Unit:
    return Unit(unit.file, unit.hunk, unit.line, start, end)


def test_trailers_of_the_message_are_counted_but_not_read() -> None:
    plain = reading(parse(PATCH, "Fix it"))
    found = reading(parse(PATCH, "Fix it\nChange-Id: I12ab"))
    assert found.features == plain.features
    assert (found.read, found.total - found.read, found.unread) == (plain.read, 5, (Unit(-1, -1, 1),))
    assert {one.unit.line for one in words(parse(PATCH, "Fix it\nChange-Id: I12ab")) if one.unit.file == -1} == {0}
