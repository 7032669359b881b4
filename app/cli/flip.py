"""``whydiff flip``: the smallest change under which the verdict would be the other one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import progress, say, show, working
from app.cli.inputs import load_classifier, model_payload, read_text_diff
from app.cli.options import ModelChoice, Source
from app.cli.output import dumps
from explain.counterfactual.types import SearchOptions

if TYPE_CHECKING:
    from app.cli.flipped import Flipped
    from explain.counterfactual.types import SearchResult
    from models.change.types import Diff
    from models.classify.protocol import Classifier


class Format(StrEnum):
    """Forms of the answer."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"


@dataclass(frozen=True, slots=True)
class How:
    """Flags of flip besides those of the search."""

    format: Annotated[Format, typer.Option(help="patch prints the edited change, for git apply.")] = Format.TEXT


def flip(source: Source, choice: ModelChoice, how: How, options: SearchOptions) -> None:
    """The smallest change under which the verdict would be the other one, with what was proved about it."""
    _check_operators(options)
    diff = read_text_diff(source.input, source.repo)
    classifier = load_classifier(choice.model)
    found = _flipped(_search(diff, classifier, options), classifier, model_payload(classifier, choice.model))
    for one in found.ways:
        for reason in one.verification.reasons:
            say(f"A counterfactual did not pass its independent check: {reason}")
    _PRINTERS[how.format](found)


def _check_operators(options: SearchOptions) -> None:
    from explain.counterfactual.operators import OPERATORS

    for name in options.operators:
        OPERATORS.get(name)


def _search(diff: Diff, classifier: Classifier, options: SearchOptions) -> SearchResult:
    from explain.counterfactual.search import search
    from explain.counterfactual.types import SearchResult

    with progress() as bar:
        task = bar.add_task("Searching", total=options.budget)
        for item in search(diff, classifier, options):
            if isinstance(item, SearchResult):
                return item
            bar.update(task, completed=item.queries, description=f"{item.phase}, best score {item.best_score:.3f}")
    raise AssertionError("a search ends with its result")


def _flipped(result: SearchResult, classifier: Classifier, model: dict[str, str]) -> Flipped:
    from app.cli.flipped import Flipped, Way
    from explain.counterfactual.verify import verify

    with working("Checking what was found"):
        ways = tuple(Way(one, verify(result.diff, one, classifier)) for one in result.counterfactuals)
    return Flipped(result, ways, model)


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
        sys.stdout.flush()
        sys.stdout.buffer.write(sound[0].counterfactual.patch.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()


_PRINTERS: dict[Format, Callable[[Flipped], None]] = {
    Format.TEXT: _print_text,
    Format.JSON: _print_json,
    Format.PATCH: _print_patch,
}
