"""What the Slices page works with: predictions kept open, tables and reports made once for all that they depend on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.dataset_work import dataset_at, hashed, stamp
from explain.slices.changes import Change, worst
from explain.slices.changes import changes as changes_at
from explain.slices.counts import holds
from explain.slices.curves import Bin, Period, gate_curve, over_time, reliability
from explain.slices.group import group
from explain.slices.load import Loaded, Wanted, load
from explain.slices.metrics import MetricOptions
from explain.slices.source import Source, open_source
from explain.slices.span import Span, countable, span_of
from explain.slices.thresholds import Plan, ThresholdOptions, plan
from explain.slices.types import Estimate, Slice, SliceReport
from explain.slices.where import Sort
from models.errors import DataError, UsageError
from models.registry.folder import place

MOST_CHANGES = 200
"""So many changes of a slice are shown at most."""
_SEPARATOR = ";"
Curve = tuple[tuple[float, Estimate], ...]
Times = tuple[tuple[str, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows are looked at: of the ``source`` that ``stamp`` tells from others, those that meet ``where``.

    ``cluster``: the column by which rows are not independent of each other, or "". ``paths``: what the source was opened by.
    """

    source: Source
    stamp: tuple[tuple[str, int, int], ...]
    paths: tuple[Path, ...]
    where: str = ""
    cluster: str = ""

    @property
    def key(self) -> str:
        """All that tables depend on, but for model and attributes."""
        return hashed(self.stamp, self.where, self.cluster)

    @property
    def options(self) -> MetricOptions:
        """What metrics are asked with."""
        return MetricOptions(clustered=bool(self.cluster))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at of the rows: one ``model`` by one ``metric``, and which attributes make the slices."""

    model: str
    metric: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many ``rows`` a slice has, how many of them are judged wrongly, and the worst of them, at most 200."""

    rows: int
    wrong: int
    worst: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """Thresholds, and the time that flags and misses are counted over; None where too little is dated."""

    plan: Plan
    span: Span | None


def predictions_at(text: str) -> tuple[Path, ...]:
    """The files and folders that ``text`` names on the server's disk, separated by semicolons. Raises DataError."""
    parts = [part for part in text.split(_SEPARATOR) if part.strip()]
    if not parts:
        raise DataError(f"Expected files of predictions, but got {text:.80}; name them, or leave the field empty.")
    return tuple(dataset_at(part) for part in parts)


def opened(paths: tuple[Path, ...]) -> Chosen:
    """All rows of the predictions at ``paths``, opened anew when a file has changed. Raises DataError."""
    stamps = tuple(one for path in paths for one in stamp(path))
    return Chosen(_source(hashed(stamps), paths), stamps, paths)


def saved_slices() -> Path:
    """The file of the slices that were saved by name, beside the folder of registered models."""
    return place().parent / "slices.json"


def single_valued(source: Source) -> tuple[str, ...]:
    """The attributes with one value a row that slices can have thresholds of their own by."""
    return tuple(name for name in source.attributes if source.columns[name] is not Sort.TEXTS)


def dates_of(source: Source) -> tuple[str, ...]:
    """The attributes that are dates."""
    return tuple(name for name in source.attributes if source.columns[name] is Sort.DATE)


def loaded(chosen: Chosen, model: str, by: tuple[str, ...]) -> Loaded:
    """The table of ``model`` with the attributes ``by``. Raises what ``load`` raises."""
    return _loaded(chosen.key, model, by, chosen)


def grouped(chosen: Chosen, asked: Asked, others: tuple[str, ...] = ()) -> tuple[SliceReport, ...]:
    """All rows and the slices, by evidence on the metric; ``others``: metrics that are measured beside it. Raises UsageError."""
    return _grouped(chosen.key, asked, others, chosen)


def gates(chosen: Chosen, model: str) -> Curve:
    """What gates of all widths catch."""
    return _gates(chosen.key, model, chosen)


def bins(chosen: Chosen, model: str) -> tuple[Bin, ...]:
    """Mean scores and what was observed."""
    return _bins(chosen.key, model, chosen)


def times(chosen: Chosen, asked: Asked, period: Period) -> Times:
    """The metric over time, by the one attribute in ``asked``, which holds dates."""
    return _times(chosen.key, asked, period, chosen)


def changes(chosen: Chosen, asked: Asked, inside: Slice) -> Changes:
    """The changes of a slice, worst first. Raises DataError, UsageError."""
    return _changes(chosen.key, asked.model, asked.by, inside, chosen)


def planned(chosen: Chosen, asked: Asked, ratio: float) -> Planned:
    """The thresholds of least cost where a miss costs ``ratio`` needless flags. Raises UsageError."""
    return _planned(chosen.key, asked, ratio, chosen)


def clones_in(text: str, project: str) -> Path | None:
    """The local clone of ``project`` in the folder that ``text`` names: OWNER/NAME or NAME in it, or the folder itself."""
    folder, name = Path(os.path.expanduser(text.strip())), project.rpartition("/")[2]
    parts = Path(project).parts
    if not name or ".." in parts or Path(project).is_absolute():
        return None
    places = (folder / project, folder / name, folder if folder.name == name else None)
    try:
        return next((one for one in places if one is not None and (one / ".git").exists()), None)
    except (OSError, ValueError) as error:
        raise UsageError(f"{text:.200} is no name of a folder; name the one that holds your clones.") from error


# Streamlit leaves parameters with an underscore out of the key, so the keys beside them stand for them.
@st.cache_resource(max_entries=8, show_spinner="Opening the predictions…")
def _source(key: str, _paths: tuple[Path, ...]) -> Source:
    return open_source(_paths)


@st.cache_resource(max_entries=12, show_spinner="Reading the predictions…")
def _loaded(key: str, model: str, by: tuple[str, ...], _chosen: Chosen) -> Loaded:
    where = _chosen.source.expression(_chosen.where)
    return load(_chosen.source, model, Wanted(by, where, _chosen.cluster))


@st.cache_resource(max_entries=64, show_spinner="Measuring…")
def _grouped(key: str, asked: Asked, others: tuple[str, ...], _chosen: Chosen) -> tuple[SliceReport, ...]:
    metrics = tuple(dict.fromkeys((asked.metric, *others)))
    return group(loaded(_chosen, asked.model, asked.by).table, asked.by, metrics, _chosen.options)


@st.cache_resource(max_entries=64, show_spinner="Measuring…")
def _gates(key: str, model: str, _chosen: Chosen) -> Curve:
    return gate_curve(loaded(_chosen, model, ()).table, _chosen.options)


@st.cache_resource(max_entries=64, show_spinner="Measuring…")
def _bins(key: str, model: str, _chosen: Chosen) -> tuple[Bin, ...]:
    return reliability(loaded(_chosen, model, ()).table, _chosen.options)


@st.cache_resource(max_entries=64, show_spinner="Measuring…")
def _times(key: str, asked: Asked, period: Period, _chosen: Chosen) -> Times:
    table = loaded(_chosen, asked.model, asked.by).table
    return over_time(table, asked.by[0], asked.metric, period, _chosen.options)


@st.cache_resource(max_entries=64, show_spinner="Choosing thresholds…")
def _planned(key: str, asked: Asked, ratio: float, _chosen: Chosen) -> Planned:
    found = _halved(key, asked.model, asked.by, _chosen)
    span = countable(span_of(_chosen.source, asked.model, _chosen.source.expression(_chosen.where)))
    assert found.halves is not None
    chosen = plan(
        found.table, found.halves, ThresholdOptions(ratio), next(iter(asked.by), ""), None if span is None else span.weeks
    )
    return Planned(chosen, span)


@st.cache_resource(max_entries=4, show_spinner="Reading the predictions…")
def _halved(key: str, model: str, by: tuple[str, ...], _chosen: Chosen) -> Loaded:
    where = _chosen.source.expression(_chosen.where)
    return load(_chosen.source, model, Wanted(by, where, _chosen.cluster, halves=True))


@st.cache_resource(max_entries=64, show_spinner="Looking the changes up…")
def _changes(key: str, model: str, by: tuple[str, ...], inside: Slice, _chosen: Chosen) -> Changes:
    table = loaded(_chosen, model, by).table
    members = holds(table, inside)
    where = _chosen.source.expression(_chosen.where)
    found = changes_at(_chosen.source, model, where, worst(table, members, MOST_CHANGES))
    wrong = int((members & (table.flagged != (table.labels == 1))).sum())
    return Changes(int(members.sum()), wrong, found)
