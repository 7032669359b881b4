"""Syntax errors as tree-sitter counts them."""

from __future__ import annotations

import ast

import pytest

from models.change.grammar import GRAMMARS, MOST_CHARACTERS, count_errors


@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        ("Python", "def f(a):\n    return (a)\n", "def f(a):\n    return (a\n"),
        ("C", "int f(int a) { return a; }\n", "int f(int a) { return a }\n"),
        ("Java", "class A { int f() { return 1; } }\n", "class A { int f() { return 1; }\n"),
        ("Go", "package a\n\nfunc f() int { return 1 }\n", "package a\n\nfunc f() int { return 1 ]\n"),
        ("Rust", "fn f() -> i32 { 1 }\n", "fn f() -> i32 { 1 \n"),
        ("JavaScript", "function f() { return [1]; }\n", "function f() { return [1; }\n"),
        ("TypeScript", "const a: number = f(1);\n", "const a: number = f(1;\n"),
    ],
)
def test_broken_code_has_more_errors_than_code_that_is_right(language: str, right: str, wrong: str) -> None:
    assert count_errors(language, right) == 0
    assert (count_errors(language, wrong) or 0) > 0


@pytest.mark.parametrize("text", ["x = [1,\n", "if x:\n", "def f(:\n    pass\n", "x = 1\n", "for a in b:\n    c(a)\n", "a b\n"])
def test_python_agrees_with_its_own_compiler(text: str) -> None:
    try:
        ast.parse(text)
        right = True
    except SyntaxError:
        right = False
    assert (count_errors("Python", text) == 0) is right


def test_common_indentation_is_no_error() -> None:
    assert count_errors("Python", "        a = 1\n        if a:\n            b = 2\n") == 0


def test_what_cannot_be_said() -> None:
    assert count_errors("Docs", "anything") is None
    assert count_errors("unknown", "anything") is None
    assert count_errors("Python", "x = 1\n" * MOST_CHARACTERS) is None


@pytest.mark.parametrize("language", GRAMMARS)
def test_every_grammar_is_there_and_takes_any_text(language: str) -> None:
    assert count_errors(language, "") == 0
    assert count_errors(language, "\x00{ é ( ]\n") is not None
