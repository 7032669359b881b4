"""``whydiff flip DATASET.parquet``: counterfactuals of every flagged change of a dataset, and what they come to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import show
from app.cli.inputs import load_classifier, masked_payload, model_payload
from app.cli.options import ModelChoice, Source
from app.cli.output import dumps
from app.cli.set_flags import SetFlags
from explain.counterfactual.types import SearchOptions
from models.errors import DataError, ModelError


@dataclass(frozen=True, slots=True)
class TableFlags(SetFlags):
    """Flags of flip that only a dataset has; None where they were not given."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Of a dataset: a table of what was found; run again, it is added to.", metavar="FLIPS.parquet"
        ),
    ] = None


def flip_set(source: Source, choice: ModelChoice, options: SearchOptions, flags: TableFlags, as_json: bool) -> None:
    """Search the flagged changes of a dataset, keep them in a table, and print what they come to."""
    from app.cli.flip_set_table import FLIPS, flags_of
    from app.cli.flip_set_text import payload, text
    from app.cli.flipped import told
    from app.cli.set_run import Job, opened, run, settings_of, tell_unnumbered
    from explain.survey.aggregate import Tally
    from explain.survey.run import survey

    rows = opened(source, flags.output, flags)
    classifier = load_classifier(choice.model)
    masked = masked_payload()
    tally = Tally()
    job = Job(FLIPS, rows, settings_of(classifier, rows, flags_of(options, masked)), flags.output, flags.rows)
    run(job, lambda some: survey(some, classifier, options), tally)
    found = tally.aggregates()
    tell_unnumbered(found.unnumbered)
    if not found.flips.rows:
        raise _nothing(source.input, found.highest, classifier.threshold, len(found.unnumbered))
    if as_json:
        sys.stdout.write(dumps(payload(found, model_payload(classifier, choice.model), masked)))
    else:
        show(*text(found), *told(masked))


def _nothing(name: str, highest: float | None, threshold: float, unnumbered: int) -> DataError | ModelError:
    """Why there is nothing to tell."""
    from app.cli.set_run import no_answers

    if highest is None:
        return no_answers(name, unnumbered)
    return DataError(
        f"No row of {name:.200} is flagged: the highest score is {highest:.4f}, the threshold {threshold:.4f}; pass others."
    )
