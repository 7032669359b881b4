"""``whydiff explain DATASET.parquet``: the attribution of many changes, and what it comes to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import show
from app.cli.inputs import load_classifier, model_payload
from app.cli.options import ModelChoice, Source
from app.cli.output import dumps
from app.cli.set_flags import SetFlags
from explain.overall.record import By
from models.change.types import Level
from models.errors import UsageError

if TYPE_CHECKING:
    from explain.attribution.options import AttributionOptions
    from explain.overall.tally import Overall

_TABLE = ".parquet"


@dataclass(frozen=True, slots=True)
class SliceFlags(SetFlags):
    """Flags of explain that only a dataset has; None where they were not given."""

    by: Annotated[By | None, typer.Option(help="Of a dataset: the same once more for each slice of it.")] = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for by flags that a single change has too."""

    method: str
    form: str
    level: Level
    output: Path | None


def explain_set(source: Source, choice: ModelChoice, asked: Asked, options: AttributionOptions, flags: SliceFlags) -> None:
    """Explain the changes of a dataset, keep their attributions in a table, and print what they come to."""
    from app.cli.explain_set_table import EXPLAINED, flags_of
    from app.cli.set_run import Job, no_answers, opened, run, settings_of, tell_unnumbered
    from explain.attribution.registry import chosen
    from explain.overall.run import explain_each
    from explain.overall.tally import Tally

    _check(asked)
    rows = opened(source, asked.output, flags)
    classifier = load_classifier(choice.model)
    card = chosen(asked.method, classifier)
    tally = Tally(flags.by)
    job = Job(EXPLAINED, rows, settings_of(classifier, rows, flags_of(card.name, options)), asked.output, flags.rows)
    run(job, lambda some: explain_each(some, classifier, card, options), tally)
    found = tally.overall()
    tell_unnumbered(found.unnumbered)
    if not found.whole.changes:
        raise no_answers(source.input, len(found.unnumbered))
    _print(found, asked.form, model_payload(classifier, choice.model))


def _check(asked: Asked) -> None:
    """Raise UsageError for what can be asked of a single change only."""
    from explain.attribution.registry import AUTO, method

    if asked.method != AUTO and not method(asked.method).signed:
        raise UsageError(f"Expected a method whose values are logits with a dataset, but got {asked.method}; use auto.")
    if asked.form not in {"text", "json", "markdown"}:
        raise UsageError(f"Expected --format text, json or markdown with a dataset, but got {asked.form}; choose one of them.")
    if asked.level is not Level.LINE:
        raise UsageError(f"Expected a single change with --level {asked.level}, but got a dataset; leave --level out.")
    if asked.output is not None and asked.output.suffix != _TABLE:
        raise UsageError(
            f"Expected the name of a table, such as EXPLAINED{_TABLE}, for -o with a dataset, but got {asked.output!s:.200}; "
            "what is printed goes to standard output."
        )


def _print(found: Overall, form: str, model: dict[str, str]) -> None:
    from app.cli.explain_set_text import markdown, payload, text

    if form == "json":
        sys.stdout.write(dumps(payload(found, model)))
    elif form == "markdown":
        sys.stdout.write(markdown(found, model))
    else:
        show(*text(found))
