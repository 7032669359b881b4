"""What ``whydiff data describe`` prints: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from app.cli.visible import shown
from models.change.types import clean
from models.data.describe import Count, Summary

SCHEMA = "whydiff/data-describe/1"
_SHOWN = 20
_TITLES = {"label_kind": "label kind"}


def payload(summary: Summary) -> dict[str, Any]:
    """The JSON of the contract; a rate of no rows is null."""
    return {
        "schema": SCHEMA,
        "files": summary.files,
        **_count(summary.total),
        "by": {name: [{"name": clean(group)} | _count(one) for group, one in groups] for name, groups in summary.groups},
        "oldest": _when(summary.oldest),
        "newest": _when(summary.newest),
        "sizes": [{"quantile": quantile, "lines": lines} for quantile, lines in summary.sizes],
        "truncated": summary.truncated,
        "empty_cells": dict(summary.empty),
        "lacking_columns": list(summary.lacking),
        "repeated_ids": summary.repeated,
        "bad_weights": summary.bad_weights,
    }


def _count(one: Count) -> dict[str, Any]:
    return {
        "rows": one.rows,
        "labelled": one.labelled,
        "positive": one.positive,
        "base_rate": one.base_rate,
        "natural_base_rate": one.natural_rate,
        "stands_for": one.weight,
    }


def _when(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()


def lines(summary: Summary) -> list[Text | Table]:
    """For people: totals, what is amiss, and a table for each dimension."""
    return [*_head(summary), *_amiss(summary), *(part for name, groups in summary.groups for part in _table(name, groups))]


def _head(summary: Summary) -> Iterator[Text]:
    total = summary.total
    files = f"{summary.files:,} file{'' if summary.files == 1 else 's'}"
    yield Text(f"{total.rows:,} rows in {files}, {total.positive:,} positive ({_percent(total.base_rate)})", "bold")
    yield Text(f"stand for {total.weight:,.0f} changes, of which {_percent(total.natural_rate)} are positive")
    if summary.oldest and summary.newest:
        yield Text(f"from {summary.oldest:%Y-%m-%d} to {summary.newest:%Y-%m-%d}")
    if summary.sizes:
        sizes = ", ".join(f"{lines:,} ({quantile:.0%})" for quantile, lines in summary.sizes)
        yield Text(f"lines added and deleted, at most: {sizes}")
    if summary.truncated is not None and total.rows:
        yield Text(f"diff cut short: {summary.truncated:,} rows ({summary.truncated / total.rows:.1%})")


def _amiss(summary: Summary) -> Iterator[Text]:
    total = summary.total
    if summary.lacking:
        yield Text(f"lacks the columns {', '.join(summary.lacking)}, which training needs", "bold")
    if total.labelled < total.rows:
        yield Text(f"{total.rows - total.labelled:,} rows without a label 0 or 1", "bold")
    elif total.rows and total.positive in {0, total.rows}:
        yield Text("all rows bear the same label, so nothing can be learnt", "bold")
    if summary.repeated:
        yield Text(f"{summary.repeated:,} rows whose id stands further up already", "bold")
    if summary.bad_weights:
        yield Text(f"{summary.bad_weights:,} weights that are no finite number above 0; counted as 1", "bold")
    if summary.empty:
        yield Text("empty cells: " + ", ".join(f"{count:,} in {name}" for name, count in summary.empty))


def _table(name: str, groups: tuple[tuple[str, Count], ...]) -> Iterator[Text | Table]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_TITLES.get(name, name), overflow="fold")
    for title in ("rows", "positive", "base rate", "natural", "stands for"):
        table.add_column(title, justify="right")
    for group, one in groups[:_SHOWN]:
        figures = [
            f"{one.rows:,}",
            f"{one.positive:,}",
            _percent(one.base_rate),
            _percent(one.natural_rate),
            f"{one.weight:,.0f}",
        ]
        table.add_row(shown(group), *figures)
    yield Text()
    yield table
    if len(groups) > _SHOWN:
        yield Text(f"… and {len(groups) - _SHOWN:,} more; --format json has all.", "dim")


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
