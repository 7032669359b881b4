"""``whydiff train``: a checkpoint from datasets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import progress, say
from app.cli.visible import visible
from models.errors import UsageError
from models.train.options import TrainOptions


@dataclass(frozen=True, slots=True)
class What:
    """Which data, which kind of model, where to."""

    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Parquet files or folders of them.", show_default=False)
    ]
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The folder of the checkpoint; a run that stopped goes on there.", metavar="DIR"),
    ]
    kind: Annotated[str, typer.Option(help="The kind of model.")] = "transformer"


def train(what: What, options: TrainOptions) -> None:
    """Train a checkpoint; prints its folder. Run again with the same folder to resume."""
    folder = what.output
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"Expected a folder for -o, but {folder} is a file; name another one.")
    missing = next((path for path in what.datasets if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"The dataset {missing} does not exist; pass Parquet files or folders of them.")
    from models.train.run import train_checkpoint

    with progress() as bar:
        task = bar.add_task("Preparing", total=1.0)
        for report in train_checkpoint(list(what.datasets), what.kind, options, folder):
            if report.auc is not None:
                say(f"step {report.step:,}: area under the curve {report.auc:.4f} on the valid rows")
            if not math.isnan(report.loss):
                bar.update(task, description=f"loss {report.loss:.4f}, {report.tokens_per_second:,.0f} tokens/s")
            bar.update(task, completed=report.done)
    print(visible(str(folder)))
