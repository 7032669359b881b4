"""The Slices page's answers: slices by evidence, two attributes at once, curves, the course over time, weak slices, a pack."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.pack_panel import show_pack
from app.components.plain import plain, problems, visible
from app.components.slice_bars import Sheet, bars, bars_table, caption, remarks
from app.components.slice_changes import choose_code, show_changes
from app.components.slice_curves import (
    EQUAL,
    gate_caption,
    gate_figure,
    gate_table,
    reliability_caption,
    reliability_figure,
    reliability_table,
    time_caption,
    time_figure,
    time_remarks,
    time_table,
)
from app.components.slice_heat import heat_map, heat_said
from app.components.slice_look import CAUTION, Said, show_fitted
from app.components.slice_source import Looking
from app.components.slice_words import ALL, TITLES, named
from app.components.threshold_panel import show_thresholds
from app.components.weak_panel import show_weak
from app.slice_work import Asked, bins, changes, dates_of, gates, grouped, loaded, times
from explain.slices.curves import Period
from explain.slices.group import DEFAULT, FEW
from explain.slices.metrics import METRICS
from explain.slices.types import Slice

_FIRST = ("language", "component", "project")
_TABS = ("Slices", "Heat map", "Gates and scores", "Over time", "Thresholds", "Weak slices", "Meeting pack")
_OWN_METRICS = {"Gates and scores", "Thresholds", "Weak slices"}
"""What does not depend on the metric that is chosen."""
_NO_ATTRIBUTES = (
    "These predictions hold no attributes to slice by, or only one: score a dataset with diffs, so that whydiff score adds them."
)
_BARS = "bars"
_PERIODS = [str(one) for one in Period]
_WIDE, _BOX = 300, 430


def show_slices(looking: Looking) -> None:
    """The questions and the answer that is open."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        metric = _choose_metric(looking)
    tabs = st.tabs(_TABS, key="answer", bind="query-params")
    answers = (_show_bars, _show_heat, _show_curves, _show_times, _show_thresholds, _show_search, show_pack)
    for tab, answer in zip(tabs, answers, strict=True):
        # What can be chosen is drawn in all of them: Streamlit forgets, also in the address, what is not.
        with tab, problems():
            answer(looking, metric, bool(tab.open))


def _choose_metric(looking: Looking) -> str:
    lines = loaded(looking.chosen, looking.models[0], ()).table.lines is not None
    names = [one.name for one in METRICS if one.needs != "lines" or lines]
    metric = st.selectbox(
        "Metric",
        names,
        index=names.index("recall"),
        key="metric",
        bind="query-params",
        format_func=TITLES.__getitem__,
        width=_WIDE,
        disabled=st.session_state.get("answer", st.query_params.get("answer")) in _OWN_METRICS,
    )
    card = next(one for one in METRICS if one.name == metric)
    st.caption(plain(f"{card.summary} Interval: {card.paper}."))
    return metric


def _attributes(looking: Looking) -> tuple[list[str], list[str]]:
    """(all attributes, those that one looks at first on top, those before them)."""
    there = list(looking.chosen.source.attributes)
    first = [one for one in _FIRST if one in there]
    return [*first, *(one for one in there if one not in first)], first


def _sheets(looking: Looking, metric: str, by: tuple[str, ...], others: tuple[str, ...]) -> tuple[Sheet, ...]:
    reports = ((one, grouped(looking.chosen, Asked(one, metric, by), others)) for one in looking.models)
    return tuple(Sheet(model, metric, by, found) for model, found in reports)


def _show_bars(looking: Looking, metric: str, opened: bool) -> None:
    names, first = _attributes(looking)
    by = tuple(
        st.multiselect(
            "Slice by",
            names,
            default=first[:1] or names[:1],
            max_selections=2,
            key="by",
            bind="query-params",
            format_func=visible,
            help="One attribute or two; a change with several languages or components counts in the slice of each.",
            width=2 * _WIDE,
        )
    )
    if not by:
        st.info("Choose one attribute to slice by, or two." if names else _NO_ATTRIBUTES)
        return
    sheets = _sheets(looking, metric, by, DEFAULT)
    if opened:
        _tell_notes(looking, by)
        said = Said(caption(sheets[0]), bars_table(sheets), remarks(sheets, looking.look))
        shown = [named(one.slice, by) for one in sheets[0].known]
        show_fitted(bars(sheets, looking.look), said, _BARS, looking.look, lambda: _clicked(shown))
    slices = {named(one.slice, by): one.slice for one in sheets[0].reports}
    st.subheader("The changes behind it", anchor=False)
    chosen, where = st.columns(2, vertical_alignment="bottom")
    with chosen:
        name = st.selectbox(
            "Changes of", list(slices), key="slice", bind="query-params", format_func=visible, help="Or click a bar above."
        )
    with where:
        code = choose_code()
    if opened:
        _show_behind(looking, Asked(looking.models[0], metric, by), slices.get(name, ()), (name or ALL, code))


def _show_behind(looking: Looking, asked: Asked, inside: Slice, said: tuple[str, str]) -> None:
    """The changes of a slice; ``said``: what it is called, and where the code is."""
    show_changes(changes(looking.chosen, asked, inside), *said)


def _clicked(shown: Sequence[str]) -> None:
    """A bar was clicked: its slice is the one whose changes are shown."""
    points = st.session_state[_BARS].selection.points
    place = points[0].get("customdata", [None])[0] if points else None
    if isinstance(place, int) and place < len(shown):
        st.session_state["slice"] = shown[place]


def _tell_notes(looking: Looking, by: tuple[str, ...]) -> None:
    for one in looking.models:
        for note in loaded(looking.chosen, one, by).notes:
            st.caption(plain(note))


def _show_heat(looking: Looking, metric: str, opened: bool) -> None:
    names, _ = _attributes(looking)
    if len(names) < 2:
        st.info(_NO_ATTRIBUTES)
        return
    row = st.container(horizontal=True)
    sides = ("component", "language") if {"component", "language"} <= set(names) else (names[0], names[-1])
    with row:
        down = st.selectbox("Down", names, names.index(sides[0]), key="down", bind="query-params", width=_WIDE)
        across = st.selectbox("Across", names, names.index(sides[1]), key="across", bind="query-params", width=_WIDE)
    if down == across:
        st.info("Choose two different attributes.")
        return
    if not opened:
        return
    sheets = _sheets(looking, metric, (down, across), ())
    _tell_notes(looking, (down, across))
    for sheet in sheets:
        if len(sheets) > 1:
            st.markdown(f"**{plain(sheet.model)}**")
        told, rest = heat_said(sheet, looking.look)
        show_fitted(heat_map(sheet, looking.look), Said(told, bars_table([sheet]), rest), f"heat_{sheet.model}", looking.look)


def _show_curves(looking: Looking, metric: str, opened: bool) -> None:
    if not opened:
        return
    curves = {one: gates(looking.chosen, one) for one in looking.models}
    found = {one: bins(looking.chosen, one) for one in looking.models}
    large = looking.look.large
    with st.container(horizontal=not large, gap="medium"):
        for key, title, figure, said in (
            (
                "gate",
                "Gate x %, catch y %",
                gate_figure(curves, looking.look),
                Said(gate_caption(curves), gate_table(curves), CAUTION),
            ),
            (
                "reliability",
                "Is the score what happens?",
                reliability_figure(found, looking.look),
                Said(reliability_caption(found), reliability_table(found), f"{CAUTION} {EQUAL}"),
            ),
        ):
            with st.container(width="stretch" if large else _BOX):
                st.markdown(f"**{plain(title)}**")
                show_fitted(figure, said, key, looking.look)


def _show_times(looking: Looking, metric: str, opened: bool) -> None:
    dates = dates_of(looking.chosen.source)
    if not dates:
        st.info("These predictions hold no dates: score a dataset that has them, as whydiff mine makes it.")
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        name = dates[0] if len(dates) == 1 else st.selectbox("Date", dates, key="date", bind="query-params", width=_WIDE)
        usual = _usual_period(looking, metric, name)
        period = Period(
            st.segmented_control("By", _PERIODS, default=str(usual), required=True, key="period", bind="query-params") or usual
        )
    if not opened:
        return
    found = {one: times(looking.chosen, Asked(one, metric, (name,)), period) for one in looking.models}
    figure = time_figure(found, metric, looking.look)
    said = Said(time_caption(found, metric), time_table(found, metric), time_remarks(found))
    show_fitted(figure, said, "times", looking.look)


def _usual_period(looking: Looking, metric: str, name: str) -> Period:
    """The shortest on which most points have enough rows behind them."""
    for period in Period:
        points = times(looking.chosen, Asked(looking.models[0], metric, (name,)), period)
        if 2 * sum(one.n >= FEW for _, one in points) >= len(points):
            return period
    return Period.YEAR


def _show_thresholds(looking: Looking, metric: str, opened: bool) -> None:
    show_thresholds(looking, opened)


def _show_search(looking: Looking, metric: str, opened: bool) -> None:
    show_weak(looking, opened)
