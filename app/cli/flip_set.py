"""``whydiff flip DATASET.parquet``: counterfactuals of every flagged change of a dataset, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress, say, show
from app.cli.inputs import load_classifier, masked_payload, model_payload
from app.cli.options import ModelChoice, Source
from app.cli.output import check_output, dumps
from explain.counterfactual.types import SearchOptions
from models.errors import DataError, ModelError, UsageError

if TYPE_CHECKING:
    from app.cli.flip_set_rows import Rows
    from app.cli.flip_set_table import Kept
    from explain.survey.aggregate import Tally
    from models.classify.protocol import Classifier

_SAVED_EVERY = 10.0
"""Seconds of work that a killed run may lose."""
_SEED = 1


@dataclass(frozen=True, slots=True)
class SetFlags:
    """Flags of flip that only a dataset has; None where they were not given."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Of a dataset: a table of what was found; run again, it is added to.", metavar="FLIPS.parquet"
        ),
    ] = None
    rows: Annotated[
        int | None, typer.Option(help="Of a dataset: how many flagged changes to search; all by default.", min=1, metavar="N")
    ] = None
    split: Annotated[str | None, typer.Option(help="Of a dataset: only rows with this split, such as valid.")] = None
    seed: Annotated[
        int | None, typer.Option(help=f"Of a dataset: seed of the order of its rows; {_SEED} by default.", min=0, metavar="N")
    ] = None

    def refuse(self, name: str) -> None:
        """Raise UsageError when one of these flags was given for the single change ``name``."""
        given = next((field.name for field in fields(self) if getattr(self, field.name) is not None), None)
        if given is not None:
            raise UsageError(
                f"Expected a dataset, a .parquet file, with --{given}, but got {name:.200}; leave --{given} out for one change."
            )


def flip_set(source: Source, choice: ModelChoice, options: SearchOptions, flags: SetFlags, as_json: bool) -> None:
    """Search the flagged changes of a dataset, keep them in a table, and print what they come to."""
    from app.cli.flip_set_rows import Rows
    from app.cli.flip_set_table import Kept, settings_of
    from app.cli.flip_set_text import payload, text
    from app.cli.flipped import told
    from explain.survey.aggregate import Tally

    if source.repo != Path():
        raise UsageError("Expected a revision with --repo, but got a dataset; leave --repo out.")
    check_output(flags.output)
    rows = Rows.open(Path(source.input), flags.split, _SEED if flags.seed is None else flags.seed)
    if flags.output is not None and rows.has(flags.output):
        raise UsageError(f"Expected another file than the dataset {flags.output} for -o; name a new file.")
    classifier = load_classifier(choice.model)
    masked = masked_payload()
    kept = Kept.open(flags.output, settings_of(classifier, options, rows, masked))
    tally = Tally()
    _retell(kept, rows, tally)
    with _keeping(kept, flags.output):
        _go_on(kept, rows, tally, classifier, options, flags.rows)
    found = tally.aggregates()
    if found.unnumbered:
        say(f"The model gives no number for {len(found.unnumbered):,} rows, left out: {', '.join(found.unnumbered[:10])}.")
    if not found.flips.rows:
        raise _nothing(source.input, found.highest, classifier.threshold, len(found.unnumbered))
    if as_json:
        sys.stdout.write(dumps(payload(found, model_payload(classifier, choice.model), masked)))
    else:
        show(*text(found), *told(masked))


def _retell(kept: Kept, rows: Rows, tally: Tally) -> None:
    """Count what an earlier run found; its diffs are read again, and nothing is scored."""
    for one in kept.passed():
        tally.pass_over(one)
    known = {one.id: one for one in kept.records}
    for row in rows.named(known):
        if row.diff is None or row.diff.id != known[row.id].diff_id:
            raise DataError(f"The row {row.id:.200} is another change than when it was searched; name another file for -o.")
        tally.add(known[row.id], row.diff)


def _go_on(kept: Kept, rows: Rows, tally: Tally, classifier: Classifier, options: SearchOptions, wanted: int | None) -> None:
    from explain.survey.record import Passed
    from explain.survey.run import survey

    if wanted is not None and len(kept.records) >= wanted:
        return
    saved = monotonic()
    with progress() as bar:
        task = bar.add_task("Searching", total=wanted or len(rows.ids), completed=len(kept.records) if wanted else kept.seen)
        for row, one in survey(rows.after(kept.seen), classifier, options):
            if isinstance(one, Passed):
                kept.pass_over(one)
                tally.pass_over(one)
            elif row.diff is not None:
                kept.add(one)
                tally.add(one, row.diff)
            done = len(kept.records) if wanted else kept.seen
            bar.update(task, completed=done, description=f"{kept.seen:,} read, {len(kept.records):,} flagged")
            if wanted is not None and len(kept.records) >= wanted:
                return
            if monotonic() - saved > _SAVED_EVERY:
                kept.save()
                saved = monotonic()


@contextmanager
def _keeping(kept: Kept, output: Path | None) -> Iterator[None]:
    """Whatever ends the work, what is done is saved, and how to go on is told."""
    try:
        yield
    except BaseException:
        kept.save()
        if not kept.seen:
            raise
        if output is not None:
            changes = "1 flagged change is" if len(kept.records) == 1 else f"{len(kept.records):,} flagged changes are"
            say(f"Stopped early: {changes} in {output}; the same command again goes on from there.")
        else:
            say("Stopped early, and nothing was kept; with -o FLIPS.parquet a run can be stopped and gone on with.")
        raise
    kept.save()


def _nothing(name: str, highest: float | None, threshold: float, unnumbered: int) -> DataError | ModelError:
    """Why there is nothing to tell."""
    if highest is None and unnumbered:
        return ModelError(f"The model gives no number for any row of {name:.200}; pass a model that whydiff validates.")
    if highest is None:
        return DataError(f"No row of {name:.200} holds a diff that can be read; pass a dataset of changes.")
    return DataError(
        f"No row of {name:.200} is flagged: the highest score is {highest:.4f}, the threshold {threshold:.4f}; pass others."
    )
