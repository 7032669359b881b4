"""The language that slices are described in: ``language = 'Go' and (lines_added > 100 or kind in ('fix', 'feature'))``.

    either     = both {"or" both}
    both       = denial {"and" denial}
    denial     = "not" denial | "(" either ")" | condition
    condition  = column comparison value | column ["not"] "in" "(" value {"," value} ")"
               | column ["not"] "like" text | column "is" ["not"] "null"
    comparison = "=" | "!=" | "<" | "<=" | ">" | ">="

Columns are names of the predictions; names with other signs stand in double quotes. Text stands in single quotes, a quote in it
twice. In ``like``, % is any text and _ any one character. Dates are '2024-05-31' and compare by the day, in UTC. On a column of
lists a condition holds if it holds for any of the values. What is not known is less or more than nothing, equals nothing but the
empty text, and every ``!=`` and ``not`` holds for it: conditions are true or false, never in between.

Nothing of the text ever becomes SQL: it is parsed into the classes below, whose columns are from a list and whose values are
parameters (``explain.slices.where_sql``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.errors import UsageError

MOST_CHARACTERS, MOST_DEPTH = 4000, 40
"""Longer and deeper expressions are refused."""
Value = str | float | bool | date


class Sort(StrEnum):
    """What a column holds, in the words of error messages."""

    TEXT = "text"
    NUMBER = "a number"
    TRUTH = "true or false"
    DATE = "a date such as '2024-05-31'"
    TEXTS = "lists of text"


@dataclass(frozen=True, slots=True)
class Compare:
    """A value beside another; ``sign`` is one of = < <= > >= (``!=`` is Not of =)."""

    column: str
    sort: Sort
    sign: str
    value: Value


@dataclass(frozen=True, slots=True)
class Like:
    """Text that looks like ``pattern``."""

    column: str
    sort: Sort
    pattern: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """That nothing is known: no value, no number, empty text, an empty list."""

    column: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Not:
    """That ``part`` does not hold."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Every:
    """That all ``parts`` hold."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """That one of ``parts`` holds, or more."""

    parts: tuple[Expression, ...]


Expression = Compare | Like | Unknown | Not | Every | Some

_TOKEN = re.compile(
    r"""(?P<blank>\s+) | (?P<date>\d{4}-\d{2}-\d{2}(?![\w.-]))
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>'(?:[^']|'')*') | (?P<quoted>"(?:[^"]|"")*") | (?P<word>[^\W\d]\w*) | (?P<sign><=|>=|!=|<>|==|[=<>(),])""",
    re.VERBOSE,
)
_WORDS = {"and", "or", "not", "in", "like", "is", "null", "true", "false"}
_SIGNS = {"=": "=", "==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ORDERED = {Sort.NUMBER, Sort.DATE}
_EXAMPLE = "write such as language = 'Go' and lines_added > 100"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def parse(text: str, columns: Mapping[str, Sort]) -> Expression:
    """The expression in ``text`` over ``columns``; raises UsageError that shows where it goes wrong."""
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"Expected an expression of at most {MOST_CHARACTERS:,} characters, but got one of {len(text):,}; shorten it."
        )
    return _Parser(text, columns).whole()


def mentioned(expression: Expression) -> frozenset[str]:
    """The columns that ``expression`` is about."""
    if isinstance(expression, Not):
        return mentioned(expression.part)
    if isinstance(expression, Every | Some):
        return frozenset[str]().union(*map(mentioned, expression.parts))
    return frozenset({expression.column})


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, columns: Mapping[str, Sort]) -> None:
        self._text, self._columns = text, columns
        self._tokens = [*self._scan(), _Token("end", "", len(text))]
        self._at = self._depth = 0

    def whole(self) -> Expression:
        """The expression and nothing behind it."""
        found = self._either()
        if self._next.kind != "end":
            raise self._wrong("the end, and or or")
        return found

    def _scan(self) -> list[_Token]:
        found: list[_Token] = []
        at = 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                quote = self._text[at] in "'\""
                raise self._error(at, "a closing quote" if quote else "a column, a value or a sign", self._text[at])
            kind = str(match.lastgroup)
            if kind == "word" and match[0].lower() in _WORDS:
                kind = match[0].lower()
            if kind != "blank":
                found.append(_Token(kind if kind != "sign" else match[0], match[0], at))
            at = match.end()
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _taken(self, *kinds: str) -> _Token | None:
        """The next token, passed over if it is one of ``kinds``."""
        token = self._next
        if token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _must(self, kind: str, expected: str) -> _Token:
        token = self._taken(kind)
        if token is None:
            raise self._wrong(expected)
        return token

    def _wrong(self, expected: str) -> UsageError:
        return self._error(self._next.start, expected, self._next.text or "the end")

    def _error(self, at: int, expected: str, came: str) -> UsageError:
        before, after = self._text[max(0, at - 40) : at], self._text[at : at + 40]
        return UsageError(
            f"The expression goes wrong at character {at + 1}, expected {expected}, but got {came[:40]}: "
            f"{before} >>> {after}; {_EXAMPLE}."
        )

    def _either(self) -> Expression:
        return self._joined("or", self._both, Some)

    def _both(self) -> Expression:
        return self._joined("and", self._denial, Every)

    def _joined(
        self, word: str, part: Callable[[], Expression], join: Callable[[tuple[Expression, ...]], Expression]
    ) -> Expression:
        parts = [part()]
        while self._taken(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _denial(self) -> Expression:
        opening = self._taken("not", "(")
        if opening is None:
            return self._condition()
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._error(opening.start, f"at most {MOST_DEPTH} levels of not and parentheses", opening.text)
        if opening.kind == "not":
            found: Expression = Not(self._denial())
        else:
            found = self._either()
            self._must(")", "and, or or a closing parenthesis")
        self._depth -= 1
        return found

    def _condition(self) -> Expression:
        column, sort = self._column()
        if self._taken("is"):
            denied = self._taken("not")
            self._must("null", "null")
            found: Expression = Unknown(column, sort)
        else:
            denied = self._taken("not")
            found = self._of_many(column, sort, denied is not None)
        return Not(found) if denied else found

    def _of_many(self, column: str, sort: Sort, denied: bool) -> Expression:
        """The conditions that may follow ``not``, else a comparison."""
        if self._taken("like"):
            if sort not in (Sort.TEXT, Sort.TEXTS):
                raise self._error(self._tokens[self._at - 1].start, f"= or another comparison, as {column} holds {sort}", "like")
            return Like(column, sort, _unquoted(self._must("text", "text in single quotes").text))
        if self._taken("in"):
            return self._listed(column, sort)
        if denied:
            raise self._wrong("in or like")
        return self._compared(column, sort)

    def _listed(self, column: str, sort: Sort) -> Expression:
        self._must("(", "an opening parenthesis")
        values = [self._value(sort)]
        while self._taken(","):
            values.append(self._value(sort))
        self._must(")", "a comma or a closing parenthesis")
        parts = tuple(Compare(column, sort, "=", one) for one in values)
        return parts[0] if len(parts) == 1 else Some(parts)

    def _compared(self, column: str, sort: Sort) -> Expression:
        sign = self._taken(*_SIGNS, "!=", "<>")
        if sign is None:
            raise self._wrong("=, !=, <, <=, >, >=, in, like or is null")
        if sign.kind in ("!=", "<>"):
            return Not(Compare(column, sort, "=", self._value(sort)))
        if sign.kind not in ("=", "==") and sort not in _ORDERED:
            raise self._error(sign.start, f"=, !=, in or is null, as {column} holds {sort}", sign.text)
        return Compare(column, sort, _SIGNS[sign.kind], self._value(sort))

    def _column(self) -> tuple[str, Sort]:
        token = self._next
        if token.kind not in ("word", "quoted"):
            raise self._wrong("a column")
        name = token.text if token.kind == "word" else _unquoted(token.text)
        if name not in self._columns:
            raise self._error(token.start, f"one of the columns {', '.join(sorted(self._columns))[:600]}", token.text)
        self._at += 1
        return name, self._columns[name]

    def _value(self, sort: Sort) -> Value:
        token = self._next
        value = _READ[sort](token)
        if value is None:
            raise self._wrong(f"{Sort.TEXT if sort is Sort.TEXTS else sort}{_HINT.get(sort, '')}")
        self._at += 1
        return value


_HINT = {Sort.TEXT: " in single quotes", Sort.TEXTS: " in single quotes"}


def _unquoted(text: str) -> str:
    return text[1:-1].replace(text[0] * 2, text[0])


def _text(token: _Token) -> str | None:
    return _unquoted(token.text) if token.kind == "text" else None


def _number(token: _Token) -> float | None:
    value = float(token.text) if token.kind == "number" else math.nan
    return value if math.isfinite(value) else None


def _truth(token: _Token) -> bool | None:
    return {"true": True, "false": False}.get(token.kind)


def _date(token: _Token) -> date | None:
    written = {"date": token.text, "text": token.text[1:-1]}.get(token.kind, "")
    try:
        return date.fromisoformat(written) if re.fullmatch(r"\d{4}-\d\d-\d\d", written, re.ASCII) else None
    except ValueError:
        return None


_READ: Mapping[Sort, Callable[[_Token], Value | None]] = {
    Sort.TEXT: _text,
    Sort.TEXTS: _text,
    Sort.NUMBER: _number,
    Sort.TRUTH: _truth,
    Sort.DATE: _date,
}
