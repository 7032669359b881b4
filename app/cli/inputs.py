"""What a verb is about: the change that was named, and the classifier that judges it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.console import say, working
from models.errors import InputError

if TYPE_CHECKING:
    from explain.trust.types import Record
    from models.change.types import Diff
    from models.classify.protocol import Classifier


def read_diff(argument: str, repo: Path) -> Diff:
    """The change called ``argument``; what had to be mended is told on standard error."""
    from models.change.source import read_input

    stdin = sys.stdin.buffer if sys.stdin is not None else BytesIO()
    diff = read_input(argument, repo, stdin)
    for note in diff.notes:
        say(f"Note on {argument}: {note}")
    return diff


def read_text_diff(argument: str, repo: Path) -> Diff:
    """The change called ``argument``, which must hold text that a model can read."""
    diff = read_diff(argument, repo)
    if all(file.binary for file in diff.files):
        raise InputError(
            f"{argument} changes binary files only, so there is no text to explain; whydiff describe lists the files."
        )
    return diff


def load_classifier(model: str | Path | None) -> Classifier:
    """The classifier called ``model``, or the shipped one; warnings go to standard error.

    See ``models.registry.resolve`` for names of checkpoints, ``models.classify.function`` for functions.
    """
    if _is_function(model):
        from models.classify.function import load_function

        return load_function(str(model))
    with working("Loading the model"):
        from models.classify.load import load
        from models.registry.resolve import use

        used = use(str(model or ""), date.today())
        classifier = load(used.folder if model else None)
    for warning in used.warnings:
        say(f"Warning: {warning}")
    return classifier


def _is_function(model: str | Path | None) -> bool:
    """Whether ``model`` names a Python function."""
    from models.classify.function import PREFIX

    return str(model or "").startswith(PREFIX)


def model_payload(classifier: Classifier, model: str | Path | None) -> dict[str, str]:
    """ "model" of the JSON contract."""
    from models.change.types import clean
    from models.registry.resolve import find

    if _is_function(model):
        return {"id": classifier.digest, "path": clean(str(model))}
    return {"id": classifier.digest, "path": clean(str(find(str(model or "")).folder.absolute()))}


def known_record(classifier: Classifier, model: str | Path | None, method: str) -> Record:
    """What the card of the model says against the method; nothing of a function, which has none."""
    from explain.trust.sanity import stored_record
    from explain.trust.types import NO_RECORD
    from models.registry.resolve import find

    return NO_RECORD if _is_function(model) else stored_record(find(str(model or "")).folder, classifier.digest, method)


@contextmanager
def guessing_by(folder: Path | None) -> Iterator[None]:
    """Within, words are proposed by the masked language model in ``folder``, or by the shipped one."""
    from models.classify.load import masked_by

    with ExitStack() as stack:
        if folder is not None:
            with working("Loading the masked language model"):
                stack.enter_context(masked_by(folder))
        yield


def masked_payload() -> dict[str, str] | None:
    """ "masked_model" of the JSON contract: None for the one that comes with whydiff."""
    from models.change.types import clean
    from models.classify.load import masked_folder, masked_model

    folder = masked_folder()
    return None if folder is None else {"id": masked_model().digest, "path": clean(str(folder))}
