"""``whydiff explain INPUT --background DATASET``: compared with the content of changes that the model does not flag."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress
from app.cli.options import Gate
from explain.attribution.options import MASK, AttributionOptions
from models.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.change.types import Diff
    from models.classify.protocol import Classifier

_LOOKED_AT = 50
"""Of so many times as many rows as are wanted the unflagged ones are looked for."""


@dataclass(frozen=True, slots=True)
class BackgroundFlags(Gate):
    """Flags of a baseline that has content, beside the gate."""

    background: Annotated[
        Path | None,
        typer.Option(
            help="Compare with the content of changes of this dataset that the model does not flag, instead of --baseline.",
            metavar="DATASET.parquet",
        ),
    ] = None
    background_rows: Annotated[
        int, typer.Option(help="With --background: how many unflagged changes, drawn by --order-seed.", min=1, metavar="N")
    ] = 20
    draws: Annotated[
        int, typer.Option(help="With --background: how many rows are drawn; all queries cost that many.", min=1, max=1000)
    ] = 8

    def check_background(self, options: AttributionOptions, one_change: bool) -> None:
        """Raise UsageError where a background was asked for that cannot be had."""
        if self.background is None:
            return
        if not one_change:
            raise UsageError("Expected a single change with --background, but got a dataset; leave --background out.")
        if options.baseline != MASK:
            raise UsageError(
                f"Expected one baseline, but got --baseline {options.baseline} and --background; leave one of them out."
            )


def against_background(
    diff: Diff, classifier: Classifier, options: AttributionOptions, flags: BackgroundFlags
) -> AttributionOptions:
    """``options`` with the background that was asked for: the first unflagged rows in the order that the seed draws.

    Raises DataError for what is no dataset; UsageError for a model that reads no tokens, and where it flags every row.
    """
    if flags.background is None:
        return options
    from explain.attribution.background import AgainstBackground, unflagged
    from models.classify.differentiable import Differentiable

    if not isinstance(classifier, Differentiable):
        raise UsageError(
            f"Expected a model that reads tokens with --background, but {classifier.name:.200} is none; leave it out."
        )
    found, most = [], flags.background_rows
    with progress() as bar:
        task = bar.add_task("Looking for unflagged changes", total=most)
        rows = islice(_changes(flags.background, options.order_seed), most * _LOOKED_AT)
        for one in islice(unflagged(rows, classifier, diff, options.batch), most):
            found.append(one)
            bar.update(task, completed=len(found))
    if not found:
        raise UsageError(
            f"The model flags every other change that was read of {flags.background!s:.200}; pass a dataset with changes "
            "that it does not flag."
        )
    kept = {one.name: getattr(options, one.name) for one in fields(AttributionOptions) if one.name != "baseline"}
    return AgainstBackground(changes=tuple(found), draws=flags.draws, **kept)


def _changes(path: Path, seed: int) -> Iterator[Diff]:
    """The readable changes of a dataset in the order that the seed draws."""
    from app.cli.set_rows import Rows

    return (row.diff for row in Rows.open(path, None, seed).after(0) if row.diff is not None)
