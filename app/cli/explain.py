"""``whydiff explain``: score and attribution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import plain, progress, show, working
from app.cli.explain_set import Asked, SliceFlags, explain_set
from app.cli.inputs import load_classifier, model_payload, read_text_diff
from app.cli.options import ModelChoice, Source
from app.cli.output import check_output, dumps, emit
from app.cli.precedents import PrecedentFlags, precedents
from app.cli.score import is_dataset
from explain.attribution.options import AttributionOptions
from models.change.types import Level
from models.classify.bands import band_of
from models.errors import UsageError

if TYPE_CHECKING:
    from app.cli.explanation import Explanation
    from explain.attribution.registry import MethodCard
    from explain.attribution.types import Attribution

_FINEST_FIRST = (Level.TOKEN, Level.LINE, Level.HUNK, Level.FILE)


class Format(StrEnum):
    """Forms of an explanation."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class How:
    """Flags of explain."""

    method: Annotated[
        str,
        typer.Option(
            help="The attribution method: exact, integrated-gradients, occlusion or gradient; auto is the best one for the model."
        ),
    ] = "auto"
    level: Annotated[Level, typer.Option(help="What gets a value.")] = Level.LINE
    format: Annotated[Format, typer.Option(help="The form of the answer.")] = Format.TEXT
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write to this file; of a dataset: keep what was found in this table.",
            metavar="FILE",
        ),
    ] = None


def explain(
    source: Source, choice: ModelChoice, how: How, options: AttributionOptions, flags: SliceFlags, known: PrecedentFlags
) -> None:
    """Why the model flags a change or not: its score, and what each part adds to it.

    Of a dataset: what carries the model over all of its changes.
    """
    _check_named(how)
    known.check(how.format.value, not is_dataset(source.input))
    if is_dataset(source.input):
        explain_set(source, choice, Asked(how.method, how.format.value, how.level, how.output), options, flags)
        return
    flags.refuse(source.input)
    check_output(how.output)
    explanation = _explanation(source, choice, how, options, known)
    if how.format is Format.TEXT and how.output is None:
        from app.cli.explain_text import parts

        show(*parts(explanation))
    else:
        emit(formatted(explanation, how.format), how.output)


def formatted(explanation: Explanation, form: Format) -> str:
    """The explanation as the text of a file."""
    if form is Format.JSON:
        return dumps(explanation.payload())
    if form is Format.HTML:
        from app.cli.explain_html import html

        return html(explanation)
    if form is Format.MARKDOWN:
        from app.cli.explain_markdown import markdown

        return markdown(explanation)
    if form is Format.SARIF:
        from app.cli.doctor import own_version
        from app.cli.sarif import sarif

        return dumps(sarif(explanation, own_version()))
    from app.cli.explain_text import parts

    return plain(*parts(explanation))


def _check_named(how: How) -> None:
    """Refuse a method that does not exist, or not at that level, before anything is loaded."""
    from explain.attribution.registry import AUTO, method

    if how.method != AUTO:
        _check_level(how, method(how.method))


def _check_level(how: How, card: MethodCard) -> None:
    if _FINEST_FIRST.index(how.level) < _FINEST_FIRST.index(card.finest):
        raise UsageError(f"Expected --level {card.finest} or coarser for {card.name}, but got {how.level}; choose another one.")


def _explanation(
    source: Source, choice: ModelChoice, how: How, options: AttributionOptions, known: PrecedentFlags
) -> Explanation:
    from app.cli.explanation import Explanation
    from explain.attribution.registry import chosen

    diff = read_text_diff(source.input, source.repo)
    classifier = load_classifier(choice.model)
    card = chosen(how.method, classifier)
    _check_level(how, card)
    with working("Scoring the change"):
        prediction = classifier.predict([diff])[0]
    before = precedents(diff, classifier, source, known)
    attribution = _last(card.run(diff, classifier, options), card.name, options)
    model = model_payload(classifier, choice.model)
    band = band_of(classifier, prediction.score)
    return Explanation(diff, model, classifier.name, prediction, attribution, how.level, band, before)


def _last(partial: Iterator[Attribution], name: str, options: AttributionOptions) -> Attribution:
    with progress() as bar:
        task = bar.add_task(name, total=None)
        for attribution in partial:
            bar.update(task, description=f"{name}, {attribution.steps} steps, gap {attribution.relative_gap:.1%}")
    return attribution
