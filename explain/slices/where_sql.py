"""An expression as SQL of DuckDB: column names from the expression's own list, quoted, and all values as parameters."""

from __future__ import annotations

from datetime import date

from explain.slices.where import Compare, Every, Expression, Like, Not, Some, Sort, Unknown, Value

_EPOCH = date(1970, 1, 1)
_DAY = 86_400_000


def to_sql(expression: Expression) -> tuple[str, tuple[Value, ...]]:
    """(a condition that is true or false for every row, never null; the values of its question marks in order)."""
    if isinstance(expression, Not):
        said, values = to_sql(expression.part)
        return f"(not {said})", values
    if isinstance(expression, Every | Some):
        parts = [to_sql(part) for part in expression.parts]
        word = " and " if isinstance(expression, Every) else " or "
        return f"({word.join(said for said, _ in parts)})", tuple(value for _, values in parts for value in values)
    return _condition(expression)


def quoted(name: str) -> str:
    """A column's name as SQL reads it."""
    return '"' + name.replace('"', '""') + '"'


def plain(column: str, sort: Sort) -> str:
    """The value of a column as conditions see it: unknown text empty, NaN null, dates as days since 1970 in UTC."""
    name = quoted(column)
    if sort is Sort.NUMBER:
        number = f"{name}::double"
        # isnan itself is answered from a Parquet file's statistics, which know nothing of NaN.
        return f"(case when isfinite({number}) or isinf({number}) then {number} end)"
    if sort is Sort.DATE:
        return f"(floor(epoch_ms({name}) / {_DAY})::bigint)"
    return {Sort.TEXT: f"coalesce({name}::varchar, '')", Sort.TEXTS: f"coalesce({name}::varchar[], [])"}.get(sort, name)


def _condition(one: Compare | Like | Unknown) -> tuple[str, tuple[Value, ...]]:
    value = plain(one.column, one.sort)
    if isinstance(one, Unknown):
        said = {Sort.TEXT: f"({value} = '')", Sort.TEXTS: f"(len(list_filter({value}, lambda x: x is not null and x != '')) = 0)"}
        return said.get(one.sort, f"({value} is null)"), ()
    if one.sort is Sort.TEXTS:
        held, given = ("x like ?", one.pattern) if isinstance(one, Like) else ("x = ?", one.value)
        return f"(len(list_filter({value}, lambda x: coalesce({held}, false))) > 0)", (given,)
    if isinstance(one, Like):
        return f"({value} like ?)", (one.pattern,)
    return f"coalesce({value} {one.sign} ?, false)", (_parameter(one.value),)


def _parameter(value: Value) -> Value:
    return float((value - _EPOCH).days) if isinstance(value, date) else value
