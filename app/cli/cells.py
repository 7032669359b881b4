"""Tables for spreadsheets: CSV in which no text is a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_FORMULA = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
"""What a text begins with that a spreadsheet would run, the wide forms of = + - @ included."""
Cell = str | int | float | bool | None


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as CSV (RFC 4180); None is an empty cell, text that could be a formula begins with an apostrophe."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # so that a lone carriage return in a cell is quoted too
    writer.writerow(map(cell, header))
    writer.writerows([cell(one) for one in row] for row in rows)
    return out.getvalue()


def cell(value: Cell) -> str:
    """One cell; numbers stay numbers, negative ones too."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    text = value.lstrip(" ")
    return f"'{value}" if text[:1] and text[0] in _FORMULA and not _NUMBER.fullmatch(value) else value
