"""``whydiff explain INPUT --precedents DATASET``: the known changes that the model's network reads most like this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.console import progress
from app.cli.options import Source
from app.cli.set_flags import SEED
from app.cli.visible import shown
from models.change.types import clean
from models.errors import DataError, UsageError

if TYPE_CHECKING:
    from explain.precedent.nearest import Precedents
    from models.change.types import Diff
    from models.classify.protocol import Classifier

_FORMATS = ("text", "json", "markdown")
HEAD = ("similarity", "date", "label", "score", "id")


@dataclass(frozen=True, slots=True)
class PrecedentFlags:
    """Flags about known changes."""

    precedents: Annotated[
        Path | None,
        typer.Option(help="Tell the changes of this labelled dataset that are read most alike.", metavar="DATASET.parquet"),
    ] = None
    precedent_rows: Annotated[
        int, typer.Option(help="With --precedents: how many known changes the model reads.", min=1, metavar="N")
    ] = 1000
    nearest: Annotated[int, typer.Option(help="With --precedents: how many of them are told.", min=1, max=1000, metavar="N")] = 10

    def check(self, form: str, one_change: bool) -> None:
        """Raise UsageError where precedents were asked for that cannot be told."""
        if self.precedents is None:
            return
        if not one_change:
            raise UsageError("Expected a single change with --precedents, but got a dataset; leave --precedents out.")
        if form not in _FORMATS:
            raise UsageError(f"Expected --format {', '.join(_FORMATS)} with --precedents, but got {form}; choose one of them.")


def precedents(diff: Diff, classifier: Classifier, source: Source, flags: PrecedentFlags) -> Precedents | None:
    """What was asked for; raises UsageError for a model without a network, DataError for a dataset without older changes."""
    if flags.precedents is None:
        return None
    from app.cli.set_rows import Rows
    from explain.precedent.lookup import Bounds, look_up
    from explain.precedent.nearest import embedding
    from explain.precedent.wording import nothing

    model = embedding(classifier)
    bounds = Bounds(flags.precedent_rows, flags.nearest, _date(diff, source))
    rows = Rows.known(flags.precedents, SEED)
    found: int | Precedents = 0
    with progress() as bar:
        task = bar.add_task("Reading known changes", total=min(bounds.rows, len(rows.ids)))
        for found in look_up(rows.after(0), diff, model, bounds):
            if isinstance(found, int):
                bar.update(task, completed=found)
    if isinstance(found, int):
        raise DataError(nothing(str(flags.precedents), bounds.before))
    return found


def _date(diff: Diff, source: Source) -> datetime | None:
    """When the change was written: as the patch says, or git."""
    from models.change.dates import written
    from models.change.git import authored

    if source.input == "-" or Path(source.input).is_file():
        return written(diff)
    return authored(source.repo, source.input)


def payload(found: Precedents) -> dict[str, Any]:
    """ "precedents" of the JSON contract."""
    from explain.precedent.wording import CAUTION

    return {
        "before": found.before and found.before.isoformat(),
        "nearest": [
            {
                "id": clean(one.known.id),
                "project": clean(one.known.project),
                "date": one.known.date and one.known.date.isoformat(),
                "label": one.known.label,
                "score": one.known.score,
                "similarity": one.similarity,
            }
            for one in found.nearest
        ],
        "among_nearest": found.among_them.payload(),
        "among_all": found.among_all.payload(),
        "caution": CAUTION,
    }


def rows(found: Precedents) -> Iterator[tuple[str, ...]]:
    """The nearest, a row each, in the order of ``HEAD``; the last cell holds anybody's text."""
    from explain.precedent.wording import day

    for one in found.nearest:
        known = one.known
        yield f"{one.similarity:.3f}", day(known.date) if known.date else "-", str(known.label), f"{known.score:.3f}", known.id


def parts(found: Precedents) -> Iterator[Text | Table]:
    """For a terminal."""
    from explain.precedent.wording import sentences

    yield Text()
    for sentence in sentences(found):
        yield Text(sentence)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in HEAD:
        table.add_column(title, justify="left" if title == HEAD[-1] else "right", overflow="fold")
    for *figures, name in rows(found):
        table.add_row(*figures, shown(name))
    yield table
