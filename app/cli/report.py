"""``whydiff report``: what a review meeting needs to know of a model's predictions, in one file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.console import progress, say
from app.cli.output import check_output, dumps, emit
from app.cli.slice import Which
from app.cli.slice_flags import Cluster, Where, listed
from app.export.asked import AUTO, KIND, METRICS, MOST_NOTES, Asked, again
from models.errors import UsageError


class Form(StrEnum):
    """Forms of the report."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Content:
    """What the report shows."""

    where: Where = None
    by: Annotated[
        list[str],
        typer.Option(
            help="One or two columns, separated by commas, whose values are the slices; may be repeated.", metavar="NAMES"
        ),
    ] = field(default_factory=list)
    metrics: Annotated[
        str, typer.Option(help="What is measured, separated by commas; slices are in the order of the first.", metavar="NAMES")
    ] = ",".join(METRICS)
    cluster: Cluster = AUTO
    discover: Annotated[bool, typer.Option("--discover", help="Search for weak slices and test them on unseen rows.")] = False
    kind: Annotated[
        str, typer.Option(help="What a weak slice suffers in: accuracy, recall, precision or fpr.", metavar="NAME")
    ] = KIND
    threshold_cost: Annotated[
        float | None,
        typer.Option(help="How many needless flags a miss costs, for thresholds.", metavar="RATIO", min=1e-3, max=1e6),
    ] = None


@dataclass(frozen=True, slots=True)
class Words:
    """What the meeting wrote."""

    title: Annotated[str, typer.Option(help="The title.", metavar="TEXT")] = ""
    decision: Annotated[list[str], typer.Option(help="What was decided; may be repeated.", metavar="TEXT")] = field(
        default_factory=list
    )
    notes: Annotated[Path | None, typer.Option(help="A file of notes, shown as plain text.", metavar="FILE")] = None


@dataclass(frozen=True, slots=True)
class How:
    """Form and place of the report."""

    format: Annotated[Form, typer.Option(help="The form of the report.")] = Form.HTML
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None


def report(which: Which, content: Content, words: Words, how: How) -> None:
    """Slices, gates, thresholds and decisions for a review meeting: one HTML file that needs nothing else, or Markdown."""
    check_output(how.output)
    from app.export.gather import gathered

    asked = _asked(which, content, words, how)
    with progress() as bar:
        task = bar.add_task("Measuring", total=1.0)
        data = gathered(asked, lambda done: bar.update(task, completed=done))
    text = _written(data, how.format)
    emit(text, how.output)
    if how.output is not None:
        say(f"Wrote {how.output}.")


def _written(data: dict[str, Any], form: Form) -> str:
    from app.export.pack_html import pack_html
    from app.export.pack_markdown import pack_markdown

    return {Form.HTML: pack_html, Form.MARKDOWN: pack_markdown, Form.JSON: dumps}[form](data)


def _asked(which: Which, content: Content, words: Words, how: How) -> Asked:
    asked = Asked(
        tuple(which.predictions),
        which.model or "",
        content.where or "",
        tuple(listed(one) for one in content.by),
        listed(content.metrics),
        content.cluster,
        content.kind if content.discover else "",
        content.threshold_cost,
        words.title,
        tuple(words.decision),
        "" if words.notes is None else _read(words.notes),
    )
    return replace(asked, command=again(asked, str(words.notes or ""), how.format, str(how.output or "")))


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(f"{path} could not be read as notes ({error.strerror or error}); name another file.") from error
    if len(text) > MOST_NOTES:
        raise UsageError(f"{path} holds {len(text):,} characters, expected notes of at most {MOST_NOTES:,}; shorten them.")
    return text
