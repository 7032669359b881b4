"""The attribution of every change of a set, one after the other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator

from explain.attribution.options import AttributionOptions
from explain.attribution.registry import MethodCard
from explain.attribution.run import answer
from explain.overall.parts import parts
from explain.overall.record import Explained
from explain.survey.files import components, main_language
from explain.survey.judged import judged
from explain.survey.record import Passed, Row
from models.classify.protocol import Classifier


def explain_each(
    rows: Iterable[Row], classifier: Classifier, card: MethodCard, options: AttributionOptions
) -> Iterator[tuple[Row, Explained | Passed]]:
    """Yield every row with what comes out for it: all that can be read and get a number are explained, flagged or not.

    Costs one query a row and those of the method ``card``.
    """
    for row in rows:
        yield row, explain_one(row, classifier, card, options)


def explain_one(row: Row, classifier: Classifier, card: MethodCard, options: AttributionOptions) -> Explained | Passed:
    """What comes out for one row."""
    start = time.monotonic()
    found = judged(row, classifier)
    if isinstance(found, Passed):
        return found
    diff, prediction = found
    attribution = answer(card.run(diff, classifier, options))
    values = [abs(token.value) for token in attribution.tokens]
    return Explained(
        id=row.id,
        diff_id=diff.id,
        project=row.project,
        language=row.language or main_language(diff),
        components=components(diff),
        split=row.split,
        label=row.label,
        score=prediction.score,
        threshold=prediction.threshold,
        method=attribution.method,
        baseline=attribution.baseline,
        output=attribution.output,
        baseline_output=attribution.baseline_output,
        mass=math.fsum((*values, abs(attribution.special))),
        converged=attribution.converged,
        steps=attribution.steps,
        seconds=time.monotonic() - start,
        parts=parts(diff, attribution),
    )
