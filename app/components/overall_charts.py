"""The charts of what carries a model over many changes: a bar with its interval for every word, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import plotly.graph_objects as go

from app.components.chart_style import GREY, ORANGE, PURPLE, framed, label, rgba
from app.components.data_table import Cell, Table
from explain.overall.evidence import LEAST
from explain.overall.portrait import Sheet
from explain.overall.tally import Item
from explain.overall.wording import remark

SHOWN = 10
FORMATS = MappingProxyType(
    {"Mean": "%+.3f", "From": "%+.3f", "To": "%+.3f", "Sum": "%+.2f", "Share": "percent", "Adjusted p": "%.2g"}
)
_ROW, _FRAME = 26, 84


def bars(items: Sequence[Item]) -> go.Figure:
    """The mean of every item in logits, the first on top, with the ends of its interval where it has one.

    What pushes towards flagged goes to the right and is orange, what pushes away goes to the left and is purple.
    """
    means = [one.sure.mean for one in items]
    drawn = go.Figure(
        go.Bar(
            orientation="h",
            x=means,
            y=list(range(len(items))),
            width=0.62,
            marker={"color": [rgba(ORANGE if mean > 0 else PURPLE, 0.55) for mean in means]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [_reach(one, one.sure.high) for one in items],
                "arrayminus": [_reach(one, one.sure.low) for one in items],
                "color": GREY,
                "thickness": 2,
                "width": 4,
            },
            customdata=[(label(one.feature.text), f"{one.changes:,}", label(_ends(one))) for one in items],
            hovertemplate="%{customdata[0]}: %{x:+.3f} logits%{customdata[2]}, mean of %{customdata[1]} changes<extra></extra>",
        )
    )
    drawn.update_xaxes(title="mean, logits")
    framed(drawn, _FRAME + _ROW * len(items))
    names = [label(one.feature.text) for one in items]
    drawn.update_yaxes(tickmode="array", tickvals=list(range(len(items))), ticktext=names, range=[len(items) - 0.5, -0.5])
    drawn.update_xaxes(zeroline=True, zerolinecolor=GREY, zerolinewidth=1)
    drawn.update_layout(margin={"t": 8}, showlegend=False)
    return drawn


def _reach(one: Item, end: float | None) -> float:
    """How far an end of the interval is from the mean."""
    return 0.0 if end is None else abs(end - one.sure.mean)


def _ends(one: Item) -> str:
    low, high = one.sure.low, one.sure.high
    return "" if low is None or high is None else f" [{low:+.3f}, {high:+.3f}]"


def caption(found: Sheet) -> str:
    """The surest item in words, and how many are not shown."""
    said = remark(found.sure, found.tested, found.few)
    if found.items:
        return f"The surest is {_said(found.items[0])}. {said[:1].upper()}{said[1:]}"
    if not found.tested:
        return f"Nothing is sure: all {found.few:,} are in fewer than {LEAST} changes each. Explain more changes."
    return f"Nothing is sure: none of {found.tested:,} tested has an interval without 0; {found.few:,} are in too few changes."


def sides_caption(sides: Sequence[Item]) -> str:
    """The part of a change that counts most, in words."""
    if not sides:
        return "No part of a change has a value."
    share = sides[0].share
    most = f"; it is {100 * share:.0f} % of all that moves the output, either way" if share is not None else ""
    return f"Most comes from {_said(sides[0])}{most}. The largest sums stand on top."


def _said(one: Item) -> str:
    return f"“{one.feature.text}”: {one.sure.mean:+.3f} logits{_ends(one)} in the mean of {one.changes:,} changes"


def items_table(items: Sequence[Item], first: str) -> Table:
    """A row for every item; the first and the last cell are anybody's text."""
    header = (first, "Changes", "Mean", "From", "To", "Over", "Share", "Sum", "Adjusted p", "Most in")
    return Table(header, tuple(_row(one) for one in items))


def _row(one: Item) -> tuple[Cell, ...]:
    sure = one.sure
    over = None if sure.low is None else "projects" if sure.by_project else "changes"
    most = f"{one.examples[0].id} {one.examples[0].place}" if one.examples else None
    return one.feature.text, one.changes, sure.mean, sure.low, sure.high, over, one.share, one.sum, one.p, most
