"""Where the score comes from: the attribution by part of the change, as a waterfall from the baseline to the output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType

import plotly.graph_objects as go
import streamlit as st

from app.components.plain import plain
from explain.attribution.types import Attribution
from models.change.types import METRICS_FILE
from models.classify.protocol import Prediction
from models.encode.types import Side

TOWARDS, AWAY, TOTAL, LIMIT = "#e07000", "#7f56c9", "#7d8896", "#2f6eb4"
"""Readable on a light and on a dark page, apart for colour-blind eyes, and neither red nor green as the diff has them."""
_PARTS: Mapping[Side, str] = MappingProxyType(
    {
        Side.MESSAGE: "commit message",
        Side.METRICS: "size of the change",
        Side.PATH: "paths",
        Side.REMOVED: "removed lines",
        Side.ADDED: "added lines",
        Side.CONTEXT: "context",
        Side.SPECIAL: "frame tokens",
    }
)
_ROW, _FRAME = 30, 90


def show_score_chart(attribution: Attribution, prediction: Prediction) -> None:
    """Draw the waterfall with its caption."""
    figure = waterfall(attribution, prediction)
    st.plotly_chart(figure, key="parts", config={"displaylogo": False, "displayModeBar": False, "scrollZoom": False})
    st.caption(plain(caption(attribution)))


def parts(attribution: Attribution) -> dict[str, float]:
    """The values summed by part of the change, with "left unexplained" they lead from baseline to output; logits.

    A number taken of the change as a whole that has a name is a part of its own.
    """
    sums = dict.fromkeys(_PARTS.values(), 0.0)
    for one in attribution.tokens:
        named_metric = one.unit.file == METRICS_FILE and 0 <= one.unit.line < len(attribution.names)
        name = plain(attribution.names[one.unit.line]) if named_metric else _PARTS[one.side]
        sums[name] = sums.get(name, 0.0) + one.value
    sums[_PARTS[Side.SPECIAL]] += attribution.special
    named = {name: value for name, value in sums.items() if value}
    return named | {"left unexplained": attribution.completeness_gap}


def caption(attribution: Attribution) -> str:
    """The chart in one plain sentence."""
    sums = parts(attribution)
    gap = sums.pop("left unexplained")
    if not sums:
        return "No part of the change has a value."
    name = max(sums, key=lambda one: abs(sums[one]))
    way = "towards" if sums[name] > 0 else "away from"
    return (
        f"Read from top to bottom: each bar moves the output on from the baseline. Most comes from: {name}, "
        f"{abs(sums[name]):.2f} logits {way} flagged; {abs(gap):.2f} are left unexplained."
    )


def waterfall(attribution: Attribution, prediction: Prediction) -> go.Figure:
    """Baseline, one bar a part, output; the dotted line is the output from which on the model flags."""
    sums = parts(attribution)
    names = [f"baseline ({attribution.baseline})", *sums, "this change"]
    values = [attribution.baseline_output, *sums.values(), attribution.output]
    bars = go.Waterfall(
        orientation="h",
        y=names,
        x=values,
        measure=["absolute", *["relative"] * len(sums), "total"],
        text=[f"{value:+.2f}" for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{text} logits<extra></extra>",
        connector={"line": {"color": TOTAL, "width": 1}},
        increasing={"marker": {"color": TOWARDS}},
        decreasing={"marker": {"color": AWAY}},
        totals={"marker": {"color": TOTAL}},
    )
    limit = prediction.logit - prediction.margin
    figure = go.Figure(bars)
    figure.add_vline(limit, line={"color": LIMIT, "dash": "dot", "width": 2})
    figure.add_annotation(x=limit, y=1, yref="paper", yanchor="bottom", text="flagged from here on", showarrow=False)
    figure.update_xaxes(title="logits", zeroline=False, fixedrange=True, range=_reach([*accumulate(values[:-1]), 0.0, limit]))
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    figure.update_layout(
        height=_FRAME + _ROW * len(names), margin={"l": 8, "r": 8, "t": 28, "b": 8}, showlegend=False, dragmode=False
    )
    return figure


def _reach(ends: Sequence[float]) -> list[float]:
    """The range of the axis: all ends of bars, with room for the numbers beside them."""
    room = 0.2 * (max(ends) - min(ends) or 1.0)
    return [min(ends) - room, max(ends) + room]
