"""The numbers behind a chart: a table that says the same, and the same as a file of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import streamlit as st

from app.components.plain import visible

Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a text that a spreadsheet would take for a formula."""


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` below ``header``, whose names differ; None is a value that is not known."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def columns(self) -> dict[str, list[Cell]]:
        """The values by column, text as it may be shown anywhere."""
        return {name: [_shown(row[at]) for row in self.rows] for at, name in enumerate(self.header)}

    def csv(self) -> bytes:
        """UTF-8 text (RFC 4180). A text that a spreadsheet would compute gets an apostrophe in front."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.header)
        writer.writerows([_inert(_shown(cell)) for cell in row] for row in self.rows)
        return text.getvalue().encode()


def show_table(table: Table, key: str, formats: Mapping[str, str] = MappingProxyType({})) -> None:
    """Draw the table folded away below its chart, and the way to its file; ``key`` names both.

    ``formats`` says how the numbers of a column are shown, as "%+.3f"; the file has all their digits.
    """
    with st.expander("The same as a table"):
        # Above the table, which the browser draws late: below it the button moves away from under a quick click.
        st.download_button(
            "CSV",
            table.csv(),
            file_name=f"whydiff-{key}.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"{key}_csv",
            icon=":material/download:",
        )
        shown = {name: st.column_config.NumberColumn(format=form) for name, form in formats.items()}
        st.dataframe(table.columns(), hide_index=True, key=f"{key}_table", column_config=shown)


def show_plain_table(table: Table, alt: str) -> None:
    """Draw the table open and alone; ``alt`` says to those who cannot see it what it holds."""
    st.dataframe(table.columns(), hide_index=True, height="content", alt=alt)


def _shown(cell: Cell) -> Cell:
    return visible(cell) if isinstance(cell, str) else cell


def _inert(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
