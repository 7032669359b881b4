"""Which files and lines are code that a defect can live in."""

from __future__ import annotations

import time

import pytest

from models.mine.code import LANGUAGES, code_lines, is_code, is_docs, is_test, may_hold_defects, shape, silent_lines, unspaced
from models.mine.facts import clean_message, cut, only_formats

PYTHON = b'''\
import os
from a import b

# comment
def f(x):  # why
    """Doc

    string."""
    if x:
        return os.path.join(
            "a",
        )
    else:
        y = """text
# no comment
"""
    return y
'''
C = b"""\
#include <a.h>
/* a
 * b */
#define TWICE(x) ((x) + (x))
int f(int *p) { /* why */
  *p = 0;
  // done
  };
#if 0
  dead(code);
#endif
"""
GO = b'package a\n\nimport "fmt"\n\n/* a\nb */\nfunc f() {\n\tfmt.Println(1) // c\n}\n'


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [("a.py", PYTHON, [5, 9, 10, 14, 15, 17]), ("a.c", C, [1, 4, 5, 6, 9]), ("a.go", GO, [7, 8])],
)
def test_code_lines_are_those_that_the_lexer_says(path: str, content: bytes, expected: list[int]) -> None:
    everything = list(range(1, content.count(b"\n") + 3))
    assert code_lines(path, content, everything) == expected
    assert code_lines(path, content.replace(b"\n", b"\r\n"), everything) == expected
    for n in everything:
        assert code_lines(path, content, [n]) == ([n] if n in expected else [])
    assert code_lines(path, content, []) == []


def test_what_the_lexer_is_not_trusted_with_keeps_its_lines() -> None:
    long = b"x = 1\n# a comment\n" + b"y = '" + b"z" * 3000 + b"'\n"
    assert code_lines("a.py", long, [1, 2, 3]) == [1, 2, 3]
    assert code_lines("a.nothing", b"x = 1\n# a comment\n\n", [1, 2, 3]) == [1, 2]
    start = time.perf_counter()
    code_lines("a.py", b"x = 1\n" * 300_000, [300_000])
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("path", ["src/click/core.py", "latest.py", "contest/a.go", "a/Split.java", "lib/x.rs", "Manifest.java"])
def test_code_that_ships(path: str) -> None:
    assert may_hold_defects(path)


@pytest.mark.parametrize(
    "path",
    ["tests/a.py", "src/test_a.py", "a_test.go", "a/FooTest.java", "x.spec.ts", "docs/conf.py", "examples/a.py", "vendor/a.go",
     "a.pb.go", "README.md", "a.json", "conftest.py", "x.min.js", "a/testdata/b.c", "CHANGES", "a.yml"],
)  # fmt: skip
def test_what_holds_no_defect(path: str) -> None:
    assert not may_hold_defects(path)


def test_tests_are_code_but_data_is_not() -> None:
    assert is_code("tests/test_a.py")
    assert not is_code("a.json")
    assert {"Python", "C", "C++", "Go", "Rust", "Java", "TypeScript", "Shell"} <= LANGUAGES


def test_shapes() -> None:
    assert shape(["f(a,", "  'b')"]) == shape(['f(a, "b")'])
    assert unspaced(["f(a,", "  b)"]) == unspaced(["f(a, b)"]) != unspaced(["f(a b)"])


def block(old: str, new: str) -> str:
    return f"@@ -1 +1 @@\n-{old}\n+{new}\n context\n"


def test_a_formatters_run_is_recognised() -> None:
    head = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n"
    style = block("f( 'a' )", 'f("a")')
    assert only_formats(head + style * 5)
    assert not only_formats(head + style * 4)
    assert only_formats(head + style * 12 + block("x = 1", "x = 2"))
    assert not only_formats(head + style * 5 + block("x = 1", "x = 2"))
    assert not only_formats(head + "@@ -0,0 +1 @@\n+new\n context\n" * 9)
    assert not only_formats("")


def test_diffs_are_cut_at_a_line_end() -> None:
    line = "+" + "é" * 98 + "\n"
    assert cut(line.encode() * 240) == ((line * 240)[:-1], False)
    text, truncated = cut(line.encode() * 241)
    assert (text, truncated) == ((line * 240)[:-1], True)
    text, truncated = cut(line.encode() * 3000)
    assert (len(text), truncated) == (23_999, True)
    assert cut(b"") == ("", False)
    assert cut(b"+\xff\n") == ("+\ufffd", False)


def test_people_are_not_named() -> None:
    message = (
        "Fix it\n\nAda Lovelace <ada@example.org> saw it.\n\nSigned-off-by: Ada <ada@example.org>\nCo-authored-by: B <b@x.org>\n"
        "Cc: stable@example.org\nFixes: 1234567"
    )
    assert clean_message(message) == "Fix it\n\nAda Lovelace <address> saw it.\n\nFixes: 1234567"
    assert clean_message("x \udcff y") == "x ? y"


@pytest.mark.parametrize(
    ("path", "lines", "silent"),
    [
        ("a.c", ["int x; /* why */", "// c", "", "/* open", "more"], {1, 2, 3, 4}),
        ("a.c", [" * begun further up", " */", "*p = 3;", "/* a */"], {0, 1, 3}),
        ("a.c", ["* p = 3;", "#define X 1"], set()),
        ("a.rs", ["/// of f", "//! of all", "fn f() {", "// c"], {0, 1, 3}),
        ("a.py", ["# c", "x = 1  # d", "", "import a"], {0, 2}),
        ("a.py", ["end of a docstring", '"""', "code()", "# c"], set()),
        ("a.py", ["x = '*/5'", "# c"], {1}),
        ("a.js", ["let s = `", "// no comment", "`;"], set()),
        ("a.sh", ["#!/bin/sh", "# c"], {1}),
        ("a.md", ["# a heading", " "], {1}),
        ("a.c", ["// " + "x" * 5000, ""], {1}),
        ("a.c", [], set()),
        ("a.c", ["", "\t"], {0, 1}),
    ],
)
def test_silent_lines_are_blank_or_comments_alone(path: str, lines: list[str], silent: set[int]) -> None:
    assert silent_lines(path, lines) == silent


def test_tests_and_documentation_are_told_by_their_paths() -> None:
    assert all(map(is_test, ["tests/a.c", "src/test_a.py", "a.spec.ts", "FooTest.java", "x/fixtures/a.json"]))
    assert not any(map(is_test, ["src/contest.c", "attest.py", "latest.js", "docs/a.md"]))
    assert all(map(is_docs, ["README.md", "docs/conf.py", "a/doc/x.c", "NOTES.rst"]))
    assert not any(map(is_docs, ["src/docs.c", "a.py", "tests/a.c"]))
