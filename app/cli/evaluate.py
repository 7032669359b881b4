"""``whydiff evaluate``: how good predictions are, beside each other, with intervals; and the card made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.console import plain, progress, say, show
from app.cli.output import check_output, dumps, emit
from app.cli.visible import shown, visible
from models.errors import UsageError

if TYPE_CHECKING:
    from models.evaluate.predictions import Predictions
    from models.evaluate.report import Report
    from models.evaluate.sections import Section


class Form(StrEnum):
    """Forms of the report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Which:
    """Which predictions, and what they are compared with."""

    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="PREDICTIONS...", help="Parquet files that whydiff score -o wrote, one a model.", show_default=False
        ),
    ]
    against: Annotated[
        Path | None,
        typer.Option(help="Predictions of the model that the others are compared with; all pairs without it.", metavar="FILE"),
    ] = None


@dataclass(frozen=True, slots=True)
class How:
    """Form and place of the report, and how its intervals are made."""

    format: Annotated[Form, typer.Option(help="The form of the report.")] = Form.TEXT
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None
    card: Annotated[
        Path | None, typer.Option(help="Write CARD.md and card.json into this checkpoint folder.", metavar="FOLDER")
    ] = None
    replicates: Annotated[int, typer.Option(help="Draws of the bootstrap.", min=100, max=100_000)] = 1000
    seed: Annotated[int, typer.Option(help="The seed of the draws.", min=0, max=2**31 - 1)] = 1


def evaluate(which: Which, how: How) -> None:
    """Ranking, gating, effort, calibration and risk bands of predictions, with 95 % intervals, model beside model."""
    from models.evaluate.card import card_data, checkpoint_facts, stored_data, write_card
    from models.evaluate.predictions import read_predictions

    check_output(how.output)
    facts = None if how.card is None else checkpoint_facts(how.card)
    files = [read_predictions(path) for path in _paths(which)]
    for one in files:
        if one.unscored:
            say(f"{one.unscored:,} rows of {one.path} have no score and are left out.")
    report = _measured(files, which, how)
    card = card_data(facts, report, stored_data(how.card)) if facts is not None and how.card is not None else None
    _print(report, how)
    if card is not None and how.card is not None:
        write_card(how.card, card)
        say(f"Wrote {how.card / 'CARD.md'} and card.json.")


def _paths(which: Which) -> list[Path]:
    """The files in order, that of --against last; raises UsageError for one that is named twice."""
    named = list(which.predictions)
    paths = named if which.against is None or which.against in named else [*named, which.against]
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise UsageError(f"Expected each file once, but got {path} twice; name the predictions of other models.")
        seen.add(path.resolve())
    return paths


def _measured(files: list[Predictions], which: Which, how: How) -> Report:
    from models.evaluate.predictions import align, size_only
    from models.evaluate.report import EvaluateOptions, evaluate

    rows, models, left_out = align(files)
    extra = size_only(rows, models)
    against = None if which.against is None else models[[one.path for one in files].index(which.against)].name
    with progress() as bar:
        task = bar.add_task("Measuring", total=1.0)
        return evaluate(
            rows,
            [*models, *([] if extra is None else [extra])],
            EvaluateOptions(how.replicates, how.seed),
            against,
            left_out,
            lambda done: bar.update(task, completed=done),
        )


def _print(report: Report, how: How) -> None:
    from models.evaluate.markdown import markdown
    from models.evaluate.sections import sections

    data = report.payload()
    if how.format is Form.JSON:
        emit(dumps(data), how.output)
    elif how.format is Form.MARKDOWN:
        emit("# Evaluation\n\n" + markdown(sections(data)), how.output)
    elif how.output is None:
        show(*parts(sections(data)))
    else:
        emit(plain(*parts(sections(data))), how.output)


def parts(sections: Iterable[Section]) -> Iterator[Text | Table]:
    """Sections for a terminal."""
    for section in sections:
        yield shown(section.title, "bold")
        yield shown(section.text, most=2000)
        if section.rows:
            yield _table(section)
        yield Text()


def _table(section: Section) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(section.header):
        table.add_column(visible(name), overflow="fold", justify="right" if place else "left")
    for row in section.rows:
        table.add_row(*(shown(cell, most=100) for cell in row))
    return table
