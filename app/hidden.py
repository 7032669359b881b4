"""What cannot be seen, or turns the direction of text, spelled out: text from diffs, paths and error messages is hostile."""

from __future__ import annotations

import re

HIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Everything but the tab; ``components/diff_view.js`` has the same set, but for surrogates, which no browser gets."""
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


def _spelled(character: str) -> str:
    code = ord(character)
    return f"<0x{code - 0xDC00:02X}>" if 0xDC80 <= code <= 0xDCFF else f"<U+{code:04X}>"
