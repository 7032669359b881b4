"""Expressions mean the same to DuckDB as to plain Python, for any text in the rows and in the expression."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from explain.slices.where import Compare, Every, Expression, Like, Not, Some, Sort, Unknown, parse
from explain.slices.where_rows import holds
from explain.slices.where_sql import to_sql
from models.errors import UsageError

COLUMNS = {"t": Sort.TEXT, "l": Sort.TEXTS, "n": Sort.NUMBER, "b": Sort.TRUTH, "d": Sort.DATE, 'q "; --': Sort.TEXT}
SCHEMA = pa.schema(
    [
        ("t", pa.string()),
        ("l", pa.list_(pa.string())),
        ("n", pa.float64()),
        ("b", pa.bool_()),
        ("d", pa.timestamp("ms", tz="UTC")),
        ('q "; --', pa.string()),
    ]
)
LETTERS = st.text(st.sampled_from(["a", "b", "%", "_", "'", "\\", ";", "\n", "\0", "é", "😀", " ", "A"]), max_size=3)
NUMBERS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 1e300, float(2**53)])
DAYS = st.integers(-3, 3).map(lambda n: date(1970, 1, 1) + timedelta(n))
MOMENTS = st.builds(
    lambda day, ms: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(milliseconds=ms),
    DAYS,
    st.integers(0, 86_399_999),
)
VALUES: dict[Sort, st.SearchStrategy[Any]] = {
    Sort.TEXT: LETTERS,
    Sort.TEXTS: LETTERS,
    Sort.NUMBER: NUMBERS,
    Sort.TRUTH: st.booleans(),
    Sort.DATE: DAYS,
}


@st.composite
def conditions(draw: st.DrawFn) -> Expression:
    name = draw(st.sampled_from(list(COLUMNS)))
    sort = COLUMNS[name]
    form = draw(st.sampled_from(["compare", "like", "unknown"]))
    if form == "unknown":
        return Unknown(name, sort)
    if form == "like" and sort in (Sort.TEXT, Sort.TEXTS):
        return Like(name, sort, draw(LETTERS))
    sign = draw(st.sampled_from(["=", "<", "<=", ">", ">="] if sort in (Sort.NUMBER, Sort.DATE) else ["="]))
    return Compare(name, sort, sign, draw(VALUES[sort]))


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Every(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Some(tuple(parts))),
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "t": st.none() | LETTERS,
            "l": st.none() | st.lists(st.none() | LETTERS, max_size=3),
            "n": st.none() | NUMBERS | st.just(float("nan")),
            "b": st.none() | st.booleans(),
            "d": st.none() | MOMENTS,
            'q "; --': st.none() | LETTERS,
        }
    ),
    max_size=6,
)


def written(one: Expression) -> str:
    """The text of an expression, every part in parentheses."""
    match one:
        case Not(part):
            return f"not ({written(part)})"
        case Every(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Some(parts):
            return " or ".join(f"({written(part)})" for part in parts)
        case Unknown(column, _):
            return f"{_name(column)} is null"
        case Like(column, _, pattern):
            return f"{_name(column)} like {_text(pattern)}"
        case Compare(column, _, sign, value):
            said = _text(str(value)) if isinstance(value, str | date) else repr(value).lower()
            return f"{_name(column)} {sign} {said}"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@given(EXPRESSIONS)
def test_an_expression_is_read_back(expression: Expression) -> None:
    assert parse(written(expression), COLUMNS) == expression


@given(EXPRESSIONS, ROWS)
@settings(max_examples=150, deadline=None)
def test_sql_and_rows_agree(expression: Expression, rows: list[dict[str, Any]]) -> None:
    said, values = to_sql(expression)
    with duckdb.connect() as connection:
        connection.register("given_rows", pa.Table.from_pylist(rows, schema=SCHEMA))
        found = connection.execute(f"select {said} from given_rows", list(values)).fetchall()
    assert [one for (one,) in found] == [holds(expression, row) for row in rows]


@given(st.text(max_size=60) | st.text(st.sampled_from("tln='();-%<> andorislike0123456789"), max_size=60))
def test_any_text_is_an_expression_or_one_sentence(text: str) -> None:
    try:
        said, values = to_sql(parse(text, COLUMNS))
    except UsageError:
        return
    assert said.count("?") == len(values)
