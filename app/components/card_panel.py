"""The card of a model, drawn from its data by our own code: nothing in it is read as Markdown or HTML."""

from __future__ import annotations

import streamlit as st

from app.components.card_charts import (
    gate_caption,
    gate_figure,
    gate_table,
    reliability_caption,
    reliability_figure,
    reliability_table,
)
from app.components.card_data import Card
from app.components.chart_style import show_chart
from app.components.data_table import Table, show_plain_table
from app.components.model_facts import Known
from app.components.plain import plain
from models.evaluate.sections import Section

_BOX = 430
_LONGEST_TEXT = 4000
_OPEN = ("Measured on", "Ranking")
_LIMITS = (
    "Labels come from later fixes and are noisy, and no fix is no proof of health. Intervals speak of other changes to the same "
    "projects, not of other projects or times. A score is a reason to look, not a verdict on a person."
)


def show_card(card: Card | None, known: Known) -> None:
    """Draw the card of the model that is looked at, or say how to get one."""
    if card is None and not known.finished:
        st.caption("There is no card yet: the run writes one when it ends.")
        return
    if card is None:
        st.caption(
            "There is no card: score a labelled dataset with the model, then run "
            f"{plain('whydiff evaluate PREDICTIONS --card FOLDER')}, which writes what was measured into its folder."
        )
        return
    if card.digest != known.digest:
        st.warning(
            plain(f"The card is about the checkpoint {card.digest}, which is not this one; its figures may not hold here.")
        )
    for one in card.sections:
        if one.title in _OPEN:
            _show_section(one)
    _show_charts(card)
    with st.expander("All else that was measured"):
        for one in card.sections:
            if one.title not in _OPEN:
                _show_section(one)
    if card.explaining:
        with st.expander("What its explanations are worth"):
            for one in card.explaining:
                _show_section(one)
    st.caption(plain(_LIMITS))


def _show_charts(card: Card) -> None:
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_BOX):
            st.markdown("**Gate x %, catch y %**")
            show_chart(gate_figure(card.gates), gate_caption(card.gates), gate_table(card.gates), "gate")
        if card.bins:
            with st.container(width=_BOX):
                st.markdown("**Is the score what happens?**")
                bins = card.bins
                show_chart(reliability_figure(bins), reliability_caption(bins), reliability_table(bins), "reliability")


def _show_section(section: Section) -> None:
    st.markdown(f"**{plain(section.title)}**")
    st.markdown(plain(section.text, _LONGEST_TEXT))
    if section.rows:
        header = tuple(one[:1].upper() + one[1:] for one in section.header)
        show_plain_table(Table(header, section.rows), section.title)
