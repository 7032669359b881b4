"""The Model page: what the model is, how it was trained, and what its card says."""

from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path

import streamlit as st

from app.components.card_data import Card, read_card
from app.components.card_panel import show_card
from app.components.model_facts import read_known, show_facts
from app.components.model_source import choose_model
from app.components.plain import plain, problems
from app.components.training_curves import read_stages, show_curves
from models.registry.resolve import Found


def page() -> None:
    """Draw the page; what cannot be read is said in one sentence, and the rest is drawn all the same."""
    found: Found | None = None
    with problems(), st.sidebar:
        found = choose_model()
    if found is not None:
        with problems():
            _show(found, date.today())


def _show(found: Found, today: date) -> None:
    known = read_known(found, today)
    card: Card | None = None
    head, training, measured = (st.container() for _ in range(3))
    with measured, problems():
        st.subheader("What was measured", anchor=False)
        card = read_card(found.folder)
        show_card(card, known)
    with head:
        st.header(plain(known.name), anchor=False)
        for warning in found.entry.warnings(today) if found.entry else ():
            st.warning(plain(warning))
        if not known.finished:
            st.info("This training run has not ended: what follows is what it left so far.")
            st.button("Refresh", key="refresh", icon=":material/refresh:")
        show_facts(known, card.learnt_from if card else "")
    with training, problems():
        st.subheader("How it was trained", anchor=False)
        show_curves(read_stages(found.folder), known.finished)


if __name__ == "__main__":
    # Streamlit takes this folder for its own "pages" until main.py has run once: when the first visitor of a server asks for
    # /model, it runs this file in place of main.py.
    runpy.run_path(str(Path(__file__).resolve().parent.with_name("main.py")), run_name="__main__")
