"""How charts look: colours for light and dark pages and for colour-blind eyes, and what every figure has in common."""

from __future__ import annotations

import html
from collections.abc import Mapping
from types import MappingProxyType

import plotly.graph_objects as go
import streamlit as st

from app.components.data_table import Table, show_table
from app.components.plain import plain, visible

ORANGE, BLUE, PURPLE, GREY = "#e07000", "#2f6eb4", "#9a6ee0", "#7d8896"
SERIES = ((ORANGE, "solid"), (BLUE, "dash"), (PURPLE, "dashdot"), (GREY, "dot"))
"""Colour and dash of the first, second... line of a chart; the dash tells them apart without colours."""
_LONGEST_NAME = 40


def label(text: str) -> str:
    """``text`` as plotly shows exactly it: plotly reads a little HTML, links among it."""
    seen = visible(text)
    # Plotly turns &lt; back, but shows &quot; as it stands; quotes mean nothing outside of a tag.
    return html.escape(seen if len(seen) <= _LONGEST_NAME else seen[:_LONGEST_NAME] + "…", quote=False)


def rgba(colour: str, opacity: float) -> str:
    """A colour such as "#e07000" that lets ``1 - opacity`` of what is behind it through."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def framed(figure: go.Figure, height: int) -> go.Figure:
    """``figure`` without zooming, with its legend above and little margin."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 36, "b": 8},
        dragmode=False,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0, "title": {"text": ""}},
        hovermode="closest",
    )
    figure.update_xaxes(fixedrange=True, zeroline=False)
    figure.update_yaxes(fixedrange=True, zeroline=False)
    return figure


def show_chart(
    figure: go.Figure, caption: str, table: Table, key: str, formats: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Draw a figure, its sentence, and the table that says the same, its numbers in ``formats`` by column."""
    config = {"displaylogo": False, "displayModeBar": False, "scrollZoom": False}
    st.plotly_chart(figure, key=key, config=config, alt=caption)
    st.caption(plain(caption))
    show_table(table, key, formats)
