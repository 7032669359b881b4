"""A bar for every slice with its interval and n, sorted by evidence; up to two models beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.components.chart_style import GREY, framed, label
from app.components.data_table import Cell, Table
from app.components.slice_look import CAUTION, MODELS, Look, filling, whiskers
from app.components.slice_words import (
    PERCENT,
    TITLES,
    axis,
    beside,
    ends,
    estimated,
    named,
    number,
    proven_worse,
    scale,
    valued,
)
from explain.slices.group import FEW
from explain.slices.metrics import get
from explain.slices.types import Estimate, Slice, SliceReport

_NOTHING = Estimate(None, None, None, 0.0)
_BY_CHANCE = 0.025
"""Of intervals that hold what they should in 95 of 100 cases, so many lie wholly on one side of it."""
_VERDICTS = {-1: "worse than all", 0: "not apart from all", 1: "better than all"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A ``model``'s report by ``metric``, the attributes ``by`` being those of the slices; ``reports``: all rows first."""

    model: str
    metric: str
    by: tuple[str, ...]
    reports: tuple[SliceReport, ...]

    @property
    def whole(self) -> SliceReport:
        """That of all rows."""
        return self.reports[0]

    @property
    def slices(self) -> tuple[SliceReport, ...]:
        """Those of the slices, by evidence."""
        return self.reports[1:]

    def of(self, where: Slice) -> Estimate:
        """The metric of a slice, which may be none of these."""
        return next((one.estimates[self.metric] for one in self.reports if one.slice == where), _NOTHING)

    @property
    def known(self) -> tuple[SliceReport, ...]:
        """Those of the slices on which the metric is defined."""
        return tuple(one for one in self.slices if one.estimates[self.metric].value is not None)


def bars(sheets: Sequence[Sheet], look: Look) -> go.Figure:
    """The slices that the first model is proven worst on, on top; grey where few rows are behind.

    A mark's ``customdata`` begins with the place of its slice.
    """
    first = sheets[0]
    shown = first.known[: look.most]
    drawn = go.Figure()
    width = 0.66 / len(sheets)
    for at, sheet in enumerate(sheets):
        shift = (at - (len(sheets) - 1) / 2) * width
        drawn.add_traces(list(_traces(sheet, shown, at, (shift, width), look)))
        _mark_whole(drawn, sheet, at)
    framed(drawn, 110 + 2 * look.letters + look.row * max(len(shown), 2) * (4 if len(sheets) > 1 else 3) // 3)
    names = [_name(sheets, one.slice) for one in shown]
    drawn.update_yaxes(tickmode="array", tickvals=list(range(len(shown))), ticktext=names, range=[len(shown) - 0.45, -0.55])
    drawn.update_xaxes(title=axis(first.metric), rangemode="tozero")
    if first.metric in PERCENT:
        drawn.update_xaxes(range=[0, _end(sheets, shown)])
    drawn.update_layout(showlegend=len(sheets) > 1, barmode="overlay")
    return drawn


def _end(sheets: Sequence[Sheet], shown: Sequence[SliceReport]) -> float:
    """Where the axis ends, in percent: a little beyond the last interval."""
    highs = [sheet.of(one.slice).high or 0.0 for sheet in sheets for one in shown]
    return min(102.0, 100 * max([*highs, *(sheet.of(()).value or 0.0 for sheet in sheets), 0.01]) * 1.04)


def _name(sheets: Sequence[Sheet], where: Slice) -> str:
    """The slice with its trials, of both models where these differ."""
    trials = dict.fromkeys(f"{sheet.of(where).n:,.0f}" for sheet in sheets)
    return f"{_labelled(where, sheets[0].by)}  n = {' | '.join(trials)}"


def _labelled(where: Slice, by: tuple[str, ...]) -> str:
    """The values of a slice as plotly shows them, each cut by itself."""
    values = {one.column: valued(one.value) for one in where}
    return " · ".join(label(values[name]) for name in by if name in values)


def _traces(sheet: Sheet, shown: Sequence[SliceReport], at: int, place: tuple[float, float], look: Look) -> Iterator[go.Bar]:
    """The bars that enough rows are behind, then the others, whose intervals are grey too."""
    (shift, width), (colour, _, pattern, _) = place, MODELS[at]
    times = scale(sheet.metric)
    every = [(row, one, sheet.of(one.slice)) for row, one in enumerate(shown)]
    for few in (False, True):
        own = [(row, one, found) for row, one, found in every if found.value is not None and (found.n < FEW) is few]
        yield go.Bar(
            orientation="h",
            name=label(sheet.model),
            showlegend=not few,
            x=[times * (found.value or 0.0) for _, _, found in own],
            y=[row + shift for row, _, _ in own],
            width=width * 0.92,
            marker=filling(colour, pattern, [few] * len(own)),
            error_x=whiskers([found for _, _, found in own], times, GREY if few else colour, look),
            customdata=[
                (row, _labelled(one.slice, sheet.by), estimated(sheet.metric, found), f"{one.rows:,}") for row, one, found in own
            ],
            hovertemplate="%{customdata[1]}: %{customdata[2]}; %{customdata[3]} changes",
        )


def _mark_whole(drawn: go.Figure, sheet: Sheet, at: int) -> None:
    """A line where all changes are."""
    whole = sheet.whole.estimates[sheet.metric]
    if whole.value is not None:
        colour, dash, _, _ = MODELS[at]
        text = f"all: {number(sheet.metric, whole.value)}" if at == 0 else ""
        drawn.add_vline(
            scale(sheet.metric) * whole.value,
            line={"color": colour, "width": 2, "dash": "dot" if dash == "solid" else dash},
            annotation={"text": text, "yanchor": "bottom", "y": 1.0, "xanchor": "center"},
        )


def caption(sheet: Sheet) -> str:
    """The slice that is proven worst by the first model, and how many are proven worse than all changes."""
    metric, known = sheet.metric, sheet.known
    title = TITLES[metric]
    if not known:
        return f"{title} is undefined in every slice: it needs {_needed(metric)}."
    if get(metric).direction == "none":
        first = known[0]
        return f"The largest slice of {sheet.model} is {_told(sheet, first)}; {_whole(sheet)}."
    worse = proven_worse(metric, known, sheet.whole)
    if not worse:
        return (
            f"{title} of {sheet.model} is proven worse in no slice: no interval lies wholly on the worse side; {_whole(sheet)}."
        )
    return f"{title} of {sheet.model} is proven worst in {_told(sheet, worse[0])}; {_whole(sheet)}."


def _needed(metric: str) -> str:
    needs = {"recall": "defective changes", "precision": "flagged changes", "fpr": "harmless changes"}
    return needs.get(metric, "changes of both labels")


def _told(sheet: Sheet, one: SliceReport) -> str:
    return f"“{named(one.slice, sheet.by)}”: {estimated(sheet.metric, one.estimates[sheet.metric])}"


def _whole(sheet: Sheet) -> str:
    whole = sheet.whole.estimates[sheet.metric]
    return f"over all changes it is {number(sheet.metric, whole.value)}{ends(sheet.metric, whole)}"


def remarks(sheets: Sequence[Sheet], look: Look) -> str:
    """How many slices are proven worse, beside what chance would make of it, and what few rows are behind."""
    sheet, known = sheets[0], sheets[0].known
    worse = len(proven_worse(sheet.metric, known, sheet.whole))
    few = sum(one.estimates[sheet.metric].n < FEW for one in known)
    undefined, left = len(sheet.slices) - len(known), len(known) - look.most
    chance = f"chance alone would put about {_BY_CHANCE * len(known):.1f} of them there"
    beside_all = f" {worse} of {len(known)} intervals lie wholly on the worse side; {chance}." if known else ""
    thin = f" Under {FEW} trials are behind {few} of {len(known)}, drawn grey and crossed." if few else ""
    more = f" {left:,} further slices are in the table." if left > 0 else ""
    nothing = f" In {undefined:,} more it is undefined; they are in the table alone." if undefined else ""
    shown = "" if get(sheet.metric).direction == "none" else beside_all
    paired = " Two models judge the same changes, so that they may differ though their intervals overlap." if sheets[1:] else ""
    return f"{CAUTION}{shown}{thin}{more}{nothing}{paired}"


def bars_table(sheets: Sequence[Sheet]) -> Table:
    """A row for every slice and model: what was drawn, and all that was measured beside it."""
    metrics = tuple(sheets[0].whole.estimates)
    header = ("Model", *sheets[0].by, "Changes", "Share", "Few", "Beside all")
    figures = tuple(f"{TITLES[name]}{part}" for name in metrics for part in ("", " from", " to", " n"))
    return Table((*header, *figures), tuple(_row(sheet, one) for sheet in sheets for one in sheet.reports))


def _row(sheet: Sheet, one: SliceReport) -> tuple[Cell, ...]:
    values = {each.column: named((each,), (each.column,)) for each in one.slice}
    own = one.estimates[sheet.metric]
    verdict = _VERDICTS[beside(sheet.metric, own, sheet.whole.estimates[sheet.metric])] if one.slice else ""
    figures = tuple(cell for each in one.estimates.values() for cell in (each.value, each.low, each.high, each.n))
    names = tuple(values.get(name, "(all)") for name in sheet.by)
    return (sheet.model, *names, one.rows, one.share, "few" if one.few else "", verdict, *figures)
