"""Text for Streamlit elements that read Markdown: everything that has a meaning there is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.hidden import HIDDEN
from models.change.types import clean
from models.errors import WhydiffError

_MEANING = re.compile(r"([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"(https?\\:\\/|www(?=\\\.)|\\@)", re.IGNORECASE)
_JOINER = "\u2060"
"""Takes no room and allows no line break; an address with it inside is none, so that Markdown makes no link of it."""
_BREAKS = re.compile(r"\s+")
_LONGEST = 600


def visible(text: str) -> str:
    """``text`` with what cannot be seen, or turns the direction of text, spelled out as ``<U+202E>``; for plain elements."""
    return HIDDEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", clean(text))


def plain(text: str, most: int = _LONGEST) -> str:
    """``text`` as Markdown that shows exactly it, on one line: no link, picture, formula, emoji or directive.

    What is longer than ``most`` characters is cut.
    """
    line = visible(_BREAKS.sub(" ", text)).strip()
    shown = line if len(line) <= most else line[:most] + "…"
    return _ADDRESS.sub(rf"\1{_JOINER}", _MEANING.sub(r"\\\1", shown))


@contextmanager
def problems() -> Iterator[None]:
    """Show what the user can mend as one sentence and go on after the block."""
    try:
        yield
    except WhydiffError as error:
        st.error(plain(str(error)))
