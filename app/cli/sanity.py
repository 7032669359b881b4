"""``whydiff models sanity``: whether the attribution methods tell of the model, and find what is known to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import plain, progress, say, show, working
from app.cli.evaluated import Form, parts
from app.cli.models_verbs import Which
from app.cli.output import check_output, dumps, emit
from explain.trust.sanity_options import PART, SanityOptions
from models.errors import UsageError

if TYPE_CHECKING:
    from explain.trust.sanity import Sanity
    from explain.trust.sanity_run import Subject
    from models.change.types import Diff
    from models.classify.protocol import Classifier

_DRAWN = 50
"""Rows that are looked at for each that is asked for."""


@dataclass(frozen=True, slots=True)
class Given:
    """Which changes."""

    diffs: Annotated[
        Path | None,
        typer.Option(help="A dataset whose changes are explained; by default the sample diffs.", metavar="DATASET.parquet"),
    ] = None


@dataclass(frozen=True, slots=True)
class How:
    """Form and place of the report."""

    format: Annotated[Form, typer.Option(help="The form of the report.")] = Form.TEXT
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None
    card: Annotated[bool, typer.Option("--card", help="Store the figures in the model's card.json and CARD.md.")] = False


def sanity(which: Which, given: Given, options: SanityOptions, how: How) -> None:
    """Whether explanations hang on what the model learnt, and find planted causes; takes minutes."""
    check_output(how.output)
    folder, classifier = _model(which.model)
    if how.card:
        from models.evaluate.card import check_part

        check_part(folder, classifier.digest)
    report = _checked(_subject(folder, classifier, given, options), options)
    _print(report, how)
    if how.card:
        from models.evaluate.card import add_part

        add_part(folder, classifier.digest, PART, report.payload())
        say(f"Wrote {folder / 'CARD.md'} and card.json.")


def _model(text: str) -> tuple[Path, Classifier]:
    """The folder of the model called ``text``, and the model. Raises UsageError for a function, which has no parameters."""
    from models.classify.function import PREFIX

    if text.startswith(PREFIX):
        raise UsageError(
            f"Expected a checkpoint, whose kind can be trained anew, but got the function {text[:200]}; name a folder."
        )
    with working("Loading the model"):
        from models.classify.load import load
        from models.registry.resolve import resolve

        folder = resolve(text)
        return folder, load(folder)


def _subject(folder: Path, classifier: Classifier, given: Given, options: SanityOptions) -> Subject:
    from explain.trust.sanity_run import Subject, chosen

    diffs = list(_samples() if given.diffs is None else _rows(given.diffs, options))
    with working("Choosing changes"):
        some = chosen(diffs, classifier, options.rows, options.seed)
    what = f"the {len(diffs)} sample diffs" if given.diffs is None else f"{len(diffs):,} changes of a dataset"
    return Subject(classifier, folder, some, f"{len(some)} of {what}, drawn from those of 8 changed lines and at most 500 tokens")


def _samples() -> Iterator[Diff]:
    spec = find_spec("sample_diffs")
    places = [Path(place) for place in (spec.submodule_search_locations or () if spec else ())]
    folder = next((place for place in places if place.is_dir()), None)  # an editable installation adds a place that is none
    if folder is None:
        raise UsageError("The sample diffs are missing; install whydiff again, or name a dataset with --diffs.")
    return map(_read, sorted(folder.glob("*.diff")))


def _read(path: Path) -> Diff:
    from models.change.source import read_bytes

    return read_bytes(path.read_bytes())


def _rows(path: Path, options: SanityOptions) -> Iterator[Diff]:
    """Rows by lot, many more than are asked for, because most may be too large or too small."""
    from models.data.dataset import diffs, read

    frame = read([path], ("id", "message", "diff"))
    some = frame.sample(min(len(frame), _DRAWN * options.rows), random_state=options.seed)
    return (diff for _, diff in diffs(some))


def _checked(subject: Subject, options: SanityOptions) -> Sanity:
    from explain.trust.sanity import Sanity
    from explain.trust.sanity_run import sanity as checks

    with progress() as bar:
        task = bar.add_task("Explaining", total=1.0)
        for step in checks(subject, options):
            if isinstance(step, Sanity):
                return step
            bar.update(task, completed=step.done, description=f"Done: {step.what}")
    raise RuntimeError("the checks end with their figures")


def _print(report: Sanity, how: How) -> None:
    from models.evaluate.markdown import markdown
    from models.evaluate.sanity_sections import sanity_sections

    data = report.payload()
    if how.format is Form.JSON:
        emit(dumps(data), how.output)
    elif how.format is Form.MARKDOWN:
        emit(f"# Sanity of explanations\n\n{markdown(sanity_sections(data))}", how.output)
    elif how.output is None:
        show(*parts(sanity_sections(data)))
    else:
        emit(plain(*parts(sanity_sections(data))), how.output)
