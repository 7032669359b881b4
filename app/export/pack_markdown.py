"""The meeting pack as Markdown for a tracker: tables and sentences, nothing from the data read as Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.export.figure import MARKS, Cell, Figure, Json
from app.export.pack import facts, figures
from app.hidden import visible
from models.evaluate.markdown import escaped

_FIGURES = re.compile(r"[▼▲]?[-+\d.,\[\] n=]*")
"""Cells of numbers and intervals."""
ROWS = 25
"""Most rows of a table: who reads a tracker wants the top, and the HTML has the rest."""


def pack_markdown(data: Json) -> str:
    """The report, ended by a line feed."""
    return "\n".join(_parts(data))


def _parts(data: Json) -> Iterator[str]:
    yield f"# {escaped(data['title'][:300])}\n"
    decisions = [(str(number), one) for number, one in enumerate(data["decisions"], 1)]
    yield "## Decisions\n"
    yield _table(("", "decision"), decisions) if decisions else "None were written down.\n"
    if data["remarks"]:
        yield f"## Notes\n\n{fenced(data['remarks'])}"
    yield f"## What this is about\n\n{_table(('', ''), list(facts(data)))}"
    yield from map(_figure, figures(data))
    yield f"## How to make this again\n\n{fenced(data['command'])}"


def _figure(one: Figure) -> str:
    rows = [tuple(map(_shown, row)) for row in one.rows[:ROWS]]
    left = len(one.rows) - ROWS
    more = f" {left:,} further rows are left out here." if left > 0 else ""
    return f"## {escaped(one.title)}\n\n{escaped(one.caption + more)}\n\n{_table(one.header, rows)}"


def _shown(one: Cell) -> str:
    mark = MARKS.get(one.tone, "")
    return one.text if not mark or one.text.startswith(mark) else f"{mark} {one.text}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, *rows]
    head, *body = (f"| {' | '.join(map(_cell, cells))} |" for cells in lines)
    return "\n".join([head, f"|{' --- |' * len(header)}", *body, ""])


def _cell(text: str) -> str:
    return text if _FIGURES.fullmatch(text) else escaped(text)


def fenced(text: str) -> str:
    """Plain text as a block of code, behind a fence that nothing in it closes."""
    seen = "\n".join(visible(one, 20_000) for one in text.splitlines())
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", seen)), default=0))
    return f"{fence}text\n{seen}\n{fence}\n"
