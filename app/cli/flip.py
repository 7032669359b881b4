"""``whydiff flip``: the smallest edit that turns the verdict, or the smallest part that keeps it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress, say, show, working
from app.cli.flip_set import TableFlags, flip_set
from app.cli.inputs import guessing_by, load_classifier, masked_payload, model_payload, read_text_diff
from app.cli.options import MaskedChoice, ModelChoice, Source
from app.cli.output import dumps
from app.cli.score import is_dataset
from explain.counterfactual.types import SearchOptions
from models.errors import UsageError

if TYPE_CHECKING:
    from app.cli.cored import Cored
    from app.cli.flipped import Flipped
    from explain.counterfactual.types import SearchResult
    from models.change.types import Diff
    from models.classify.protocol import Classifier


class Format(StrEnum):
    """Forms of the answer."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"


class Ask(StrEnum):
    """Which of the two questions."""

    NECESSARY = "necessary"
    SUFFICIENT = "sufficient"


@dataclass(frozen=True, slots=True)
class How:
    """Flags of flip besides those of the search."""

    format: Annotated[Format, typer.Option(help="patch prints the edited change, for git apply.")] = Format.TEXT
    ask: Annotated[
        Ask,
        typer.Option(help="The smallest edit that turns the verdict (necessary), or part that keeps it (sufficient)."),
    ] = Ask.NECESSARY


def flip(source: Source, choice: ModelChoice, masked: MaskedChoice, how: How, options: SearchOptions, flags: TableFlags) -> None:
    """The smallest change under which the verdict would be the other one, with what was proved about it.

    Of a dataset: that of every flagged change, and what they come to.
    """
    _check_operators(options)
    with guessing_by(masked.masked_model):
        if is_dataset(source.input):
            _check_how(how)
            flip_set(source, choice, options, flags, how.format is Format.JSON)
            return
        flags.refuse(source.input)
        _flip_one(source, choice, how, options)


def _flip_one(source: Source, choice: ModelChoice, how: How, options: SearchOptions) -> None:
    diff = read_text_diff(source.input, source.repo)
    classifier = load_classifier(choice.model)
    if how.ask is Ask.SUFFICIENT:
        _print_core(_cored(diff, classifier, options, model_payload(classifier, choice.model)), how.format)
        return
    found = _flipped(_search(diff, classifier, options), classifier, model_payload(classifier, choice.model))
    for one in found.ways:
        for reason in one.verification.reasons:
            say(f"A counterfactual did not pass its independent check: {reason}")
    _PRINTERS[how.format](found)


def _check_operators(options: SearchOptions) -> None:
    from explain.counterfactual.operators import OPERATORS

    for name in options.operators:
        OPERATORS.get(name)


def _check_how(how: How) -> None:
    """Raise UsageError for what can be asked of a single change only."""
    wrong = "--format patch" if how.format is Format.PATCH else "--ask sufficient" if how.ask is Ask.SUFFICIENT else ""
    if wrong:
        raise UsageError(f"Expected a single change with {wrong}, but got a dataset; leave {wrong} out.")


def _search(diff: Diff, classifier: Classifier, options: SearchOptions) -> SearchResult:
    from explain.counterfactual.hints import first_order
    from explain.counterfactual.search import search
    from explain.counterfactual.types import SearchResult

    with progress() as bar:
        task = bar.add_task("Searching", total=options.budget)
        for item in search(diff, classifier, options, order=first_order(diff, classifier)):
            if isinstance(item, SearchResult):
                return item
            bar.update(task, completed=item.queries, description=f"{item.phase}, best score {item.best_score:.3f}")
    raise AssertionError("a search ends with its result")


def _flipped(result: SearchResult, classifier: Classifier, model: dict[str, str]) -> Flipped:
    from app.cli.flipped import Flipped, Way
    from explain.counterfactual.plausible import rated
    from explain.counterfactual.verify import verify
    from models.classify.load import masked_model

    with working("Checking what was found"):
        result = rated(result, masked_model()) if result.counterfactuals else result
        ways = tuple(Way(one, verify(result.diff, one, classifier)) for one in result.counterfactuals)
    return Flipped(result, ways, model, masked_payload())


def _cored(diff: Diff, classifier: Classifier, options: SearchOptions, model: dict[str, str]) -> Cored:
    from app.cli.cored import Cored
    from explain.counterfactual.core import CoreResult, find_core
    from explain.counterfactual.verify import verify_core

    with progress() as bar:
        task = bar.add_task("Searching", total=options.budget)
        for item in find_core(diff, classifier, options):
            if isinstance(item, CoreResult):
                check = None if item.core is None else verify_core(diff, item.core, classifier)
                return Cored(diff, item, check, model)
            bar.update(task, completed=item.queries, description=item.phase)
    raise AssertionError("a search ends with its result")


def _print_core(found: Cored, form: Format) -> None:
    if found.check is not None:
        for reason in found.check.reasons:
            say(f"The part did not pass its independent check: {reason}")
    if form is Format.TEXT:
        show(*found.parts())
    elif form is Format.JSON:
        if found.lossy:
            say("The patch holds bytes that are no UTF-8, which JSON cannot hold; --format patch has them all.")
        sys.stdout.write(dumps(found.payload()))
    else:
        say(found.sentence)
        if found.check is not None and found.check.ok:
            _write(found.patch)


def _write(patch: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(patch.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _print_text(found: Flipped) -> None:
    from app.cli.flipped import parts

    show(*parts(found))


def _print_json(found: Flipped) -> None:
    if found.lossy:
        say("The patch holds bytes that are no UTF-8, which JSON cannot hold; --format patch has them all.")
    sys.stdout.write(dumps(found.payload()))


def _print_patch(found: Flipped) -> None:
    from explain.counterfactual.wording import sentence

    say(sentence(found.result))
    sound = [way for way in found.ways if way.verification.ok]
    if sound:
        _write(sound[0].counterfactual.patch)


_PRINTERS: dict[Format, Callable[[Flipped], None]] = {
    Format.TEXT: _print_text,
    Format.JSON: _print_json,
    Format.PATCH: _print_patch,
}
