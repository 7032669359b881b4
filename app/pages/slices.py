"""The Slices page: where a model is good and where it is weak, with intervals."""

from __future__ import annotations

import runpy
from pathlib import Path

import streamlit as st

from app.components.plain import problems
from app.components.slice_panel import show_slices
from app.components.slice_source import Looking, choose_predictions


def page() -> None:
    """Draw the page; what cannot be read is said in one sentence."""
    looking: Looking | None = None
    with problems(), st.sidebar:
        looking = choose_predictions()
    st.header("Slices", anchor=False)
    if looking is None:
        st.info("Nothing can be shown with these choices; mend them in the sidebar.")
        return
    with problems():
        show_slices(looking)


if __name__ == "__main__":
    # As for model.py: what Streamlit runs in place of main.py when /slices is the first page that a server is asked for.
    runpy.run_path(str(Path(__file__).resolve().parent.with_name("main.py")), run_name="__main__")
