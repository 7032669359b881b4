"""What carries the model over a dataset: which changes and how, the work in the background, and what it comes to."""

from __future__ import annotations

import streamlit as st

from app.components.chart_style import show_chart
from app.components.overall_charts import FORMATS, SHOWN, bars, caption, items_table, sides_caption
from app.components.plain import plain, visible
from app.components.search_progress import outcome
from app.components.settings_form import choose_method, choose_options
from app.dataset_work import Overview, Sought, Table, dataset_at, find_overview, is_table, start_overview
from app.workbench import classifier
from explain.overall.portrait import Part, Portrait, Sheet
from explain.overall.record import By
from explain.overall.wording import CAUTION, SIDES, SORTS, many

_BOX, _SLICE = 430, 300
_ROWS, _MOST_ROWS = 100, 5000
_ALL = "all changes"
_SPLITS = ("train", "valid", "test")


def choose_changes() -> Sought | Table | None:
    """What the user wants explained, or the table where it is kept; None while nothing is named. Every choice is in the address.

    Raises DataError for what is no dataset, ModelError and UsageError where the model cannot be loaded.
    """
    text = st.text_input(
        "Dataset", key="dataset", bind="query-params", placeholder="A .parquet file on the server's disk, or a folder"
    )
    if not text or not text.strip():
        st.caption("Changes with a column diff, as whydiff mine makes them; or a table that whydiff explain DATASET -o wrote.")
        return None
    path = dataset_at(text)
    if is_table(path):
        st.caption("A table of explanations: it is read, and no model is asked.")
        return Table(path)
    left, right = st.columns(2)
    rows = left.number_input("Changes", 1, _MOST_ROWS, _ROWS, 50, key="rows", bind="query-params", help="How many, drawn by lot.")
    split = right.selectbox(
        "Split", _SPLITS, index=None, key="split", bind="query-params", accept_new_options=True, placeholder="all"
    )
    model = classifier()
    card = choose_method(model)
    return Sought(path, (split or "").strip(), int(rows), model, card, choose_options(card))


def show_overall(asked: Sought | Table) -> None:
    """The button, the work while it runs, and what it comes to."""
    label = "Read the table" if isinstance(asked, Table) else "Explain these changes"
    found = outcome(find_overview(asked), lambda: start_overview(asked), "overall", label)
    if isinstance(found, Overview):
        _show_portrait(found.portrait, found.digest)
    elif found is not None:
        st.caption("Stopped before a change was explained.")


def _show_portrait(found: Portrait, digest: str) -> None:
    st.subheader(plain(found.title), anchor=False)
    st.markdown(plain(found.sentences[0]))
    st.caption(plain(" ".join((f"Model {digest}.", *found.sentences[1:]))))
    part = _choose_slice(found)
    st.markdown(f"**{plain(SIDES)}**")
    show_chart(bars(part.sides), sides_caption(part.sides), items_table(part.sides, "Part"), "sides", FORMATS)
    # Boxes wrap as soon as two have no room beside each other.
    with st.container(horizontal=True, gap="medium"):
        for one in part.sheets:
            with st.container(width=_BOX):
                _show_sheet(one)
    st.caption(plain(CAUTION))


def _choose_slice(found: Portrait) -> Part:
    """All changes, or the slice that the user chose."""
    ways = [str(by) for by in By]
    choices = st.container(horizontal=True, vertical_alignment="bottom")
    way = choices.segmented_control("Slice by", [_ALL, *ways], default=_ALL, required=True, key="by", bind="query-params")
    if way not in ways:
        return found.whole
    slices = {one.name: one for one in dict(found.slices)[By(way)]}
    counts = {name: many(one.changes, "change") for name, one in slices.items()}
    name = choices.selectbox(
        "Slice",
        list(slices),
        key=f"slice_{way}",
        bind="query-params",
        format_func=lambda one: f"{visible(one)} ({counts[one]})",
        width=_SLICE,
    )
    return slices.get(name, found.whole)


def _show_sheet(found: Sheet) -> None:
    title = SORTS[found.where]
    st.markdown(f"**{plain(title[:1].upper() + title[1:])}**")
    if found.items:
        show_chart(bars(found.items[:SHOWN]), caption(found), items_table(found.items, "Word"), found.where, FORMATS)
    else:
        st.caption(plain(caption(found)))
