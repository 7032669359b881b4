"""The page's own Streamlit components, registered once; their scripts and styles lie beside this file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from app.components.payload import View, payload

_HERE = Path(__file__).resolve().parent


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_DIFF = st.components.v2.component(
    "whydiff_diff_view",
    html='<div class="diff" tabindex="0" role="region" aria-label="The change"></div>',
    css=_text("diff_view.css"),
    js=_text("diff_edit.js") + _text("diff_view.js"),
)
_VERDICT = st.components.v2.component(
    "whydiff_verdict", html='<div class="verdict"></div>', css=_text("verdict.css"), js=_text("verdict.js")
)


def show_diff(view: View, key: str) -> None:
    """Draw a diff with what is painted and marked on it."""
    _DIFF(data=payload(view), key=key)


def show_editor(view: View, key: str, on_step: Callable[[], None]) -> None:
    """Draw a diff that can be edited; during ``on_step`` the session's state has the step at ``key``, under "step"."""
    _DIFF(data=payload(view), key=key, on_step_change=on_step)


def show_card(data: dict[str, Any], key: str) -> None:
    """Draw the verdict's card (``app.components.verdict``)."""
    _VERDICT(data=data, key=key)
