"""Text from diffs, paths and error messages is hostile: what a terminal or browser would act on is spelled out here."""

from __future__ import annotations

import re

from rich.text import Text

from app.hidden import MOST, pieces, visible

_LINE_ENDS = re.compile(r"[\r\n]+")


def sentence(text: str) -> str:
    """A message on one line, safe to print, at most 2,000 characters."""
    return visible(_LINE_ENDS.sub(" ", text.strip()), 2000)


def shown(text: str, style: str = "", most: int = MOST) -> Text:
    """``text`` for a terminal: no markup is read from it, and what was invisible stands out."""
    result = Text(style=style)
    for part, hidden in pieces(text, most):
        result.append(part, style="reverse" if hidden else "")
    return result
