"""The lines that the truth names are found again in a parsed diff."""

from __future__ import annotations

from explain.trust.lines import line_case
from models.change.types import Unit
from tests.explain.trust.line_toys import case, patch, row


def test_added_lines_rank_in_reading_order_and_the_named_ones_are_at_fault() -> None:
    made = case(["int a;", "int b;", "int c;"], ["int b;"])
    assert [(line.text, line.units, line.faulty) for line in made.lines] == [
        ("int a;", (Unit(0, 0, 1),), False),
        ("int b;", (Unit(0, 0, 2),), True),
        ("int c;", (Unit(0, 0, 3),), False),
    ]
    assert (made.named, made.missing, made.unranked, made.faulty) == (1, 0, 0, 1)


def test_copies_in_one_file_are_one_line_with_several_places() -> None:
    text = patch("a.c", "}", "x();", "}") + patch("b.c", "}")
    made = line_case(row(text, ("a.c", "}"), ("a.c", "}")))
    assert made is not None
    assert [(line.text, line.units, line.faulty) for line in made.lines] == [
        ("}", (Unit(0, 0, 1), Unit(0, 0, 3)), True),
        ("x();", (Unit(0, 0, 2),), False),
        ("}", (Unit(1, 0, 1),), False),
    ]
    assert made.named == 1


def test_carriage_returns_and_blanks_do_not_tell_lines_apart() -> None:
    made = line_case(row(patch("a.c", "\tint  a;\r", "   ", "\r", "int b;"), ("a.c", "int a;"), ("a.c", "  int b;\r")))
    assert made is not None
    assert [(line.text, line.faulty) for line in made.lines] == [("int a;", True), ("int b;", True)]


def test_the_path_before_a_renaming_will_do_where_no_file_bears_it() -> None:
    text = patch("new.c", "x();", old_path="old.c")
    for path in ("new.c", "old.c"):
        made = line_case(row(text, (path, "x();")))
        assert made is not None
        assert made.faulty == 1
    taken = line_case(row(text + patch("old.c", "x();"), ("old.c", "x();")))
    assert taken is not None
    assert [line.faulty for line in taken.lines] == [False, True]


def test_what_is_not_found_or_does_not_rank_is_counted() -> None:
    text = patch("a.c", "x();") + patch("README.md", "words") + patch("pom.xml", "<a/>")
    named = [("a.c", "gone();"), ("b.c", "x();"), ("README.md", "words"), ("a.c", "old();", "deleted")]
    made = line_case(row(text, *named, cut=True))
    assert made is not None
    assert [line.text for line in made.lines] == ["x();"]
    assert (made.named, made.missing, made.unranked, made.faulty, made.cut) == (3, 3, 1, 0, True)


def test_context_and_removed_lines_do_not_rank() -> None:
    text = "--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,2 @@\n same();\n-old();\n+new();\n"
    made = line_case(row(text, ("a.c", "same();"), ("a.c", "old();")))
    assert made is not None
    assert [line.text for line in made.lines] == ["new();"]
    assert made.missing == 2


def test_comments_and_tests_are_marked_as_no_code() -> None:
    text = "--- a/src/a.c\n+++ b/src/a.c\n@@ -1,2 +1,6 @@\n /* begins\n+middle\n+ends */\n+x();  // why\n+// x();\n y();\n"
    made = line_case(row(text + patch("src/test/a.c", "x();") + patch("src/b.c", "// x();", "x();"), ("src/a.c", "x(); // why")))
    assert made is not None
    assert [(line.text, line.code) for line in made.lines] == [
        ("middle", False),
        ("ends */", False),
        ("x(); // why", True),
        ("// x();", False),
        ("x();", False),
        ("// x();", False),
        ("x();", True),
    ]
