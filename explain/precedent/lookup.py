"""Looking for the precedents of a change, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile

from explain.precedent.nearest import Precedents, eligible, library, nearest, read_library
from explain.survey.record import Row
from models.change.types import Diff
from models.classify.embedded import Embedding


@dataclass(frozen=True, slots=True)
class Bounds:
    """At most ``rows`` known changes from before ``before`` are read, and the ``nearest`` of them told."""

    rows: int
    nearest: int
    before: datetime | None = None


def look_up(
    rows: Iterable[Row], change: Diff, model: Embedding, bounds: Bounds, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[int | Precedents]:
    """Yield how many known changes were read so far, at last the precedents among them; none where no row may be one.

    When ``cancelled`` says so, no more are read, and those that were are the answer. Costs one query and one vector a row.
    """
    found = []
    for one in read_library(
        islice(eligible(takewhile(lambda _: not cancelled(), rows), change, bounds.before), bounds.rows), model
    ):
        found.append(one)
        yield len(found)
    if found:
        yield nearest(library(found), model.vectors([change])[0], bounds.nearest, bounds.before)
