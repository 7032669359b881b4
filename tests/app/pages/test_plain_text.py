"""Nothing of a diff has a meaning in Streamlit's Markdown, and nothing in it is invisible."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.components.plain import plain, visible


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
