"""From when to when predictions are, as far as their changes are dated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from explain.slices.source import Source
from explain.slices.where import Expression, Sort
from explain.slices.where_sql import plain

DATE = "date"
_EPOCH = date(1970, 1, 1)
_MOST = (date.max - _EPOCH).days


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day, "2024-05-31", in UTC; how many weeks that is, both days included; ``undated`` changes."""

    first: str
    last: str
    weeks: float
    undated: int


def countable(span: Span | None) -> Span | None:
    """``span`` where something can be counted by the week: it is known, and a week or longer."""
    return None if span is None or span.weeks < 1 else span


def span_of(source: Source, model: str, where: Expression | None = None) -> Span | None:
    """The time of the scored changes of ``model`` that meet ``where``; None where no date is known."""
    if source.columns.get(DATE) is not Sort.DATE:
        return None
    asked = "select min(day), max(day), count(*) - count(day) from chosen"
    first, last, undated = source.query(f"{plain(DATE, Sort.DATE)} as day", source.scope(model, where), asked)[0]
    if first is None:
        return None
    ends = [(_EPOCH + timedelta(min(day, _MOST))).isoformat() for day in (max(first, -_EPOCH.toordinal() + 1), last)]
    return Span(ends[0], ends[1], (last - first + 1) / 7, undated)
