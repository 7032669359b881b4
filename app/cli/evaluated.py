"""How the reports of ``whydiff evaluate`` are asked for and shown, whatever they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.console import plain, show
from app.cli.output import dumps, emit
from app.cli.visible import shown
from app.hidden import visible

if TYPE_CHECKING:
    from models.evaluate.sections import Section


class Form(StrEnum):
    """Forms of the report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


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


def print_report(data: Mapping[str, Any], sections: Iterable[Section], how: How) -> None:
    """The report as ``data`` or as ``sections`` made of it, to where ``how`` says."""
    if how.format is Form.JSON:
        emit(dumps(data), how.output)
    elif how.format is Form.MARKDOWN:
        from models.evaluate.markdown import markdown

        emit("# Evaluation\n\n" + markdown(sections), how.output)
    elif how.output is None:
        show(*parts(sections))
    else:
        emit(plain(*parts(sections)), how.output)


def parts(sections: Iterable[Section]) -> Iterator[Text | Table]:
    """The report for a terminal."""
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
