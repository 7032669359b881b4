"""``whydiff train``: a checkpoint from datasets."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.cli.console import progress, say, show
from app.cli.visible import shown
from app.hidden import visible
from models.errors import UsageError

if TYPE_CHECKING:
    from models.train.config import Config


@dataclass(frozen=True, slots=True)
class What:
    """Which data, what is trained, where to."""

    datasets: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATASET...", help="Parquet files or folders of them.", show_default=False),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The folder of the checkpoint; a run that stopped goes on there.", metavar="DIR"),
    ] = None
    kind: Annotated[
        str | None, typer.Option(help="The kind of model: size, bag, transformer or diff-transformer (the default).")
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(help="A TOML file with the kind and its options; by default that of the shipped models.", metavar="FILE"),
    ] = None
    set: Annotated[
        list[str] | None, typer.Option("--set", help="Another value for an option, as NAME=VALUE; may be repeated.")
    ] = None
    init: Annotated[
        str | None, typer.Option(help="Start from the weights of this checkpoint (transformers only).", metavar="MODEL")
    ] = None
    list_options: Annotated[bool, typer.Option("--list-options", help="Print the options of the kind and stop.")] = False


def train(what: What) -> None:
    """Train a checkpoint; prints its folder. Run again with the same folder to resume."""
    from models.train.config import read_config

    config = read_config(what.config, what.kind, what.set or ())
    if what.list_options:
        _list(config)
        return
    folder, datasets = _places(what)
    from models.registry.resolve import resolve
    from models.train.run import train_checkpoint

    init = None if what.init is None else resolve(what.init)
    with progress() as bar:
        task = bar.add_task("Preparing", total=1.0)
        for report in train_checkpoint(datasets, config, folder, init):
            if report.auc is not None:
                say(f"{report.stage} step {report.step:,}: {report.auc:.4f} on rows that are not learnt from")
            if not math.isnan(report.loss):
                bar.update(task, description=f"{report.stage} loss {report.loss:.4f}, {report.tokens_per_second:,.0f} tokens/s")
            bar.update(task, completed=report.done)
    print(visible(str(folder)))


def _places(what: What) -> tuple[Path, list[Path]]:
    if what.output is None or not what.datasets:
        raise UsageError("Expected datasets and a folder: whydiff train DATASET... -o DIR.")
    if what.output.exists() and not what.output.is_dir():
        raise UsageError(f"Expected a folder for -o, but {what.output} is a file; name another one.")
    missing = next((path for path in what.datasets if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"The dataset {missing} does not exist; pass Parquet files or folders of them.")
    return what.output, list(what.datasets)


def _list(config: Config) -> None:
    """The options of a kind, their values here, and what they do."""
    table = Table("Option", "Value", "What it is", title=f"{config.tier.kind}: {config.tier.summary}", title_justify="left")
    for field in fields(config.options):
        value = shown(str(getattr(config.options, field.name)))
        table.add_row(field.name, value, Text(str(field.metadata.get("help", ""))))
    show(table)
