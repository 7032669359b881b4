"""A metric over two attributes at once: a cell for every pair of values, grey where few rows are behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go

from app.components.chart_style import framed, label
from app.components.slice_bars import Sheet
from app.components.slice_look import CAUTION, Look
from app.components.slice_words import PERCENT, TITLES, beside, ends, estimated, number, scale, valued
from explain.slices.group import FEW
from explain.slices.metrics import get
from explain.slices.types import SliceReport

_MOST, _MOST_LARGE = (18, 8), (8, 6)
_LINE = 20
"""Letters after which the name of a row goes on in the next line, at a colon or slash."""
_GREY, _INK = "#a3acb8", "#12171d"
"""Behind and in cells of few rows; Viridis has no grey that they could be taken for."""
_SIGNS = {-1: "▼", 0: "", 1: "▲"}
Pair = tuple[str, str]


def heat_map(sheet: Sheet, look: Look) -> go.Figure:
    """The values of the first attribute downwards, of the second across, the most frequent of each first.

    A cell says its value, with ▼ where its whole interval is worse than the value over all changes and ▲ where better.
    """
    cells, (down, across) = _cells(sheet), _sides(sheet, look)
    drawn = go.Figure()
    for few in (False, True):
        drawn.add_trace(_trace(sheet, cells, down, across, few, look))
    framed(drawn, 150 + 3 * look.letters + len(down) * (look.row + 4))
    drawn.update_layout(margin_r=5 * look.letters)  # room for the last slanted name, which else is left out
    drawn.update_xaxes(side="top", title="", showgrid=False, ticks="", tickangle=-35, **_ticks(across))
    drawn.update_yaxes(title="", showgrid=False, ticks="", autorange="reversed", **_ticks(down))
    return drawn


def _ticks(values: Sequence[str]) -> dict[str, object]:
    return {"tickmode": "array", "tickvals": list(range(len(values))), "ticktext": [_broken(valued(one)) for one in values]}


def _broken(value: str) -> str:
    """``value`` as plotly shows it, a long one in two lines."""
    at = max(value.rfind(":", 0, _LINE + 12), value.rfind("/", 0, _LINE)) + 1
    if len(value) <= _LINE or not at:
        return label(value)
    return f"{label(value[:at])}<br>{label(value[at:])}"


def _cells(sheet: Sheet) -> dict[Pair, SliceReport]:
    found = {}
    for one in sheet.slices:
        values = {each.column: each.value for each in one.slice}
        found[values[sheet.by[0]], values[sheet.by[1]]] = one
    return found


def _sides(sheet: Sheet, look: Look) -> tuple[list[str], list[str]]:
    """The values that are drawn, those with most changes first."""
    sides = []
    for name, most in zip(sheet.by, _MOST_LARGE if look.large else _MOST, strict=True):
        rows: Counter[str] = Counter()
        for one in sheet.slices:
            rows.update({each.value: one.rows for each in one.slice if each.column == name})
        sides.append([value for value, _ in rows.most_common(most)])
    return sides[0], sides[1]


def _trace(
    sheet: Sheet, cells: dict[Pair, SliceReport], down: Sequence[str], across: Sequence[str], few: bool, look: Look
) -> go.Heatmap:
    """The cells that few rows are behind, or the others."""
    metric, times = sheet.metric, scale(sheet.metric)
    shown = [[_own(cells.get((one, other)), few) for other in across] for one in down]
    values = [[None if one is None else _level(one, metric, few) for one in row] for row in shown]
    return go.Heatmap(
        z=[[None if one is None else (1.0 if few else times * one) for one in row] for row in values],
        text=[["" if one is None else _text(sheet, one, few) for one in row] for row in shown],
        customdata=[["" if one is None else _told(sheet, one) for one in row] for row in shown],
        texttemplate="%{text}",
        textfont={"size": look.letters - 1, **({"color": _INK} if few else {})},
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        showscale=False,
        **(_few() if few else _scale(metric)),
    )


def _own(one: SliceReport | None, few: bool) -> SliceReport | None:
    return one if one is not None and one.few is few else None


def _level(one: SliceReport, metric: str, few: bool) -> float | None:
    return 1.0 if few else one.estimates[metric].value


def _few() -> dict[str, object]:
    return {"colorscale": [[0, _GREY], [1, _GREY]], "zmin": 0, "zmax": 2}


def _scale(metric: str) -> dict[str, object]:
    """Dark is worse and bright yellow better (Viridis), which lightness alone tells apart."""
    ends_at = {"zmin": 0, "zmax": 100} if metric in PERCENT else {}
    return {"colorscale": "Viridis", "reversescale": get(metric).direction == "lower", **ends_at}


def _text(sheet: Sheet, one: SliceReport, few: bool) -> str:
    own = one.estimates[sheet.metric]
    if few:
        return f"n={own.n:,.0f}"
    sign = _SIGNS[beside(sheet.metric, own, sheet.whole.estimates[sheet.metric])]
    percent = sheet.metric in PERCENT and own.value is not None
    return (f"{100 * (own.value or 0):.0f}" if percent else number(sheet.metric, own.value)) + sign


def _told(sheet: Sheet, one: SliceReport) -> str:
    values = {each.column: each.value for each in one.slice}
    names = " · ".join(label(valued(values[name])) for name in sheet.by)
    return f"{names}: {estimated(sheet.metric, one.estimates[sheet.metric])}; {one.rows:,} changes"


def heat_said(sheet: Sheet, look: Look) -> tuple[str, str]:
    """(which of the cells that are drawn is proven worst, how many tell something and what is not drawn)."""
    metric, whole = sheet.metric, sheet.whole.estimates[sheet.metric]
    cells, (down, across) = _cells(sheet), _sides(sheet, look)
    drawn = [one for pair, one in cells.items() if pair[0] in down and pair[1] in across]
    sure = [one for one in drawn if not one.few]
    worse = [one for one in sure if beside(metric, one.estimates[metric], whole) < 0]
    grey = f"{len(drawn) - len(sure)} of {len(drawn)} cells are grey: under {FEW} trials, too few to tell; blank: no changes"
    left = len(cells) - len(drawn)
    unit = "Cells are in percent, without decimals; b" if metric in PERCENT else "B"
    bright = "right is high" if get(metric).direction == "none" else "right is good, dark is bad"
    rest = f"{CAUTION} {unit}{bright}. {grey}" + (f"; {left:,} rarer cells are in the table." if left else ".")
    if not worse:
        against = f"{number(metric, whole.value)}{ends(metric, whole)}"
        return f"{TITLES[metric]} is proven worse than over all changes ({against}) in no cell.", rest
    first = worse[0]
    values = {each.column: valued(each.value) for each in first.slice}
    told = f"“{' · '.join(values[name] for name in sheet.by)}”: {estimated(metric, first.estimates[metric])}"
    count = f"{len(worse)} of {len(sure)} cells with {FEW} trials or more (▼)"
    return (
        f"{TITLES[metric]} is proven worse than over all changes ({number(metric, whole.value)}) in {count}, first {told}.",
        rest,
    )
