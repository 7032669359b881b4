"""Curves of up to two models over all rows: gates of all widths, whether scores come true, and a metric over time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.components.chart_style import GREY, framed, label, rgba
from app.components.data_table import Cell, Table
from app.components.slice_look import CAUTION, MODELS, Look, whiskers
from app.components.slice_words import PERCENT, TITLES, axis, ends, estimated, number, scale
from explain.slices.curves import Bin
from explain.slices.group import FEW
from explain.slices.metrics import get
from explain.slices.types import Estimate

GATED = 20.0
"""The percentage of gated changes that the caption speaks of."""
EQUAL = "Every point stands for equally many changes with scores beside each other."
Points = Sequence[tuple[float, Estimate]]
Times = Sequence[tuple[str, Estimate]]
_SPAN = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)| Q(?P<quarter>[1-4]))?", re.ASCII)
_STRAIGHT = {"color": GREY, "width": 1.5, "dash": "dot"}


def gate_figure(curves: Mapping[str, Points], look: Look) -> go.Figure:
    """A line with its band for every model, and where gating at random would be; both axes in percent."""
    drawn = go.Figure()
    for at, (model, points) in enumerate(curves.items()):
        colour, dash, _, _ = MODELS[at]
        known = [(x, one) for x, one in points if one.value is not None]
        drawn.add_trace(_band([(x, one) for x, one in known], 100.0, colour))
        drawn.add_trace(
            go.Scatter(
                x=[x for x, _ in known],
                y=[100 * (one.value or 0.0) for _, one in known],
                customdata=[ends("caught", one) for _, one in known],
                mode="lines",
                name=label(model),
                line={"color": colour, "width": 3, "dash": dash},
                hovertemplate="%{x} % gated: %{y:.1f} %%{customdata} caught",
            )
        )
    drawn.add_trace(go.Scatter(x=[0, 100], y=[0, 100], mode="lines", name="at random", line=_STRAIGHT, hoverinfo="skip"))
    drawn.update_xaxes(title="riskiest changes gated (%)", range=[0, 100])
    drawn.update_yaxes(title="defective changes caught (%)", range=[0, 102])
    return framed(drawn, look.height)


def _band(known: Sequence[tuple[float | str, Estimate]], times: float, colour: str) -> go.Scatter:
    inside = [(x, times * one.low, times * one.high) for x, one in known if one.low is not None and one.high is not None]
    there = [x for x, _, _ in inside]
    return go.Scatter(
        x=[*there, *reversed(there)],
        y=[*(high for _, _, high in inside), *(low for _, low, _ in reversed(inside))],
        fill="toself",
        fillcolor=rgba(colour, 0.2),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def gate_caption(curves: Mapping[str, Points]) -> str:
    """What the curves say at one place."""
    said: list[str] = []
    for model, points in curves.items():
        own = dict(points)[GATED]
        if own.value is None:
            return f"Nothing can be caught: no change of {model} was defective."
        ones = "" if said else " of the defective ones"
        said.append(f"{number('caught', own.value)}{ends('caught', own)}{ones} with {model}")
    return f"Gating the riskiest {GATED:.0f} % of the changes catches {' and '.join(said)}."


def gate_table(curves: Mapping[str, Points]) -> Table:
    """A row for every model and percentage."""
    rows = tuple((model, x, *_ends(one)) for model, points in curves.items() for x, one in points)
    return Table(("Model", "Gated (%)", "Caught", "From", "To", "n"), rows)


def reliability_figure(found: Mapping[str, Sequence[Bin]], look: Look) -> go.Figure:
    """A point with its interval for every bin, and the line on which a score is what it says; both axes in percent."""
    rates = [one.rate.high or one.rate.value or 0.0 for own in found.values() for one in own]
    end = 100 * max([*rates, *(one.score for own in found.values() for one in own), 0.01]) * 1.03
    drawn = go.Figure()
    drawn.add_trace(go.Scatter(x=[0, end], y=[0, end], mode="lines", name="as it says", line=_STRAIGHT, hoverinfo="skip"))
    for at, (model, bins) in enumerate(found.items()):
        colour, dash, _, mark = MODELS[at]
        drawn.add_trace(
            go.Scatter(
                x=[100 * one.score for one in bins],
                y=[100 * (one.rate.value or 0.0) for one in bins],
                error_y=whiskers([one.rate for one in bins], 100.0, colour, look),
                mode="lines+markers",
                name=label(model),
                line={"color": colour, "width": 1.5, "dash": dash},
                marker={"color": colour, "size": look.letters * 0.7, "symbol": mark},
                customdata=[estimated("base-rate", one.rate) for one in bins],
                hovertemplate="mean score %{x:.1f} %: %{customdata}",
            )
        )
    drawn.update_xaxes(title="mean score (%)", range=[0, end])
    drawn.update_yaxes(title="defective changes (%)", range=[0, end])
    return framed(drawn, look.height)


def reliability_caption(found: Mapping[str, Sequence[Bin]]) -> str:
    """At how many points the score is what was observed, and which way it is off elsewhere."""
    said = []
    for model, bins in found.items():
        inside = sum((one.rate.low or 0.0) <= one.score <= (one.rate.high or 0.0) for one in bins)
        high = sum(one.score > (one.rate.high or 0.0) for one in bins)
        off = f" ({high} too high, {len(bins) - inside - high} too low)" if inside < len(bins) else ""
        said.append(f"at {inside} of {len(bins)} points{off} with {model}")
    return f"The mean score lies within the interval of what was observed {', '.join(said)}."


def reliability_table(found: Mapping[str, Sequence[Bin]]) -> Table:
    """A row for every model and bin."""
    rows = tuple((model, one.score, *_ends(one.rate)) for model, bins in found.items() for one in bins)
    return Table(("Model", "Mean score", "Observed", "From", "To", "Changes"), rows)


def time_figure(found: Mapping[str, Times], metric: str, look: Look) -> go.Figure:
    """A point with its interval for every span of time, at its middle; hollow, and without a line, where few rows are behind."""
    drawn, times = go.Figure(), scale(metric)
    for at, (model, points) in enumerate(found.items()):
        colour, dash, _, mark = MODELS[at]
        for few in (True, False):
            own = [(when, one) for when, one in points if one.value is not None and (one.n < FEW) is few and _middle(when)]
            drawn.add_trace(
                go.Scatter(
                    x=[_middle(when) for when, _ in own],
                    y=[times * (one.value or 0.0) for _, one in own],
                    error_y=whiskers([one for _, one in own], times, rgba(GREY if few else colour, 0.3 if few else 0.75), look),
                    mode="markers" if few else "lines+markers",
                    name=label(model),
                    showlegend=not few and len(found) > 1,
                    line={"color": rgba(colour, 0.6), "width": 2, "dash": dash},
                    marker={
                        "color": GREY if few else colour,
                        "size": look.letters * 0.6,
                        "symbol": f"{mark}-open" if few else mark,
                    },
                    customdata=[(when, estimated(metric, one)) for when, one in own],
                    hovertemplate="%{customdata[0]}: %{customdata[1]}",
                )
            )
    drawn.update_xaxes(type="date")
    drawn.update_yaxes(title=axis(metric), rangemode="tozero")
    if metric in PERCENT:
        drawn.update_yaxes(range=[-3, 103])
    return framed(drawn, look.height)


def _middle(when: str) -> str:
    """The date in the middle of a span such as "2024-05", "2024 Q2" or "2024"; "" for what is none."""
    found = _SPAN.fullmatch(when)
    if found is None:
        return ""
    if found["quarter"]:
        return f"{found['year']}-{3 * int(found['quarter']) - 1:02d}-15"
    return f"{found['year']}-{found['month'] or '07'}-{'15' if found['month'] else '01'}"


def time_caption(found: Mapping[str, Times], metric: str) -> str:
    """The first and the last span that enough rows are behind, and whether their intervals are apart."""
    model, points = next(iter(found.items()))
    sure = [(when, one) for when, one in points if one.n >= FEW and one.value is not None]
    if len(sure) < 2:
        return f"Too little for a course over time: at most one point has {FEW} trials or more."
    (start, first), (end, last) = sure[0], sure[-1]
    told = f"{TITLES[metric]} of {model} was {number(metric, first.value)}{ends(metric, first)} in {start}"
    return f"{told} and {number(metric, last.value)}{ends(metric, last)} in {end}, {_moved(metric, first, last)}."


def time_remarks(found: Mapping[str, Times]) -> str:
    """How many points few rows are behind, and what a slope may come from."""
    points = [one for own in found.values() for _, one in own]
    few = sum(one.n < FEW for one in points)
    hollow = f" {few} of {len(points)} points have under {FEW} trials, drawn hollow and grey." if few else ""
    return f"{CAUTION}{hollow} Which projects the changes are of may differ from time to time."


def _moved(metric: str, first: Estimate, last: Estimate) -> str:
    if first.low is None or first.high is None or last.low is None or last.high is None:
        return "of which no interval is known"
    rising = last.low > first.high
    if rising or last.high < first.low:
        words = {"higher": ("worse", "better"), "lower": ("better", "worse"), "none": ("lower", "higher")}
        return f"{words[get(metric).direction][rising]}, as their intervals are apart"
    return "whose intervals overlap, so that these two alone prove no change"


def time_table(found: Mapping[str, Times], metric: str) -> Table:
    """A row for every model and span of time."""
    rows = tuple((model, when, *_ends(one)) for model, points in found.items() for when, one in points)
    return Table(("Model", "Time", TITLES[metric], "From", "To", "n"), rows)


def _ends(one: Estimate) -> tuple[Cell, Cell, Cell, Cell]:
    return one.value, one.low, one.high, one.n
