"""``whydiff data describe|split|sample``: what a dataset holds, and datasets made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import plain, say, show
from app.cli.options import TextOrJson
from app.cli.output import check_output, dumps, emit, replacing
from app.hidden import visible
from models.data.options import DescribeOptions, SampleOptions, SplitOptions
from models.data.splits import SPLITS, UNDATED
from models.errors import UsageError

_SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class Datasets:
    """Which rows."""

    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Parquet files or folders of them.", show_default=False)
    ]


@dataclass(frozen=True, slots=True)
class How:
    """Flags of data describe."""

    format: Annotated[TextOrJson, typer.Option(help="For people or for programs.")] = TextOrJson.TEXT
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the new dataset goes."""

    output: Annotated[Path, typer.Option("--output", "-o", help="The new dataset.", metavar="DATASET.parquet")]


def describe(what: Datasets, how: How, options: DescribeOptions) -> None:
    """What a dataset holds: rows and base rates by project, time and more; no diff is loaded."""
    check_output(how.output)
    _check(what)
    from app.cli.data_summary import lines, payload
    from models.data.describe import describe

    summary = describe(what.datasets, options)
    if how.format is TextOrJson.JSON:
        emit(dumps(payload(summary)), how.output)
    elif how.output is not None:
        emit(plain(*lines(summary)), how.output)
    else:
        show(*lines(summary))


def split(what: Datasets, target: Target, options: SplitOptions) -> None:
    """The same rows with a new column split: by time within each project, or by whole projects; prints the file."""

    def write(path: Path) -> str:
        from models.data.rewrite import write_split

        counts = write_split(what.datasets, path, options)
        lost = f"; {counts[UNDATED]:,} have no date that can be read" if counts[UNDATED] else ""
        names = [*SPLITS, *sorted(set(counts) - set(SPLITS))]
        return ", ".join(f"{counts[name]:,} {name}" for name in names) + lost + "."

    _write(what, target, write)


def sample(what: Datasets, target: Target, options: SampleOptions) -> None:
    """Fewer rows that stand for all: negatives are thinned, weights keep each project's base rate; prints the file."""

    def write(path: Path) -> str:
        from models.data.rewrite import write_sample

        kept = write_sample(what.datasets, path, options)
        natural = (kept["weight"] * kept["label"]).sum() / kept["weight"].sum()
        return f"{len(kept):,} rows stand for {kept['weight'].sum():,.0f}, of which {natural:.1%} are positive."

    _write(what, target, write)


def _check(what: Datasets) -> None:
    missing = next((path for path in what.datasets if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"The dataset {missing} does not exist; pass Parquet files or folders of them.")


def _write(what: Datasets, target: Target, write: Callable[[Path], str]) -> None:
    if target.output.suffix != _SUFFIX:
        raise UsageError(f"Expected a name ending in {_SUFFIX} for -o, but got {target.output}.")
    check_output(target.output)
    _check(what)
    inside = [
        path for path in what.datasets if target.output.absolute() in (path.absolute(), path.absolute() / target.output.name)
    ]
    if inside:
        raise UsageError(f"Expected another place than the dataset {inside[0]} for -o; name a new file outside of it.")
    with replacing(target.output) as temporary:
        told = write(temporary)
    say(told)
    print(visible(str(target.output)))
