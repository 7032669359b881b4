"""``whydiff score``: predictions for changes or for datasets of millions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.console import progress, say, show
from app.cli.inputs import load_classifier, read_text_diff
from app.cli.options import Gate, ModelChoice, TextOrJson
from app.cli.output import check_output, dumps, replacing
from app.cli.visible import shown
from models.errors import InputError, UsageError

if TYPE_CHECKING:
    from models.change.types import Diff

DATASET = ".parquet"


class Engine(StrEnum):
    """Where the work is done."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Which changes."""

    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Patch files, -, git revisions or :staged; or datasets, .parquet files or folders of them.",
            show_default=False,
        ),
    ]
    repo: Annotated[Path, typer.Option(help="The repository of a revision.", metavar="DIR")] = Path()


@dataclass(frozen=True, slots=True)
class How:
    """Flags of score."""

    format: Annotated[
        TextOrJson | None, typer.Option(help="For people, or one JSON object a line; a dataset is always the latter.")
    ] = None
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write predictions to this Parquet file.", metavar="FILE")
    ] = None
    split: Annotated[
        str | None, typer.Option(help="Of a dataset, score only the rows with this split, such as valid.", metavar="NAME")
    ] = None
    components: Annotated[
        Path | None,
        typer.Option(
            help="Of a dataset, name components by this CODEOWNERS or rules file; by folders without it.", metavar="FILE"
        ),
    ] = None
    engine: Annotated[Engine, typer.Option(help="Where the work is done; ray is not in this version.")] = Engine.LOCAL


def score(source: Inputs, choice: ModelChoice, how: How, gate: Gate) -> int:
    """Predictions: a table or JSON lines, or Parquet with -o."""
    if how.engine is Engine.RAY:
        raise UsageError("This version of whydiff scores on one machine only; use --engine local.")
    check_output(how.output)
    datasets = [one for one in source.inputs if is_dataset(one)]
    if not datasets:
        if how.split is not None:
            raise UsageError(f"Expected datasets with --split {how.split}, but got changes; leave --split out.")
        if how.components is not None:
            raise UsageError(f"Expected datasets with --components {how.components}, but got changes; leave --components out.")
        return gate.code(_score_changes(source, choice, how))
    if len(source.inputs) > len(datasets):
        other = next(one for one in source.inputs if one not in datasets)
        raise UsageError(
            f"Expected either changes or datasets, but got {datasets[0]} and {other}; score them one after the other."
        )
    return gate.code(_score_datasets([Path(one) for one in datasets], choice, how))


def is_dataset(name: str) -> bool:
    """Whether ``name`` is a Parquet file or a folder that holds some."""
    try:
        return name.endswith(DATASET) or any(Path(name).glob(f"*{DATASET}"))
    except OSError:  # such as a name that is too long
        return False


def _score_changes(source: Inputs, choice: ModelChoice, how: How) -> bool:
    """Whether any is flagged."""
    from app.cli.scored import write_records
    from models.evaluate.contract import record

    diffs = [(one, _read(one, source)) for one in source.inputs]
    classifier = load_classifier(choice.model)
    records: list[dict[str, Any]] = []
    with progress() as bar:
        for name, diff in bar.track(diffs, description="Scoring"):
            records.append(record(name, diff.id, classifier.predict([diff])[0]))
    if how.output is not None:
        with replacing(how.output) as temporary:
            write_records(temporary, records, classifier)
    elif how.format is TextOrJson.JSON:
        for one in records:
            sys.stdout.write(dumps(one, indent=None))
    else:
        show(_table(records))
    return any(one["flagged"] for one in records)


def _read(name: str, source: Inputs) -> Diff:
    """The change called ``name``; of several, the error says which one it is about."""
    try:
        return read_text_diff(name, source.repo)
    except InputError as error:
        if len(source.inputs) == 1 or name in str(error):
            raise
        raise InputError(f"{name}: {error}") from error


def _table(records: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("input", overflow="fold")
    for name in ("score", "threshold"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    table.add_column("tokens read", justify="right")
    for one in records:
        verdict = Text("flagged", "bold") if one["flagged"] else Text("not flagged")
        read = f"{one['tokens_read']:,} of {one['tokens_total']:,}"
        table.add_row(shown(one["id"]), f"{one['score']:.4f}", f"{one['threshold']:.4f}", verdict, read)
    return table


def _score_datasets(paths: list[Path], choice: ModelChoice, how: How) -> bool:
    """Whether any row is flagged."""
    from app.cli.scored import Dataset, score_batches
    from models.change.component import Components

    if how.format is TextOrJson.TEXT:
        raise UsageError("Expected --format json or -o FILE for a dataset, but got --format text; leave --format out.")
    dataset = Dataset.open(paths, how.split)
    if how.output is not None and how.output.resolve() in {file.resolve() for file in dataset.files}:
        raise UsageError(f"Expected another file than the dataset {how.output} for -o; name a new file.")
    components = None if how.components is None else Components.of_file(how.components)
    classifier = load_classifier(choice.model)
    unread, flagged = 0, False
    with progress() as bar, dataset.sink(how.output, classifier, components) as write:
        task = bar.add_task("Scoring", total=dataset.rows)
        for batch, diffs, records in score_batches(dataset, classifier):
            write(batch, diffs, records)
            unread += sum(one["score"] is None for one in records)
            flagged = flagged or any(one["flagged"] for one in records)
            bar.update(task, advance=len(records))
    if unread:
        say(f"{unread:,} of {dataset.rows:,} rows hold no diff that can be read; their score is null.")
    return flagged
