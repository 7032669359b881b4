from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.visible import sentence, shown
from app.hidden import visible


def test_plain_text_stays() -> None:
    assert visible("def f(): return 'é 漢 🙂'") == "def f(): return 'é 漢 🙂'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31m", "<U+001B>[31m"),
        ("\u202eabc", "<U+202E>abc"),
        ("a\u200bb", "a<U+200B>b"),
        ("a\rb\nc", "a<U+000D>b<U+000A>c"),
        ("\x9b2J", "<U+009B>2J"),
        ("\udcff", "<0xFF>"),
        ("\U000e0041", "<U+E0041>"),
    ],
)
def test_what_acts_is_spelled_out(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text(st.characters(), max_size=50))
def test_nothing_that_acts_is_left(text: str) -> None:
    kinds = {unicodedata.category(one) for one in visible(text)}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not any(
        one in visible(text) for one in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff"
    )


@given(st.integers(0, 0x10FFFF))
def test_every_format_character_is_spelled_out(code: int) -> None:
    if unicodedata.category(chr(code)) == "Cf":
        # the few left out are visible signs of their scripts
        assert visible(chr(code)).startswith("<U+") or unicodedata.name(chr(code)).split()[0] in {"ARABIC", "KAITHI", "EGYPTIAN"}


def test_long_lines_are_cut_and_say_so() -> None:
    assert visible("x" * 500, 10) == "x" * 10 + " … 490 more characters"


def test_markup_is_text() -> None:
    assert shown("[bold]x[/bold]").plain == "[bold]x[/bold]"


def test_a_sentence_is_one_line() -> None:
    assert sentence("a\nb\r\n\x1b c ") == "a b <U+001B> c"
