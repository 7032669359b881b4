"""Training curves: for every stage of a run its loss, and what was measured on rows that it does not learn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from app.components.chart_style import BLUE, ORANGE, framed, show_chart
from app.components.data_table import Table
from app.components.plain import plain
from models.errors import ModelError
from models.train.curves import CURVES, read_curves
from models.train.report import Report

_MOST_BYTES = 10_000_000
_BOX = 430
_TITLES: Mapping[str, str] = MappingProxyType({"pretrain": "Pre-training: guess masked tokens", "labels": "Training on labels"})
_MEASURES: Mapping[str, str] = MappingProxyType({"pretrain": "share guessed right"})
_AUC = "AUC"

Points = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a run: (step, mean loss since the point before) and (step, measure), more of the measure being better.

    ``done`` is the share of it that is over, in [0, 1].
    """

    name: str
    losses: Points
    measures: Points
    done: float

    @property
    def title(self) -> str:
        """The stage in words; a name that is not ours comes as it is."""
        return _TITLES.get(self.name, self.name or "Training")

    @property
    def measure(self) -> str:
        """What is measured."""
        return _MEASURES.get(self.name, _AUC)


def read_stages(folder: Path) -> tuple[Stage, ...]:
    """The stages that the run in ``folder`` reported, in their order; none without a file of curves.

    Raises ModelError for a file that cannot be read or holds something else.
    """
    path = folder / CURVES
    try:
        if not path.is_file():
            return ()
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES // 1_000_000} MB")
        return stages(read_curves(path))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{CURVES} of {folder} could not be read ({str(error)[:200]}); copy or train the model again."
        ) from error


def stages(reports: Sequence[Report]) -> tuple[Stage, ...]:
    """``reports`` by stage. Raises TypeError for a value that is none, which a hostile file can hold."""
    for one in reports:
        if type(one.step) is not int or not isinstance(one.stage, str):
            raise TypeError(f"step {str(one.step)[:40]!r} of stage {str(one.stage)[:40]!r} is none")
    found = []
    for name in dict.fromkeys(one.stage for one in reports):
        own = [one for one in reports if one.stage == name]
        losses = tuple((one.step, one.loss) for one in own if _known(one.loss))
        measures = tuple((one.step, one.auc) for one in own if one.auc is not None and _known(one.auc))
        done = own[-1].done if _known(own[-1].done) else 0.0
        found.append(Stage(name, losses, measures, min(max(done, 0.0), 1.0)))
    return tuple(found)


def _known(value: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:40]!r} is no number")
    return math.isfinite(value)


def show_curves(found: Sequence[Stage], finished: bool) -> None:
    """Draw a panel for every stage, side by side where there is room."""
    if not found:
        st.caption(f"There are no training curves: the folder holds no {plain(CURVES)}, which a run of whydiff train leaves.")
        return
    if not finished:
        st.markdown(plain(f"At the last report {found[-1].done:.0%} of the stage “{found[-1].title}” was over."))
    with st.container(horizontal=True, gap="medium"):
        for number, stage in enumerate(found):
            with st.container(width=_BOX):
                st.markdown(f"**{plain(stage.title)}**")
                _show_stage(stage, f"curves-{number + 1}")


def _show_stage(stage: Stage, key: str) -> None:
    if stage.losses or stage.measures:
        show_chart(figure(stage), caption(stage), table(stage), key)
    else:
        st.caption(plain(caption(stage)))


def caption(stage: Stage) -> str:
    """The panel in one or two plain sentences."""
    said = []
    if stage.measures:
        step, best = best_of(stage)
        times = f", of {len(stage.measures):,} measurements" if len(stage.measures) > 1 else ", the only measurement"
        said.append(f"On rows not learnt from, the {stage.measure} was best at step {step:,} ({best:.3f}){times}.")
    else:
        said.append("Nothing was measured on rows not learnt from.")
    if len(stage.losses) > 1:
        said.append(f"The loss went from {stage.losses[0][1]:.3g} to {stage.losses[-1][1]:.3g}.")
    elif stage.losses:
        said.append(f"The loss was reported once: {stage.losses[0][1]:.3g}.")
    return " ".join(said)


def best_of(stage: Stage) -> tuple[int, float]:
    """(step, measure) of the best measurement, the first of equal ones; there is at least one."""
    return max(stage.measures, key=lambda one: one[1])


def table(stage: Stage) -> Table:
    """A row for every step that something is known of."""
    losses, measures = dict(stage.losses), dict(stage.measures)
    steps = sorted(losses.keys() | measures.keys())
    return Table(("Step", "Loss", stage.measure), tuple((step, losses.get(step), measures.get(step)) for step in steps))


def figure(stage: Stage) -> go.Figure:
    """The loss above, the measure below as points with the best one ringed; a part without values is left out."""
    parts = [(points, draw) for points, draw in ((stage.losses, _loss), (stage.measures, _measure)) if points]
    drawn = make_subplots(rows=len(parts), shared_xaxes=True, vertical_spacing=0.09)
    for row, (_, draw) in enumerate(parts, start=1):
        draw(drawn, stage, row)
    drawn.update_xaxes(title="step", row=len(parts))
    steps = {step for points, _ in parts for step, _ in points}
    drawn.update_xaxes(**({"tickvals": [*steps]} if len(steps) == 1 else {"nticks": 6}))
    return framed(drawn, 70 + 170 * len(parts)).update_layout(showlegend=False)


def _loss(drawn: go.Figure, stage: Stage, row: int) -> None:
    steps, losses = zip(*stage.losses, strict=True)
    mode = "lines" if len(steps) > 1 else "markers"
    line = {"color": BLUE, "width": 2}
    trace = go.Scatter(x=steps, y=losses, mode=mode, name="loss", line=line, hovertemplate="step %{x:,}: loss %{y:.4g}")
    drawn.add_trace(trace, row=row, col=1)
    drawn.update_yaxes(title="loss", row=row)


def _measure(drawn: go.Figure, stage: Stage, row: int) -> None:
    steps, values = zip(*stage.measures, strict=True)
    drawn.add_trace(
        go.Scatter(
            x=steps,
            y=values,
            mode="lines+markers",
            name=stage.measure,
            line={"color": ORANGE, "width": 1, "dash": "dot"},
            marker={"size": 9, "color": ORANGE},
            hovertemplate=f"step %{{x:,}}: {stage.measure} %{{y:.4f}}",
        ),
        row=row,
        col=1,
    )
    step, best = best_of(stage)
    ring = {"size": 17, "color": ORANGE, "symbol": "circle-open", "line": {"width": 2}}
    drawn.add_trace(go.Scatter(x=[step], y=[best], mode="markers", name="best", marker=ring, hoverinfo="skip"), row=row, col=1)
    drawn.update_yaxes(title=stage.measure, range=_reach(values), row=row)


def _reach(shares: Sequence[float]) -> list[float]:
    """The range of the axis: all ``shares`` with room around them, but no more than lies in [0, 1]."""
    room = max(0.02, 0.2 * (max(shares) - min(shares)))
    return [max(-0.02, min(shares) - room), min(1.02, max(shares) + room)]
