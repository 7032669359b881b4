"""The language of slices: what it means, where it says that a text goes wrong, and that nothing of it becomes SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from explain.slices.where import Compare, Every, Like, Not, Some, Sort, Unknown, mentioned, parse
from explain.slices.where_rows import holds
from explain.slices.where_sql import to_sql
from models.errors import UsageError

COLUMNS = {
    "language": Sort.TEXT,
    "component": Sort.TEXT,
    "languages": Sort.TEXTS,
    "kind": Sort.TEXT,
    "lines_added": Sort.NUMBER,
    "flagged": Sort.TRUTH,
    "date": Sort.DATE,
    'odd "name': Sort.NUMBER,
}
ROW: dict[str, Any] = {
    "language": "Go",
    "component": "core",
    "languages": ["Go", "Docs"],
    "kind": "fix",
    "lines_added": 12,
    "flagged": True,
    "date": datetime(2024, 5, 31, 23, 59, tzinfo=UTC),
    'odd "name': float("nan"),
}


def test_the_tree_of_an_expression() -> None:
    text = "language = 'Go' and (lines_added > 1e2 or kind in ('fix', 'it''s')) and not component like 'docs%'"
    assert parse(text, COLUMNS) == Every(
        (
            Compare("language", Sort.TEXT, "=", "Go"),
            Some(
                (
                    Compare("lines_added", Sort.NUMBER, ">", 100.0),
                    Some((Compare("kind", Sort.TEXT, "=", "fix"), Compare("kind", Sort.TEXT, "=", "it's"))),
                )
            ),
            Not(Like("component", Sort.TEXT, "docs%")),
        )
    )
    assert mentioned(parse(text, COLUMNS)) == {"language", "lines_added", "kind", "component"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("language = 'Go'", True),
        ("language == 'go'", False),
        ("LANGUAGE_added = 1 or language = 'Go'".replace("LANGUAGE_added", "lines_added"), True),
        ("kind = 'x' or kind = 'y' and kind = 'fix'", False),
        ("kind = 'fix' or kind = 'y' and kind = 'z'", True),
        ("not kind = 'x' and kind = 'y'", False),
        ("not (kind = 'x' and kind = 'y')", True),
        ("NOT kind IN ('a', 'b') AND kind Is Not Null", True),
        ("kind not in ('a', 'fix')", False),
        ("kind not like '_i%'", False),
        ("kind <> 'fix'", False),
        ("languages = 'Docs'", True),
        ("languages != 'Docs'", False),
        ("languages in ('C', 'Go')", True),
        ("languages like 'D%'", True),
        ("languages is null", False),
        ("lines_added >= 12 and lines_added <= 12.0 and not lines_added < 12", True),
        ("lines_added > -3", True),
        ("flagged = true", True),
        ("flagged = false", False),
        ("date = '2024-05-31'", True),
        ("date > 2024-05-31", False),
        ("date < '2024-06-01'", True),
        ('"odd ""name" is null', True),
        ('"odd ""name" != 3', True),
    ],
)
def test_what_holds(text: str, expected: bool) -> None:
    assert holds(parse(text, COLUMNS), ROW) is expected


@pytest.mark.parametrize("name", list(COLUMNS))
def test_what_is_not_known_equals_nothing(name: str) -> None:
    value = {Sort.NUMBER: "1", Sort.TRUTH: "true", Sort.DATE: "'2024-01-01'"}.get(COLUMNS[name], "'x'")
    column = '"' + name.replace('"', '""') + '"'
    said = {text: holds(parse(f"{column} {text}", COLUMNS), {}) for text in (f"= {value}", f"!= {value}", "is null")}
    assert list(said.values()) == [False, True, True]


@pytest.mark.parametrize(
    ("text", "where", "expected", "came"),
    [
        ("", 1, "a column", "the end"),
        ("language", 9, "=, !=, <", "the end"),
        ("language = Go", 12, "text in single quotes", "Go"),
        ('language = "Go"', 12, "text in single quotes", '"Go"'),
        ("language = 'Go", 12, "a closing quote", "'"),
        ("langage = 'Go'", 1, "one of the columns component, date", "langage"),
        ("lines_added > 'ten'", 15, "a number", "'ten'"),
        ("lines_added > 1e999", 15, "a number", "1e999"),
        ("lines_added like '1%'", 13, "a number", "like"),
        ("language < 'Go'", 10, "=, !=, in or is null, as language holds text", "<"),
        ("date > '2024-13-01'", 8, "a date", "'2024-13-01'"),
        ("date > 'now'", 8, "a date", "'now'"),
        ("flagged = 1", 11, "true or false", "1"),
        ("kind in ()", 10, "text", ")"),
        ("kind in ('a' 'b')", 14, "a comma", "'b'"),
        ("kind not = 'a'", 10, "in or like", "="),
        ("(kind = 'a'", 12, "closing parenthesis", "the end"),
        ("kind = 'a')", 11, "the end, and or or", ")"),
        ("kind = 'a' kind = 'b'", 12, "the end, and or or", "kind"),
        ("kind = 'a' and", 15, "a column", "the end"),
        ("kind is 'a'", 9, "null", "'a'"),
        ("kind = 'a'; drop table rows", 11, "a column, a value or a sign", ";"),
        ("kind = 'a' -- and", 12, "a column, a value or a sign", "-"),
        ("kind = 'a' /* x */", 12, "a column, a value or a sign", "/"),
        ("kind = 'a' union select 1", 12, "the end, and or or", "union"),
        ("kind = (select 'a')", 8, "text", "("),
        ("exists (select 1)", 1, "one of the columns", "exists"),
        ("read_csv('/etc/passwd')", 1, "one of the columns", "read_csv"),
        ("lower(kind) = 'a'", 1, "one of the columns", "lower"),
        ("kind = lower('A')", 8, "text", "lower"),
        ("kind = 'a' || 'b'", 12, "a column, a value or a sign", "|"),
        ("kind = ?", 8, "a column, a value or a sign", "?"),
        ("kind = $1", 8, "a column, a value or a sign", "$"),
        ("kind::int = 1", 5, "a column, a value or a sign", ":"),
        ("rows.kind = 'a'", 5, "a column, a value or a sign", "."),
        ("1 = 1", 1, "a column", "1"),
        ("kind = 'a' or 1 = 1", 15, "a column", "1"),
        ("'a' = kind", 1, "a column", "'a'"),
        ("kind = 'a\x00", 8, "a closing quote", "'"),
    ],
)
def test_one_sentence_shows_where_it_goes_wrong(text: str, where: int, expected: str, came: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text, COLUMNS)
    said = str(refused.value)
    assert f"at character {where}, expected " in said
    assert expected in said
    assert f"but got {came}: " in said


def test_bounds() -> None:
    assert isinstance(parse("not " * 40 + "kind = 'a'", COLUMNS), Not)
    for text in ("not " * 41 + "kind = 'a'", "(" * 41 + "kind = 'a'" + ")" * 41, "(" * 3000, "kind = '" + "a" * 4000 + "'"):
        with pytest.raises(UsageError, match="at most"):
            parse(text, COLUMNS)
    wide = " or ".join(["kind='a'"] * 300)
    assert len(to_sql(parse(wide, COLUMNS))[1]) == 300


def test_values_are_parameters_and_names_are_quoted() -> None:
    said, values = to_sql(parse("""kind = '''; drop' and "odd ""name" > 3 and date = 1970-01-11""", COLUMNS))
    assert values == ("'; drop", 3.0, 10.0)
    assert "drop" not in said
    assert '"odd ""name"' in said


def test_dates_in_another_zone_are_days_in_utc() -> None:
    row = {"date": datetime.fromisoformat("2024-01-01T00:30:00+02:00")}
    assert holds(parse("date = 2023-12-31", COLUMNS), row)
    assert holds(parse("date = 2024-01-01", COLUMNS), {"date": date(2024, 1, 1)})
    assert isinstance(parse("date is null", COLUMNS), Unknown)
