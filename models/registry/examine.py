"""Whether a checkpoint may be used: it loads, holds nothing unsafe, and its answers keep the promises of a classifier."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.change.types import Diff
from models.classify.checkpoint import digest_folder, read_kind
from models.classify.load import load
from models.classify.protocol import Classifier, Prediction
from models.errors import ModelError, WhydiffError
from models.registry.examples import examples

ROUNDING = 1e-3
"""How far two logits of one change may lie apart, relative to the larger of 1 and the logit: float32 in other batches."""

_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Examined:
    """A checkpoint that passed: its content hash, its kind and name, and the SHA-256 of its ``tokenizer.json`` or ""."""

    digest: str
    kind: str
    name: str
    tokenizer: str
    examples: int


def examine(folder: Path) -> Examined:
    """Validate the checkpoint in ``folder``; raises ModelError with the first thing that is wrong.

    Refused are links that lead out of the folder, what is no regular file, what ``load`` refuses (formats that can run
    code, broken or absurd files, weights or scores that are not finite), and answers to made-up changes that are of the
    wrong number or type, not finite, outside [0, 1], or dependent on the changes beside them beyond rounding.
    """
    check_files(folder)
    classifier = load(folder)
    check_answers(classifier, folder)
    return Examined(classifier.digest, read_kind(folder), classifier.name, tokenizer_hash(folder), len(examples()))


def content_hash(folder: Path) -> str:
    """The content hash of a checkpoint's folder, see ``digest_folder``; raises ModelError when it cannot be read."""
    try:
        return digest_folder(folder)
    except OSError as error:
        raise ModelError(f"The model folder {str(folder)[:200]} could not be read ({error.strerror}); pass another.") from error


def tokenizer_hash(folder: Path) -> str:
    """The SHA-256 of the folder's ``tokenizer.json``; "" without one."""
    path = folder / _TOKENIZER
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def check_files(folder: Path) -> None:
    """Raise ModelError for a link in ``folder`` that leads out of it, and for what is neither file nor folder.

    What lies in folders below is neither read nor copied. Reading a pipe would never end.
    """
    root = folder.resolve()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ModelError(f"{path} is a link that leads out of the model folder; copy the file itself to its place.")
        if path.exists() and not (path.is_dir() or path.is_file()):
            raise ModelError(f"{path} is no regular file; a model folder holds files only, so remove it.")


def check_answers(classifier: Classifier, folder: Path) -> None:
    """Raise ModelError unless ``classifier`` answers every example as the protocol promises; ``folder`` is for the message."""
    if not 0 < classifier.threshold < 1:
        raise ModelError(f"The model in {folder} has the threshold {classifier.threshold}, expected one between 0 and 1.")
    changes = examples()
    diffs = list(changes.values())
    together = _asked(classifier, diffs, folder)
    for name, one in zip(changes, together, strict=True):
        _check(one, name, folder)
    others = [_asked(classifier, diffs[::-1], folder)[::-1], [_asked(classifier, [diff], folder)[0] for diff in diffs]]
    for answers in others:
        for name, one, other in zip(changes, together, answers, strict=True):
            if not abs(one.logit - other.logit) <= ROUNDING * max(1.0, abs(one.logit)):
                raise ModelError(
                    f"The model in {folder} gives the example {name!r} the logit {one.logit:.6g} or {other.logit:.6g}, "
                    "depending on the changes beside it; mend its padding."
                )


def _asked(classifier: Classifier, diffs: Sequence[Diff], folder: Path) -> Sequence[Prediction]:
    try:
        answers = tuple(classifier.predict(diffs))
    except WhydiffError:
        raise
    except Exception as error:  # whatever a foreign architecture raises, the user gets one sentence
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"The model in {folder} fails on made-up changes ({reason}); it cannot be used.") from error
    if len(answers) != len(diffs) or not all(isinstance(one, Prediction) for one in answers):
        raise ModelError(
            f"The model in {folder} gives {len(answers)} answers to {len(diffs)} changes, expected one prediction each; "
            "it cannot be used."
        )
    return answers


def _check(one: Prediction, name: str, folder: Path) -> None:
    if not (math.isfinite(one.logit) and math.isfinite(one.margin)):
        raise ModelError(f"The model in {folder} gives the example {name!r} a score that is not finite; train or copy it again.")
    if not 0 <= one.score <= 1:
        raise ModelError(
            f"The model in {folder} gives the example {name!r} the score {one.score:.6g}, expected 0 to 1; calibrate it."
        )
    if not 0 <= one.tokens_read <= one.tokens_total:
        raise ModelError(
            f"The model in {folder} says that it read {one.tokens_read} of {one.tokens_total} tokens of the example {name!r}; "
            "it cannot be used."
        )
