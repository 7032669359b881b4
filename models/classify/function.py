"""A function of your own as a classifier: ``python:module:function``, for any model that Python can call."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import Any

from models.change.render import render
from models.change.types import Diff, clean
from models.classify.protocol import Prediction
from models.errors import ModelError

PREFIX = "python:"
"""How the name of such a model begins."""
_NEAREST = 1e-12
"""Scores are kept this far from 0 and 1, so that their log-odds are numbers."""

Function = Callable[[list[tuple[str, str]]], Sequence[float]]
"""Takes (text of the patch, commit message) of several changes, gives for each how likely it is to be flagged, 0 to 1."""


class FunctionClassifier:
    """Asks ``function`` for scores; flagged from ``threshold`` on (the function's attribute of that name, else .5).

    A score that is not a number stays one: whoever asked is told. Raises ModelError when the function raises, or when what
    it gives are not as many numbers from 0 to 1 as it was asked for.
    """

    def __init__(self, function: Function, name: str, digest: str) -> None:
        self._function = function
        self.name, self.digest = name, digest
        self.threshold = _threshold(function, name)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """One prediction a diff, in order."""
        texts = [(clean(render(diff)), clean(diff.message)) for diff in diffs]
        try:
            given: Any = self._function(texts)
            scores = _numbers(given, len(diffs) + 1)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever somebody's function raises, also to end the program, is one sentence
            raise ModelError(f"The function {self.name} raised {type(error).__name__}: {_told(error)}; mend it.") from error
        if scores is None or len(scores) != len(diffs):
            got = f"{len(scores)} of them" if scores is not None else f"a {type(given).__name__}"
            raise ModelError(f"Expected {len(diffs)} numbers from the function {self.name}, but got {got}; give one a change.")
        wrong = next((score for score in scores if score < 0 or score > 1), None)
        if wrong is not None:
            raise ModelError(f"Expected scores from 0 to 1 from the function {self.name}, but got {wrong:g}; give probabilities.")
        return tuple(self._verdict(score, len(text)) for score, (text, _) in zip(scores, texts, strict=True))

    def _verdict(self, score: float, size: int) -> Prediction:
        logit = _log_odds(score)
        return Prediction(logit, score, self.threshold, logit - _log_odds(self.threshold), size, size)


def load_function(text: str) -> FunctionClassifier:
    """The classifier called ``text``, such as "python:package.module:function"; its module is imported, which runs it.

    Modules are looked for in the working folder too. Raises ModelError for a name of another form, a module that cannot be
    imported, and what is no function.
    """
    module, colon, name = text.removeprefix(PREFIX).partition(":")
    if not (text.startswith(PREFIX) and colon and module and name.isidentifier()):
        raise ModelError(f"Expected a model such as python:package.module:function, but got {text[:200]!r}; name one so.")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name, None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may raise anything while it is imported, also to end the program
        raise ModelError(f"The module {module} could not be imported ({_told(error)}); mend it, or the path to it.") from error
    if not callable(found):
        raise ModelError(f"The module {module} has no function {name}; name one of its functions.")
    return FunctionClassifier(found, text, _digest(found, text))


def _digest(function: Any, text: str) -> str:
    """A digest of the name and of the source of the module, as far as Python knows it."""
    try:
        source = inspect.getsource(inspect.getmodule(function) or function)
    except (OSError, TypeError):
        source = ""
    return hashlib.sha256(f"{text}\0{source}".encode()).hexdigest()[:16]


def _threshold(function: Any, name: str) -> float:
    given = getattr(function, "threshold", 0.5)
    # Scores are not told apart nearer to 0 or 1 than that.
    if not isinstance(given, (int, float)) or not _NEAREST < given < 1 - _NEAREST:
        raise ModelError(f"Expected a threshold between 0 and 1 as attribute of {name}, but got {given!r}; set another one.")
    return float(given)


def _numbers(given: Any, most: int) -> list[float] | None:
    """The numbers in order, ``most`` where they may have no end; None where ``given`` holds something else, or has no order."""
    if isinstance(given, (str, bytes, Mapping, Set)):
        return None
    try:
        scores = iter(given)
    except TypeError:
        return None
    some = list(scores if hasattr(given, "__len__") else islice(scores, most))
    try:
        return [_number(score) for score in some]
    except (TypeError, ValueError, OverflowError):
        return None


def _number(score: Any) -> float:
    if isinstance(score, (str, bytes)):
        raise TypeError("text is no number")
    return float(score.detach() if hasattr(score, "detach") else score)  # torch warns where a tensor has a gradient


def _told(error: BaseException) -> str:
    """What ``error`` says, in short."""
    try:
        return str(error)[:200]
    except Exception:  # somebody's class of errors
        return "no message"


def _log_odds(score: float) -> float:
    if math.isnan(score):
        return score
    held = min(max(score, _NEAREST), 1 - _NEAREST)
    return math.log(held / (1 - held))
