"""The lines of a message that tell who wrote, reviewed or relayed a change and by which id: nothing of the change itself."""

from __future__ import annotations

import re

_ALWAYS = r"(?:[\w-]{1,40}-by|cc|change-id|depends-on|reviewed-on)[ \t]{0,3}:"
_WITH_ADDRESS = r"(?:[\w-]{1,40}-to|from|author|committer)[ \t]{0,3}:[^\n]*[<@]"
_TRAILER = re.compile(rf"[ \t>]*(?:{_ALWAYS}|{_WITH_ADDRESS})", re.IGNORECASE)


def is_trailer(line: str) -> bool:
    """Whether ``line`` is such a line, as "Signed-off-by: ..." or "Change-Id: ...", wherever it stands in a message.

    Datasets are mined without them and no model reads them: a score must not hang on who reviewed a change. Trailers that
    say what a change is about ("Fixes: ...", "Closes-Bug: ...") are none of them.
    """
    return _TRAILER.match(line) is not None


def without_trailers(message: str) -> str:
    """``message`` without its trailers; its other lines stay as they are."""
    return "\n".join(line for line in message.split("\n") if not is_trailer(line))
