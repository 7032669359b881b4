"""The Overall page: what carries the model over many changes."""

from __future__ import annotations

import runpy
from pathlib import Path

import streamlit as st

from app.components.overall_panel import choose_changes, show_overall
from app.components.plain import problems
from app.dataset_work import Sought, Table


def page() -> None:
    """Draw the page; what cannot be read or loaded is said in one sentence."""
    asked: Sought | Table | None = None
    with problems(), st.sidebar:
        asked = choose_changes()
    st.header("Overall", anchor=False)
    if asked is None:
        st.info(
            "Name a dataset in the sidebar: every change of it is explained, and what words, paths and other parts add to the "
            "model's output is added up over all of them."
        )
        return
    with problems():
        show_overall(asked)


if __name__ == "__main__":
    # As for model.py: what Streamlit runs in place of main.py when /overall is the first page that a server is asked for.
    runpy.run_path(str(Path(__file__).resolve().parent.with_name("main.py")), run_name="__main__")
