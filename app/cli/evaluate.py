"""``whydiff evaluate``: how good predictions are, beside each other, with intervals; and the card made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress, say
from app.cli.evaluate_lines import LineFlags, evaluate_lines
from app.cli.evaluated import How, print_report
from app.cli.options import ModelChoice
from app.cli.output import check_output
from app.cli.slice_flags import GateFlags, Where, judged
from models.errors import UsageError

if TYPE_CHECKING:
    from explain.slices.gate import Gate
    from models.evaluate.predictions import Predictions, Scored
    from models.evaluate.report import Report


@dataclass(frozen=True, slots=True)
class Which:
    """Which predictions, and what they are compared with."""

    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="PREDICTIONS...",
            help="Parquet files that whydiff score -o wrote, of one model or several; none with --lines.",
            show_default=False,
        ),
    ] = field(default_factory=list)
    against: Annotated[
        Path | None,
        typer.Option(
            help="The model that the others are compared with: a file of its predictions, or its name; all pairs without it.",
            metavar="FILE|MODEL",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of the predictions."""

    where: Where = None


def evaluate(which: Which, rows: Rows, lines: LineFlags, choice: ModelChoice, how: How, gate: GateFlags) -> int:
    """Ranking, gating, effort, calibration and risk bands of predictions, with 95 % intervals, model beside model.

    With --lines: how well attributions and counterfactuals of a model find the lines that are known to be at fault.
    """
    check_output(how.output)
    if lines.lines is None:
        lines.refuse(choice)
        return _evaluate_predictions(which, rows.where or "", how, gate.gates())
    for flag, value in (("--where", rows.where), ("--fail-if", next(iter(gate.fail_if), None))):
        if value is not None:
            raise UsageError(f"Expected no {flag} with --lines, but got {value:.120}; leave it out.")
    given = next(iter(which.predictions), which.against)
    if given is not None:
        raise UsageError(f"Expected no predictions with --lines, but got {given}; evaluate one after the other.")
    evaluate_lines(lines.lines, lines, choice, how)
    return 0


def _evaluate_predictions(which: Which, where: str, how: How, gates: tuple[Gate, ...]) -> int:
    from models.evaluate.card import card_data, checkpoint_facts, stored_data, write_card
    from models.evaluate.predictions import read_predictions
    from models.evaluate.sections import sections

    if not which.predictions:
        raise UsageError("Expected PREDICTIONS, files that whydiff score -o wrote, or --lines DATASET.parquet; pass one of them.")
    facts = None if how.card is None else checkpoint_facts(how.card)
    files = [_kept(one, where) for path in _paths(which) for one in read_predictions(path)]
    for one in files:
        if one.unscored:
            say(f"{one.unscored:,} rows of {one.path} have no score from {one.name} and are left out.")
    report = _measured(files, which, how)
    card = card_data(facts, report, stored_data(how.card)) if facts is not None and how.card is not None else None
    data = report.payload()
    print_report(data, sections(data), how)
    if card is not None and how.card is not None:
        write_card(how.card, card)
        say(f"Wrote {how.card / 'CARD.md'} and card.json.")
    return _gate(files[0], where, gates)


def _kept(one: Predictions, where: str) -> Predictions:
    """The rows for which the expression holds; raises UsageError where it holds for none."""
    if not where.strip():
        return one
    from explain.slices.source import open_source

    source = open_source([one.path])
    found = source.query("id", source.scope(one.name, source.expression(where)))
    ids = one.frame.index.intersection([str(name) for (name,) in found])
    if ids.empty:
        raise UsageError(f"No scored row of {one.name} in {one.path} meets the expression; widen it.")
    return replace(one, frame=one.frame.loc[ids])


def _gate(first: Predictions, where: str, gates: tuple[Gate, ...]) -> int:
    """The exit code: 1 if a gate trips for the first model."""
    if not gates:
        return 0
    from explain.slices.load import Wanted, default_cluster
    from explain.slices.metrics import MetricOptions
    from explain.slices.source import open_source

    source = open_source([first.path])
    cluster = default_cluster(source)
    wanted, options = Wanted((), source.expression(where), cluster), MetricOptions(clustered=bool(cluster))
    return int(any(one.tripped for one in judged(source, first.name, gates, wanted, options)))


def _paths(which: Which) -> list[Path]:
    """The files in order, that of --against last; raises UsageError for one that is named twice."""
    named = list(which.predictions)
    against = which.against if _is_file(which.against) else None
    paths = named if against is None or against in named else [*named, against]
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise UsageError(f"Expected each file once, but got {path} twice; name the predictions of other models.")
        seen.add(path.resolve())
    return paths


def _is_file(against: Path | None) -> bool:
    """Whether ``--against`` is meant to be a file, not a model in one."""
    return against is not None and (against.suffix == ".parquet" or against.is_file())


def _reference(files: list[Predictions], models: Sequence[Scored], against: Path) -> str:
    """The name of the model that the others are compared with."""
    if _is_file(against):
        places = [n for n, one in enumerate(files) if one.path == against]
        if len(places) > 1:
            raise UsageError(
                f"Expected predictions of one model in {against}, but it holds several models; name one with --against."
            )
        return models[places[0]].name
    names = [one.name for one in models]
    if str(against) not in names:
        raise UsageError(f"Expected a file or a model for --against, but got {against}; name one of {', '.join(names)[:400]}.")
    return str(against)


def _measured(files: list[Predictions], which: Which, how: How) -> Report:
    from models.evaluate.predictions import align, size_only
    from models.evaluate.report import EvaluateOptions, evaluate

    rows, models, left_out = align(files)
    extra = size_only(rows, models)
    against = None if which.against is None else _reference(files, models, which.against)
    with progress() as bar:
        task = bar.add_task("Measuring", total=1.0)
        return evaluate(
            rows,
            [*models, *([] if extra is None else [extra])],
            EvaluateOptions(how.replicates, how.seed),
            against,
            left_out,
            lambda done: bar.update(task, completed=done),
        )
