"""The survey: a search, its check and the questions for every flagged change of a set."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from explain.counterfactual.effects import Effect
from explain.counterfactual.hints import first_order
from explain.counterfactual.operators import effect_of
from explain.counterfactual.search import search
from explain.counterfactual.types import TAKING_BACK, Counterfactual, Coverage, SearchOptions, SearchResult
from explain.counterfactual.verify import verify
from explain.survey.files import components, languages, main_language
from explain.survey.judged import judged
from explain.survey.questions import ask
from explain.survey.record import Answer, Flip, Passed, Question, Reason, Row, Surveyed
from explain.survey.touched import touched
from models.change.types import Diff, Level
from models.classify.protocol import Classifier, Prediction


def survey(
    rows: Iterable[Row], classifier: Classifier, options: SearchOptions | None = None
) -> Iterator[tuple[Row, Surveyed | Passed]]:
    """Yield every row with what came out for it: flagged changes are searched, the others passed over.

    Costs, for a flagged change: the queries of ``search``, of ``verify`` for the first counterfactual, and of ``ask``.
    """
    for row in rows:
        yield row, examine(row, classifier, options or SearchOptions())


def examine(row: Row, classifier: Classifier, options: SearchOptions) -> Surveyed | Passed:
    """What comes out for one row."""
    found = judged(row, classifier)
    if isinstance(found, Passed):
        return found
    diff, before = found
    if not before.flagged:
        return Passed(row.id, Reason.NOT_FLAGGED, before.score)
    return _surveyed(row, diff, before, classifier, options)


def _surveyed(row: Row, diff: Diff, before: Prediction, classifier: Classifier, options: SearchOptions) -> Surveyed:
    start = time.monotonic()
    order = first_order(diff, classifier)
    *_, result = search(diff, classifier, options, order=order)
    assert isinstance(result, SearchResult)
    answers = ask(diff, classifier, options.batch, order)
    flip = _flip(diff, result.counterfactuals[0], classifier) if result.counterfactuals else None
    return Surveyed(
        id=row.id,
        diff_id=diff.id,
        project=row.project,
        language=row.language or main_language(diff),
        languages=languages(diff),
        components=components(diff),
        split=row.split,
        label=row.label,
        score=before.score,
        threshold=before.threshold,
        flip=flip,
        one_line=_one_line(result, answers),
        one_edit=_one_edit(result, answers),
        answers=answers,
        queries=result.queries,
        stopped=result.stopped.value,
        seconds=time.monotonic() - start,
    )


def _flip(diff: Diff, found: Counterfactual, classifier: Classifier) -> Flip:
    return Flip(
        operator=found.edits[0].operator,
        edits=found.edits,
        touched=touched(diff, effect_of(diff, found.edits) or Effect()),
        score=found.after.score,
        minimality=found.certificate.minimality.value,
        verified=verify(diff, found, classifier).ok,
    )


def _one_line(result: SearchResult, answers: tuple[Answer, ...]) -> bool | None:
    """Whether one changed line taken back turns the verdict; None where not all of them were scored."""
    taking_back = [one for one in result.counterfactuals if one.edits[0].operator in TAKING_BACK]
    touches = [(effect_of(result.diff, one.edits) or Effect()).lines for one in taking_back]
    if any(len(lines) == 1 and all(unit.level is Level.LINE for unit in lines) for lines in touches):
        return True
    if any(one.flips for one in answers if one.question is Question.COMMENT_LINE):
        return True
    lines = [one for one in result.coverage if one.operator == "revert-line"]
    return False if lines and _complete(lines) else None


def _one_edit(result: SearchResult, answers: tuple[Answer, ...]) -> bool | None:
    """Whether one edit of any kind turns the verdict; None where not all of them were scored."""
    if any(len(one.edits) == 1 for one in result.counterfactuals):
        return True
    if any(one.flips for one in answers if one.question in {Question.COMMENT_LINE, Question.MESSAGE_WORD}):
        return True
    return False if _complete(result.coverage) else None


def _complete(coverage: Sequence[Coverage]) -> bool:
    """Whether every single edit was scored."""
    return all(one.complete or not one.units for one in coverage)
