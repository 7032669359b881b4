"""Choosing predictions: which files, which rows of them, one model or two, and how the charts look."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from app.components.plain import plain, problems, visible
from app.components.slice_look import Look
from app.components.source_form import samples_folder
from app.slice_work import Chosen, opened, predictions_at, saved_slices
from explain.slices.load import default_cluster
from explain.slices.saved import read_saved, save, saved
from models.errors import WhydiffError

SHIPPED = "predictions.parquet"
_FIRST = "whydiff-default"
_EXAMPLE = "language = 'Go' and lines_added > 100"


@dataclass(frozen=True, slots=True)
class Looking:
    """The rows, one model or two, and how charts look."""

    chosen: Chosen
    models: tuple[str, ...]
    look: Look


def choose_predictions() -> Looking | None:
    """What the user chose, by default the predictions that ship; None where the expression is wrong. All is in the address.

    Raises DataError for what cannot be read as predictions.
    """
    text = st.text_input(
        "Predictions",
        key="predictions",
        bind="query-params",
        placeholder="Those that ship, or files on the server's disk",
        help="A .parquet file that whydiff score -o wrote, or a folder of such files; several are separated by semicolons.",
    )
    own = bool(text and text.strip())
    chosen = opened(predictions_at(text or "") if own else (samples_folder() / SHIPPED,))
    models = _choose_models(chosen)
    where = _choose_rows(chosen)
    cluster = default_cluster(chosen.source)
    if cluster and not st.toggle(
        f"Rows of one {cluster} are not independent",
        value=True,
        key="clustered",
        bind="query-params",
        help=f"Intervals are drawn between {cluster}s where a slice has at least 8 of them, and are wider for it.",
    ):
        cluster = ""
    look = _choose_look()
    _tell(chosen, models, own)
    return None if where is None else Looking(replace(chosen, where=where, cluster=cluster), models, look)


def _choose_models(chosen: Chosen) -> tuple[str, ...]:
    names = [one.name for one in chosen.source.models]
    first = st.selectbox(
        "Model",
        names,
        index=names.index(_FIRST) if _FIRST in names else 0,
        key="model",
        bind="query-params",
        format_func=visible,
    )
    others = [one for one in names if one != first]
    if not others:
        return (first,)
    second = st.selectbox(
        "Beside it", others, index=None, key="beside", bind="query-params", placeholder="no other model", format_func=visible
    )
    return (first, second) if second else (first,)


def _choose_rows(chosen: Chosen) -> str | None:
    """The expression, None where it is wrong, which is said below its field."""
    text = st.text_input("Only rows where", key="where", bind="query-params", placeholder=_EXAMPLE) or ""
    try:
        chosen.source.expression(text)
    except WhydiffError as error:
        st.error(plain(str(error)))
        return None
    with st.popover("Saved slices", icon=":material/bookmark:"), problems():
        _show_saved(text)
    return text.strip()


def _show_saved(text: str) -> None:
    names = list(read_saved(saved_slices()))
    st.selectbox(
        "Use", names, index=None, key="saved", on_change=_use, format_func=visible, placeholder="none saved" if not names else "…"
    )
    name = st.text_input("Save the expression as", key="name")
    if st.button("Save", key="save", disabled=not (text.strip() and name)):
        save(saved_slices(), (name or "").strip(), text.strip())
        st.rerun()


def _use() -> None:
    if st.session_state["saved"]:
        st.session_state["where"] = saved(saved_slices(), st.session_state["saved"])


def _choose_look() -> Look:
    left, right = st.columns(2, vertical_alignment="center")
    large = left.toggle("Large", key="large", bind="query-params", help="Letters that can be read at three metres.")
    picture = right.segmented_control(
        "Picture",
        ["png", "svg"],
        default="png",
        required=True,
        key="picture",
        bind="query-params",
        help="What the camera above a chart saves.",
    )
    return Look(large, picture or "png")


def _tell(chosen: Chosen, models: tuple[str, ...], own: bool) -> None:
    about = [chosen.source.model(name) for name in models]
    told = ["" if own else "Real predictions that ship with whydiff: no code in them."]
    told += [f"{one.name}: {one.rows:,} changes, threshold {_number(one.threshold)}." for one in about]
    if len({one.rows for one in about}) > 1:
        told.append("The two models were not scored on the same number of changes, so that they compare ill.")
    st.caption(plain(" ".join(filter(None, told))))


def _number(threshold: float | None) -> str:
    return "not told" if threshold is None else f"{threshold:.3f}"
