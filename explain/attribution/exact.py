"""The parts of a logit that is a sum by its nature: nothing is estimated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from explain.attribution.baseline import started
from explain.attribution.grid import balanced
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff
from models.classify.additive import Additive

NAME = "exact"


def exact(diff: Diff, classifier: Additive, options: AttributionOptions) -> Iterator[Attribution]:
    """Yield one attribution: what every part of the change adds, from the value the classifier starts from.

    That value is the score of no change for a bag of words and, for trees, the mean output over the rows they were
    trained on (Lundberg et al. 2020). The completeness gap is the rounding of float32. One query; no option matters.
    """
    whole = classifier.predict([diff])[0]
    found = classifier.contributions(diff)
    start = replace(started(NAME, found.baseline, (whole.logit, found.base), whole.unread), names=found.names)
    yield replace(balanced(start, [(one.unit, one.side, one.value) for one in found.parts], 1), converged=True)
