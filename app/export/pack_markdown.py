"""The meeting pack as Markdown for a tracker: tables and sentences, nothing from the data read as Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.cli.visible import visible
from app.export.figure import MARKS, Cell, Figure, Json
from app.export.pack import facts, figures
from models.evaluate.markdown import escaped, markdown
from models.evaluate.sections import Section

ROWS = 25
"""Most rows of a table: who reads a tracker wants the top, and the HTML has the rest."""


def pack_markdown(data: Json) -> str:
    """The report, ended by a line feed."""
    return "\n".join(_parts(data))


def _parts(data: Json) -> Iterator[str]:
    yield f"# {escaped(data['title'][:300])}\n"
    decisions = tuple((str(number), one) for number, one in enumerate(data["decisions"], 1))
    yield _section(Section("Decisions", "" if decisions else "None were written down.", ("", "decision"), decisions))
    if data["remarks"]:
        yield f"## Notes\n\n{fenced(data['remarks'])}\n"
    yield _section(Section("What this is about", "", ("", ""), tuple(facts(data))))
    yield from map(_figure, figures(data))
    yield f"## How to make this again\n\n{fenced(data['command'])}"


def _section(section: Section) -> str:
    return re.sub(r"\n{3,}", "\n\n", markdown([section]))


def _figure(one: Figure) -> str:
    rows = tuple(tuple(map(_cell, row)) for row in one.rows[:ROWS])
    left = len(one.rows) - ROWS
    more = f" {left:,} further rows are left out here." if left > 0 else ""
    head, _, table = markdown([Section(one.title, "", one.header, rows)]).partition("\n\n")
    return f"{head}\n\n{escaped(one.caption + more)}\n\n{table.lstrip()}"


def _cell(one: Cell) -> str:
    mark = MARKS.get(one.tone, "")
    return one.text if not mark or one.text.startswith(mark) else f"{mark} {one.text}"


def fenced(text: str) -> str:
    """Plain text as a block of code, behind a fence that nothing in it closes."""
    seen = "\n".join(visible(one, 20_000) for one in text.splitlines())
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", seen)), default=0))
    return f"{fence}text\n{seen}\n{fence}\n"
