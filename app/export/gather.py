"""What a meeting pack tells, as one JSON from which its HTML and Markdown are made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.export.asked import USUAL, Asked
from app.export.planned import planned
from app.export.records import discovered, grouped, head
from app.release import own_version
from explain.slices.costs import curve
from explain.slices.curves import gate_curve, reliability
from explain.slices.discover import discover
from explain.slices.group import group
from explain.slices.load import Wanted, cluster_of, load, to_search
from explain.slices.metrics import METRICS, MetricOptions, get, measure
from explain.slices.search import DiscoverOptions
from explain.slices.source import Source, open_source
from explain.slices.span import span_of

if TYPE_CHECKING:
    from explain.slices.types import Table

SCHEMA = "whydiff/report/1"
Tick = Callable[[float], None]


def gathered(asked: Asked, tick: Tick = lambda done: None) -> dict[str, Any]:
    """The report; ``tick`` hears of the share done. Raises the errors of what it measures."""
    source = open_source(asked.predictions)
    model = source.model(asked.model)
    asked = replace(asked, cluster=cluster_of(source, asked.cluster))
    wanted = Wanted((), source.expression(asked.where), asked.cluster)
    metrics = tuple(get(name).name for name in asked.metrics)
    views, notes = _views(source, model.name, asked, wanted, metrics, tick)
    whole = load(source, model.name, wanted)
    table = whole.table
    span = span_of(source, model.name, wanted.where)
    return {
        **head(model, asked.where, asked.cluster, tuple(dict.fromkeys((*whole.notes, *notes)))),
        "schema": SCHEMA,
        "version": own_version(),
        "title": asked.title or f"Where {model.name} is weak, and what to do",
        "command": asked.command,
        "files": [_about(file) for file in source.files],
        "span": None if span is None else asdict(span),
        "all": {"rows": table.rows, "defective": int(table.labels.sum())},
        "titles": {one.name: one.title for one in METRICS},
        "directions": {one.name: one.direction for one in METRICS},
        "views": views,
        **_curves(table, MetricOptions(clustered=bool(asked.cluster))),
        "discovery": _discovery(source, model.name, wanted, asked.kind, tick),
        **_thresholds(source, model.name, wanted, asked, table),
        "decisions": list(asked.decisions),
        "remarks": asked.remarks,
    }


def _about(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return {"name": file.name, "bytes": file.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def _views(
    source: Source, model: str, asked: Asked, wanted: Wanted, metrics: tuple[str, ...], tick: Tick
) -> tuple[list[dict[str, Any]], list[str]]:
    usual = tuple(one for one in USUAL if set(one) <= set(source.attributes))
    views, notes = [], list[str]()
    options = MetricOptions(clustered=bool(asked.cluster))
    groupings = asked.by or usual
    for number, by in enumerate(groupings):
        loaded = load(source, model, replace(wanted, attributes=by))
        views.append(grouped(by, metrics, group(loaded.table, by, metrics, options)))
        notes += loaded.notes
        tick((number + 1) / (len(groupings) + 1) / 2)
    return views, notes


def _curves(table: Table, options: MetricOptions) -> dict[str, Any]:
    gates = [{"percent": percent, **asdict(one)} for percent, one in gate_curve(table, options)]
    bins = [{"score": one.score, "rows": one.rows, **asdict(one.rate)} for one in reliability(table, options)]
    _, found = measure(table, (), ["calibration-error"], options)
    return {"gate": gates, "reliability": bins, "calibration_error": asdict(found["calibration-error"].at(0))}


def _discovery(source: Source, model: str, wanted: Wanted, kind: str, tick: Tick) -> dict[str, Any] | None:
    if not kind:
        return None
    options = DiscoverOptions(kind)
    loaded = load(source, model, replace(wanted, attributes=to_search(source), halves=True))
    assert loaded.halves is not None
    found = discover(loaded.table, loaded.halves, options, lambda done: tick(0.5 + done / 2))
    whole: dict[str, Any] = discovered(found)["discovery"]
    return whole


def _thresholds(source: Source, model: str, wanted: Wanted, asked: Asked, table: Table) -> dict[str, Any]:
    if asked.ratio is None:
        return {"thresholds": None, "curve": None}
    found = curve(table, asked.ratio)
    names = ("thresholds", "flags", "misses", "cost", "low", "high")
    columns = [getattr(found, name).tolist() for name in names]
    points = [dict(zip(("threshold", *names[1:]), row, strict=True)) for row in zip(*columns, strict=True)]
    slices = replace(wanted, attributes=_one_each(source, asked.by))
    return {
        **planned(source, model, slices, asked.ratio),
        "curve": {"ratio": found.ratio, "best": found.best, "points": points},
    }


def _one_each(source: Source, by: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first single column to slice by that has one value a row, or the language."""
    from explain.slices.where import Sort

    single = [one[0] for one in by if len(one) == 1] or ["language"]
    return tuple(name for name in single if source.columns.get(name, Sort.TEXTS) is not Sort.TEXTS)[:1]
