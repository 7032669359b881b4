"""``whydiff slice``: where a model is good and where it is weak, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import plain, progress, show, working
from app.cli.evaluated import parts
from app.cli.output import check_output, dumps, emit
from app.cli.slice_flags import Cluster, Filter, GateFlags, judged, listed
from models.errors import UsageError

if TYPE_CHECKING:
    from explain.slices.load import Wanted
    from explain.slices.metrics import MetricOptions
    from explain.slices.source import Source


class Form(StrEnum):
    """Forms of the report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Which:
    """Which predictions."""

    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="PREDICTIONS...", help="Parquet files that whydiff score -o wrote, or folders of them.", show_default=False
        ),
    ]
    model: Annotated[str | None, typer.Option(help="The model, where there are predictions of several.", metavar="NAME")] = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the slices are made of, and what is measured."""

    by: Annotated[
        str,
        typer.Option(
            help="One or two columns, separated by commas, whose values are the slices; with --discover, the columns to search.",
            metavar="NAMES",
        ),
    ] = ""
    metrics: Annotated[
        str, typer.Option(help="What is measured, separated by commas; slices are in the order of the first.", metavar="NAMES")
    ] = "recall,precision,fpr"
    bins: Annotated[
        str, typer.Option(help="Where numbers are parted, such as lines_changed=10:50:250.", metavar="NAME=EDGES")
    ] = ""
    cluster: Cluster = "auto"
    gate: Annotated[float, typer.Option(help="Riskiest changes that the metric caught holds, in percent.", min=0, max=100)] = 5.0
    effort: Annotated[
        float, typer.Option(help="Changed lines that are read for the metric recall-at-effort, in percent.", min=0, max=100)
    ] = 20.0

    def edges(self) -> dict[str, tuple[float, ...]]:
        """The edges by column; raises UsageError."""
        return dict(map(_edges, listed(self.bins)))


@dataclass(frozen=True, slots=True)
class Search:
    """The search for weak slices, and for thresholds."""

    discover: Annotated[bool, typer.Option("--discover", help="Search for weak slices and test them on unseen rows.")] = False
    content: Annotated[
        Path | None,
        typer.Option(
            help="With --discover: the dataset that was scored, to search among words and folders of its changes too.",
            metavar="DATASET.parquet",
        ),
    ] = None
    kind: Annotated[
        str, typer.Option(help="What a weak slice suffers in: accuracy, recall, precision or fpr.", metavar="NAME")
    ] = "accuracy"
    conditions: Annotated[int, typer.Option(help="Most conditions of a weak slice.", min=1, max=6)] = 2
    level: Annotated[float, typer.Option(help="Share of false discoveries that is admitted.", min=1e-6, max=0.5)] = 0.05
    support: Annotated[int, typer.Option(help="Fewest rows of a weak slice in each half.", min=5, max=10**9)] = 30
    threshold_cost: Annotated[
        float | None,
        typer.Option(
            help="How many needless flags a miss costs: the threshold of least cost; with --by also where slices need their own.",
            metavar="RATIO",
            min=1e-3,
            max=1e6,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class How:
    """Form and place of the report."""

    format: Annotated[Form, typer.Option(help="The form of the report.")] = Form.TEXT
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None
    most: Annotated[int, typer.Option(help="Most slices in text and Markdown.", min=1)] = 40


def slice_predictions(which: Which, rows: Filter, grouping: Grouping, search: Search, gates: GateFlags, how: How) -> int:
    """Metrics of slices of predictions with 95 % intervals, the proven worst first; and the search for weak slices."""
    check_output(how.output)
    asked, text = gates.gates(), rows.text()
    from app.cli.sliced import gated
    from app.export.records import head
    from explain.slices.load import Wanted, cluster_of
    from explain.slices.metrics import MetricOptions
    from explain.slices.source import open_source

    if search.content is not None and not search.discover:
        raise UsageError(f"Expected --discover with --content {search.content}; add it, or leave --content out.")
    source = open_source(which.predictions)
    model = source.model(which.model or "")
    cluster = cluster_of(source, grouping.cluster)
    options = MetricOptions(grouping.gate, grouping.effort, bool(cluster))
    wanted = Wanted(listed(grouping.by), source.expression(text), cluster, grouping.edges())
    rows.keep()
    if not (grouping.by or search.discover or asked or search.threshold_cost):
        columns = ", ".join(source.attributes)[:600]
        raise UsageError(f"Expected --by, --discover, --threshold-cost or --fail-if; slices can be made of {columns}.")
    if search.discover:
        found, notes = _search(source, model.name, wanted, search)
    else:
        found, notes = _group(source, model.name, wanted, listed(grouping.metrics), options) if grouping.by else ({}, ())
    if search.threshold_cost is not None:
        found |= _thresholds(source, model.name, wanted, search.threshold_cost)
    verdicts = judged(source, model.name, asked, wanted, options)
    data = {**head(model, text, cluster, notes), **found, **gated(verdicts)}
    _print(data, how)
    return int(any(one.tripped for one in verdicts))


def _group(
    source: Source, model: str, wanted: Wanted, metrics: tuple[str, ...], options: MetricOptions
) -> tuple[dict[str, Any], tuple[str, ...]]:
    from app.export.records import grouped
    from explain.slices.group import group
    from explain.slices.load import load
    from explain.slices.metrics import get

    names = tuple(get(name).name for name in metrics)
    with working("Measuring"):
        loaded = load(source, model, wanted)
        return grouped(wanted.attributes, names, group(loaded.table, wanted.attributes, names, options)), loaded.notes


def _search(source: Source, model: str, wanted: Wanted, search: Search) -> tuple[dict[str, Any], tuple[str, ...]]:
    from dataclasses import replace

    from app.export.records import discovered
    from explain.slices.content import ids_of, read_content, with_content
    from explain.slices.discover import discover
    from explain.slices.load import load, to_search
    from explain.slices.search import DiscoverOptions

    options = DiscoverOptions(search.kind, search.conditions, search.level, search.support)
    with progress() as bar:
        task = bar.add_task("Searching", total=1.0)
        loaded = load(source, model, replace(wanted, attributes=wanted.attributes or to_search(source), halves=True))
        assert loaded.halves is not None
        table, notes = loaded.table, loaded.notes
        if search.content is not None:
            reading = bar.add_task("Reading the changes", total=1.0)
            ids = ids_of(source, model, wanted.where)
            content = read_content(search.content, ids, lambda done: bar.update(reading, completed=done))
            table, note = with_content(table, ids, content)
            notes = (*notes, note) if note else notes
        found = discover(table, loaded.halves, options, lambda done: bar.update(task, completed=done))
    return discovered(found), notes


def _thresholds(source: Source, model: str, wanted: Wanted, ratio: float) -> dict[str, Any]:
    from app.export.planned import planned

    with working("Choosing thresholds"):
        return planned(source, model, wanted, ratio)


def _print(data: dict[str, Any], how: How) -> None:
    from app.cli.sliced import as_csv, sections
    from models.evaluate.markdown import markdown

    if how.format is Form.JSON:
        emit(dumps(data), how.output)
    elif how.format is Form.CSV:
        emit(as_csv(data), how.output)
    elif how.format is Form.MARKDOWN:
        emit("# Slices\n\n" + markdown(sections(data, how.most)), how.output)
    elif how.output is None:
        show(*parts(sections(data, how.most)))
    else:
        emit(plain(*parts(sections(data, how.most))), how.output)


def _edges(text: str) -> tuple[str, tuple[float, ...]]:
    name, _, numbers = text.rpartition("=")
    try:
        edges = tuple(float(one) for one in numbers.split(":"))
    except ValueError:
        edges = (float("nan"),)
    if not name or not all(abs(one) < 1e18 for one in edges) or len(edges) > 50:
        raise UsageError(f"Expected --bins such as lines_changed=10:50:250, at most 50 edges, but got {text!r:.80}.")
    return name, edges
