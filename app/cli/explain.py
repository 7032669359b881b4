"""``whydiff explain``: score and attribution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.background import BackgroundFlags, against_background
from app.cli.console import plain, progress, show, working
from app.cli.explain_set import Asked, SliceFlags, explain_set
from app.cli.inputs import known_record, load_classifier, model_payload, read_text_diff
from app.cli.options import ModelChoice, Source
from app.cli.output import check_output, dumps, emit
from app.cli.precedents import PrecedentFlags, precedents
from app.cli.score import is_dataset
from explain.attribution.options import AttributionOptions
from models.change.types import Level
from models.classify.bands import band_of
from models.errors import UsageError

if TYPE_CHECKING:
    from app.cli.against import Both
    from app.cli.explanation import Explanation
    from explain.attribution.registry import MethodCard
    from explain.attribution.types import Attribution
    from explain.trust.types import Trust
    from models.change.types import Diff
    from models.classify.protocol import Classifier

_FINEST_FIRST = (Level.TOKEN, Level.LINE, Level.HUNK, Level.FILE)


class Format(StrEnum):
    """Forms of an explanation."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    RDJSONL = "rdjsonl"
    GITHUB = "github"


_FOR_PEOPLE = (Format.TEXT, Format.JSON, Format.HTML, Format.MARKDOWN)
"""Forms in which two models are compared."""
_BELIEVED = (*_FOR_PEOPLE, Format.SARIF)
"""Forms that tell how far to believe it: those that do more than remark on lines."""


@dataclass(frozen=True, slots=True)
class How(BackgroundFlags):
    """Flags of explain."""

    method: Annotated[
        str,
        typer.Option(
            help="The attribution method: exact, integrated-gradients, occlusion, shapley, owen, leave-one-out, erasure, "
            "gradient or attention-rollout; auto is the best one for the model."
        ),
    ] = "auto"
    level: Annotated[Level, typer.Option(help="What gets a value.")] = Level.LINE
    no_trust: Annotated[
        bool,
        typer.Option("--no-trust", help="Do not measure how far the explanation may be believed; it takes most of the time."),
    ] = False
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
    against: Annotated[
        str | None, typer.Option(help="A second model, named as for --model: how its reasons differ.", metavar="MODEL")
    ] = None


def explain(
    source: Source, choice: ModelChoice, how: How, options: AttributionOptions, flags: SliceFlags, known: PrecedentFlags
) -> int:
    """Why the model flags a change or not: its score, and what each part adds to it.

    Of a dataset: what carries the model over all of its changes.
    """
    _check_named(how)
    known.check(how.format.value, not is_dataset(source.input))
    how.check_background(options, not is_dataset(source.input))
    if is_dataset(source.input):
        _check_set(how)
        explain_set(source, choice, Asked(how.method, how.format.value, how.level, how.output), options, flags)
        return 0
    flags.refuse(source.input)
    _check_against(how)
    check_output(how.output)
    diff = read_text_diff(source.input, source.repo)
    classifier = load_classifier(choice.model)
    _card(how, classifier)
    own = against_background(diff, classifier, options, how)
    found = precedents(diff, classifier, source, known)
    explanation = replace(_explanation(diff, classifier, choice.model, how, own), precedents=found)
    if how.against is None:
        _write(explanation, how)
    else:
        other = load_classifier(how.against)
        options = against_background(diff, other, options, how)
        _write_both(explanation, _explanation(diff, other, how.against, how, options), how)
    return how.code(explanation.prediction.flagged)


def _check_set(how: How) -> None:
    """Refuse what only a single change has."""
    for name, given in (("against", how.against is not None), ("fail-if-flagged", how.fail_if_flagged)):
        if given:
            raise UsageError(f"Expected a single change with --{name}, but got a dataset; leave --{name} out.")


def _write(explanation: Explanation, how: How) -> None:
    if how.format is Format.TEXT and how.output is None:
        from app.cli.explain_text import parts

        show(*parts(explanation))
    else:
        emit(formatted(explanation, how.format), how.output)


def _write_both(first: Explanation, second: Explanation, how: How) -> None:
    from app.cli.against import Both
    from app.cli.against_text import parts

    both = Both(first, second)
    if how.format is Format.TEXT and how.output is None:
        show(*parts(both))
    else:
        emit(_formatted_both(both, how.format), how.output)


def _formatted_both(both: Both, form: Format) -> str:
    if form is Format.JSON:
        return dumps(both.payload())
    if form is Format.HTML:
        from app.cli.against_html import html

        return html(both)
    if form is Format.MARKDOWN:
        from app.cli.against_markdown import markdown

        return markdown(both)
    from app.cli.against_text import parts

    return plain(*parts(both))


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
        from app.cli.sarif import sarif
        from app.release import own_version

        return dumps(sarif(explanation, own_version()))
    if form in {Format.RDJSONL, Format.GITHUB}:
        from app.cli.annotations import github, rdjsonl

        return rdjsonl(explanation) if form is Format.RDJSONL else github(explanation)
    from app.cli.explain_text import parts

    return plain(*parts(explanation))


def _check_named(how: How) -> None:
    """Refuse a method that does not exist, or not at that level, before anything is loaded."""
    from explain.attribution.registry import AUTO, method

    if how.method != AUTO:
        _check_level(how, method(how.method))


def _check_against(how: How) -> None:
    """Refuse what two models cannot be compared by."""
    if how.against is not None and how.format not in _FOR_PEOPLE:
        raise UsageError(f"Expected --format {', '.join(_FOR_PEOPLE)} with --against, but got {how.format}; choose one of them.")
    if how.against is not None and how.level is Level.TOKEN:
        raise UsageError(
            "Expected --level line or coarser with --against, but got token; each model cuts text into tokens of its own."
        )


def _check_level(how: How, card: MethodCard) -> None:
    if not card.signed and (how.format not in _FOR_PEOPLE or how.against is not None):
        raise UsageError(
            f"Expected a method whose values have a sign with --format {how.format} or --against, but got {card.name}; "
            f"choose another one, or --format {', '.join(_FOR_PEOPLE)} without --against."
        )
    if _FINEST_FIRST.index(how.level) < _FINEST_FIRST.index(card.finest):
        raise UsageError(f"Expected --level {card.finest} or coarser for {card.name}, but got {how.level}; choose another one.")


def _card(how: How, classifier: Classifier) -> MethodCard:
    from explain.attribution.registry import chosen

    card = chosen(how.method, classifier)
    _check_level(how, card)
    return card


def _explanation(diff: Diff, classifier: Classifier, model: str | None, how: How, options: AttributionOptions) -> Explanation:
    from app.cli.explanation import Explanation
    from explain.trust.panel import trust

    card = _card(how, classifier)
    with working("Scoring the change"):
        prediction = classifier.predict([diff])[0]
    attribution = _last(card.run(diff, classifier, options), card.name, options)
    band = band_of(classifier, prediction.score)
    measured = not how.no_trust and how.against is None and how.format in _BELIEVED
    record = known_record(classifier, model, card.name)
    believed = _believed(trust(diff, classifier, attribution, options, record)) if measured else None
    shown = model_payload(classifier, model)
    return Explanation(diff, shown, classifier.name, prediction, attribution, how.level, band, believed)


def _believed(partial: Iterator[Trust]) -> Trust:
    with progress() as bar:
        task = bar.add_task("How far to believe it", total=None)
        for found in partial:
            bar.update(task, total=found.steps, completed=found.done, description=f"How far to believe it: {found.doing}")
    return found


def _last(partial: Iterator[Attribution], name: str, options: AttributionOptions) -> Attribution:
    with progress() as bar:
        task = bar.add_task(name, total=None)
        for attribution in partial:
            bar.update(task, description=f"{name}, {attribution.steps} steps, gap {attribution.relative_gap:.1%}")
    return attribution
