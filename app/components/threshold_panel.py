"""Thresholds by what errors cost: a slider, what each choice does to flags and misses, and thresholds of slices."""

from __future__ import annotations

from dataclasses import asdict

import plotly.graph_objects as go
import streamlit as st

from app.components.chart_style import framed
from app.components.data_table import Cell, Table, show_table
from app.components.plain import plain, visible
from app.components.slice_look import MODELS, Look, Said, filling, show_fitted, whiskers
from app.components.slice_source import Looking
from app.components.slice_words import valued
from app.export.planned import EFFECTS, cut, said
from app.slice_work import Asked, Planned, planned, single_valued
from explain.slices.costs import Effect
from explain.slices.thresholds import OwnThreshold

RATIOS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100)
"""How many needless flags a miss may cost."""
_USUAL = 5
_PARTS = (("flags", "flagged"), ("misses", "missed"))
_WIDE = 300


def show_thresholds(looking: Looking, opened: bool) -> None:
    """The slider and, if ``opened``, what three choices of flags do, and the thresholds of slices; for the first model."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        ratio = st.select_slider(
            "A miss costs as much as … needless flags", RATIOS, value=_USUAL, key="ratio", bind="query-params", width=420
        )
        by = st.selectbox(
            "Thresholds of their own by",
            single_valued(looking.chosen.source),
            index=None,
            key="own",
            bind="query-params",
            placeholder="one for all",
            format_func=visible,
            width=_WIDE,
        )
    if not opened:
        return
    found = planned(looking.chosen, Asked(looking.models[0], "", (by,) if by else ()), float(ratio))
    told, *rest = _told(found)
    chart = Said(told, effects_table(found), " ".join(rest))
    show_fitted(effects_figure(found, looking.look), chart, "thresholds", looking.look)
    if by:
        st.markdown(f"**{plain(f'Thresholds by {by}')}**")
        st.markdown(plain(own_caption(found)))
        show_table(own_table(found), "own_thresholds")


def _told(found: Planned) -> tuple[str, ...]:
    """The finding, sentence by sentence, as the command line tells it."""
    span = None if found.span is None else asdict(found.span)
    return tuple(said({**asdict(found.plan), "span": span}))


def _effects(found: Planned) -> list[tuple[str, Effect]]:
    return [(EFFECTS[name], one) for name in EFFECTS if (one := getattr(found.plan, name)) is not None]


def effects_figure(found: Planned, look: Look) -> go.Figure:
    """Flags and misses of every choice with their intervals, in one unit of time."""
    effects = _effects(found)
    drawn = go.Figure()
    for at, (part, title) in enumerate(_PARTS):
        colour, _, pattern, _ = MODELS[at]
        own = [getattr(one, part) for _, one in effects]
        drawn.add_trace(
            go.Bar(
                orientation="h",
                name=title,
                y=list(range(len(effects))),
                x=[one.value for one in own],
                marker=filling(colour, pattern, [False] * len(own)),
                error_x=whiskers(own, 1.0, colour, look),
                hovertemplate=f"%{{x:,.1f}} {title}<extra></extra>",
            )
        )
    framed(drawn, 130 + 2 * look.letters + 2 * look.row * len(effects))
    names = [name.replace(" of ", "<br>of ").replace(" by ", "<br>by ") for name, _ in effects]
    drawn.update_yaxes(tickmode="array", tickvals=list(range(len(effects))), ticktext=names, range=[len(effects) - 0.5, -0.5])
    drawn.update_xaxes(title=f"changes per {found.plan.present.unit}", rangemode="tozero")
    drawn.update_layout(barmode="group", legend_traceorder="normal")
    return drawn


def effects_table(found: Planned) -> Table:
    """A row for every choice: flags, needless ones, misses and cost with their intervals."""
    parts = ("Flags", "Needless", "Misses", "Cost")
    header = ("Choice", "Per", *(f"{part}{end}" for part in parts for end in ("", " from", " to")))
    return Table(header, tuple((name, one.unit, *_figures(one)) for name, one in _effects(found)))


def _figures(one: Effect) -> tuple[Cell, ...]:
    return tuple(cell for part in (one.flags, one.needless, one.misses, one.cost) for cell in (part.value, part.low, part.high))


def own_caption(found: Planned) -> str:
    """How many slices get a threshold of their own, and why others do not."""
    used = [one for one in found.plan.own if one.used]
    if not used:
        return (
            f"No slice of {len(found.plan.own):,} gets a threshold of its own: rows that had no part in choosing prove for none "
            "that another is cheaper."
        )
    named = "; ".join(f"“{valued(one.value)}”: {cut(one.threshold)}" for one in used[:5])
    more = f" and {len(used) - 5} more" if len(used) > 5 else ""
    count = f"{len(used)} of {len(found.plan.own):,} slices get a threshold of their own"
    return f"{count}, proven cheaper on held-out rows: {named}{more}."


def own_table(found: Planned) -> Table:
    """A row for every slice; values are anybody's text."""
    header = ("Slice", "Changes", "Threshold", "Own", "Tried", "Saves for 100", "From", "To", "Adjusted p", "Why")
    return Table(header, tuple(map(_row, found.plan.own)))


def _row(one: OwnThreshold) -> tuple[Cell, ...]:
    saving = one.saving
    used = "own" if one.used else ""
    return (
        valued(one.value), one.rows, one.threshold, used, one.tried, saving.value, saving.low, saving.high, one.p, one.reason,
    )  # fmt: skip
