"""The charts of a model's card: what gating catches, and whether a score can be read as a probability."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from app.components.card_data import Bin, Gate, Interval
from app.components.chart_style import BLUE, GREY, SERIES, framed, label, rgba
from app.components.data_table import Cell, Table

GATED = 20
"""The percentage of gated changes that the caption speaks of."""
_MOST_LINES = len(SERIES)


def gate_figure(gates: Sequence[Gate]) -> go.Figure:
    """A line with its band for every model, and where gating at random would be; both axes in percent."""
    drawn = go.Figure()
    for gate, (colour, dash) in zip(_shown(gates), SERIES, strict=False):
        at = [x for x, one in enumerate(gate.caught) if one is not None]
        own = [one for one in gate.caught if one is not None]
        drawn.add_trace(_band(at, own, colour))
        name = label(gate.name)
        line = {"color": colour, "width": 2, "dash": dash}
        hover = "%{x} % gated: %{y:.1f} % caught"
        values = [100 * one.value for one in own]
        drawn.add_trace(go.Scatter(x=at, y=values, mode="lines", name=name, line=line, hovertemplate=hover))
    chance = {"color": GREY, "width": 1}
    drawn.add_trace(go.Scatter(x=[0, 100], y=[0, 100], mode="lines", name="at random", line=chance, hoverinfo="skip"))
    drawn.update_xaxes(title="changes gated, the riskiest first (%)", range=[0, 100])
    drawn.update_yaxes(title="defective changes caught (%)", range=[0, 102])
    return framed(drawn, 400)


def _shown(gates: Sequence[Gate]) -> Sequence[Gate]:
    """As many models as lines can be told apart: the own one first, then those by size alone, then the others."""
    first, others = gates[:1], gates[1:]
    return (*first, *sorted(others, key=lambda one: not one.by_size))[:_MOST_LINES]


def _band(at: Sequence[int], own: Sequence[Interval], colour: str) -> go.Scatter:
    known = [(x, one.low, one.high) for x, one in zip(at, own, strict=True) if one.low is not None and one.high is not None]
    there = [x for x, _, _ in known]
    return go.Scatter(
        x=[*there, *reversed(there)],
        y=[*(100 * high for _, _, high in known), *(100 * low for _, low, _ in reversed(known))],
        fill="toself",
        fillcolor=rgba(colour, 0.18),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def gate_caption(gates: Sequence[Gate]) -> str:
    """What the chart says at one place, the own model beside the best that sees the size alone."""
    own = gates[0].caught[GATED]
    if own is None:
        return "Nothing can be caught: no change was defective."
    said = f"Gating the riskiest {GATED} % of the changes catches {percent(own)} of the defective ones"
    by_size = [one for gate in gates[1:] if gate.by_size and (one := gate.caught[GATED]) is not None]
    beside = f", by the size of a change alone {percent(max(by_size, key=lambda one: one.value))}" if by_size else ""
    left = len(gates) - _MOST_LINES
    more = f" {left} further model{'' if left == 1 else 's'} are in the table alone." if left > 0 else ""
    return f"{said}{beside}; in brackets and as bands 95 % intervals.{more}"


def gate_table(gates: Sequence[Gate]) -> Table:
    """A row for every model and percentage, shares as in the card."""
    rows = tuple((gate.name, x, *_ends(one)) for gate in gates for x, one in enumerate(gate.caught))
    return Table(("Model", "Gated (%)", "Caught", "From", "To"), rows)


def reliability_figure(bins: Sequence[Bin]) -> go.Figure:
    """A point with its interval for every bin, and the line on which a score is what it says; both axes in percent."""
    rates = [one.rate for one in bins]
    drawn = go.Figure()
    straight = {"color": GREY, "width": 1}
    end = 100 * max([*(one.score for one in bins), *(one.high or one.value for one in rates)])
    drawn.add_trace(go.Scatter(x=[0, end], y=[0, end], mode="lines", name="as it says", line=straight, hoverinfo="skip"))
    drawn.add_trace(
        go.Scatter(
            x=[100 * one.score for one in bins],
            y=[100 * one.value for one in rates],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * ((one.value if one.high is None else one.high) - one.value) for one in rates],
                "arrayminus": [100 * (one.value - (one.value if one.low is None else one.low)) for one in rates],
                "thickness": 1.5,
                "width": 4,
            },
            mode="markers",
            name="observed, with its 95 % interval",
            marker={"color": BLUE, "size": 8},
            customdata=[one.rows for one in bins],
            hovertemplate="score %{x:.1f} %: %{y:.1f} % of %{customdata:,} changes were defective",
        )
    )
    drawn.update_xaxes(title="mean score (%)", rangemode="tozero")
    drawn.update_yaxes(title="defective changes (%)", rangemode="tozero")
    return framed(drawn, 400)


def reliability_caption(bins: Sequence[Bin]) -> str:
    """How many changes a point stands for, and at how many points the score is what was observed."""
    sizes = sorted(one.rows for one in bins)
    each = f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
    known = [one for one in bins if one.rate.low is not None and one.rate.high is not None]
    inside = sum((one.rate.low or 0.0) <= one.score <= (one.rate.high or 0.0) for one in known)
    return (
        f"Every point stands for {each} changes with scores beside each other (n); at {inside} of {len(bins)} points the mean "
        "score lies within the interval of what was observed."
    )


def reliability_table(bins: Sequence[Bin]) -> Table:
    """A row for every bin, shares as in the card."""
    return Table(
        ("Mean score", "Observed", "From", "To", "Changes"), tuple((one.score, *_ends(one.rate), one.rows) for one in bins)
    )


def _ends(one: Interval | None) -> tuple[Cell, Cell, Cell]:
    return (None, None, None) if one is None else (one.value, one.low, one.high)


def percent(one: Interval) -> str:
    """ "52.3 % [50.1, 54.4]"."""
    ends = "" if one.low is None or one.high is None else f" [{100 * one.low:.1f}, {100 * one.high:.1f}]"
    return f"{100 * one.value:.1f} %{ends}"
