"""Text for Streamlit elements that read Markdown: everything that has a meaning there is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from models.change.types import clean
from models.errors import WhydiffError

_MEANING = re.compile(r"([!-/:-@\[-`{-~])")
_BREAKS = re.compile(r"[\s\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+")
_LONGEST = 600


def plain(text: str) -> str:
    """``text`` as Markdown that shows exactly it, on one line: no link, picture, formula, emoji or directive."""
    line = _BREAKS.sub(" ", clean(text)).strip()
    shown = line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
    return _MEANING.sub(r"\\\1", shown)


@contextmanager
def problems() -> Iterator[None]:
    """Show what the user can mend as one sentence and go on after the block."""
    try:
        yield
    except WhydiffError as error:
        st.error(plain(str(error)))
