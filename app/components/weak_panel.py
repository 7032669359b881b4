"""Weak slices as the page shows them: the search in the background, a sentence, a bar for each, and a table."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from app.components.chart_style import GREY, ORANGE, framed, label
from app.components.data_table import Cell, Table
from app.components.plain import plain
from app.components.search_progress import outcome
from app.components.slice_look import Look, Said, filling, show_fitted, whiskers
from app.components.slice_source import Looking
from app.components.slice_words import number, valued
from app.dataset_work import dataset_at
from app.weak_work import Caught, Hunt, find_hunt, start_hunt
from explain.slices.actions import ACTIONS
from explain.slices.search import KINDS, DiscoverOptions
from explain.slices.types import Discovery, Estimate, Slice, WeakSlice

ERRORS = {
    "accuracy": "judged wrongly",
    "recall": "missed, of the defective ones",
    "fpr": "flagged, of the harmless ones",
    "precision": "harmless, of the flagged ones",
}
_WIDE = 300
_FORMATS = {
    "Errors": "percent",
    "Errors from": "percent",
    "Errors to": "percent",
    "Elsewhere": "percent",
    "More by": "percent",
    "More from": "percent",
    "More to": "percent",
    "Adjusted p": "%.2g",
}


def show_weak(looking: Looking, opened: bool) -> None:
    """The form and, if ``opened``, the search while it runs, and what it found for the first model."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        kind = st.selectbox("What suffers", list(KINDS), key="kind", bind="query-params", width=_WIDE)
        conditions = st.segmented_control(
            "Conditions at most", [1, 2, 3], default=2, required=True, key="conditions", bind="query-params"
        )
        text = st.text_input(
            "Among words of the changes too",
            key="words",
            bind="query-params",
            placeholder="The dataset that was scored, on the server's disk",
            help="Words of added and removed lines, of messages and of paths then count as attributes.",
            width=_WIDE,
        )
    if not opened:
        return
    words = dataset_at(text) if text and text.strip() else None
    asked = Hunt(looking.chosen, looking.models[0], DiscoverOptions(kind, int(conditions or 2)), words)
    found = outcome(find_hunt(asked), lambda: start_hunt(asked), "hunt", "Look for weak slices")
    if isinstance(found, Caught):
        _show_found(found.found, looking.models[0], looking.look)
        if found.note:
            st.caption(plain(found.note))
    elif found is not None:
        st.caption("Stopped before the search was through.")
    else:
        st.caption(
            "All slices of so many conditions are searched on one half of the changes; what is found is tested on the other "
            "half, with p-values adjusted for all that was tested."
        )


def _show_found(found: Discovery, model: str, look: Look) -> None:
    if not found.found:
        st.success(plain(summary(found, model)), icon=":material/check:")
        st.caption(plain(looked_at(found)))
        return
    said = Said(summary(found, model), weak_table(found), looked_at(found), _FORMATS)
    show_fitted(weak_bars(found, look), said, "weak", look)
    for one in found.found:
        st.markdown(f"**{plain(conditions_of(one.slice))}**: {plain(f'{ACTIONS[one.action]}. {one.reason}')}")


def conditions_of(where: Slice) -> str:
    """The conditions of a slice in words; values are anybody's text."""
    return " and ".join(f"{one.column} = {valued(one.value)}" for one in where) or "all changes"


def summary(found: Discovery, model: str) -> str:
    """How many weak slices there are, and the surest in words."""
    errors = ERRORS[found.kind]
    if not found.found:
        return (
            f"No slice of {model} is proven weaker than the rest: of {found.candidates:,} that were tested none has an adjusted "
            f"p of at most {found.level:g}. That is no proof that there is none."
        )
    first = found.found[0]
    many = "1 weak slice" if len(found.found) == 1 else f"{len(found.found)} weak slices"
    return (
        f"{model} has {many}; the surest is “{conditions_of(first.slice)}”, where {_share(first.rate)} are {errors}, "
        f"against {_share(first.rest)} {_elsewhere(first)} (n = {first.rate.n:,.0f}, adjusted p = {first.p:.2g})."
    )


def _elsewhere(one: WeakSlice) -> str:
    return "elsewhere" if one.parent is None else f"in the rest of “{conditions_of(one.parent)}”"


def _share(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return number("accuracy", one.value)
    return f"{number('accuracy', one.value)} [{100 * one.low:.1f}, {100 * one.high:.1f}]"


def looked_at(found: Discovery) -> str:
    """What was searched and tested, and what the figures are from."""
    return (
        f"{found.screened:,} slices had enough rows and were searched on {found.rows:,} changes; {found.candidates:,} were "
        f"tested on {found.confirming:,} others, where all figures are from; at most {100 * found.level:.0f} % of such findings "
        f"are expected to be chance."
    )


def weak_bars(found: Discovery, look: Look) -> go.Figure:
    """The share of errors of every weak slice with its interval, and a line where the rest is; the surest on top."""
    shown = found.found[: look.most]
    rates = [one.rate for one in shown]
    drawn = go.Figure(
        go.Bar(
            orientation="h",
            x=[100 * (one.value or 0.0) for one in rates],
            y=list(range(len(shown))),
            width=0.6,
            name="in the slice",
            marker=filling(ORANGE, "", [False] * len(shown)),
            error_x=whiskers(rates, 100.0, ORANGE, look),
            customdata=[label(_share(one)) for one in rates],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    drawn.add_trace(
        go.Scatter(
            x=[100 * (one.rest.value or 0.0) for one in shown],
            y=list(range(len(shown))),
            mode="markers",
            name="the rest",
            marker={"symbol": "line-ns", "size": look.row * 0.6, "line": {"width": 4, "color": GREY}},
            customdata=[label(_share(one.rest)) for one in shown],
            hovertemplate="the rest: %{customdata}<extra></extra>",
        )
    )
    framed(drawn, 130 + look.row * 2 * max(len(shown), 2))
    names = [_broken(one) for one in shown]
    drawn.update_yaxes(tickmode="array", tickvals=list(range(len(shown))), ticktext=names, range=[len(shown) - 0.5, -0.5])
    drawn.update_xaxes(title=f"{ERRORS[found.kind]} (%)", rangemode="tozero")
    return drawn


def _broken(one: WeakSlice) -> str:
    """A condition a line."""
    lines = [label(f"{each.column} = {valued(each.value)}") for each in one.slice]
    return "<br>".join([*lines, f"n = {one.rate.n:,.0f}"])


def weak_table(found: Discovery) -> Table:
    """A row for every weak slice; conditions are anybody's text."""
    header = (
        "Slice", "Changes", "Errors", "Errors from", "Errors to", "n", "Elsewhere", "More by", "More from", "More to", "Times",
        "Adjusted p", "Part of", "What to do", "Why",
    )  # fmt: skip
    return Table(header, tuple(map(_row, found.found)))


def _row(one: WeakSlice) -> tuple[Cell, ...]:
    rate, more = one.rate, one.difference
    parent = "" if one.parent is None else conditions_of(one.parent)
    return (
        conditions_of(one.slice), one.rows, rate.value, rate.low, rate.high, rate.n, one.rest.value, more.value, more.low,
        more.high, one.ratio.value, one.p, parent, ACTIONS[one.action], one.reason,
    )  # fmt: skip
