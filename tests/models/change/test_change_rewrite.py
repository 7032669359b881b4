"""Other words in added lines and in the message: what may be rewritten, and what is refused."""

from __future__ import annotations

import pytest

from models.change.parse import parse
from models.change.render import render
from models.change.rewrite import rewritable, rewrite
from models.change.types import Unit

TEXT = """diff --git a/a.c b/a.c
index 1111111..2222222 100644
--- a/a.c
+++ b/a.c
@@ -1,2 +1,3 @@ int f(void)
 int x;
-free(x);
+release(x);
+done = 1;
"""
DIFF = parse(TEXT, "Free it\n\nlater")


def test_added_lines_and_the_message_may_say_something_else():
    assert dict(rewritable(DIFF)) == {
        Unit(-1, -1, 0): "Free it",
        Unit(-1, -1, 1): "",
        Unit(-1, -1, 2): "later",
        Unit(0, 0, 2): "release(x);",
        Unit(0, 0, 3): "done = 1;",
    }


def test_words_are_put_in_place_and_stale_hashes_go():
    edited = rewrite(DIFF, {Unit(0, 0, 2, 0, 7): "let_go", Unit(0, 0, 2, 8, 9): "", Unit(-1, -1, 0, 5, 7): "the lock"})
    assert edited.message == "Free the lock\n\nlater"
    assert render(edited) == TEXT.replace("release(x)", "let_go()").replace("index 1111111..2222222 100644\n", "")
    assert rewrite(DIFF, {}) == DIFF
    only_message = rewrite(DIFF, {Unit(-1, -1, 2, 0, 5): ""})
    assert (render(only_message), only_message.message) == (TEXT, "Free it")


SHOWN = "commit " + "a" * 40 + "\nAuthor: A <a@b.c>\n\n    Free it\n    \n    later\n\n" + TEXT
MAILED = "From " + "a" * 40 + " Mon Sep 17\nSubject: [PATCH] Free it\n\nlater\n---\n a.c | 2 +-\n\n" + TEXT + "-- \n2.4\n\n"


@pytest.mark.parametrize("text", [SHOWN, MAILED])
def test_a_message_that_stands_in_the_text_is_replaced_there(text: str):
    diff = parse(text)
    last = diff.message.count("\n")
    edited = rewrite(diff, {Unit(-1, -1, 0, 4, 7): "", Unit(-1, -1, last, 0, 5): "now"})
    assert edited.message == diff.message.replace("Free it", "Free").replace("later", "now")
    assert parse(render(edited)) == edited
    assert "later" not in render(edited)
    gone = rewrite(diff, {Unit(-1, -1, 0, 0, 7): "", Unit(-1, -1, last, 0, 5): ""})
    assert (gone.message, parse(render(gone))) == ("", gone)


@pytest.mark.parametrize(
    ("replacements", "sentence"),
    [
        ({Unit(0, 0, 1, 0, 2): "x"}, "tokens of added lines or of the message"),
        ({Unit(0, 0, 0, 0, 2): "x"}, "tokens of added lines or of the message"),
        ({Unit(0, 0, 2): "x"}, "tokens of added lines or of the message"),
        ({Unit(0, 0, 2, 4, 4): "x"}, "tokens of added lines or of the message"),
        ({Unit(0, 0, 2, 4, 99): "x"}, "tokens of added lines or of the message"),
        ({Unit(0, 0, 9, 0, 1): "x"}, "tokens of added lines or of the message"),
        ({Unit(0, 0, 2, 0, 4): "x\ny"}, "without a line feed"),
        ({Unit(0, 0, 2, 0, 4): "x", Unit(0, 0, 2, 3, 5): "y"}, "overlap"),
    ],
)
def test_what_cannot_be_put_in_place_is_refused(replacements: dict[Unit, str], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        rewrite(DIFF, replacements)


def test_lines_that_are_no_text_stay_as_they_are():
    diff = parse("--- a/a\n+++ b/a\n@@ -0,0 +1,2 @@\n+caf\udce9 x\n+né\n")
    assert list(rewritable(diff)) == [(Unit(0, 0, 1), "né")]
