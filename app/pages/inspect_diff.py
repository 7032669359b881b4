"""The Inspect page: one change, its verdict, why, and what would turn it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.components.compare_panel import show_comparison
from app.components.flip_panel import show_flips
from app.components.mount import show_card
from app.components.plain import problems
from app.components.precedent_panel import show_precedents
from app.components.settings_form import choose_explanation
from app.components.source_form import choose_change, when
from app.components.verdict import card
from app.components.why_panel import show_why
from app.workbench import classifier, explained, scored, trusting
from models.change.types import Diff
from models.classify.bands import band_of


def page() -> None:
    """Draw the page; what cannot be read or loaded is said in one sentence."""
    diff: Diff | None = None
    with problems(), st.sidebar:
        diff = choose_change()
    model, explaining = None, None
    with problems():
        model = classifier()
    if model is not None:
        with st.sidebar:
            explaining = choose_explanation(model)
    if diff is None:
        st.info("Choose a change in the sidebar: a sample, a diff to paste or upload, a commit, or a row of a dataset.")
        return
    if model is None or explaining is None:
        return
    with problems():
        prediction = scored(diff, model)
        show_card(card(diff, prediction, model.name, band_of(model, prediction.score)), key="verdict")
        why, what_if, beside = st.tabs(["Why", "What if", "Compare"], key="answer", bind="query-params")
        with why, problems():
            attribution = explained(diff, model, explaining.method, explaining.options)
            measure = partial(trusting, diff, model, attribution, explaining.options)
            show_why(diff, prediction, attribution, explaining.level, measure)
            show_precedents(diff, model, when(diff))
        with what_if, problems():
            show_flips(diff, model, prediction)
        with beside, problems():
            show_comparison(diff, model, explaining)
