"""Bare addresses, which GitHub's Markdown makes links of, are broken up where nobody sees it."""

from __future__ import annotations

import re

import pytest

from app.components.plain import plain

FOUND = (r"(?i)https?://[-.\w]", r"(?i)www\.[-\w]", r"[-.\w+]@[-\w]")
"""What mdast-util-gfm-autolink-literal looks for in text that is no longer escaped."""


@pytest.mark.parametrize("text", ["http://a.b/c", "see HTTPS://a.b", "www.a.b", "Www.a.b", "mailto:me@a.b", "x@y.z"])
def test_an_address_is_no_link(text: str) -> None:
    shown = plain(text).replace("\\", "")
    assert not any(re.search(one, shown) for one in FOUND)
    assert shown.replace("\u2060", "") == text
