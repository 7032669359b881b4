"""The model's answer for a row of a dataset, or why there is none."""

from __future__ import annotations

import math

from explain.survey.record import Passed, Reason, Row
from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction


def judged(row: Row, classifier: Classifier) -> tuple[Diff, Prediction] | Passed:
    """The diff of ``row`` and its prediction; passed over where its diff cannot be read or the model gives no number."""
    if row.diff is None:
        return Passed(row.id, Reason.UNREADABLE)
    answer = classifier.predict([row.diff])[0]
    if math.isnan(answer.margin) or not math.isfinite(answer.score):
        return Passed(row.id, Reason.NO_NUMBER)
    return row.diff, answer
