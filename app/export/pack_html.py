"""The meeting pack as one HTML file: no script, nothing loaded from anywhere, light, dark and paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from app.export.figure import Cell, Figure, Json
from app.export.pack import facts, figures
from app.export.svg import shown
from models.errors import UsageError

Rows = tuple[tuple[Cell, ...], ...]
_MOST = 20_000
LARGEST = 5_000_000
"""Bytes that a page may have, so that it can be mailed."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (Path(__file__).parent / "pack.css").read_text("utf-8")


def pack_html(data: Json) -> str:
    """The page, ended by a line feed. Raises UsageError for more than ``LARGEST`` bytes."""
    title = shown(data["title"], 300)
    body = "\n".join(_body(data))
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
    if len(page.encode("utf-8", "backslashreplace")) > LARGEST:
        raise UsageError(f"The page would have more than {LARGEST:,} bytes; slice by fewer columns, or shorten the notes.")
    return page


def _body(data: Json) -> Iterator[str]:
    every = list(figures(data))
    yield '<section id="decisions"><h2>Decisions</h2>'
    decisions = "".join(f"<li>{shown(one, _MOST)}</li>" for one in data["decisions"])
    yield f"<ol>{decisions}</ol>" if decisions else "<p>None were written down.</p>"
    if data["remarks"]:
        yield f"<h2>Notes</h2><pre>{_lines(data['remarks'])}</pre>"
    yield "</section>"
    yield '<section id="facts"><h2>What this is about</h2><div class="scroll"><table>'
    yield from (f"<tr><th>{shown(name)}</th><td>{shown(value, 2000)}</td></tr>" for name, value in facts(data))
    yield "</table></div></section>"
    for number, one in enumerate(every):
        yield f'<section id="figure-{number}">{_figure(one)}</section>'
    yield '<section id="again"><h2>How to read and to make this again</h2>'
    yield (
        "<p>Brackets hold 95 % intervals; n is what a figure was counted on. Slices are in the order of what is proven: that one "
        "comes first whose interval's better end is worst. ▼ and ▲ are worse and better with the whole interval. Dashed bars "
        "have fewer than 20 trials. Of slices that do not differ, about one in twenty has ▼ or ▲ by chance; weak slices were "
        "tested against that. What cannot be defined is undefined, never 0.</p>"
    )
    yield f"<pre>{_lines(data['command'])}</pre></section>"


def _lines(text: str) -> str:
    return "\n".join(shown(one, _MOST) for one in text.splitlines())


def _figure(one: Figure) -> str:
    parts = [f"<h2>{shown(one.title)}</h2>", f'<p class="caption">{shown(one.caption, 2000)}</p>', one.svg]
    if one.rows:
        parts.append(f'<div class="scroll">{"".join(_table(one, rows) for rows in _halves(one))}</div>')
    return "\n".join(part for part in parts if part)


def _halves(one: Figure) -> list[Rows]:
    """The rows, of a narrow and long table as two that stand beside each other."""
    if len(one.header) > 4 or len(one.rows) <= 10:
        return [one.rows]
    half = (len(one.rows) + 1) // 2
    return [one.rows[:half], one.rows[half:]]


def _table(one: Figure, rows: Rows) -> str:
    numbers = [any(row[place].exact for row in rows) and not one.heat for place in range(len(one.header))]
    head = "".join(
        f'<th scope="col"{" class=num" if number else ""}>{shown(title, 80)}</th>'
        for title, number in zip(one.header, numbers, strict=True)
    )
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    name = ' class="heat"' if one.heat else ""
    return f"<table{name}>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _cell(one: Cell) -> str:
    shape = ("num tight" if len(one.text) <= 10 else "num") if one.exact else "long" if len(one.text) > 50 else ""
    names = " ".join(name for name in (shape, one.tone) if name)
    kind = f' class="{names}"' if names else ""
    if not one.exact:
        return f"<td{kind}>{shown(one.text, 600)}</td>"
    text = shown(one.text, 600).replace(", ", ",&nbsp;").replace("],&nbsp;", "], ").replace(" = ", "&nbsp;=&nbsp;")
    return f'<td{kind} data-exact="{json.dumps(list(one.exact))}">{text}</td>'
