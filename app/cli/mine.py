"""``whydiff mine``: a labelled dataset from git histories."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress, say
from app.cli.output import check_output
from app.hidden import visible
from models.errors import UsageError
from models.mine.options import MineOptions

if TYPE_CHECKING:
    from rich.progress import TaskID

    from models.mine.project import Report

_SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class What:
    """Which repositories, where to."""

    repos: Annotated[
        list[Path], typer.Argument(metavar="REPO...", help="Local clones, bare or not; nothing is fetched.", show_default=False)
    ]
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The dataset; what it lacks is added to it.", metavar="DATASET.parquet"),
    ]
    project: tuple[str, ...] = field(
        default=(),
        metadata={"help": "Names of the projects, one for each REPO, by commas; by default owner/name of the remote."},
    )


def mine(what: What, options: MineOptions) -> None:
    """A labelled dataset from git histories; prints its path. Run again to add what is new, or to go on after a stop."""
    if what.output.suffix != _SUFFIX:
        raise UsageError(f"Expected a name ending in {_SUFFIX} for -o, but got {what.output}.")
    check_output(what.output)
    from models.mine.project import Progress
    from models.mine.run import mine

    tasks: dict[tuple[str, str], TaskID] = {}
    with progress() as bar:
        for item in mine(what.repos, what.project, what.output, options):
            if isinstance(item, Progress):
                key = (item.project, item.phase)
                if key not in tasks:
                    tasks[key] = bar.add_task(f"{item.project}: {item.phase}", total=item.total)
                bar.update(tasks[key], completed=item.done)
            else:
                _tell(item)
    print(visible(str(what.output)))


def _tell(report: Report) -> None:
    read = "" if report.new_commits == report.commits else f" ({report.new_commits:,} new)"
    say(
        f"{report.project}: {report.commits:,} commits{read} in {report.seconds:.0f} s; {report.rows:,} change code, "
        f"{report.fixes:,} are fixes, {report.positive:,} are blamed; {report.undecided:,} not blamed ones are younger than "
        f"{report.horizon_days:.0f} days, too young to be negative."
    )
    if report.left_out:
        say(f"{report.project}: left out: " + ", ".join(f"{count:,} {what}" for what, count in report.left_out.items()) + ".")
