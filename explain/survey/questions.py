"""What is asked of a flagged change besides the search: would it be flagged without its comments, its message, its tests?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from explain.counterfactual.effects import Effect, realise, together, whole_file
from explain.counterfactual.hints import Order
from explain.counterfactual.operators import OPERATORS
from explain.counterfactual.types import CLEAR_MARGIN
from explain.survey.record import Answer, Question
from explain.survey.touched import silent_units
from models.change.types import Diff
from models.classify.protocol import Classifier
from models.mine.code import is_docs, is_test

MOST_SINGLES = 64
"""Most edits that are tried for one question."""


def ask(diff: Diff, classifier: Classifier, batch: int, order: Order | None = None) -> tuple[Answer, ...]:
    """The answer to every question about the flagged change ``diff``.

    Costs at most ``MOST_SINGLES`` queries a question, ``batch`` a call; single edits are tried in the order of their values
    until one turns the verdict. What would take the whole change back is no edit and is not offered.
    """
    return tuple(_answer(question, diff, classifier, effects, batch) for question, effects in _edits(diff, order).items())


def _edits(diff: Diff, order: Order | None) -> Mapping[Question, Sequence[Effect]]:
    silent = silent_units(diff)
    lines = [Effect(frozenset({unit})) for unit in sorted(silent)]
    said = list(OPERATORS.get("cut-message").offers(diff).values())
    whole = together(said) if said else None
    return {
        Question.COMMENT_LINE: _ranked(lines, order),
        Question.MESSAGE_WORD: _ranked(said, order),
        Question.COMMENTS: [Effect(silent)] if silent else [],
        Question.MESSAGE: [whole] if whole else [],
        Question.TESTS: _files(diff, is_test),
        Question.DOCS: _files(diff, is_docs),
    }


def _ranked(effects: Sequence[Effect], order: Order | None) -> Sequence[Effect]:
    if order is None:
        return effects
    values = order([next(iter((*one.reverted, *(unit for unit, _ in one.words)))) for one in effects])
    return [effects[n] for n in sorted(range(len(effects)), key=lambda n: -values[n])]


def _files(diff: Diff, chosen: Callable[[str], bool]) -> Sequence[Effect]:
    """One edit that leaves out the files whose paths are ``chosen``."""
    units = [whole_file(diff, f) for f, file in enumerate(diff.files) if chosen(file.path)]
    return [Effect(frozenset().union(*units))] if units else []


def _answer(question: Question, diff: Diff, classifier: Classifier, effects: Sequence[Effect], batch: int) -> Answer:
    offered, tried = len(effects), 0
    for start in range(0, min(len(effects), MOST_SINGLES), batch):
        some = [realise(diff, effect) for effect in effects[start : min(start + batch, MOST_SINGLES)]]
        real = [edited for edited in some if edited.files]
        offered -= len(some) - len(real)
        tried += len(real)
        if real and any(answer.margin < -CLEAR_MARGIN for answer in classifier.predict(real)):
            return Answer(question, offered, tried, True)
    return Answer(question, offered, tried, False)
