"""How the charts of the Slices page look: as large as a room needs, with a button that saves the picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go
import streamlit as st

from app.components.chart_style import BLUE, GREY, ORANGE, rgba
from app.components.data_table import Table, show_table
from app.components.plain import plain
from explain.slices.types import Estimate

MODELS = ((ORANGE, "solid", "", "circle"), (BLUE, "dash", "/", "diamond"))
"""Colour, dash, pattern and mark of the first and the second model: apart without colours too."""
CAUTION = "Intervals are 95 % ones."
_INK = "#5f6b7a"
"""Letters beside the axes on a light page, where Streamlit's own are pale; still readable should the page turn dark."""
_DARK = "dark"
_FAMILY = "sans-serif"
"""In a saved picture there are no fonts of the page, and a wider one would be cut off."""


@dataclass(frozen=True, slots=True)
class Look:
    """``large``: to be read at three metres. ``picture``: the format that the button saves, "png" or "svg"."""

    large: bool = False
    picture: str = "png"

    @property
    def letters(self) -> int:
        """The size of letters in pixels."""
        return 22 if self.large else 14

    @property
    def row(self) -> int:
        """The height of a bar with the room around it."""
        return 54 if self.large else 32

    @property
    def most(self) -> int:
        """How many bars there are at most."""
        return 12 if self.large else 20

    @property
    def height(self) -> int:
        """The height of a curve."""
        return 620 if self.large else 440


@dataclass(frozen=True, slots=True)
class Said:
    """What stands below a chart: its sentence, in small what else has to be told, and its table, numbers in ``formats``."""

    caption: str
    table: Table
    remarks: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)


def whiskers(values: Sequence[Estimate], times: float, colour: str, look: Look) -> dict[str, object]:
    """The ends of intervals as plotly draws them around the values times ``times``; nothing where there are none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [times * _apart(one.value, one.high) for one in values],
        "arrayminus": [times * _apart(one.value, one.low) for one in values],
        "color": colour,
        "thickness": 4 if look.large else 2.5,
        "width": 9 if look.large else 5,
    }


def _apart(value: float | None, end: float | None) -> float:
    return 0.0 if value is None or end is None else abs(end - value)


def filling(colour: str, pattern: str, few: Sequence[bool]) -> dict[str, object]:
    """How bars are filled: pale, so that intervals in full colour stand out; grey and crossed where few rows are behind."""
    return {
        "color": [rgba(GREY if one else colour, 0.4) for one in few],
        "line": {"color": [GREY if one else colour for one in few], "width": 1.5},
        "pattern": {
            "shape": ["x" if one else pattern for one in few],
            "fillmode": "replace",
            "fgcolor": [rgba(GREY if one else colour, 0.5) for one in few],
            "bgcolor": [rgba(GREY if one else colour, 0.12) for one in few],
            "size": 9,
            "solidity": 0.25,
        },
    }


def fitted(figure: go.Figure, look: Look) -> go.Figure:
    """``figure`` with letters of the size of ``look`` everywhere."""
    letters: dict[str, object] = {"size": look.letters, "family": _FAMILY}
    figure.update_layout(
        font=letters,
        hoverlabel_namelength=-1,
        legend={"font": letters},
        hoverlabel={"font": letters},
        margin={"t": 36 + 2 * look.letters},
        modebar={"orientation": "h"},
    )
    if st.context.theme.type != _DARK:
        letters = {**letters, "color": _INK}
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(tickfont=letters, title_font=letters, automargin=True)
    figure.update_annotations(font=letters)
    return figure


def show_fitted(figure: go.Figure, said: Said, key: str, look: Look, on_click: Callable[[], None] | None = None) -> None:
    """Draw a figure, its sentence and its table; ``on_click`` is called when one of its marks is clicked.

    During ``on_click`` the session's state has the marks under ``key``.
    """
    config = {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "scrollZoom": False,
        "toImageButtonOptions": {"format": look.picture, "filename": f"whydiff-{key}", "scale": 2},
    }
    fitted(figure, look)
    if on_click is None:
        st.plotly_chart(figure, key=key, config=config, alt=said.caption)
    else:
        st.plotly_chart(figure, key=key, config=config, alt=said.caption, on_select=on_click, selection_mode="points")
    if look.large:
        st.header(plain(said.caption, 1000), anchor=False)
    else:
        st.markdown(plain(said.caption, 1000))
    st.caption(plain(said.remarks, 1000))
    show_table(said.table, key, said.formats)
