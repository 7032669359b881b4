"""The entrance: one diff, one classifier, one method."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from explain.attribution import registry
from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import Diff
from models.classify.protocol import Classifier


def attribute(
    diff: Diff, classifier: Classifier, method: str = registry.AUTO, options: AttributionOptions | None = None
) -> Iterator[Attribution]:
    """Partial results of the method named ``method`` (by default the best one for it), at least one; the last is the answer.

    Stop at any point: nothing needs to be undone. Raises UsageError at once for a method that does not exist or that
    the classifier cannot do; ModelError while iterating when the model's outputs are not finite.
    """
    return registry.chosen(method, classifier).run(diff, classifier, options or AttributionOptions())


def answer(results: Iterable[Attribution]) -> Attribution:
    """The last of ``results``: the answer, for callers who do not show progress."""
    return deque(results, maxlen=1).pop()
