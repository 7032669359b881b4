"""Text from diffs, paths and error messages is hostile: what a terminal or browser would act on is spelled out here."""

from __future__ import annotations

import re

from rich.text import Text

from app.hidden import HIDDEN

_LINE_ENDS = re.compile(r"[\r\n]+")
_TAB = 4
MOST = 400
"""Characters of one line that are shown to people."""


def pieces(text: str, most: int = MOST) -> list[tuple[str, bool]]:
    """``text`` as (part, whether it stands for something invisible) pairs, tabs expanded, cut after ``most`` characters.

    Control, bidirectional, zero-width and tag characters become ``<U+202E>``; bytes that were no UTF-8 ``<0xFF>``.
    """
    parts: list[tuple[str, bool]] = []
    kept, at = text[:most].expandtabs(_TAB), 0
    for match in HIDDEN.finditer(kept):
        parts += [(kept[at : match.start()], False), (_spelled(match[0]), True)]
        at = match.end()
    parts.append((kept[at:], False))
    if len(text) > most:
        parts.append((f" … {len(text) - most:,} more characters", True))
    return [part for part in parts if part[0]]


def visible(text: str, most: int = MOST) -> str:
    """``text`` with everything that could act on a terminal spelled out; see ``pieces``."""
    return "".join(part for part, _ in pieces(text, most))


def sentence(text: str) -> str:
    """A message on one line, safe to print, at most 2,000 characters."""
    return visible(_LINE_ENDS.sub(" ", text.strip()), 2000)


def shown(text: str, style: str = "", most: int = MOST) -> Text:
    """``text`` for a terminal: no markup is read from it, and what was invisible stands out."""
    result = Text(style=style)
    for part, hidden in pieces(text, most):
        result.append(part, style="reverse" if hidden else "")
    return result


def _spelled(character: str) -> str:
    code = ord(character)
    return f"<0x{code - 0xDC00:02X}>" if 0xDC80 <= code <= 0xDCFF else f"<U+{code:04X}>"
