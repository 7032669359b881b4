"""``whydiff evaluate --lines``: how well rankings of lines find those that are known to be at fault."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress, say, working
from app.cli.evaluated import How, print_report
from app.cli.inputs import load_classifier, model_payload
from app.cli.options import ModelChoice
from models.errors import DataError, UsageError
from models.registry import MODEL_VARIABLE

if TYPE_CHECKING:
    from explain.trust.line_rankers import Ranker
    from explain.trust.line_report import Judged
    from explain.trust.ngrams import NGrams
    from models.classify.protocol import Classifier
    from models.data.faulty import Labelled

_METHODS = "auto,counterfactual"
_BACKGROUND = 1000
"""Most changes that the n-gram baseline learns from."""


@dataclass(frozen=True, slots=True)
class LineFlags:
    """Flags of evaluate that concern lines at fault; None where they were not given."""

    lines: Annotated[
        Path | None,
        typer.Option(
            help="In place of predictions: a dataset with the column defective_lines, whose bad changes' lines are ranked.",
            metavar="DATASET.parquet",
        ),
    ] = None
    methods: Annotated[
        str | None,
        typer.Option(
            help="With --lines: who ranks, separated by commas: attribution methods, auto for the model's best one, "
            f"counterfactual; {_METHODS} by default.",
            metavar="NAMES",
        ),
    ] = None
    rows: Annotated[
        int | None,
        typer.Option(help="With --lines: only so many bad changes, drawn by the seed; all by default.", min=1, metavar="N"),
    ] = None
    background: Annotated[
        Path | None,
        typer.Option(
            help="With --lines: a dataset whose changes the n-gram baseline learns from; by default those of the dataset itself "
            "that are not bad.",
            metavar="DATASET.parquet",
        ),
    ] = None

    def refuse(self, choice: ModelChoice) -> None:
        """Raise UsageError when a flag was given that predictions know nothing of."""
        given = next((field.name for field in fields(self) if getattr(self, field.name) is not None), None)
        if given is None and choice.model not in (None, os.environ.get(MODEL_VARIABLE)):
            given = "model"
        if given is not None:
            raise UsageError(f"Expected --lines DATASET.parquet with --{given}; name the dataset, or leave --{given} out.")


def evaluate_lines(dataset: Path, flags: LineFlags, choice: ModelChoice, how: How) -> None:
    """Rank the lines of the bad changes of ``dataset``, print the figures, and store them in the card if one is named."""
    from explain.trust.line_rankers import baselines, named_rankers
    from explain.trust.line_report import line_report
    from models.data.faulty import labelled
    from models.evaluate.card import add_part, check_part
    from models.evaluate.faulty_lines import line_sections
    from models.evaluate.report import EvaluateOptions

    truth = labelled(dataset, how.seed)
    classifier = load_classifier(choice.model)
    if how.card is not None:
        check_part(how.card, classifier.digest)
    names = [one.strip() for one in (_METHODS if flags.methods is None else flags.methods).split(",")]
    methods = named_rankers(names, classifier)
    rivals = baselines(_ngrams(truth, flags.background, how.seed))
    judged, unreadable = _judged(truth, flags.rows, classifier, [*methods, *rivals])
    _check(dataset, judged, unreadable)
    report = {
        **line_report(
            judged,
            [one.name for one in (*methods, *rivals)],
            [one.name for one in rivals],
            unreadable,
            EvaluateOptions(how.replicates, how.seed),
        ),
        "model": model_payload(classifier, choice.model),
    }
    print_report(report, line_sections(report), how)
    if how.card is not None:
        add_part(how.card, classifier.digest, "lines", {**report, "model": {"id": classifier.digest}})
        say(f"Wrote {how.card / 'CARD.md'} and card.json.")


def _ngrams(truth: Labelled, background: Path | None, seed: int) -> NGrams | None:
    """The model of the n-gram baseline, which sees no change that is judged; None, which is said, where no other is there."""
    from explain.trust.lines import added_lines
    from explain.trust.ngrams import NGrams
    from models.data.faulty import faulty_rows, labelled

    source = truth if background is None else labelled(background, seed, with_truth=False)
    with working("Learning which lines are usual"):
        rows = faulty_rows(source.path, source.others[:_BACKGROUND])
        diffs = (row.diff for row in rows if row.diff is not None and row.id not in truth.bad_ids)
        lines = [text for diff in diffs for _, text in added_lines(diff)]
        if lines:
            return NGrams(lines)
    say(f"{source.path} holds no lines of changes that are not bad, so there is no n-gram baseline; --background names others.")
    return None


def _judged(truth: Labelled, most: int | None, classifier: Classifier, rankers: Sequence[Ranker]) -> tuple[list[Judged], int]:
    """Every readable bad change with its figures, and how many cannot be read."""
    from explain.trust.line_report import judge
    from explain.trust.lines import line_case
    from models.data.faulty import faulty_rows

    places = truth.bad[:most]
    cases = map(line_case, faulty_rows(truth.path, places))
    judged: list[Judged] = []
    with progress() as bar:
        task = bar.add_task("Ranking lines", total=len(places))
        for one in judge((case for case in cases if case is not None), classifier, rankers):
            judged.append(one)
            bar.update(task, advance=1)
    return judged, len(places) - len(judged)


def _check(dataset: Path, judged: Sequence[Judged], unreadable: int) -> None:
    """Raise DataError where no change has a line that is known to be at fault."""
    if any(one.figures for one in judged):
        return
    what = f"{unreadable:,} cannot be read" if unreadable else "their truth names no added line of theirs in a code file"
    raise DataError(f"Of the bad changes of {dataset} none has a line known to be at fault ({what}); pass a dataset that does.")
