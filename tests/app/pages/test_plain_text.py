"""Nothing of a diff has a meaning in Streamlit's Markdown, and nothing in it is invisible."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.components.plain import plain, visible
from app.hidden import HIDDEN


@given(st.text())
def test_every_punctuation_mark_is_escaped(text: str) -> None:
    shown = plain(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[!-/:-@\[\]-`{-~]", shown)
    assert "\n" not in shown


@pytest.mark.parametrize("text", ["a\u202eb", "a\x1b[2J", "zero\u200bwidth", "\ufeff", "\r"])
def test_what_cannot_be_seen_is_spelled_out(text: str) -> None:
    assert re.search(r"<U\+[0-9A-F]{4}>", visible(text))


@given(st.text(st.characters(categories=("L", "N", "P"), exclude_characters="\uffa0\u115f\u1160\u3164")))
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


def test_page_script_and_terminal_spell_out_the_same_characters() -> None:
    script = (Path(__file__).parents[3] / "app" / "components" / "diff_view.js").read_text(encoding="utf-8")
    found = re.search(r"const UNSEEN =\s+/(\[.*\])/gu;", script)
    assert found
    python = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: f"\\U{int(match[1], 16):08x}", found[1])
    unseen = re.compile(python)
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        assert bool(unseen.match(chr(code))) == bool(HIDDEN.match(chr(code))), hex(code)
