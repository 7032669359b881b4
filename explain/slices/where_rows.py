"""An expression over rows in plain Python: what ``where_sql`` is checked against, and how single changes are judged."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from explain.slices.where import Compare, Every, Expression, Like, Not, Some, Sort, Unknown

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(expression: Expression, row: Mapping[str, Any]) -> bool:
    """Whether ``expression`` holds for ``row``: values by column, None or lacking where nothing is known."""
    match expression:
        case Not(part):
            return not holds(part, row)
        case Every(parts):
            return all(holds(part, row) for part in parts)
        case Some(parts):
            return any(holds(part, row) for part in parts)
        case Unknown(column, _):
            return all(one == "" for one in _values(row.get(column)))
        case Like(column, sort, pattern):
            return any(_looks_like(pattern, one) for one in _values(row.get(column), _missing(sort)))
        case Compare(column, sort, sign, value):
            return any(_SIGNS[sign](one, value) for one in _values(row.get(column), _missing(sort)))


def _missing(sort: Sort) -> str | None:
    """What stands for a value that is not known."""
    return "" if sort is Sort.TEXT else None


def _values(cell: object, missing: str | None = None) -> list[Any]:
    """The known values of a cell; of a single one that is not known ``missing``, if there is such a thing."""
    if isinstance(cell, list | tuple):
        return [one for one in cell if one is not None]
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return [] if missing is None else [missing]
    if isinstance(cell, datetime):
        return [(cell.astimezone(UTC) if cell.tzinfo else cell).date()]
    return [float(cell)] if isinstance(cell, int) and not isinstance(cell, bool | date) else [cell]


def _looks_like(pattern: str, text: str) -> bool:
    signs = {"%": ".*", "_": "."}
    return re.fullmatch("".join(signs.get(one) or re.escape(one) for one in pattern), text, re.DOTALL) is not None
