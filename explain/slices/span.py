"""From when to when predictions are, as far as their changes are dated."""

from __future__ import annotations

from dataclasses import dataclass

from explain.slices.source import Source
from explain.slices.where import Expression, Sort

DATE = "date"


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day, "2024-05-31", in UTC; how many weeks that is, both days included; ``undated`` changes."""

    first: str
    last: str
    weeks: float
    undated: int


def span_of(source: Source, model: str, where: Expression | None = None) -> Span | None:
    """The time of the scored changes of ``model`` that meet ``where``; None where no date is known."""
    if source.columns.get(DATE) is not Sort.DATE:
        return None
    asked = "select min(day)::varchar, max(day)::varchar, date_diff('day', min(day), max(day)) + 1, count(*) - count(day) from chosen"
    first, last, days, undated = source.query("date::date as day", source.scope(model, where), asked)[0]
    return None if first is None else Span(first, last, days / 7, undated)
